//! `--acme-on-demand` and `--acme-ask`: certificates for names that a client asks for first.
//!
//! ```text
//! hello ── not served, may be ──> NameMemory ── first ──> Permission ── yes ──> budget ──> a thread with a Renewer
//! ```
//!
//! Anybody can send a hello for any name. So each name is decided on once and then left alone for a while, names that got
//! nothing are remembered within bounds, few are decided on at a time, orders are counted by the hour, and few clients
//! wait: the others get what they would get without this.

use std::fmt;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::acme_caller::{AcmeCaller, Consent};
use super::acme_leftovers::remove_leftovers;
use super::on_demand_memory::{Admission, NameMemory};
use super::on_demand_permission::{Decision, Permission};
use crate::acme::storage::{CertificateStore, Storage};
use crate::acme::{self, CurrentCertificate, FailedRenewal, RenewalOutcome, Renewer, Urgency};
use crate::advice::acme::failure_of_serve;
use crate::advice::serve as advice;
use crate::console::Console;
use crate::finding::Finding;
use crate::sys::clock::{Clock, SystemClock, date};

/// Clients that wait for a certificate at a time.
const MOST_WAITING: usize = 256;
/// Orders that run at a time.
const MOST_ORDERS: usize = 4;
/// How long it is remembered that a name may not have a certificate.
const DENIED: Duration = Duration::from_secs(10 * 60);
/// The same when it could not be found out, and when there were too many orders.
const UNKNOWN: Duration = Duration::from_secs(30);
/// After a failed order at least; the state says when it is tried again.
const FAILED: Duration = Duration::from_secs(60);
/// How often it is seen whether another process has ended its order, and how long.
const BUSY_PAUSE: Duration = Duration::from_secs(1);
const BUSY_CHECKS: u32 = 120;
/// How often certificates are looked through for those that are due.
const RENEWAL_PAUSE: Duration = Duration::from_secs(60 * 60);

/// What `--acme-on-demand` and its companions ask for.
pub struct OnDemandRequest {
    /// Names and wildcards; any name where there is none.
    pub names: Vec<String>,
    /// Who is asked about each.
    pub ask: Option<String>,
    /// Orders an hour.
    pub limit: u32,
}

/// Makes what renews the certificate of a name, one for each kind of challenge.
pub(super) type RenewersOf = Box<dyn Fn(&str, &CertificateStore) -> Vec<Renewer> + Send + Sync>;

pub(super) struct OnDemand {
    permission: Arc<Permission>,
    limit: u32,
    storage: Storage,
    renewers: RenewersOf,
    /// Serves the certificate from now on.
    serve: Box<dyn Fn(CertificateStore) + Send + Sync>,
    memory: Mutex<NameMemory>,
    waiting: Semaphore,
    orders: Semaphore,
    console: Console,
    agrees: bool,
}

/// What the state has under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stored {
    /// Nothing that is in the way of an order.
    Nothing,
    /// The certificate that would be ordered.
    Wanted,
    /// One that somebody else has got, for other names or in another way.
    Another,
}

impl fmt::Debug for OnDemand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnDemand").field("permission", &self.permission).finish_non_exhaustive()
    }
}

impl OnDemand {
    pub(super) fn new(
        permission: Arc<Permission>,
        limit: u32,
        storage: Storage,
        renewers: RenewersOf,
        serve: Box<dyn Fn(CertificateStore) + Send + Sync>,
        (console, agrees): (Console, bool),
    ) -> Self {
        Self {
            permission,
            limit,
            storage,
            renewers,
            serve,
            memory: Mutex::default(),
            waiting: Semaphore::new(MOST_WAITING),
            orders: Semaphore::new(MOST_ORDERS),
            console,
            agrees,
        }
    }

    /// Whether a name is worth a question; looks nowhere.
    pub(super) fn may_be(&self, name: &str) -> bool {
        self.permission.may_be(name)
    }

