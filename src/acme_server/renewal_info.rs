//! When to renew (RFC 9773), and which certificate an order replaces.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::core::{Core, KnownCertificate};
use super::identifier::Identifier;
use super::orders::rfc3339;
use super::problem::{Problem, ProblemType};
use super::reply::Reply;
use super::step::Step;

impl Core {
    /// RFC 9773 section 4.
    pub(super) fn renewal_info(&self, id: &str, now: OffsetDateTime) -> Result<Step, Problem> {
        let (_, known) = self.identified(id)?;
        let (start, end) = window(known, now);
        let json = json!({"suggestedWindow": {
            "start": rfc3339(start.unix_timestamp()),
            "end": rfc3339(end.unix_timestamp()),
        }});
        // Often enough that a revocation is noticed while there is time, also for certificates of a few hours.
        let again = (known.not_after - known.not_before).whole_seconds().div_euclid(24).clamp(60, 6 * 3600);
        Ok(Reply::json(200, &json).with("retry-after", again.to_string()).into())
    }

    /// The certificate that an order replaces (RFC 9773 section 5): its serial number in hexadecimal.
    ///
    /// # Errors
    /// `malformed`, `unauthorized`, `alreadyReplaced`.
    pub(super) fn replaced_certificate(
        &self,
        id: &str,
        account: &str,
        ordered: &[Identifier],
    ) -> Result<String, Problem> {
        let (serial, known) = self.identified(id)?;
        if known.account.as_deref() != Some(account) {
            return Err(Problem::unauthorized("the certificate to be replaced is another account's"));
        }
        if !ordered.iter().any(|identifier| known.names.contains(&identifier.to_string())) {
            return Err(Problem::malformed("the order has no name of the certificate that it replaces"));
        }
        if known.is_replaced {
            let detail = "an order has replaced this certificate before";
            return Err(Problem::new(ProblemType::AlreadyReplaced, detail));
        }
        Ok(serial)
    }

    /// The certificate of a name as RFC 9773 section 4.1 makes it: the issuer's key identifier and the serial number.
    fn identified(&self, id: &str) -> Result<(String, &KnownCertificate), Problem> {
        let malformed =
            || Problem::malformed("this is not the identifier of a certificate (RFC 9773 section 4.1)");
        let (issuer, serial) = id.split_once('.').ok_or_else(malformed)?;
        let decode = |part: &str| BASE64URL.decode(part).map_err(|_| malformed());
        let (issuer, serial) = (decode(issuer)?, decode(serial)?);
        if self.config.issuer.subject_key_id.as_ref().is_some_and(|own| *own != issuer) {
            return Err(Problem::not_found());
        }
        let serial: String = serial.iter().map(|byte| format!("{byte:02x}")).collect();
        let known = self.certificates.get(&serial).ok_or_else(Problem::not_found)?;
        Ok((serial, known))
    }
}

/// The last third of the validity but for its end; of a revoked certificate the past, which means at once.
fn window(known: &KnownCertificate, now: OffsetDateTime) -> (OffsetDateTime, OffsetDateTime) {
    if known.is_revoked {
        return (now - Duration::hours(2), now - Duration::hours(1));
    }
    let life = known.not_after - known.not_before;
    let start = known.not_after - life / 3;
    (start, start + life / 12)
}
