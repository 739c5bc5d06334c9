//! What a certificate is for.

/// What a certificate is for. Chrome's root policy wants the two in separate certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A client that shows who it is: clientAuth.
    Client,
    /// A server: serverAuth.
    Server,
}

impl Purpose {
    /// Its object identifier in the extended key usage (RFC 5280 section 4.2.1.12).
    pub const fn oid(self) -> &'static str {
        match self {
            Self::Client => "1.3.6.1.5.5.7.3.2",
            Self::Server => "1.3.6.1.5.5.7.3.1",
        }
    }
}
