//! Why the server cannot start.

use std::io;
use std::path::PathBuf;

use super::listen_address::ListenAddress;
use crate::ca;
use crate::sys::fs::plain;
use crate::tls;

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("cannot listen on {address}: {}", plain(.source))]
    Bind {
        address: ListenAddress,
        #[source]
        source: io::Error,
    },
    #[error("another `certkit ca serve` uses {}", .0.display())]
    InUse(PathBuf),
    #[error(transparent)]
    Issue(#[from] ca::Error),
    #[error(transparent)]
    Ledger(#[from] ca::LedgerError),
    #[error("there is no https listener, and ACME needs one")]
    NoHttps,
    #[error("cannot start: {}", plain(.0))]
    Start(#[source] io::Error),
    #[error("cannot {action} {}: {}", .path.display(), plain(.source))]
    State {
        /// Such as `write`.
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("line {line} of {} is not one that `certkit ca serve` wrote", .path.display())]
    StateMalformed {
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    #[error(transparent)]
    Tls(#[from] tls::Error),
}
