//! Every command that a finding of `check` or `merge` prints as its fix is run as it was printed, in a shell; then the finding is
//! gone. A code is either in [`FIXES`], or in [`WITHOUT`] with the reason why nothing can be run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;

use certkit::internals::finding::Code;
use certkit::internals::sys::clock::{Clock, SystemClock};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::Value;
use time::Duration;

use crate::harness::{Ran, Test, certkit};
use crate::live_probes::OF_SERVERS;

/// How to come to a finding, and what removes it.
struct Fix {
    code: &'static str,
    before: &'static [&'static str],
    /// The command that reports it.
    command: &'static str,
    /// The commands of its fix that are run, in their order.
    run: &'static [&'static str],
    /// What then reports it no more.
    again: &'static str,
}

const CA: &str = "certkit mkca";
const INTERMEDIATE: &str = "certkit mkca --intermediate";
const SERVER: &str = "certkit mkcert a.test";
const CHAIN: &str = "cat server.crt ca-bundle.ca > made.pem";
const FIXED: &str = "certkit check chain.pem --roots ca.crt";

/// A certificate of this CA with 10 days left of 90, in server.crt; no command of a shell makes one.
const AGED: &str = "aged";
/// The same, expired 10 days ago.
const EXPIRED: &str = "expired";

/// The usual story: a file that `merge` puts right.
const fn merged(code: &'static str, make: &'static [&'static str], fix: &'static [&'static str]) -> Fix {
    Fix { code, before: make, command: "certkit check made.pem --roots ca.crt", run: fix, again: FIXED }
}

const MERGE: &[&str] = &["certkit merge made.pem -o chain.pem --roots ca.crt"];

const FIXES: &[Fix] = &[
    Fix { code: "ca_not_found", before: &[], command: SERVER, run: &[CA], again: SERVER },
    merged("duplicate", &[INTERMEDIATE, SERVER, CHAIN, "cat server.crt >> made.pem"], MERGE),
    Fix {
        code: "email_mismatch",
        before: &[CA, "certkit mkcert me@a.test"],
        command: "certkit check server.crt --email me@b.test",
        run: &["certkit mkcert me@b.test -o me@b.test"],
        again: "certkit check me@b.test.crt --email me@b.test",
    },
    Fix {
        code: "expired",
        before: &[CA, EXPIRED],
        command: "certkit check server.crt",
        run: &["certkit renew server.crt"],
        again: "certkit check server.crt",
    },
    // An expired cross-sign, as of AddTrust: roots that know the new root do not need it.
    Fix {
        code: "expired_extra",
        before: &["cat cross/leaf.pem cross/issuing.pem cross/cross.pem > made.pem"],
        command: "certkit check made.pem --roots cross/root.pem",
        run: &["certkit merge made.pem -o chain.pem --roots cross/root.pem"],
        again: "certkit check chain.pem --roots cross/root.pem",
    },
    // The same where the merge is told to judge by another time.
    Fix {
        code: "expired_extra",
        before: &["cat cross/leaf.pem cross/issuing.pem cross/cross.pem > made.pem"],
        command: "certkit check made.pem --roots cross/root.pem --at 2025-06-01T00:00:00Z",
        run: &["certkit merge made.pem -o chain.pem --roots cross/root.pem --at 2025-06-01T00:00:00Z"],
        again: "certkit check chain.pem --roots cross/root.pem --at 2025-06-01T00:00:00Z",
    },
    Fix {
        code: "expires_soon",
        before: &[CA, AGED],
        command: "certkit check server.crt --min-days 30",
        run: &["certkit renew server.crt"],
        again: "certkit check server.crt --min-days 30",
    },
    Fix {
        code: "expires_soon",
        before: &[CA, AGED],
        command: "certkit check server.crt",
        run: &["certkit renew server.crt"],
        again: "certkit check server.crt",
    },
    Fix {
        code: "host_mismatch",
        before: &[CA, SERVER],
        command: "certkit check server.crt --host b.test",
        run: &["certkit mkcert b.test -o b.test"],
        again: "certkit check b.test.crt --host b.test",
    },
    Fix {
        code: "hosts_entry",
        before: &[],
        command: "certkit hosts check a.test --file hosts",
        run: &["certkit hosts add a.test --file hosts"],
        again: "certkit hosts check a.test --file hosts",
    },
    Fix {
        code: "invalid_setting",
        before: &[],
        command: "certkit check --explain weak_keyy",
        run: &["certkit check --explain weak_key"],
        again: "certkit check --explain weak_key",
    },
    Fix {
        code: "missing_intermediate",
        before: &[INTERMEDIATE, SERVER, "cp server.crt made.pem"],
        command: "certkit check made.pem --roots ca.crt",
        run: &["certkit merge made.pem ca-bundle.ca -o chain.pem --roots ca.crt"],
        again: FIXED,
    },
    Fix {
        code: "missing_intermediate",
        before: &[INTERMEDIATE, SERVER, "rm ca.crt", "cp server.crt made.pem"],
        command: "certkit merge made.pem",
        run: &["certkit merge made.pem ca-bundle.ca"],
        again: "certkit merge made.pem ca-bundle.ca --force",
    },
    Fix {
        code: "no_san",
        before: &[CA, "cp none/none.crt server.crt"],
        command: "certkit check server.crt --host a.test --roots none/root.pem",
        run: &["certkit mkcert a.test -o a.test"],
        again: "certkit check a.test.crt --host a.test",
    },
    Fix {
        code: "not_found",
        before: &[CA, SERVER],
        command: "certkit merge server.crt none.ca",
        run: &["certkit merge server.crt"],
        again: "certkit merge server.crt --force",
    },
    merged("not_pem", &[CA, SERVER, "certkit convert server.crt --to der -o made.pem"], MERGE),
    Fix {
        code: "not_pem",
        before: &[
            INTERMEDIATE,
            SERVER,
            "certkit convert server.crt --key server.key --chain ca-bundle.ca -o site.p12 --password-file pw",
        ],
        command: "certkit check site.p12 --roots ca.crt --key-password-file pw",
        run: &["certkit merge site.p12 --password-file pw -o chain.pem --roots ca.crt"],
        again: FIXED,
    },
    merged(
        "pem_glued",
        &[INTERMEDIATE, SERVER, "(printf %s \"$(cat server.crt)\"; cat ca-bundle.ca) > made.pem"],
        MERGE,
    ),
    // A chain.pem is there already, with something else in it.
    Fix {
        code: "pem_glued",
        before: &[
            INTERMEDIATE,
            SERVER,
            "cp ca.crt chain.pem",
            "(printf %s \"$(cat server.crt)\"; cat ca-bundle.ca) > made.pem",
        ],
        command: "certkit check made.pem --roots ca.crt",
        run: &["certkit merge made.pem -o fixed.pem --roots ca.crt"],
        again: "certkit check fixed.pem --roots ca.crt",
    },
    merged("pem_malformed", &[INTERMEDIATE, SERVER, CHAIN, "sed -i 's/^/  /' made.pem"], MERGE),
    merged(
        "pkcs7",
        &[INTERMEDIATE, SERVER, "certkit convert server.crt --chain ca-bundle.ca --to p7b -o made.pem"],
        MERGE,
    ),
    merged("private_key_in_input", &[INTERMEDIATE, SERVER, CHAIN, "cat server.key >> made.pem"], MERGE),
    Fix {
        code: "public_suffix",
        before: &[CA, "certkit mkcert '*.com'"],
        command: "certkit check server.crt --host a.com --roots ca.crt",
        run: &["certkit mkcert a.com -o a.com"],
        again: "certkit check a.com.crt --host a.com --roots ca.crt",
    },
    merged("root_included", &[INTERMEDIATE, SERVER, CHAIN, "cat ca.crt >> made.pem"], MERGE),
    Fix {
        code: "self_signed",
        before: &["cp none/self.crt made.pem"],
        command: "certkit check made.pem",
        run: &["certkit check made.pem --roots made.pem"],
        again: "certkit check made.pem --roots made.pem",
    },
    Fix {
        code: "unneeded",
        before: &["cat cross/leaf.pem cross/issuing.pem cross/other.pem > made.pem"],
        command: "certkit check made.pem --roots cross/root.pem",
        run: &["certkit merge made.pem -o chain.pem --roots cross/root.pem"],
        again: "certkit check chain.pem --roots cross/root.pem",
    },
    merged("unrelated", &[INTERMEDIATE, SERVER, CHAIN, "cat cross/root.pem >> made.pem"], MERGE),
    // Of two server certificates the key chooses.
    Fix {
        code: "unrelated",
        before: &[INTERMEDIATE, SERVER, "certkit mkcert b.test -o b", CHAIN, "cat b.crt >> made.pem"],
        command: "certkit check made.pem --roots ca.crt --key server.key",
        run: &["certkit merge made.pem --key server.key -o chain.pem --roots ca.crt"],
        again: FIXED,
    },
    merged(
        "wrong_label",
        &[INTERMEDIATE, SERVER, CHAIN, "sed -i 's/ CERTIFICATE-/ PKCS7-/' made.pem"],
        MERGE,
    ),
    merged("wrong_order", &[INTERMEDIATE, SERVER, "cat ca-bundle.ca server.crt > made.pem"], MERGE),
];

/// Codes whose fix is no command that could be run here.
const WITHOUT: &[(&str, &[&str])] = &[
    (
        "another certificate has to be issued, by a CA that certkit cannot ask",
        &[
            "basic_constraints",
            "browser_unsupported",
            "ca_as_leaf",
            "certificate_version",
            "common_name",
            "critical_extension",
            "empty_name",
            "extension_criticality",
            "invalid_name",
            "issuer_name",
            "key_identifier",
            "key_usage",
            "name_constraint",
            "not_a_ca",
            "path_length",
            "policy",
            "revoked",
            "serial_number",
            "unique_id",
            "validity_too_long",
            "weak_key",
            "weak_signature",
            "wrong_usage",
        ],
    ),
    (
        "only the user knows the file, the password or the time that is right",
        &[
            "bad_signature",
            "crl_invalid",
            "der_malformed",
            "empty_file",
            "incomplete_chain",
            "io",
            "is_directory",
            "key_encrypted",
            "key_mismatch",
            "multiple_leaves",
            "no_certificate",
            "no_leaf",
            "no_private_key",
            "not_a_certificate",
            "not_a_private_key",
            "not_a_request",
            "not_yet_valid",
            "output_exists",
            "password_needed",
            "pem_truncated",
            "permission",
            "too_complex",
            "too_large",
            "unknown_issuer",
            "unsupported_cipher",
            "untrusted_root",
            "wrong_password",
        ],
    ),
    (
        "it says what was done, and nothing is left to do",
        &[
            "expired_dropped",
            "expired_in_file",
            "extra_leaf",
            "fetched",
            "left_out",
            "pem_mended",
            "reordered",
            "root_dropped",
        ],
    ),
    (
        "it changes the trust of this machine; trust.rs runs it on a folder",
        &["old_root", "partial_chain", "trust_store", "trusted_locally"],
    ),
    ("a server has to be configured or started; its tests are with those of servers", OF_SERVERS),
    (
        "of `serve`, `acme`, `renew` and `ca`, whose tests run what they print",
        &[
            "acme_failed",
            "address_in_use",
            "application_failed",
            "hook_failed",
            "interpreter_not_found",
            "not_taken_over",
            "ocsp_invalid",
            "old_certificate",
            "option_ignored",
            "try_later",
        ],
    ),
];

#[test]
fn every_code_has_a_command_or_a_reason() {
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for code in FIXES.iter().map(|fix| fix.code).collect::<BTreeSet<_>>() {
        *known.entry(code).or_default() += 1;
    }
    for code in WITHOUT.iter().flat_map(|(_, codes)| *codes) {
        *known.entry(code).or_default() += 1;
    }
    let twice: Vec<_> = known.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    let all: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(known.into_keys().collect::<BTreeSet<_>>(), all);
}

#[test]
fn every_fix_removes_its_finding() {
    let mut failed = Vec::new();
    for fix in FIXES {
        if let Err(why) = hold(fix) {
            failed.push(format!("{}: `{}`: {why}", fix.code, fix.command));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

fn hold(fix: &Fix) -> Result<(), String> {
    let folder = Folder::new();
    for line in fix.before {
        if [AGED, EXPIRED].contains(line) {
            aged(&folder.0, if *line == AGED { 10 } else { -10 });
            continue;
        }
        let ran = folder.run(line);
        if !ran.ended_with(0) {
            return Err(format!("`{line}`: {}", ran.all()));
        }
    }
    let report = folder.json(fix.command);
    let of_code = |report: &Value| -> Vec<Value> {
        let findings = report["findings"].as_array().unwrap().iter();
        findings.filter(|finding| finding["code"] == fix.code).cloned().collect()
    };
    let found = of_code(&report);
    let printed: BTreeSet<_> = found
        .iter()
        .flat_map(|finding| finding["commands"].as_array().cloned().unwrap_or_default())
        .map(|command| command.as_str().unwrap().to_owned())
        .collect();
    for command in fix.run {
        if !printed.contains(*command) {
            return Err(format!("`{command}` is not printed: {report:#}"));
        }
        let ran = folder.run(command);
        if !ran.ended_with(0) {
            return Err(format!("`{command}`: {}", ran.all()));
        }
    }
    let after = folder.json(fix.again);
    if of_code(&after).is_empty() && after["exit_status"] == 0 {
        Ok(())
    } else {
        Err(format!("after the fix: {after:#}"))
    }
}

/// A folder in which printed commands are run, with certificates that certkit does not make.
struct Folder(Test);

impl Folder {
    fn new() -> Self {
        let test = Test::new();
        test.write("pw", "correct horse battery\n");
        test.write("hosts", "127.0.0.1 localhost\n");
        fs::create_dir(test.home().join("bin")).unwrap();
        symlink(certkit(), test.home().join("bin/certkit")).unwrap();
        cross_signed(&test);
        without_names(&test);
        Self(test)
    }

    /// Runs a line of a shell, with certkit under its plain name.
    fn run(&self, line: &str) -> Ran {
        let bin = self.0.home().join("bin");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        self.0.program("sh").args(["-c", line]).env("PATH", path).run()
    }

    fn json(&self, command: &str) -> Value {
        self.run(&format!("{command} --format json")).json()
    }
}

/// Parameters of a certificate that is valid in these years.
fn parameters(name: &str, years: (i32, i32)) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    params
}

fn ca(name: &str, years: (i32, i32)) -> CertificateParams {
    let mut params = parameters(name, years);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// `cross/`: a leaf, its CA, the new root, the same root certified by an old one until 2022 (`cross.pem`), and another CA of
/// the root with the name and key of the leaf's own (`other.pem`).
fn cross_signed(test: &Test) {
    const LONG: (i32, i32) = (2020, 2090);
    let keys: Vec<_> = (0..4).map(|_| KeyPair::generate().unwrap()).collect();
    let [old_key, root_key, issuing_key, leaf_key] = &keys[..] else { unreachable!() };
    let (old, root) = (ca("Old Root", LONG), ca("New Root", LONG));
    let old = Issuer::new(old, old_key);
    let cross = ca("New Root", (2015, 2022)).signed_by(root_key, &old).unwrap();
    test.write("cross/root.pem", root.self_signed(root_key).unwrap().pem());
    let root = Issuer::new(root, root_key);
    let issuing = ca("Issuing CA", LONG);
    test.write("cross/issuing.pem", issuing.signed_by(issuing_key, &root).unwrap().pem());
    test.write(
        "cross/other.pem",
        ca("Issuing CA", (2021, 2089)).signed_by(issuing_key, &root).unwrap().pem(),
    );
    let issuing = Issuer::new(issuing, issuing_key);
    let mut leaf = parameters("a.test", (2021, 2088));
    leaf.subject_alt_names.push(rcgen::SanType::DnsName("a.test".try_into().unwrap()));
    test.write("cross/leaf.pem", leaf.signed_by(leaf_key, &issuing).unwrap().pem());
    test.write("cross/cross.pem", cross.pem());
}

/// `none/`: a certificate without names and its root, and a self-signed one.
fn without_names(test: &Test) {
    const LONG: (i32, i32) = (2020, 2090);
    let (root_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let root = ca("Root of none", LONG);
    test.write("none/root.pem", root.self_signed(&root_key).unwrap().pem());
    let root = Issuer::new(root, &root_key);
    test.write("none/none.crt", parameters("a.test", LONG).signed_by(&key, &root).unwrap().pem());
    let mut alone = parameters("a.test", LONG);
    alone.subject_alt_names.push(rcgen::SanType::DnsName("a.test".try_into().unwrap()));
    alone.is_ca = IsCa::ExplicitNoCa;
    test.write("none/self.crt", alone.self_signed(&key).unwrap().pem());
}

fn aged(test: &Test, days_left: i64) {
    let ca = Issuer::from_ca_cert_pem(&test.text("ca.crt"), KeyPair::from_pem(&test.text("ca.key")).unwrap());
    let (mut params, key) = (parameters("a.test", (2020, 2021)), KeyPair::generate().unwrap());
    let (now, days) = (SystemClock.now(), Duration::days);
    (params.not_before, params.not_after) = (now - days(80), now + days(days_left));
    params.subject_alt_names.push(rcgen::SanType::DnsName("a.test".try_into().unwrap()));
    params.key_usages.push(rcgen::KeyUsagePurpose::DigitalSignature);
    params.extended_key_usages.push(rcgen::ExtendedKeyUsagePurpose::ServerAuth);
    params.use_authority_key_identifier_extension = true;
    test.write("server.crt", params.signed_by(&key, &ca.unwrap()).unwrap().pem());
    test.write("server.key", key.serialize_pem());
}
