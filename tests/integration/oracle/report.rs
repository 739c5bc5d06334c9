//! What a run found, as text and as files to repeat it with.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::assemble::{Chain, assemble};
use super::blueprint::AT;
use super::difference::Difference;
use super::mutation::Case;
use super::run::Evaluation;
use super::verdicts::Verdict;

/// The differences of a run, grouped by what they shrink to, the most frequent first. For each, what everybody says; the
/// chain itself is written below `folder`.
pub(super) fn text(
    found: &BTreeMap<(Difference, String), Vec<Case>>,
    judged: &HashMap<Case, Evaluation>,
    folder: &Path,
) -> String {
    let mut by_cause: BTreeMap<&str, Vec<(&Difference, &Vec<Case>)>> = BTreeMap::new();
    let mut by_kind: BTreeMap<&str, usize> = BTreeMap::new();
    for ((difference, cause), cases) in found {
        by_cause.entry(cause).or_default().push((difference, cases));
        *by_kind.entry(difference.kind.word()).or_default() += cases.len();
    }
    let mut text = String::new();
    for (kind, count) in by_kind {
        let _ = writeln!(text, "{count:6} {kind}");
    }
    let mut causes: Vec<_> = by_cause.into_iter().collect();
    causes
        .sort_by_key(|(_, rows)| std::cmp::Reverse(rows.iter().map(|(_, cases)| cases.len()).sum::<usize>()));
    for (cause, rows) in causes {
        let _ = writeln!(text, "\n### {cause}\n");
        let mut lines: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
        for (difference, cases) in &rows {
            let client = if difference.client.is_empty() { "all" } else { &difference.client };
            lines
                .entry((difference.kind.word(), &difference.code))
                .or_default()
                .insert(format!("{client} ({})", cases.len()));
        }
        for ((kind, code), clients) in lines {
            let clients: Vec<_> = clients.into_iter().collect();
            let _ = writeln!(text, "- {kind} {code}: {}", clients.join(", "));
        }
        let case = &rows[0].1[0];
        if let Some(evaluation) = judged.get(case) {
            text.push_str(&said(evaluation));
            let place = write(case, folder);
            let _ = writeln!(text, "- files: {}", place.display());
        }
    }
    text
}

/// What certkit and the clients say.
fn said(evaluation: &Evaluation) -> String {
    let mut text = String::new();
    let judged = &evaluation.judged;
    for (profile, verdict) in [("tls", &judged.tls), ("webpki", &judged.webpki), ("rfc5280", &judged.rfc5280)]
    {
        let _ = writeln!(text, "- certkit {profile}: {}", line(verdict));
    }
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (client, reason) in &evaluation.clients {
        reasons.entry(if reason.is_empty() { "yes" } else { reason }).or_default().push(client);
    }
    for (reason, clients) in reasons {
        let _ = writeln!(text, "- {}: {reason}", clients.join(", "));
    }
    text
}

fn line(verdict: &Verdict) -> String {
    let mut text = if verdict.holds { "yes" } else { "NO" }.to_owned();
    for one in &verdict.said {
        let _ = write!(
            text,
            "; {} `{}`: {}",
            if one.is_error { "error" } else { "warning" },
            one.code,
            one.message
        );
    }
    text
}

/// The chain as files, with the commands that judge it. Gives the folder.
fn write(case: &Case, folder: &Path) -> PathBuf {
    let chain = assemble(&case.blueprint());
    let name: String = case
        .cause()
        .chars()
        .map(|letter| if letter.is_alphanumeric() { letter } else { '-' })
        .take(80)
        .collect();
    let place = folder.join(name);
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("chain.pem"), pem(&chain.sent)).unwrap();
    fs::write(place.join("leaf.pem"), pem(&chain.sent[..1])).unwrap();
    fs::write(place.join("untrusted.pem"), pem(&chain.sent[1..])).unwrap();
    fs::write(place.join("roots.pem"), pem(&chain.trusted)).unwrap();
    fs::write(place.join("server.key"), &chain.key_pem).unwrap();
    fs::write(place.join("commands.txt"), commands(&chain)).unwrap();
    place
}

fn commands(chain: &Chain) -> String {
    let host = &chain.host;
    let at = time::OffsetDateTime::from_unix_timestamp(AT).unwrap();
    let at = at.format(&time::format_description::well_known::Rfc3339).unwrap();
    format!(
        "certkit check chain.pem --host {host} --roots roots.pem --at {at}\n\
         openssl verify -purpose sslserver -auth_level 2 -attime {AT} -verify_hostname {host} \
         -CAfile roots.pem -untrusted untrusted.pem leaf.pem\n\
         certtool --verify --verify-hostname {host} --attime '{at}' --load-ca-certificate roots.pem \
         --infile chain.pem\n"
    )
}

fn pem(all: &[Vec<u8>]) -> String {
    let mut text = String::new();
    for der in all {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let encoded = STANDARD.encode(der);
        for line in encoded.as_bytes().chunks(64) {
            let _ = writeln!(text, "{}", String::from_utf8_lossy(line));
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}
