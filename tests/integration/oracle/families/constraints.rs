//! Name constraints and basic constraints of CAs.

use super::super::blueprint::{BASIC, CONSTRAINTS, Draft, Mark, Name, SAN, Value};
use super::super::der::{self, context, context_value};
use super::super::mutation::{ON_ANY, ON_CAS, ON_INTERMEDIATE, ON_LEAF, ON_ROOT, Rule, of};

/// Permitted and excluded names.
fn constrain(draft: &mut Draft, permitted: &[Vec<u8>], excluded: &[Vec<u8>]) {
    let list = |names: &[Vec<u8>]| -> Vec<u8> {
        names.iter().flat_map(|name| der::sequence(std::slice::from_ref(name))).collect()
    };
    let mut parts = Vec::new();
    if !permitted.is_empty() {
        parts.push(context(0, &list(permitted)));
    }
    if !excluded.is_empty() {
        parts.push(context(1, &list(excluded)));
    }
    draft.put(CONSTRAINTS, Mark::Yes, Value::Der(der::sequence(&parts)));
}

fn dns(text: &str) -> Vec<u8> {
    context_value(2, text.as_bytes())
}

fn directory(common_name: &str) -> Vec<u8> {
    context(4, &super::super::assemble::name(&Name::of(common_name)))
}

pub(super) const RULES: &[Rule] = &[
    of(ON_CAS, "permits the domain", |draft| constrain(draft, &[dns("oracle.example")], &[])),
    of(ON_CAS, "permits the domain, not critical", |draft| {
        constrain(draft, &[dns("oracle.example")], &[]);
        draft.mark(CONSTRAINTS, Mark::No);
    }),
    of(ON_CAS, "permits the domain with a dot", |draft| constrain(draft, &[dns(".oracle.example")], &[])),
    of(ON_CAS, "permits the domain in capitals", |draft| constrain(draft, &[dns("ORACLE.Example")], &[])),
    of(ON_CAS, "permits only another domain", |draft| constrain(draft, &[dns("other.example")], &[])),
    of(ON_CAS, "permits only a part of the label", |draft| constrain(draft, &[dns("acle.example")], &[])),
    of(ON_CAS, "permits every name", |draft| constrain(draft, &[dns("")], &[])),
    of(ON_CAS, "permits a wildcard", |draft| constrain(draft, &[dns("*.oracle.example")], &[])),
    of(ON_CAS, "permits a name with a trailing dot", |draft| {
        constrain(draft, &[dns("oracle.example.")], &[])
    }),
    of(ON_CAS, "permits only an address", |draft| {
        constrain(draft, &[context_value(7, &[192, 0, 2, 0, 255, 255, 255, 0])], &[]);
    }),
    of(ON_CAS, "permits a mail domain", |draft| {
        constrain(draft, &[context_value(1, b"oracle.example")], &[])
    }),
    of(ON_CAS, "permits a URI", |draft| constrain(draft, &[context_value(6, b"oracle.example")], &[])),
    of(ON_CAS, "permits another directory name", |draft| constrain(draft, &[directory("Other")], &[])),
    of(ON_CAS, "permits a directory name that fits none", |draft| {
        constrain(draft, &[dns("oracle.example"), directory("Other")], &[]);
    }),
    of(ON_CAS, "permits a registered ID", |draft| {
        constrain(draft, &[context_value(8, &[0x2a, 3, 4])], &[]);
    }),
    of(ON_CAS, "excludes the domain", |draft| constrain(draft, &[], &[dns("oracle.example")])),
    of(ON_CAS, "excludes another domain", |draft| constrain(draft, &[], &[dns("other.example")])),
    of(ON_CAS, "excludes every name", |draft| constrain(draft, &[], &[dns("")])),
    of(ON_CAS, "excludes every address", |draft| {
        constrain(draft, &[], &[context_value(7, &[0; 8]), context_value(7, &[0; 32])]);
    }),
    of(ON_CAS, "excludes an address with a broken mask", |draft| {
        constrain(draft, &[], &[context_value(7, &[192, 0, 2, 0, 255, 0, 255, 0])]);
    }),
    of(ON_CAS, "excludes an address of 5 bytes", |draft| {
        constrain(draft, &[], &[context_value(7, &[192, 0, 2, 0, 255])]);
    }),
    of(ON_CAS, "excludes another directory name", |draft| constrain(draft, &[], &[directory("Other")])),
    of(ON_CAS, "permits and excludes the domain", |draft| {
        constrain(draft, &[dns("example")], &[dns("oracle.example")]);
    }),
    of(ON_CAS, "empty name constraints", |draft| constrain(draft, &[], &[])),
    of(ON_CAS, "name constraints with a minimum", |draft| subtree(draft, &context_value(0, &[1]))),
    of(ON_CAS, "name constraints with minimum 0 written", |draft| subtree(draft, &context_value(0, &[0]))),
    of(ON_CAS, "name constraints with a maximum", |draft| subtree(draft, &context_value(1, &[9]))),
    of(ON_CAS, "name constraints that are no sequence", |draft| draft.put_der(CONSTRAINTS, true, vec![5, 0])),
    of(ON_LEAF, "name constraints in a leaf", |draft| constrain(draft, &[dns("oracle.example")], &[])),
    of(ON_INTERMEDIATE, "permits the domain, and the CA has another SAN", |draft| {
        constrain(draft, &[dns("oracle.example")], &[]);
        draft.put_der(SAN, false, der::sequence(&[dns("ca.other.example")]));
    }),
    of(ON_ROOT, "permits the intermediate's directory name", |draft| {
        constrain(draft, &[directory("Oracle Intermediate")], &[]);
    }),
];

