//! `--acme`: certificates that are obtained and renewed while the server runs.
//!
//! ```text
//! one thread per certificate: Renewer ── answers ──> HttpChallenges, AlpnChallenges ──> the server's own listeners
//!                                └───── new files ──> Notify ──> AcmeCertificates::load ──> the server's resolver
//! ```
//!
//! AcmeWatch wait for locks and files, so they have threads of their own; the server's thread only ever reads what is in
//! place. At a start with state on disk nobody is asked: the certificates are served at once.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;
use tokio::sync::Notify;

use super::acme_caller::{AcmeCaller, Consent};
use super::named_file::NamedFile;
use super::{OpenedCertificates, ServerIdentity};
use crate::acme::challenge::tls_alpn01::Proofs;
use crate::acme::challenge::{self, ChallengeAnswer, ChallengeKind, ChallengeMethod, Embedded, Solver};
use crate::acme::storage::{CertificateStore, Storage};
use crate::acme::{self, LETS_ENCRYPT, Plan, RenewalOutcome, Renewer, Urgency};
use crate::advice::acme::{deploy_hook, failure, remark};
use crate::advice::serve::{self as advice, CertificateError};
use crate::ca::{
    CaProfile, Issuance, Issuer, LeafProfile, Subject, SubjectKey, certificate_names, make_root, new_key,
};
use crate::console::Console;
use crate::finding::Finding;
use crate::operands::acme::{check_mail_address, server_address, state_directory};
use crate::report::Failure;
use crate::serve::{Certificates, HttpChallenges};
use crate::sys::clock::{Clock, SystemClock, date, date_time};
use crate::sys::hook::HookRun;
use crate::sys::opener::OwnRights;
use crate::tls::{AlpnChallenges, CertificateSet, CertificateSource};
use crate::x509::{CertifiedKey, KeyKind, Purpose};

/// A sleep is never longer: clocks are set, machines wake up, and another program may have renewed meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(60 * 60);
/// Checks are at least this far apart, whatever the state on disk says.
const SHORTEST_SLEEP: Duration = Duration::from_secs(60);
/// Of the placeholder that is served before the first certificate.
const PLACEHOLDER_DAYS: u32 = 7;

/// What `--acme` and its companions ask for.
pub struct AcmeRequest {
    /// For each certificate its names, with commas between them.
    pub names: Vec<String>,
    /// `None` is Let's Encrypt.
    pub server: Option<String>,
    pub email: Option<String>,
    pub agrees_to_terms: bool,
    pub ca_roots: Option<PathBuf>,
    /// `None` is the folder of `certkit acme`.
    pub state: Option<PathBuf>,
    /// Whether clients get a placeholder before the first certificate, or are refused.
    pub has_placeholder: bool,
    /// Whether a plain listener can answer http-01.
    pub has_http: bool,
}

struct AcmeCertificates {
    stores: Vec<CertificateStore>,
    placeholders: Option<Vec<CertifiedKey>>,
    /// What was last read of each, in case its files become unreadable.
    last: Mutex<Vec<Option<Arc<CertifiedKey>>>>,
    console: Console,
    changed: Arc<Notify>,
    /// One for each thread that renews a certificate.
    wake: Mutex<Vec<mpsc::Sender<()>>>,
}

/// Renews the certificates once the server listens.
pub struct AcmeWatch {
    certificates: Arc<AcmeCertificates>,
    /// For each certificate, one for each kind of challenge that the listeners can answer.
    renewers: Vec<Vec<Renewer>>,
    console: Console,
    agrees: bool,
}

