//! Subjects and issuers, alternative names, and the name that the client uses.

use super::super::blueprint::{
    Attribute, Blueprint, COMMON_NAME, Draft, HOST, ISSUER, LEAF, Mark, Name, ORGANIZATION, SAN, Value,
};
use super::super::der::{self, context, context_value};
use super::super::mutation::{CHAIN, Change, ON_ANY, ON_CAS, ON_LEAF, Rule, of, of_chain};

/// How the issuer of the leaf is written, where the subject of the CA is another spelling of it.
const fn spelled(name: &'static str, change: fn(&mut Blueprint)) -> Rule {
    Rule { name, targets: CHAIN, change: Change::OfChain(change) }
}

pub(super) const SUBJECTS: &[Rule] = &[
    of(ON_ANY, "no subject", |draft| draft.subject = Name(Vec::new())),
    of(ON_LEAF, "no subject and critical SAN", |draft| {
        draft.subject = Name(Vec::new());
        draft.mark(SAN, Mark::Yes);
    }),
    spelled("the leaf's issuer in another string type", |plan| {
        respell(plan, |one| one.tag = der::PRINTABLE);
    }),
    spelled("the leaf's issuer in capitals", |plan| respell(plan, |one| one.content.make_ascii_uppercase())),
    spelled("the leaf's issuer with double blanks", |plan| {
        respell(plan, |one| {
            one.content = String::from_utf8_lossy(&one.content).replace(' ', "  ").into_bytes();
        });
    }),
    spelled("the leaf's issuer with a blank at the end", |plan| respell(plan, |one| one.content.push(b' '))),
    spelled("the intermediate's issuer in another string type", |plan| {
        if plan.root() > ISSUER {
            let mut name = plan.certificates[plan.certificates[ISSUER].signer].subject.clone();
            name.each(COMMON_NAME, |one| one.tag = der::PRINTABLE);
            plan.certificates[ISSUER].issuer = Some(name);
        }
    }),
    spelled("the leaf's issuer is another name", |plan| {
        plan.certificates[LEAF].issuer = Some(Name::of("Somebody Else"));
    }),
    of(ON_ANY, "TeletexString", |draft| draft.subject.each(COMMON_NAME, |one| one.tag = der::TELETEX)),
    of(ON_ANY, "PrintableString", |draft| draft.subject.each(COMMON_NAME, |one| one.tag = der::PRINTABLE)),
    of(ON_ANY, "BMPString", |draft| {
        draft.subject.each(COMMON_NAME, |one| {
            one.tag = der::BMP;
            one.content = one.content.iter().flat_map(|&byte| [0, byte]).collect();
        });
    }),
    of(ON_CAS, "broken UTF-8", |draft| draft.subject.set(COMMON_NAME, der::UTF8, b"Oracle \xff\xfe")),
    of(ON_CAS, "PrintableString with @ and *", |draft| {
        draft.subject.set(COMMON_NAME, der::PRINTABLE, b"oracle@example*&");
    }),
    of(ON_LEAF, "CN is not in SAN", |draft| draft.subject.set(COMMON_NAME, der::UTF8, b"other.example")),
    of(ON_LEAF, "CN is not a host", |draft| draft.subject.set(COMMON_NAME, der::UTF8, b"Our Server")),
    of(ON_LEAF, "CN in capitals", |draft| draft.subject.set(COMMON_NAME, der::UTF8, b"WWW.ORACLE.EXAMPLE")),
    of(ON_ANY, "CN of 80 letters", |draft| draft.subject.set(COMMON_NAME, der::UTF8, &[b'a'; 80])),
    of(ON_ANY, "CN is empty", |draft| draft.subject.set(COMMON_NAME, der::UTF8, b"")),
    of(ON_ANY, "two CNs", |draft| {
        let second = draft.subject.0.last().cloned();
        draft.subject.0.extend(second);
    }),
    of(ON_ANY, "several attributes in one relative name", |draft| {
        draft.subject.0.push(vec![
            Attribute::new("2.5.4.11", der::UTF8, "Unit"),
            Attribute::new(ORGANIZATION, der::UTF8, "Other"),
        ]);
    }),
    of(ON_LEAF, "mail address in the subject", |draft| {
        let mail = Attribute::new("1.2.840.113549.1.9.1", der::IA5, "me@oracle.example");
        draft.subject.0.push(vec![mail]);
    }),
    of(ON_ANY, "a country of three letters", |draft| {
        draft.subject.0.insert(0, vec![Attribute::new("2.5.4.6", der::PRINTABLE, "GBR")]);
    }),
    of(ON_ANY, "an empty relative name", |draft| draft.subject.0.push(Vec::new())),
];

fn respell(plan: &mut Blueprint, change: fn(&mut Attribute)) {
    let signer = plan.certificates[LEAF].signer;
    let mut name = plan.certificates[signer].subject.clone();
    name.each(COMMON_NAME, change);
    plan.certificates[LEAF].issuer = Some(name);
}

