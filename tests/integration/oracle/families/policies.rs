//! Certificate policies and what constrains them.

use super::super::blueprint::{Draft, Mark, POLICIES, Value};
use super::super::der::{self, context_value};
use super::super::mutation::{ON_ANY, ON_CAS, Rule, of};

const MAPPINGS: &str = "2.5.29.33";
const CONSTRAINTS: &str = "2.5.29.36";
const INHIBIT_ANY: &str = "2.5.29.54";
const ANY: &str = "2.5.29.32.0";
const OURS: &str = "1.3.6.1.4.1.55555.2";
const DOMAIN_VALIDATED: &str = "2.23.140.1.2.1";

fn policies(draft: &mut Draft, all: &[&str]) {
    let parts: Vec<_> = all.iter().map(|policy| der::sequence(&[der::oid(policy)])).collect();
    draft.put(POLICIES, Mark::No, Value::Der(der::sequence(&parts)));
}

fn mapping(draft: &mut Draft, from: &str, to: &str) {
    let pair = der::sequence(&[der::oid(from), der::oid(to)]);
    draft.put_der(MAPPINGS, true, der::sequence(&[pair]));
}

pub(super) const RULES: &[Rule] = &[
    of(ON_ANY, "no policies", |draft| draft.remove(POLICIES)),
    of(ON_ANY, "any policy", |draft| policies(draft, &[ANY])),
    of(ON_ANY, "a policy of its own", |draft| policies(draft, &[OURS])),
    of(ON_CAS, "the leaf's policy", |draft| policies(draft, &[DOMAIN_VALIDATED])),
    of(ON_ANY, "a policy twice", |draft| policies(draft, &[DOMAIN_VALIDATED, DOMAIN_VALIDATED])),
    of(ON_ANY, "empty policies", |draft| policies(draft, &[])),
    of(ON_ANY, "broken policies", |draft| draft.put_der(POLICIES, false, vec![5, 0])),
    of(ON_ANY, "a policy with a pointer", |draft| {
        let uri = der::tlv(der::IA5, b"https://ca.oracle.example/cps");
        let qualifier = der::sequence(&[der::oid("1.3.6.1.5.5.7.2.1"), uri]);
        let policy = der::sequence(&[der::oid(DOMAIN_VALIDATED), der::sequence(&[qualifier])]);
        draft.put_der(POLICIES, false, der::sequence(&[policy]));
    }),
    of(ON_CAS, "requires an explicit policy", |draft| {
        draft.put_der(CONSTRAINTS, true, der::sequence(&[context_value(0, &[0])]));
    }),
    of(ON_CAS, "requires an explicit policy and has the leaf's", |draft| {
        policies(draft, &[DOMAIN_VALIDATED]);
        draft.put_der(CONSTRAINTS, true, der::sequence(&[context_value(0, &[0])]));
    }),
    of(ON_CAS, "requires an explicit policy, not critical", |draft| {
        policies(draft, &[DOMAIN_VALIDATED]);
        draft.put_der(CONSTRAINTS, false, der::sequence(&[context_value(0, &[0])]));
    }),
    of(ON_CAS, "inhibits policy mapping", |draft| {
        draft.put_der(CONSTRAINTS, true, der::sequence(&[context_value(1, &[0])]));
    }),
    of(ON_CAS, "empty policy constraints", |draft| {
        draft.put_der(CONSTRAINTS, true, der::sequence::<Vec<u8>>(&[]));
    }),
    of(ON_CAS, "inhibits any policy", |draft| draft.put_der(INHIBIT_ANY, true, der::small(0))),
    of(ON_CAS, "inhibits any policy, not critical", |draft| draft.put_der(INHIBIT_ANY, false, der::small(0))),
    of(ON_CAS, "inhibits any policy with a negative number", |draft| {
        draft.put_der(INHIBIT_ANY, true, der::small(0xff));
    }),
    of(ON_CAS, "maps the leaf's policy", |draft| mapping(draft, OURS, DOMAIN_VALIDATED)),
    of(ON_CAS, "maps to any policy", |draft| mapping(draft, OURS, ANY)),
    of(ON_CAS, "maps, not critical", |draft| {
        mapping(draft, OURS, DOMAIN_VALIDATED);
        draft.mark(MAPPINGS, Mark::No);
    }),
    of(ON_CAS, "maps a policy and requires one", |draft| {
        policies(draft, &[OURS]);
        mapping(draft, OURS, DOMAIN_VALIDATED);
        draft.put_der(CONSTRAINTS, true, der::sequence(&[context_value(0, &[0])]));
    }),
];
