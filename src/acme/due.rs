//! When a certificate is due for renewal, and when to try again after a failure.

use time::{Duration, OffsetDateTime};

use super::ari;
use super::storage::RenewRecord;
use crate::x509::{Certificate, RenewalPolicy};

/// After the first, second and third failure in a row; from then on daily. Short at first, since most trouble passes,
/// and never more often than what servers count as abuse.
const RETRIES: [Duration; 3] = [Duration::minutes(1), Duration::minutes(10), Duration::minutes(100)];
const LATER_RETRIES: Duration = Duration::days(1);

/// When a certificate should be renewed, and on whose word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// From when on.
    pub at: OffsetDateTime,
    /// Whether the server said so (RFC 9773); else it follows from the lifetime.
    pub by_server: bool,
}

/// When `leaf` should be renewed: at the point chosen in the server's window, else by its lifetime.
pub fn due(leaf: &Certificate, record: &RenewRecord) -> Due {
    let window = record
        .window
        .as_ref()
        .filter(|window| ari::certificate_id(leaf).as_deref() == Some(window.certificate.as_str()));
    match window {
        Some(window) => Due { at: window.chosen.0, by_server: true },
        None => Due { at: due_at(leaf), by_server: false },
    }
}

/// When a certificate should be renewed by its lifetime alone.
pub fn due_at(leaf: &Certificate) -> OffsetDateTime {
    RenewalPolicy::LastThird.due_at(leaf.not_before, leaf.not_after)
}

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
