//! `--acme`: certificates that are obtained and renewed while the server runs.
//!
//! ```text
//! one thread per certificate: Renewer ── answers ──> HttpChallenges, AlpnChallenges ──> the server's own listeners
//!                                └───── new files ──> Notify ──> AcmeCertificates::load ──> the server's resolver
//! one thread for STATE/live:  new files of other processes ──────┘
//! ```
//!
//! Several servers may have one state: one of them holds the lease of a certificate and orders, all of them answer the
//! challenges ([`super::acme_shared`]), and all of them take over the new files.
//!
//! AcmeWatch wait for locks and files, so they have threads of their own; the server's thread only ever reads what is in
//! place. At a start with state on disk nobody is asked: the certificates are served at once.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use super::acme_http::HttpAnswers;
use super::acme_reach;
use super::acme_shared::{PreparedHandshakes, SharedAnswers, shared};
use super::acme_watch::CertificateWatch;
use super::named_file::NamedFile;
use super::on_demand::{OnDemand, OnDemandRequest};
use super::on_demand_permission::Permission;
use super::{OpenedCertificates, ServerIdentity};
use crate::acme::challenge::tls_alpn01::Proofs;
use crate::acme::challenge::{ChallengeMethod, Embedded, Solver};
use crate::acme::storage::{CertificateStore, Storage};
use crate::acme::{self, LETS_ENCRYPT, Plan, Renewer};
use crate::advice::acme::failure;
use crate::advice::serve::{self as advice, CertificateError};
use crate::ca::{
    CaProfile, Issuance, Issuer, LeafProfile, Subject, SubjectKey, certificate_names, make_root, new_key,
};
use crate::console::Console;
use crate::finding::Finding;
use crate::operands::acme::{check_mail_address, server_address, state_directory};
use crate::operands::password::Passwords;
use crate::report::Failure;
use crate::serve::address::{ListenAddress, Scheme};
use crate::serve::{Certificates, HttpChallenges};
use crate::sys::clock::{Clock, SystemClock};
use crate::sys::opener::OwnRights;
use crate::tls::{AlpnChallenges, CertificateSet, CertificateSource};
use crate::x509::{CertifiedKey, KeyKind, Purpose};

/// How often `live/` is compared although nothing was seen to change, and answers of others are given back.
const LOOK_EVERY: Duration = Duration::from_secs(60);
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
    /// Names that get a certificate when a client asks for them.
    pub on_demand: Option<OnDemandRequest>,
    /// Whether clients get a placeholder before the first certificate, or are refused.
    pub has_placeholder: bool,
    /// How to prove the names; `None` is by the listeners.
    pub challenge: Option<ChallengeMethod>,
    /// The listeners that can answer challenges.
    pub listeners: Vec<ListenAddress>,
}

struct AcmeCertificates {
    /// Those of the settings first, then those on demand.
    certificates: Mutex<Vec<LiveCertificate>>,
    console: Console,
    changed: Arc<Notify>,
    /// One for each thread that renews a certificate.
    wake: Mutex<Vec<mpsc::Sender<()>>>,
}

/// A certificate that is served once it is there.
struct LiveCertificate {
    store: CertificateStore,
    placeholder: Option<CertifiedKey>,
    /// What was last read, in case its files become unreadable.
    last: Option<Arc<CertifiedKey>>,
    /// Which version that is.
    version: Option<PathBuf>,
}

/// Renews the certificates once the server listens.
pub struct AcmeWatch {
    certificates: Arc<AcmeCertificates>,
    /// For each certificate, one for each kind of challenge that the listeners can answer.
    renewers: Vec<(CertificateStore, Vec<Renewer>)>,
    storage: Storage,
    answers: Arc<SharedAnswers>,
    on_demand: Option<Arc<OnDemand>>,
    console: Console,
    agrees: bool,
}

