//! The HTTPS server and its Python workers.
//!
//! The first thread accepts connections and talks to the worker processes, which are never given a
//! key. All threads drive connections; where there are three or more and an application, the first
//! one leaves connections to the others. A request takes one way through the rooms:
//!
//! ```text
//! front ─> connection ─┬─ guard ─> hyper (HTTP/1.1) ─┬─> request ─> pipeline ─> site ─> worker / upstream / response
//!                      ├─ hyper (HTTP/2) ────────────┤
//!                      └─ gateway (uwsgi, ...) ──────┘
//! ```

pub mod address;
pub mod config;
mod connection;
pub mod control;
mod counted_events;
mod counters;
pub mod discover;
mod error;
pub mod field_name;
pub mod file_options;
mod front;
mod handshake_failure;
pub mod htpasswd;
pub mod log_format;
pub mod log_selection;
pub mod mount;
pub mod open_files;
mod pipeline;
mod renewal;
mod request;
mod response;
pub mod rules;
pub mod shutdown;
mod site;
mod spool;
mod stats;
#[cfg(test)]
mod tests;
mod upstream;
pub mod worker;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ServerConfig;
use tokio::task::JoinSet;

use self::address::{Endpoint, ListenAddress, Scheme};
use self::config::{AccessLogTarget, Reload, ServeConfig};
use self::connection::ConnectionRole;
use self::counted_events::CountedEvents;
pub use self::error::Error;
use self::front::admission::Admission;
use self::front::bind::{BoundSocket, PassedSockets, SocketFiles};
use self::front::driver::{GatewayProtocol, ListenerProtocol};
use self::front::listener::Listener;
use self::front::threads::FrontThreads;
use self::log_selection::LogLines;
use self::renewal::Renewal;
use self::response::access_log::AccessLog;
use self::shutdown::{Phase, Shutdown, ShutdownSender};
pub use self::site::check::obstacles;
pub use self::site::http_challenges::{ChallengeLookup, HttpChallenges};
use self::site::snapshot::{Service, Snapshot};
use self::stats::Observed;
use crate::finding::Finding;
use crate::sys::clock::{Clock, SystemClock};
use crate::sys::memory;
use crate::sys::opener::Opener;
use crate::tls::{self, AlpnChallenges, CertificateSet, CertificateSource, Preparation, Resolver};

/// A server that is ready: its sockets listen and its application is loaded.
pub struct Server {
    listeners: Vec<(Listener, ListenerProtocol)>,
    service: Arc<Service>,
    threads: FrontThreads,
    renewal: Option<Renewal>,
    /// Where it tells how it is doing, and what is looked at for that.
    stats: Option<(Vec<Listener>, Arc<Observed>)>,
    admission: Arc<Admission>,
    graceful_timeout: Duration,
}

/// The first certificates, the source of later ones, and the answers to ACME challenges.
pub struct Certificates {
    /// In use from the start.
    pub set: CertificateSet,
    /// Gives all later ones.
    pub source: Arc<dyn CertificateSource>,
    /// Answers to a validating ACME server, on the https listeners.
    pub alpn_challenges: AlpnChallenges,
    /// The same on the http listeners.
    pub http_challenges: HttpChallenges,
    /// What handshakes may have to wait for.
    pub preparation: Option<Arc<dyn Preparation>>,
}

impl Certificates {
    /// Certificates without ACME challenges.
    pub fn new(set: CertificateSet, source: Arc<dyn CertificateSource>) -> Self {
        let (alpn_challenges, http_challenges) = Default::default();
        Self { set, source, alpn_challenges, http_challenges, preparation: None }
    }
}

/// Reports what happens while the server runs.
pub trait Observer: Send + Sync {
    fn certificates_replaced(&self);
    /// Settings, folders and the application's code are about to be read again. One of the next three follows.
    fn reloading(&self);
    /// They are in use.
    fn reloaded(&self);
    /// The previous settings and code stay in use, for a reason that is in the log.
    fn code_refused(&self);
    /// The previous settings stay in use.
    fn settings_refused(&self, findings: &[Finding]);
    /// The previous certificates stay in use.
    fn certificates_refused(&self, findings: &[Finding]);
    /// Reading new ones takes longer than `limit`; the previous certificates stay in use.
    fn certificates_unreadable(&self, limit: Duration);
}

/// Sockets that are bound and a log that is open: what only root may be able to do.
pub struct BoundServer {
    sockets: BoundSockets,
    log: AccessLog,
    opener: Arc<dyn Opener>,
}

