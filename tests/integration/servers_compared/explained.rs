//! Differences that are to stay, and the page that shows them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use serde::Deserialize;

use super::servers::SERVERS;
use super::{Difference, Side, Subject};
use crate::harness::repository;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Explanations {
    difference: Vec<Explained>,
}

/// A row; it is about every server where it names none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Explained {
    scanner: String,
    #[serde(default)]
    servers: BTreeSet<String>,
    subject: Subject,
    only: Side,
    /// The names; a star at the end stands for any rest.
    names: BTreeSet<String>,
    reason: String,
}

impl Explained {
    fn covers(&self, one: &Difference) -> bool {
        let is_named = |pattern: &String| match pattern.strip_suffix('*') {
            Some(start) => one.name.starts_with(start),
            None => one.name == *pattern,
        };
        self.scanner == one.scanner
            && self.subject == one.subject
            && self.only == one.only
            && (self.servers.is_empty() || self.servers.contains(one.server))
            && self.names.iter().any(is_named)
    }
}

impl Explanations {
    pub(super) fn read() -> Self {
        let explained: Self = toml::from_str(include_str!("explained.toml")).unwrap();
        for row in &explained.difference {
            let is_known = |name: &String| SERVERS.iter().any(|server| server.name == name);
            assert!(row.servers.iter().all(is_known), "{row:?}");
        }
        explained
    }

    pub(super) fn explain(&self, one: &Difference) -> bool {
        self.difference.iter().any(|row| row.covers(one))
    }

    /// Rows without a difference any more, where their scanner was asked and their servers ran.
    pub(super) fn past<'a>(
        &'a self,
        found: &BTreeSet<Difference>,
        ran: &BTreeSet<&str>,
        asked: &BTreeSet<&str>,
    ) -> Vec<&'a Explained> {
        let all_ran = |row: &Explained| {
            let mut wanted = SERVERS.iter().map(|server| server.name);
            asked.contains(row.scanner.as_str())
                && wanted
                    .all(|name| ran.contains(name) || !(row.servers.is_empty() || row.servers.contains(name)))
        };
        let rows = self.difference.iter().filter(|row| all_ran(row));
        rows.filter(|row| !found.iter().any(|one| row.covers(one))).collect()
    }
}

const INTRODUCTION: &str = "\
# Servers compared

`certkit check HOST:PORT --deep` beside sslscan 2.0.7, sslyze 6.3 and testssl 3.0.8, on usual servers and on odd ones
(`openssl s_server` 3.0). They must see the same protocols, cipher suites (by version) and groups, and, as far as each of them
looks for it, the same of: compression, secure renegotiation, extended master secret, refused fallback, early data, a
Diffie-Hellman group of 1024 bits, a client certificate that is asked for, and a certificate that is expired, self-signed,
without its intermediate, or of a weak algorithm.

    cargo test --locked --test integration -- servers_compared::    # certkit, sslscan, sslyze
    make compare                                                    # also testssl, in about a quarter of an hour

`tests/integration/servers_compared/` starts the servers. This page is made of its tables:
`CERTKIT_UPDATE=1 cargo test --locked --test integration -- servers_compared::explained`.

## The servers

The errors and warnings are those of `check --deep`.

";

fn page() -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str("| server | configuration | errors and warnings |\n|---|---|---|\n");
    for server in SERVERS {
        let codes: Vec<_> = server.findings.iter().map(|(_, code)| format!("`{code}`")).collect();
        let codes = if codes.is_empty() { "none".to_owned() } else { codes.join(", ") };
        let _ = writeln!(text, "| {} | {} | {codes} |", server.name, server.configuration);
    }
    text.push_str("\n## Where they differ\n\nNothing else differs.\n\n");
    text.push_str("| scanner | servers | only seen by | what | why |\n|---|---|---|---|---|\n");
    for row in Explanations::read().difference {
        let list = |all: &BTreeSet<String>| Vec::from_iter(all.iter().cloned()).join(", ");
        let servers = if row.servers.is_empty() { "any".to_owned() } else { list(&row.servers) };
        let only = if row.only == Side::Certkit { "certkit" } else { &row.scanner };
        let _ = writeln!(
            text,
            "| {} | {servers} | {only} | {} | {} |",
            row.scanner,
            list(&row.names),
            row.reason
        );
    }
    text
}

#[test]
fn the_page_shows_the_tables() {
    let path = repository().join("docs/servers-compared.md");
    if std::env::var_os("CERTKIT_UPDATE").is_some() {
        return fs::write(&path, page()).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == page(),
        "CERTKIT_UPDATE=1 cargo test --locked --test integration -- servers_compared::explained"
    );
}
