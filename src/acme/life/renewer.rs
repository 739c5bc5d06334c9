//! Keeps one certificate valid: when it needs attention next, and what to do then.
//!
//! `certkit acme renew` checks once; a server that runs for months checks whenever [`Renewer::next_check`] says so. Both
//! use it, so that they agree on when to renew, which server to ask and how long to wait after a failure.

use time::{Duration, OffsetDateTime};

use crate::acme::caller::{Caller, Progress};
use crate::acme::client::connections::Connections;
use crate::acme::error::Error;
use crate::acme::hooks::failure_hook;
use crate::acme::hooks::failure_hook::UnsavedRun;
use crate::acme::life::ari;
use crate::acme::life::current::CurrentCertificate;
use crate::acme::life::fallback::Failing;
use crate::acme::life::obtain::{Obtained, Prepared, prepare};
use crate::acme::order::stop;
use crate::acme::plan::Plan;
use crate::acme::storage::renewal_pause::{Failed, LONGEST_PAUSE, SHORTEST_PAUSE};
use crate::acme::storage::{self, CertificateStore, FailureRecord, RenewRecord, Storage};
use crate::sys::hook::HookRun;
use crate::sys::machine;
use crate::x509::KeyKind;

/// When the server could not say when to renew: soon, since most trouble passes.
const ASK_AGAIN_AFTER_TROUBLE: Duration = Duration::hours(1);
/// A server without renewal information may learn it.
const ASK_AGAIN_WITHOUT: Duration = Duration::days(1);
/// When to run a failed deploy hook again.
const HOOK_PAUSE: Duration = Duration::hours(1);
/// When to renew a certificate again that is due from its beginning.
const PAUSE_OF_A_WRONG_CLOCK: Duration = Duration::hours(1);

/// Keeps one certificate valid.
#[derive(Clone, Debug)]
pub struct Renewer {
    plan: Plan,
    storage: Storage,
    failure_hook: UnsavedRun,
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
        Self { plan, storage, failure_hook: UnsavedRun::default() }
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
        let known = || KeyKind::ALL.into_iter().find(|kind| kind.as_str() == record.key_kind);
        let key_kind = match &record.request {
            Some(request) => Some(request.key_kind().unwrap_or(KeyKind::EcdsaP256)),
            None => known(),
        };
        let plan = Plan {
            names: record.names,
            server: record.servers.first().unwrap_or(&record.server).clone(),
            servers: record.servers,
            ca_roots: record.ca_roots,
            key_kind: key_kind
                .ok_or_else(|| Error::Key(format!("unknown kind of key: {}", record.key_kind)))?,
            request: record.request,
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
        self.renew_over(&Connections::default(), caller, now, urgency).await
    }

