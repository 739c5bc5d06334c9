//! `--acme`: certificates that get and renew themselves while the server runs.
//!
//! ```text
//! one thread per certificate: Renewer ── answers ──> HttpChallenges, AlpnChallenges ──> the server's own listeners
//!                                └───── new files ──> Notify ──> AcmeCertificates::load ──> the server's resolver
//! ```
//!
//! Keepers wait for locks and files, so they have threads of their own; the server's thread only ever reads what is in
//! place. At a start with state on disk nobody is asked: the certificates are served at once.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::acme::challenge::tls_alpn01::Proofs;
use crate::acme::challenge::{self, ChallengeAnswer, ChallengeKind, ChallengeMethod, Embedded, Solver};
use crate::acme::storage::{CertificateStore, Storage};
use crate::acme::{self, LETS_ENCRYPT, Plan, RenewalOutcome, Renewer, Urgency};
use crate::ca::{
    CaProfile, Issuance, Issuer, LeafProfile, Subject, SubjectKey, certificate_names, make_root, new_key,
};
use crate::commands::Result;
use crate::commands::acme::{
    User, check_mail_address, default_state, failure, hook_finding, minute, server_address,
};
use crate::commands::serve::words::Identity;
use crate::config::PartialServe;
use crate::config::values::AcmeMissing;
use crate::finding::{Code, Finding, Location};
use crate::operands::input::{read_certificates, read_private_key};
use crate::render::Talk;
use crate::report::Failure;
use crate::serve::address::Scheme;
use crate::serve::{Certificates, HttpChallenges};
use crate::sys::clock::{Clock, SystemClock, date};
use crate::sys::hook::HookRun;
use crate::tls::{AlpnChallenges, CertificateSet, CertificateSource};
use crate::x509::{CertifiedKey, KeyKind, Purpose};

/// A sleep is never longer: clocks are set, machines wake up, and another program may have renewed meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(60 * 60);
/// A look is never followed by another one sooner, whatever the state on disk says.
const SHORTEST_SLEEP: Duration = Duration::from_secs(60);
/// A certificate made here, for the time before the first one is there.
const PLACEHOLDER_DAYS: u32 = 7;

/// The certificates of `--acme`, for the server.
pub struct AcmeCertificates {
    stores: Vec<CertificateStore>,
    placeholders: Option<Vec<CertifiedKey>>,
    /// What was last read of each, for the time when that cannot be repeated.
    last: Mutex<Vec<Option<Arc<CertifiedKey>>>>,
    talk: Talk,
    changed: Arc<Notify>,
    /// One for each thread that looks after a certificate.
    wake: Mutex<Vec<mpsc::Sender<()>>>,
}

/// What is to be looked after once the server listens.
pub struct Keepers {
    certificates: Arc<AcmeCertificates>,
    /// For each certificate, one for each kind of challenge that the listeners can answer.
    keepers: Vec<Vec<Renewer>>,
    talk: Talk,
    agrees: bool,
}

