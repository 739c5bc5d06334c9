//! Which of several servers to ask for the next certificate.

use time::{Duration, OffsetDateTime};

/// For this time the preferred server may fail before another one is asked.
const PATIENCE: Duration = Duration::DAY;

/// How renewals have failed so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Failing<'a> {
    /// When the first of them did.
    pub since: Option<OffsetDateTime>,
    /// The server that was asked last.
    pub server: Option<&'a str>,
    /// How long the certificate in use is still valid.
    pub life_left: Option<Duration>,
}

impl Failing<'_> {
    /// From when on another server is asked.
    pub fn fallback_at(&self, now: OffsetDateTime) -> OffsetDateTime {
        let patient = self.since.unwrap_or(now) + PATIENCE;
        let urgent = self.life_left.map(|left| now + left - PATIENCE);
        urgent.map_or(patient, |urgent| urgent.min(patient)).max(now)
    }

    /// The server to ask now: the first of them, until that has failed for a day or the certificate has less left; then
    /// all in turn.
    pub fn next_server<'s>(&self, servers: &'s [String], now: OffsetDateTime) -> Option<&'s str> {
        let first = servers.first()?;
        let Some(since) = self.since else { return Some(first) };
        let is_urgent = self.life_left.is_some_and(|left| left < PATIENCE);
        if now - since < PATIENCE && !is_urgent {
            return Some(first);
        }
        let last = servers.iter().position(|server| Some(server.as_str()) == self.server);
        let next = last.map_or(0, |last| last + 1);
        servers.get(next).or(Some(first)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

    fn next(hours: i64, server: &str, life_left: Option<Duration>) -> String {
        let servers = ["a", "b", "c"].map(str::to_owned);
        let failing = Failing { since: Some(NOW - Duration::hours(hours)), server: Some(server), life_left };
        failing.next_server(&servers, NOW).unwrap().to_owned()
    }

    #[test]
    fn the_first_is_asked_for_a_day_and_then_all_in_turn() {
        let servers = ["a".to_owned(), "b".to_owned()];
        assert_eq!(Failing::default().next_server(&servers, NOW), Some("a"));
        assert_eq!(Failing::default().next_server(&[], NOW), None);
        assert_eq!(next(23, "a", None), "a");
        assert_eq!(next(24, "a", None), "b");
        assert_eq!(next(25, "b", None), "c");
        assert_eq!(next(26, "c", None), "a");
        // One that is no longer in the list, and a clock that went back.
        assert_eq!(next(26, "x", None), "a");
        assert_eq!(next(-100, "a", None), "a");
    }

    #[test]
    fn a_server_without_budget_is_left_when_another_may_be_asked() {
        let at = |hours, left: Option<i64>| {
            let since = Some(NOW - Duration::hours(hours));
            let failing = Failing { since, server: Some("a"), life_left: left.map(Duration::hours) };
            failing.fallback_at(NOW) - NOW
        };
        assert_eq!(at(0, None), Duration::hours(24));
        assert_eq!(at(20, Some(100)), Duration::hours(4));
        assert_eq!(at(0, Some(30)), Duration::hours(6));
        assert_eq!(at(0, Some(-1)), Duration::ZERO);
        assert_eq!(at(50, None), Duration::ZERO);
        assert_eq!(Failing::default().fallback_at(NOW) - NOW, Duration::hours(24));
    }

    #[test]
    fn a_certificate_that_is_about_to_end_does_not_wait_for_a_day() {
        assert_eq!(next(1, "a", Some(Duration::hours(23))), "b");
        assert_eq!(next(1, "a", Some(Duration::hours(25))), "a");
        assert_eq!(next(1, "a", Some(Duration::hours(-1))), "b");
    }
}