impl BoundServer {
    /// Opens the access log (with `opener`, which opens it again later) and binds the sockets. Clients are
    /// refused until [`Server::start`]. Needs no Tokio runtime.
    ///
    /// # Errors
    /// The first obstacle; sockets are gone then.
    pub fn bind(config: &ServeConfig, opener: &Arc<dyn Opener>) -> Result<Self, Error> {
        let log = AccessLog::open(
            &config.access_log,
            LogLines {
                format: config.log_format.clone(),
                selection: config.log_selection.clone(),
                date: config.log_date.clone(),
            },
            config.log_max_size,
            Arc::clone(opener),
        )
        .map_err(|source| match &config.access_log {
            AccessLogTarget::File(path) => Error::AccessLog { path: path.clone(), source },
            AccessLogTarget::Datagrams(target) => {
                Error::AccessLog { path: target.receiver.to_string().into(), source }
            }
            _ => Error::AccessLog { path: PathBuf::new(), source },
        })?;
        Ok(Self { sockets: BoundSockets::bind(config)?, log, opener: Arc::clone(opener) })
    }

    /// The files of unix sockets.
    pub fn socket_files(&self) -> Vec<PathBuf> {
        let BoundSockets { listeners, redirect, stats } = &self.sockets;
        let endpoints =
            listeners.iter().chain(redirect).chain(stats).map(|socket| &socket.address().endpoint);
        let files = endpoints.filter_map(|endpoint| match endpoint {
            Endpoint::Unix(path) => Some(path.clone()),
            Endpoint::Tcp { .. } | Endpoint::Fd(_) => None,
        });
        files.collect()
    }
}

impl Server {
    /// Starts the application and lets clients connect, in this order: a client that can connect is
    /// served. `config` is that of the bound server, which may have got its `root` since. Needs a
    /// Tokio runtime. `certificates` are needed for https listeners only.
    ///
    /// # Errors
    /// The first obstacle; sockets and workers are gone then.
    pub async fn start(
        bound: BoundServer,
        config: ServeConfig,
        certificates: Option<Certificates>,
    ) -> Result<Self, Error> {
        if let Err(error) = memory::keep_private() {
            tracing::warn!("cannot protect the TLS keys from other processes of this user: {error}");
        }
        let BoundServer { sockets, log, opener } = bound;
        let mut challenges = HttpChallenges::default();
        let renewal = certificates.map(|certificates| {
            challenges = certificates.http_challenges;
            let resolver = Resolver::new(certificates.set, certificates.alpn_challenges);
            let resolver = Arc::new(resolver.preparing(certificates.preparation));
            Renewal::new(resolver, certificates.source)
        });
        let resolver = renewal.as_ref().map(|renewal| Arc::clone(&renewal.resolver));
        let mut snapshot = Snapshot::build(&config, challenges, log, opener, resolver, None)?;
        let tls = match &renewal {
            Some(renewal) => {
                let clients = snapshot.clients.clone();
                Some(tls::server_config(Arc::clone(&renewal.resolver), config.tls, clients)?)
            }
            None => None,
        };
        let has_application = config.applications().next().is_some();
        let threads = FrontThreads::start(config.front_threads, has_application).map_err(Error::Thread)?;
        snapshot.start_applications(&config).await?;
        let Listeners { listeners, stats } = match sockets.listen(tls.as_ref(), config.backlog) {
            Ok(listeners) => listeners,
            Err(error) => {
                for pool in snapshot.applications() {
                    pool.stop().await;
                }
                return Err(error);
            }
        };
        let service = Arc::new(Service::new(snapshot));
        let stats = (!stats.is_empty()).then(|| {
            let threads = threads.all();
            threads.iter().for_each(|thread| thread.counters().time_requests());
            let observed = Observed {
                service: Arc::clone(&service),
                threads,
                renewal: renewal.clone(),
                addresses: listeners.iter().map(|(listener, _)| listener.address().clone()).collect(),
                backlog: config.backlog,
                started: SystemClock.now().unix_timestamp(),
                options: config.stats,
            };
            (stats, Arc::new(observed))
        });
        Ok(Self {
            listeners,
            threads,
            stats,
            renewal,
            admission: Arc::new(Admission::new(config.max_connections, config.max_connections_per_address)),
            graceful_timeout: config.graceful_timeout,
            service,
        })
    }

    /// Where the server listens, with the ports that the system chose.
    pub fn addresses(&self) -> Vec<ListenAddress> {
        self.listeners.iter().map(|(listener, _)| listener.address().clone()).collect()
    }

    /// What can be asked of the server while it runs.
    pub fn handle(&self) -> ServerHandle {
        ServerHandle { service: Arc::clone(&self.service) }
    }