/// Settles what `--acme` asks for; nobody is asked yet.
///
/// # Errors
/// Names that cannot be had, listeners that cannot answer, terms that nobody has agreed to.
pub fn certificates(
    settings: &PartialServe,
    names: &[String],
    talk: Talk,
) -> Result<(Certificates, Identity, Keepers)> {
    let groups = names.iter().map(|names| group(names)).collect::<Result<Vec<_>>>()?;
    each_filed_apart(&groups)?;
    let state = settings.acme_state.clone().map_or_else(default_state, Ok)?;
    let storage = Storage::new(state);
    // Keys and chains are read from there before any keeper looks.
    storage.check_access().map_err(|error| failure(error.into(), SystemClock.now()))?;
    let server = settings.acme_server.as_deref().map_or_else(|| Ok(LETS_ENCRYPT.into()), server_address)?;
    let email = settings.acme_email.clone();
    email.as_deref().map_or(Ok(()), check_mail_address)?;
    let agrees = settings.agree_tos.unwrap_or(false);
    has_agreed(&storage, &server, agrees)?;

    let (http, alpn) = (HttpChallenges::default(), AlpnChallenges::default());
    let methods = methods(settings, &http, &alpn);
    let keepers = groups
        .iter()
        .map(|names| {
            let plan = |method: &ChallengeMethod| {
                for name in names {
                    method.can_prove(name).map_err(cannot_prove)?;
                }
                let plan = Plan {
                    names: names.clone(),
                    server: server.clone(),
                    ca_roots: settings.acme_ca_roots.clone(),
                    email: email.clone(),
                    ..Plan::new(method.clone())
                };
                Ok(Renewer::new(plan, storage.clone()))
            };
            methods.iter().map(plan).collect::<Result<Vec<_>>>()
        })
        .collect::<Result<Vec<_>>>()?;
    let placeholders = match settings.acme_missing.unwrap_or_default() {
        AcmeMissing::Local => Some(groups.iter().map(|names| placeholder(names)).collect::<Result<_>>()?),
        AcmeMissing::Refuse => None,
    };
    let first = |names: &Vec<String>| names.first().cloned().unwrap_or_default();
    let certificates = Arc::new(AcmeCertificates {
        stores: groups.iter().map(|names| storage.certificate(&first(names))).collect(),
        placeholders,
        last: Mutex::new(vec![None; groups.len()]),
        talk,
        changed: Arc::new(Notify::new()),
        wake: Mutex::default(),
    });
    let set = certificates.load().map_err(|findings| Failure { findings, status: 1 })?;
    let identity = Identity { name: groups.first().map(first), ca: None };
    let source: Arc<dyn CertificateSource> = Arc::clone(&certificates) as _;
    let for_server =
        Certificates { alpn_challenges: alpn, http_challenges: http, ..Certificates::new(set, source) };
    Ok((for_server, identity, Keepers { certificates, keepers, talk, agrees }))
}

/// The names of one certificate: those between commas.
fn group(names: &str) -> Result<Vec<String>> {
    let mut group = Vec::new();
    for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let name = acme::certificate_name(name)
            .map_err(|error| Finding::error(Code::InvalidName, error.to_string()))?;
        if !group.contains(&name) {
            group.push(name);
        }
    }
    if group.is_empty() {
        return Err(Finding::error(Code::InvalidName, "--acme is given no name")
            .fix("name the host: --acme www.example.com")
            .into());
    }
    Ok(group)
}

/// A certificate is filed under its first name: two that share it would replace each other without end.
fn each_filed_apart(groups: &[Vec<String>]) -> Result<()> {
    let mut seen = HashSet::new();
    match groups.iter().filter_map(|names| names.first()).find(|first| !seen.insert(first.as_str())) {
        None => Ok(()),
        Some(twice) => {
            let message =
                format!("--acme is given {twice} twice, and a certificate is filed under its first name");
            let fix = format!("name all that go into one certificate once: --acme {twice},www.{twice}");
            Err(Finding::error(Code::InvalidSetting, message).fix(fix).into())
        }
    }
}

/// A new account needs somebody's consent, and a server has nobody to ask. Known before the first client comes.
fn has_agreed(storage: &Storage, server: &str, agrees: bool) -> Result<()> {
    let account = storage.account(server).load().map_err(|error| failure(error.into(), SystemClock.now()))?;
    if agrees || account.is_some_and(|account| !account.deactivated) {
        return Ok(());
    }
    let message =
        format!("there is no open account at {server}, and a new one needs consent to its terms of service");
    let fix = "read them (certkit acme obtain NAME prints their address), and then add --agree-tos";
    Err(Finding::error(Code::InvalidSetting, message).fix(fix).into())
}

/// How the listeners can answer: http-01 on plain ones, tls-alpn-01 on https; the first is tried first.
fn methods(settings: &PartialServe, http: &HttpChallenges, alpn: &AlpnChallenges) -> Vec<ChallengeMethod> {
    let mut solvers: Vec<Arc<dyn Solver>> = Vec::new();
    let is_http = settings.listen.iter().flatten().any(|address| address.scheme == Scheme::Http);
    if is_http || settings.redirect_http.is_some() {
        solvers.push(Arc::new(HttpAnswers(http.clone())));
    }
    solvers.push(Arc::new(Proofs::new(alpn.clone())));
    solvers.into_iter().map(|solver| ChallengeMethod::Embedded(Embedded(solver))).collect()
}

