//! Judging a chain: paths to something trusted are tried until one passes every rule. If none does, the best one is
//! reported, with a note on why the others do not hold either.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use super::check_input::CheckInput;
use super::judged_path::{JudgedPath, PathFinding, is_any_error, leave_no_client, raise_refusals};
use super::located::Located;
use super::path::{Path, PathEnd, Search, sort_best_first};
use super::rule::Rule;
use super::rules;
use crate::finding::{Finding, Severity, without_repeats};
use crate::report::CertificateSummary;

/// The verdict: it holds when no finding is an error.
#[derive(Debug)]
pub struct Judgement {
    /// The path that was judged, leaf first, as far as it could be built; the anchor last.
    pub path: Vec<CertificateSummary>,
    /// The issuer that the path lacks, where it ends nowhere.
    pub missing_issuer: Option<String>,
    /// Where the trust comes from, as part of a sentence.
    pub trusted_by: Option<String>,
    pub findings: Vec<Finding>,
}

/// Paths that are judged before the best of them is reported; a chain of a public CA has one to three.
const MAX_CANDIDATES: usize = 16;
/// Other paths of which the report says why they do not hold.
const MAX_OTHERS: usize = 3;
/// Comparisons of names with name constraints, on all paths together: about 20 ms.
const MAX_COMPARISONS: usize = 300_000;

/// Judges a chain, remarks included.
pub fn check(input: &CheckInput<'_>) -> Judgement {
    let Some(best) = best(input) else {
        return Judgement { path: Vec::new(), missing_issuer: None, trusted_by: None, findings: Vec::new() };
    };
    let comparisons = Cell::new(0);
    let judged = JudgedPath { input, leaf: best.leaf, path: &best.path, comparisons: &comparisons };
    let mut found = best.found;
    found.extend(rules::REMARKS.iter().flat_map(|rule| rule.apply(&judged)));
    let path = judged.summaries(&found);
    let mut judgement = Judgement {
        path,
        missing_issuer: None,
        trusted_by: None,
        findings: without_repeats(found.into_iter().map(|found| found.finding).collect()),
    };
    match best.path.end {
        PathEnd::Anchor(anchor) => judgement.trusted_by = Some(anchor.origin.to_string()),
        PathEnd::Missing => {
            judgement.missing_issuer = judged.all().last().map(|last| last.certificate.issuer.label());
        }
        PathEnd::Root => {}
    }
    judgement
}

/// Judges a chain and gives only the reasons why it does not hold: none, if it does.
pub fn reasons(input: &CheckInput<'_>) -> Vec<Finding> {
    let found = best(input).map(|best| best.found).unwrap_or_default();
    let findings = found.into_iter().map(|found| found.finding);
    without_repeats(findings.filter(|finding| finding.severity == Severity::Error).collect())
}

/// The path to report, and what the rules that can say "no" found on it.
struct Best<'a> {
    leaf: usize,
    path: Path<'a>,
    found: Vec<PathFinding>,
}

/// What was found on a path that was tried.
struct Candidate {
    found: Vec<PathFinding>,
    /// No finding is an error of its own, and together they leave no everyday client.
    is_refused_by_all: bool,
}

