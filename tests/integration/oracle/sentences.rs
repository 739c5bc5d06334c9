//! What a sentence of certkit claims about clients: who refuses the chain, and who accepts it.

use std::collections::BTreeSet;

/// The clients that a sentence speaks of, by what they do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) refuse: BTreeSet<&'static str>,
    pub(super) accept: BTreeSet<&'static str>,
}

/// Every client that is asked.
pub(super) const CLIENTS: &[&str] = &[
    "openssl",
    "openssl -x509_strict",
    "openssl -partial_chain",
    "Python 3.12",
    "Python 3.13",
    "GnuTLS",
    "pyca",
    "Go",
    "Java",
    "rustls",
];

/// How sentences name clients; the longest name that fits counts. A name without clients is one that is not asked here.
const NAMES: &[(&str, &[&str])] = &[
    ("openssl -x509_strict", &["openssl -x509_strict"]),
    ("openssl -partial_chain", &["openssl -partial_chain"]),
    ("openssl -policy_check", &[]),
    ("openssl", &["openssl"]),
    ("curl", &["openssl -partial_chain"]),
    ("Python 3.13", &["Python 3.13"]),
    ("Python 3.12", &["Python 3.12"]),
    ("Python's cryptography", &["pyca"]),
    ("Python", &["Python 3.12", "Python 3.13"]),
    ("GnuTLS", &["GnuTLS"]),
    ("Go ", &["Go"]),
    ("Go,", &["Go"]),
    ("Java", &["Java"]),
    ("rustls clients", &["rustls"]),
    ("rustls", &["rustls"]),
    ("other clients", &["*"]),
    ("every client", CLIENTS),
    ("every current client", CLIENTS),
    ("all clients", CLIENTS),
    ("strict clients", &[]),
    ("old clients", &[]),
    ("current clients", CLIENTS),
    ("clients", CLIENTS),
];

/// What they do; the longest that fits counts.
const VERBS: &[(&str, bool)] = &[
    ("refuse", false),
    ("do not trust", false),
    ("do not accept", false),
    ("do not support", false),
    ("look for another issuer", false),
    ("accept", true),
    ("take ", true),
    ("takes ", true),
    ("connect", true),
];

/// Reads a sentence. Values in backquotes do not count.
pub(super) fn claims(message: &str) -> Claims {
    let mut claims = Claims::default();
    let mut others = None;
    let plain: Vec<_> = message.split('`').step_by(2).collect();
    let plain = plain.join("_");
    for clause in plain.split([';', ':', '(', ')']) {
        let mut named = BTreeSet::<&str>::new();
        let mut rest = clause;
        while !rest.is_empty() {
            let longest = |all: &[&'static str]| {
                all.iter().filter(|one| rest.starts_with(**one)).map(|one| one.len()).max()
            };
            if let Some((verb, does_accept)) =
                VERBS.iter().filter(|(verb, _)| rest.starts_with(verb)).max_by_key(|(verb, _)| verb.len())
            {
                let named = std::mem::take(&mut named);
                if named.contains("*") {
                    others = Some(*does_accept);
                }
                let into = if *does_accept { &mut claims.accept } else { &mut claims.refuse };
                into.extend(named.into_iter().filter(|client| *client != "*"));
                rest = &rest[verb.len()..];
                continue;
            }
            let names: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
            if let Some(length) = longest(&names) {
                let clients = NAMES.iter().find(|(name, _)| *name == &rest[..length]).unwrap().1;
                named.extend(clients);
                rest = &rest[length..];
                continue;
            }
            // On to the next word.
            let next = rest.char_indices().skip(1).find(|(index, _)| {
                rest[..*index].ends_with(|letter: char| !letter.is_alphanumeric() && letter != '-')
            });
            rest = next.map_or("", |(index, _)| &rest[index..]);
        }
    }
    if let Some(do_accept) = others {
        let rest = CLIENTS
            .iter()
            .copied()
            .filter(|client| !claims.accept.contains(client) && !claims.refuse.contains(client));
        let rest: Vec<_> = rest.collect();
        if do_accept { claims.accept.extend(rest) } else { claims.refuse.extend(rest) }
    }
    claims
}

#[test]
fn sentences_are_read() {
    let all = |clients: &[&'static str]| clients.iter().copied().collect::<BTreeSet<_>>();
    let read =
        claims("`a` has none; Python 3.13 and openssl -x509_strict refuse it, other clients accept it");
    assert_eq!(read.refuse, all(&["Python 3.13", "openssl -x509_strict"]));
    assert_eq!(read.accept.len(), CLIENTS.len() - 2);
    let read = claims("a CA; curl, openssl and most browsers accept it, rustls clients refuse it");
    assert_eq!(read.refuse, all(&["rustls"]));
    assert_eq!(read.accept, all(&["openssl", "openssl -partial_chain"]));
    let read = claims("it has a unique ID; openssl, Python and Python's cryptography refuse it");
    assert_eq!(read.refuse, all(&["openssl", "Python 3.12", "Python 3.13", "pyca"]));
    let read = claims("`rustls` is weak (RSA 1024); every current client refuses it");
    assert_eq!(read.refuse, all(CLIENTS));
    let read = claims("browsers, Go and Python ignore its common name and refuse it");
    assert_eq!(read.refuse, all(&["Go", "Python 3.12", "Python 3.13"]));
    assert_eq!(claims("it expired on 2026-01-01"), Claims::default());
}