/// The names of the leaf.
fn names(draft: &mut Draft, names: &[Vec<u8>]) {
    draft.put(SAN, Mark::No, Value::Der(der::sequence(names)));
}

fn dns(text: &str) -> Vec<u8> {
    context_value(2, text.as_bytes())
}

pub(super) const ALTERNATIVES: &[Rule] = &[
    of(ON_LEAF, "no SAN", |draft| draft.remove(SAN)),
    of(ON_LEAF, "no SAN and no subject", |draft| {
        draft.remove(SAN);
        draft.subject = Name(Vec::new());
    }),
    of(ON_LEAF, "empty SAN", |draft| names(draft, &[])),
    of(ON_LEAF, "SAN critical", |draft| draft.mark(SAN, Mark::Yes)),
    of(ON_LEAF, "SAN is another host", |draft| names(draft, &[dns("other.example")])),
    of(ON_LEAF, "SAN is another host, CN the right one", |draft| names(draft, &[dns("mail.oracle.example")])),
    of(ON_LEAF, "SAN is a wildcard", |draft| names(draft, &[dns("*.oracle.example"), dns(HOST)])),
    of(ON_LEAF, "SAN is only a wildcard", |draft| wild(draft, "*.oracle.example")),
    of(ON_LEAF, "SAN is a wildcard of a public suffix", |draft| wild(draft, "*.example")),
    of(ON_LEAF, "SAN is a wildcard one level too high", |draft| wild(draft, "*.example.")),
    of(ON_LEAF, "SAN is a partial wildcard", |draft| wild(draft, "w*.oracle.example")),
    of(ON_LEAF, "SAN is a wildcard in the middle", |draft| wild(draft, "www.*.example")),
    of(ON_LEAF, "SAN is a star", |draft| wild(draft, "*")),
    of(ON_LEAF, "SAN is a double wildcard", |draft| wild(draft, "*.*.example")),
    of(ON_LEAF, "SAN with an unrelated bad wildcard", |draft| names(draft, &[dns(HOST), dns("a.*.example")])),
    of(ON_LEAF, "SAN with a trailing dot", |draft| names(draft, &[dns("www.oracle.example.")])),
    of(ON_LEAF, "SAN also with a trailing dot", |draft| {
        names(draft, &[dns(HOST), dns("www.oracle.example.")]);
    }),
    of(ON_LEAF, "SAN with a leading dot", |draft| names(draft, &[dns(HOST), dns(".oracle.example")])),
    of(ON_LEAF, "SAN in capitals", |draft| names(draft, &[dns("WWW.Oracle.EXAMPLE")])),
    of(ON_LEAF, "SAN also with an underscore", |draft| names(draft, &[dns(HOST), dns("a_b.oracle.example")])),
    of(ON_LEAF, "SAN also with a blank", |draft| names(draft, &[dns(HOST), dns("a b.oracle.example")])),
    of(ON_LEAF, "SAN also with an empty name", |draft| names(draft, &[dns(HOST), dns("")])),
    of(ON_LEAF, "SAN also with NUL", |draft| {
        names(draft, &[dns(HOST), dns("www.oracle.example\0.evil.test")])
    }),
    of(ON_LEAF, "SAN only with NUL", |draft| names(draft, &[dns("www.oracle.example\0.evil.test")])),
    of(ON_LEAF, "SAN also with UTF-8", |draft| names(draft, &[dns(HOST), dns("bücher.example")])),
    of(ON_LEAF, "SAN also with an A-label", |draft| names(draft, &[dns(HOST), dns("xn--bcher-kva.example")])),
    of(ON_LEAF, "SAN also with a bad A-label", |draft| names(draft, &[dns(HOST), dns("xn--a.example")])),
    of(ON_LEAF, "SAN also with a label of 64 letters", |draft| {
        names(draft, &[dns(HOST), dns(&format!("{}.example", "a".repeat(64)))]);
    }),
    of(ON_LEAF, "SAN also with a hyphen in front", |draft| names(draft, &[dns(HOST), dns("-a.example")])),
    of(ON_LEAF, "SAN also an internal name", |draft| names(draft, &[dns(HOST), dns("localhost")])),
    of(ON_LEAF, "SAN also an address", |draft| names(draft, &[dns(HOST), context_value(7, &[192, 0, 2, 1])])),
    of(ON_LEAF, "SAN also an address of 5 bytes", |draft| {
        names(draft, &[dns(HOST), context_value(7, &[192, 0, 2, 1, 9])]);
    }),
    of(ON_LEAF, "SAN also an address as a DNS name", |draft| names(draft, &[dns(HOST), dns("192.0.2.1")])),
    of(ON_LEAF, "SAN also a URI", |draft| {
        names(draft, &[dns(HOST), context_value(6, b"https://www.oracle.example/")]);
    }),
    of(ON_LEAF, "SAN also a broken URI", |draft| {
        names(draft, &[dns(HOST), context_value(6, b"::not a uri")])
    }),
    of(ON_LEAF, "SAN also a mail address", |draft| {
        names(draft, &[dns(HOST), context_value(1, b"me@oracle.example")]);
    }),
    of(ON_LEAF, "SAN also a broken mail address", |draft| {
        names(draft, &[dns(HOST), context_value(1, b"me")])
    }),
    of(ON_LEAF, "SAN is only a mail address", |draft| {
        names(draft, &[context_value(1, b"me@oracle.example")])
    }),
    of(ON_LEAF, "SAN is only a URI", |draft| {
        names(draft, &[context_value(6, b"https://www.oracle.example/")]);
    }),
    of(ON_LEAF, "SAN also a directory name", |draft| {
        let name = super::super::assemble::name(&Name::of("Directory"));
        names(draft, &[dns(HOST), context(4, &name)]);
    }),
    of(ON_LEAF, "SAN also an other name", |draft| {
        let principal = [der::oid("1.3.6.1.4.1.311.20.2.3"), context(0, &der::tlv(der::UTF8, b"me@x"))];
        names(draft, &[dns(HOST), context(0, &der::joined(&principal))]);
    }),
    of(ON_LEAF, "SAN also a registered ID", |draft| {
        names(draft, &[dns(HOST), context_value(8, &[0x2a, 3, 4])]);
    }),
    of(ON_LEAF, "SAN also a tag that does not exist", |draft| {
        names(draft, &[dns(HOST), context_value(9, &[1])]);
    }),
    of(ON_LEAF, "SAN with 300 names", |draft| {
        let mut all: Vec<_> = (0..300).map(|number| dns(&format!("h{number}.oracle.example"))).collect();
        all.push(dns(HOST));
        names(draft, &all);
    }),
    of(ON_LEAF, "SAN with trailing bytes", |draft| {
        let mut value = der::sequence(&[dns(HOST)]);
        value.extend([5, 0]);
        draft.put(SAN, Mark::No, Value::Der(value));
    }),
    of(ON_LEAF, "SAN is not a sequence", |draft| draft.put(SAN, Mark::No, Value::Der(dns(HOST)))),
    of(ON_CAS, "a CA with a SAN", |draft| names(draft, &[dns("ca.oracle.example")])),
];

