//! When the server asks for renewal: ACME renewal information (RFC 9773).

use aws_lc_rs::rand;
use instant_acme::{CertificateIdentifier, RenewalInfo, SuggestedWindow};
use rustls_pki_types::Der;
use time::{Duration, OffsetDateTime};

use crate::acme::caller::Caller;
use crate::acme::client::retry;
use crate::acme::client::server::Server;
use crate::acme::error::Error;
use crate::acme::reply::protocol_error::part_on_one_line;
use crate::acme::storage::{RenewalWindow, Timestamp};
use crate::x509::Certificate;

/// Where the server does not say: often enough for "at least twice a day", which is what a mass revocation needs.
const USUAL_PAUSE: Duration = Duration::hours(6);
/// RFC 9773 section 4.3: a limit for what the server may ask, in both directions.
const SHORTEST_PAUSE: Duration = Duration::minutes(1);
pub const LONGEST_PAUSE: Duration = Duration::days(1);

/// The name of a certificate in requests: its issuer's key identifier and its serial number (RFC 9773 section 4.1);
/// `None` for one without an authority key identifier.
pub fn certificate_id(leaf: &Certificate) -> Option<String> {
    let issuer = leaf.authority_key_id.as_ref()?;
    Some(CertificateIdentifier::new(Der::from_slice(issuer), Der::from_slice(&leaf.serial)).to_string())
}

/// Asks the server when to renew `leaf`, and when to ask again; `None` when it does not offer that. A point in time
/// that was chosen before stays while the window stays.
///
/// # Errors
/// [`Error::BadAnswer`] for an invalid window, and what every call to a server can end with.
pub async fn ask(
    server: &Server,
    leaf: &Certificate,
    before: Option<&RenewalWindow>,
    caller: &dyn Caller,
) -> Result<Option<(RenewalWindow, Duration)>, Error> {
    let (Some(base), Some(id)) = (&server.directory.renewal_info, certificate_id(leaf)) else {
        return Ok(None);
    };
    let doing = "asking when to renew";
    // RFC 9773 section 4.1: the identifier is appended to the resource's path.
    let url = format!("{}/{id}", base.trim_end_matches('/'));
    let body = retry::call(caller, doing, async || server.http.fetch(&url).await).await?;
    let pause = pause(server.http.retry_after());
    let bad = |reason: String| Error::BadAnswer { doing, reason };
    let info: RenewalInfo = serde_json::from_slice(&body).map_err(|error| bad(error.to_string()))?;
    let SuggestedWindow { start, end } = info.suggested_window;
    let (start, end) = (Timestamp(start), Timestamp(end));
    // RFC 9773 section 4.2: "end" comes after "start"; one that begins after the certificate's end helps nobody.
    if end <= start || start.0 >= leaf.not_after {
        return Err(bad(format!("a renewal window from {start:?} to {end:?}")));
    }
    let end = Timestamp(end.0.min(leaf.not_after));
    let same = before.filter(|before| before.certificate == id && (before.start, before.end) == (start, end));
    let chosen = match same {
        Some(before) => before.chosen,
        None => Timestamp::from(point(start.0, end.0, random_fraction()?)),
    };
    let explanation = info.explanation_url.map(|url| part_on_one_line(&url));
    let window = RenewalWindow { certificate: id, start, end, chosen, explanation };
    Ok(Some((window, pause)))
}

/// When to ask again after an answer that asks for this pause, or says nothing of it.
pub fn pause(asked: Option<std::time::Duration>) -> Duration {
    asked.map_or(USUAL_PAUSE, |asked| {
        Duration::try_from(asked).unwrap_or(LONGEST_PAUSE).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
    })
}

/// RFC 9773 section 4.2: "a uniform random time within the suggested window", so that not all clients come at once.
fn point(start: OffsetDateTime, end: OffsetDateTime, fraction: f64) -> OffsetDateTime {
    start + (end - start) * fraction
}

/// A number from 0 up to 1, 1 excluded.
fn random_fraction() -> Result<f64, Error> {
    let mut bytes = [0; 4];
    rand::fill(&mut bytes).map_err(|_| Error::Key("the system has no random bytes".into()))?;
    Ok(f64::from(u32::from_be_bytes(bytes)) / (f64::from(u32::MAX) + 1.0))
}

#[cfg(test)]
mod tests {
    use std::time::Duration as StdDuration;

    use time::macros::datetime;

    use super::*;

    /// The example certificate of RFC 9773 appendix A.
    const EXAMPLE: &[u8] = b"-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
";

    #[test]
    fn the_identifier_of_the_rfcs_example() {
        let chain = crate::acme::storage::pem_files::parse_chain(EXAMPLE).unwrap();
        assert_eq!(certificate_id(&chain[0]).unwrap(), "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
    }

    #[test]
    fn a_point_lies_within_the_window() {
        let (start, end) = (datetime!(2026-01-01 00:00 UTC), datetime!(2026-01-03 00:00 UTC));
        assert_eq!(point(start, end, 0.0), start);
        assert_eq!(point(start, end, 0.25), datetime!(2026-01-01 12:00 UTC));
        for _ in 0..100 {
            let chosen = point(start, end, random_fraction().unwrap());
            assert!((start..end).contains(&chosen));
        }
        assert_ne!(random_fraction().unwrap().to_bits(), random_fraction().unwrap().to_bits());
    }

    #[test]
    fn the_servers_pause_is_kept_within_limits() {
        assert_eq!(pause(None), Duration::hours(6));
        assert_eq!(pause(Some(StdDuration::from_secs(1))), Duration::minutes(1));
        assert_eq!(pause(Some(StdDuration::from_secs(7200))), Duration::hours(2));
        assert_eq!(pause(Some(StdDuration::from_secs(1_000_000))), Duration::days(1));
        assert_eq!(pause(Some(StdDuration::MAX)), Duration::days(1));
    }
}
