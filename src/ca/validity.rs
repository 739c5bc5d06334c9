//! When a certificate ends, and what clients say of a long validity.

use time::{Duration, OffsetDateTime};

use crate::sys::clock::date;
use crate::x509::Purpose;

/// Clocks of two machines differ; a certificate that is valid "from now" would be refused next
/// door.
const CLOCK_SKEW: Duration = Duration::minutes(5);
/// Apple's systems refuse server certificates of more days, also from private CAs (support article
/// 103769).
const MAX_DAYS: i64 = 825;
/// The limit for public CAs (CA/Browser baseline requirements 6.3.2), which some clients enforce
/// for private CAs too.
const PUBLIC_MAX_DAYS: i64 = 398;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// So many days after the beginning.
    Days(u32),
    /// With this second, UTC.
    Until(OffsetDateTime),
}

/// A validity that some clients refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{days} days are over the {PUBLIC_MAX_DAYS}-day limit that some clients enforce")]
pub struct LongValidity {
    pub days: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValidityError {
    #[error("{} has already passed", date(*.0))]
    Passed(OffsetDateTime),
    #[error("{0} days are too many: iPhones and Macs refuse more than {MAX_DAYS}")]
    TooLong(i64),
}

/// Whether a validity may exceed what whole families of clients accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidityLimit {
    Clients,
    Unlimited,
}

impl End {
    /// First and last second of a validity that begins about now. Both ends count (RFC 5280 section
    /// 4.1.2.5).
    pub fn validity(self, now: OffsetDateTime) -> (OffsetDateTime, OffsetDateTime) {
        // Whole seconds: X.509 times have no fractions.
        let whole = |time: OffsetDateTime| time.replace_nanosecond(0).unwrap_or(time);
        let not_before = whole(now) - CLOCK_SKEW;
        let not_after = match self {
            Self::Days(days) => not_before.saturating_add(Duration::days(days.into()) - Duration::SECOND),
            Self::Until(end) => whole(end),
        };
        (not_before, not_after)
    }

    /// Compares it with what clients accept; a long one that is allowed is worth a warning.
    ///
    /// # Errors
    /// When it is in the past, or is over the limit.
    pub fn judge(
        self,
        purpose: Purpose,
        limit: ValidityLimit,
        now: OffsetDateTime,
    ) -> Result<Option<LongValidity>, ValidityError> {
        let days = match self {
            Self::Days(days) => days.into(),
            Self::Until(end) if end <= now => return Err(ValidityError::Passed(end)),
            Self::Until(end) => (end - now).whole_days() + 1,
        };
        if purpose == Purpose::Client || days <= PUBLIC_MAX_DAYS {
            return Ok(None);
        }
        if days > MAX_DAYS && limit == ValidityLimit::Clients {
            return Err(ValidityError::TooLong(days));
        }
        Ok(Some(LongValidity { days }))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

    #[test]
    fn limits_of_clients() {
        let judge = |end: End, purpose, limit| end.judge(purpose, limit, NOW);
        let server = |days, limit| judge(End::Days(days), Purpose::Server, limit);
        assert_eq!(server(398, ValidityLimit::Clients), Ok(None));
        assert_eq!(server(399, ValidityLimit::Clients), Ok(Some(LongValidity { days: 399 })));
        assert_eq!(server(826, ValidityLimit::Clients), Err(ValidityError::TooLong(826)));
        assert_eq!(server(826, ValidityLimit::Unlimited), Ok(Some(LongValidity { days: 826 })));
        assert_eq!(judge(End::Days(9999), Purpose::Client, ValidityLimit::Clients), Ok(None));
        let past = NOW - Duration::SECOND;
        let passed = judge(End::Until(past), Purpose::Client, ValidityLimit::Unlimited);
        assert_eq!(passed, Err(ValidityError::Passed(past)));
    }
}
