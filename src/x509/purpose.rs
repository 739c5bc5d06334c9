//! What a certificate is for.

/// What a certificate is for. Chrome's root policy wants the two in separate certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A client that shows who it is: clientAuth.
    Client,
    /// A server: serverAuth.
    Server,
}
