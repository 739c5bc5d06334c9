//! Why a challenge cannot be answered from here.

use std::io;
use std::path::PathBuf;

use super::{ChallengeKind, Unproven};
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
    /// A file of secrets for a DNS provider or for another client's hook.
    #[error("cannot use the credentials for DNS: {reason}; nothing was ordered")]
    Credentials { path: PathBuf, reason: String },
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
    /// `what` is what it holds.
    #[error("cannot read {what} in `{}`: no such file; nothing was ordered", .path.display())]
    NoFile { what: &'static str, path: PathBuf },
    #[error("{why} at {name}; the server was not told")]
    NoPersistentRecord {
        /// The record's name.
        name: String,
        /// What it should say, in the pieces that a record can hold; none where that is not known.
        strings: Vec<String>,
        why: Unproven,
    },
    #[error(
        "the http-01 answer for {name} is not found where the server will look for it: {seen}; nothing was ordered"
    )]
    OutOfReach {
        name: String,
        /// What was seen at its addresses.
        seen: String,
    },
    /// Where the record of a name belongs is not known for now.
    #[error("DNS does not tell where the TXT record {name} belongs: {reason}")]
    NotLookedUp { name: String, reason: String },
    /// The other servers on the same state would not know it.
    #[error("the answer cannot be kept for the other servers on this state: {0}")]
    NotShared(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No name server of its zone shows a record that was set.
    #[error("the TXT record {name} was set, but the server was not told: {reason}")]
    NotShown { name: String, reason: String },
    #[error("cannot make the tls-alpn-01 certificate for {name}: {reason}")]
    Proof { name: String, reason: String },
    /// The API of a DNS provider did not do what dns-01 needs.
    #[error("{provider} did not {verb} the TXT record {name}: {reason}")]
    #[cfg_attr(
        not(any(feature = "dns-providers", feature = "internals")),
        expect(dead_code, reason = "there are no providers then")
    )]
    Provider { provider: &'static str, verb: &'static str, name: String, reason: String },
    /// No provider has the name that was given.
    #[error("{}; nothing was ordered", unknown_provider(.name, *.similar, *.is_built_in))]
    UnknownProvider {
        name: String,
        /// One that may have been meant.
        similar: Option<&'static str>,
        /// Whether this program knows any.
        is_built_in: bool,
    },
    /// The name server did not do what dns-01 needs.
    #[error("the TXT record was not set: name server {server}: {reason}")]
    Update { server: String, reason: String },
    #[error("cannot use the settings for DNS updates: {reason}; nothing was ordered")]
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
        ChallengeKind::Dns01 | ChallengeKind::DnsAccount01 | ChallengeKind::DnsPersist01 => "an IP address",
        ChallengeKind::Http01 | ChallengeKind::TlsAlpn01 => "a wildcard",
    }
}

fn unknown_provider(name: &str, similar: Option<&str>, is_built_in: bool) -> String {
    match similar {
        _ if !is_built_in => "this certkit was built without the APIs of DNS providers".to_owned(),
        Some(similar) => format!("no DNS provider is called `{name}` (did you mean `{similar}`?)"),
        None => format!("no DNS provider is called `{name}`"),
    }
}

fn quoted(output: &str) -> String {
    output.lines().map(|line| format!("\n| {line}")).collect()
}
