//! The only way to "now", so that tests and `--at` can set the time.

use time::OffsetDateTime;
use time::macros::format_description;

/// Something that tells the time in UTC.
pub trait Clock: Send + Sync {
    fn now(&self) -> OffsetDateTime;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may ask")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

#[cfg(any(test, feature = "internals"))]
/// A clock that stands still.
#[derive(Clone, Copy, Debug)]
pub struct FixedClock(pub OffsetDateTime);

#[cfg(any(test, feature = "internals"))]
impl Clock for FixedClock {
    fn now(&self) -> OffsetDateTime {
        self.0
    }
}

/// A day as people write it in tables: 2026-11-20.
pub fn date(time: OffsetDateTime) -> String {
    time.format(format_description!("[year]-[month]-[day]")).unwrap_or_else(|_| time.to_string())
}

/// A point in time, to the second: 2026-11-20 12:00:00 UTC.
pub fn date_time(time: OffsetDateTime) -> String {
    time.format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC"))
        .unwrap_or_else(|_| time.to_string())
}

/// When a validity ends: the day, and for one of a few days the second.
pub fn expiry(not_before: OffsetDateTime, not_after: OffsetDateTime) -> String {
    const SHORT: time::Duration = time::Duration::days(3);
    if not_after - not_before < SHORT { date_time(not_after) } else { date(not_after) }
}