/// Checks the request and reads what is on disk; no server is asked yet.
///
/// # Errors
/// Invalid names, names that the listeners cannot prove, and terms of service without consent.
pub(super) fn open(request: AcmeRequest, console: Console) -> Result<OpenedCertificates, Failure> {
    let groups = request.names.iter().map(|names| group(names)).collect::<Result<Vec<_>, _>>()?;
    first_names_differ(&groups)?;
    let state = state_directory(request.state.as_deref())?;
    let storage = Storage::new(state);
    // Keys and chains are read from there before any renewer runs.
    storage.check_access().map_err(|error| failure(error.into(), SystemClock.now()))?;
    let server = request.server.as_deref().map_or_else(|| Ok(LETS_ENCRYPT.to_owned()), server_address)?;
    let email = request.email;
    email.as_deref().map_or(Ok(()), check_mail_address)?;
    let agrees = request.agrees_to_terms;
    if !agrees {
        require_account(&storage, &server)?;
    }

    let (http, alpn) = (HttpChallenges::default(), AlpnChallenges::default());
    // The first is tried first.
    let mut solvers: Vec<Arc<dyn Solver>> = Vec::new();
    if request.has_http {
        solvers.push(Arc::new(HttpAnswers(http.clone())));
    }
    solvers.push(Arc::new(Proofs::new(alpn.clone())));
    let methods: Vec<_> =
        solvers.into_iter().map(|solver| ChallengeMethod::Embedded(Embedded(solver))).collect();
    let renewers = groups
        .iter()
        .map(|names| {
            let plan = |method: &ChallengeMethod| {
                for name in names {
                    method.can_prove(name).map_err(CertificateError::CannotProve)?;
                }
                let plan = Plan {
                    names: names.clone(),
                    server: server.clone(),
                    ca_roots: request.ca_roots.clone(),
                    email: email.clone(),
                    ..Plan::new(method.clone())
                };
                Ok(Renewer::new(plan, storage.clone()))
            };
            methods.iter().map(plan).collect::<Result<Vec<_>, Failure>>()
        })
        .collect::<Result<Vec<_>, _>>()?;
    let placeholders = request
        .has_placeholder
        .then(|| groups.iter().map(|names| placeholder(names)).collect::<Result<Vec<_>, _>>())
        .transpose()?;
    let first = |names: &Vec<String>| names.first().cloned().unwrap_or_default();
    let certificates = Arc::new(AcmeCertificates {
        stores: groups.iter().map(|names| storage.certificate(&first(names))).collect(),
        placeholders,
        last: Mutex::new(vec![None; groups.len()]),
        console,
        changed: Arc::new(Notify::new()),
        wake: Mutex::default(),
    });
    let set = certificates.load().map_err(|findings| Failure { findings, status: 1 })?;
    let identity = ServerIdentity { name: groups.first().map(first), ca: None };
    let source: Arc<dyn CertificateSource> = Arc::clone(&certificates) as _;
    let certificates_for_server =
        Certificates { alpn_challenges: alpn, http_challenges: http, ..Certificates::new(set, source) };
    let watch = Some(AcmeWatch { certificates, renewers, console, agrees });
    Ok(OpenedCertificates { certificates: certificates_for_server, identity, watch })
}

/// The names of one certificate: those between commas.
fn group(names: &str) -> Result<Vec<String>, CertificateError> {
    let mut group = Vec::new();
    for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let name =
            acme::certificate_name(name).map_err(|error| CertificateError::InvalidName(error.to_string()))?;
        if !group.contains(&name) {
            group.push(name);
        }
    }
    if group.is_empty() { Err(CertificateError::NoName) } else { Ok(group) }
}

/// A certificate is stored under its first name: two that share it would replace each other without end.
fn first_names_differ(groups: &[Vec<String>]) -> Result<(), CertificateError> {
    let mut seen = HashSet::new();
    match groups.iter().filter_map(|names| names.first()).find(|first| !seen.insert(first.as_str())) {
        None => Ok(()),
        Some(duplicate) => Err(CertificateError::Duplicate(duplicate.clone())),
    }
}