    /// Waits until there is a certificate for `name`, or none to be had; whether there is one.
    pub(super) async fn wait_for(self: &Arc<Self>, name: &str) -> bool {
        let Ok(_seat) = self.waiting.try_acquire() else { return false };
        let admission = self.memory().admit(name, Instant::now());
        let mut decided = match admission {
            Admission::First(decided) => {
                let (on_demand, name) = (Arc::clone(self), name.to_owned());
                // It goes on when the client leaves: the next one need not wait then.
                tokio::spawn(async move {
                    let result = on_demand.decide(&name).await;
                    on_demand.memory().finish(&name, result, Instant::now());
                });
                decided
            }
            Admission::Running(decided) => decided,
            Admission::Refused => return false,
        };
        let result = decided.wait_for(Option::is_some).await;
        result.is_ok_and(|decided| *decided == Some(true))
    }

    /// Decides on a name and gets its certificate, or says how long nobody needs to ask again.
    async fn decide(self: &Arc<Self>, name: &str) -> Result<(), Duration> {
        match self.permission.decide(name).await {
            Decision::Granted => {}
            Decision::Denied => return Err(DENIED),
            Decision::Unknown => return Err(UNKNOWN),
        }
        // The semaphore is never closed.
        let Ok(_permit) = self.orders.acquire().await else { return Err(UNKNOWN) };
        let (send, received) = tokio::sync::oneshot::channel();
        let (on_demand, name) = (Arc::clone(self), name.to_owned());
        // An order waits for files, and its future stays on one thread.
        let ordering = move || {
            let _ = send.send(on_demand.order(&name));
        };
        let thread = std::thread::Builder::new().name("acme-on-demand".to_owned()).spawn(ordering);
        match thread {
            Ok(_) => received.await.unwrap_or(Err(UNKNOWN)),
            Err(error) => {
                tracing::warn!("cannot order a certificate: {error}");
                Err(UNKNOWN)
            }
        }
    }

    /// Gets the certificate of a name, unless another process has it or does.
    fn order(&self, name: &str) -> Result<(), Duration> {
        let mut is_counted = false;
        for _ in 0..BUSY_CHECKS {
            match self.attempt(name, &mut is_counted) {
                Ok(result) => return result,
                // That process counts its order, and says what goes wrong.
                Err(failed) if failed.error.is_busy() => std::thread::sleep(BUSY_PAUSE),
                // The server stops.
                Err(failed) if failed.error.is_interrupted() => return Err(UNKNOWN),
                Err(failed) => {
                    let pause = failed.next_try.map_or(FAILED, until_then);
                    self.say(name, failure_of_serve(*failed.error, SystemClock.now()).findings);
                    return Err(pause);
                }
            }
        }
        Err(UNKNOWN)
    }

    /// The same once; an error that is busy while another process works on the certificate. An order that is counted
    /// already is not counted again.
    fn attempt(&self, name: &str, is_counted: &mut bool) -> Result<Result<(), Duration>, FailedRenewal> {
        let store = self.storage.certificate(name);
        if let Some(result) = self.without_order(name, &store).map_err(unnoted)? {
            return Ok(result);
        }
        if !*is_counted {
            // While this is held nobody else orders or counts; what was done meanwhile is seen.
            let _lock = store.lock(|| {}).map_err(|error| unnoted(error.into()))?;
            if let Some(result) = self.without_order(name, &store).map_err(unnoted)? {
                return Ok(result);
            }
            let counted = self.storage.on_demand().take_order(self.limit, SystemClock.now());
            *is_counted = counted.map_err(|error| unnoted(error.into()))?;
            if !*is_counted {
                tracing::warn!("{name}: no certificate: --acme-on-demand-limit is {} an hour", self.limit);
                return Ok(Err(UNKNOWN));
            }
        }
        let outcome = self.renew(name, &store, Urgency::default())?;
        Ok(match pause_after(&outcome) {
            Some(pause) => Err(pause),
            None => self.keep(name, store),
        })
    }

