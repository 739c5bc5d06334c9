//! What the settings say, with the defaults where they say nothing.

use std::num::NonZeroUsize;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::attached_daemon::AttachedDaemon;
use super::emperor::EmperorSettings;
use super::hook::PhasedHook;
use super::values::{AcmeMissing, ConfigFormat, NamedApplication, VhostFile};
use crate::serve::address::{Endpoint, ListenAddress, Scheme};
use crate::serve::config::{ClientAuth, ClientCertificates, Limits, Root, ServeConfig, SiteConfig};
use crate::serve::worker::{Application, Cheaper, WorkerConfig, WorkerLimits};
use crate::sys::log_target::DatagramTarget;
use crate::sys::privileges::PrivilegeOptions;
use crate::sys::socket;

/// More than one lets an application wait for a database without holding up others, and costs
/// little.
const THREADS: usize = 4;
const LARGEST_DEFAULT_WORKERS: usize = 8;
/// That of uWSGI.
const MIN_LIFETIME: Duration = Duration::from_secs(60);

/// FCGI_LISTENSOCK_FILENO.
const MANAGED: RawFd = 0;

/// The settings of `serve`: every row of the [table](super::table) sets a field of this, in what
/// the server and its workers are given, or in what decides about certificates and application.
#[derive(Clone, Debug)]
pub struct ServeSettings {
    pub app: Option<String>,
    pub wsgi_file: Option<PathBuf>,
    pub module: Option<String>,
    pub callable: Option<String>,
    /// Applications beside that one.
    pub mounts: Vec<NamedApplication>,
    pub cert: Vec<PathBuf>,
    pub key: Vec<PathBuf>,
    /// The password of encrypted keys.
    pub key_password_file: Option<PathBuf>,
    /// OCSP responses.
    pub ocsp_staples: Vec<PathBuf>,
    /// Which certificates of clients are taken, if it names a CA.
    pub client: ClientCertificates,
    /// Serve certificates that have expired or are in the wrong order.
    pub force: bool,
    pub acme: AcmeSettings,
    pub process: ProcessSettings,
    pub show_config: Option<ConfigFormat>,
    /// Judge the settings, and end.
    pub check: bool,
    /// Owner of unix sockets, by names.
    pub socket_owner: Option<String>,
    /// Whether only what the settings name is served, and nothing that the folder offers.
    pub only_named: bool,
    /// Files of further sites.
    pub vhosts: Vec<VhostFile>,
    /// The sites beside this one, each with settings of its own.
    pub sites: Vec<Self>,
    /// Refuse options that nobody knows.
    pub strict: bool,
    /// Accept options that certkit cannot do.
    pub lenient: bool,
    /// All but its `root` and `mounts`.
    pub server: ServeConfig,
    /// All but its `application` and `graceful_timeout`, which the server has.
    pub worker: WorkerConfig,
}

/// How certificates are obtained, if there are names.
#[derive(Clone, Debug, Default)]
pub struct AcmeSettings {
    pub names: Vec<String>,
    /// The preferred one first; none is Let's Encrypt.
    pub servers: Vec<String>,
    pub email: Option<String>,
    /// The external account, for both or neither.
    pub eab_kid: Option<String>,
    pub eab_hmac_file: Option<PathBuf>,
    pub ca_roots: Option<PathBuf>,
    pub state: Option<PathBuf>,
    pub missing: AcmeMissing,
    pub agree_tos: bool,
    /// How to prove the names, where it is not by the listeners.
    pub challenge: AcmeChallenge,
    /// Names and wildcards that get a certificate when a client asks for them.
    pub on_demand: Vec<String>,
    /// Who is asked about such names.
    pub ask: Option<String>,
    /// Such orders an hour.
    pub on_demand_limit: u32,
}

/// Of provider, hook, resolver and file one is set at most.
#[derive(Clone, Debug, Default)]
pub struct AcmeChallenge {
    /// The DNS provider, by its name.
    pub dns: Option<String>,
    /// The secrets for the provider or for a hook of another client.
    pub dns_credentials: Option<PathBuf>,
    pub dns_resolver: Option<String>,
    pub dns_wait: Option<u32>,
    pub dns_hook: Option<String>,
    /// The resolver that reads the records, or `system`.
    pub dns_persist: Option<String>,
    pub rfc2136: Option<PathBuf>,
    /// Whether records that are set have the account's label in their names.
    pub dns_account: bool,
}

/// The server as a process.
#[derive(Clone, Debug, Default)]
pub struct ProcessSettings {
    /// Where the output goes of a server in the background; `None` for one in the foreground.
    pub daemonize: Option<PathBuf>,
    pub pid_file: Option<PathBuf>,
    /// Further ones.
    pub pid_files: Vec<PathBuf>,
    pub control_fifos: Vec<PathBuf>,
    pub touch_reload: Vec<PathBuf>,
    pub log_file: Option<PathBuf>,
    /// Instead of a log file.
    pub log_datagrams: Option<DatagramTarget>,
    pub log_backup: Option<PathBuf>,
    pub log_truncate: bool,
    /// Whether a reload opens log files again.
    pub log_reopen: bool,
    pub touch_log_rotate: Vec<PathBuf>,
    pub touch_log_reopen: Vec<PathBuf>,
    /// Who the process becomes once its sockets are bound.
    pub privileges: PrivilegeOptions,
    /// Permission bits that new files do not get; `None` for those that are inherited.
    pub umask: Option<u32>,
    /// Commands that run beside the server.
    pub daemons: Vec<AttachedDaemon>,
    /// Those read the standard input of the server.
    pub daemons_have_stdin: bool,
    /// All but those of workers.
    pub hooks: Vec<PhasedHook>,
    pub emperor: EmperorSettings,
    /// Files that this server alone may have locked, and whether to wait for them.
    pub locks: Vec<(PathBuf, bool)>,
    /// A reload stops the server: a service manager starts it again.
    pub exits_on_reload: bool,
}

