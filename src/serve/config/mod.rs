//! What the server is to do, fully decided: no field is left to be filled in.

pub mod access;
pub mod compression;
pub mod site;
pub mod upstream;

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

pub use self::access::{
    AccessConfig, AccessRule, BasicAuthConfig, ErrorPageConfig, ForwardAuthConfig, RateLimitConfig,
    RedirectConfig,
};
pub use self::compression::CompressionConfig;
pub use self::site::{Root, SiteConfig};
pub use self::upstream::UpstreamConfig;
use super::address::{Endpoint, ListenAddress, Scheme};
use super::log_format::LogFormat;
use super::log_selection::{DateFormat, LogSelection};
use super::mount::MountPoint;
use super::rules::IpNetwork;
use super::worker::WorkerConfig;
use crate::finding::Finding;
use crate::sys::account::Owner;
use crate::sys::log_target::{DatagramTarget, LogTarget};
pub use crate::tls::{ClientAuth, ClientCertificates, HostPattern, TlsOptions};

/// Everything the server needs to know, except the certificates, which come from a source of their
/// own.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    /// Where to listen; at least one.
    pub listeners: Vec<ListenAddress>,
    /// What sockets speak that a service manager passes and no listener names; `None` to leave them alone.
    pub passed_scheme: Option<Scheme>,
    /// Where every request is redirected to the https listener.
    pub redirect_http: Option<Endpoint>,
    /// Permission bits of unix sockets.
    pub socket_mode: u32,
    /// Owner and group of unix sockets; `None` for those of this process.
    pub socket_owner: Option<Owner>,
    /// Connections that the system keeps waiting per listener.
    pub backlog: u32,
    pub sockets: SocketOptions,
    /// Open files that this process and its workers may have; `None` for as many as the system allows.
    pub max_open_files: Option<u64>,
    /// Connections served at the same time; when all are taken, idle ones are closed and more wait.
    pub max_connections: usize,
    /// Connections of one address (IPv6: of one /64) at the same time; `None` for any number.
    pub max_connections_per_address: Option<usize>,
    /// Threads that drive connections.
    pub front_threads: usize,
    /// Versions of TLS, and resumption.
    pub tls: TlsOptions,
    /// Which certificates of clients are taken; none is asked for without.
    pub client_certificates: Option<ClientCertificates>,
    /// What is served to every host that no other site has.
    pub site: SiteConfig,
    /// What is served to the hosts that they name.
    pub sites: Vec<SiteConfig>,
    /// What becomes of hosts that no site names, and no certificate.
    pub unknown_host: UnknownHost,
    /// Names that a certificate is being obtained for.
    pub certificate_names: Vec<HostPattern>,
    pub limits: Limits,
    /// Where bodies wait for slow clients.
    pub buffers: Buffers,
    /// Which front servers are believed, and what.
    pub trust: Trust,
    /// The file with the secret that requests by AJP must contain; without one, only this machine is listened to.
    pub ajp_secret_file: Option<PathBuf>,
    /// Where the server tells how it is doing, and how.
    pub stats: StatsOptions,
    /// Where the access log goes.
    pub access_log: AccessLogTarget,
    /// How its lines look.
    pub log_format: LogFormat,
    /// Which requests are in it.
    pub log_selection: LogSelection,
    /// How it writes `%(ftime)`.
    pub log_date: Option<DateFormat>,
    /// Bytes from which on log files are moved away; `None` for never.
    pub log_max_size: Option<u64>,
    /// How long running requests may take once the server stops.
    pub graceful_timeout: Duration,
}

/// Options of sockets (socket(7), ip(7)).
#[derive(Clone, Copy, Debug, Default)]
pub struct SocketOptions {
    pub reuse_port: bool,
    pub freebind: bool,
    pub keepalive: bool,
    /// Bytes; `None` for what the system does.
    pub send_buffer: Option<usize>,
    pub receive_buffer: Option<usize>,
}

/// Reads the settings again, on HUP.
pub trait Reload: Send + Sync {
    /// What the server is to do from now on. May wait for files.
    ///
    /// # Errors
    /// What is wrong with the settings; the server stays as it is.
    fn settings(&self) -> Result<ServeConfig, Vec<Finding>>;

    /// The settings that were read last are in use.
    fn in_use(&self) {}
}

impl Default for ServeConfig {
    /// The defaults of `certkit serve`, without a listener and with an empty page.
    fn default() -> Self {
        Self {
            listeners: Vec::new(),
            passed_scheme: None,
            redirect_http: None,
            // Group members may connect: the front server usually runs as another user.
            socket_mode: 0o660,
            socket_owner: None,
            backlog: 1024,
            sockets: SocketOptions::default(),
            max_open_files: None,
            max_connections: 10_000,
            max_connections_per_address: None,
            front_threads: default_front_threads(),
            tls: TlsOptions::default(),
            client_certificates: None,
            site: SiteConfig::default(),
            sites: Vec::new(),
            unknown_host: UnknownHost::default(),
            certificate_names: Vec::new(),
            limits: Limits::default(),
            buffers: Buffers::default(),
            trust: Trust::default(),
            ajp_secret_file: None,
            stats: StatsOptions::default(),
            access_log: AccessLogTarget::default(),
            log_format: LogFormat::default(),
            log_selection: LogSelection::default(),
            log_date: None,
            log_max_size: None,
            graceful_timeout: Duration::from_secs(30),
        }
    }
}

