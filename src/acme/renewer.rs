//! Keeps one certificate valid: when it needs attention next, and what to do then.
//!
//! `certkit acme renew` checks once; a server that runs for months checks whenever [`Renewer::next_check`] says so. Both
//! use it, so that they agree on when to renew, which server to ask and how long to wait after a failure.

use time::{Duration, OffsetDateTime};

use super::ari;
use super::caller::{Caller, Progress};
use super::current::CurrentCertificate;
use super::error::Error;
use super::obtain::{Obtained, Prepared, prepare};
use super::plan::Plan;
use super::renewal_pause::pause_after;
use super::server::Server;
use super::storage::{CertificateStore, FailureRecord, RenewRecord, Storage};
use crate::sys::hook::HookRun;
use crate::x509::KeyKind;

/// When the server could not say when to renew: soon, since most trouble passes.
const ASK_AGAIN_AFTER_TROUBLE: Duration = Duration::hours(1);
/// A server without renewal information may learn it.
const ASK_AGAIN_WITHOUT: Duration = Duration::days(1);
/// A longer `Retry-After` is cut to this.
const LONGEST_PAUSE: Duration = Duration::days(7);
/// When to run a failed deploy hook again.
const HOOK_PAUSE: Duration = Duration::hours(1);

/// Keeps one certificate valid.
#[derive(Clone, Debug)]
pub struct Renewer {
    plan: Plan,
    storage: Storage,
}

/// What to do although it is not time yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Urgency {
    /// Ask the server when to renew, even if it said to come back later.
    pub ask: bool,
    /// Renew even if it is not due, or has just failed.
    pub force: bool,
    /// Try what is due again, even if it has just failed.
    pub retry: bool,
}

/// The result of one check.
#[derive(Debug)]
pub enum RenewalOutcome {
    /// Due, and not tried: it failed not long ago.
    HeldBack {
        /// When the next check will try.
        until: OffsetDateTime,
        failure: Option<FailureRecord>,
    },
    /// Not due; the deploy hook, which had failed, was run again.
    HookRepeated(CurrentCertificate, HookRun),
    /// There is a new certificate in use.
    Renewed(Box<Obtained>),
    /// It was revoked, and will not be renewed until the user asks for it.
    Revoked,
    NotDue(CurrentCertificate),
}

/// A renewal that failed; the certificate in use before is still in use.
#[derive(Debug)]
pub struct FailedRenewal {
    pub error: Box<Error>,
    /// When the next check will try again; `None` when not even that could be kept.
    pub next_try: Option<OffsetDateTime>,
}

impl Renewer {
    /// For the certificate of `plan`, which need not be there yet.
    pub fn new(plan: Plan, storage: Storage) -> Self {
        Self { plan, storage }
    }

    /// For a certificate that was got before, as its record says; `None` when the record does not say how to prove its
    /// names, because another program does.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::Key`], and [`Error::NoCertificate`] when there is no record.
    pub fn of_stored(storage: &Storage, store: &CertificateStore) -> Result<Option<Self>, Error> {
        let missing = || Error::NoCertificate { name: store.name().to_owned() };
        let record = store.record()?.ok_or_else(missing)?;
        let Some(challenge) = record.challenge.clone() else { return Ok(None) };
        let key_kind = KeyKind::ALL.into_iter().find(|kind| kind.as_str() == record.key_kind);
        let plan = Plan {
            names: record.names,
            server: record.server,
            ca_roots: record.ca_roots,
            key_kind: key_kind
                .ok_or_else(|| Error::Key(format!("unknown kind of key: {}", record.key_kind)))?,
            profile: record.profile,
            preferred_chain: record.preferred_chain,
            deploy_hook: record.deploy_hook,
            key_group: record.key_group,
            ..Plan::new(challenge)
        };
        Ok(Some(Self::new(plan, storage.clone())))
    }

