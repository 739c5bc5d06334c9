//! The verdict of `check` on a server.

use serde::Serialize;

use crate::report::{ClientConnection, ServerVerdict};

/// How good a server is.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Verdict<'a> {
    /// From `A+` to `F`; docs/server-grade.md has the rule.
    grade: &'a str,
    /// What keeps the grade from being better.
    because: &'a [&'static str],
    /// The configuration of Mozilla's guideline 6.0 that it meets: `modern`, `intermediate` or null.
    guideline: Option<&'a str>,
    /// What it lacks for the intermediate configuration.
    missing: &'a [String],
    /// The codes of the findings to fix first.
    fix_first: Vec<&'static str>,
    /// What well-known clients and the server agree on; with `--deep` only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    clients: Vec<Client<'a>>,
}

/// A well-known client at a server.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Client<'a> {
    /// The client, with its version.
    name: &'a str,
    /// Whether the handshake succeeds, as far as it is not encrypted.
    connects: bool,
    /// The TLS version, by OpenSSL's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'a str>,
    /// The cipher suite, by OpenSSL's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    cipher: Option<&'a str>,
    /// The group of the key exchange, by OpenSSL's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    /// Why it cannot connect.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> Verdict<'a> {
    pub(super) fn new(verdict: &'a ServerVerdict) -> Self {
        Self {
            grade: verdict.grade,
            because: &verdict.because,
            guideline: verdict.guideline,
            missing: &verdict.missing,
            fix_first: verdict.fix_first.iter().map(|code| code.as_str()).collect(),
            clients: verdict.clients.iter().map(Client::new).collect(),
        }
    }
}

impl<'a> Client<'a> {
    fn new(client: &'a ClientConnection) -> Self {
        Self {
            name: client.client,
            connects: client.reason.is_none(),
            protocol: client.protocol,
            cipher: client.cipher.as_deref(),
            group: client.group.as_deref(),
            reason: client.reason.as_deref(),
        }
    }
}
