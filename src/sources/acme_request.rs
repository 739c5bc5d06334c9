//! What `--acme` and its companions ask for, and what can be known of it before a server is asked.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::acme_http::HttpAnswers;
use super::acme_reach;
use super::on_demand::OnDemandRequest;
use super::on_demand_permission::Permission;
use crate::acme::challenge::tls_alpn01::Proofs;
use crate::acme::challenge::{ChallengeMethod, Embedded, Solver};
use crate::acme::storage::{CertificateStore, Storage};
use crate::acme::{self, CurrentCertificate, ExternalAccount, LETS_ENCRYPT};
use crate::advice::acme::{failure, refused_by_serve};
use crate::advice::certificate::CertificateError;
use crate::operands::acme::{check_mail_address, server_addresses, state_directory};
use crate::report::Failure;
use crate::serve::HttpChallenges;
use crate::serve::address::{ListenAddress, Scheme};
use crate::sys::clock::{Clock, SystemClock, date};
use crate::tls::AlpnChallenges;

/// What `--acme` and its companions ask for.
pub struct AcmeRequest {
    /// For each certificate its names, with commas between them.
    pub names: Vec<String>,
    /// By word or address, the preferred one first; none is Let's Encrypt.
    pub servers: Vec<String>,
    pub email: Option<String>,
    /// One that was made elsewhere, that new accounts are bound to.
    pub external_account: Option<ExternalAccount>,
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

/// Who looks at state and secrets: they must belong to who uses them.
#[derive(Clone, Debug)]
pub enum StateReader {
    /// The user of the running server.
    Own,
    /// Root, before it becomes another.
    Other {
        name: String,
        /// Whether paths lead elsewhere then.
        changes_root: bool,
    },
}

impl StateReader {
    fn is_own(&self) -> bool {
        matches!(self, Self::Own)
    }

    /// Whether the files of the state are where the running server finds them.
    fn finds_state(&self) -> bool {
        !matches!(self, Self::Other { changes_root: true, .. })
    }
}

/// A request that holds, as far as can be known.
pub(super) struct DecidedAcme {
    /// The addresses of their directories, the preferred one first; at least one.
    pub(super) servers: Vec<String>,
    /// The names of each certificate.
    pub(super) groups: Vec<Vec<String>>,
    pub(super) storage: Storage,
    /// Which further names may have a certificate.
    pub(super) permission: Option<Arc<Permission>>,
    pub(super) http: HttpChallenges,
    pub(super) alpn: AlpnChallenges,
    /// The challenges that the listeners can answer; the first is tried first.
    pub(super) solvers: Vec<Arc<dyn Solver>>,
    pub(super) request: AcmeRequest,
}

impl AcmeRequest {
    /// What there is and what would be obtained, a line for each. No server is asked, and nothing is written.
    ///
    /// # Errors
    /// All that would stop the start, as far as `reader` can know of it.
    pub fn check(self, reader: &StateReader) -> Result<Vec<String>, Failure> {
        let DecidedAcme { servers, groups, storage, solvers, request, .. } = self.decide(reader)?;
        let kinds: Vec<_> = match &request.challenge {
            Some(challenge) => vec![challenge.kind().to_string()],
            None => solvers.iter().map(|solver| solver.kind().to_string()).collect(),
        };
        let mut lines =
            vec![format!("certificates by {} from {}", kinds.join(" or "), servers.join(", then from "))];
        if let StateReader::Other { name, .. } = reader {
            lines.push(format!("its state and secrets are looked at as {name} when the server starts"));
        }
        for names in &groups {
            if !reader.finds_state() {
                lines.push(format!("a certificate for {}", names.join(", ")));
                continue;
            }
            let store = storage.certificate(names.first().map_or("", String::as_str));
            let current = CurrentCertificate::load(&store);
            let current = current.map_err(|error| refused_by_serve(failure(error, SystemClock.now())))?;
            let state = match current.as_ref().and_then(|current| current.chain.first()) {
                Some(leaf) => format!("until {}", date(leaf.not_after)),
                None => "which is obtained at the start".to_owned(),
            };
            lines.push(format!("a certificate for {}, {state}", names.join(", ")));
        }
        if let Some(asked) = &request.on_demand {
            lines.push(format!("certificates on demand, at most {} an hour", asked.limit));
        }
        Ok(lines)
    }

