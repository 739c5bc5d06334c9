//! Why a challenge cannot be answered from here.

use std::io;
use std::path::PathBuf;

use super::ChallengeKind;
use crate::sys::fs::plain;

/// Everything that can keep an answer from being shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("cannot listen for {kind} on {address}: {}; nothing was ordered", plain(.source))]
    Bind {
        address: String,
        kind: ChallengeKind,
        #[source]
        source: io::Error,
    },
    /// The chosen challenge cannot validate such a name; only dns-01 validates wildcards, and it
    /// validates no addresses.
    #[error(
        "{kind} cannot validate {name}, which is {}; nothing was ordered",
        not_provable(*.kind)
    )]
    CannotProve { name: String, kind: ChallengeKind },
    #[error("the DNS hook failed: {} {verb} {fqdn}: {reason}{}", .program.display(), quoted(.output))]
    HookFailed {
        program: PathBuf,
        /// `present` or `cleanup`.
        verb: &'static str,
        /// The record's name, with its dot at the end.
        fqdn: String,
        reason: String,
        /// The end of what the hook wrote.
        output: String,
    },
    #[error("cannot run the DNS hook `{command}`: {reason}; nothing was ordered")]
    HookUnusable {
        /// The command as it was given.
        command: String,
        reason: String,
    },
    #[error("cannot make the tls-alpn-01 certificate for {name}: {reason}")]
    Proof { name: String, reason: String },
    /// The name server did not do what dns-01 needs.
    #[error("the TXT record was not set: name server {server}: {reason}")]
    Update { server: String, reason: String },
    #[error("cannot use the file of --rfc2136: {reason}; nothing was ordered")]
    UpdateSettings { path: PathBuf, reason: String },
    #[error("cannot {action} {}: {}", .path.display(), plain(.source))]
    Webroot {
        /// A verb, such as `write`.
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

fn not_provable(kind: ChallengeKind) -> &'static str {
    match kind {
        ChallengeKind::Dns01 => "an IP address",
        ChallengeKind::Http01 | ChallengeKind::TlsAlpn01 => "a wildcard",
    }
}

fn quoted(output: &str) -> String {
    output.lines().map(|line| format!("\n| {line}")).collect()
}
