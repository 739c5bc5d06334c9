//! `history.json`: what was issued to an account and which validations failed, for as long as servers count them.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::Timestamp;
use super::records::SCHEMA;
use crate::acme::plan::names;
use crate::acme::storage::renewal_pause::LONGEST_PAUSE;

/// Let's Encrypt gives five certificates for the same set of names in seven days. The fifth is left for a person who
/// means it: a loop that has got four gets no more.
const SAME_SET_MOST: usize = 4;
const SAME_SET_WINDOW: Duration = Duration::days(7);
/// Let's Encrypt takes five failed validations a name and hour.
const FAILED_MOST: usize = 3;
const FAILED_WINDOW: Duration = Duration::hours(1);
/// Clocks are put right by minutes; what seems to happen later than this was kept while the clock was wrong.
const LATEST: Duration = Duration::hours(1);

/// What happened at an account of late.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The version of this file.
    pub schema: u32,
    #[serde(default)]
    pub issued: Vec<HistoryEntry>,
    #[serde(default)]
    pub failed: Vec<HistoryEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paused: Vec<ServerPause>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    pub at: Timestamp,
    /// Hash of the set of names (issued), or the name (failed).
    pub of: String,
}

/// A pause that the server asked for (`Retry-After`, RFC 8555 section 6.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerPause {
    pub until: Timestamp,
    /// Hash of the set of names that it was asked for.
    pub of: String,
    /// What the server said, in one line.
    pub reason: String,
}

/// Why another order would only use up the server's limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// A clause for the user.
    pub reason: String,
    /// From when on it is worth trying again.
    pub until: OffsetDateTime,
}

impl History {
    /// Adds a certificate for these names.
    pub fn add_issued(&mut self, names: &[String], now: OffsetDateTime) {
        self.issued.push(HistoryEntry { at: now.into(), of: names::hash(names) });
        self.forget_old(now);
    }

    /// Adds names whose validation failed.
    pub fn add_failed<'a>(&mut self, names: impl IntoIterator<Item = &'a str>, now: OffsetDateTime) {
        self.failed
            .extend(names.into_iter().map(|name| HistoryEntry { at: now.into(), of: name.to_owned() }));
        self.forget_old(now);
    }

    /// Whether an order of these names is within the limits that servers are known to have.
    ///
    /// # Errors
    /// [`Exhausted`] when it is not.
    pub fn allows(&self, names: &[String], now: OffsetDateTime) -> Result<(), Exhausted> {
        let set = names::hash(names);
        if let Some(oldest) = nth_last(&self.issued, &set, SAME_SET_MOST, SAME_SET_WINDOW, now) {
            return Err(Exhausted {
                reason: format!(
                    "{SAME_SET_MOST} certificates for exactly these names were issued in the last seven days"
                ),
                until: oldest + SAME_SET_WINDOW,
            });
        }
        for name in names {
            if let Some(oldest) = nth_last(&self.failed, name, FAILED_MOST, FAILED_WINDOW, now) {
                return Err(Exhausted {
                    reason: format!(
                        "the validation of {name} has failed {FAILED_MOST} times in the last hour"
                    ),
                    until: oldest + FAILED_WINDOW,
                });
            }
        }
        Ok(())
    }

    /// Adds a pause that the server asked for, in place of an earlier one for the same names.
    pub fn add_pause(
        &mut self,
        names: &[String],
        until: OffsetDateTime,
        reason: String,
        now: OffsetDateTime,
    ) {
        self.end_pause(names);
        self.paused.push(ServerPause { until: until.into(), of: names::hash(names), reason });
        self.forget_old(now);
    }

    /// Forgets the pause for these names. Tells whether there was one.
    pub fn end_pause(&mut self, names: &[String]) -> bool {
        let set = names::hash(names);
        let before = self.paused.len();
        self.paused.retain(|pause| pause.of != set);
        self.paused.len() != before
    }

    /// Whether the server has asked not to be asked for these names yet.
    ///
    /// # Errors
    /// [`Exhausted`] until the pause is over.
    pub fn is_paused(&self, names: &[String], now: OffsetDateTime) -> Result<(), Exhausted> {
        let set = names::hash(names);
        match self.paused.iter().find(|pause| pause.of == set && pause.holds(now)) {
            Some(pause) => Err(Exhausted {
                reason: format!("the server has asked for a pause: {}", pause.reason),
                until: pause.until.0,
            }),
            None => Ok(()),
        }
    }

    fn forget_old(&mut self, now: OffsetDateTime) {
        self.schema = SCHEMA;
        self.paused.retain(|pause| pause.holds(now));
        self.issued.retain(|entry| entry.is_within(SAME_SET_WINDOW, now));
        self.failed.retain(|entry| entry.is_within(FAILED_WINDOW, now));
    }
}