    /// The certificate in use.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn current(&self) -> Result<Option<CurrentCertificate>, Error> {
        CurrentCertificate::load(&self.store())
    }

    /// When [`Self::renew_if_due`] has something to do next; in the past when it has now. Commands may change that, so a
    /// waiting server asks again every hour.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn next_check(&self) -> Result<OffsetDateTime, Error> {
        const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
        let record = self.store().record()?;
        let not_before = record.as_ref().and_then(|record| record.not_before).map_or(NOW, |at| at.0);
        let (Some(current), Some(record)) = (self.current()?, record) else { return Ok(not_before) };
        if record.revoked.is_some() {
            return Ok(time::PrimitiveDateTime::MAX.assume_utc());
        }
        if !self.is_wanted(&record) {
            return Ok(not_before);
        }
        let renewal = current.due.at.max(not_before);
        let question = record.ask_again.map_or(NOW, |at| at.0);
        let hook = match &record.hook {
            Some(hook) if record.hook_is_pending() => hook.at.0 + HOOK_PAUSE,
            _ => renewal,
        };
        Ok(renewal.min(question).min(hook))
    }

    /// Does what is due at `now`: asks the server when to renew, renews, runs a hook that is to be run again. Failures
    /// are kept, so that the next check knows how long to wait. Needs a tokio runtime with time and I/O; it may block on
    /// the certificate's lock while another run holds it, so a server gives it a thread of its own.
    ///
    /// # Errors
    /// [`FailedRenewal`], with the time of the next try.
    pub async fn renew_if_due(
        &self,
        caller: &dyn Caller,
        now: OffsetDateTime,
        urgency: Urgency,
    ) -> Result<RenewalOutcome, FailedRenewal> {
        let failed = |error: Error| FailedRenewal { error: Box::new(error), next_try: None };
        self.storage.check_access().map_err(|error| failed(error.into()))?;
        let record = self.store().record().map_err(|error| failed(error.into()))?;
        if record.as_ref().is_some_and(|record| record.revoked.is_some()) && !urgency.force {
            return Ok(RenewalOutcome::Revoked);
        }
        self.ask(caller, now, urgency.ask).await.map_err(failed)?;
        let plan = Plan { force: self.plan.force || urgency.force, ..self.plan.clone() };
        let may_wait = !urgency.force && !urgency.retry;
        if may_wait && let Some(turn) = self.held_back(now).map_err(failed)? {
            return Ok(turn);
        }
        let result = match prepare(plan, &self.storage, caller, now) {
            Ok(Prepared::NotDue(current)) => return Ok(RenewalOutcome::NotDue(current)),
            Ok(Prepared::HookOnly(hook)) => match hook.run(caller) {
                Ok((current, Some(run))) => return Ok(RenewalOutcome::HookRepeated(current, run)),
                Ok((current, None)) => return Ok(RenewalOutcome::NotDue(current)),
                Err(error) => Err(error),
            },
            Ok(Prepared::Needed(work)) => {
                // Again, now that the lock is held: another run may have failed while this one waited.
                if may_wait && let Some(turn) = self.held_back(now).map_err(failed)? {
                    return Ok(turn);
                }
                work.run(caller).await
            }
            Err(error) => Err(error),
        };
        match result {
            Ok(obtained) => Ok(RenewalOutcome::Renewed(Box::new(obtained))),
            Err(error) => {
                let next_try = self.note_failure(&error, caller, now).map_err(failed)?;
                Err(FailedRenewal { error: Box::new(error), next_try: Some(next_try) })
            }
        }
    }

    /// Asks the server when to renew, if it is time to ask. A server that does not say is fine.
    async fn ask(&self, caller: &dyn Caller, now: OffsetDateTime, at_once: bool) -> Result<(), Error> {
        let Some(current) = self.current()? else { return Ok(()) };
        let store = self.store();
        let is_time = |record: &RenewRecord| {
            // A time that no answer leads to was kept while the clock was wrong.
            let is_time = |at: OffsetDateTime| at <= now || at > now + ari::LONGEST_PAUSE;
            record.server == self.plan.server && (at_once || record.ask_again.is_none_or(|at| is_time(at.0)))
        };
        if !store.record()?.is_some_and(|record| is_time(&record)) {
            return Ok(());
        }
        let _lock = store.lock(|| caller.progress(Progress::WaitingForLock))?;
        let Some(mut record) = store.renew_record()?.filter(|record| is_time(record)) else { return Ok(()) };
        let Some(leaf) = current.chain.first() else { return Ok(()) };
        let asked = async {
            let mut plan = self.plan.clone();
            RenewRecord::complete(Some(&record), &mut plan);
            let server = Server::connect(&plan.server, plan.ca_roots.as_deref(), caller).await?;
            ari::ask(&server, leaf, record.window.as_ref(), caller).await
        };
        match asked.await {
            Ok(Some((window, pause))) => {
                caller.progress(Progress::Window { window: &window });
                record.window = Some(window);
                record.ask_again = Some((now + pause).into());
            }
            Ok(None) => record.ask_again = Some((now + ASK_AGAIN_WITHOUT).into()),
            Err(error) => {
                caller.progress(Progress::NoWindow { reason: &error.to_string() });
                let pause = match error {
                    Error::TryLater { retry_after: asked @ Some(_), .. } => ari::pause(asked),
                    _ => ASK_AGAIN_AFTER_TROUBLE,
                };
                record.ask_again = Some((now + pause).into());
            }
        }
        Ok(store.save_record(&record)?)
    }

    /// Whether a certificate that is due has failed too short a time ago.
    fn held_back(&self, now: OffsetDateTime) -> Result<Option<RenewalOutcome>, Error> {
        let store = self.store();
        let Some(record) = store.record()? else { return Ok(None) };
        // No pause is longer; one that seems to be was kept while the clock was wrong.
        let is_ahead = |until: &OffsetDateTime| (now..=now + LONGEST_PAUSE).contains(until) && *until != now;
        let Some(until) = record.not_before.map(|at| at.0).filter(is_ahead) else {
            return Ok(None);
        };
        let is_good = self.current()?.is_some_and(|current| now < current.due.at)
            && record.difference(&self.plan).is_none();
        Ok((!is_good).then_some(RenewalOutcome::HeldBack { until, failure: record.last_failure }))
    }

    /// Keeps a failure and gives the time of the next try.
    fn note_failure(
        &self,
        error: &Error,
        caller: &dyn Caller,
        now: OffsetDateTime,
    ) -> Result<OffsetDateTime, Error> {
        let store = self.store();
        let _lock = store.lock(|| caller.progress(Progress::WaitingForLock))?;
        let mut record = store.record()?.unwrap_or_else(|| RenewRecord::new(&self.plan));
        record.failures = record.failures.saturating_add(1);
        let usual = now + pause_after(record.failures);
        let next_try = match error {
            Error::TryLater { retry_after: Some(asked), .. } => {
                let asked = Duration::try_from(*asked).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE);
                usual.max(now + asked)
            }
            Error::Exhausted(exhausted) => usual.max(exhausted.until),
            _ => usual,
        };
        record.not_before = Some(next_try.into());
        record.last_failure = Some(FailureRecord { at: now.into(), message: error.in_one_line() });
        store.save_record(&record)?;
        Ok(next_try)
    }

    /// Whether the certificate of this record is the planned one.
    fn is_wanted(&self, record: &RenewRecord) -> bool {
        let mut plan = self.plan.clone();
        RenewRecord::complete(Some(record), &mut plan);
        record.difference(&plan).is_none()
    }

    fn store(&self) -> CertificateStore {
        self.storage.certificate(self.plan.names.first().map_or("", String::as_str))
    }
}
