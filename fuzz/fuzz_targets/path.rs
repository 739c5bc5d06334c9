//! Building and judging paths over certificates that the input makes (with real signatures) or holds (DER in a row).
//!
//! The work is bounded (the fuzzer's time limit says so), the verdict is the same when asked again and whatever order the
//! intermediates stand in, and what `merge` makes of a good chain is good.
#![no_main]

use certkit::internals::chain::{
    CheckInput, Judgement, Located, Origin, Profile, TrustStore, check, order, reasons,
};
use certkit::internals::finding::{Code, Severity};
use certkit::internals::x509::{Certificate, HostName, Purpose};
use certkit_fuzz::{Bytes, chains, der};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use time::OffsetDateTime;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);
/// Bytes in front that say how to judge.
const HOW: usize = 3;

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if size > HOW
        && seed % 2 == 0
        && let Some(mutated) = der::mutate(&data[HOW..size], max_size - HOW, seed)
    {
        data[HOW..HOW + mutated.len()].copy_from_slice(&mutated);
        return HOW + mutated.len();
    }
    fuzzer_mutate(data, size, max_size)
});

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let how = bytes.byte();
    let anchors = 1 + usize::from(bytes.byte() & 3);
    let turn = usize::from(bytes.byte());
    let ders: Vec<_> = if bytes.0.first() == Some(&0x30) {
        der::split(bytes.0).into_iter().map(<[u8]>::to_vec).collect()
    } else {
        chains::certificates(&mut bytes, 24)
    };
    let mut pool: Vec<_> =
        ders.into_iter().filter_map(|der| Certificate::from_der(der).ok()).map(Located::from).collect();
    let mut trust = TrustStore::default();
    // The last ones are trusted; at least the first is judged.
    for _ in 0..anchors.min(pool.len().saturating_sub(1)) {
        trust.add(pool.pop().expect("counted").certificate, Origin::System);
    }
    if pool.is_empty() {
        return;
    }
    let hosts = ["a.test", "b.a.test", "127.0.0.1"].map(|host| HostName::parse(host).expect("a host"));
    let host = hosts.get(usize::from(how >> 3 & 3));

    let first = check(&question(how, host, &trust, &pool));
    let again = check(&question(how, host, &trust, &pool));
    assert_eq!(in_words(&first), in_words(&again), "asked twice");
    // A batch asks for the reasons alone.
    let errors = first.findings.iter().filter(|finding| finding.severity == Severity::Error);
    let only: Vec<_> =
        reasons(&question(how, host, &trust, &pool)).iter().map(|finding| format!("{finding:?}")).collect();
    assert_eq!(errors.map(|finding| format!("{finding:?}")).collect::<Vec<_>>(), only);

    let is_leaf_first = !pool[0].certificate.is_ca();
    if is_leaf_first && !is_exhausted(&first) {
        let mut turned = pool.clone();
        let rest = turned.len() - 1;
        if rest > 0 {
            turned[1..].rotate_left(turn % rest);
        }
        let other = check(&question(how, host, &trust, &turned));
        if !is_exhausted(&other) {
            assert_eq!(holds(&first), holds(&other), "{:?} {:?}", in_words(&first), in_words(&other));
        }
    }
    if let Ok(merged) = order(pool.clone(), None, &trust, NOW)
        && is_leaf_first
        && merged.chain[0].certificate == pool[0].certificate
        && merged.complete
        && holds(&first)
    {
        let merged = check(&question(how, host, &trust, &merged.chain));
        assert!(holds(&merged) || is_exhausted(&merged), "merged: {:?}", in_words(&merged));
    }
});

/// What is asked of a chain; `how` chooses.
fn question<'a>(
    how: u8,
    host: Option<&'a HostName>,
    trust: &'a TrustStore,
    pool: &'a [Located],
) -> CheckInput<'a> {
    CheckInput {
        host,
        purpose: if how & 4 == 0 { Purpose::Server } else { Purpose::Client },
        profile: [Profile::Tls, Profile::Webpki, Profile::Rfc5280][usize::from(how & 3).min(2)],
        max_depth: (how & 0x20 != 0).then_some(usize::from(how >> 6)),
        ..CheckInput::new(pool, trust, NOW, "chain.pem")
    }
}

fn holds(judgement: &Judgement) -> bool {
    judgement.findings.iter().all(|finding| finding.severity != Severity::Error)
}

fn is_exhausted(judgement: &Judgement) -> bool {
    judgement.findings.iter().any(|finding| finding.code == Code::TooComplex)
}

fn in_words(judgement: &Judgement) -> Vec<String> {
    let words = judgement.findings.iter().map(|finding| format!("{finding:?}"));
    words.chain([format!("{:?} {:?}", judgement.missing_issuer, judgement.trusted_by)]).collect()
}