    /// Checks what can be checked without a server: names, rights to the state, the file or program for the challenge,
    /// whether the listeners can be reached. Nothing is written.
    ///
    /// # Errors
    /// Invalid names, names that the listeners cannot prove, what is missing for the challenge, and terms of service
    /// without consent.
    pub(super) fn decide(self, reader: &StateReader) -> Result<DecidedAcme, Failure> {
        self.decided(reader).map_err(refused_by_serve)
    }

    fn decided(self, reader: &StateReader) -> Result<DecidedAcme, Failure> {
        let mut servers = server_addresses(&self.servers, "--acme-server")?;
        if servers.is_empty() {
            servers.push(LETS_ENCRYPT.to_owned());
        }
        let groups = self.names.iter().map(|names| group(names, &servers));
        let groups = groups.collect::<Result<Vec<_>, _>>()?;
        first_names_differ(&groups)?;
        let storage = Storage::new(state_directory(self.state.as_deref())?);
        // Keys and chains are read from there before any renewer runs.
        if reader.is_own() {
            storage.check_access().map_err(|error| failure(error.into(), SystemClock.now()))?;
        }
        self.email.as_deref().map_or(Ok(()), check_mail_address)?;
        if reader.is_own() && !self.agrees_to_terms {
            servers.iter().try_for_each(|server| require_account(&storage, server))?;
        }
        if reader.finds_state() {
            groups.iter().try_for_each(|names| require_key(&storage, names, self.state.as_deref()))?;
        }
        let permission = self.on_demand.as_ref().map(|asked| {
            Permission::new(&asked.names, asked.ask.as_deref(), &servers, groups.iter().flatten())
        });
        let permission = permission.transpose()?.map(Arc::new);

        let (http, alpn) = (HttpChallenges::default(), AlpnChallenges::default());
        let solvers = by_listeners(&self.listeners, &http, &alpn);
        for name in groups.iter().flatten() {
            let can_prove = |method: &ChallengeMethod| method.can_prove(name);
            match &self.challenge {
                Some(method) => can_prove(method),
                None => solvers
                    .iter()
                    .try_for_each(|own| can_prove(&ChallengeMethod::Embedded(Embedded(Arc::clone(own))))),
            }
            .map_err(CertificateError::CannotProve)?;
        }
        match &self.challenge {
            // A wrong hook or file is reported now, not in a log when the certificate is due.
            Some(challenge) if reader.is_own() => {
                challenge.prepare().map_err(|error| failure(error.into(), SystemClock.now()))?;
            }
            None if reader.finds_state() => {
                let first_names = groups.iter().filter_map(|names| names.first());
                let stores: Vec<_> = first_names.map(|name| storage.certificate(name)).collect();
                require_reach(&self.listeners, &servers, &stores)?;
            }
            _ => {}
        }
        Ok(DecidedAcme { servers, groups, storage, permission, http, alpn, solvers, request: self })
    }
}

/// The names of one certificate: those between commas.
fn group(names: &str, servers: &[String]) -> Result<Vec<String>, CertificateError> {
    let mut group = Vec::new();
    for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let name = acme::certificate_name(name)
            .and_then(|name| {
                servers.iter().try_for_each(|server| acme::check_public_name(&name, server))?;
                Ok(name)
            })
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
    servers: &[String],
    stores: &[CertificateStore],
) -> Result<(), CertificateError> {
    let is_there = |store: &CertificateStore| store.live_files().fullchain.exists();
    if stores.iter().all(is_there) || acme_reach::is_within_reach(listeners, acme_reach::is_taken) {
        return Ok(());
    }
    let Some(server) = servers.iter().find(|server| !acme_reach::is_here(server)) else { return Ok(()) };
    let listeners: Vec<_> = listeners.iter().map(ToString::to_string).collect();
    Err(CertificateError::OutOfReach { server: server.clone(), listeners: listeners.join(" and ") })
}

/// Where the certificate was made of a signing request, its key is not in the state, and this server has none.
fn require_key(storage: &Storage, names: &[String], state: Option<&Path>) -> Result<(), Failure> {
    let Some(first) = names.first() else { return Ok(()) };
    let record = storage.certificate(first).record();
    match record.map_err(|error| failure(error.into(), SystemClock.now()))? {
        Some(record) if record.request.is_some() => {
            let state = state.map(Path::to_owned);
            Err(CertificateError::KeyElsewhere { names: names.to_vec(), state }.into())
        }
        _ => Ok(()),
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
