//! From a plan to a certificate in use: is it needed, get it, judge it, put it in place, run the hook.

use std::net::IpAddr;
use std::time::Instant;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::account;
use super::caller::{Caller, Candidate, Progress};
use super::challenge::ReadySolver;
use super::current::CurrentCertificate;
use super::download;
use super::due::{Due, due};
use super::error::Error;
use super::open_order::OrderOptions;
use super::order_driver::{Issued, OrderDriver, StopAfter};
use super::plan::Plan;
use super::protocol_error::on_one_line;
use super::remark::Remark;
use super::server::{Directory, Server};
use super::storage::{
    CertificateStore, HookRecord, KeyGroup, LiveFiles, Lock, RenewRecord, Step, Storage, VersionFiles,
    absolute,
};
use super::{ari, pem_files};
use crate::sys::hook::{Hook, HookRun};
use crate::x509::Certificate;

/// Let's Encrypt's limits for one certificate, by profile; other servers have followed them.
const MOST_NAMES: usize = 100;
const MOST_NAMES_BY_PROFILE: &[(&str, usize)] = &[("shortlived", 25), ("tlsserver", 25)];
/// The only profile in which public servers certify addresses.
const PROFILE_FOR_ADDRESSES: &str = "shortlived";

/// What there is to do for a certificate.
#[derive(Debug)]
pub enum Prepared {
    /// Only the deploy hook has to run, which failed the last time.
    HookOnly(Box<PendingHook>),
    /// The certificate in use fits the plan and is not due.
    NotDue(CurrentCertificate),
    /// A certificate is needed.
    Needed(Box<Issuance>),
}

/// A certificate that is needed: the lock is held, the solver is ready, nothing was requested yet.
#[derive(Debug)]
pub struct Issuance {
    job: IssuanceJob,
    ready: ReadySolver,
}

/// What is to be done, without the means to prove the names.
#[derive(Debug)]
struct IssuanceJob {
    plan: Plan,
    storage: Storage,
    store: CertificateStore,
    group: Option<KeyGroup>,
    /// The certificate in use, if it is from the same server and for some of the same names.
    replaces: Option<String>,
    /// The time when it was made ready, by the caller's clock and by one that only goes on.
    began: (OffsetDateTime, Instant),
    _lock: Lock,
}

/// A deploy hook that has to run again.
#[derive(Debug)]
pub struct PendingHook {
    current: CurrentCertificate,
    record: RenewRecord,
    store: CertificateStore,
    now: OffsetDateTime,
    _lock: Lock,
}

/// A new certificate, in use.
#[derive(Debug)]
pub struct Obtained {
    /// Where its files are.
    pub files: LiveFiles,
    pub chain: Vec<Certificate>,
    /// When it should be renewed.
    pub due: Due,
    pub remarks: Vec<Remark>,
    /// How the deploy hook went, if there is one.
    pub hook: Option<HookRun>,
}

