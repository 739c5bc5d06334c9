//! Why a certificate could not be obtained.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::protocol_error::{ProtocolError, on_one_line};
use super::transport_error::TransportError;
use super::{challenge, storage};
use crate::finding::Finding;
use crate::sys::fs::plain;

/// Everything that can keep a certificate from being obtained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server sent something that does not fit the protocol.
    #[error("{doing}: the server sent an invalid answer: {reason}")]
    BadAnswer { doing: &'static str, reason: String },
    /// The file of `--ca-roots` cannot be used.
    #[error("cannot use the CA certificates for the ACME server: {reason}")]
    CaRoots { path: PathBuf, reason: String },
    #[error(transparent)]
    Challenge(#[from] challenge::Error),
    #[error("cannot start the event loop: {}", plain(.0))]
    EventLoop(#[source] io::Error),
    /// The server's limits would be used up.
    #[error("{}; most servers refuse more", .0.reason)]
    Exhausted(storage::Exhausted),
    /// RFC 8555 section 7.3.4.
    #[error("{server} requires an external account binding for new accounts")]
    ExternalAccountNeeded { server: String },
    #[error("cannot give the key to the group `{0}`: this user is not a member of it")]
    GroupNotOurs(String),
    /// A key or signing request could not be made or read back.
    #[error("{0}")]
    Key(String),
    #[error("the state directory has no account{}", at(.server.as_deref()))]
    NoAccount { server: Option<String> },
    #[error("the state directory has no certificate named `{name}`")]
    NoCertificate { name: String },
    /// The server offers no challenge of the wanted kind for a name.
    #[error("the server offers no {kind} challenge for {name}, only {}", .offered.join(", "))]
    NoChallenge { name: String, kind: challenge::ChallengeKind, offered: Vec<String> },
    #[error("{url} is not an ACME directory: {reason}")]
    NotAcme { url: String, reason: String },
    #[error("{server} does not offer {what}")]
    NotOffered { what: &'static str, server: String },
    #[error("{doing}: the server refused: {refusal}")]
    Refused { doing: &'static str, refusal: ProtocolError },
    /// The caller does not accept the new chain, for these reasons.
    #[error("the new certificate chain failed the checks and was not put in place")]
    Rejected(Vec<Finding>),
    #[error("the state directory has accounts at several servers")]
    SeveralAccounts(Vec<String>),
    #[error("the dry run was stopped; a challenge answer may be left behind")]
    Stopped,
    #[error(transparent)]
    Storage(#[from] storage::Error),
    #[error("a new account requires consent to the server's terms of service: {url}")]
    TermsNotAgreed { url: String },
    #[error(
        "{count} names are too many for one certificate{}: the limit is {most}; nothing was ordered",
        of_profile(.profile.as_deref())
    )]
    TooManyNames { count: usize, most: usize, profile: Option<String> },
    /// The server is overloaded, limits the rate or does not answer in time, also after all retries.
    #[error("{doing}: {reason}")]
    TryLater {
        doing: &'static str,
        reason: String,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// `offered` has the server's profiles with its descriptions.
    #[error(
        "the server offers no profile `{wanted}`; nothing was ordered{}",
        list_of_profiles(.offered)
    )]
    UnknownProfile { wanted: String, offered: Vec<(String, String)> },
    /// The server's own https certificate, not one that it issued.
    #[error("the certificate of the ACME server {url} {}", untrusted_since(.reason))]
    Untrusted { url: String, reason: rustls::CertificateError },
    /// The server looked for the challenge's answer and did not find it.
    #[error("the validation failed")]
    Validation(Vec<FailedValidation>),
}

/// A name that the server could not validate.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{name}: the validation failed: {refusal}{}", reached(*.asked))]
pub struct FailedValidation {
    pub name: String,
    pub refusal: ProtocolError,
    /// Whether any request for this name's answer came here; `None` when the answer was elsewhere.
    pub asked: Option<bool>,
    pub challenge: challenge::ChallengeKind,
    /// What certkit sees where the server looked; empty when it did not try.
    pub seen: Vec<challenge::Clue>,
}

fn at(server: Option<&str>) -> String {
    server.map_or_else(String::new, |server| format!(" at {server}"))
}

fn of_profile(profile: Option<&str>) -> String {
    profile.map_or_else(String::new, |profile| format!(" of the profile `{profile}`"))
}

fn list_of_profiles(offered: &[(String, String)]) -> String {
    if offered.is_empty() {
        return ". It offers no profiles at all.".to_owned();
    }
    let lines = offered.iter().map(|(name, description)| format!("\n{name}: {description}"));
    format!(". It offers:{}", lines.collect::<String>())
}

fn untrusted_since(reason: &rustls::CertificateError) -> String {
    use rustls::CertificateError as Why;
    match reason {
        Why::Expired | Why::ExpiredContext { .. } => "has expired".to_owned(),
        Why::NotValidYet | Why::NotValidYetContext { .. } => "is not valid yet".to_owned(),
        Why::NotValidForName | Why::NotValidForNameContext { .. } => "is for other names".to_owned(),
        Why::UnknownIssuer => "is signed by a CA that this machine does not trust".to_owned(),
        reason => format!("is not trusted: {reason}"),
    }
}

fn reached(asked: Option<bool>) -> &'static str {
    match asked {
        Some(true) => "\nThe server did reach certkit's answer here.",
        Some(false) => "\nNo request for the answer arrived here.",
        None => "",
    }
}

impl Error {
    /// What a failed call to the server means, after the last try.
    pub(super) fn from_call(doing: &'static str, error: instant_acme::Error) -> Self {
        match error {
            instant_acme::Error::Api(problem) => Self::Refused { doing, refusal: (&problem).into() },
            instant_acme::Error::Crypto | instant_acme::Error::KeyRejected => {
                Self::Key(format!("cannot use the account key: {error}"))
            }
            instant_acme::Error::Other(source) => match source.downcast::<TransportError>() {
                Ok(failure) => Self::from_failure(doing, *failure),
                Err(source) => Self::BadAnswer { doing, reason: source.to_string() },
            },
            error => Self::BadAnswer { doing, reason: on_one_line(&error.to_string()) },
        }
    }

    fn from_failure(doing: &'static str, failure: TransportError) -> Self {
        match failure {
            TransportError::Untrusted { url, reason } => Self::Untrusted { url, reason },
            TransportError::Status { problem: Some(problem), status, .. }
                if !TransportError::passes(status) =>
            {
                Self::Refused { doing, refusal: (&problem).into() }
            }
            TransportError::Status { status, ref problem, retry_after, .. }
                if TransportError::passes(status) =>
            {
                Self::TryLater {
                    doing,
                    reason: problem.as_ref().and_then(|problem| problem.detail.as_deref()).map_or_else(
                        || failure.to_string(),
                        |detail| format!("the server answered {status}: {}", on_one_line(detail)),
                    ),
                    retry_after,
                }
            }
            TransportError::Status { .. } | TransportError::TooLarge { .. } => {
                Self::BadAnswer { doing, reason: failure.to_string() }
            }
            TransportError::Lost { .. }
            | TransportError::TimedOut { .. }
            | TransportError::Unreachable { .. } => {
                Self::TryLater { doing, reason: failure.to_string(), retry_after: None }
            }
        }
    }

    /// What went wrong, in one line for a list.
    pub fn in_one_line(&self) -> String {
        let text = match self {
            Self::Rejected(findings) => findings
                .first()
                .map_or_else(|| self.to_string(), |first| format!("{self}: {}", first.message)),
            Self::Validation(failed) => match failed.first() {
                Some(first) => format!("{}: the validation failed: {}", first.name, first.refusal),
                None => self.to_string(),
            },
            _ => self.to_string(),
        };
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Whether the server refused with this kind of problem (RFC 8555 section 6.7), as `accountDoesNotExist`.
    pub(super) fn is_refusal(&self, kind: &str) -> bool {
        matches!(self, Self::Refused { refusal, .. } if refusal.kind == kind)
    }
}
