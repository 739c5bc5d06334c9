//! From a plan to a certificate in use: is it needed, get it, judge it, put it in place, run the hook.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::acme::caller::{Caller, Candidate, Progress};
use crate::acme::client::account;
use crate::acme::client::connections::Connections;
use crate::acme::client::server::{Directory, Server};
use crate::acme::error::Error;
use crate::acme::life::ari;
use crate::acme::life::current::{CurrentCertificate, CurrentState, InUse, current_state, is_in_use};
use crate::acme::life::due::{Due, due};
use crate::acme::order::budget::Budget;
use crate::acme::order::download;
use crate::acme::order::key_kinds;
use crate::acme::order::next_key;
use crate::acme::order::open_order::OrderOptions;
use crate::acme::order::order_driver::{Issued, OrderDriver, StopAfter};
use crate::acme::order::stop::{OrderUnderWay, unless_stopped};
use crate::acme::plan::Plan;
use crate::acme::proof::challenge_setup::ChallengeSetup;
use crate::acme::remark::Remark;
use crate::acme::reply::protocol_error::{MOST_PARTS, part_on_one_line};
use crate::acme::storage::pem_files;
use crate::acme::storage::renewal_pause;
use crate::acme::storage::{
    CertificateStore, HookRecord, KeyGroup, LiveFiles, Lock, RenewRecord, Storage, VersionFiles, absolute,
};
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

/// A certificate that is needed: the lock is held, the challenges are prepared for, nothing was requested yet.
#[derive(Debug)]
pub struct Issuance {
    job: IssuanceJob,
    setup: ChallengeSetup,
}

/// What is to be done, without the means to prove the names.
#[derive(Debug)]
struct IssuanceJob {
    plan: Plan,
    storage: Storage,
    store: CertificateStore,
    group: Option<KeyGroup>,
    /// The certificate in use, if it is from the same server and for some of the same names.
    replaces: Option<Predecessor>,
    /// The time when it was made ready, by the caller's clock and by one that only goes on.
    began: (OffsetDateTime, Instant),
    _lock: Lock,
}

