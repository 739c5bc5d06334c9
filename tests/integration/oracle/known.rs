//! Differences that are known, as data: those with a reason to stay, and those that are still open.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

use super::difference::Difference;
use super::mutation::Case;
use crate::harness::repository;

/// What was found: how often each difference came, by the names of the changes that it shrinks to.
pub(super) type Found = BTreeMap<(Difference, String), Vec<Case>>;

/// The differences that stay (`explained.toml`).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Explanations {
    pub(super) difference: Vec<Explanation>,
}

/// Why certkit and some clients differ after some changes, and should.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Explanation {
    /// The word of the kind.
    pub(super) kind: String,
    /// Empty: whichever it is.
    #[serde(default)]
    pub(super) clients: BTreeSet<String>,
    /// The code of certkit's finding; without it, any.
    #[serde(default)]
    pub(super) code: Option<String>,
    /// Names of changes, with or without whose certificate it is. One of them is in the shrunk chain.
    pub(super) changes: BTreeSet<String>,
    pub(super) reason: String,
}

fn file(name: &str) -> PathBuf {
    repository().join("tests/integration/oracle").join(name)
}

impl Explanations {
    pub(super) fn read() -> Self {
        toml::from_str(&fs::read_to_string(file("explained.toml")).unwrap())
            .unwrap_or_else(|error| panic!("explained.toml: {error}"))
    }

    /// The position of the first that explains the difference.
    pub(super) fn of(&self, difference: &Difference, cause: &str) -> Option<usize> {
        let changes: BTreeSet<&str> = cause.split(" + ").collect();
        self.difference.iter().position(|one| {
            one.kind == difference.kind.word()
                && (one.clients.is_empty() || one.clients.contains(&difference.client))
                && one.code.as_ref().is_none_or(|code| *code == difference.code)
                && changes.iter().any(|change| {
                    let bare = change.split_once(": ").map_or(*change, |(_, bare)| bare);
                    one.changes.contains(*change) || one.changes.contains(bare)
                })
        })
    }
}

/// Differences as lines: kind, code, changes, and how often for each client.
pub(super) fn lines(found: &Found) -> BTreeSet<String> {
    let mut rows: BTreeMap<(&str, &str, &str), BTreeMap<&str, usize>> = BTreeMap::new();
    for ((difference, cause), cases) in found {
        let client = if difference.client.is_empty() { "all" } else { &difference.client };
        let row = rows.entry((difference.kind.word(), &difference.code, cause)).or_default();
        row.insert(client, cases.len());
    }
    let line = |((kind, code, cause), clients): ((&str, &str, &str), BTreeMap<&str, usize>)| {
        let mut line = format!("open {kind}");
        if !code.is_empty() {
            let _ = write!(line, " {code}");
        }
        let clients: Vec<_> = clients.iter().map(|(client, count)| format!("{client} {count}")).collect();
        let _ = write!(line, " | {cause} | {}", clients.join(", "));
        line
    };
    rows.into_iter().map(line).collect()
}

/// The open ones of the suite's seed, as they are kept in `open.txt`.
pub(super) fn recorded() -> BTreeSet<String> {
    let text = fs::read_to_string(file("open.txt")).unwrap_or_default();
    text.lines().filter(|line| line.starts_with("open ")).map(str::to_owned).collect()
}

/// Writes `open.txt`, with the versions that it was measured with.
pub(super) fn record(lines: &BTreeSet<String>, versions: &str) {
    let mut text = format!(
        "# Differences between certkit and clients that are still open, on the chains of the suite: kind and code,\n\
         # the changes that it shrinks to, and on how many chains each client differs. Written by\n\
         # `CERTKIT_UPDATE=1 cargo test --locked --test integration -- oracle::`, with\n\
         # {versions}.\n"
    );
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    fs::write(file("open.txt"), text).unwrap();
}

#[test]
fn the_page_shows_every_explanation() {
    let page = repository().join("docs/oracle.md");
    let text = fs::read_to_string(&page).unwrap();
    let (begin, end) = ("<!-- explained -->\n", "<!-- end of explained -->");
    let start = text.find(begin).unwrap() + begin.len();
    let stop = text.find(end).unwrap();
    let mut table = "| kind | clients | changes | why |\n|---|---|---|---|\n".to_owned();
    for one in Explanations::read().difference {
        let list = |all: &BTreeSet<String>| Vec::from_iter(all.iter().cloned()).join(", ");
        let clients = if one.clients.is_empty() { "any".to_owned() } else { list(&one.clients) };
        let code = one.code.map(|code| format!(" ({code})")).unwrap_or_default();
        let _ =
            writeln!(table, "| `{}`{code} | {clients} | {} | {} |", one.kind, list(&one.changes), one.reason);
    }
    let wanted = format!("{}{table}{}", &text[..start], &text[stop..]);
    if std::env::var_os("CERTKIT_UPDATE").is_some() {
        fs::write(&page, wanted).unwrap();
        return;
    }
    assert!(
        text == wanted,
        "docs/oracle.md: CERTKIT_UPDATE=1 cargo test --locked --test integration -- oracle::known"
    );
}
