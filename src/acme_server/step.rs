//! What a request leads to besides its response: what must be kept, validated, issued or revoked.

use super::identifier::Identifier;
use super::problem::Problem;
use super::records::{ChallengeMethod, Record};
use super::reply::Reply;
use crate::ca::Reason;
use crate::x509::Certificate;

/// What is to be done for a request, in this order: the records are kept, the validations begin, and the client gets
/// its reply.
#[derive(Debug)]
pub struct Step {
    pub records: Vec<Record>,
    /// Whether the records must be safe on disk, not only written, before the client gets its reply.
    pub durable: bool,
    pub validations: Vec<Validation>,
    pub next: Next,
}

#[derive(Debug)]
pub enum Next {
    Reply(Reply),
    Issue(Box<IssuanceOrder>),
    Revoke(Box<RevocationOrder>),
}

/// A certificate that an order is ready for.
#[derive(Clone, Debug)]
pub struct IssuanceOrder {
    pub order: String,
    pub account: String,
    pub names: Vec<Identifier>,
    /// The key of the request: SubjectPublicKeyInfo, whole DER.
    pub spki: Vec<u8>,
    /// The serial number of the certificate that is replaced, in hexadecimal.
    pub replaces: Option<String>,
    pub(super) base: String,
}

/// A certificate that its owner wants revoked.
#[derive(Clone, Debug)]
pub struct RevocationOrder {
    pub certificate: Certificate,
    pub reason: Reason,
    /// Whether it was revoked before, for another reason.
    pub(super) was_revoked: bool,
    pub(super) base: String,
}

/// A challenge to be validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    pub order: String,
    pub account: String,
    /// The number of the authorization in its order.
    pub authorization: usize,
    pub method: ChallengeMethod,
    /// Without the `*.` of a wildcard.
    pub identifier: Identifier,
    pub token: String,
    /// The token and the hash of the account's key (RFC 8555 section 8.1).
    pub key_authorization: String,
    pub is_wildcard: bool,
    /// The account's, by each name that the server has.
    pub account_urls: Vec<AccountUrl>,
    /// The hashes of the account's keys, the one in use first.
    pub thumbprints: Vec<String>,
    /// The names by which TXT records for dns-persist-01 mean this CA.
    pub issuers: Vec<String>,
}

/// The URL of an account, and what is in front of the account's hashes for dns-persist-01.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountUrl {
    pub url: String,
    pub hash_prefix: String,
}

impl From<Reply> for Step {
    fn from(reply: Reply) -> Self {
        Self::from(Next::Reply(reply))
    }
}

impl From<Next> for Step {
    fn from(next: Next) -> Self {
        Self { records: Vec::new(), durable: false, validations: Vec::new(), next }
    }
}

impl From<&Problem> for Step {
    fn from(problem: &Problem) -> Self {
        Reply::from(problem).into()
    }
}

impl Step {
    #[must_use]
    pub(super) fn keeping(mut self, record: Record) -> Self {
        self.records.push(record);
        self
    }

    /// The same, safe on disk before the client hears of it.
    #[must_use]
    pub(super) fn keeping_durably(mut self, record: Record) -> Self {
        self.durable = true;
        self.keeping(record)
    }
}
