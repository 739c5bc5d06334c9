//! Everything that answers requests, as one value that never changes: applications, routes, limits, the log.
//!
//! A request keeps the snapshot that it began with. A reload builds a whole new one, or none, and swaps it in.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::Poll;

use arc_swap::ArcSwap;
use http::HeaderValue;

use super::ajp_secret::AjpSecret;
use super::applications::Applications;
use super::http_challenges::HttpChallenges;
use super::router::{AppId, Route, RouteTarget, Site, SiteEdge, TriedRoute};
use super::rules::SiteRules;
use crate::protocol::cgi_vars;
use crate::serve::config::{Limits, Root, ServeConfig, Trust, UpstreamConfig};
use crate::serve::counters::Events;
use crate::serve::error::Error;
use crate::serve::file_options::TriedFolder;
use crate::serve::response::access_log::AccessLog;
use crate::serve::response::headers::FieldEdits;
use crate::serve::response::static_files::{FileSettings, Folder};
use crate::serve::spool::Spool;
use crate::serve::upstream::Upstream;
use crate::serve::worker::WorkerPool;
use crate::sys::opener::Opener;
use crate::tls::{self, ClientVerifier, Verifier};

/// What all requests share.
pub(in crate::serve) struct Snapshot {
    pub(in crate::serve) limits: Limits,
    /// Connections served at the same time.
    pub(in crate::serve) max_connections: usize,
    /// Where bodies wait, and below which paths they do not.
    pub(in crate::serve) spool: Arc<Spool>,
    unbuffered: Vec<String>,
    pub(in crate::serve) challenges: HttpChallenges,
    pub(in crate::serve) site: Site,
    /// Gateway listeners: whether PATH_INFO still begins with SCRIPT_NAME.
    pub(in crate::serve) manage_script_name: bool,
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
        previous: Option<&Self>,
    ) -> Result<Self, Error> {
        if config.trust.proxy_protocol && config.trust.proxies.is_empty() {
            return Err(Error::ProxyProtocolWithoutProxies);
        }
        let files = FileSettings::open(&config.files);
        let mut routes = config
            .folders
            .iter()
            .map(|(prefix, path)| Ok(Route::new(prefix, config.limits, open_folder(path, &files)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        routes.extend(upstreams(config)?);
        let root = match &config.root {
            // It is the first one.
            Root::Application(_) => RouteTarget::Application(AppId(0)),
            Root::NotFound => RouteTarget::NotFound,
            Root::Folder(path) => {
                let folder = Folder::open(path, &files)
                    .map_err(|source| Error::Folder { path: path.clone(), source })?;
                RouteTarget::Folder(Arc::new(folder.with_fallback(config.files.fallback.clone())))
            }
            Root::StartPage(html) => RouteTarget::Page(html.clone()),
        };
        let ajp_secret =
            config.ajp_secret_file.as_deref().map(|path| read_secret(path, &*opener)).transpose()?;
        // A listener that other machines reach was opened because there was one.
        if ajp_secret.is_none() && previous.is_some_and(|previous| previous.ajp_secret.is_some()) {
            return Err(Error::AjpSecretGone);
        }
        let edge = edge(config, &files)?;
        let (clients, renewed_clients) = clients(config, previous)?;
        Ok(Self {
            limits: config.limits,
            max_connections: config.max_connections,
            spool: match previous {
                Some(previous) => Arc::clone(&previous.spool),
                None => Spool::new(&config.buffers),
            },
            unbuffered: config.buffers.unbuffered.clone(),
            challenges,
            site: Site::new(edge, routes, Route::new("/", config.limits, root)).with_applications(config),
            manage_script_name: config.script_name.manage,
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

    /// Whether the bodies of this path wait for their clients.
    pub(in crate::serve) fn is_unbuffered(&self, path: &[u8]) -> bool {
        self.unbuffered.iter().any(|prefix| cgi_vars::below(prefix.as_bytes(), path).is_some())
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
            let next = Snapshot::build(&config, challenges, log, opener, Some(&previous))?;
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

/// The routes to servers behind this one.
fn upstreams(config: &ServeConfig) -> Result<Vec<Route>, Error> {
    let is_tls = config.upstreams.iter().any(|upstream| upstream.servers.iter().any(|at| at.scheme.is_tls()));
    let tls = is_tls.then(|| tls::client_config(config.upstream_ca.as_deref())).transpose()?;
    let route = |upstream: &UpstreamConfig| {
        let target = Upstream::new(upstream, config.upstream_timeout, tls.as_ref());
        Route::new(&upstream.prefix, config.limits, RouteTarget::Upstream(Arc::new(target)))
    };
    Ok(config.upstreams.iter().map(route).collect())
}

fn read_secret(path: &Path, opener: &dyn Opener) -> Result<Arc<AjpSecret>, Error> {
    AjpSecret::read(path, opener)
        .map(Arc::new)
        .map_err(|source| Error::AjpSecret { path: path.to_owned(), source })
}

fn open_folder(path: &Path, files: &Arc<FileSettings>) -> Result<RouteTarget, Error> {
    Folder::open(path, files)
        .map(|folder| RouteTarget::Folder(Arc::new(folder)))
        .map_err(|source| Error::Folder { path: path.to_owned(), source })
}

/// What requests pass before their route, and responses behind it.
fn edge(config: &ServeConfig, files: &Arc<FileSettings>) -> Result<SiteEdge, Error> {
    let hsts =
        config.hsts_seconds.and_then(|seconds| HeaderValue::try_from(format!("max-age={seconds}")).ok());
    let mut tried = Vec::new();
    for TriedFolder { prefix, path, keeps_prefix } in &config.files.tried {
        match Folder::for_application(path, files) {
            Ok(folder) => {
                tried.push(TriedRoute { prefix: prefix.clone(), keeps_prefix: *keeps_prefix, folder });
            }
            // As in uWSGI: all of it is left to the application.
            Err(source) if source.kind() == ErrorKind::NotFound => {
                tracing::warn!(
                    "there is no folder {}; its paths are left to the application",
                    path.display()
                );
            }
            Err(source) => return Err(Error::Folder { path: path.clone(), source }),
        }
    }
    if let (Some(path), Root::Application(_)) = (&config.files.root, &config.root) {
        let folder = Folder::for_application(path, files)
            .map_err(|source| Error::Folder { path: path.clone(), source })?;
        let folder = folder.with_own_indexes();
        tried.push(TriedRoute { prefix: String::new(), keeps_prefix: false, folder });
    }
    let removed = config.removed_fields.iter().map(|field| field.0.clone()).collect();
    Ok(SiteEdge {
        hsts,
        rules: SiteRules::new(&config.rules, folder_of_the_application(config), files)?,
        fields: FieldEdits::new(&config.added_fields, removed),
        collected: config.collected_fields.clone(),
        tried,
    })
}

/// Where the application runs, which is where relative paths of rules begin.
fn folder_of_the_application(config: &ServeConfig) -> PathBuf {
    let start = std::env::current_dir().unwrap_or_default();
    let chdir = config.applications().find_map(|(_, workers)| workers.chdir.as_ref());
    chdir.map_or_else(|| start.clone(), |chdir| start.join(chdir))
}
