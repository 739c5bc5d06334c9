//! The failure hook: a certificate nears its end and its renewals fail.

use std::sync::{Arc, Mutex, PoisonError};

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::acme::caller::{Caller, Progress};
use crate::acme::storage::{RenewRecord, Timestamp};
use crate::sys::hook::{Hook, HookFailure};
use crate::x509::Certificate;

/// The part of its lifetime that a certificate has left when the hook is due: nine days of ninety, sixteen hours of 160.
const LAST_PART: i32 = 10;
/// For a certificate of a few days the hook runs more often than daily, but not at each try.
const MOST_RUNS: i32 = 20;

/// When the hook of a certificate ran last, where that could not be written down.
#[derive(Clone, Debug, Default)]
pub struct UnsavedRun(Arc<Mutex<Option<Timestamp>>>);

impl UnsavedRun {
    /// Runs the failure hook if it is time for it, after `save` has kept a record that says so. Without room on the disk
    /// it runs all the same, and no more often. Blocks.
    ///
    /// # Errors
    /// When the record cannot be saved.
    pub fn run_if_due<E>(
        &self,
        record: &mut RenewRecord,
        leaf: Option<&Certificate>,
        save: impl FnOnce(&RenewRecord) -> Result<(), E>,
        (caller, now): (&dyn Caller, OffsetDateTime),
    ) -> Result<(), E> {
        let is_time = leaf.is_some_and(|leaf| self.is_time(record, leaf, now));
        if is_time {
            record.failure_hook_ran = Some(now.into());
        }
        let saved = save(record);
        if let Some(leaf) = leaf.filter(|_| is_time) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
                record.failure_hook_ran.filter(|_| saved.is_err());
            run(record, leaf, caller, now);
        }
        saved
    }

    /// Whether the hook of this record is to be run.
    pub fn is_time(&self, record: &RenewRecord, leaf: &Certificate, now: OffsetDateTime) -> bool {
        let unsaved = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        record.life.failure_hook.is_some()
            && [record.failure_hook_ran, unsaved].into_iter().all(|ran| is_time(ran, leaf, now))
    }
}

/// Whether so little is left of a certificate that somebody must know that its renewals fail.
pub fn is_near_its_end(leaf: &Certificate, now: OffsetDateTime) -> bool {
    is_in_last_part((leaf.not_before, leaf.not_after), now)
}

fn run(record: &RenewRecord, leaf: &Certificate, caller: &dyn Caller, now: OffsetDateTime) {
    let Some(command) = record.life.failure_hook.clone() else { return };
    caller.progress(Progress::RunHook { when: "for failures", command: &command });
    // As for deploy hooks, no text of the server's.
    let run = Hook::new(&command)
        .env("CERTKIT_NAME", record.names.first().map_or("", String::as_str))
        .env("CERTKIT_NAMES", record.names.join(" "))
        .env("CERTKIT_NOT_AFTER", leaf.not_after.format(&Rfc3339).unwrap_or_default())
        .env("CERTKIT_HOURS_LEFT", (leaf.not_after - now).whole_hours().to_string())
        .env("CERTKIT_FAILURES", record.failures.to_string())
        .run();
    if let Some(failure) = &run.failure {
        let reason: &HookFailure = failure;
        caller.progress(Progress::HookFailed { command: &command, reason });
    }
}

fn is_in_last_part(validity: (OffsetDateTime, OffsetDateTime), now: OffsetDateTime) -> bool {
    validity.1 - now <= (validity.1 - validity.0) / LAST_PART
}

fn is_time(ran: Option<Timestamp>, leaf: &Certificate, now: OffsetDateTime) -> bool {
    is_due(ran, (leaf.not_before, leaf.not_after), now)
}

fn is_due(ran: Option<Timestamp>, validity: (OffsetDateTime, OffsetDateTime), now: OffsetDateTime) -> bool {
    let pause = ((validity.1 - validity.0) / MOST_RUNS).min(Duration::days(1));
    // A time in the future was kept while the clock was wrong.
    let is_silent = |last: OffsetDateTime| last <= now && now - last < pause;
    is_in_last_part(validity, now) && !ran.is_some_and(|last| is_silent(last.0))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn it_is_for_the_last_tenth_and_once_a_day() {
        let begin = datetime!(2026-01-01 00:00 UTC);
        let end = begin + Duration::days(90);
        let is_time = |days_left, since: Option<Duration>| {
            let now = end - Duration::days(days_left);
            is_due(since.map(|since| (now - since).into()), (begin, end), now)
        };
        assert!(!is_time(30, None));
        assert!(!is_time(10, None));
        assert!(is_time(9, None));
        assert!(!is_time(9, Some(Duration::hours(23))));
        assert!(is_time(8, Some(Duration::hours(24))));
        assert!(is_time(-1, None), "also when it has ended");
        assert!(is_time(5, Some(Duration::days(-400))), "a clock that was wrong silences nothing");
    }
}
