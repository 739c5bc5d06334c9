//! webpki's verdict on one path: the rules that rustls clients apply, name constraints among them.

use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use time::OffsetDateTime;
use webpki::{EndEntityCert, KeyUsage};

use crate::x509::{Certificate, HostName, Purpose};

/// Asks webpki about a path: leaf, issuers, anchor.
///
/// # Errors
/// Why webpki refuses.
pub(super) fn verify(
    leaf: &Certificate,
    issuers: &[CertificateDer<'_>],
    anchor: &Certificate,
    at: OffsetDateTime,
    purpose: Purpose,
    host: Option<&HostName>,
) -> Result<(), webpki::Error> {
    let leaf = EndEntityCert::try_from(&leaf.der)?;
    let anchor: TrustAnchor<'_> = webpki::anchor_from_trusted_cert(&anchor.der)?;
    let seconds = u64::try_from(at.unix_timestamp()).unwrap_or(0);
    let usage = match purpose {
        Purpose::Client => KeyUsage::client_auth(),
        Purpose::Server => KeyUsage::server_auth(),
    };
    leaf.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &[anchor],
        issuers,
        UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)),
        usage,
        None,
        None,
    )?;
    let name = host.and_then(|host| match host {
        HostName::Dns(name) => ServerName::try_from(name.as_str()).ok(),
        HostName::Ip(address) => Some(ServerName::from(*address)),
    });
    match name {
        Some(name) => leaf.verify_is_valid_for_subject_name(&name),
        None => Ok(()),
    }
}