/// Checks whether the certificate is needed at `now`, and prepares for it. Waits while another run works on the same
/// certificate, and then checks again.
///
/// # Errors
/// [`Error::Storage`], [`Error::Challenge`], [`Error::TooManyNames`], [`Error::Exhausted`].
pub fn prepare(
    mut plan: Plan,
    storage: &Storage,
    caller: &dyn Caller,
    now: OffsetDateTime,
) -> Result<Prepared, Error> {
    for name in &plan.names {
        plan.challenge.can_prove(name)?;
    }
    storage.check_access()?;
    let store = storage.certificate(plan.names.first().map_or("", String::as_str));
    RenewRecord::complete(store.record()?.as_ref(), &mut plan);
    check_count(&plan, plan.profile.as_deref())?;
    if let CurrentState::Fine(current) = current_state(&plan, &store, now)?
        && current.is_settled(&plan)
    {
        return Ok(Prepared::NotDue(current.current));
    }
    let lock = store.lock(|| caller.progress(Progress::WaitingForLock))?;
    let group = plan.key_group.as_deref().map(KeyGroup::find).transpose()?;
    if let (Some(name), Some(group)) = (&plan.key_group, group)
        && !group.is_allowed()
    {
        return Err(Error::GroupNotOurs(name.clone()));
    }
    match current_state(&plan, &store, now)? {
        CurrentState::Fine(current) => {
            let InUse { current, mut record } = *current;
            if record.take_settings(&plan) {
                store.let_in(record.version, group)?;
                store.save_record(&record)?;
            }
            if record.hook_is_pending() {
                return Ok(Prepared::HookOnly(Box::new(PendingHook {
                    current,
                    record,
                    store,
                    now,
                    _lock: lock,
                })));
            }
            return Ok(Prepared::NotDue(current));
        }
        CurrentState::Missing => {}
        CurrentState::Unfit(why) => caller.progress(Progress::Reissue { why }),
    }
    if !plan.force && store.journal()?.is_none_or(|journal| journal.order.is_none()) {
        let history = storage.account(&plan.server).history()?;
        history.allows(&plan.names, now).map_err(Error::Exhausted)?;
    }
    let replaces = predecessor(&plan, &store)?;
    let ready = plan.challenge.prepare()?;
    let began = (now, Instant::now());
    let job = IssuanceJob { plan, storage: storage.clone(), store, group, replaces, began, _lock: lock };
    Ok(Prepared::Needed(Box::new(Issuance { job, ready })))
}

impl Issuance {
    /// Gets the certificate, puts it in use and runs the deploy hook. Needs a tokio runtime with time and I/O.
    ///
    /// # Errors
    /// See [`Error`]; the certificate in use before is still in use then.
    pub async fn run(self, caller: &dyn Caller) -> Result<Obtained, Error> {
        let Self { job, ready } = self;
        match job.order(ready, caller, StopAfter::Certificate).await? {
            Some(issued) => job.go_live(issued, caller).await,
            None => Err(Error::Key("the order ended without a certificate".to_owned())),
        }
    }

    /// Tries everything short of a certificate: account, order, validation. The order is left to expire.
    ///
    /// # Errors
    /// See [`Error`].
    pub(super) async fn validate(self, caller: &dyn Caller) -> Result<(), Error> {
        let Self { job, ready } = self;
        job.order(ready, caller, StopAfter::Validation).await.map(drop)
    }
}

impl IssuanceJob {
    /// Judges a chain, puts it in use and runs the deploy hook.
    async fn go_live(&self, issued: Issued, caller: &dyn Caller) -> Result<Obtained, Error> {
        let Issued { key, chain, mut journal } = issued;
        let accounts = self.storage.account(&self.plan.server);
        let Self { plan, store, group, .. } = self;
        let candidate = Candidate { chain: &chain, key: &key, names: &plan.names };
        let mut remarks = match caller.judge(&candidate) {
            Ok(remarks) => remarks,
            Err(findings) => {
                // The order stays in the journal: another run judges the same chain again, without another order.
                journal.step = Step::Rejected;
                store.save_journal(&journal)?;
                return Err(Error::Rejected(findings));
            }
        };
        remarks.extend(download::remark(&chain, plan.preferred_chain.as_deref()));
        let (leaf, rest) = chain.split_at(1.min(chain.len()));
        let files = VersionFiles {
            key: Zeroizing::new(key.to_pem().as_bytes().to_vec()),
            cert: pem_files::chain_text(leaf),
            chain: pem_files::chain_text(rest),
            fullchain: pem_files::chain_text(&chain),
        };
        let mut record = RenewRecord::new(plan);
        record.hook = plan.deploy_hook.is_some().then(|| HookRecord::pending(self.now()));
        record.version = store.install(&files, record.clone(), *group)?;
        store.forget_order()?;
        let now = self.now();
        // An order that replaces a certificate does not count at the server either (RFC 9773 section 5).
        if journal.replaces.is_none()
            && let Err(error) = accounts.add_to_history(|history| history.add_issued(&plan.names, now))
        {
            // The certificate is in use, and the deploy hook must run.
            remarks.push(Remark::NotCounted(error));
        }
        let hook = run_hook(store, &mut record, caller, now)?;
        let due = match chain.first() {
            Some(leaf) => due(leaf, &record),
            None => Due { at: now, by_server: false },
        };
        Ok(Obtained { files: store.live_files(), chain, due, remarks, hook })
    }

