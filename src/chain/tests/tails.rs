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

#[test]
fn many_cross_signs_of_the_root_are_one_note() {
    let root = root("R");
    let key = |ca: &Ca| KeyPair::try_from(ca.key().serialize_der()).unwrap();
    let cross = |number: usize| {
        let other = super::root(&format!("Other {number}"));
        of(&Ca::signed_by(ca_params("R"), key(&root), &other).unwrap())
    };
    let leaf = leaf(&leaf_params("www.test"), &root);
    let trust = trusting(&[&root]);
    let notes = |count: usize| -> Vec<String> {
        let pool: Vec<_> = std::iter::once(leaf.clone()).chain((0..count).map(cross)).collect();
        let findings = check(&CheckInput::new(&pool, &trust, NOW, "t.pem")).findings;
        let of_code = findings.into_iter().filter(|finding| finding.code == Code::Unneeded);
        of_code.map(|finding| finding.message).collect()
    };
    assert_eq!(notes(3).len(), 3);
    let many = "40 certificates of `R` in the file are only for clients that trust another CA and not `R` itself: \
                `Other 0`, `Other 1`, `Other 2` and 37 more";
    assert_eq!(notes(40), [many]);
}

/// Each signature costs time: where there are many, the name of a trusted issuer is enough.
#[test]
fn cross_signs_cost_a_bounded_number_of_signatures() {
    let (root, other) = (root("R"), root("Other"));
    let key = |ca: &Ca| KeyPair::try_from(ca.key().serialize_der()).unwrap();
    let twin = super::root("Other");
    let leaf = leaf(&leaf_params("www.test"), &root);
    let crosses = (0..60).map(|_| of(&Ca::signed_by(ca_params("R"), key(&root), &twin).unwrap()));
    let pool: Vec<_> = std::iter::once(leaf).chain(crosses).collect();
    let findings = check(&CheckInput::new(&pool, &trusting(&[&root, &other]), NOW, "t.pem")).findings;
    // Another CA of that name issued them all, which is known of the first ones only.
    let said = findings.iter().find(|finding| finding.code == Code::Unneeded).unwrap();
    assert!(said.message.starts_with("20 certificates of `R`"), "{said:?}");
}

#[test]
fn many_leaves_are_not_listed_one_by_one() {
    let root = root("R");
    let one = leaf(&leaf_params("www.test"), &root);
    let pool: Vec<_> = (0..2000)
        .map(|number: usize| {
            let mut other = one.clone();
            // Not the same certificate twice; nobody looks at the signature.
            let last = other.certificate.der.len() - 1;
            let mut der = other.certificate.der.to_vec();
            der[last] ^= u8::try_from(number % 251).unwrap();
            der[last - 1] ^= u8::try_from(number / 251).unwrap();
            other.certificate = Certificate::from_der(der).unwrap();
            other
        })
        .collect();
    let said = order(pool, None, &TrustStore::default(), NOW).unwrap_err().to_string();
    assert_eq!(said.lines().count(), 22, "{said}");
    assert!(said.ends_with("\nand 1980 more"), "{said}");
}
