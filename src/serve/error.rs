//! Why the server does not start.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use super::address::{Endpoint, ListenAddress};
use super::htpasswd::HtpasswdError;
use super::mount::MountPoint;
use super::rules::RuleListError;
use super::worker::StartError;
use crate::sys::fs::plain;
use crate::tls;

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("cannot write the access log {}: {}", path.display(), plain(source))]
    AccessLog {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot use the AJP secret in {}: {}", path.display(), secret_refusal(source))]
    AjpSecret {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// AJP has no other protection.
    #[error("{0} can be reached from other machines, and there is no AJP secret")]
    AjpWithoutSecret(ListenAddress),
    #[error("--ajp-secret-file is no longer set, and the server would take AJP from every machine")]
    AjpSecretGone,
    #[error("cannot use the users in {}: {}", path.display(), source)]
    Users {
        path: PathBuf,
        #[source]
        source: HtpasswdError,
    },
    #[error("cannot use the error page {}: {}", path.display(), plain(source))]
    PageFile {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("--redirect {}={to} leads back to itself", if from.is_empty() { "/" } else { from })]
    RedirectLoop { from: String, to: String },
    #[error("two listeners have the same unix socket `{}`", .0.display())]
    SocketTwice(PathBuf),
    /// A PROXY header is never believed from anywhere.
    #[error(
        "--proxy-protocol is set, and --trust-proxy does not say whose connections begin with a PROXY header"
    )]
    ProxyProtocolWithoutProxies,
    #[error("cannot listen on {address}: {}", refusal(address, source))]
    Bind {
        address: ListenAddress,
        #[source]
        source: io::Error,
    },
    #[error("cannot serve the folder {}: {}", path.display(), plain(source))]
    Folder {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Its path.
    #[error("--upstream-root {0}: there is no --upstream by FastCGI (fcgi) at this path")]
    UpstreamRoot(String),
    #[error(transparent)]
    Rules(#[from] RuleListError),
    #[error("cannot start a thread for connections: {}", plain(.0))]
    Thread(#[source] io::Error),
    #[error(transparent)]
    Tls(#[from] tls::Error),
    /// Not the one at the root.
    #[error("--mount {at}: {source}")]
    Mount { at: MountPoint, source: StartError },
    /// Of another site than the default one.
    #[error("{site}{}: {source}", at.as_ref().map(|at| format!(" (mounted at {at})")).unwrap_or_default())]
    Site { site: String, at: Option<MountPoint>, source: StartError },
    #[error(transparent)]
    Worker(#[from] StartError),
}

fn secret_refusal(source: &io::Error) -> Cow<'static, str> {
    match source.kind() {
        io::ErrorKind::InvalidData => "its first line is empty".into(),
        _ => plain(source).into(),
    }
}

/// Why the system refuses an address.
fn refusal(address: &ListenAddress, source: &io::Error) -> Cow<'static, str> {
    match (source.kind(), &address.endpoint) {
        (io::ErrorKind::AddrInUse, _) => "the address is already in use by another program".into(),
        (io::ErrorKind::AddrNotAvailable, _) => "this machine has no such address".into(),
        (io::ErrorKind::InvalidInput, Endpoint::Fd(_)) => {
            "the descriptor is not a socket that listens".into()
        }
        (io::ErrorKind::AlreadyExists, _) => "a file of that name exists and is not a socket".into(),
        (io::ErrorKind::PermissionDenied, Endpoint::Tcp { port: 1..1024, .. }) => {
            "permission denied: ports below 1024 need root or the capability CAP_NET_BIND_SERVICE".into()
        }
        (io::ErrorKind::PermissionDenied, _) => "permission denied".into(),
        _ => plain(source).trim_start_matches("failed to lookup address information: ").to_owned().into(),
    }
}
