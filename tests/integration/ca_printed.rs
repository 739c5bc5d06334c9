//! Every command that certkit prints, under `next:` and in a fix, is run in the folder where it was printed, and ends
//! well. Commands that are printed by these are run too.
//!
//! A new command of certkit joins by a line in [`SITUATIONS`].

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::harness::{Ran, Test, certkit};

/// What is there before, the command, and its exit status.
struct Situation {
    before: &'static [&'static str],
    command: &'static str,
    status: i32,
}

const fn works(before: &'static [&'static str], command: &'static str) -> Situation {
    Situation { before, command, status: 0 }
}

const fn says_no(before: &'static [&'static str], command: &'static str) -> Situation {
    Situation { before, command, status: 1 }
}

const fn fails(before: &'static [&'static str], command: &'static str) -> Situation {
    Situation { before, command, status: 2 }
}

const CA: &str = "certkit mkca";
const INTERMEDIATE: &str = "certkit mkca --intermediate";
const SERVER: &str = "certkit mkcert a.test";
const CLIENT: &str = "certkit mkcert --client 'Alice Smith' alice@a.test";
const MERGE: &str = "certkit merge server.crt ca-bundle.ca";
const ELSEWHERE: &str = "certkit mkca -o pki --intermediate";

const TRUST: &str = "certkit trust install --store system --root image";