/// A new account needs consent, and a running server cannot ask for it.
fn require_account(storage: &Storage, server: &str) -> Result<(), Failure> {
    let account = storage.account(server).load().map_err(|error| failure(error.into(), SystemClock.now()))?;
    match account {
        Some(account) if !account.deactivated => Ok(()),
        _ => Err(CertificateError::TermsNotAgreed { server: server.to_owned() }.into()),
    }
}

/// An untrusted certificate, served before the first real one. The key of its CA is dropped at once.
fn placeholder(names: &[String]) -> Result<CertifiedKey, Failure> {
    let now = SystemClock.now();
    let subject = Subject::common_name("certkit: no certificate from the ACME server yet");
    let authority = CaProfile::new(subject, PLACEHOLDER_DAYS, 0);
    let root = make_root(&authority, new_key(KeyKind::EcdsaP256)?, now)?;
    let profile = LeafProfile::new(certificate_names(names)?, Purpose::Server, PLACEHOLDER_DAYS);
    let key = SubjectKey::New(KeyKind::EcdsaP256);
    Ok(Issuer::new(&root, now)?.issue(Issuance::leaf(&profile, key, now))?.into_certified()?)
}

impl AcmeCertificates {
    /// The files of one certificate; `None` when there are none yet.
    fn read(store: &CertificateStore) -> Result<Option<CertifiedKey>, Failure> {
        let files = store.live_files();
        // For a folder without permission, reading gives the error.
        if matches!(files.fullchain.try_exists(), Ok(false)) {
            return Ok(None);
        }
        let own = |path: &Path| NamedFile::own(path.to_owned(), OwnRights::shared());
        let chain = own(&files.fullchain).certificates()?;
        let key = own(&files.key).private_key()?;
        let mut certificates = chain.certificates.into_iter().map(|located| located.certificate);
        let Some(leaf) = certificates.next() else { return Ok(None) };
        CertifiedKey::new(leaf, certificates.collect(), key).map(Some).map_err(|mismatch| {
            let (certificate, key) = (files.fullchain.clone(), files.key.clone());
            CertificateError::KeyMismatch { certificate, key, mismatch }.into()
        })
    }

    fn wake_all(&self) {
        let wake = self.wake.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in wake.iter() {
            // A thread that has ended needs no wake-up.
            let _ = thread.send(());
        }
    }
}

#[async_trait]
impl CertificateSource for AcmeCertificates {
    fn load(&self) -> Result<CertificateSet, Vec<Finding>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let mut findings = Vec::new();
        let mut fresh = 0;
        for (store, last) in self.stores.iter().zip(last.iter_mut()) {
            // The files are swapped as one but read one after the other: a swap in between needs a second read.
            match Self::read(store).or_else(|_| Self::read(store)) {
                Ok(Some(pair)) => {
                    *last = Some(Arc::new(pair));
                    fresh += 1;
                }
                Ok(None) if last.is_none() => fresh += 1,
                Ok(None) => findings.push(advice::files_gone(store.name(), &store.live_files().fullchain)),
                Err(failure) if last.is_none() => return Err(failure.findings),
                Err(failure) => findings.extend(failure.findings),
            }
        }
        // One that cannot be read does not stop the others; its last version stays in use.
        if fresh == 0 {
            return Err(findings);
        }
        self.console.findings(&findings);
        let placeholder = |index| self.placeholders.as_ref().and_then(|all| all.get(index));
        let pairs: Vec<_> = last
            .iter()
            .enumerate()
            .filter_map(|(index, pair)| pair.as_deref().or_else(|| placeholder(index)))
            .collect();
        if pairs.is_empty() {
            return Ok(CertificateSet::none());
        }
        CertificateSet::new(pairs).map_err(|error| Failure::from(CertificateError::Unusable(error)).findings)
    }

    async fn changed(&self) {
        self.changed.notified().await;
    }

    fn refresh(&self) {
        self.wake_all();
    }
}

