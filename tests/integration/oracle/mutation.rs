//! What may be changed in a sound chain: a table of rules in families. A case is a list of them.

use super::blueprint::{Blueprint, Draft, ISSUER, LEAF};
use super::families;
use super::rng::Rng;

/// Whose certificate a rule changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Target {
    /// The chain as a whole.
    Chain,
    Leaf,
    Intermediate,
    Root,
}

/// One change that a chain can have.
pub(super) struct Rule {
    /// What the change is, as it is written in reports and in the list of known differences.
    pub(super) name: &'static str,
    pub(super) targets: &'static [Target],
    pub(super) change: Change,
}

#[derive(Clone, Copy)]
pub(super) enum Change {
    OfChain(fn(&mut Blueprint)),
    OfCertificate(fn(&mut Draft)),
}

pub(super) const CHAIN: &[Target] = &[Target::Chain];
pub(super) const ON_LEAF: &[Target] = &[Target::Leaf];
pub(super) const ON_INTERMEDIATE: &[Target] = &[Target::Intermediate];
pub(super) const ON_ROOT: &[Target] = &[Target::Root];
pub(super) const ON_CAS: &[Target] = &[Target::Intermediate, Target::Root];
pub(super) const ON_ANY: &[Target] = &[Target::Leaf, Target::Intermediate, Target::Root];
pub(super) const BELOW_ROOT: &[Target] = &[Target::Leaf, Target::Intermediate];

pub(super) const fn of_chain(name: &'static str, change: fn(&mut Blueprint)) -> Rule {
    Rule { name, targets: CHAIN, change: Change::OfChain(change) }
}

pub(super) const fn of(targets: &'static [Target], name: &'static str, change: fn(&mut Draft)) -> Rule {
    Rule { name, targets, change: Change::OfCertificate(change) }
}

/// A rule on one certificate. Ordered by the table, so that the shape of the chain is there first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Mutation {
    family: usize,
    rule: usize,
    target: Target,
}

impl Mutation {
    /// One at random out of a family.
    fn random(family: usize, rng: &mut Rng) -> Self {
        let rules = families::ALL[family].1;
        let rule = rng.below(rules.len());
        Self { family, rule, target: *rng.pick(rules[rule].targets) }
    }

    fn rule(self) -> &'static Rule {
        &families::ALL[self.family].1[self.rule]
    }

    /// As `leaf: expired`; for the whole chain the name alone.
    pub(super) fn name(self) -> String {
        let target = match self.target {
            Target::Chain => return self.rule().name.to_owned(),
            Target::Leaf => "leaf",
            Target::Intermediate => "intermediate",
            Target::Root => "root",
        };
        format!("{target}: {}", self.rule().name)
    }

    fn apply(self, plan: &mut Blueprint) {
        let root = plan.root();
        let index = match self.target {
            Target::Chain | Target::Leaf => LEAF,
            Target::Intermediate if root > ISSUER => ISSUER,
            Target::Intermediate => return,
            Target::Root => root,
        };
        match self.rule().change {
            Change::OfChain(change) => change(plan),
            Change::OfCertificate(change) => change(&mut plan.certificates[index]),
        }
    }

    /// Every mutation of the table.
    pub(super) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for (family, (_, rules)) in families::ALL.iter().enumerate() {
            for (rule, row) in rules.iter().enumerate() {
                all.extend(row.targets.iter().map(|&target| Self { family, rule, target }));
            }
        }
        all
    }
}

/// A chain as the changes that lead to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Case {
    pub(super) mutations: Vec<Mutation>,
}

impl Case {
    /// The case with this number in the run of this seed.
    ///
    /// Most chains have changes of one family, some of several: what one change hides, another shows.
    pub(super) fn random(seed: u64, number: u64) -> Self {
        let mut rng = Rng::new(seed.wrapping_mul(0x0001_0000_0001).wrapping_add(number));
        rng.number();
        let family = rng.below(families::ALL.len());
        let count = *rng.pick(&[1, 1, 1, 2, 2, 2, 3, 4]);
        let mut mutations: Vec<_> = (0..count)
            .map(|index| {
                let other = index > 0 && rng.below(2) == 0;
                let family = if other { rng.below(families::ALL.len()) } else { family };
                Mutation::random(family, &mut rng)
            })
            .collect();
        mutations.sort_unstable();
        mutations.dedup();
        Self { mutations }
    }

    pub(super) fn blueprint(&self) -> Blueprint {
        let mut plan = Blueprint::sound();
        for mutation in &self.mutations {
            mutation.apply(&mut plan);
        }
        plan
    }

    /// The cases with one change less.
    pub(super) fn smaller(&self) -> Vec<Self> {
        (0..self.mutations.len())
            .map(|left_out| {
                let mut mutations = self.mutations.clone();
                mutations.remove(left_out);
                Self { mutations }
            })
            .collect()
    }

    /// The names of its changes, as a cause of a difference.
    pub(super) fn cause(&self) -> String {
        if self.mutations.is_empty() {
            return "nothing changed".to_owned();
        }
        self.mutations.iter().map(|mutation| mutation.name()).collect::<Vec<_>>().join(" + ")
    }
}
