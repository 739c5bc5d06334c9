//! Which rules to judge by.

/// Which rules to judge by. Every rule knows what it means in each profile.
///
/// certkit's rules decide: rustls-webpki cannot express most of what is required (path lengths and depths that do not count
/// self-issued certificates, constraints on distinguished names and mail addresses, properties of the root, key
/// identifiers, policies, the details of revocation lists, key sizes, public suffixes). Under [`Profile::Tls`]
/// it is asked last, so that certkit does not say "holds" where a rustls client refuses. Under all three
/// its algorithms verify the signatures.
///
/// The profiles are ordered: what [`Profile::Tls`] or [`Profile::Rfc5280`] refuses, [`Profile::Webpki`] refuses too, but for
/// name constraints that are not critical.
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