/// A certificate that a new one takes the place of.
#[derive(Debug)]
struct Predecessor {
    /// Its name in requests (RFC 9773 section 4.1).
    certificate: String,
    /// The account that ordered it, if that was kept.
    account: Option<String>,
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
/// [`Error::Storage`], [`Error::Challenge`], [`Error::TooManyNames`], [`Error::OtherKeySource`], [`Error::RevokedKey`],
/// [`Error::KeyKindRefused`], [`Error::Exhausted`].
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
    check_key_source(&plan, &store)?;
    check_count(&plan, plan.profile.as_deref())?;
    if let CurrentState::Fine(current) = current_state(&plan, &store, now)?
        && current.is_settled(&plan, &store)?
    {
        return Ok(Prepared::NotDue(current.current));
    }
    let lock = store.lock(|| caller.progress(Progress::WaitingForLock))?;
    store.remove_leftovers();
    let group = plan.key_group.as_deref().map(KeyGroup::find).transpose()?;
    if let (Some(name), Some(group)) = (&plan.key_group, group)
        && !group.is_allowed()
    {
        return Err(Error::GroupNotOurs(name.clone()));
    }
    let state = current_state(&plan, &store, now)?;
    if state.has_useless_order(&plan, &store)? {
        store.forget_order()?;
    }
    match state {
        CurrentState::Fine(current) => {
            let InUse { current, mut record } = *current;
            if record.take_settings(&plan) {
                store.let_in(record.version, group)?;
                store.save_record(&record)?;
            }
            next_key::prepare_if_missing(&plan, &store)?;
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
    if !plan.force {
        let history = storage.account(&plan.server).history()?;
        history.is_paused(&plan.names, now).map_err(Error::Paused)?;
        if store.journal()?.is_none_or(|journal| journal.order.is_none()) {
            history.allows(&plan.names, now).map_err(Error::Exhausted)?;
        }
    }
    key_kinds::check(&plan, &storage.account(&plan.server), &store, now)?;
    let replaces = predecessor(&plan, &store)?;
    let setup = ChallengeSetup::prepare(&plan)?;
    let began = (now, Instant::now());
    let job = IssuanceJob { plan, storage: storage.clone(), store, group, replaces, began, _lock: lock };
    Ok(Prepared::Needed(Box::new(Issuance { setup, job })))
}

impl Issuance {
    /// Gets the certificate, puts it in use and runs the deploy hook. Needs a tokio runtime with time and I/O.
    ///
    /// # Errors
    /// See [`Error`]; the certificate in use before is still in use then.
    pub async fn run(self, caller: &dyn Caller) -> Result<Obtained, Error> {
        self.run_over(&Connections::default(), caller).await
    }

    /// The same over connections that other certificates of this run use too.
    pub async fn run_over(self, connections: &Connections, caller: &dyn Caller) -> Result<Obtained, Error> {
        let _under_way = OrderUnderWay::begin()?;
        // The second command around the order runs before the lock ends.
        let Self { job, mut setup } = self;
        let issued = job.order(&mut setup, connections, caller, StopAfter::Certificate).await;
        // The tasks of a listener end when the runtime goes on; then the next certificate may listen there.
        tokio::task::yield_now().await;
        let mut result = match issued.inspect_err(|error| job.keep_pause(error)) {
            Ok(Some(issued)) => job.go_live(issued, caller).await,
            Ok(None) => Err(Error::Key("the order ended without a certificate".to_owned())),
            Err(error) => Err(error),
        };
        if let Some(run) = setup.end(caller)
            && let Some(reason) = &run.failure
        {
            match &mut result {
                Ok(obtained) => obtained.remarks.push(Remark::PostHook(run)),
                Err(_) => caller.progress(Progress::HookFailed { command: &run.command, reason }),
            }
        }
        result
    }

    /// Tries everything short of a certificate: account, order, validation. The order is left to expire.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn validate(self, caller: &dyn Caller) -> Result<(), Error> {
        let Self { job, mut setup } = self;
        job.order(&mut setup, &Connections::default(), caller, StopAfter::Validation).await.map(drop)
    }
}

impl IssuanceJob {
    /// Judges a chain, puts it in use and runs the deploy hook.
    async fn go_live(&self, issued: Issued, caller: &dyn Caller) -> Result<Obtained, Error> {
        let Issued { key, chain, mut journal, not_counted, proof_ends } = issued;
        let Self { plan, store, group, .. } = self;
        let candidate = Candidate {
            chain: &chain,
            key: key.private(),
            names: &plan.names,
            ca_roots: plan.ca_roots.as_deref(),
        };
        if chain.first().is_some_and(|leaf| leaf.spki != key.spki()) && key.private().is_none() {
            journal.reject(None, self.now());
            store.save_journal(&journal)?;
            let reason = "the certificate is not for the key of the signing request".to_owned();
            return Err(Error::BadAnswer { doing: download::DOING, reason });
        }
        let mut remarks = match caller.judge(&candidate) {
            Ok(remarks) => remarks,
            Err(findings) => {
                // The order stays in the journal: a few runs judge the same chain again, without another order.
                journal.reject(chain.first().map(|leaf| leaf.not_after), self.now());
                store.save_journal(&journal)?;
                let chain = store.save_rejected(pem_files::chain_text(&chain))?;
                return Err(Error::Rejected { findings, chain });
            }
        };
        // The certificate goes in use all the same.
        remarks.extend(not_counted.map(Remark::NotCounted));
        remarks.extend(download::remark(&chain, plan.preferred_chain.as_deref()));
        let (leaf, rest) = chain.split_at(1.min(chain.len()));
        let files = VersionFiles {
            key: key
                .private()
                .map(|key| Zeroizing::new(key.to_pem().as_bytes().to_vec()))
                .unwrap_or_default(),
            cert: pem_files::chain_text(leaf),
            chain: pem_files::chain_text(rest),
            fullchain: pem_files::chain_text(&chain),
        };
        let mut record = RenewRecord::new(plan);
        record.proof_ends = proof_ends;
        let end = chain.first().map(|leaf| leaf.not_after);
        remarks.extend(end.and_then(|end| Remark::of_proof(proof_ends, end, self.now())));
        record.hook = plan.deploy_hook.is_some().then(|| HookRecord::pending(self.now()));
        record.account = Some(journal.account);
        let is_surprising = key.private().is_some_and(|key| next_key::is_surprising(plan, store, key));
        remarks.extend(is_surprising.then_some(Remark::KeyChanged));
        record.version = store.install(&files, record.clone(), *group)?;
        store.forget_order()?;
        let now = self.now();
        if let Err(error) = next_key::prepare_if_missing(plan, store) {
            remarks.push(Remark::NoNextKey(Box::new(error)));
        }
        if let Err(error) = key_kinds::forget(plan, &self.storage.account(&plan.server), caller) {
            tracing::debug!(%error, "the kind of key stays noted as refused");
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
        setup: &mut ChallengeSetup,
        connections: &Connections,
        caller: &dyn Caller,
        goal: StopAfter,
    ) -> Result<Option<Issued>, Error> {
        let Self { plan, store, .. } = self;
        let accounts = &self.storage.account(&plan.server);
        let failures = store.record()?.map_or(0, |record| record.failures);
        setup.try_itself(plan, failures, caller).await?;
        let server = unless_stopped(connections.server(&plan.server, plan.roots(), caller)).await?;
        let profile = profile(plan, &server.directory)?;
        check_count(plan, profile)?;
        let budget =
            Budget { store: accounts, names: &plan.names, is_ignored: plan.force, began: self.began };
        let mut session = match unless_stopped(account::open(&server, plan, accounts, caller)).await {
            Err(Error::AccountClosed { url, .. }) if plan.force => {
                account::replace(&url, &server, plan, accounts, caller).await?
            }
            session => session?,
        };
        let solver = unless_stopped(setup.start(plan, &self.storage, caller)).await?;
        let mut is_reopened = false;
        let mut is_replaced = false;
        loop {
            let options = OrderOptions { profile, replaces: self.replaces(&server, &session.account) };
            let begun = OrderDriver::begin(plan, store, caller, &session, options, &budget);
            let begun = unless_stopped(begun).await;
            let driver = match begun {
                Err(error) if error.is_refusal("accountDoesNotExist") && !is_reopened => {
                    session = account::open_again(&server, plan, accounts, caller).await?;
                    is_reopened = true;
                    continue;
                }
                Err(error) => match account::closed_or(error, &session).await {
                    Error::AccountClosed { url, .. } if plan.force && !is_replaced => {
                        session = account::replace(&url, &server, plan, accounts, caller).await?;
                        is_replaced = true;
                        continue;
                    }
                    error => return Err(error),
                },
                Ok(driver) => driver,
            };
            let is_resumed = driver.is_resumed;
            let error = match driver.finish(&*solver, goal).await {
                Ok(Some(issued)) if is_in_use(store, &issued.chain)? => {
                    store.forget_order()?;
                    if is_resumed {
                        continue;
                    }
                    let reason = "the certificate is the one in use".to_owned();
                    return Err(Error::BadAnswer { doing: download::DOING, reason });
                }
                Ok(issued) => return Ok(issued),
                Err(error) => error,
            };
            if let Error::Validation(failed) = &error {
                // What failed matters more than the count; one that cannot be read stops the next run.
                let _ = budget.add_failed(failed.iter().map(|failed| failed.name.as_str()));
            }
            key_kinds::note(plan, accounts, &error, caller, self.now())?;
            // An order of an earlier run may only have failed because nobody answered its challenges while that run was
            // dead, so it says nothing about a new one. Trouble that passes leaves the order for the next run.
            if !is_resumed || matches!(error, Error::TryLater { .. }) || store.journal()?.is_some() {
                return Err(error);
            }
        }
    }

    /// Keeps the pause that the server asked for, so that the next run keeps it too.
    fn keep_pause(&self, error: &Error) {
        let Error::TryLater { retry_after: Some(asked), .. } = error else { return };
        let now = self.now();
        let end = CurrentCertificate::load(&self.store).ok().flatten().and_then(|current| current.end());
        let until = now + renewal_pause::within(renewal_pause::asked(Some(*asked)), end.map(|end| end - now));
        let reason = error.in_one_line();
        let account = self.storage.account(&self.plan.server);
        // What the server said matters more than a file that cannot be written.
        let _ = account.add_to_history(|history| history.add_pause(&self.plan.names, until, reason, now));
    }

    /// The certificate to name as replaced (RFC 9773 section 5): at servers that know renewal information, and only by
    /// the account that ordered it.
    fn replaces(&self, server: &Server, account: &str) -> Option<&str> {
        let replaces = self.replaces.as_ref().filter(|_| server.directory.renewal_info.is_some())?;
        let is_ours = replaces.account.as_deref().is_none_or(|ordered_by| ordered_by == account);
        is_ours.then_some(&replaces.certificate)
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
    // Servers side by side have threads of their own; hooks reload the same programs and are not made for that.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    caller.progress(Progress::DeployHook { command: &command });
    // It blocks, and nothing else runs on this runtime meanwhile.
    let run = deploy_hook(&command, record, &store.live_files()).run();
    record.hook = Some(HookRecord {
        pending: run.failure.is_some(),
        at: now.into(),
        failure: run.failure.as_ref().map(ToString::to_string),
        output: run.output.clone(),
    });
    store.save_record(record)?;
    Ok(Some(run))
}

/// The hook for a certificate. Its environment holds names and paths of ours and no text of the server's.
fn deploy_hook(command: &str, record: &RenewRecord, files: &LiveFiles) -> Hook {
    let names = &record.names;
    // Empty rather than not there: that of another certkit around this one would be another certificate's.
    let key = if record.request.is_none() { absolute(&files.key) } else { PathBuf::new() };
    Hook::new(command)
        .env("CERTKIT_NAME", names.first().map_or("", String::as_str))
        .env("CERTKIT_NAMES", names.join(" "))
        .env("CERTKIT_FULLCHAIN", absolute(&files.fullchain))
        .env("CERTKIT_KEY", key)
        .env("CERTKIT_CERT", absolute(&files.cert))
        .env("CERTKIT_CHAIN", absolute(&files.chain))
}

/// The profile to ask for: the wanted one if it is on offer; for addresses the one that public servers have for them.
fn profile<'a>(plan: &'a Plan, directory: &'a Directory) -> Result<Option<&'a str>, Error> {
    let offered = &directory.meta.profiles;
    match &plan.profile {
        Some(wanted) if offered.contains_key(wanted) => Ok(Some(wanted)),
        // Another server has profiles of its own, and any certificate is better than none.
        Some(_) if plan.servers.iter().skip(1).any(|server| *server == plan.server) => Ok(None),
        Some(wanted) => Err(Error::UnknownProfile {
            wanted: wanted.clone(),
            offered: offered
                .iter()
                .take(MOST_PARTS)
                .map(|(name, what)| (part_on_one_line(name), part_on_one_line(what)))
                .collect(),
        }),
        None => {
            let is_for_addresses = plan.names.iter().any(|name| name.parse::<IpAddr>().is_ok());
            Ok((is_for_addresses && offered.contains_key(PROFILE_FOR_ADDRESSES))
                .then_some(PROFILE_FOR_ADDRESSES))
        }
    }
}

/// Whose key the certificate has does not change by accident: servers would have a certificate that does not fit their
/// key. A key whose certificate is revoked, which somebody else may have, gets no other certificate.
fn check_key_source(plan: &Plan, store: &CertificateStore) -> Result<(), Error> {
    let Some(record) = store.renew_record()?.filter(|_| !plan.force) else { return Ok(()) };
    let name = plan.names.first().cloned().unwrap_or_default();
    match (&record.request, &plan.request) {
        (Some(before), Some(request)) if record.revoked.is_some() && before.spki() == request.spki() => {
            Err(Error::RevokedKey { name })
        }
        (None, None) | (Some(_), Some(_)) => Ok(()),
        (_, request) => Err(Error::OtherKeySource { name, is_given: request.is_some() }),
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
fn predecessor(plan: &Plan, store: &CertificateStore) -> Result<Option<Predecessor>, Error> {
    let (Some(record), Some(text)) = (store.renew_record()?, store.live_chain()?) else { return Ok(None) };
    let is_predecessor = record.server == plan.server
        && record.revoked.is_none()
        && record.names.iter().any(|name| plan.names.contains(name));
    let chain = pem_files::parse_chain(&text).unwrap_or_default();
    let certificate = chain.first().filter(|_| is_predecessor).and_then(ari::certificate_id);
    Ok(certificate.map(|certificate| Predecessor { certificate, account: record.account }))
}
