//! The web servers that stand in front of certkit: nginx, Apache, lighttpd, HAProxy, Caddy; each protocol over TCP and
//! over a unix socket.

mod apache;
mod broken;
mod caddy;
pub(crate) mod client;
mod documents;
mod haproxy;
mod itself;
mod lighttpd;
mod managed;
mod matrix;
pub(crate) mod nginx;
mod revoked_clients;
mod rules;
mod sites;
mod sockets;
mod trust;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use crate::harness::{Test, certkit, eventually, repository};
use crate::process::{Process, free_port};

/// What a front server and certkit speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Ajp,
    Fcgi,
    Http,
    Scgi,
    Uwsgi,
}

impl Protocol {
    fn word(self) -> &'static str {
        match self {
            Self::Ajp => "ajp",
            Self::Fcgi => "fcgi",
            Self::Http => "http",
            Self::Scgi => "scgi",
            Self::Uwsgi => "uwsgi",
        }
    }
}

/// Where certkit listens.
#[derive(Clone, Debug)]
pub(crate) enum Backend {
    Tcp(u16),
    Unix(PathBuf),
}

impl Backend {
    /// `unix:PATH`, as most front servers write it, or `127.0.0.1:PORT`.
    fn address(&self) -> String {
        match self {
            Self::Tcp(port) => format!("127.0.0.1:{port}"),
            Self::Unix(path) => format!("unix:{}", path.display()),
        }
    }
}

/// A way from a client to certkit: the front server's port, the protocol, and where certkit listens.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) port: u16,
    pub(crate) protocol: Protocol,
    pub(crate) backend: Backend,
}

impl Way {
    /// For messages.
    fn name(&self) -> String {
        let kind = if matches!(self.backend, Backend::Unix(_)) { "+unix" } else { "" };
        format!("{}{kind}", self.protocol.word())
    }
}

/// certkit behind a front server, with every protocol that this one speaks.
pub(crate) struct Site {
    pub(crate) ways: Vec<Way>,
    _back: Process,
    _front: Vec<Process>,
}

/// A kind of front server.
pub(crate) trait FrontServer {
    const PROTOCOLS: &'static [Protocol];

    /// Writes the configuration into `folder` of the test and starts the program with it, or one for each way.
    fn start(&self, test: &Test, folder: &Path, ways: &[Way]) -> Vec<Process>;
}

impl Site {
    /// Starts certkit with the mirror application and further arguments, and the front server before it.
    #[track_caller]
    pub(crate) fn start(test: &Test, front: &impl FrontServer, args: &[&str]) -> Self {
        Self::start_with(test, front, args, "mirror.py")
    }

    #[track_caller]
    pub(crate) fn start_with<F: FrontServer>(test: &Test, front: &F, args: &[&str], app: &str) -> Self {
        let ways = ways(test, F::PROTOCOLS);
        let back = start_certkit(test, &ways, args, app);
        let folder = test.path("front");
        std::fs::create_dir(&folder).unwrap();
        let mut processes = front.start(test, &folder, &ways);
        for (number, way) in ways.iter().enumerate() {
            let number = number.min(processes.len() - 1);
            processes[number].wait_for(([127, 0, 0, 1], way.port).into());
        }
        Self { ways, _back: back, _front: processes }
    }
}

/// Front servers may run as another user.
fn readable(test: &Test) {
    for folder in [test.folder(), test.folder().parent().unwrap().to_owned()] {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Both ways for each protocol.
fn ways(test: &Test, protocols: &[Protocol]) -> Vec<Way> {
    readable(test);
    let both = |protocol: Protocol| {
        let socket = test.path(format!("{}.sock", protocol.word()));
        [Backend::Tcp(free_port()), Backend::Unix(socket)].map(|backend| Way {
            port: free_port(),
            protocol,
            backend,
        })
    };
    protocols.iter().copied().flat_map(both).collect()
}

/// certkit alone, listening where `ways` lead.
#[track_caller]
fn start_certkit(test: &Test, ways: &[Way], args: &[&str], app: &str) -> Process {
    let listeners: Vec<_> = ways
        .iter()
        .flat_map(|way| {
            let scheme = way.protocol.word();
            let address = match &way.backend {
                Backend::Tcp(port) => format!("{scheme}:127.0.0.1:{port}"),
                Backend::Unix(path) => format!("{scheme}+unix:{}", path.display()),
            };
            ["--listen".to_owned(), address]
        })
        .collect();
    let app = repository().join("tests/apps").join(app).display().to_string();
    let workers = if args.contains(&"--workers") { &[][..] } else { &["--workers", "2"] };
    let program = test.program(certkit()).args(["serve", "--socket-mode", "666"]).args(workers);
    let mut process = Process::start(test, program.args(listeners).args(args).args([app]));
    for way in ways {
        match &way.backend {
            Backend::Tcp(port) => process.wait_for(([127, 0, 0, 1], *port).into()),
            Backend::Unix(path) => {
                eventually("the unix socket", || UnixStream::connect(path).ok());
            }
        }
    }
    process
}