fn wild(draft: &mut Draft, name: &str) {
    draft.subject.set(COMMON_NAME, der::UTF8, name.as_bytes());
    names(draft, &[dns(name)]);
}

fn asks(plan: &mut Blueprint, host: &str, all: &[Vec<u8>]) {
    plan.host = host.to_owned();
    let leaf = &mut plan.certificates[LEAF];
    leaf.subject = Name(Vec::new());
    names(leaf, all);
    leaf.mark(SAN, Mark::Yes);
}

pub(super) const HOSTS: &[Rule] = &[
    of_chain("another host is asked for", |plan| plan.host = "shop.oracle.example".to_owned()),
    of_chain("the host is asked for in capitals", |plan| plan.host = "WWW.ORACLE.EXAMPLE".to_owned()),
    of_chain("the domain above is asked for", |plan| plan.host = "oracle.example".to_owned()),
    of_chain("a host below the wildcard's level is asked for", |plan| {
        asks(plan, "a.b.oracle.example", &[dns("*.oracle.example")]);
    }),
    of_chain("the wildcard's own domain is asked for", |plan| {
        asks(plan, "oracle.example", &[dns("*.oracle.example")]);
    }),
    of_chain("an A-label is asked for below a wildcard", |plan| {
        asks(plan, "xn--bcher-kva.oracle.example", &[dns("*.oracle.example")]);
    }),
    of_chain("an IPv4 address is asked for", |plan| {
        asks(plan, "192.0.2.1", &[context_value(7, &[192, 0, 2, 1])]);
    }),
    of_chain("another IPv4 address is asked for", |plan| {
        asks(plan, "192.0.2.2", &[context_value(7, &[192, 0, 2, 1])]);
    }),
    of_chain("an IPv4 address is asked for, which is a DNS name", |plan| {
        asks(plan, "192.0.2.1", &[dns("192.0.2.1")]);
    }),
    of_chain("an IPv4 address is asked for, which is only in CN", |plan| {
        asks(plan, "192.0.2.1", &[dns(HOST)]);
        let name = Attribute::new(COMMON_NAME, der::UTF8, "192.0.2.1");
        plan.certificates[LEAF].subject = Name(vec![vec![name]]);
        plan.certificates[LEAF].mark(SAN, Mark::No);
    }),
    of_chain("an IPv6 address is asked for", |plan| {
        let mut address = [0; 16];
        address[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        address[15] = 1;
        asks(plan, "2001:db8::1", &[context_value(7, &address)]);
    }),
    of_chain("a single label is asked for", |plan| asks(plan, "intranet", &[dns("intranet")])),
    of_chain("a name with an underscore is asked for", |plan| {
        asks(plan, "my_app.oracle.example", &[dns("my_app.oracle.example")]);
    }),
];