    /// The result where an order is not needed, or is not to be.
    fn without_order(
        &self,
        name: &str,
        store: &CertificateStore,
    ) -> Result<Option<Result<(), Duration>>, acme::Error> {
        match self.stored(name, store)? {
            Stored::Wanted => Ok(Some(self.keep(name, store.clone()))),
            Stored::Another => {
                tracing::warn!("{name}: no certificate on demand: the state has another one under this name");
                Ok(Some(Err(DENIED)))
            }
            Stored::Nothing => {
                let hindrance = self.renewer(name, store)?.hindrance(SystemClock.now())?;
                Ok(hindrance.as_ref().and_then(pause_after).map(Err))
            }
        }
    }

    /// What the state has for a name. Certificates that were not got on demand are not replaced, whatever they are.
    fn stored(&self, name: &str, store: &CertificateStore) -> Result<Stored, acme::Error> {
        let Some(record) = store.record()? else {
            return Ok(if exists(store) { Stored::Another } else { Stored::Nothing });
        };
        if record.names != [name] {
            return Ok(Stored::Another);
        }
        if !self.renewer(name, store)?.is_wanted(&record) {
            return Ok(if !exists(store) || self.storage.on_demand().has(name)? {
                Stored::Nothing
            } else {
                Stored::Another
            });
        }
        Ok(CurrentCertificate::load(store)?.map_or(Stored::Nothing, |_| Stored::Wanted))
    }

    fn renewer(&self, name: &str, store: &CertificateStore) -> Result<Renewer, acme::Error> {
        let missing = || acme::Error::NoCertificate { name: name.to_owned() };
        (self.renewers)(name, store).into_iter().next().ok_or_else(missing)
    }

    fn renew(
        &self,
        name: &str,
        store: &CertificateStore,
        urgency: Urgency,
    ) -> Result<RenewalOutcome, FailedRenewal> {
        let renewers = (self.renewers)(name, store);
        // Perhaps only one challenge's port is unreachable: the next attempt uses the other one. Several servers may be asked
        // in turn, and each is to see both.
        let failures = store.record().ok().flatten().map_or(0, |record| record.failures);
        let failures = usize::try_from(failures).unwrap_or_default();
        let turn = failures / self.permission.servers().max(1) % renewers.len().max(1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| unnoted(acme::Error::EventLoop(error)))?;
        let Some(renewer) = renewers.get(turn) else {
            return Err(unnoted(acme::Error::NoCertificate { name: name.to_owned() }));
        };
        let caller = self.caller(name);
        let outcome = runtime.block_on(renewer.renew_if_due(&caller, SystemClock.now(), urgency));
        remove_leftovers(store, &self.storage.challenges());
        let outcome = outcome?;
        if let RenewalOutcome::Renewed(obtained) = &outcome {
            let until = obtained.chain.first().map(|leaf| date(leaf.not_after)).unwrap_or_default();
            caller.say(&format!("new certificate on demand, valid until {until}"));
        }
        Ok(outcome)
    }

    fn caller<'a>(&'a self, name: &'a str) -> AcmeCaller<'a> {
        let consent = if self.agrees { Consent::Given } else { Consent::Missing };
        let say = move |line: &str| self.console.say(&format!("certkit: {name}: {line}"));
        AcmeCaller::new(say, consent, &SystemClock)
    }

    /// Serves a certificate, now and after a restart.
    fn keep(&self, name: &str, store: CertificateStore) -> Result<(), Duration> {
        if let Err(error) = self.storage.on_demand().add(name) {
            self.say(name, failure_of_serve(error.into(), SystemClock.now()).findings);
        }
        (self.serve)(store);
        Ok(())
    }

    /// Serves what other processes on this state have got.
    pub(super) fn take_over(&self) {
        match self.storage.on_demand().names() {
            Ok(names) => names.iter().for_each(|name| (self.serve)(self.storage.certificate(name))),
            Err(error) => tracing::warn!("{error}"),
        }
    }

