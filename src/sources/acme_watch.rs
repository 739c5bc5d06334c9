//! The thread that keeps one certificate of `--acme` valid.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvError, RecvTimeoutError};
use std::time::Duration;

use time::OffsetDateTime;

use super::acme_caller::{AcmeCaller, Consent};
use super::acme_leftovers::remove_leftovers;
use crate::acme::storage::{CertificateStore, ChallengeStore};
use crate::acme::{RenewalOutcome, Renewer, Urgency};
use crate::advice::acme::{deploy_hook, failure_of_serve, name_options_of_serve, remark};
use crate::advice::serve as advice;
use crate::console::Console;
use crate::finding::Finding;
use crate::sys::clock::{Clock, SystemClock, date, date_time};
use crate::sys::hook::HookRun;

/// A sleep is never longer: clocks are set, machines wake up, and another program may have renewed meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(60 * 60);
/// Checks are at least this far apart, whatever the state on disk says.
const SHORTEST_SLEEP: Duration = Duration::from_secs(60);
/// While another process works on the certificate, how often it is seen whether it has ended.
const BUSY_PAUSE: Duration = Duration::from_secs(2);

/// The work of one thread: renewing one certificate.
pub(super) struct CertificateWatch {
    pub(super) store: CertificateStore,
    pub(super) challenges: ChallengeStore,
    /// One for each kind of challenge that the listeners can answer.
    pub(super) renewers: Vec<Renewer>,
    pub(super) console: Console,
    pub(super) agrees: bool,
    /// Loads what is in use now, if it is another version.
    pub(super) compare: Arc<dyn Fn() + Send + Sync>,
    /// A check is wanted at once.
    pub(super) woken: mpsc::Receiver<()>,
}

impl CertificateWatch {
    /// Renews it for ever.
    pub(super) fn run(self, runtime: &tokio::runtime::Runtime) {
        let (console, name) = (self.console, self.store.name().to_owned());
        let consent = if self.agrees { Consent::Given } else { Consent::Missing };
        let say = move |line: &str| console.say(&format!("certkit: {name}: {line}"));
        let user = AcmeCaller::new(say, consent, &SystemClock);
        let mut renewers_in_turn = self.renewers.iter().cycle();
        let Some(mut renewer) = renewers_in_turn.next() else { return };
        let mut urgency = Urgency::default();
        let (mut is_revoked, mut is_busy) = (false, false);
        remove_leftovers(&self.store, &self.challenges);
        loop {
            // The first check is at once: it renews nothing before its time, but reports problems.
            match runtime.block_on(renewer.renew_if_due(&user, SystemClock.now(), urgency)) {
                // The server stops.
                Err(failed) if failed.error.is_interrupted() => return,
                Err(failed) if failed.error.is_busy() => {
                    if !std::mem::replace(&mut is_busy, true) {
                        user.say("another process is working on this certificate; waiting for it");
                    }
                    match self.sleep(BUSY_PAUSE) {
                        Ok(true) => urgency = Urgency { ask: true, force: is_revoked, retry: true },
                        Ok(false) => {}
                        Err(RecvError) => return,
                    }
                    continue;
                }
                Ok(RenewalOutcome::Revoked) => {
                    if !is_revoked || urgency.ask {
                        self.say_revoked();
                    }
                    is_revoked = true;
                }
                Ok(outcome) => {
                    is_revoked = false;
                    self.say(&user, outcome);
                }
                Err(failed) => {
                    // Perhaps only this challenge's port is unreachable. Where the server is away the challenge stays: of two
                    // servers in turn, each is to see both.
                    if failed.error.is_of_challenge() {
                        renewer = renewers_in_turn.next().unwrap_or(renewer);
                    }
                    self.say_findings(failure_of_serve(*failed.error, SystemClock.now()).findings);
                    if let Some(next) = failed.next_try {
                        say_next(&user, next);
                    }
                }
            }
            is_busy = false;
            // Also those of a process that was killed in the middle of an order, which this one has continued.
            remove_leftovers(&self.store, &self.challenges);
            // Also when another program has renewed it.
            (self.compare)();
            let pause = until_next_check(renewer).clamp(SHORTEST_SLEEP, LONGEST_SLEEP);
            urgency = match self.sleep(pause) {
                // A SIGHUP: check now, whatever the schedule says. The problem may be solved, and the user knows of the
                // revocation.
                Ok(true) => Urgency { ask: true, force: is_revoked, retry: true },
                Ok(false) => Urgency::default(),
                Err(RecvError) => return,
            };
        }
    }

    /// Sleeps, and tells whether it was woken.
    fn sleep(&self, pause: Duration) -> Result<bool, RecvError> {
        let is_woken = match self.woken.recv_timeout(pause) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => return Err(RecvError),
        };
        // One check serves all requests for one.
        while self.woken.try_recv().is_ok() {}
        Ok(is_woken)
    }

    fn say(&self, user: &AcmeCaller<'_>, outcome: RenewalOutcome) {
        match outcome {
            RenewalOutcome::Renewed(obtained) => {
                let until = obtained.chain.first().map(|leaf| date(leaf.not_after)).unwrap_or_default();
                user.say(&format!("new certificate, valid until {until}"));
                self.say_findings(obtained.remarks.into_iter().map(remark).collect());
                self.say_hook(obtained.hook.as_ref());
            }
            RenewalOutcome::HeldBack { until, .. } => say_next(user, until),
            RenewalOutcome::HookRepeated(_, run) => self.say_hook(Some(&run)),
            RenewalOutcome::Revoked | RenewalOutcome::NotDue(_) => {}
        }
    }

    fn say_revoked(&self) {
        self.say_findings(vec![advice::revoked()]);
    }

    /// A deploy hook of the first `certkit acme obtain` keeps being run.
    fn say_hook(&self, run: Option<&HookRun>) {
        self.say_findings(run.and_then(deploy_hook).into_iter().collect());
    }

    /// Prints findings with the name of the certificate.
    fn say_findings(&self, findings: Vec<Finding>) {
        let named = findings.into_iter().map(|mut finding| {
            name_options_of_serve(&mut finding);
            advice::about(self.store.name(), finding)
        });
        self.console.findings(&named.collect::<Vec<_>>());
    }
}

fn say_next(user: &AcmeCaller<'_>, at: OffsetDateTime) {
    let at = date_time(at);
    user.say(&format!("retrying at {at}; run `kill -HUP {}` to retry now", std::process::id()));
}

fn until_next_check(renewer: &Renewer) -> Duration {
    match renewer.next_check() {
        Ok(at) => Duration::try_from(at - SystemClock.now()).unwrap_or(Duration::ZERO),
        // The check reports the error.
        Err(_) => Duration::ZERO,
    }
}
