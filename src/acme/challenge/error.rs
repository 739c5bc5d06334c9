//! Why a challenge cannot be answered from here.

use std::io;
use std::path::PathBuf;

use super::ChallengeKind;
use crate::sys::fs::plain;

/// Everything that can keep an answer from being shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A listener could not be opened.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Where it should listen.
        address: String,
        /// For which challenge.
        kind: ChallengeKind,
        /// Why it cannot.
        #[source]
        source: io::Error,
    },
    /// The chosen challenge cannot prove such a name.
    #[error("{name} cannot be proved by {kind}")]
    CannotProve {
        /// The name, as `*.example.com`.
        name: String,
        /// The chosen challenge.
        kind: ChallengeKind,
    },
    /// The hook did not do its work.
    #[error("{} {verb} {fqdn}: {reason}", .program.display())]
    HookFailed {
        /// Its file.
        program: PathBuf,
        /// `present` or `cleanup`.
        verb: &'static str,
        /// The record's name, with its dot at the end.
        fqdn: String,
        /// How it ended.
        reason: String,
        /// The end of what it said, as it said it.
        output: String,
    },
    /// The hook's command cannot be run.
    #[error("{command}: {reason}")]
    HookUnusable {
        /// The command as it was given.
        command: String,
        /// Why not.
        reason: String,
    },
    /// The certificate that answers tls-alpn-01 could not be made.
    #[error("no certificate to prove {name}: {reason}")]
    Proof {
        /// For which name.
        name: String,
        /// Why not.
        reason: String,
    },
    /// The name server did not do what dns-01 needs.
    #[error("the name server {server}: {reason}")]
    Update {
        /// Its address.
        server: String,
        /// What went wrong.
        reason: String,
    },
    /// The file of `--rfc2136` cannot be used.
    #[error("{}: {reason}", .path.display())]
    UpdateSettings {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The web server's folder cannot take the answer.
    #[error("cannot {action} {}: {}", .path.display(), plain(.source))]
    Webroot {
        /// What was tried, as `write`.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}
