//! Why no certificate came: the values, for `commands` to make sentences of.

use std::path::PathBuf;
use std::time::Duration;

use super::protocol_error::{ProtocolError, on_one_line};
use super::transport_error::TransportError;
use super::{challenge, storage};
use crate::finding::Finding;

/// Everything that can keep a certificate from coming.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server sent something that does not fit the protocol.
    #[error("{doing}: {reason}")]
    BadAnswer {
        /// What was being done, as `placing the order`.
        doing: &'static str,
        /// What does not fit.
        reason: String,
    },
    /// The file of `--ca-roots` cannot be used.
    #[error("{}: {reason}", .path.display())]
    CaRoots {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The challenge cannot be answered from here.
    #[error(transparent)]
    Challenge(#[from] challenge::Error),
    /// The server's limits would be used up.
    #[error("{}", .0.reason)]
    Exhausted(storage::Exhausted),
    /// The server gives accounts only to those who have one by other means.
    #[error("{server} wants an account that was made elsewhere")]
    ExternalAccountNeeded {
        /// The directory's address.
        server: String,
    },
    /// Files cannot be given to the group.
    #[error("files cannot be given to the group {0}")]
    GroupNotOurs(String),
    /// A key or signing request could not be made or read back.
    #[error("{0}")]
    Key(String),
    /// There is no account.
    #[error("there is no account")]
    NoAccount {
        /// The directory's address, if one was wanted.
        server: Option<String>,
    },
    /// There is no certificate of this name.
    #[error("there is no certificate of {name}")]
    NoCertificate {
        /// The name.
        name: String,
    },
    /// The server offers no challenge of the wanted kind for a name.
    #[error("no {kind} challenge for {name}, only {offered:?}")]
    NoChallenge {
        /// For which name.
        name: String,
        /// What was wanted.
        kind: challenge::ChallengeKind,
        /// What it offers instead.
        offered: Vec<String>,
    },
    /// The address does not lead to an ACME directory.
    #[error("{url} is no ACME directory: {reason}")]
    NotAcme {
        /// The address.
        url: String,
        /// What came instead.
        reason: String,
    },
    /// The server does not do this.
    #[error("{server} does not offer {what}")]
    NotOffered {
        /// What, in words.
        what: &'static str,
        /// The directory's address.
        server: String,
    },
    /// The server said no.
    #[error("{doing}: {refusal}")]
    Refused {
        /// What was being done.
        doing: &'static str,
        /// The server's reason.
        refusal: ProtocolError,
    },
    /// The new chain does not hold; it was not put in place.
    #[error("the new chain does not hold")]
    Rejected(Vec<Finding>),
    /// There are accounts at several servers, and none was chosen.
    #[error("there are accounts at several servers")]
    SeveralAccounts(Vec<String>),
    /// The state directory cannot be used.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// Nobody agreed to the terms of service.
    #[error("the terms of service at {url} were not agreed to")]
    TermsNotAgreed {
        /// Where they are.
        url: String,
    },
    /// More names than one certificate may have.
    #[error("{count} names, and {most} are the most")]
    TooManyNames {
        /// So many were wanted.
        count: usize,
        /// So many are possible.
        most: usize,
        /// In this profile.
        profile: Option<String>,
    },
    /// The server is overloaded, limits the rate or does not answer in time, and still does after all tries.
    #[error("{doing}: try later")]
    TryLater {
        /// What was being done.
        doing: &'static str,
        /// What stands in the way.
        reason: String,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// The server has no such profile.
    #[error("there is no profile {wanted:?}")]
    UnknownProfile {
        /// The profile that was wanted.
        wanted: String,
        /// Those that there are, with what the server says of them.
        offered: Vec<(String, String)>,
    },
    /// The server's own certificate is not trusted.
    #[error("{url}: {reason}")]
    Untrusted {
        /// The address.
        url: String,
        /// Why not.
        reason: rustls::CertificateError,
    },
    /// The server looked for the challenge's answer and did not find it.
    #[error("validation failed")]
    Validation(Vec<FailedValidation>),
}

/// A name that the server could not validate.
#[derive(Clone, Debug)]
pub struct FailedValidation {
    /// The name.
    pub name: String,
    /// Why.
    pub refusal: ProtocolError,
    /// Whether any request for this name's answer came here; `None` when the answer was elsewhere.
    pub asked: Option<bool>,
    /// The challenge that failed.
    pub challenge: challenge::ChallengeKind,
    /// What can be seen from here where the server looked; empty when nobody looked.
    pub seen: Vec<challenge::Clue>,
}

impl Error {
    /// What a failed call to the server means, after the last try.
    pub(super) fn from_call(doing: &'static str, error: instant_acme::Error) -> Self {
        match error {
            instant_acme::Error::Api(problem) => Self::Refused { doing, refusal: (&problem).into() },
            instant_acme::Error::Crypto | instant_acme::Error::KeyRejected => {
                Self::Key(format!("the account key cannot be used: {error}"))
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
                        |detail| format!("the server answers {status}: {}", on_one_line(detail)),
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
            Self::TryLater { doing, reason, .. } => format!("{doing}: {reason}"),
            Self::Validation(failed) => match failed.first() {
                Some(first) => format!("{}: the validation failed: {}", first.name, first.refusal.detail),
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