impl ServerPause {
    /// A pause that seems to be longer than any was kept while the clock was wrong.
    fn holds(&self, now: OffsetDateTime) -> bool {
        now < self.until.0 && self.until.0 <= now + LONGEST_PAUSE
    }
}

impl HistoryEntry {
    fn is_within(&self, window: Duration, now: OffsetDateTime) -> bool {
        now - window < self.at.0 && self.at.0 <= now + LATEST
    }
}

/// The time of the `count`th last entry of this kind within `window`, if there are as many.
fn nth_last(
    entries: &[HistoryEntry],
    of: &str,
    count: usize,
    window: Duration,
    now: OffsetDateTime,
) -> Option<OffsetDateTime> {
    let counts = |entry: &&HistoryEntry| entry.of == of && entry.is_within(window, now);
    let mut times: Vec<_> = entries.iter().filter(counts).map(|entry| entry.at.0).collect();
    times.sort_unstable();
    times.get(times.len().checked_sub(count)?).copied()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_fifth_identical_set_in_seven_days_is_refused() {
        let mut history = History::default();
        let (set, turned, other) =
            (names(&["a.test", "b.test"]), names(&["b.test", "a.test"]), names(&["a.test"]));
        for day in 0..4 {
            let now = NOW + Duration::days(day);
            history.allows(&set, now).unwrap();
            history.add_issued(&set, now);
        }
        let now = NOW + Duration::days(4);
        let exhausted = history.allows(&turned, now).unwrap_err();
        assert_eq!(exhausted.until, NOW + Duration::days(7));
        history.allows(&other, now).unwrap();
        history.allows(&set, exhausted.until).unwrap();
    }

    #[test]
    fn a_fourth_failed_validation_in_an_hour_is_refused() {
        let mut history = History::default();
        for minute in [0, 10, 20] {
            let now = NOW + Duration::minutes(minute);
            history.allows(&names(&["a.test"]), now).unwrap();
            history.add_failed(["a.test"], now);
        }
        let now = NOW + Duration::minutes(30);
        let exhausted = history.allows(&names(&["b.test", "a.test"]), now).unwrap_err();
        assert!(exhausted.reason.contains("a.test"));
        assert_eq!(exhausted.until, NOW + Duration::hours(1));
        history.allows(&names(&["b.test"]), now).unwrap();
        history.allows(&names(&["a.test"]), exhausted.until).unwrap();
    }

    #[test]
    fn a_pause_holds_for_its_names_until_its_end() {
        let mut history = History::default();
        let (set, turned) = (names(&["a.test", "b.test"]), names(&["b.test", "a.test"]));
        history.add_pause(&set, NOW + Duration::hours(2), "too many".into(), NOW);
        let exhausted = history.is_paused(&turned, NOW + Duration::hours(1)).unwrap_err();
        assert_eq!(exhausted.until, NOW + Duration::hours(2));
        assert!(exhausted.reason.contains("too many"));
        history.is_paused(&set, exhausted.until).unwrap();
        history.is_paused(&names(&["a.test"]), NOW).unwrap();
        // As it is after the clock was ahead by years.
        history.is_paused(&set, NOW - Duration::days(365)).unwrap();
        // The latest counts; others are dropped when they are over.
        history.add_pause(&turned, NOW + Duration::hours(1), "later".into(), NOW);
        assert_eq!(history.paused.len(), 1);
        assert!(history.end_pause(&set) && !history.end_pause(&set));
        history.add_pause(&set, NOW + Duration::hours(2), "again".into(), NOW);
        history.add_failed([], NOW + Duration::hours(3));
        assert!(history.paused.is_empty());
    }

    #[test]
    fn what_no_server_counts_any_more_is_forgotten() {
        let mut history = History::default();
        history.add_issued(&names(&["a.test"]), NOW);
        history.add_failed(["a.test"], NOW);
        history.add_failed([], NOW + Duration::days(8));
        assert_eq!((history.issued.len(), history.failed.len()), (0, 0));
    }

    #[test]
    fn what_was_kept_while_the_clock_was_ahead_does_not_count() {
        let set = names(&["a.test"]);
        let mut history = History::default();
        for _ in 0..4 {
            history.add_issued(&set, NOW + Duration::days(3650));
            history.add_failed(["a.test"], NOW + Duration::days(3650));
        }
        history.allows(&set, NOW + Duration::days(3650)).unwrap_err();
        history.allows(&set, NOW).unwrap();
        history.add_failed(["b.test"], NOW);
        assert_eq!((history.issued.len(), history.failed.len()), (0, 1));
    }
}
