//! Everything that answers requests, as one value that never changes: applications, routes, limits, the log.
//!
//! A request keeps the snapshot that it began with. A reload builds a whole new one, or none, and swaps it in.

use std::path::Path;
use std::sync::Arc;
use std::task::Poll;

use arc_swap::ArcSwap;

use super::ajp_secret::AjpSecret;
use super::applications::Applications;
use super::http_challenges::HttpChallenges;
use super::known_hosts::KnownHosts;
use super::router::AppId;
use super::sites::Sites;
use crate::serve::config::{Limits, ServeConfig, Trust};
use crate::serve::connection::{Connection, ConnectionRole};
use crate::serve::counters::{Events, RefusedBy};
use crate::serve::error::Error;
use crate::serve::request::Request;
use crate::serve::response::access_log::AccessLog;
use crate::serve::response::pages::ErrorPage;
use crate::serve::spool::Spool;
use crate::serve::worker::WorkerPool;
use crate::sys::opener::Opener;
use crate::tls::{ClientVerifier, Resolver, Verifier};

/// What all requests share.
pub(in crate::serve) struct Snapshot {
    pub(in crate::serve) limits: Limits,
    /// Connections served at the same time.
    pub(in crate::serve) max_connections: usize,
    /// Where bodies wait.
    pub(in crate::serve) spool: Arc<Spool>,
    pub(in crate::serve) challenges: HttpChallenges,
    pub(in crate::serve) sites: Sites,
    hosts: KnownHosts,
    /// Which front servers are believed.
    pub(in crate::serve) trust: Trust,
    /// Verifies the certificates of clients; none is asked for without.
    pub(in crate::serve) clients: Option<Arc<ClientVerifier>>,
    /// What its files say now, until that is in use.
    renewed_clients: Option<Verifier>,
    /// Opens the secret again at a reload.
    opener: Arc<dyn Opener>,
    /// What requests by AJP must contain.
    pub(in crate::serve) ajp_secret: Option<Arc<AjpSecret>>,
    pub(in crate::serve) log: AccessLog,
    applications: Applications,
}

impl Snapshot {
    /// Opens what the settings name: each folder anew, since a release may have replaced it.
    /// What did not change is taken over from `previous`: its spool and applications. Applications
    /// of the first snapshot are started by [`Snapshot::start_applications`].
    ///
    /// # Errors
    /// A folder cannot be opened.
    pub(in crate::serve) fn build(
        config: &ServeConfig,
        challenges: HttpChallenges,
        log: AccessLog,
        opener: Arc<dyn Opener>,
        certificates: Option<Arc<Resolver>>,
        previous: Option<&Self>,
    ) -> Result<Self, Error> {
        if config.trust.proxy_protocol && config.trust.proxies.is_empty() {
            return Err(Error::ProxyProtocolWithoutProxies);
        }
        let ajp_secret =
            config.ajp_secret_file.as_deref().map(|path| read_secret(path, &*opener)).transpose()?;
        // A listener that other machines reach was opened because there was one.
        if ajp_secret.is_none() && previous.is_some_and(|previous| previous.ajp_secret.is_some()) {
            return Err(Error::AjpSecretGone);
        }
        let sites = Sites::build(config, config.limits, &*opener, previous.map(|previous| &previous.sites))?;
        let (clients, renewed_clients) = clients(config, previous)?;
        Ok(Self {
            limits: config.limits,
            max_connections: config.max_connections,
            spool: match previous {
                Some(previous) => Arc::clone(&previous.spool),
                None => Spool::new(&config.buffers),
            },
            challenges,
            sites,
            hosts: KnownHosts::new(config, certificates),
            trust: config.trust.clone(),
            clients,
            renewed_clients,
            ajp_secret,
            opener,
            log,
            applications: previous.map(|previous| previous.applications.clone()).unwrap_or_default(),
        })
    }

    /// Starts the applications and waits until they are loaded.
    ///
    /// # Errors
    /// The first application's trouble; none runs then.
    pub(in crate::serve) async fn start_applications(&mut self, config: &ServeConfig) -> Result<(), Error> {
        (self.applications, _) = self.applications.reload(config).await?;
        Ok(())
    }

