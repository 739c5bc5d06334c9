//! What follows a certificate that a trusted root issued: kept for clients of another root, left off when it helps no more.

use super::*;

/// Roots `Old` and `New`, the new one certified by the old one, and the chain below.
struct Crossed {
    old: Ca,
    new: Ca,
    pool: Vec<Located>,
}

/// The cross certificate and the old root end so many days from now.
fn crossed(cross_days: i64, old_days: i64) -> Crossed {
    let ending = |name: &str, days: i64| {
        let mut params = ca_params(name);
        params.not_before = NOW - Duration::days(3000);
        params.not_after = NOW + Duration::days(days);
        params
    };
    let old = Ca::self_signed(ending("Old", old_days), KeyPair::generate().unwrap()).unwrap();
    let new = root("New");
    let cross = located(ending("New", cross_days).signed_by(new.key(), &old).unwrap().der());
    let issuing = intermediate(ca_params("Issuing"), &new);
    let pool = vec![leaf(&leaf_params("www.test"), &issuing), of(&issuing), cross];
    Crossed { old, new, pool }
}

/// The labels of the chain, and why the rest was left out.
fn ordered(pool: &[Located], trust: &TrustStore) -> (Vec<String>, Vec<DropReason>, bool) {
    let order = order(pool.to_vec(), None, trust, NOW).unwrap();
    let labels = order.chain.iter().map(|located| located.certificate.label()).collect();
    (labels, order.dropped.into_iter().map(|(reason, _)| reason).collect(), order.complete)
}

fn labels(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_valid_cross_sign_stays() {
    let Crossed { old, new, pool } = crossed(100, 100);
    for trust in [trusting(&[&new]), trusting(&[&old]), trusting(&[&old, &new]), TrustStore::default()] {
        let (chain, dropped, _) = ordered(&pool, &trust);
        assert_eq!((chain, dropped), (labels(&["www.test", "Issuing", "New"]), vec![]));
    }
}

#[test]
fn an_expired_cross_sign_is_left_off() {
    let Crossed { new, pool, .. } = crossed(-1, 100);
    for (trust, is_complete) in [(trusting(&[&new]), true), (TrustStore::default(), false)] {
        let (chain, dropped, complete) = ordered(&pool, &trust);
        assert_eq!((chain, complete), (labels(&["www.test", "Issuing"]), is_complete));
        assert_eq!(dropped, [DropReason::ExpiredIssuer]);
    }
}

/// Who trusts the old root alone has to get the new cross certificate; a chain without any does not hold either.
#[test]
fn an_expired_cross_sign_stays_where_it_is_the_only_way() {
    let Crossed { old, pool, .. } = crossed(-1, 100);
    let (chain, dropped, _) = ordered(&pool, &trusting(&[&old]));
    assert_eq!((chain, dropped), (labels(&["www.test", "Issuing", "New"]), vec![]));
}

#[test]
fn a_cross_sign_below_an_expired_root_is_left_off() {
    let Crossed { old, new, mut pool } = crossed(100, -1);
    let below = DropReason::BelowExpired { ca: "Old".into(), not_after: of(&old).certificate.not_after };
    // The old root is known from the store.
    let (chain, dropped, complete) = ordered(&pool, &trusting(&[&old, &new]));
    assert_eq!((chain, complete), (labels(&["www.test", "Issuing"]), true));
    assert_eq!(dropped, [below]);
    // It is among the files.
    pool.push(of(&old));
    let (chain, dropped, complete) = ordered(&pool, &trusting(&[&new]));
    assert_eq!((chain, complete), (labels(&["www.test", "Issuing"]), true));
    assert_eq!(dropped, [DropReason::Unneeded, DropReason::Unrelated]);
}

#[test]
fn an_expired_issuer_of_the_leaf_stays() {
    let root = root("R");
    let mut params = ca_params("Issuing");
    params.not_after = NOW - Duration::days(1);
    let issuing = intermediate(params, &root);
    let pool = [leaf(&leaf_params("www.test"), &issuing), of(&issuing)];
    for trust in [trusting(&[&root]), TrustStore::default()] {
        let (chain, dropped, _) = ordered(&pool, &trust);
        assert_eq!((chain, dropped), (labels(&["www.test", "Issuing"]), vec![]));
    }
}
