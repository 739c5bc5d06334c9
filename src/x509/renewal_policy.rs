//! When a certificate is due for renewal: the one policy of every command.

use std::fmt;
use std::str::FromStr;

use time::{Duration, OffsetDateTime};

/// How much of a certificate's lifetime may be left when it is due for renewal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RenewalPolicy {
    /// A third of the lifetime, or half of a lifetime under ten days, as Let's Encrypt recommends.
    #[default]
    LastThird,
    /// A share of the lifetime in percent, up to 100; 33 is exactly a third.
    Percent(u8),
    Within(Duration),
}

impl RenewalPolicy {
    pub fn due_at(self, not_before: OffsetDateTime, not_after: OffsetDateTime) -> OffsetDateTime {
        let lifetime = not_after - not_before;
        let left = match self {
            Self::LastThird if lifetime < Duration::days(10) => lifetime / 2,
            // People type 33% and mean a third.
            Self::LastThird | Self::Percent(33) => lifetime / 3,
            Self::Percent(percent) => lifetime / 100 * i32::from(percent),
            Self::Within(left) => left,
        };
        not_after.saturating_sub(left)
    }

    pub fn is_due(self, not_before: OffsetDateTime, not_after: OffsetDateTime, now: OffsetDateTime) -> bool {
        now >= self.due_at(not_before, not_after)
    }
}

/// As it is typed.
impl fmt::Display for RenewalPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LastThird => f.write_str("33%"),
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Within(left) if left.whole_hours() % 24 != 0 => write!(f, "{}h", left.whole_hours()),
            Self::Within(left) => write!(f, "{}d", left.whole_days()),
        }
    }
}

/// What users type: a share such as `33%`, a number of days such as `30d` or `30`, or of hours such as `8h`.
impl FromStr for RenewalPolicy {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str =
            "expected a share such as 33%, a number of days such as 30d or hours such as 8h";
        const LONGEST_DAYS: u16 = 36500;
        const LONGEST_HOURS: u16 = 8760;
        if let Some(percent) = text.strip_suffix('%') {
            let percent = percent.parse().ok().filter(|percent| *percent <= 100);
            return percent.map(Self::Percent).ok_or(EXPECTED);
        }
        if let Some(hours) = text.strip_suffix('h') {
            let hours = hours.parse().ok().filter(|hours: &u16| *hours <= LONGEST_HOURS).ok_or(EXPECTED)?;
            return Ok(Self::Within(Duration::hours(hours.into())));
        }
        let days = text.strip_suffix('d').unwrap_or(text).parse().ok();
        let days = days.filter(|days: &u16| *days <= LONGEST_DAYS).ok_or(EXPECTED)?;
        Ok(Self::Within(Duration::days(days.into())))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const START: OffsetDateTime = datetime!(2026-01-01 00:00 UTC);

    fn due_after_hours(policy: RenewalPolicy, lifetime_days: i64) -> i64 {
        (policy.due_at(START, START + Duration::days(lifetime_days)) - START).whole_hours()
    }

    #[test]
    fn due_when_a_third_or_half_is_left() {
        assert_eq!(due_after_hours(RenewalPolicy::LastThird, 90), 60 * 24);
        assert_eq!(due_after_hours(RenewalPolicy::LastThird, 10), 160);
        assert_eq!(due_after_hours(RenewalPolicy::LastThird, 6), 3 * 24);
    }

    #[test]
    fn due_when_a_share_or_a_time_is_left() {
        assert_eq!(due_after_hours(RenewalPolicy::Percent(33), 90), 60 * 24);
        assert_eq!(due_after_hours(RenewalPolicy::Percent(33), 6), 4 * 24);
        assert_eq!(due_after_hours(RenewalPolicy::Percent(25), 100), 75 * 24);
        assert_eq!(due_after_hours(RenewalPolicy::Percent(100), 100), 0);
        assert_eq!(due_after_hours(RenewalPolicy::Within(Duration::days(30)), 90), 60 * 24);
        assert_eq!(due_after_hours(RenewalPolicy::Within(Duration::days(30)), 10), -20 * 24);
    }

    #[test]
    fn due_from_that_second_on() {
        let end = START + Duration::days(90);
        let due = START + Duration::days(60);
        assert!(!RenewalPolicy::LastThird.is_due(START, end, due - Duration::SECOND));
        assert!(RenewalPolicy::LastThird.is_due(START, end, due));
        assert!(RenewalPolicy::LastThird.is_due(START, end, end + Duration::DAY));
    }

    #[test]
    fn read_as_typed() {
        assert_eq!("33%".parse(), Ok(RenewalPolicy::Percent(33)));
        assert_eq!("30d".parse(), Ok(RenewalPolicy::Within(Duration::days(30))));
        assert_eq!("8h".parse(), Ok(RenewalPolicy::Within(Duration::hours(8))));
        for typed in ["8h", "30d", "25%", "36h"] {
            assert_eq!(typed.parse::<RenewalPolicy>().unwrap().to_string(), typed);
        }
        assert_eq!("30".parse(), Ok(RenewalPolicy::Within(Duration::days(30))));
        for wrong in ["", "%", "101%", "-1d", "h", "1.5h", "99999h", "99999d"] {
            assert!(wrong.parse::<RenewalPolicy>().is_err(), "{wrong}");
        }
    }
}
