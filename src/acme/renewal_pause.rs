//! When to try again after a failure.

use time::Duration;

/// After the first, second and third failure in a row; from then on daily. Short at first, since most trouble passes,
/// and never more often than what servers count as abuse.
const RETRIES: [Duration; 3] = [Duration::minutes(1), Duration::minutes(10), Duration::minutes(100)];
const LATER_RETRIES: Duration = Duration::days(1);

/// How long to wait after so many failures in a row, at least one.
pub(super) fn pause_after(failures: u32) -> Duration {
    let index = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
    RETRIES.get(index).copied().unwrap_or(LATER_RETRIES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_become_rarer() {
        let minutes: Vec<_> = (1..=5).map(|failures| pause_after(failures).whole_minutes()).collect();
        assert_eq!(minutes, [1, 10, 100, 1440, 1440]);
    }
}