fn cannot_prove(error: challenge::Error) -> Failure {
    Finding::error(Code::InvalidName, error.to_string())
        .fix(
            "get it by certkit acme obtain --dns-hook or --rfc2136, and name its files with --cert and --key",
        )
        .into()
}

/// A certificate that nobody trusts, so that there is something to be seen before the first real one is there. The CA
/// that signs it is forgotten at once.
fn placeholder(names: &[String]) -> Result<CertifiedKey> {
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
    fn read(store: &CertificateStore) -> Result<Option<CertifiedKey>> {
        let files = store.live_files();
        // A folder that may not be looked into is another matter: reading says so.
        if matches!(files.fullchain.try_exists(), Ok(false)) {
            return Ok(None);
        }
        let chain = read_certificates(&files.fullchain.display().to_string())?;
        let key = read_private_key(&files.key)?;
        let mut certificates = chain.certificates.into_iter().map(|located| located.certificate);
        let Some(leaf) = certificates.next() else { return Ok(None) };
        CertifiedKey::new(leaf, certificates.collect(), key).map(Some).map_err(|mismatch| {
            let message = format!("{} and its key do not fit: {mismatch}", files.fullchain.display());
            Finding::error(Code::KeyMismatch, message).into()
        })
    }

    fn wake_all(&self) {
        let wake = self.wake.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in wake.iter() {
            // A thread that is gone has nothing to look after.
            let _ = thread.send(());
        }
    }
}

#[async_trait]
impl CertificateSource for AcmeCertificates {
    fn load(&self) -> std::result::Result<CertificateSet, Vec<Finding>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let mut trouble = Vec::new();
        let mut fresh = 0;
        for (store, last) in self.stores.iter().zip(last.iter_mut()) {
            // The files are swapped as one, but read one after the other: whoever comes in between reads again.
            match Self::read(store).or_else(|_| Self::read(store)) {
                Ok(Some(pair)) => {
                    *last = Some(Arc::new(pair));
                    fresh += 1;
                }
                Ok(None) if last.is_none() => fresh += 1,
                Ok(None) => trouble.push(gone(store)),
                Err(failure) if last.is_none() => return Err(failure.findings),
                Err(failure) => trouble.extend(failure.findings),
            }
        }
        // One that cannot be read keeps nobody from the others; it is shown as it was.
        if fresh == 0 {
            return Err(trouble);
        }
        self.talk.findings(&trouble);
        let placeholder = |index| self.placeholders.as_ref().and_then(|all| all.get(index));
        let pairs: Vec<_> = last
            .iter()
            .enumerate()
            .filter_map(|(index, pair)| pair.as_deref().or_else(|| placeholder(index)))
            .collect();
        if pairs.is_empty() {
            return Ok(CertificateSet::none());
        }
        CertificateSet::new(pairs)
            .map_err(|error| vec![Finding::error(Code::InvalidSetting, error.to_string())])
    }

    async fn changed(&self) {
        self.changed.notified().await;
    }

    fn look_again(&self) {
        self.wake_all();
    }
}

fn gone(store: &CertificateStore) -> Finding {
    let file = store.live_files().fullchain.display().to_string();
    let message = format!("the files of {} are gone; it is shown as it was", store.name());
    Finding::warning(Code::NotFound, message).at(Location::file(file))
}