const SITUATIONS: &[Situation] = &[
    // mkca
    works(&[], CA),
    works(&[], INTERMEDIATE),
    works(&[], "certkit mkca --throwaway-root"),
    works(&[], "certkit mkca --global"),
    works(&[], "certkit mkca -o pki"),
    works(&[], ELSEWHERE),
    works(&[], "certkit mkca -o 'two words'"),
    works(&[], "certkit mkca --encrypt --password-file pw"),
    works(&[], "certkit mkca --permit mysite.test"),
    works(&[], "certkit mkca --permit mysite.test --exclude www.mysite.test"),
    works(&[], "certkit mkca --permit test --intermediate"),
    works(&[], "certkit mkca --permit 10.0.0.0/8"),
    works(&[], "certkit mkca --exclude test.example"),
    works(&[CA, SERVER], "certkit mkca --force"),
    fails(&[INTERMEDIATE], "certkit mkca --force"),
    works(&[CA], "certkit mkca --intermediate"),
    works(&[CA], "certkit mkca --intermediate --csr"),
    works(&[INTERMEDIATE, SERVER], "certkit mkca --rollover"),
    // mkcert
    works(&[CA], SERVER),
    works(&[CA], "certkit mkcert '*.test'"),
    works(&[CA], "certkit mkcert '*.mysite.test'"),
    works(&[CA], "certkit mkcert https://mysite.test/"),
    works(&[CA], "certkit mkcert me@a.test"),
    works(&[CA], "certkit mkcert 10.0.0.1 ::1"),
    works(&[CA], "certkit mkcert spiffe://a.test/b"),
    works(&[CA], "certkit mkcert a.test -o certs.d"),
    works(&[CA], "certkit mkcert a.test --p12 --p12-password-file pw --csr"),
    works(
        &[CA, "certkit key new -o k.key --encrypt --password-file pw"],
        "certkit mkcert a.test --key k.key --key-password-file pw",
    ),
    works(&[CA], CLIENT),
    works(&[CA], "certkit mkcert --client --server a.test"),
    works(&[CA, SERVER], "certkit mkcert --from names.txt -o many"),
    works(&[INTERMEDIATE], "certkit mkcert --from names.txt -o many"),
    works(&[INTERMEDIATE], SERVER),
    works(&[INTERMEDIATE], CLIENT),
    works(&[INTERMEDIATE, SERVER, MERGE], "certkit mkcert b.test -o b"),
    works(&[ELSEWHERE], "certkit mkcert a.test --ca pki/intermediate.crt --ca-key pki/intermediate.key"),
    works(&["certkit mkca -o pki"], "certkit mkcert a.test --ca pki/ca.crt --ca-key pki/ca.key"),
    fails(&[], SERVER),
    fails(&[CA], "certkit mkcert a.test -o missing/a"),
    fails(&["certkit mkca --permit mysite.test"], SERVER),
    // csr, sign
    works(&[], "certkit csr a.test"),
    works(&[CA], "certkit csr a.test"),
    works(&[CA, SERVER], "certkit csr b.test --key server.key"),
    works(&["certkit key new -o k.key"], "certkit csr a.test --key k.key"),
    works(&[CA, "certkit csr a.test"], "certkit sign server.csr"),
    works(&[INTERMEDIATE, "certkit csr a.test"], "certkit sign server.csr"),
    works(&[CA, "certkit csr alice"], "certkit sign server.csr --profile client"),
    works(
        &[INTERMEDIATE, "certkit csr team.test"],
        "certkit sign server.csr --profile ca --ca ca.crt --ca-key ca.key",
    ),
    fails(&["certkit csr a.test"], "certkit sign server.csr"),
    // renew, revoke, crl
    works(&[CA, SERVER], "certkit renew server.crt"),
    works(&[CA, SERVER], "certkit renew server.crt --rekey"),
    works(&[CA, SERVER], "certkit revoke server.crt"),
    works(&[CA], "certkit crl"),
    works(&[INTERMEDIATE, SERVER, "certkit revoke server.crt"], "certkit crl"),
    works(&[CA, SERVER], "certkit renew ca.crt"),
    works(&[INTERMEDIATE, SERVER], "certkit renew ca.crt intermediate.crt"),
    works(&[CA, SERVER, "cp server.crt v1.crt", "certkit renew server.crt"], "certkit revoke server.crt"),
    works(&[CA, SERVER], "certkit list"),
    works(&[CA, SERVER], "certkit list a.test"),
    works(&[CA, SERVER, "rm server.crt"], "certkit export a.test -o server.crt"),
    works(&["certkit mkca -o pki"], "certkit crl --ca pki/ca.crt --ca-key pki/ca.key"),
    fails(&[CA, SERVER, "certkit convert server.crt -o server.p7b"], "certkit renew server.p7b"),
    // merge, check
    works(&[INTERMEDIATE, SERVER], MERGE),
    works(&[INTERMEDIATE, CLIENT], MERGE),
    works(&[INTERMEDIATE, SERVER], "certkit merge server.crt ca-bundle.ca --key server.key"),
    works(
        &[ELSEWHERE, "certkit mkcert a.test --ca pki/intermediate.crt --ca-key pki/intermediate.key"],
        MERGE,
    ),
    works(&[CA, SERVER], "certkit check server.crt --key server.key"),
    says_no(&[CA, SERVER], "certkit check server.crt --host b.test"),
    says_no(&[CA, SERVER], "certkit check server.crt --email me@b.test"),
    says_no(&[CA, "certkit mkcert '*.test'"], "certkit check server.crt --host a.test"),
    says_no(&[INTERMEDIATE, SERVER], "certkit check server.crt"),
    says_no(&[INTERMEDIATE, SERVER, "cat ca-bundle.ca server.crt > wrong.pem"], "certkit check wrong.pem"),
    says_no(
        &[INTERMEDIATE, SERVER, MERGE, "mkdir other", "cp chain.pem other", "rm ca.crt"],
        "certkit check chain.pem",
    ),
    // convert, key
    works(&[CA, SERVER], "certkit convert server.crt --key server.key -o site.p12 --password-file pw"),
    works(&[CA, SERVER], "certkit convert server.crt -o server.der"),
    works(
        &[CA, SERVER, "certkit key encrypt server.key -o locked.key"],
        "certkit convert locked.key --to pkcs8 -o open.key",
    ),
    fails(&[CA, SERVER], "certkit convert server.crt --to pkcs8"),
    works(&[], "certkit key new -o new.key"),
    works(&["certkit csr b.test"], "certkit key new -o new.key"),
    works(&["certkit key new -o new.key"], "certkit key encrypt new.key -o locked.key"),
    works(
        &["certkit key new -o k.key", "certkit key encrypt k.key -o locked.key"],
        "certkit key decrypt locked.key -o open.key",
    ),
    works(&[CA, SERVER], "certkit key match server.key server.crt"),
    fails(&[CA], "certkit key encrypt ca.crt -o locked.key"),
    // trust, hosts
    works(&[CA], "certkit trust export -o root.crt"),
    works(&[CA], "certkit trust install --store system --root image --dry-run"),
    works(&[CA], "certkit trust install --store system --root image"),
    says_no(&[CA], "certkit trust status --store system --root image"),
    says_no(&[CA], "certkit trust status"),
    works(&[CA], "certkit trust env"),
    works(&[CA, TRUST], "certkit trust list --store system --root image"),
    // The old root is still trusted, and is known by what it issued or by its name alone.
    says_no(&[CA, SERVER, TRUST, "certkit mkca --force"], "certkit trust status --store system --root image"),
    works(&[CA, TRUST, "rm ca.*", CA], "certkit trust uninstall --store system --root image"),
    works(&[CA, TRUST], "certkit trust uninstall --store system --root image --dry-run"),
    works(&[CA, TRUST], "certkit trust uninstall --all --store system --root image --dry-run"),
    fails(&[CA, TRUST], "certkit trust uninstall --all --store system --root image"),
    fails(&[CA, TRUST], "certkit trust uninstall 0123456789abcdef --store system --root image"),
    works(
        &[CA, "certkit trust install --store system --root image"],
        "certkit trust uninstall --store system --root image",
    ),
    works(
        &[CA, "certkit trust install --store system --root image"],
        "certkit trust list --store system --root image",
    ),
    works(&[], "certkit hosts add app.test --file hosts"),
    works(&[CA, SERVER], "certkit hosts add app.test --file hosts"),
    says_no(&[], "certkit hosts check app.test --file hosts"),
];

