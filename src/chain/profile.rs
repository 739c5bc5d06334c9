//! Which rules to judge by.

/// Which rules to judge by. Every rule knows what it means in each profile.
///
/// Who has the last word: under [`Profile::Tls`] certkit's rules judge first and then rustls-webpki, so that certkit does
/// not say "holds" where a rustls client refuses. Under the other two certkit's rules decide alone: rustls-webpki cannot
/// express most of what these require (path lengths and depths that do not count
/// self-issued certificates, constraints on distinguished names and mail addresses, properties of the root, key
/// identifiers, policies, the details of revocation lists, key sizes, public suffixes). In all three rustls-webpki's
/// algorithms verify the signatures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// RFC 5280 alone, with the checks that it leaves to the implementation.
    Rfc5280,
    /// What browsers, openssl and rustls all refuse is an error; what one family refuses is a warning that names it.
    #[default]
    Tls,
    /// RFC 5280 and the CA/Browser Forum's baseline requirements for server certificates (TLS BR).
    Webpki,
}
