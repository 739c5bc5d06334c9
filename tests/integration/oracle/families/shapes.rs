//! Which certificates there are, what the server sends and what the client trusts.

use super::super::blueprint::{AT, BASIC, Blueprint, Draft, HOST, ISSUER, LEAF, Moment, Name, ca};
use super::super::mutation::{Rule, of_chain};

pub(super) const RULES: &[Rule] = &[
    of_chain("no intermediate: the root issues", |plan| {
        plan.certificates.remove(ISSUER);
        plan.certificates[LEAF].signer = 1;
        plan.certificates[1].signer = 1;
        plan.sent = vec![0];
        plan.trusted = vec![1];
    }),
    of_chain("two intermediates", |plan| deeper(plan, 1)),
    of_chain("five intermediates", |plan| deeper(plan, 4)),
    of_chain("eight intermediates", |plan| deeper(plan, 7)),
    of_chain("the intermediate is missing", |plan| plan.sent.truncate(1)),
    of_chain("the root is sent too", |plan| plan.sent.extend(plan.trusted.clone())),
    of_chain("sent in reverse", |plan| {
        plan.sent.extend(plan.trusted.clone());
        plan.sent[1..].reverse();
    }),
    of_chain("the leaf is sent twice", |plan| plan.sent.push(LEAF)),
    of_chain("the intermediate is sent twice", |plan| {
        plan.sent.extend(plan.sent.clone().into_iter().skip(1))
    }),
    of_chain("the root is not trusted", |plan| {
        plan.certificates.push(ca("Another Root", plan.certificates.len(), 6));
        plan.trusted = vec![plan.certificates.len() - 1];
    }),
    of_chain("the root is not trusted but sent", |plan| {
        plan.sent.extend(plan.trusted.clone());
        plan.certificates.push(ca("Another Root", plan.certificates.len(), 6));
        plan.trusted = vec![plan.certificates.len() - 1];
    }),
    of_chain("the leaf is self-signed", |plan| alone(plan, false)),
    of_chain("the leaf is self-signed and trusted", |plan| alone(plan, true)),
    of_chain("the leaf is a self-signed CA and trusted", |plan| {
        alone(plan, true);
        let basic = super::super::der::sequence(&[super::super::der::truth()]);
        plan.certificates[LEAF].put_der(BASIC, true, basic);
    }),
    of_chain("the leaf itself is trusted", |plan| plan.trusted = vec![LEAF]),
    of_chain("the leaf and the root are trusted", |plan| plan.trusted.push(LEAF)),
    of_chain("the intermediate is trusted", |plan| plan.trusted = vec![ISSUER.min(plan.root())]),
    of_chain("the intermediate and the root are trusted", |plan| plan.trusted.push(ISSUER.min(plan.root()))),
];

fn deeper(plan: &mut Blueprint, more: usize) {
    for _ in 0..more {
        let number = plan.certificates.len();
        // The root stays the last of the path: what was the root becomes an intermediate of a new one.
        let slot = u8::try_from(number).unwrap();
        let mut root = plan.certificates[number - 1].clone();
        plan.certificates[number - 1] = ca(&format!("Oracle Intermediate {number}"), number, slot + 8);
        root.signer = number;
        plan.certificates.push(root);
        plan.sent.push(number - 1);
        plan.trusted = vec![number];
    }
}

fn alone(plan: &mut Blueprint, is_trusted: bool) {
    plan.certificates[LEAF].signer = LEAF;
    plan.sent = vec![LEAF];
    if is_trusted {
        plan.trusted = vec![LEAF];
    }
}