/// A folder in which printed commands are run.
struct Folder {
    test: Test,
    /// What was run already, so that commands that name each other come to an end.
    done: BTreeSet<String>,
    /// Those that did not end well, and by which they were printed.
    failed: Vec<String>,
    /// How many copies of the folder wait to be restored.
    depth: usize,
}

impl Folder {
    fn new() -> Self {
        let test = Test::new();
        test.write("pw", "correct horse battery\n");
        test.write("names.txt", "a.example b.example\nc.example\n");
        test.write("hosts", "127.0.0.1 localhost\n");
        test.write("image/usr/local/share/ca-certificates/.keep", "");
        fs::create_dir(test.home().join("bin")).unwrap();
        symlink(certkit(), test.home().join("bin/certkit")).unwrap();
        Self { test, done: BTreeSet::new(), failed: Vec::new(), depth: 0 }
    }

    /// Runs a line of a shell, with certkit under its plain name.
    fn run(&self, line: &str) -> Ran {
        let path = format!("{}:{}", self.test.home().join("bin").display(), std::env::var("PATH").unwrap());
        self.test
            .program("sh")
            .args(["-c", line])
            .env("PATH", path)
            // For commands that ask on a terminal.
            .env("CERTKIT_PASSWORD", "correct horse battery")
            .run()
    }

    /// Lets `steps` change the folder, and takes the changes back.
    fn in_a_copy(&mut self, steps: impl FnOnce(&mut Self)) {
        let saved = format!("../saved-{}", self.depth);
        self.depth += 1;
        self.run(&format!("rm -rf {saved} && cp -a . {saved}")).exits(0);
        steps(self);
        self.run(&format!("find . -mindepth 1 -delete && cp -a {saved}/. .")).exits(0);
        self.depth -= 1;
    }