/// Permits the domain, with a minimum or a maximum, which RFC 5280 section 4.2.1.10 forbids.
fn subtree(draft: &mut Draft, distance: &[u8]) {
    let subtree = der::sequence(&[dns("oracle.example"), distance.to_vec()]);
    draft.put_der(CONSTRAINTS, true, der::sequence(&[context(0, &subtree)]));
}

fn basic(draft: &mut Draft, parts: &[Vec<u8>]) {
    draft.put(BASIC, Mark::Yes, Value::Der(der::sequence(parts)));
}

pub(super) const BASIC_CONSTRAINTS: &[Rule] = &[
    of(ON_CAS, "no basic constraints", |draft| draft.remove(BASIC)),
    of(ON_CAS, "basic constraints not critical", |draft| draft.mark(BASIC, Mark::No)),
    of(ON_ANY, "CA:FALSE, left out", |draft| basic(draft, &[])),
    of(ON_ANY, "CA:FALSE, written", |draft| basic(draft, &[der::tlv(der::BOOLEAN, &[0])])),
    of(ON_LEAF, "CA:FALSE, not critical", |draft| draft.put_der(BASIC, false, der::sequence::<Vec<u8>>(&[]))),
    of(ON_LEAF, "CA:TRUE", |draft| basic(draft, &[der::truth()])),
    of(ON_LEAF, "CA:TRUE, not critical", |draft| draft.put_der(BASIC, false, der::sequence(&[der::truth()]))),
    of(ON_ANY, "a path length without CA", |draft| basic(draft, &[der::small(0)])),
    of(ON_CAS, "path length 0", |draft| basic(draft, &[der::truth(), der::small(0)])),
    of(ON_CAS, "path length 1", |draft| basic(draft, &[der::truth(), der::small(1)])),
    of(ON_CAS, "path length 5", |draft| basic(draft, &[der::truth(), der::small(5)])),
    of(ON_CAS, "path length -1", |draft| basic(draft, &[der::truth(), der::small(0xff)])),
    of(ON_CAS, "path length of 9 bytes", |draft| {
        basic(draft, &[der::truth(), der::tlv(der::INTEGER, &[1; 9])])
    }),
    of(ON_CAS, "path length 300", |draft| basic(draft, &[der::truth(), der::tlv(der::INTEGER, &[1, 44])])),
    of(ON_CAS, "path length with a leading zero", |draft| {
        basic(draft, &[der::truth(), der::tlv(der::INTEGER, &[0, 3])]);
    }),
    of(ON_CAS, "CA as 01", |draft| basic(draft, &[der::tlv(der::BOOLEAN, &[1])])),
    of(ON_CAS, "basic constraints with trailing bytes", |draft| {
        basic(draft, &[der::truth(), der::small(3), der::small(4)]);
    }),
];