fn best<'a>(input: &CheckInput<'a>) -> Option<Best<'a>> {
    let at = input.at.replace_nanosecond(0).unwrap_or(input.at);
    let input = &CheckInput { at, ..*input };
    let leaf = choose_leaf(input.certificates)?;
    let comparisons = Cell::new(MAX_COMPARISONS);
    let judge = |path: &Path<'_>, rules: &[Rule]| -> Vec<PathFinding> {
        let judged = JudgedPath { input, leaf, path, comparisons: &comparisons };
        rules.iter().flat_map(|rule| rule.apply(&judged)).collect()
    };
    let lone = Path { indices: vec![leaf], links: Vec::new(), end: PathEnd::Missing };
    let mut of_leaf = judge(&lone, rules::LEAF);
    let judge_path = |path: &Path<'_>| {
        let mut found = judge(path, rules::PATH);
        let is_explained = found.iter().chain(&of_leaf).any(PathFinding::is_refused_by_rustls);
        if !is_any_error(&found) && !is_any_error(&of_leaf) && !is_explained {
            found.extend(judge(path, rules::LAST_WORD));
        }
        let is_refused_by_all = leave_no_client(&found, &of_leaf, input.profile);
        if is_refused_by_all {
            raise_refusals(&mut found);
        }
        Candidate { found, is_refused_by_all }
    };
    let mut search = Search::new(input.certificates, leaf, input.trust, at);

    let mut tried: Vec<(Path<'_>, Candidate)> = Vec::new();
    search.sound(&mut |path| {
        let candidate = judge_path(&path);
        // Clients look for a path that they accept, too.
        let is_clean = !candidate.found.iter().any(PathFinding::is_refused);
        tried.push((path, candidate));
        if is_clean || tried.len() >= MAX_CANDIDATES {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    let mut is_exhausted = search.is_exhausted();
    if tried.is_empty() {
        let mut paths = Vec::new();
        search.any(&mut |path| {
            paths.push(path);
            if paths.len() < MAX_CANDIDATES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        is_exhausted |= search.is_exhausted();
        sort_best_first(&mut paths, input.certificates, at);
        paths.truncate(1 + MAX_OTHERS);
        if paths.is_empty() {
            paths.push(lone);
        }
        tried.extend(paths.into_iter().map(|path| {
            let candidate = judge_path(&path);
            (path, candidate)
        }));
    }
    // The first of those with the fewest errors, then with the fewest that clients refuse: the search tries likely paths
    // first.
    let errors = |found: &[PathFinding]| found.iter().filter(|found| found.is_error()).count();
    let refused = |found: &[PathFinding]| found.iter().filter(|found| found.is_refused()).count();
    let chosen = (0..tried.len())
        .min_by_key(|&index| (errors(&tried[index].1.found), refused(&tried[index].1.found)))?;
    let (path, Candidate { found, is_refused_by_all }) = tried.swap_remove(chosen);
    if is_refused_by_all {
        raise_refusals(&mut of_leaf);
    }
    let mut found = shortened(found);
    if is_any_error(&found) {
        let said: HashSet<_> =
            found.iter().map(|found| (found.finding.code, found.finding.message.clone())).collect();
        found.extend(tried.iter().take(MAX_OTHERS).filter_map(|(other, Candidate { found: why, .. })| {
            let judged = JudgedPath { input, leaf, path: other, comparisons: &comparisons };
            // What is wrong with the reported path too is listed already.
            let is_new = |reason: &&PathFinding| {
                !said.contains(&(reason.finding.code, reason.finding.message.clone()))
            };
            rules::why_not(&judged, why.iter().filter(|found| found.is_error()).find(is_new)?)
        }));
        if is_exhausted {
            let judged = JudgedPath { input, leaf, path: &path, comparisons: &comparisons };
            found.extend(rules::too_many_paths(&judged));
        }
    }
    found.extend(of_leaf);
    Some(Best { leaf, path, found })
}

/// Findings of one code that are listed one by one; a long path may have dozens.
const MAX_OF_A_CODE: usize = 3;

/// Keeps the first few of each code and severity and counts the rest.
fn shortened(found: Vec<PathFinding>) -> Vec<PathFinding> {
    let mut counts = HashMap::<_, usize>::new();
    let mut kept = found;
    kept.retain(|found| {
        let count = counts.entry((found.finding.code, found.is_error())).or_default();
        *count += 1;
        *count <= MAX_OF_A_CODE
    });
    let mut rest: Vec<_> = counts.into_iter().filter(|(_, count)| *count > MAX_OF_A_CODE).collect();
    rest.sort_unstable();
    kept.extend(rest.into_iter().map(|((code, _), count)| rules::more_of(code, count - MAX_OF_A_CODE)));
    kept
}

/// The leaf is the first certificate that is neither a CA's nor the issuer of another one here; otherwise the first: a
/// server would send it as its own.
fn choose_leaf(certificates: &[Located]) -> Option<usize> {
    let first = &certificates.first()?.certificate;
    if !first.is_ca() {
        return Some(0);
    }
    let issued = certificates.iter().filter(|located| !located.certificate.is_self_issued());
    let issuers: HashSet<_> = issued.map(|located| located.certificate.issuer.hash()).collect();
    let leaf = certificates.iter().position(|located| {
        let certificate = &located.certificate;
        !certificate.is_ca() && !issuers.contains(&certificate.subject.hash())
    });
    leaf.or(Some(0))
}