    /// Serves until `shutdown`, and returns when everything has ended. Each message in `reload`
    /// reloads the settings, what they name, and certificates.
    pub async fn run(
        self,
        mut shutdown: Shutdown,
        mut reload: tokio::sync::mpsc::Receiver<()>,
        settings: Arc<dyn Reload>,
        observer: Arc<dyn Observer>,
    ) {
        let (stop, stopped) = stop_signal();
        let threads = Arc::new(self.threads);
        let mut accepting = JoinSet::new();
        for (listener, protocol) in self.listeners {
            let (service, threads) = (Arc::clone(&self.service), Arc::clone(&threads));
            let admission = Arc::clone(&self.admission);
            accepting.spawn(listener.accept_all(protocol, service, threads, admission, stopped.clone()));
        }
        let log = self.service.current().log.clone();
        let mut background = JoinSet::new();
        background.spawn(async move { log.write_lines().await });
        let admission = Arc::clone(&self.admission);
        let spool = Arc::clone(&self.service.current().spool);
        background.spawn(async move { admission.give_memory_back(&spool).await });
        let observer: Arc<dyn Observer> =
            Arc::new(CountedEvents { observer, service: Arc::clone(&self.service) });
        if let Some((listeners, observed)) = self.stats {
            background.spawn(stats::serve(listeners, observed));
        }
        let (refresh, mut refreshed) = tokio::sync::mpsc::channel(1);
        if let Some(renewal) = self.renewal.clone() {
            let observer = Arc::clone(&observer);
            background.spawn(async move { renewal.keep_fresh(&mut refreshed, &*observer).await });
        }
        if let Some(renewal) = self.renewal {
            background.spawn(async move { renewal.warn_of_expiry().await });
        }
        let service = Arc::clone(&self.service);
        background.spawn(async move {
            loop {
                tokio::select! {
                    asked = reload.recv() => if asked.is_none() { return },
                    () = service.reload_asked() => {}
                }
                // Certificates do not wait for an application that takes long to load. A full channel
                // holds an earlier one, which serves both.
                let _ = refresh.try_send(());
                observer.reloading();
                let reader = Arc::clone(&settings);
                match tokio::task::spawn_blocking(move || reader.settings()).await {
                    Ok(Ok(config)) => match service.reload(config).await {
                        Ok(()) => {
                            settings.in_use();
                            observer.reloaded();
                        }
                        Err(error) => {
                            tracing::error!(%error, "reload failed; the previous settings and code stay in use");
                            observer.code_refused();
                        }
                    },
                    Ok(Err(findings)) => observer.settings_refused(&findings),
                    // It does not panic, and nothing aborts it but the end of the runtime.
                    Err(_) => return,
                }
            }
        });

        shutdown.reached(Phase::Draining).await;
        stop.advance(Phase::Draining);
        let deadline = Instant::now() + self.graceful_timeout;
        while accepting.join_next().await.is_some() {}
        tokio::select! {
            () = self.admission.all_ended() => {}
            () = tokio::time::sleep_until(deadline.into()) => tracing::warn!("graceful timeout reached; aborting running requests"),
            () = shutdown.reached(Phase::Now) => {}
        }
        stop.advance(Phase::Now);
        // Aborted requests still get their line in the log.
        let _ = tokio::time::timeout(LAST_LINES, self.admission.all_ended()).await;
        let snapshot = self.service.current();
        let mut stopping = JoinSet::new();
        for pool in snapshot.applications() {
            let pool = pool.clone();
            stopping.spawn(async move { pool.stop_by(deadline).await });
        }
        tokio::select! {
            () = async { while stopping.join_next().await.is_some() {} } => {}
            () = shutdown.reached(Phase::Now) => {}
        }
        // Nothing accepts any more.
        if let Some(threads) = Arc::into_inner(threads) {
            threads.stop().await;
        }
        snapshot.log.flush();
    }
}

/// A running server, for those who look after it.
#[derive(Clone)]
pub struct ServerHandle {
    service: Arc<Service>,
}

impl ServerHandle {
    /// Opens the access log again. May wait for a disk.
    ///
    /// # Errors
    /// What the system says; the file in use stays in use.
    pub fn reopen_logs(&self) -> std::io::Result<()> {
        self.service.current().log.reopen()
    }

    /// Moves the file of the access log away, and begins a new one. May wait for a disk.
    pub fn rotate_logs(&self) {
        self.service.current().log.rotate();
    }

    /// Starts further workers for each application, or lets some leave.
    pub fn change_workers(&self, by: i32) {
        for pool in self.service.current().applications() {
            pool.change_workers(by);
        }
    }
}

/// How long another server may keep an address: restart scripts end one server and start the next at once.
const LET_GO: Duration = Duration::from_secs(1);
/// How often the address is looked at meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Time for aborted connections to end.
const LAST_LINES: Duration = Duration::from_millis(100);