/// Checks the request and reads what is on disk; no server is asked yet.
///
/// # Errors
/// Invalid names, names that the listeners cannot prove, and terms of service without consent.
pub(super) fn open(request: AcmeRequest, console: Console) -> Result<OpenedCertificates, Failure> {
    let server = request.server.as_deref().map_or_else(|| Ok(LETS_ENCRYPT.to_owned()), server_address)?;
    let groups = request.names.iter().map(|names| group(names, &server)).collect::<Result<Vec<_>, _>>()?;
    first_names_differ(&groups)?;
    let state = state_directory(request.state.as_deref())?;
    let storage = Storage::new(state);
    // Keys and chains are read from there before any renewer runs.
    storage.check_access().map_err(|error| failure(error.into(), SystemClock.now()))?;
    let email = request.email;
    email.as_deref().map_or(Ok(()), check_mail_address)?;
    let agrees = request.agrees_to_terms;
    if !agrees {
        require_account(&storage, &server)?;
    }

    let (http, alpn) = (HttpChallenges::default(), AlpnChallenges::default());
    let solvers = by_listeners(&request.listeners, &http, &alpn);
    let permission = request.on_demand.as_ref();
    let permission = permission
        .map(|asked| Permission::new(&asked.names, asked.ask.as_deref(), &server, groups.iter().flatten()));
    let permission = permission.transpose()?.map(Arc::new);
    let challenges = storage.challenges();
    let answers = Arc::new(SharedAnswers::new(
        groups.iter().flatten(),
        challenges.clone(),
        alpn.clone(),
        permission.clone(),
    ));
    // Another process may take as long as it wants: these come back later.
    let unwaiting = storage.clone().without_waiting();
    for name in groups.iter().flatten() {
        let can_prove = |method: &ChallengeMethod| method.can_prove(name);
        match &request.challenge {
            Some(method) => can_prove(method),
            None => solvers
                .iter()
                .try_for_each(|own| can_prove(&ChallengeMethod::Embedded(Embedded(Arc::clone(own))))),
        }
        .map_err(CertificateError::CannotProve)?;
    }
    let (ca_roots, challenge, directory) = (request.ca_roots, request.challenge.clone(), server.clone());
    let renewers_of = move |names: &[String], store: &CertificateStore| -> Vec<Renewer> {
        let methods = match &challenge {
            Some(challenge) => vec![challenge.clone()],
            None => solvers.iter().map(|own| shared(own, &challenges, store)).collect(),
        };
        let plans = methods.into_iter().map(|challenge| Plan {
            names: names.to_vec(),
            server: directory.clone(),
            ca_roots: ca_roots.clone(),
            email: email.clone(),
            ..Plan::new(challenge)
        });
        plans.map(|plan| Renewer::new(plan, unwaiting.clone())).collect()
    };
    let mut renewers = Vec::new();
    for names in &groups {
        let store = storage.certificate(names.first().map_or("", String::as_str));
        renewers.push((store.clone(), renewers_of(names, &store)));
    }
    let stores: Vec<_> = renewers.iter().map(|(store, _)| store.clone()).collect();
    match &request.challenge {
        // A wrong hook or file is reported now, not in a log when the certificate is due.
        Some(challenge) => {
            challenge.prepare().map_err(|error| failure(error.into(), SystemClock.now()))?;
        }
        None => require_reach(&request.listeners, &server, &stores)?,
    }
    let mut live = Vec::new();
    for (names, (store, _)) in groups.iter().zip(&renewers) {
        let placeholder = request.has_placeholder.then(|| placeholder(names)).transpose()?;
        live.push(LiveCertificate { placeholder, ..LiveCertificate::new(store.clone()) });
    }
    let certificates = Arc::new(AcmeCertificates {
        certificates: Mutex::new(live),
        console,
        changed: Arc::new(Notify::new()),
        wake: Mutex::default(),
    });
    let on_demand = permission.zip(request.on_demand).map(|(permission, asked)| {
        let serving = Arc::clone(&certificates);
        let serve = Box::new(move |store| serving.add(store));
        let renewers =
            Box::new(move |name: &str, store: &CertificateStore| renewers_of(&[name.to_owned()], store));
        let storage = storage.clone().without_waiting();
        Arc::new(OnDemand::new(permission, asked.limit, storage, renewers, serve, (console, agrees)))
    });
    if let Some(on_demand) = &on_demand {
        on_demand.take_over();
    }
    let set = certificates.load().map_err(|findings| Failure { findings, status: 1 })?;
    let first = groups.first().and_then(|names| names.first());
    let identity = ServerIdentity { name: first.cloned(), ca: None };
    let source: Arc<dyn CertificateSource> = Arc::clone(&certificates) as _;
    let prepared = PreparedHandshakes::new(Arc::clone(&answers), on_demand.clone());
    let certificates_for_server = Certificates {
        alpn_challenges: alpn,
        http_challenges: http.and_from(Arc::clone(&answers) as _),
        preparation: Some(Arc::new(prepared)),
        ..Certificates::new(set, source)
    };
    let watch = Some(AcmeWatch { certificates, renewers, storage, answers, on_demand, console, agrees });
    Ok(OpenedCertificates { certificates: certificates_for_server, identity, watch, files: None })
}

