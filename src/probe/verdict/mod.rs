//! The verdict on a server: a grade, Mozilla's guideline, and what to fix first.

mod grade;
mod mozilla;

pub use self::grade::Grade;
use self::grade::RULES;
pub use self::mozilla::Guideline;
use super::rules::ServerFacts;
use crate::finding::Code;

/// The age that Mozilla's guideline wants, in seconds.
const HSTS_SECONDS: u64 = 63_072_000;

/// What a verdict is made from.
#[derive(Clone, Copy, Debug)]
pub struct ServerSight<'a> {
    pub facts: ServerFacts<'a>,
    /// Whether no finding about the chain is an error.
    pub does_chain_hold: bool,
    /// Whether current clients cannot connect.
    pub is_refused: bool,
}

impl ServerSight<'_> {
    /// Whether it answered over https without insisting on it for two years.
    fn lacks_hsts(&self) -> bool {
        let answer = self.facts.peer.http.as_ref().and_then(|answer| answer.as_ref().ok());
        answer.is_some_and(|answer| answer.hsts_max_age().is_none_or(|age| age < HSTS_SECONDS))
    }

    /// Whether it was asked over https and did not answer. One that requires a client certificate answers those who have one.
    fn hides_hsts(&self) -> bool {
        let peer = self.facts.peer;
        matches!(peer.http, Some(Err(_))) && !peer.wants_client_certificate
    }
}

/// How good a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub grade: Grade,
    /// The strictest configuration of Mozilla's guideline that it meets, as far as was asked.
    pub guideline: Option<Guideline>,
    /// What it lacks for Mozilla's intermediate configuration.
    pub missing: Vec<String>,
    /// What keeps the grade from being better, in words.
    pub because: Vec<&'static str>,
    /// The codes of the findings to fix first: those that set the grade.
    pub fix_first: Vec<Code>,
}

impl Verdict {
    pub fn of(sight: &ServerSight<'_>) -> Self {
        let applying: Vec<_> = RULES.iter().filter(|rule| (rule.applies)(sight)).collect();
        let grade = applying.iter().map(|rule| rule.best).max().unwrap_or(Grade::APlus);
        let setting: Vec<_> = applying.into_iter().filter(|rule| rule.best == grade).collect();
        let mut fix_first: Vec<_> = setting.iter().filter_map(|rule| rule.code).collect();
        fix_first.dedup();
        let missing = Guideline::Intermediate.missing(sight);
        let guideline = if Guideline::Modern.missing(sight).is_empty() {
            Some(Guideline::Modern)
        } else {
            missing.is_empty().then_some(Guideline::Intermediate)
        };
        // Of a server whose chain does not hold, or that was not asked everything, the guideline says nothing.
        let is_known = sight.does_chain_hold && !sight.is_refused && sight.facts.survey.unanswered.is_empty();
        Self {
            grade,
            guideline: guideline.filter(|_| is_known),
            missing,
            because: setting.iter().map(|rule| rule.about).collect(),
            fix_first,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the documentation, row by row.
    #[test]
    fn the_documentation_has_the_same_table() {
        let page = include_str!("../../../docs/server-grade.md");
        let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
        let wanted: Vec<_> = RULES
            .iter()
            .map(|rule| {
                let code = rule.code.map(|code| format!("`{code}`")).unwrap_or_default();
                format!("| {} | {} | {code} |", rule.best, rule.about).replace("|  |", "| |")
            })
            .collect();
        assert_eq!(rows, wanted, "docs/server-grade.md");
    }

    #[test]
    fn rules_are_sorted_and_grades_have_names() {
        assert!(RULES.is_sorted_by_key(|rule| std::cmp::Reverse(rule.best)));
        for grade in Grade::ALL {
            assert_eq!(grade.as_str().parse(), Ok(grade));
        }
        assert!("E".parse::<Grade>().is_err() && Grade::APlus < Grade::F);
    }
}