pub(super) const CROSSED: &[Rule] = &[
    of_chain("a cross-sign of the root by an unknown root", |plan| {
        let cross = crossed(plan, 6, AT + 86_400 * 1000);
        plan.sent.push(cross);
    }),
    of_chain("an expired cross-sign of the root", |plan| {
        let cross = crossed(plan, 6, AT - 86_400);
        plan.sent.push(cross);
    }),
    of_chain("an expired cross-sign by an expired root that is trusted too", |plan| {
        let cross = crossed(plan, 6, AT - 86_400);
        plan.sent.push(cross);
        plan.certificates[cross + 1].not_after = Moment::at(AT - 86_400);
        plan.trusted.push(cross + 1);
    }),
    of_chain("only a cross-sign leads to trust", |plan| {
        let cross = crossed(plan, 6, AT + 86_400 * 1000);
        plan.sent.push(cross);
        plan.trusted = vec![cross + 1];
    }),
    of_chain("only a cross-sign leads to trust, and the root is sent first", |plan| {
        let root = plan.root();
        let cross = crossed(plan, 6, AT + 86_400 * 1000);
        plan.sent.extend([root, cross]);
        plan.trusted = vec![cross + 1];
    }),
    of_chain("only an expired cross-sign leads to trust", |plan| {
        let cross = crossed(plan, 6, AT - 86_400);
        plan.sent.push(cross);
        plan.trusted = vec![cross + 1];
    }),
    of_chain("an expired copy of the intermediate comes first", |plan| {
        let copy = Draft { not_after: Moment::at(AT - 86_400), serial: vec![9, 9], ..issuer(plan) };
        add(plan, copy, 1);
    }),
    of_chain("an expired copy of the intermediate comes last", |plan| {
        let copy = Draft { not_after: Moment::at(AT - 86_400), serial: vec![9, 9], ..issuer(plan) };
        let end = plan.sent.len();
        add(plan, copy, end);
    }),
    of_chain("an intermediate of the same name and another key comes first", |plan| {
        let mut copy = issuer(plan);
        copy.key.slot = 7;
        add(plan, copy, 1);
    }),
    of_chain("a root of the same name and another key is trusted too", |plan| {
        let mut twin = ca("", plan.certificates.len(), 7);
        twin.subject = plan.certificates[plan.root()].subject.clone();
        plan.certificates.push(twin);
        plan.trusted.insert(0, plan.certificates.len() - 1);
    }),
    of_chain("an unrelated CA is sent", |plan| {
        let other = ca("Unrelated", plan.certificates.len(), 6);
        let end = plan.sent.len();
        add(plan, other, end);
    }),
    of_chain("an unrelated leaf is sent", |plan| {
        let other = Draft { subject: Name::of("other.example"), ..plan.certificates[LEAF].clone() };
        let end = plan.sent.len();
        add(plan, other, end);
    }),
    of_chain("two CAs certify each other", |plan| {
        let count = plan.certificates.len();
        let mut back = ca("", ISSUER.min(plan.root()), 2);
        back.subject = plan.certificates[plan.root()].subject.clone();
        back.key = plan.certificates[plan.root()].key;
        plan.certificates.push(back);
        plan.sent.push(count);
    }),
    of_chain("two CAs certify each other and nothing is trusted", |plan| {
        let count = plan.certificates.len();
        let mut back = ca("", ISSUER.min(plan.root()), 2);
        back.subject = plan.certificates[plan.root()].subject.clone();
        back.key = plan.certificates[plan.root()].key;
        plan.certificates.push(back);
        plan.sent.push(count);
        plan.certificates.push(ca("Another Root", count + 1, 6));
        plan.trusted = vec![count + 1];
    }),
    of_chain("an intermediate certifies itself", |plan| {
        let mut own = issuer(plan);
        own.signer = ISSUER.min(plan.root());
        own.serial = vec![9, 8];
        add(plan, own, 1);
    }),
    of_chain("a self-issued key change below the root", |plan| {
        // The CA's new key, certified by its old one: name and issuer are the same.
        let root = plan.root();
        if root > ISSUER {
            let count = plan.certificates.len();
            let mut renewed = ca("", root, 7);
            renewed.subject = plan.certificates[root].subject.clone();
            plan.certificates.push(renewed);
            plan.certificates[root - 1].signer = count;
            plan.sent.push(count);
        }
    }),
    of_chain("a leaf issues the leaf", |plan| {
        let signer = plan.certificates[LEAF].signer;
        let mut middle = Draft { subject: Name::of("other leaf"), ..plan.certificates[LEAF].clone() };
        middle.key.slot = 7;
        middle.signer = signer;
        let count = plan.certificates.len();
        plan.certificates.push(middle);
        plan.certificates[LEAF].signer = count;
        plan.sent.insert(1, count);
    }),
    of_chain("the host is another one on both", |plan| plan.host = format!("x{HOST}")),
];

fn issuer(plan: &Blueprint) -> Draft {
    plan.certificates[ISSUER.min(plan.root())].clone()
}

fn add(plan: &mut Blueprint, draft: Draft, position: usize) {
    let count = plan.certificates.len();
    plan.certificates.push(draft);
    plan.sent.insert(position.min(plan.sent.len()), count);
}

/// The root's name and key, certified by another root, which comes right behind it. Gives its index.
fn crossed(plan: &mut Blueprint, slot: u8, until: i64) -> usize {
    let root = plan.root();
    let count = plan.certificates.len();
    let cross = Draft {
        signer: count + 1,
        serial: vec![9, 7],
        not_after: Moment::at(until),
        ..plan.certificates[root].clone()
    };
    plan.certificates.push(cross);
    plan.certificates.push(ca("Other Root", count + 1, slot));
    count
}