    /// Takes an order up to its goal: the chain, or nothing where validation was all.
    async fn order(
        &self,
        ready: ReadySolver,
        caller: &dyn Caller,
        goal: StopAfter,
    ) -> Result<Option<Issued>, Error> {
        let Self { plan, store, .. } = self;
        let accounts = &self.storage.account(&plan.server);
        let solver = ready.start()?;
        let server = Server::connect(&plan.server, plan.ca_roots.as_deref(), caller).await?;
        let profile = profile(plan, &server.directory)?;
        check_count(plan, profile)?;
        // RFC 9773 section 5: for servers that know renewal information.
        let replaces = self.replaces.as_deref().filter(|_| server.directory.renewal_info.is_some());
        let options = OrderOptions { profile, replaces };
        let mut session = account::open(&server, plan, accounts, caller).await?;
        let mut is_reopened = false;
        loop {
            let driver = match OrderDriver::begin(plan, store, caller, &session, options).await {
                Err(error) if error.is_refusal("accountDoesNotExist") && !is_reopened => {
                    session = account::open_again(&server, plan, accounts, caller).await?;
                    is_reopened = true;
                    continue;
                }
                driver => driver?,
            };
            let is_resumed = driver.is_resumed;
            match driver.finish(&*solver, goal).await {
                Ok(issued) => return Ok(issued),
                Err(error @ (Error::Validation(_) | Error::Refused { .. } | Error::BadAnswer { .. })) => {
                    // The order is of no use any more. One of an earlier run may only have failed because nobody
                    // answered its challenges while that run was dead, so it says nothing about a new one.
                    store.forget_order()?;
                    if let Error::Validation(failed) = &error {
                        let names = failed.iter().map(|failed| failed.name.as_str());
                        // What failed matters more than the count; one that cannot be read stops the next run.
                        let _ = accounts.add_to_history(|history| history.add_failed(names, self.now()));
                    }
                    if !is_resumed {
                        return Err(error);
                    }
                }
                // Trouble that passes leaves the order for the next run.
                Err(error) => return Err(error),
            }
        }
    }

    fn now(&self) -> OffsetDateTime {
        let (then, began) = self.began;
        then + began.elapsed()
    }
}

impl PendingHook {
    /// Runs the hook. Blocks until it has ended.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn run(self, caller: &dyn Caller) -> Result<(CurrentCertificate, Option<HookRun>), Error> {
        let Self { current, mut record, store, now, _lock } = self;
        let hook = run_hook(&store, &mut record, caller, now)?;
        Ok((current, hook))
    }
}

/// Runs the hook of the certificate in use, if it has one, and keeps how it went.
fn run_hook(
    store: &CertificateStore,
    record: &mut RenewRecord,
    caller: &dyn Caller,
    now: OffsetDateTime,
) -> Result<Option<HookRun>, Error> {
    let Some(command) = record.deploy_hook.clone() else { return Ok(None) };
    caller.progress(Progress::DeployHook { command: &command });
    // It blocks, and nothing else runs on this runtime meanwhile.
    let run = deploy_hook(&command, &record.names, &store.live_files()).run();
    record.hook = Some(HookRecord {
        pending: run.failure.is_some(),
        at: now.into(),
        failure: run.failure.as_ref().map(ToString::to_string),
        output: run.output.clone(),
    });
    store.save_record(record)?;
    Ok(Some(run))
}

