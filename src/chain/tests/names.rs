//! Names that are written in different ways and are the same name (RFC 5280 section 7.1).

use rcgen::string::PrintableString;
use rcgen::{DistinguishedName, DnValue};

use super::*;
use crate::chain::Profile::{Rfc5280, Tls, Webpki};

fn named(name: impl Into<DnValue>) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}

/// Errors for a leaf whose issuer is `written`, below a CA that calls itself `Ca of Example`.
fn errors_below(written: DnValue) -> [Vec<Code>; 3] {
    let key = KeyPair::generate().unwrap();
    let again = KeyPair::try_from(key.serialize_der()).unwrap();
    let mut params = ca_params("");
    params.distinguished_name = named("Ca of Example");
    let ca = Ca::self_signed(params.clone(), key).unwrap();
    params.distinguished_name = named(written);
    let issuer = Ca::self_signed(params, again).unwrap();
    let chain = [leaf(&leaf_params("www.test"), &issuer)];
    let trust = trusting(&[&ca]);
    [Tls, Webpki, Rfc5280].map(|profile| {
        let input = CheckInput { profile, ..CheckInput::new(&chain, &trust, NOW, "t.pem") };
        reasons(&input).into_iter().map(|finding| finding.code).collect()
    })
}

#[test]
fn another_string_type_case_or_number_of_blanks_is_the_same_name() {
    for written in [
        DnValue::PrintableString(PrintableString::try_from("Ca of Example").unwrap()),
        DnValue::Utf8String("CA OF EXAMPLE".into()),
        DnValue::Utf8String("  Ca   of Example ".into()),
        DnValue::BmpString("ca of example".try_into().unwrap()),
    ] {
        let errors = errors_below(written.clone());
        assert!(
            !errors.iter().flatten().any(|code| *code == Code::MissingIntermediate),
            "{written:?}: {errors:?}"
        );
        assert_eq!(errors[2], [], "{written:?}");
    }
    let other = errors_below(DnValue::Utf8String("Ca of Examples".into()));
    assert!(other.iter().all(|codes| codes.contains(&Code::MissingIntermediate)), "{other:?}");
}

#[test]
fn merge_orders_a_chain_whose_names_are_written_differently() {
    let root = root("R");
    let key = KeyPair::generate().unwrap();
    let again = KeyPair::try_from(key.serialize_der()).unwrap();
    let middle = Ca::signed_by(ca_params("Middle  CA"), key, &root).unwrap();
    let other = Ca::signed_by(ca_params("middle ca"), again, &root).unwrap();
    let leaf = leaf(&leaf_params("www.test"), &other);
    let order = order(vec![of(&middle), leaf.clone()], None, &trusting(&[&root]), NOW).unwrap();
    assert!(order.complete);
    assert_eq!(order.chain.len(), 2);
    let lines = tree(&[leaf.certificate, of(&middle).certificate]);
    assert_eq!(lines[1].depth, 1, "{lines:?}");
}