impl Keepers {
    /// Begins to look after the certificates, now that the listeners can answer. The threads end with the process: an
    /// order that is cut off is taken up at the next start.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub fn start(self) -> std::io::Result<()> {
        for (store, keepers) in self.certificates.stores.iter().zip(self.keepers) {
            let (wake, woken) = mpsc::channel();
            self.certificates.wake.lock().unwrap_or_else(PoisonError::into_inner).push(wake);
            let watch = Watch {
                live: store.live_files().fullchain,
                keepers,
                name: store.name().to_owned(),
                talk: self.talk,
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

/// One thread's work.
struct Watch {
    live: PathBuf,
    keepers: Vec<Renewer>,
    name: String,
    talk: Talk,
    agrees: bool,
    changed: Arc<Notify>,
    woken: mpsc::Receiver<()>,
}

impl Watch {
    fn run(self, runtime: &tokio::runtime::Runtime) {
        let user = User::of_server(self.talk, &self.name, self.agrees);
        let mut turns = self.keepers.iter().cycle();
        let Some(mut keeper) = turns.next() else { return };
        let mut version = self.version();
        let mut urgency = Urgency::default();
        let mut is_revoked = false;
        loop {
            // The first look is at once: it does nothing before its time, and says what stands in the way.
            match runtime.block_on(keeper.renew_if_due(&user, SystemClock.now(), urgency)) {
                Ok(RenewalOutcome::Revoked) => {
                    if !is_revoked || urgency.ask {
                        self.say_revoked();
                    }
                    is_revoked = true;
                }
                Ok(turn) => {
                    is_revoked = false;
                    self.say(&user, &turn);
                }
                Err(failed) => {
                    self.tell(failure(*failed.error, SystemClock.now()).findings);
                    if let Some(next) = failed.next_try {
                        say_next(&user, next);
                    }
                    // A port that is closed to the world may be closed alone.
                    keeper = turns.next().unwrap_or(keeper);
                }
            }
            // Also when another program has renewed it.
            let now = self.version();
            if now != version {
                version = now;
                self.changed.notify_one();
            }
            let pause = until_next_look(keeper).clamp(SHORTEST_SLEEP, LONGEST_SLEEP);
            urgency = match self.woken.recv_timeout(pause) {
                // Somebody has told the server to look again, whatever was said of when: what stood in the way may be
                // mended, and the revocation is known.
                Ok(()) => Urgency { ask: true, force: is_revoked, retry: true },
                Err(RecvTimeoutError::Timeout) => Urgency::default(),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            // One look does for all who wanted one.
            while self.woken.try_recv().is_ok() {}
        }
    }

    /// Which of its versions is in use.
    fn version(&self) -> Option<PathBuf> {
        std::fs::canonicalize(&self.live).ok()
    }

    fn say(&self, user: &User<'_>, turn: &RenewalOutcome) {
        match turn {
            RenewalOutcome::Renewed(obtained) => {
                let until = obtained.chain.first().map(|leaf| date(leaf.not_after)).unwrap_or_default();
                user.say(&format!("there is a new certificate, good until {until}"));
                self.tell(obtained.remarks.clone());
                self.say_hook(obtained.hook.as_ref());
            }
            RenewalOutcome::HeldBack { until, .. } => say_next(user, *until),
            RenewalOutcome::HookRepeated(_, run) => self.say_hook(Some(run)),
            RenewalOutcome::Revoked | RenewalOutcome::Unneeded(_) => {}
        }
    }

    fn say_revoked(&self) {
        let message = "the certificate is revoked, and so not renewed";
        let fix = format!("kill -HUP {} gets another one", std::process::id());
        self.tell(vec![Finding::warning(Code::Revoked, message).fix(fix)]);
    }

    /// A deploy hook that was asked for when the certificate was first obtained goes on to be run.
    fn say_hook(&self, run: Option<&HookRun>) {
        self.tell(run.and_then(hook_finding).into_iter().collect());
    }

    /// Says what was found, and about which certificate.
    fn tell(&self, findings: Vec<Finding>) {
        let named = |finding: Finding| {
            let message = format!("{}: {}", self.name, finding.message);
            Finding { message, ..finding }
        };
        self.talk.findings(&findings.into_iter().map(named).collect::<Vec<_>>());
    }
}

fn say_next(user: &User<'_>, at: OffsetDateTime) {
    let at = minute(at);
    user.say(&format!("the next try is due at {at}; kill -HUP {} tries at once", std::process::id()));
}

fn until_next_look(keeper: &Renewer) -> Duration {
    match keeper.next_check() {
        Ok(at) => Duration::try_from(at - SystemClock.now()).unwrap_or(Duration::ZERO),
        // The look says what is wrong.
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

    async fn present(&self, answers: &[ChallengeAnswer]) -> std::result::Result<(), challenge::Error> {
        for answer in answers {
            self.0.present(&answer.token, &answer.key_authorization);
        }
        Ok(())
    }

    async fn withdraw(&self, answers: &[ChallengeAnswer]) -> std::result::Result<(), challenge::Error> {
        for answer in answers {
            self.0.withdraw(&answer.token);
        }
        Ok(())
    }

    fn was_asked(&self, answer: &ChallengeAnswer) -> Option<bool> {
        Some(self.0.was_asked(&answer.token))
    }
}
