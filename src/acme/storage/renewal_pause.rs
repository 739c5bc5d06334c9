//! When to try again after a failure.

use time::Duration;

use crate::acme::plan::names::sha256_hex;

/// After the first failures in a row. Short at first, since most trouble passes: a certificate of a few days must not
/// wait half of its life because its server was away for an hour.
const RETRIES: [Duration; 5] = [
    Duration::minutes(1),
    Duration::minutes(5),
    Duration::minutes(15),
    Duration::minutes(30),
    Duration::HOUR,
];
/// From then on, less what [`jitter`] gives: a timer that runs every hour then misses none.
const LATER_RETRIES: Duration = Duration::HOUR;
/// Machines that failed at the same time do not come back at the same time.
const LONGEST_JITTER_SECONDS: i64 = 600;
/// A longer `Retry-After` is cut to this.
pub const LONGEST_PAUSE: Duration = Duration::days(7);
pub const SHORTEST_PAUSE: Duration = Duration::minutes(1);
/// No pause is longer than this share of the time that the certificate in use has left.
const SHARE_OF_LIFE: i32 = 10;

/// A renewal that has failed.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    /// How many renewals have failed in a row, this one included.
    pub failures: u32,
    /// The pause that the server asks for.
    pub asked: Option<std::time::Duration>,
    /// How long the certificate in use is still valid; `None` without one.
    pub life_left: Option<Duration>,
    /// What tells this machine and certificate from others.
    pub seed: &'a str,
}

impl Failed<'_> {
    /// How long to wait before the next try.
    pub fn pause(&self) -> Duration {
        let index = usize::try_from(self.failures.saturating_sub(1)).unwrap_or(usize::MAX);
        let usual = RETRIES.get(index).copied();
        let usual = usual.unwrap_or_else(|| LATER_RETRIES - jitter(self.seed, self.failures));
        within(usual.max(asked(self.asked)), self.life_left)
    }
}

/// The pause that a server asks for, as it is kept.
pub fn asked(pause: Option<std::time::Duration>) -> Duration {
    pause
        .map_or(Duration::ZERO, |pause| Duration::try_from(pause).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE))
}

/// A pause that leaves time for further tries before the certificate in use ends. When it has ended nothing is to be
/// saved by haste.
pub fn within(pause: Duration, life_left: Option<Duration>) -> Duration {
    match life_left.filter(|left| left.is_positive()) {
        Some(left) => pause.min((left / SHARE_OF_LIFE).max(SHORTEST_PAUSE)),
        None => pause,
    }
}

/// Up to ten minutes: the same for the same seed and number, so that nothing hangs on chance.
fn jitter(seed: &str, number: u32) -> Duration {
    let hash = sha256_hex(&format!("{seed}\n{number}"));
    let number = hash.get(..8).and_then(|digits| i64::from_str_radix(digits, 16).ok());
    Duration::seconds(number.unwrap_or(0) % LONGEST_JITTER_SECONDS)
}

#[cfg(test)]
mod tests {
    use std::time::Duration as StdDuration;

    use super::*;

    fn failed(failures: u32) -> Failed<'static> {
        Failed { failures, asked: None, life_left: None, seed: "a.test" }
    }

    #[test]
    fn retries_become_rarer_and_never_rarer_than_hourly() {
        let minutes: Vec<_> = (1..=5).map(|failures| failed(failures).pause().whole_minutes()).collect();
        assert_eq!(minutes, [1, 5, 15, 30, 60]);
        for failures in [6, 7, 100, u32::MAX] {
            let pause = failed(failures).pause();
            assert!((Duration::minutes(50)..=Duration::HOUR).contains(&pause), "{failures}: {pause}");
        }
    }

    #[test]
    fn jitter_differs_between_machines_and_tries_and_is_no_chance() {
        let pause = |seed, failures| Failed { seed, ..failed(failures) }.pause();
        assert_eq!(pause("a", 9), pause("a", 9));
        let of = |pauses: Vec<Duration>| pauses.iter().collect::<std::collections::HashSet<_>>().len();
        assert!(of((6..40).map(|failures| pause("a", failures)).collect()) > 20);
        let seeds: Vec<_> = (0..40).map(|number: u32| number.to_string()).collect();
        assert!(of(seeds.iter().map(|seed| pause(seed, 6)).collect()) > 20);
    }

    #[test]
    fn the_server_may_ask_for_more_within_limits() {
        let pause = |seconds| Failed { asked: Some(StdDuration::from_secs(seconds)), ..failed(1) }.pause();
        assert_eq!(pause(1), Duration::minutes(1));
        assert_eq!(pause(7200), Duration::hours(2));
        assert_eq!(pause(u64::MAX), LONGEST_PAUSE);
    }

    #[test]
    fn no_pause_is_above_a_tenth_of_the_life_that_is_left() {
        let pause = |failures, asked, left| {
            let asked = (asked > 0).then(|| StdDuration::from_secs(asked));
            Failed { failures, asked, life_left: Some(left), seed: "a" }.pause()
        };
        assert_eq!(pause(5, 0, Duration::hours(5)), Duration::minutes(30));
        assert_eq!(pause(1, 86400, Duration::hours(20)), Duration::hours(2));
        assert_eq!(pause(9, 0, Duration::minutes(3)), Duration::minutes(1));
        assert_eq!(pause(1, 7200, Duration::days(30)), Duration::hours(2));
        // One that has ended is not saved by haste.
        assert_eq!(pause(5, 0, Duration::hours(-1)), Duration::HOUR);
    }

    proptest::proptest! {
        #[test]
        fn a_pause_is_never_shorter_than_a_minute_nor_above_a_tenth(
            failures in 1u32.., asked in proptest::option::of(0u64..), left in 0i64..10_000_000,
        ) {
            let life_left = Duration::seconds(left);
            let asked = asked.map(StdDuration::from_secs);
            let pause = Failed { failures, asked, life_left: Some(life_left), seed: "a" }.pause();
            proptest::prop_assert!(pause >= SHORTEST_PAUSE);
            if left > 0 {
                proptest::prop_assert!(pause <= (life_left / 10i32).max(SHORTEST_PAUSE));
            }
        }
    }
}