    /// Renews for ever what is due and still may have a certificate; when it is woken also what has just failed.
    pub(super) fn keep_renewed(&self, runtime: &tokio::runtime::Runtime, woken: &mpsc::Receiver<()>) {
        let mut urgency = Urgency::default();
        loop {
            for name in self.storage.on_demand().names().unwrap_or_default() {
                self.keep_one_renewed(&name, runtime, urgency);
            }
            let is_woken = match woken.recv_timeout(RENEWAL_PAUSE) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            while woken.try_recv().is_ok() {}
            urgency = Urgency { retry: is_woken, ..Urgency::default() };
        }
    }

    fn keep_one_renewed(&self, name: &str, runtime: &tokio::runtime::Runtime, urgency: Urgency) {
        let store = self.storage.certificate(name);
        if !exists(&store) {
            return self.forget(name, &store);
        }
        // One that has got further names is renewed by the program that asked for them.
        if !matches!(store.record(), Ok(Some(record)) if record.names == [name]) || !self.may_be(name) {
            return;
        }
        let now = SystemClock.now();
        let is_due = || {
            let current = CurrentCertificate::load(&store);
            current.is_ok_and(|current| current.is_none_or(|current| current.due.at <= now))
        };
        let Ok(renewer) = self.renewer(name, &store) else { return };
        let is_time = renewer.next_check().is_ok_and(|at| at <= now) || (urgency.retry && is_due());
        if !is_time {
            return;
        }
        // That costs nothing, and it may be time then. What fails here does so below, too.
        let _ = runtime.block_on(renewer.ask_if_time(&self.caller(name), now));
        if is_due() && runtime.block_on(self.permission.decide(name)) != Decision::Granted {
            return tracing::info!("{name}: not renewed: it may not have a certificate any more");
        }
        match self.renew(name, &store, urgency) {
            Err(failed) if !failed.error.is_busy() && !failed.error.is_interrupted() => {
                self.say(name, failure_of_serve(*failed.error, SystemClock.now()).findings);
            }
            _ => {}
        }
    }

    /// A certificate that was deleted is ordered again when a client asks for it, and not before.
    fn forget(&self, name: &str, store: &CertificateStore) {
        let list = self.storage.on_demand();
        let removed = list.remove(name);
        // It may just have been ordered; the one that did adds it after its files, and so does this.
        if let Err(error) = removed.and_then(|()| if exists(store) { list.add(name) } else { Ok(()) }) {
            self.say(name, failure_of_serve(error.into(), SystemClock.now()).findings);
        }
    }

    fn say(&self, name: &str, findings: Vec<Finding>) {
        let named = findings.into_iter().map(|finding| advice::about(name, finding));
        self.console.findings(&named.collect::<Vec<_>>());
    }

    fn memory(&self) -> MutexGuard<'_, NameMemory> {
        // It is whole also after a panic elsewhere.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn exists(store: &CertificateStore) -> bool {
    !matches!(store.live_files().fullchain.try_exists(), Ok(false))
}

fn unnoted(error: acme::Error) -> FailedRenewal {
    FailedRenewal { error: Box::new(error), next_try: None }
}

/// How long nobody needs to ask again, where nothing is to be served after this.
fn pause_after(outcome: &RenewalOutcome) -> Option<Duration> {
    match outcome {
        RenewalOutcome::HeldBack { until, .. } => Some(until_then(*until)),
        RenewalOutcome::Revoked => Some(DENIED),
        _ => None,
    }
}

