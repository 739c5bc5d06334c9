//! The oracle: random chains, judged by certkit and by every client that is installed.
//!
//! ```text
//! seed ─> Case (a list of mutations) ─> Blueprint ─> assemble ─> Chain ─┬─> certkit, three profiles ─┬─> differences
//!                    ^                                                  └─> peers ───────────────────┘        │
//!                    └────────────── shrunk: the fewest mutations that still differ ──────────────────────────┤
//!                                                                              known differences ─────────────┴─> verdict
//! ```
//!
//! `docs/oracle.md` says what is compared and which differences are known. In the suite the seed is fixed, so that it is the
//! same chains on every machine; `make oracle` takes another one each time.

mod assemble;
mod blueprint;
mod certkit_judge;
mod der;
mod difference;
mod families;
mod keys;
mod known;
mod mutation;
mod peers;
mod report;
mod rng;
mod run;
mod rustls_peer;
mod sentences;
mod verdicts;

use std::env;

use self::mutation::{Case, Mutation};
use self::run::Oracle;

/// The seed of the suite, and how many chains it makes.
const SEED: u64 = 15;
const CASES: u64 = 2_000;

#[test]
fn random_chains_are_judged_as_clients_judge_them() {
    let number = |name: &str, default: u64| {
        env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}: {text}")))
    };
    let (seed, count) = (number("ORACLE_SEED", SEED), number("ORACLE_CASES", CASES));
    let Some(mut oracle) = Oracle::start() else { return };
    eprintln!("oracle: {count} chains of seed {seed}, judged by {}", oracle.versions());
    let nothing = Case { mutations: Vec::new() };
    assert_eq!(oracle.differences(&nothing), [], "a sound chain");
    // Every change by itself, then several together.
    let mut cases: Vec<_> =
        Mutation::all().into_iter().map(|mutation| Case { mutations: vec![mutation] }).collect();
    cases.extend((0..count).map(|number| Case::random(seed, number)));
    for chunk in cases.chunks(2_000) {
        oracle.compare(chunk);
    }
    oracle.finish((seed, count) == (SEED, CASES));
}
