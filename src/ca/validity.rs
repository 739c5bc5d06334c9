//! When a certificate ends, and what clients say of a long validity.

use std::str::FromStr;

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
    /// This time after the beginning.
    Lasting(Duration),
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

/// A text that is not a length of validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a number of days such as 397, or of hours such as 8h")]
pub struct InvalidLength;

/// What users type: a number of days such as `90` or `90d`, or of hours such as `8h`.
impl FromStr for End {
    type Err = InvalidLength;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const MOST_DAYS: u32 = 36500;
        let within = |number: &str, most| {
            let number = number.parse().ok().filter(|number: &u32| (1..=most).contains(number));
            number.ok_or(InvalidLength)
        };
        match text.strip_suffix('h') {
            Some(hours) => Ok(Self::Lasting(Duration::hours(within(hours, MOST_DAYS * 24)?.into()))),
            None => Ok(Self::Days(within(text.strip_suffix('d').unwrap_or(text), MOST_DAYS)?)),
        }
    }
}

impl End {
    /// How long a certificate is valid; `None` where its end is a date.
    pub fn length(self) -> Option<Duration> {
        match self {
            Self::Days(days) => Some(Duration::days(days.into())),
            Self::Lasting(length) => Some(length),
            Self::Until(_) => None,
        }
    }

    /// First and last second of a validity that begins about now. Both ends count (RFC 5280 section
    /// 4.1.2.5).
    pub fn validity(self, now: OffsetDateTime) -> (OffsetDateTime, OffsetDateTime) {
        // Whole seconds: X.509 times have no fractions.
        let whole = |time: OffsetDateTime| time.replace_nanosecond(0).unwrap_or(time);
        let not_before = whole(now) - CLOCK_SKEW;
        let not_after = match self {
            Self::Days(days) => not_before.saturating_add(Duration::days(days.into()) - Duration::SECOND),
            Self::Lasting(length) => not_before.saturating_add(length - Duration::SECOND),
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
            // A day that has begun counts.
            Self::Lasting(length) => (length - Duration::SECOND).whole_days() + 1,
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
    fn lengths_are_read() {
        assert_eq!("397".parse(), Ok(End::Days(397)));
        assert_eq!("90d".parse(), Ok(End::Days(90)));
        assert_eq!("8h".parse(), Ok(End::Lasting(Duration::hours(8))));
        for wrong in ["", "0", "0h", "-1", "8m", "h", "1.5h", "36501", "99999999999h", "٣"] {
            assert!(wrong.parse::<End>().is_err(), "{wrong}");
        }
        let (begin, end) = End::Lasting(Duration::hours(8)).validity(NOW);
        assert_eq!(end - begin + Duration::SECOND, Duration::hours(8));
    }

    #[test]
    fn limits_of_clients() {
        let judge = |end: End, purpose, limit| end.judge(purpose, limit, NOW);
        let server = |days, limit| judge(End::Days(days), Purpose::Server, limit);
        assert_eq!(server(398, ValidityLimit::Clients), Ok(None));
        assert_eq!(server(399, ValidityLimit::Clients), Ok(Some(LongValidity { days: 399 })));
        assert_eq!(server(826, ValidityLimit::Clients), Err(ValidityError::TooLong(826)));
        assert_eq!(server(826, ValidityLimit::Unlimited), Ok(Some(LongValidity { days: 826 })));
        assert_eq!(judge(End::Days(9999), Purpose::Client, ValidityLimit::Clients), Ok(None));
        let hours = |hours| End::Lasting(Duration::hours(hours));
        assert_eq!(judge(hours(8), Purpose::Server, ValidityLimit::Clients), Ok(None));
        let long = judge(hours(398 * 24 + 1), Purpose::Server, ValidityLimit::Clients);
        assert_eq!(long, Ok(Some(LongValidity { days: 399 })));
        let past = NOW - Duration::SECOND;
        let passed = judge(End::Until(past), Purpose::Client, ValidityLimit::Unlimited);
        assert_eq!(passed, Err(ValidityError::Passed(past)));
    }
}