/// The names of one certificate: those between commas.
fn group(names: &str, server: &str) -> Result<Vec<String>, CertificateError> {
    let mut group = Vec::new();
    for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let name = acme::certificate_name(name)
            .and_then(|name| acme::check_public_name(&name, server).map(|()| name))
            .map_err(|error| CertificateError::InvalidName(error.to_string()))?;
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

/// The challenges that the server's own listeners answer; the first is tried first.
fn by_listeners(
    listeners: &[ListenAddress],
    http: &HttpChallenges,
    alpn: &AlpnChallenges,
) -> Vec<Arc<dyn Solver>> {
    let mut solvers: Vec<Arc<dyn Solver>> = Vec::new();
    if listeners.iter().any(|listener| listener.scheme == Scheme::Http) {
        solvers.push(Arc::new(HttpAnswers(http.clone())));
    }
    solvers.push(Arc::new(Proofs::new(alpn.clone())));
    solvers
}

/// Refuses listeners that the ACME server cannot reach. Where all certificates are there already, it could be reached
/// before; what forwards to this server may start later.
fn require_reach(
    listeners: &[ListenAddress],
    server: &str,
    stores: &[CertificateStore],
) -> Result<(), CertificateError> {
    let is_there = |store: &CertificateStore| store.live_files().fullchain.exists();
    if stores.iter().all(is_there)
        || acme_reach::is_within_reach(listeners, acme_reach::is_taken)
        || acme_reach::is_here(server)
    {
        return Ok(());
    }
    let listeners: Vec<_> = listeners.iter().map(ToString::to_string).collect();
    Err(CertificateError::OutOfReach { server: server.to_owned(), listeners: listeners.join(" and ") })
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

impl LiveCertificate {
    fn new(store: CertificateStore) -> Self {
        Self { store, placeholder: None, last: None, version: None }
    }
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
        let chain = own(&files.fullchain).certificates(&mut Passwords::unattended())?;
        let key = own(&files.key).private_key(&mut Passwords::unattended())?;
        let mut certificates = chain.certificates.into_iter().map(|located| located.certificate);
        let Some(leaf) = certificates.next() else { return Ok(None) };
        CertifiedKey::new(leaf, certificates.collect(), key).map(Some).map_err(|mismatch| {
            let (certificate, key) = (files.fullchain.clone(), files.key.clone());
            CertificateError::KeyMismatch { certificate, key, mismatch }.into()
        })
    }

    /// Whether other versions are in use than those that were loaded.
    fn is_behind(&self) -> bool {
        self.live().iter().any(|live| in_use(&live.store) != live.version)
    }

    /// Serves this one too, from the next load on.
    fn add(&self, store: CertificateStore) {
        let mut live = self.live();
        if live.iter().all(|known| known.store.name() != store.name()) {
            live.push(LiveCertificate::new(store));
            self.changed.notify_one();
        }
    }

    fn live(&self) -> MutexGuard<'_, Vec<LiveCertificate>> {
        // Nobody panics in the middle of a change.
        self.certificates.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut all = self.live();
        let mut findings = Vec::new();
        let mut fresh = 0;
        for LiveCertificate { store, placeholder, last, version } in all.iter_mut() {
            // A swap after this is one to load again.
            *version = in_use(store);
            // The files are swapped as one but read one after the other: a swap in between needs a second read.
            match Self::read(store).or_else(|_| Self::read(store)) {
                Ok(Some(pair)) => {
                    *last = Some(Arc::new(pair));
                    fresh += 1;
                }
                Ok(None) if last.is_none() => fresh += 1,
                Ok(None) => findings.push(advice::files_gone(store.name(), &store.live_files().fullchain)),
                // A certificate that is there must not be replaced by a placeholder.
                Err(failure) if last.is_none() && placeholder.is_some() => return Err(failure.findings),
                Err(failure) => findings.extend(failure.findings),
            }
        }
        // One that cannot be read does not stop the others; its last version, if it had one, stays in use.
        if fresh == 0 {
            return Err(findings);
        }
        self.console.findings(&findings);
        let pairs: Vec<_> =
            all.iter().filter_map(|live| live.last.as_deref().or(live.placeholder.as_ref())).collect();
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

/// The folder of the version that is in use.
fn in_use(store: &CertificateStore) -> Option<PathBuf> {
    std::fs::canonicalize(store.live_files().fullchain).ok()
}

impl AcmeWatch {
    /// Starts the threads that renew, once the listeners can answer. They end with the process; the next start resumes an
    /// interrupted order.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(self) -> std::io::Result<()> {
        let certificates = Arc::clone(&self.certificates);
        let compare: Arc<dyn Fn() + Send + Sync> = Arc::new(move || {
            if certificates.is_behind() {
                certificates.changed.notify_one();
            }
        });
        match self.storage.watch_live() {
            Ok(mut live) => {
                let (compare, answers) = (Arc::clone(&compare), self.answers);
                let on_demand = self.on_demand.clone();
                let watch = move || loop {
                    live.wait(LOOK_EVERY);
                    if let Some(on_demand) = &on_demand {
                        on_demand.take_over();
                    }
                    compare();
                    answers.give_back();
                };
                std::thread::Builder::new().name("acme-live".to_owned()).spawn(watch)?;
            }
            // The threads below compare too, once an hour.
            Err(error) => tracing::warn!("{error}"),
        }
        for (store, renewers) in self.renewers {
            let (wake, woken) = mpsc::channel();
            self.certificates.wake.lock().unwrap_or_else(PoisonError::into_inner).push(wake);
            let watch = CertificateWatch {
                store,
                challenges: self.storage.challenges(),
                renewers,
                console: self.console,
                agrees: self.agrees,
                compare: Arc::clone(&compare),
                woken,
            };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            std::thread::Builder::new().name("acme".to_owned()).spawn(move || watch.run(&runtime))?;
        }
        if let Some(on_demand) = self.on_demand {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let renew = move || on_demand.keep_renewed(&runtime);
            std::thread::Builder::new().name("acme-on-demand".to_owned()).spawn(renew)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn one_that_cannot_be_read_does_not_stop_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::new(dir.path());
        let load = |names: &[&str]| {
            let live = names.iter().map(|name| LiveCertificate::new(storage.certificate(name)));
            let console =
                Console::new(&crate::cli::Cli::parse_from(["certkit", "-q", "acme", "list"]).global);
            let certificates = Mutex::new(live.collect());
            let (changed, wake) = (Arc::default(), Mutex::default());
            let set = AcmeCertificates { certificates, console, changed, wake }.load().ok()?;
            Some(set.validities().map(|validity| validity.name.clone()).collect::<Vec<_>>())
        };
        for name in ["a.test", "b.test"] {
            let (live, pair) = (dir.path().join("live").join(name), placeholder(&[name.to_owned()]).unwrap());
            let mut chain = String::new();
            crate::pem::write(&mut chain, "CERTIFICATE", &pair.leaf().der);
            std::fs::create_dir_all(&live).unwrap();
            std::fs::write(live.join("fullchain.pem"), chain).unwrap();
            std::fs::write(live.join("privkey.pem"), pair.key().to_pem().as_bytes()).unwrap();
        }
        assert_eq!(load(&["a.test", "b.test"]).unwrap(), ["a.test", "b.test"]);
        std::fs::write(dir.path().join("live/b.test/privkey.pem"), "damaged").unwrap();
        assert_eq!(load(&["a.test", "b.test"]).unwrap(), ["a.test"]);
        assert_eq!(load(&["b.test"]), None);
    }
}