    /// Whether a request came to the right place: on this connection, and to this server.
    ///
    /// # Errors
    /// What to answer instead.
    pub(in crate::serve) fn check_host(
        &self,
        request: &Request,
        connection: &Connection,
    ) -> Result<(), ErrorPage> {
        let checked = match connection.role {
            ConnectionRole::Redirect { .. } => self.hosts.check_redirect(request, connection),
            ConnectionRole::Serve => self.hosts.check(&self.sites, request, connection),
        };
        checked.inspect_err(|_| connection.counters.request_refused(RefusedBy::Host))
    }

    /// The certificates in use, if handshakes may have to wait for others.
    pub(in crate::serve) fn prepared_certificates(&self) -> Option<Arc<Resolver>> {
        self.hosts.certificates().filter(|resolver| resolver.preparation().is_some()).cloned()
    }

    pub(in crate::serve) fn application(&self, id: AppId) -> Option<&WorkerPool> {
        self.applications.get(id)
    }

    pub(in crate::serve) fn applications(&self) -> &[WorkerPool] {
        self.applications.pools()
    }
}

/// The snapshot in use.
pub(in crate::serve) struct Service {
    current: ArcSwap<Snapshot>,
    /// What has happened to the server.
    pub(in crate::serve) events: Events,
}

impl Service {
    pub(in crate::serve) fn new(first: Snapshot) -> Self {
        first.hosts.take_effect();
        Self { current: ArcSwap::from_pointee(first), events: Events::default() }
    }

    /// The snapshot for a request that begins now.
    pub(in crate::serve) fn current(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Waits until a worker asks for a reload.
    pub(in crate::serve) async fn reload_asked(&self) {
        let snapshot = self.current();
        let mut asked: Vec<_> =
            snapshot.applications().iter().map(|pool| Box::pin(pool.reload_asked())).collect();
        std::future::poll_fn(|context| {
            let is_asked = asked.iter_mut().any(|asked| asked.as_mut().poll(context).is_ready());
            if is_asked { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Builds a new snapshot from `config` for the requests that begin from now on, and loads the
    /// code of its applications again. One that does not load keeps the others from changing too: they are one release,
    /// may share modules, and have common settings, of which there is one state.
    ///
    /// # Errors
    /// A folder cannot be opened, or an application does not load; the snapshot and the code in
    /// use stay.
    pub(in crate::serve) async fn reload(self: &Arc<Self>, config: ServeConfig) -> Result<(), Error> {
        let service = Arc::clone(self);
        // Opening folders may wait for a disk or the network.
        let build = move || {
            let previous = service.current();
            let (challenges, log) = (previous.challenges.clone(), previous.log.clone());
            let opener = Arc::clone(&previous.opener);
            let certificates = previous.hosts.certificates().cloned();
            let next = Snapshot::build(&config, challenges, log, opener, certificates, Some(&previous))?;
            Ok::<_, Error>((config, next))
        };
        // It does not panic, and nothing aborts it but the end of the runtime.
        let Ok(built) = tokio::task::spawn_blocking(build).await else { return Ok(()) };
        let (config, mut next) = built?;
        let (applications, unused) = next.applications.reload(&config).await?;
        next.applications = applications;
        if let (Some(clients), Some(renewed)) = (&next.clients, next.renewed_clients.take()) {
            clients.replace(renewed);
        }
        next.hosts.take_effect();
        self.current.store(Arc::new(next));
        for pool in unused {
            // Its requests must not hold up the next reload.
            tokio::spawn(pool.retire());
        }
        Ok(())
    }
}

/// Who verifies clients: the same as before, by files that are read anew.
fn clients(config: &ServeConfig, previous: Option<&Snapshot>) -> Result<Clients, Error> {
    match (previous, &config.client_certificates) {
        // Only a restart begins or ends it.
        (Some(previous), _) => {
            let renewed = previous.clients.as_ref().map(|verifier| verifier.read_again()).transpose()?;
            Ok((previous.clients.clone(), renewed))
        }
        (None, Some(config)) => Ok((Some(Arc::new(ClientVerifier::new(config)?)), None)),
        (None, None) => Ok((None, None)),
    }
}

type Clients = (Option<Arc<ClientVerifier>>, Option<Verifier>);

fn read_secret(path: &Path, opener: &dyn Opener) -> Result<Arc<AjpSecret>, Error> {
    AjpSecret::read(path, opener)
        .map(Arc::new)
        .map_err(|source| Error::AjpSecret { path: path.to_owned(), source })
}