    /// The same over connections that other certificates of this run use too.
    ///
    /// # Errors
    /// As [`Self::renew_if_due`].
    pub async fn renew_over(
        &self,
        connections: &Connections,
        caller: &dyn Caller,
        now: OffsetDateTime,
        urgency: Urgency,
    ) -> Result<RenewalOutcome, FailedRenewal> {
        let failed = |error: Error| FailedRenewal { error: Box::new(error), next_try: None };
        stop::check().map_err(failed)?;
        self.storage.check_access().map_err(|error| failed(error.into()))?;
        let record = self.store().record().map_err(|error| failed(error.into()))?;
        if record.as_ref().is_some_and(|record| record.revoked.is_some()) && !urgency.force {
            return Ok(RenewalOutcome::Revoked);
        }
        self.ask(connections, caller, now, urgency.ask).await.map_err(failed)?;
        let server = self.server_to_ask(now).map_err(failed)?;
        let force = self.plan.force || urgency.force;
        let plan = Plan { force, server: server.clone(), ..self.plan.clone() };
        let may_wait = !urgency.force && !urgency.retry;
        if may_wait && let Some(turn) = self.held_back(now).map_err(failed)? {
            self.raise_alarm(caller, now).map_err(failed)?;
            return Ok(turn);
        }
        if urgency.retry {
            self.end_pause(&server).map_err(failed)?;
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
                    drop(work);
                    self.raise_alarm(caller, now).map_err(failed)?;
                    return Ok(turn);
                }
                work.run_over(connections, caller).await
            }
            Err(error) => Err(error),
        };
        match result {
            Ok(obtained) => {
                if obtained.due.at <= now {
                    self.rest(caller, now).map_err(failed)?;
                }
                Ok(RenewalOutcome::Renewed(Box::new(obtained)))
            }
            // It is not a failure: the other one renews it, and keeps its own.
            Err(error) if error.is_busy() => Err(failed(error)),
            Err(error @ Error::Interrupted) => Err(failed(error)),
            Err(error) => {
                let next_try = self.note_failure(&error, &server, caller, now).map_err(failed)?;
                Err(FailedRenewal { error: Box::new(error), next_try: Some(next_try) })
            }
        }
    }

    /// What keeps [`Self::renew_if_due`] from ordering what is due at `now`, unless it is urgent: a revocation, or a
    /// failure not long ago.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn hindrance(&self, now: OffsetDateTime) -> Result<Option<RenewalOutcome>, Error> {
        if self.store().record()?.is_some_and(|record| record.revoked.is_some()) {
            return Ok(Some(RenewalOutcome::Revoked));
        }
        self.held_back(now)
    }

    /// Asks the server when to renew, if it is time to ask, and does no more. A server that does not say is fine.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn ask_if_time(&self, caller: &dyn Caller, now: OffsetDateTime) -> Result<(), Error> {
        stop::check()?;
        self.ask(&Connections::default(), caller, now, false).await
    }

    /// Asks the server when to renew, if it is time to ask. A server that does not say is fine.
    async fn ask(
        &self,
        connections: &Connections,
        caller: &dyn Caller,
        now: OffsetDateTime,
        at_once: bool,
    ) -> Result<(), Error> {
        let Some(current) = self.current()? else { return Ok(()) };
        let store = self.store();
        let is_time = |record: &RenewRecord| {
            // A time that no answer leads to was kept while the clock was wrong.
            let is_time = |at: OffsetDateTime| at <= now || at > now + ari::LONGEST_PAUSE;
            let is_open = at_once || record.ask_again.is_none_or(|at| is_time(at.0));
            self.plan.may_issue(&record.server) && is_open
        };
        if !store.record()?.is_some_and(|record| is_time(&record)) {
            return Ok(());
        }
        let _lock = store.lock(|| caller.progress(Progress::WaitingForLock))?;
        let Some(mut record) = store.renew_record()?.filter(|record| is_time(record)) else { return Ok(()) };
        let Some(leaf) = current.chain.first() else { return Ok(()) };
        let asked = async {
            let mut plan = Plan { server: record.server.clone(), ..self.plan.clone() };
            RenewRecord::complete(Some(&record), &mut plan);
            let server = connections.server(&plan.server, plan.roots(), caller).await?;
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

    /// The server to ask for the next certificate.
    fn server_to_ask(&self, now: OffsetDateTime) -> Result<String, Error> {
        let record = self.store().record()?;
        let failing = self.failing(record.as_ref(), now)?;
        Ok(failing.next_server(&self.plan.servers, now).unwrap_or(&self.plan.server).to_owned())
    }

    /// How renewals have failed so far.
    fn failing<'a>(
        &self,
        record: Option<&'a RenewRecord>,
        now: OffsetDateTime,
    ) -> Result<Failing<'a>, Error> {
        let end = self.current()?.and_then(|current| current.end());
        Ok(Failing {
            since: record.and_then(|record| record.failing_since).map(|at| at.0),
            server: record.and_then(|record| record.last_failure.as_ref()?.server.as_deref()),
            life_left: end.map(|end| end - now),
        })
    }

    /// When to try again at a server that gets no more orders until a time: earlier where another one may get them.
    fn until_fallback(
        &self,
        record: &RenewRecord,
        server: &str,
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<OffsetDateTime, Error> {
        for other in self.plan.servers.iter().filter(|other| *other != server) {
            let history = self.storage.account(other).history()?;
            if history.allows(&self.plan.names, now).is_ok()
                && history.is_paused(&self.plan.names, now).is_ok()
            {
                let fallback = self.failing(Some(record), now)?.fallback_at(now);
                return Ok(until.min(fallback.max(now + SHORTEST_PAUSE)));
            }
        }
        Ok(until)
    }

    /// Whether so little is left of the certificate in use that somebody must know that its renewals fail.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn is_near_its_end(&self, now: OffsetDateTime) -> Result<bool, Error> {
        let current = self.current()?;
        let leaf = current.as_ref().and_then(|current| current.chain.first());
        Ok(leaf.is_some_and(|leaf| failure_hook::is_near_its_end(leaf, now)))
    }

    /// Runs the failure hook although nothing is tried: the certificate nears its end all the same.
    fn raise_alarm(&self, caller: &dyn Caller, now: OffsetDateTime) -> Result<(), Error> {
        let store = self.store();
        let current = self.current()?;
        let leaf = current.as_ref().and_then(|current| current.chain.first());
        let is_time =
            |record: &RenewRecord| leaf.is_some_and(|leaf| self.failure_hook.is_time(record, leaf, now));
        if !store.record()?.is_some_and(|record| is_time(&record)) {
            return Ok(());
        }
        let _lock = match store.lock(|| caller.progress(Progress::WaitingForLock)) {
            // The other one does it.
            Err(storage::Error::Busy(_)) => return Ok(()),
            lock => lock?,
        };
        let Some(mut record) = store.record()? else { return Ok(()) };
        let save = |record: &RenewRecord| store.save_record(record);
        Ok(self.failure_hook.run_if_due(&mut record, leaf, save, (caller, now))?)
    }

    /// Forgets the pause that the server asked for: the user wants a try now.
    fn end_pause(&self, server: &str) -> Result<(), Error> {
        let account = self.storage.account(server);
        if account.history()?.end_pause(&self.plan.names) {
            account.add_to_history(|history| {
                history.end_pause(&self.plan.names);
            })?;
        }
        Ok(())
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
        server: &str,
        caller: &dyn Caller,
        now: OffsetDateTime,
    ) -> Result<OffsetDateTime, Error> {
        let store = self.store();
        let _lock = store.lock(|| caller.progress(Progress::WaitingForLock))?;
        let mut record = store.record()?.unwrap_or_else(|| RenewRecord::new(&self.plan));
        let failure =
            FailureRecord { at: now.into(), message: error.in_one_line(), server: Some(server.to_owned()) };
        let next_try = match error {
            // Nothing was tried, so what failed before is still what is wrong.
            Error::Exhausted(exhausted) | Error::Paused(exhausted) => {
                record.failing_since.get_or_insert_with(|| now.into());
                // Unless it was another server's.
                match &record.last_failure {
                    Some(before) if before.server.as_deref().is_none_or(|before| before == server) => {}
                    _ => record.last_failure = Some(failure),
                }
                self.until_fallback(&record, server, exhausted.until, now)?
            }
            error => {
                record.failures = record.failures.saturating_add(1);
                record.failing_since.get_or_insert_with(|| now.into());
                record.last_failure = Some(failure);
                self.after_failure(error, server, &record, now)?
            }
        };
        record.not_before = Some(next_try.into());
        let current = self.current()?;
        let leaf = current.as_ref().and_then(|current| current.chain.first());
        let save = |record: &RenewRecord| store.save_record(record);
        self.failure_hook.run_if_due(&mut record, leaf, save, (caller, now))?;
        Ok(next_try)
    }

    /// A new certificate that is due already was issued by another clock than the one here: the next is not ordered at
    /// once, or orders would follow each other until the clock is right.
    fn rest(&self, caller: &dyn Caller, now: OffsetDateTime) -> Result<(), Error> {
        let store = self.store();
        let _lock = store.lock(|| caller.progress(Progress::WaitingForLock))?;
        let Some(mut record) = store.record()? else { return Ok(()) };
        record.not_before = Some((now + PAUSE_OF_A_WRONG_CLOCK).into());
        let message =
            "the new certificate is due already; the clock here differs from the server's".to_owned();
        record.last_failure =
            Some(FailureRecord { at: now.into(), message, server: Some(record.server.clone()) });
        Ok(store.save_record(&record)?)
    }

    /// When to try again after so many failures in a row.
    fn after_failure(
        &self,
        error: &Error,
        server: &str,
        record: &RenewRecord,
        now: OffsetDateTime,
    ) -> Result<OffsetDateTime, Error> {
        let asked = match error {
            Error::TryLater { retry_after, .. } => *retry_after,
            _ => None,
        };
        let end = self.current()?.and_then(|current| current.end());
        let seed = format!("{} {}", machine::identity(), self.store().live_files().fullchain.display());
        let life_left = end.map(|end| end - now);
        let failed = Failed { failures: record.failures, asked, life_left, seed: &seed };
        let next = now + failed.pause();
        if !matches!(error, Error::Validation(_)) {
            return Ok(next);
        }
        // The server counts failed validations, whatever this certificate has left.
        let history = self.storage.account(server).history()?;
        match history.allows(&self.plan.names, next) {
            Ok(()) => Ok(next),
            Err(exhausted) => Ok(self.until_fallback(record, server, exhausted.until, now)?.max(next)),
        }
    }

    /// Whether the certificate of this record is the planned one.
    pub fn is_wanted(&self, record: &RenewRecord) -> bool {
        let mut plan = self.plan.clone();
        RenewRecord::complete(Some(record), &mut plan);
        record.difference(&plan).is_none()
    }

    fn store(&self) -> CertificateStore {
        self.storage.certificate(self.plan.names.first().map_or("", String::as_str))
    }
}
