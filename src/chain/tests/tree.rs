//! The tree of certificates: each leaf first, its issuers below.

use super::*;

fn drawn(certificates: &[Located]) -> Vec<(usize, String, bool)> {
    let certificates: Vec<_> = certificates.iter().map(|located| located.certificate.clone()).collect();
    tree(&certificates)
        .into_iter()
        .map(|line| (line.depth, line.label, line.missing_issuer.is_some()))
        .collect()
}

fn line(depth: usize, label: &str, is_missing: bool) -> (usize, String, bool) {
    (depth, label.to_owned(), is_missing)
}

#[test]
fn issuers_are_below_what_they_signed() {
    let root = root("R");
    let middle = intermediate(ca_params("I"), &root);
    let (one, two) = (leaf(&leaf_params("one.test"), &middle), leaf(&leaf_params("two.test"), &middle));
    assert_eq!(
        drawn(&[of(&root), of(&middle), one.clone()]),
        [line(0, "one.test", false), line(1, "I", false), line(2, "R", false)]
    );
    assert_eq!(
        drawn(&[one, of(&middle), two]),
        [line(0, "one.test", false), line(1, "I", true), line(0, "two.test", false), line(1, "I", true)]
    );
}

#[test]
fn a_circle_ends() {
    let a = Ca::self_signed(ca_params("A"), KeyPair::generate().unwrap()).unwrap();
    let b = Ca::self_signed(ca_params("B"), KeyPair::generate().unwrap()).unwrap();
    let a_by_b = located(ca_params("A").signed_by(a.key(), &b).unwrap().der());
    let b_by_a = located(ca_params("B").signed_by(b.key(), &a).unwrap().der());
    assert_eq!(drawn(&[a_by_b, b_by_a]), [line(0, "A", false), line(1, "B", false)]);
}

#[test]
fn one_certificate_is_not_a_tree() {
    assert_eq!(drawn(&[of(&root("R"))]), []);
}