/// The server's own phases: draining ends in `Now` when the graceful timeout is over.
fn stop_signal() -> (ShutdownSender, Shutdown) {
    let sender = ShutdownSender::default();
    let shutdown = sender.subscribe();
    (sender, shutdown)
}

/// Sockets that do not listen yet.
struct BoundSockets {
    listeners: Vec<BoundSocket>,
    /// Those of [`ServeConfig::redirect_http`].
    redirect: Vec<BoundSocket>,
    /// Those of [`ServeConfig::stats`].
    stats: Vec<BoundSocket>,
}

/// Sockets that listen.
struct Listeners {
    listeners: Vec<(Listener, ListenerProtocol)>,
    stats: Vec<Listener>,
}

impl BoundSockets {
    fn bind(config: &ServeConfig) -> Result<Self, Error> {
        let modes =
            SocketFiles { mode: config.socket_mode, owner: config.socket_owner, options: config.sockets };
        let mut passed = PassedSockets::find();
        let deadline = Instant::now() + LET_GO;
        let mut one = |address: &ListenAddress| loop {
            match front::bind::bind(address, modes, &mut passed) {
                Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < deadline => {
                    std::thread::sleep(LOOK_AGAIN);
                }
                bound => return bound.map_err(|source| Error::Bind { address: address.clone(), source }),
            }
        };
        let mut listeners = Vec::new();
        let mut files = Vec::new();
        let all = config.listeners.iter().map(|address| &address.endpoint);
        let all = all.chain(&config.redirect_http).chain(&config.stats.address);
        for endpoint in all {
            let Endpoint::Unix(path) = endpoint else { continue };
            // The second one would take the first one for that of a server that has ended.
            if files.contains(&path) {
                return Err(Error::SocketTwice(path.clone()));
            }
            files.push(path);
        }
        for address in &config.listeners {
            let sockets = one(address)?;
            let needs_secret = address.scheme == Scheme::Ajp && config.ajp_secret_file.is_none();
            if let Some(open) = sockets.iter().find(|socket| needs_secret && !socket.is_local()) {
                return Err(Error::AjpWithoutSecret(open.address().clone()));
            }
            listeners.extend(sockets);
        }
        let mut of_http = |endpoint: &Option<Endpoint>| match endpoint {
            Some(endpoint) => one(&ListenAddress { scheme: Scheme::Http, endpoint: endpoint.clone() }),
            None => Ok(Vec::new()),
        };
        let (redirect, stats) = (of_http(&config.redirect_http)?, of_http(&config.stats.address)?);
        match config.passed_scheme {
            Some(scheme) => listeners.extend(passed.take_rest(scheme)?),
            None => passed.warn_of_unused(),
        }
        Ok(Self { listeners, redirect, stats })
    }

    fn listen(self, tls: Option<&Arc<ServerConfig>>, backlog: u32) -> Result<Listeners, Error> {
        let https_port = self.listeners.iter().find_map(|socket| match socket.address() {
            ListenAddress { scheme: Scheme::Https, endpoint: Endpoint::Tcp { port, .. } } => Some(*port),
            _ => None,
        });
        let redirect = ListenerProtocol::Http(ConnectionRole::Redirect { port: https_port });
        let mut sockets = Vec::new();
        for socket in self.listeners {
            let protocol = match socket.address().scheme {
                Scheme::Http => ListenerProtocol::Http(ConnectionRole::Serve),
                Scheme::Https => ListenerProtocol::Https(tls.cloned().ok_or(tls::Error::NoCertificate)?),
                Scheme::Suwsgi => ListenerProtocol::Suwsgi(tls.cloned().ok_or(tls::Error::NoCertificate)?),
                Scheme::Uwsgi => ListenerProtocol::Gateway(GatewayProtocol::Uwsgi),
                Scheme::Fcgi => ListenerProtocol::Gateway(GatewayProtocol::Fcgi),
                Scheme::Scgi => ListenerProtocol::Gateway(GatewayProtocol::Scgi),
                Scheme::Ajp => ListenerProtocol::Gateway(GatewayProtocol::Ajp),
            };
            sockets.push((socket, protocol));
        }
        sockets.extend(self.redirect.into_iter().map(|socket| (socket, redirect.clone())));
        let listen = |socket: BoundSocket| {
            let address = socket.address().clone();
            Listener::new(socket, backlog).map_err(|source| Error::Bind { address, source })
        };
        // Before the others: a server that serves can be asked how it is doing.
        let stats = self.stats.into_iter().map(listen).collect::<Result<_, Error>>()?;
        let listeners = sockets.into_iter().map(|(socket, protocol)| Ok((listen(socket)?, protocol)));
        let listeners = listeners.collect::<Result<_, Error>>()?;
        Ok(Listeners { listeners, stats })
    }
}
