//! What a certificate is for.

use crate::der::oid;

/// What a certificate is for. Chrome's root policy wants the two in separate certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A client that shows who it is: clientAuth.
    Client,
    Server,
}

impl Purpose {
    /// Its object identifier in the extended key usage (RFC 5280 section 4.2.1.12).
    pub const fn oid(self) -> &'static str {
        match self {
            Self::Client => oid::CLIENT_AUTH.text,
            Self::Server => oid::SERVER_AUTH.text,
        }
    }
}