impl ProcessSettings {
    /// Every pid file, each once.
    pub fn all_pid_files(&self) -> Vec<&Path> {
        let mut all: Vec<&Path> = Vec::new();
        for path in self.pid_file.iter().chain(&self.pid_files) {
            if !all.contains(&path.as_path()) {
                all.push(path);
            }
        }
        all
    }
}

impl Default for ServeSettings {
    fn default() -> Self {
        Self {
            app: None,
            wsgi_file: None,
            module: None,
            callable: None,
            mounts: Vec::new(),
            cert: Vec::new(),
            key: Vec::new(),
            key_password_file: None,
            ocsp_staples: Vec::new(),
            client: ClientCertificates::default(),
            force: false,
            acme: AcmeSettings { on_demand_limit: 10, ..AcmeSettings::default() },
            process: ProcessSettings::default(),
            show_config: None,
            check: false,
            socket_owner: None,
            only_named: false,
            vhosts: Vec::new(),
            sites: Vec::new(),
            strict: false,
            lenient: false,
            server: ServeConfig::default(),
            worker: WorkerConfig {
                application: Application::File { path: PathBuf::new(), callable: None },
                mounted_at: None,
                workers: default_workers(),
                threads: THREADS,
                python: None,
                virtualenv: None,
                chdir: None,
                chdir_after: None,
                pythonpath: Vec::new(),
                env: Vec::new(),
                address_space: None,
                graceful_timeout: Duration::ZERO,
                limits: WorkerLimits { min_lifetime: MIN_LIFETIME, ..WorkerLimits::default() },
                cheaper: Cheaper { step: 1, ..Cheaper::default() },
                greenlets: None,
                monkey_patch: false,
                shows_exceptions: false,
                reload_on_change: Duration::ZERO,
                uwsgi_options: None,
                post_fork: Vec::new(),
                unset: Vec::new(),
                reload_ignored: Vec::new(),
            },
        }
    }
}

impl ServeSettings {
    /// Fills in what depends on all settings together.
    pub(super) fn finish(&mut self) {
        let is_emperor = !self.process.emperor.places.is_empty();
        if self.server.listeners.is_empty() && !is_emperor && self.server.passed_scheme.is_none() {
            if self.is_managed() {
                self.server.listeners.push(managed_listener());
                // The process manager starts as many processes as are needed.
                if self.worker.workers == default_workers() {
                    self.worker.workers = 1;
                }
            } else {
                self.server.listeners.push(default_listener());
            }
        }
        let asks = !self.client.ca.as_os_str().is_empty() && self.client.auth != ClientAuth::Off;
        self.server.client_certificates = asks.then(|| self.client.clone());
        // A file that has both: certificates that are there already count.
        if !self.cert.is_empty() {
            self.acme.names.clear();
        }
        let names = self.acme.names.iter().flat_map(|names| names.split(','));
        // What is not one is refused later.
        self.server.certificate_names = names.filter_map(|name| name.trim().parse().ok()).collect();
    }

    /// Whether a process manager has made standard input a socket.
    pub(super) fn is_managed(&self) -> bool {
        socket::inherited(MANAGED).is_ok()
    }

    /// The server with `root` at the root.
    pub fn decide(self, root: Root) -> ServeConfig {
        let mounts = self.mounted_applications();
        let site = SiteConfig { root, mounts, ..self.server.site };
        let limits = self.server.limits;
        let sites = self.sites.into_iter().map(|site| site.decide_site(limits)).collect();
        ServeConfig { site, sites, ..self.server }
    }

    /// What is served at a site that is not that of `[serve]`.
    fn decide_site(self, of_server: Limits) -> SiteConfig {
        let root = self.root(&self.content()).unwrap_or(Root::NotFound);
        let Limits { limit_post, post_buffering, body_timeout, .. } = self.server.limits;
        let limits = Some(Limits { limit_post, post_buffering, body_timeout, ..of_server });
        SiteConfig { limits, ..self.decide(root).site }
    }

    /// Whether clients must have a certificate.
    pub fn demands_certificates(&self) -> bool {
        self.server.client_certificates.as_ref().is_some_and(|clients| clients.auth == ClientAuth::Require)
    }

    /// How an application is to be run.
    pub fn workers(&self, application: Application) -> WorkerConfig {
        let graceful_timeout = self.server.graceful_timeout;
        WorkerConfig { application, graceful_timeout, ..self.worker.clone() }
    }
}

/// As mod_fcgid and spawn-fcgi start programs: standard input is the socket (FastCGI 1.0, section 2.2).
fn managed_listener() -> ListenAddress {
    ListenAddress { scheme: Scheme::Fcgi, endpoint: Endpoint::Fd(MANAGED) }
}

/// Reachable from this machine only.
fn default_listener() -> ListenAddress {
    ListenAddress {
        scheme: Scheme::Https,
        endpoint: Endpoint::Tcp { host: "127.0.0.1".to_owned(), port: 8443 },
    }
}

fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(LARGEST_DEFAULT_WORKERS)
}
