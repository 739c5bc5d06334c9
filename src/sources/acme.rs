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
//! Renewals wait for locks and files, so they have threads of their own; the server's thread only ever reads what is in
//! place. At a start with state on disk nobody is asked: the certificates are served at once.

use std::sync::Arc;
use std::time::Duration;

use super::acme_accounts::open_other_accounts;
use super::acme_caller::{AcmeCaller, Consent};
use super::acme_certificates::{AcmeCertificates, LiveCertificate};
use super::acme_request::{AcmeRequest, DecidedAcme, StateReader};
use super::acme_shared::{PreparedHandshakes, SharedAnswers, shared};
use super::acme_watch::CertificateWatch;
use super::on_demand::OnDemand;
use super::{OpenedCertificates, ServerIdentity};
use crate::acme::challenge::ChallengeMethod;
use crate::acme::storage::{CertificateStore, Storage};
use crate::acme::{Plan, Renewer};
use crate::console::Console;
use crate::report::Failure;
use crate::serve::Certificates;
use crate::sys::clock::SystemClock;
use crate::tls::CertificateSource;

/// How often `live/` is compared although nothing was seen to change, and answers of others are given back.
const LOOK_EVERY: Duration = Duration::from_secs(60);

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
    /// What all certificates have in common.
    common: Plan,
}

/// Checks the request and reads what is on disk; no server is asked yet.
///
/// # Errors
/// As [`AcmeRequest::decide`], and certificates on disk that cannot be served.
pub(super) fn open(request: AcmeRequest, console: Console) -> Result<OpenedCertificates, Failure> {
    let DecidedAcme { servers, groups, storage, permission, http, alpn, solvers, request } =
        request.decide(&StateReader::Own)?;
    let challenges = storage.challenges();
    let answers = Arc::new(SharedAnswers::new(
        groups.iter().flatten(),
        challenges.clone(),
        alpn.clone(),
        permission.clone(),
    ));
    let agrees = request.agrees_to_terms;
    // Another process may take as long as it wants: these come back later.
    let unwaiting = storage.clone().without_waiting();
    let common = Plan {
        server: servers.first().cloned().unwrap_or_default(),
        servers: if servers.len() > 1 { servers } else { Vec::new() },
        ca_roots: request.ca_roots,
        email: request.email,
        external_account: request.external_account,
        // Each certificate has its own.
        ..Plan::new(ChallengeMethod::DnsPersist(None))
    };
    let (plan, challenge) = (common.clone(), request.challenge);
    let renewers_of = move |names: &[String], store: &CertificateStore| -> Vec<Renewer> {
        let methods = match &challenge {
            Some(challenge) => vec![challenge.clone()],
            None => solvers.iter().map(|own| shared(own, &challenges, store)).collect(),
        };
        let plans =
            methods.into_iter().map(|challenge| Plan { names: names.to_vec(), challenge, ..plan.clone() });
        plans.map(|plan| Renewer::new(plan, unwaiting.clone())).collect()
    };
    let (mut renewers, mut live) = (Vec::new(), Vec::new());
    for names in &groups {
        let store = storage.certificate(names.first().map_or("", String::as_str));
        let one = LiveCertificate::new(store.clone());
        live.push(if request.has_placeholder { one.with_placeholder(names)? } else { one });
        renewers.push((store.clone(), renewers_of(names, &store)));
    }
    let certificates = Arc::new(AcmeCertificates::new(live, console));
    let on_demand = permission.zip(request.on_demand).map(|(permission, asked)| {
        let serving = Arc::clone(&certificates);
        let serve = Box::new(move |store| serving.serve_on_demand(store));
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
    let watch = AcmeWatch { certificates, renewers, storage, answers, on_demand, console, agrees, common };
    Ok(OpenedCertificates {
        certificates: certificates_for_server,
        identity,
        watch: Some(watch),
        files: None,
    })
}

impl AcmeWatch {
    /// Starts the threads that renew, once the listeners can answer. They end with the process; the next start resumes an
    /// interrupted order.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(self) -> std::io::Result<()> {
        let certificates = Arc::clone(&self.certificates);
        let compare: Arc<dyn Fn() + Send + Sync> = Arc::new(move || certificates.compare());
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
            let woken = self.certificates.wake_up_calls();
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
        if self.common.servers.len() > 1 {
            let (console, plan, storage, agrees) = (self.console, self.common, self.storage, self.agrees);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let open = move || {
                let consent = if agrees { Consent::Given } else { Consent::Missing };
                let caller =
                    AcmeCaller::new(|line| console.say(&format!("certkit: {line}")), consent, &SystemClock);
                runtime.block_on(open_other_accounts(&plan, &storage, &caller));
            };
            std::thread::Builder::new().name("acme-accounts".to_owned()).spawn(open)?;
        }
        if let Some(on_demand) = self.on_demand {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let woken = self.certificates.wake_up_calls();
            let renew = move || on_demand.keep_renewed(&runtime, &woken);
            std::thread::Builder::new().name("acme-on-demand".to_owned()).spawn(renew)?;
        }
        Ok(())
    }
}