fn until_then(at: time::OffsetDateTime) -> Duration {
    Duration::try_from(at - SystemClock.now()).unwrap_or_default().max(FAILED)
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use zeroize::Zeroizing;

    use super::*;
    use crate::acme::Plan;
    use crate::acme::challenge::ChallengeMethod;
    use crate::acme::storage::{RenewRecord, VersionFiles};

    /// Nothing answers there.
    const SERVER: &str = "https://127.0.0.1:1/dir";

    fn plan(names: &[&str], server: &str) -> Plan {
        Plan {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            server: server.to_owned(),
            ..Plan::new(ChallengeMethod::DnsHook("false".to_owned()))
        }
    }

    /// With one order an hour; what it serves is noted.
    fn on_demand(storage: &Storage) -> (Arc<Mutex<Vec<String>>>, OnDemand) {
        let served = Arc::<Mutex<Vec<String>>>::default();
        let (serving, unwaiting) = (Arc::clone(&served), storage.clone().without_waiting());
        let names = ["a.test", "b.test"].map(str::to_owned);
        let permission = Permission::new(&names, None, &[SERVER.to_owned()], [].iter()).unwrap();
        let renewing = unwaiting.clone();
        let renewers: RenewersOf =
            Box::new(move |name, _| vec![Renewer::new(plan(&[name], SERVER), renewing.clone())]);
        let serve = Box::new(move |store: CertificateStore| {
            serving.lock().unwrap().push(store.name().to_owned());
        });
        let console = Console::new(&crate::cli::Cli::parse_from(["certkit", "-q", "acme", "list"]).global);
        (served, OnDemand::new(Arc::new(permission), 1, unwaiting, renewers, serve, (console, false)))
    }

    fn install(storage: &Storage, name: &str, record: RenewRecord) {
        let text = || b"not read".to_vec();
        let files =
            VersionFiles { key: Zeroizing::new(text()), cert: text(), chain: text(), fullchain: text() };
        storage.certificate(name).install(&files, record, None).unwrap();
    }

    fn counts_another(storage: &Storage) -> bool {
        storage.on_demand().take_order(1, SystemClock.now()).unwrap()
    }

    #[test]
    fn what_others_have_got_is_neither_served_nor_replaced() {
        for (names, server) in [(&["a.test", "www.a.test"][..], SERVER), (&["a.test"], "https://ca.test/")] {
            let dir = tempfile::tempdir().unwrap();
            let storage = Storage::new(dir.path());
            let (served, on_demand) = on_demand(&storage);
            install(&storage, "a.test", RenewRecord::new(&plan(names, server)));
            assert_eq!(on_demand.order("a.test"), Err(DENIED), "{names:?}");
            let record = storage.certificate("a.test").record().unwrap().unwrap();
            assert_eq!((record.version, record.failures, record.names.len()), (1, 0, names.len()));
            assert!(served.lock().unwrap().is_empty());
            assert!(counts_another(&storage));
        }
    }

    #[test]
    fn an_order_that_would_not_begin_is_not_counted() {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::new(dir.path());
        let (_, on_demand) = on_demand(&storage);
        let failed = RenewRecord {
            not_before: Some((SystemClock.now() + time::Duration::hours(1)).into()),
            ..RenewRecord::new(&plan(&["a.test"], SERVER))
        };
        storage.certificate("a.test").save_record(&failed).unwrap();
        assert!(on_demand.order("a.test").unwrap_err() > FAILED);
        let revoked = RenewRecord {
            revoked: Some(SystemClock.now().into()),
            ..RenewRecord::new(&plan(&["b.test"], SERVER))
        };
        storage.certificate("b.test").save_record(&revoked).unwrap();
        assert_eq!(on_demand.order("b.test"), Err(DENIED));
        assert!(counts_another(&storage));
    }

    #[test]
    fn only_what_is_there_is_kept_renewed() {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::new(dir.path());
        let (_, on_demand) = on_demand(&storage);
        // One that was deleted, and one that has got more names.
        for name in ["a.test", "b.test"] {
            storage.on_demand().add(name).unwrap();
        }
        install(&storage, "b.test", RenewRecord::new(&plan(&["b.test", "c.test"], SERVER)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for name in ["a.test", "b.test"] {
            on_demand.keep_one_renewed(name, &runtime, Urgency::default());
        }
        assert_eq!(storage.on_demand().names().unwrap(), ["b.test"]);
        assert!(storage.certificate("a.test").record().unwrap().is_none());
        assert_eq!(storage.certificate("b.test").record().unwrap().unwrap().failures, 0);
    }
}
