//! Why a certificate could not be obtained.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::challenge;
use super::storage;
use crate::acme::reply::call_error::CallError;
use crate::acme::reply::protocol_error::{ProtocolError, on_one_line};
use crate::acme::reply::transport_error::TransportError;
use crate::finding::Finding;
use crate::sys::fs::plain;
use crate::sys::hook::HookRun;
use crate::x509::KeyKind;

/// Everything that can keep a certificate from being obtained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Only a new account with another key helps. `refusal` is what the server said to the account's address.
    #[error("the server has closed the account {url}: {refusal}")]
    AccountClosed { url: String, refusal: Box<ProtocolError> },
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
    /// The server has no certificates for such keys, as is known beforehand.
    #[error("{server} issues no certificates for {kind} keys; nothing was ordered")]
    KeyKindRefused { kind: KeyKind, server: String },
    #[error("the state directory has no account{}", at(.server.as_deref()))]
    NoAccount { server: Option<String> },
    #[error("the state directory has no certificate named `{name}`")]
    NoCertificate { name: String },
    /// The server has asked for a pause that is not over.
    #[error("{}", .0.reason)]
    Paused(storage::Exhausted),
    /// Nothing was ordered.
    #[error("the hook before the order, `{}`, failed; nothing was ordered", .0.command)]
    PreHook(Box<HookRun>),
    /// The server offers no challenge of the wanted kind for a name.
    #[error("the server offers no {kind} challenge for {name}, only {}", .offered.join(", "))]
    NoChallenge { name: String, kind: challenge::ChallengeKind, offered: Vec<String> },
    #[error("{url} is not an ACME directory: {reason}")]
    NotAcme { url: String, reason: String },
    /// An answer without the words of the protocol: something between here and the server has sent it.
    #[error("{doing}: {reason}")]
    NotFromServer { doing: &'static str, status: u16, reason: String },
    /// Whose key a certificate has would change.
    #[error("{}", other_key_source(.name, *.is_given))]
    OtherKeySource {
        name: String,
        /// Whether a signing request was given where certkit has made the key.
        is_given: bool,
    },
    #[error(
        "the certificate of {name} was revoked, and the signing request is for the same key, which may be known to others"
    )]
    RevokedKey { name: String },
    #[error("the key of {0} is not here: its certificate is from a signing request")]
    KeyElsewhere(String),
    #[error("{server} does not offer {what}")]
    NotOffered { what: &'static str, server: String },
    #[error("{doing}: the server refused: {refusal}")]
    Refused { doing: &'static str, refusal: Box<ProtocolError> },
    /// The caller does not accept the new chain, for these reasons. The file holds the chain.
    #[error("the new certificate chain failed the checks and was not put in place")]
    Rejected { findings: Vec<Finding>, chain: PathBuf },
    #[error("the state directory has accounts at several servers")]
    SeveralAccounts(Vec<String>),
    #[error("stopped by a signal; the next run continues")]
    Interrupted,
    #[error("the dry run was stopped by a signal; nothing was kept")]
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

fn other_key_source(name: &str, is_given: bool) -> String {
    if is_given {
        format!(
            "certkit has made the key of {name}, and the signing request has another: servers that use the key's file \
             would have a certificate that does not fit it"
        )
    } else {
        format!(
            "the certificate of {name} is from a signing request, and certkit would make a key for the next one"
        )
    }
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
    pub(super) fn from_call(doing: &'static str, error: CallError) -> Self {
        match error {
            // The server's housekeeping: the request itself was not even looked at.
            CallError::Refused(refusal) if refusal.kind == "badNonce" => {
                Self::TryLater { doing, reason: format!("the server refused: {refusal}"), retry_after: None }
            }
            CallError::Refused(refusal) => Self::Refused { doing, refusal },
            CallError::Key(_) => Self::Key(error.to_string()),
            CallError::Transport(failure) => Self::from_failure(doing, failure),
            CallError::Html => {
                Self::NotFromServer { doing, status: 200, reason: format!("the answer is {error}") }
            }
            error => Self::BadAnswer { doing, reason: on_one_line(&error.to_string()) },
        }
    }

    fn from_failure(doing: &'static str, failure: TransportError) -> Self {
        match failure {
            TransportError::Untrusted { url, reason } => Self::Untrusted { url, reason },
            TransportError::Status { status, ref problem, retry_after, .. }
                if TransportError::passes(status) =>
            {
                Self::TryLater {
                    doing,
                    reason: problem.as_ref().map_or_else(
                        || failure.to_string(),
                        |problem| format!("the server answered {status}: {problem}"),
                    ),
                    retry_after,
                }
            }
            TransportError::Status { status, .. } => {
                Self::NotFromServer { doing, status: status.as_u16(), reason: failure.to_string() }
            }
            TransportError::TooLarge { .. } => Self::BadAnswer { doing, reason: failure.to_string() },
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
            Self::Rejected { findings, .. } => findings
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

    /// Whether another process has the certificate's lease.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Storage(storage::Error::Busy(_)))
    }

    /// Whether another kind of challenge may do where this one did not.
    pub fn is_of_challenge(&self) -> bool {
        matches!(self, Self::Challenge(_) | Self::NoChallenge { .. } | Self::Validation(_))
    }

    /// Whether it is only that orders are to end.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted)
    }

    /// Whether the server refused with this kind of problem (RFC 8555 section 6.7), as `accountDoesNotExist`.
    pub(super) fn is_refusal(&self, kind: &str) -> bool {
        matches!(self, Self::Refused { refusal, .. } if refusal.kind == kind)
    }
}