/// The hook for the certificate of `names`. Its environment holds names and paths of ours and no text of the server's.
fn deploy_hook(command: &str, names: &[String], files: &LiveFiles) -> Hook {
    Hook::new(command)
        .env("CERTKIT_NAME", names.first().map_or("", String::as_str))
        .env("CERTKIT_NAMES", names.join(" "))
        .env("CERTKIT_FULLCHAIN", absolute(&files.fullchain))
        .env("CERTKIT_KEY", absolute(&files.key))
        .env("CERTKIT_CERT", absolute(&files.cert))
        .env("CERTKIT_CHAIN", absolute(&files.chain))
}

/// The profile to ask for: the wanted one if it is on offer; for addresses the one that public servers have for them.
fn profile<'a>(plan: &'a Plan, directory: &'a Directory) -> Result<Option<&'a str>, Error> {
    let offered = &directory.meta.profiles;
    match &plan.profile {
        Some(wanted) if offered.contains_key(wanted) => Ok(Some(wanted)),
        Some(wanted) => Err(Error::UnknownProfile {
            wanted: wanted.clone(),
            offered: offered.iter().map(|(name, what)| (on_one_line(name), on_one_line(what))).collect(),
        }),
        None => {
            let is_for_addresses = plan.names.iter().any(|name| name.parse::<IpAddr>().is_ok());
            Ok((is_for_addresses && offered.contains_key(PROFILE_FOR_ADDRESSES))
                .then_some(PROFILE_FOR_ADDRESSES))
        }
    }
}

fn check_count(plan: &Plan, profile: Option<&str>) -> Result<(), Error> {
    let by_profile = MOST_NAMES_BY_PROFILE.iter().find(|(name, _)| Some(*name) == profile);
    let most = by_profile.map_or(MOST_NAMES, |(_, most)| *most);
    if plan.names.len() > most {
        let profile = profile.map(str::to_owned);
        return Err(Error::TooManyNames { count: plan.names.len(), most, profile });
    }
    Ok(())
}

/// The certificate that a new one takes the place of: RFC 9773 section 5 wants the same server and a name in common.
fn predecessor(plan: &Plan, store: &CertificateStore) -> Result<Option<String>, Error> {
    let (Some(record), Some(text)) = (store.renew_record()?, store.live_chain()?) else { return Ok(None) };
    let is_predecessor = record.server == plan.server
        && record.revoked.is_none()
        && record.names.iter().any(|name| plan.names.contains(name));
    let chain = pem_files::parse_chain(&text).unwrap_or_default();
    Ok(chain.first().filter(|_| is_predecessor).and_then(ari::certificate_id))
}

/// Whether the certificate in use fits the plan.
enum CurrentState {
    Fine(Box<InUse>),
    Missing,
    Unfit(&'static str),
}

/// A certificate in use that is the wanted one.
struct InUse {
    current: CurrentCertificate,
    record: RenewRecord,
}

impl InUse {
    /// Whether there is nothing to be written or run.
    fn is_settled(&self, plan: &Plan) -> bool {
        !self.record.hook_is_pending() && !self.record.clone().take_settings(plan)
    }
}

fn current_state(plan: &Plan, store: &CertificateStore, now: OffsetDateTime) -> Result<CurrentState, Error> {
    let (Some(record), Some(text)) = (store.renew_record()?, store.live_chain()?) else {
        return Ok(CurrentState::Missing);
    };
    let chain = pem_files::parse_chain(&text).unwrap_or_default();
    let Some(due) = chain.first().map(|leaf| due(leaf, &record)) else {
        return Ok(CurrentState::Unfit("the current one cannot be read"));
    };
    Ok(if let Some(why) = record.difference(plan) {
        CurrentState::Unfit(why)
    } else if plan.force {
        CurrentState::Unfit("--force was given")
    } else if now >= due.at {
        CurrentState::Unfit("the current one is due for renewal")
    } else {
        let current = CurrentCertificate { files: store.live_files(), chain, due };
        CurrentState::Fine(Box::new(InUse { current, record }))
    })
}