    /// Runs a command, then all that it prints.
    fn follow(&mut self, command: &str, status: i32, from: &str) {
        if !self.done.insert(command.to_owned()) {
            return;
        }
        let is_certkit = command.starts_with("certkit ");
        let ran = self.run(&if is_certkit {
            format!("{} --format json", harmless(command))
        } else {
            command.into()
        });
        if !ran.ended_with(status) {
            self.failed.push(format!("`{command}`, printed by `{from}`: {}", ran.all()));
        }
        if !is_certkit || !ran.ended_with(status) {
            return;
        }
        let envelope: Value = ran.json();
        // Those of a fix are alternatives; each begins where it was printed.
        for fix in envelope["findings"].as_array().unwrap() {
            let text = fix["fix"].as_str().unwrap_or_default();
            for line in text.lines() {
                let is_command =
                    fix["commands"].as_array().into_iter().flatten().any(|command| command == line);
                assert!(is_command || !line.starts_with("certkit "), "{command}: {text}");
            }
            for printed in fix["commands"].as_array().into_iter().flatten() {
                self.in_a_copy(|folder| folder.follow(printed.as_str().unwrap(), 0, command));
            }
        }
        // The next commands are a sequence; what each of them prints is typed right after it.
        self.in_a_copy(|folder| {
            for printed in envelope["next"].as_array().unwrap() {
                folder.follow(printed.as_str().unwrap(), 0, command);
            }
        });
    }
}

/// The same without changes of this machine and without a server that runs on.
fn harmless(command: &str) -> String {
    let more = if command.starts_with("certkit serve ") {
        " --check"
    } else if command.starts_with("certkit trust install") && !command.contains(" --root ") {
        " --dry-run"
    } else {
        ""
    };
    format!("{command}{more}")
}

#[test]
fn every_printed_command_ends_well() {
    let (mut seen, mut failed) = (BTreeSet::new(), Vec::new());
    for situation in SITUATIONS {
        let mut folder = Folder::new();
        for command in situation.before {
            folder.run(command).exits(0);
        }
        folder.follow(situation.command, situation.status, "the test");
        failed.append(&mut folder.failed);
        seen.append(&mut folder.done);
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    // What each command is for is printed somewhere.
    for command in [
        "mkcert ",
        "trust install ",
        "check ",
        "serve ",
        "merge ",
        "sign ",
        "key match ",
        "crl",
        "csr ",
        "show ",
    ] {
        assert!(seen.iter().any(|line| line.starts_with(&format!("certkit {command}"))), "{command}");
    }
}

#[test]
fn a_first_ca_names_what_comes_next() {
    let test = Test::new();
    let said = test.certkit(&["mkca", "--permit", "mysite.test"]).exits(0).all();
    assert!(said.contains("  certkit mkcert mysite.test\n  certkit trust install ca.crt\n"), "{said}");
    let test = Test::new();
    test.certkit(&["csr", "a.test"]).exits(0).says("send it to a CA").keeps_quiet_about("certkit sign");
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["csr", "b.test", "-o", "b.csr"]).exits(0).says("certkit sign b.csr");
}

#[test]
fn a_clients_certificate_is_called_one() {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "--client", "Alice Smith"]).exits(0);
    let merged = test.certkit(&["merge", "server.crt", "ca-bundle.ca"]).exits(0);
    merged.says("client certificate Alice Smith").says("certkit check chain.pem --purpose client");
    test.certkit(&["check", "chain.pem", "--purpose", "client"]).exits(0).says("client certificate");
}

#[test]
fn a_command_in_a_fix_has_a_line_of_its_own() {
    let test = Test::with_certificate("a.test");
    let said = test.certkit(&["check", "server.crt", "--host", "b.test"]).exits(1).all();
    assert!(said.lines().any(|line| line.trim() == "certkit mkcert b.test -o b.test"), "{said}");
    let report =
        test.certkit(&["check", "server.crt", "--host", "b.test", "--format", "json"]).exits(1).report();
    assert_eq!(report["reasons"][0]["commands"][0], "certkit mkcert b.test -o b.test", "{report}");
}