impl AcmeWatch {
    /// Starts the threads that renew, once the listeners can answer. They end with the process; the next start resumes an
    /// interrupted order.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(self) -> std::io::Result<()> {
        for (store, renewers) in self.certificates.stores.iter().zip(self.renewers) {
            let (wake, woken) = mpsc::channel();
            self.certificates.wake.lock().unwrap_or_else(PoisonError::into_inner).push(wake);
            let watch = CertificateWatch {
                live: store.live_files().fullchain,
                renewers,
                name: store.name().to_owned(),
                console: self.console,
                agrees: self.agrees,
                changed: Arc::clone(&self.certificates.changed),
                woken,
            };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            std::thread::Builder::new().name("acme".to_owned()).spawn(move || watch.run(&runtime))?;
        }
        Ok(())
    }
}

/// The work of one thread: renewing one certificate.
struct CertificateWatch {
    live: PathBuf,
    renewers: Vec<Renewer>,
    name: String,
    console: Console,
    agrees: bool,
    changed: Arc<Notify>,
    woken: mpsc::Receiver<()>,
}

impl CertificateWatch {
    fn run(self, runtime: &tokio::runtime::Runtime) {
        let (console, name) = (self.console, self.name.clone());
        let consent = if self.agrees { Consent::Given } else { Consent::Missing };
        let say = move |line: &str| console.say(&format!("certkit: {name}: {line}"));
        let user = AcmeCaller::new(say, consent, &SystemClock);
        let mut renewers_in_turn = self.renewers.iter().cycle();
        let Some(mut renewer) = renewers_in_turn.next() else { return };
        let mut version = self.version();
        let mut urgency = Urgency::default();
        let mut is_revoked = false;
        loop {
            // The first check is at once: it renews nothing before its time, but reports problems.
            match runtime.block_on(renewer.renew_if_due(&user, SystemClock.now(), urgency)) {
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
                    self.say_findings(failure(*failed.error, SystemClock.now()).findings);
                    if let Some(next) = failed.next_try {
                        say_next(&user, next);
                    }
                    // Perhaps only this challenge's port is unreachable: the next attempt uses the other one.
                    renewer = renewers_in_turn.next().unwrap_or(renewer);
                }
            }
            // Also when another program has renewed it.
            let now = self.version();
            if now != version {
                version = now;
                self.changed.notify_one();
            }
            let pause = until_next_check(renewer).clamp(SHORTEST_SLEEP, LONGEST_SLEEP);
            urgency = match self.woken.recv_timeout(pause) {
                // A SIGHUP: check now, whatever the schedule says. The problem may be solved, and the user knows of the
                // revocation.
                Ok(()) => Urgency { ask: true, force: is_revoked, retry: true },
                Err(RecvTimeoutError::Timeout) => Urgency::default(),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            // One check serves all requests for one.
            while self.woken.try_recv().is_ok() {}
        }
    }

    /// The version of the certificate that is in use.
    fn version(&self) -> Option<PathBuf> {
        std::fs::canonicalize(&self.live).ok()
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
        let named = findings.into_iter().map(|finding| advice::about(&self.name, finding));
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

/// http-01 through the server's plain listeners.
#[derive(Debug)]
struct HttpAnswers(HttpChallenges);

#[async_trait]
impl Solver for HttpAnswers {
    fn kind(&self) -> ChallengeKind {
        ChallengeKind::Http01
    }

    async fn present(&self, answers: &[ChallengeAnswer]) -> Result<(), challenge::Error> {
        for answer in answers {
            self.0.present(&answer.token, &answer.key_authorization);
        }
        Ok(())
    }

    async fn withdraw(&self, answers: &[ChallengeAnswer]) -> Result<(), challenge::Error> {
        for answer in answers {
            self.0.withdraw(&answer.token);
        }
        Ok(())
    }

    fn was_asked(&self, answer: &ChallengeAnswer) -> Option<bool> {
        Some(self.0.was_asked(&answer.token))
    }
}
