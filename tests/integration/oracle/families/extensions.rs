//! Extensions that clients do not know, know only in part, or that occur twice; and marks that are wrong.

use super::super::blueprint::{Draft, EKU, Extension, KEY_USAGE, Mark, POLICIES, SAN, Value};
use super::super::der::{self, context, context_value};
use super::super::mutation::{BELOW_ROOT, ON_ANY, ON_LEAF, Rule, of};

const UNKNOWN: &str = "1.3.6.1.4.1.55555.1";
const CRL_POINTS: &str = "2.5.29.31";
const FRESHEST: &str = "2.5.29.46";
const AIA: &str = "1.3.6.1.5.5.7.1.1";
const SIA: &str = "1.3.6.1.5.5.7.1.11";
const TLS_FEATURE: &str = "1.3.6.1.5.5.7.1.24";
const TIMESTAMPS: &str = "1.3.6.1.4.1.11129.2.4.2";
const POISON: &str = "1.3.6.1.4.1.11129.2.4.3";
const NETSCAPE_TYPE: &str = "2.16.840.1.113730.1.1";
const NETSCAPE_COMMENT: &str = "2.16.840.1.113730.1.13";
const ISSUER_ALT: &str = "2.5.29.18";
const DIRECTORY_ATTRIBUTES: &str = "2.5.29.9";
const KEY_PERIOD: &str = "2.5.29.16";
const MICROSOFT_TEMPLATE: &str = "1.3.6.1.4.1.311.20.2";
const OCSP_NO_CHECK: &str = "1.3.6.1.5.5.7.48.1.5";

fn points() -> Vec<u8> {
    let uri = context_value(6, b"http://crl.oracle.example/ca.crl");
    der::sequence(&[der::sequence(&[context(0, &context(0, &uri))])])
}

fn access(method: &str) -> Vec<u8> {
    let uri = context_value(6, b"http://ca.oracle.example/");
    der::sequence(&[der::sequence(&[der::oid(method), uri])])
}

fn twice(draft: &mut Draft, oid: &str) {
    if let Some(index) = draft.find(oid) {
        let again = draft.extensions[index].clone();
        draft.extensions.push(again);
    }
}

pub(super) const RULES: &[Rule] = &[
    of(ON_ANY, "an unknown extension", |draft| draft.put_der(UNKNOWN, false, der::small(1))),
    of(ON_ANY, "an unknown extension of garbage", |draft| draft.put_der(UNKNOWN, false, vec![0xff, 0xff])),
    of(ON_ANY, "an empty extension", |draft| draft.put_der(UNKNOWN, false, Vec::new())),
    of(ON_ANY, "an extension twice", |draft| twice(draft, KEY_USAGE)),
    of(ON_ANY, "an unknown extension twice", |draft| {
        draft.put_der(UNKNOWN, false, der::small(1));
        twice(draft, UNKNOWN);
    }),
    of(ON_LEAF, "SAN twice", |draft| twice(draft, SAN)),
    of(ON_LEAF, "an extended key usage twice", |draft| twice(draft, EKU)),
    of(ON_ANY, "CRL distribution points", |draft| draft.put_der(CRL_POINTS, false, points())),
    of(ON_ANY, "broken CRL distribution points", |draft| draft.put_der(CRL_POINTS, false, vec![5, 0])),
    of(ON_ANY, "empty CRL distribution points", |draft| {
        draft.put_der(CRL_POINTS, false, der::sequence::<Vec<u8>>(&[]));
    }),
    of(BELOW_ROOT, "authority information", |draft| draft.put_der(AIA, false, access("1.3.6.1.5.5.7.48.1"))),
    of(BELOW_ROOT, "broken authority information", |draft| draft.put_der(AIA, false, vec![5, 0])),
    of(BELOW_ROOT, "empty authority information", |draft| {
        draft.put_der(AIA, false, der::sequence::<Vec<u8>>(&[]));
    }),
    of(ON_LEAF, "must-staple", |draft| {
        draft.put_der(TLS_FEATURE, false, der::sequence(&[der::small(5)]));
    }),
    of(ON_LEAF, "an unknown TLS feature", |draft| {
        draft.put_der(TLS_FEATURE, false, der::sequence(&[der::tlv(der::INTEGER, &[0x03, 0xe7])]));
    }),
    of(ON_LEAF, "timestamps", |draft| draft.put_der(TIMESTAMPS, false, der::octets(&[0, 0]))),
    of(ON_LEAF, "broken timestamps", |draft| draft.put_der(TIMESTAMPS, false, vec![1, 2, 3])),
    of(ON_ANY, "Netscape type for servers", |draft| {
        draft.put_der(NETSCAPE_TYPE, false, der::tlv(der::BIT_STRING, &[6, 0x40]));
    }),
    of(ON_LEAF, "Netscape type for clients", |draft| {
        draft.put_der(NETSCAPE_TYPE, false, der::tlv(der::BIT_STRING, &[7, 0x80]));
    }),
    of(ON_ANY, "Netscape comment", |draft| {
        draft.put_der(NETSCAPE_COMMENT, false, der::tlv(der::IA5, b"made by hand"));
    }),
    of(ON_LEAF, "Microsoft template", |draft| {
        draft.put_der(MICROSOFT_TEMPLATE, false, der::tlv(der::BMP, &[0, b'W', 0, b'S']));
    }),
    of(ON_ANY, "issuer alternative name", |draft| {
        draft.put_der(ISSUER_ALT, false, der::sequence(&[context_value(1, b"ca@oracle.example")]));
    }),
    of(ON_LEAF, "no extensions at all", |draft| draft.extensions.clear()),
    of(ON_ANY, "extensions in reverse", |draft| draft.extensions.reverse()),
];

