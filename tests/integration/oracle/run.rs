//! A run: judging, comparing, shrinking, counting.

use std::collections::{BTreeSet, HashMap};
use std::env;
use std::path::Path;

use super::assemble::{Chain, assemble};
use super::certkit_judge;
use super::difference::{Difference, differences};
use super::keys;
use super::known::{self, Explanations, Found};
use super::mutation::Case;
use super::peers::Peers;
use super::report;
use super::verdicts::{Judged, Verdicts};
use crate::peers::peer;

pub(super) struct Oracle {
    peers: Peers,
    judged: HashMap<Case, Evaluation>,
    /// How often each difference came, by what it shrinks to.
    found: Found,
}

/// What everybody says of a case.
#[derive(Clone, Debug)]
pub(super) struct Evaluation {
    pub(super) judged: Judged,
    pub(super) clients: Verdicts,
    pub(super) differences: BTreeSet<Difference>,
}

impl Oracle {
    /// Starts the peers. Without openssl there are no chains to judge.
    pub(super) fn start() -> Option<Self> {
        peer("openssl")?;
        Some(Self { peers: Peers::start(), judged: HashMap::new(), found: Found::new() })
    }

    /// How certkit and the clients differ on one chain.
    pub(super) fn differences(&mut self, case: &Case) -> Vec<Difference> {
        self.evaluate([case]);
        self.judged[case].differences.iter().cloned().collect()
    }

    pub(super) fn versions(&self) -> String {
        Vec::from_iter(self.peers.versions.iter().cloned()).join(", ")
    }

    fn evaluate<'a>(&mut self, cases: impl IntoIterator<Item = &'a Case>) {
        let missing: BTreeSet<_> = cases
            .into_iter()
            .filter(|case| !self.judged.contains_key(case))
            .map(|case| &case.mutations)
            .collect();
        let cases: Vec<_> =
            missing.into_iter().map(|mutations| Case { mutations: mutations.clone() }).collect();
        let chains: Vec<Chain> = cases.iter().map(|case| assemble(&case.blueprint())).collect();
        let clients = self.peers.judge(&chains);
        for ((case, chain), clients) in cases.into_iter().zip(&chains).zip(clients) {
            let judged = certkit_judge::judge(chain);
            let differences = differences(&judged, &clients);
            self.judged.insert(case, Evaluation { judged, clients, differences });
        }
    }

    /// Judges the cases, and shrinks those where somebody differs.
    pub(super) fn compare(&mut self, cases: &[Case]) {
        self.evaluate(cases);
        let mut open: Vec<(Case, Difference)> = Vec::new();
        for case in cases {
            let found = &self.judged[case].differences;
            open.extend(found.iter().map(|difference| (case.clone(), difference.clone())));
        }
        while !open.is_empty() {
            let smaller: Vec<_> = open.iter().flat_map(|(case, _)| case.smaller()).collect();
            self.evaluate(&smaller);
            let mut next = Vec::new();
            for (case, difference) in open {
                let still = case
                    .smaller()
                    .into_iter()
                    .find(|case| self.judged[case].differences.contains(&difference));
                match still {
                    Some(smaller) => next.push((smaller, difference)),
                    None => self.found.entry((difference, case.cause())).or_default().push(case),
                }
            }
            open = next;
        }
        // What is small comes again and again.
        let kept: BTreeSet<_> = self.found.values().flatten().map(|case| case.mutations.clone()).collect();
        self.judged.retain(|case, _| case.mutations.len() < 2 || kept.contains(&case.mutations));
    }

    /// Writes the report and compares with what is known. In the suite the open differences are exactly the recorded
    /// ones; in a run of another seed they are among the recorded ones.
    pub(super) fn finish(self, is_suite: bool) {
        let versions = self.versions();
        let explanations = Explanations::read();
        let mut open = Found::new();
        let mut used = BTreeSet::new();
        for ((difference, cause), cases) in self.found {
            match explanations.of(&difference, &cause) {
                Some(index) => drop(used.insert(index)),
                None => drop(open.insert((difference, cause), cases)),
            }
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracle");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let report = folder.join("report.md");
        std::fs::write(&report, report::text(&open, &self.judged, &folder)).unwrap();
        keys::clean_up();
        let lines = known::lines(&open);
        let is_complete = self.peers.missing == 0;
        if is_suite && is_complete && env::var_os("CERTKIT_UPDATE").is_some() {
            known::record(&lines, &versions);
        }
        let recorded = known::recorded();
        let differences: usize = open.values().map(Vec::len).sum();
        eprintln!(
            "oracle: {differences} differences are open, of {} kinds; {} of {} explanations were needed; {}",
            lines.len(),
            used.len(),
            explanations.difference.len(),
            report.display()
        );
        if is_suite && is_complete {
            let new: Vec<_> = lines.difference(&recorded).collect();
            let gone: Vec<_> = recorded.difference(&lines).collect();
            assert!(
                new.is_empty() && gone.is_empty(),
                "other differences than in open.txt; {} says more\nnew: {new:#?}\ngone: {gone:#?}",
                report.display()
            );
            let unused: Vec<_> =
                (0..explanations.difference.len()).filter(|index| !used.contains(index)).collect();
            assert!(unused.is_empty(), "explanations of differences that do not come: {unused:?}");
            return;
        }
        let without_counts = |line: &String| line.rsplit_once(" | ").unwrap().0.to_owned();
        let recorded: BTreeSet<_> = recorded.iter().map(without_counts).collect();
        let new: Vec<_> = lines.iter().filter(|line| !recorded.contains(&without_counts(line))).collect();
        assert!(new.is_empty(), "{} says more of these new differences: {new:#?}", report.display());
    }
}
