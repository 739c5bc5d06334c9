//! Rules of uWSGI's router and the other settings that patterns are in: read or refused, and what is read can be applied.
#![no_main]

use certkit::internals::serve::file_options::{Expiry, Precompressed};
use certkit::internals::serve::rules::{Condition, Rule, RuleList, RulePhase, Statement};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let mut rules = Vec::new();
    for line in text.lines() {
        let _ = line.parse::<Expiry>();
        let _ = line.parse::<Precompressed>();
        let Ok(rule) = line.parse::<Rule>() else { continue };
        if let Statement::If(Condition::Matches(_, pattern), _) = &rule.statement {
            assert_eq!(pattern.is_match(data), pattern.groups(data).is_some());
        }
        rules.push(rule);
    }
    for phase in [RulePhase::Request, RulePhase::Response] {
        if let Ok(list) = RuleList::new(&rules, phase) {
            for (number, step) in list.steps.iter().enumerate() {
                assert!(step.target.is_none_or(|target| target > number && target <= list.steps.len()));
            }
        }
    }
});