impl ServeConfig {
    /// Every application of every site, with its site and its mount point, which the one at a root has not. The places
    /// of this list are the ids of a snapshot.
    pub fn applications(&self) -> impl Iterator<Item = (&SiteConfig, Option<&MountPoint>, &WorkerConfig)> {
        let sites = std::iter::once(&self.site).chain(&self.sites);
        sites.flat_map(|site| site.applications().map(move |(at, workers)| (site, at, workers)))
    }
}

/// What becomes of requests and handshakes for a host that the server does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownHost {
    /// They are for the default site.
    #[default]
    Serve,
    Refuse,
}

impl FromStr for UnknownHost {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "serve" => Ok(Self::Serve),
            "refuse" => Ok(Self::Refuse),
            _ => Err("expected `serve` or `refuse`"),
        }
    }
}

/// Where the server tells how it is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatsOptions {
    /// `None` for nowhere.
    pub address: Option<Endpoint>,
    /// Whether every client speaks HTTP; else one that says nothing gets the document alone.
    pub http: bool,
    /// JSON without white space.
    pub minified: bool,
    /// JSON without threads.
    pub no_cores: bool,
}

/// Times and sizes that hold for every request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For the head of a request, from its first byte on, and for the first head of a connection.
    pub header_timeout: Duration,
    /// Between two pieces of a body. (A body must also come faster than 1 KiB a second.)
    pub body_timeout: Duration,
    /// For the next request on an idle connection.
    pub keepalive: Duration,
    /// For a client to take more of its answer, at no less than 1 KiB a second.
    pub write_timeout: Duration,
    /// Bytes of a request body; more is 413.
    pub limit_post: u64,
    /// Bytes of a request body that are kept in memory; the rest waits in a file.
    pub post_buffering: usize,
    /// Bytes of the variables of a request that a front server sends; more is 431.
    pub buffer_size: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            keepalive: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
            limit_post: 1 << 30,
            post_buffering: 64 * 1024,
            buffer_size: 65535,
        }
    }
}

/// Where bodies wait, so that a slow client holds no worker: in memory first, then in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffers {
    /// Bytes of memory for all bodies together.
    pub memory: usize,
    /// Bytes of one response that may wait in a file.
    pub file: u64,
    /// The folder of that file; `None` for the system's own (`$TMPDIR`, else `/tmp`).
    pub folder: Option<PathBuf>,
}

impl Default for Buffers {
    fn default() -> Self {
        Self { memory: 64 << 20, file: 1 << 30, folder: None }
    }
}

/// A quarter of the cores that this process may use, at least one.
fn default_front_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 4).max(1))
}

/// What is believed of what front servers say about their clients.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Where they are.
    pub proxies: Vec<TrustedNetwork>,
    /// Gateway listeners: whether forwarded headers are theirs too.
    pub forwarded: bool,
    /// Whether connections from them begin with a PROXY header.
    pub proxy_protocol: bool,
    /// Whether every request came by https; `None` for what front servers say of each.
    pub is_https: Option<bool>,
    /// Variables with UWSGI_ that the application gets from gateway listeners.
    pub uwsgi_variables: Vec<String>,
}

/// Where trusted front servers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustedNetwork {
    Ip(IpNetwork),
    /// The other ends of unix sockets.
    Unix,
}

impl TrustedNetwork {
    /// Whether an address is in it.
    pub fn contains(self, other: IpAddr) -> bool {
        match self {
            Self::Ip(network) => network.contains(other),
            Self::Unix => false,
        }
    }
}

impl FromStr for TrustedNetwork {
    type Err = &'static str;

    /// `ADDRESS`, `ADDRESS/BITS` or `unix:`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "unix:" => Ok(Self::Unix),
            _ => text
                .parse()
                .map(Self::Ip)
                .map_err(|_| "expected an address, a network such as 10.0.0.0/8, or unix:"),
        }
    }
}

/// Where the access log goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AccessLogTarget {
    /// Appended to a file.
    File(PathBuf),
    /// Each line is sent.
    Datagrams(DatagramTarget),
    Off,
    #[default]
    Stderr,
}

impl FromStr for AccessLogTarget {
    type Err = String;

    /// `off`, or what a [`LogTarget`] is made of.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        Ok(match text.parse()? {
            LogTarget::Stdio => Self::Stderr,
            LogTarget::File(path) => Self::File(path),
            LogTarget::Datagrams(target) => Self::Datagrams(target),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        for (network, address, is_in) in [
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "::ffff:10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "192.0.2.1", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("::1", "::1", true),
            ("unix:", "127.0.0.1", false),
        ] {
            let found = network.parse::<TrustedNetwork>().unwrap().contains(address.parse().unwrap());
            assert_eq!(found, is_in, "{network} {address}");
        }
        for wrong in
            ["", "unix", "10.0.0.0/33", "::/129", "10.0.0/8", "a.example", "10.0.0.0/", "10.0.0.0/-1"]
        {
            assert!(wrong.parse::<TrustedNetwork>().is_err(), "{wrong}");
        }
    }
}
