//! When a certificate is due for renewal.

use time::{Duration, OffsetDateTime};
use x509_parser::prelude::FromDer;

/// The certificate in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validity {
    /// Start, UTC.
    pub not_before: OffsetDateTime,
    /// End, UTC.
    pub not_after: OffsetDateTime,
}

impl Validity {
    /// Reads it from a certificate's DER; `None` when that is no certificate.
    pub fn of(der: &[u8]) -> Option<Self> {
        let (_, certificate) = x509_parser::certificate::X509Certificate::from_der(der).ok()?;
        let validity = certificate.validity();
        Some(Self {
            not_before: validity.not_before.to_datetime(),
            not_after: validity.not_after.to_datetime(),
        })
    }

    /// From when on a new certificate should be got: when a third of the lifetime is left, or half where the
    /// lifetime is under ten days. (Let's Encrypt recommends both; a server's own wish, RFC 9773, would go before.)
    pub fn due_at(&self) -> OffsetDateTime {
        let lifetime = self.not_after - self.not_before;
        let left = if lifetime < Duration::days(10) { lifetime / 2 } else { lifetime / 3 };
        self.not_after - left
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn due_at_a_third_or_half() {
        let not_before = datetime!(2026-01-01 00:00 UTC);
        let validity = |days| Validity { not_before, not_after: not_before + Duration::days(days) };
        assert_eq!(validity(90).due_at(), not_before + Duration::days(60));
        assert_eq!(validity(6).due_at(), not_before + Duration::days(3));
    }

    #[test]
    fn no_certificate_no_validity() {
        assert_eq!(Validity::of(b"\x30\x03abc"), None);
    }
}