pub(super) const CRITICAL: &[Rule] = &[
    of(ON_ANY, "an unknown critical extension", |draft| draft.put_der(UNKNOWN, true, der::small(1))),
    of(ON_ANY, "critical AKI", |draft| draft.mark(super::super::blueprint::AKI, Mark::Yes)),
    of(ON_ANY, "critical SKI", |draft| {
        draft.put(super::super::blueprint::SKI, Mark::Yes, Value::SubjectKeyId(None));
    }),
    of(BELOW_ROOT, "critical authority information", |draft| {
        draft.put_der(AIA, true, access("1.3.6.1.5.5.7.48.1"));
    }),
    of(ON_ANY, "critical subject information", |draft| {
        draft.put_der(SIA, true, access("1.3.6.1.5.5.7.48.5"));
    }),
    of(ON_ANY, "critical CRL distribution points", |draft| draft.put_der(CRL_POINTS, true, points())),
    of(ON_ANY, "critical freshest CRL", |draft| draft.put_der(FRESHEST, true, points())),
    of(ON_ANY, "critical certificate policies", |draft| {
        draft.put_der(POLICIES, true, der::sequence(&[der::sequence(&[der::oid("2.5.29.32.0")])]));
    }),
    of(ON_LEAF, "critical must-staple", |draft| {
        draft.put_der(TLS_FEATURE, true, der::sequence(&[der::small(5)]));
    }),
    of(ON_LEAF, "critical timestamps", |draft| draft.put_der(TIMESTAMPS, true, der::octets(&[0, 0]))),
    of(ON_LEAF, "a precertificate", |draft| draft.put_der(POISON, true, vec![5, 0])),
    of(ON_ANY, "critical Netscape type", |draft| {
        draft.put_der(NETSCAPE_TYPE, true, der::tlv(der::BIT_STRING, &[0, 0x47]));
    }),
    of(ON_ANY, "critical Netscape comment", |draft| {
        draft.put_der(NETSCAPE_COMMENT, true, der::tlv(der::IA5, b"made by hand"));
    }),
    of(ON_ANY, "critical issuer alternative name", |draft| {
        draft.put_der(ISSUER_ALT, true, der::sequence(&[context_value(1, b"ca@oracle.example")]));
    }),
    of(ON_ANY, "critical directory attributes", |draft| {
        let attribute =
            der::sequence(&[der::oid("1.3.6.1.5.5.7.9.4"), der::set(&[der::tlv(der::PRINTABLE, b"GB")])]);
        draft.put_der(DIRECTORY_ATTRIBUTES, true, der::sequence(&[attribute]));
    }),
    of(ON_ANY, "critical private key period", |draft| {
        let times = [context_value(0, b"20250101000000Z"), context_value(1, b"20300101000000Z")];
        draft.put_der(KEY_PERIOD, true, der::sequence(&times));
    }),
    of(ON_LEAF, "critical OCSP no check", |draft| draft.put_der(OCSP_NO_CHECK, true, vec![5, 0])),
    of(ON_LEAF, "critical Microsoft template", |draft| {
        draft.put_der(MICROSOFT_TEMPLATE, true, der::tlv(der::BMP, &[0, b'W', 0, b'S']));
    }),
    of(ON_ANY, "FALSE written in an extension", |draft| {
        if let Some(Extension { critical, .. }) = draft.extensions.last_mut() {
            *critical = Mark::WrittenFalse;
        }
    }),
    of(ON_ANY, "TRUE as 01 in an extension", |draft| draft.mark(KEY_USAGE, Mark::OddTrue)),
];
