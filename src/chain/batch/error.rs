//! Why a line cannot be judged.

use crate::container;
use crate::x509::InvalidName;

/// Why a case could not be judged.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    #[error("{0}")]
    Line(String),
    #[error("this is not a valid case: {0}")]
    Json(String),
    #[error(
        "a case is a JSON object, such as {{\"id\": 1, \"chain\": \"chain.pem\", \"host\": \"test.example\"}}"
    )]
    NotAnObject,
    #[error("`{name}` is not a field of a case{hint}")]
    UnknownField { name: String, hint: String },
    #[error("`{name}` must be {wanted}")]
    FieldValue { name: &'static str, wanted: String },
    #[error("`{0}` is for a server: it needs `target`")]
    ForServersOnly(&'static str),
    #[error("the private key in `key_pem` cannot be read: {0}")]
    Key(String),
    #[error("`at` must be a time such as 2026-11-20T12:00:00Z, not `{0}`")]
    Time(String),
    #[error("`purpose` must be server or client, not `{0}`")]
    Purpose(String),
    #[error("`profile` must be tls, webpki or rfc5280, not `{0}`")]
    Profile(String),
    #[error("`host` must be a host name or address, not `{}`: {}", .0.text, .0.reason)]
    Host(InvalidName),
    #[error("a case needs one of `chain` (a file), `chain_pem` (the text) and `target` (a server)")]
    Chain,
    #[error("a case may have either `roots` or `roots_pem`")]
    Roots,
    #[error("a case may have either `key` or `key_pem`")]
    Keys,
    #[error("there is no certificate in the chain")]
    NoCertificate,
    #[error("{0}")]
    Container(container::Error),
    #[error("{0}")]
    File(String),
    #[error("certkit failed on this case; please report it")]
    Panicked,
}
