//! `certkit check --explain CODE`: the code's part of docs/findings.md.

use crate::advice::chain::unknown_code;
use crate::commands::Result;
use crate::finding::{self, Code};
use crate::report::{Outcome, Report};

const FINDINGS: &str = include_str!("../../../docs/findings.md");

/// Prints what the documentation says about a finding code.
pub(super) fn explain(code: &str) -> Result {
    let wanted = code.trim().to_ascii_lowercase().replace('-', "_");
    match section(&wanted) {
        Some(text) => Ok(Report::new(Outcome::Text(text))),
        None => {
            let all: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
            let is_similar = |code: &&str| !wanted.is_empty() && code.contains(wanted.as_str());
            let similar: Vec<_> = all.iter().copied().filter(is_similar).collect();
            let meant = finding::similar(&wanted, all.iter().copied());
            Err(unknown_code(code, meant, if similar.is_empty() { &all } else { &similar }))
        }
    }
}

/// The heading and the text below it.
fn section(code: &str) -> Option<String> {
    let heading = format!("## {code}\n");
    let start = FINDINGS.find(&format!("\n{heading}"))? + 1;
    let rest = &FINDINGS[start..];
    let end = rest[heading.len()..].find("\n## ").map_or(rest.len(), |end| heading.len() + end + 1);
    Some(format!("{}\n", rest[..end].trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_heading_and_no_other() {
        let headings: Vec<_> = FINDINGS.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(headings, codes, "docs/findings.md has one heading per code, in alphabetical order");
        for code in codes {
            let text = section(code).unwrap();
            for part in ["Why it matters:", "Who cares:", "Fix:"] {
                assert!(text.contains(part), "{code} lacks `{part}`");
            }
        }
    }
}
