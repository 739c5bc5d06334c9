//! The pages that are made from the table of clients, and what must hold of the table and of the profiles.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::{env, fs};

use super::Code;
use super::documentation::severity_line;
use crate::chain::Profile;
use crate::chain::clients::{Client, Row, table};
use crate::chain::diagnostic::Diagnostic;
use crate::chain::rules::{LEAF, PATH, REMARKS};
use crate::finding::Severity;

const HEAD: &str = "# Clients

What clients do with a chain that has one defect and is sound besides: the table that `certkit check` takes its severities
under the profile `tls` and its sentences (\"Go and rustls refuse it\") from. Made by `CERTKIT_UPDATE=1 cargo test --lib
chain::tests::clients`; `cargo test --test integration -- clients::` makes each chain and asks the clients again, where
they are installed.

`R` is refused, `-` is accepted, empty is not known. A defect is an *error* where curl and rustls refuse it, and
Chromium or Go too, or where a standard outweighs one that does not; otherwise it is a *warning*. Defects that together leave
none of curl, Go and rustls are errors as well. The other profiles follow the standards: see [findings.md](findings.md).

";

fn page() -> String {
    let mut page = HEAD.to_owned();
    for client in Client::ALL {
        let _ = writeln!(page, "- **{}**: {}", client.name(), client.shown_by());
    }
    page.push_str("\n| chain | defect | code | `tls` |");
    for client in Client::ALL {
        let _ = write!(page, " {} |", client.name());
    }
    let _ = writeln!(page, "\n|---|---|---|---|{}", "---|".repeat(Client::ALL.len()));
    for row in table() {
        let severity = if row.severity() == Severity::Error { "error" } else { "warning" };
        let _ = write!(page, "| {} | {} | {} | {severity} |", row.id, row.what, row.code);
        for client in Client::ALL {
            let _ = write!(page, " {} |", cell(row, client));
        }
        page.push('\n');
    }
    page.push_str("\nErrors although a family of clients accepts them:\n\n");
    for (row, why) in table().filter_map(|row| Some((row, row.error_by?))) {
        let _ = writeln!(page, "- {}: {why}", row.id);
    }
    page.push_str("\nFrom documents:\n\n");
    for row in table() {
        for document in row.documents {
            let _ = writeln!(page, "- {}, {}: {}", row.id, document.client.name(), document.source);
        }
    }
    page
}

fn cell(row: &Row, client: Client) -> &'static str {
    match client {
        _ if row.refused_by.has(client) => "R",
        _ if !client.is_documented() => "-",
        _ if row.documents.iter().any(|document| document.client == client) => "R",
        _ => "",
    }
}

/// The lines below `Who cares:` of a code.
fn who_cares(code: Code) -> Option<String> {
    let rows: Vec<_> = table().filter(|row| row.code == code).collect();
    if rows.is_empty() {
        return None;
    }
    let mut text = "Who cares: the [table of clients](clients.md) says\n\n".to_owned();
    for row in rows {
        let sentence = row.sentence().unwrap_or_else(|| "clients accept it".to_owned());
        let _ = writeln!(text, "- {}: {sentence}.", row.what);
    }
    Some(text)
}

fn findings_page(page: &str) -> String {
    let mut made = page.to_owned();
    let rules = LEAF.iter().chain(PATH).chain(REMARKS);
    let all: Vec<_> = rules.flat_map(|rule| rule.diagnostics.iter().copied()).collect();
    for &code in Code::ALL {
        let Some(text) = who_cares(code) else { continue };
        let start = made.find(&format!("\n## {code}\n")).unwrap_or_else(|| panic!("{code} has no heading"));
        let from = start + made[start..].find("\nWho cares:").unwrap() + 1;
        let to = from + made[from..].find("\nFix:").unwrap();
        made.replace_range(from..to, &text);
        let of_code: Vec<_> = all.iter().copied().filter(|diagnostic| diagnostic.code == code).collect();
        if let Some(line) = made[start..from].find("\nSeverity: ").filter(|_| !of_code.is_empty()) {
            let line = start + line + 1;
            let end = line + made[line..].find('\n').unwrap();
            made.replace_range(line..end, &severity_line(&of_code));
        }
    }
    made
}

#[test]
fn the_pages_are_those_of_the_table() {
    let root = env!("CARGO_MANIFEST_DIR");
    let (clients, findings) = (format!("{root}/docs/clients.md"), format!("{root}/docs/findings.md"));
    let known = fs::read_to_string(&findings).unwrap();
    let made = findings_page(&known);
    if env::var_os("CERTKIT_UPDATE").is_some() {
        fs::write(&clients, page()).unwrap();
        fs::write(&findings, &made).unwrap();
    }
    let how = "run `CERTKIT_UPDATE=1 cargo test --lib chain::tests::clients`";
    assert!(fs::read_to_string(&clients).unwrap() == page(), "docs/clients.md is old: {how}");
    assert!(fs::read_to_string(&findings).unwrap() == made, "docs/findings.md is old: {how}");
}

#[test]
fn rows_have_names_of_their_own() {
    let ids: BTreeSet<_> = table().map(|row| row.id).collect();
    assert_eq!(ids.len(), table().count());
}

fn diagnostics() -> impl Iterator<Item = Diagnostic> {
    let rules = LEAF.iter().chain(PATH).chain(REMARKS);
    rules.flat_map(|rule| rule.diagnostics.iter().copied())
}

/// What is an error under `tls` or `rfc5280` is one under `webpki`. The BR allow one thing that RFC 5280 forbids: name
/// constraints that are not critical. (What the last word refuses is a gap in the rules.)
#[test]
fn webpki_refuses_whatever_another_profile_refuses() {
    let is_error = |diagnostic: &Diagnostic, profile| diagnostic.severity(profile) == Some(Severity::Error);
    let wrong: Vec<_> = diagnostics()
        .filter(|diagnostic| !is_error(diagnostic, Profile::Webpki))
        .filter(|diagnostic| is_error(diagnostic, Profile::Tls) || is_error(diagnostic, Profile::Rfc5280))
        .filter(|diagnostic| {
            diagnostic.defect.is_none_or(|defect| defect.row().id != "constraints_not_critical")
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}
