//! A CA's own certificate: renewed with the same key, kept when it is replaced, and what is said before it ends.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{Ran, Test};
use crate::peers::{peer, python, script};

/// Strict clients of several makes, which must agree.
pub(crate) struct Judges {
    openssl: PathBuf,
    certtool: PathBuf,
    python: PathBuf,
}

impl Judges {
    pub(crate) fn new() -> Option<Self> {
        Some(Self { openssl: peer("openssl")?, certtool: peer("certtool")?, python: python(&["ssl"])? })
    }

    /// Whether each takes a chain for a name, trusting the roots of a file. `chain` is what a server sends.
    fn verdicts(&self, test: &Test, roots: &str, chain: &str, key: &str, name: &str) -> Vec<Ran> {
        let handshake = script("handshake.py").display().to_string();
        vec![
            test.run(
                &self.openssl,
                &[
                    "verify",
                    "-x509_strict",
                    "-verify_hostname",
                    name,
                    "-CAfile",
                    roots,
                    "-untrusted",
                    chain,
                    chain,
                ],
            ),
            test.program(&self.certtool)
                .args(["--verify", &format!("--infile={chain}"), &format!("--verify-hostname={name}")])
                .args([format!("--load-ca-certificate={roots}")])
                .run(),
            test.run(&self.python, &[&handshake, roots, chain, key, name]),
            test.certkit(&["check", chain, "--host", name, "--key", key, "--roots", roots]),
        ]
    }

    #[track_caller]
    pub(crate) fn take(&self, test: &Test, roots: &str, chain: &str, key: &str, name: &str) {
        for ran in self.verdicts(test, roots, chain, key, name) {
            assert!(ran.succeeded(), "{chain} with {roots}: {}", ran.all());
        }
    }

    #[track_caller]
    pub(crate) fn refuse(&self, test: &Test, roots: &str, chain: &str, key: &str, name: &str) {
        for ran in self.verdicts(test, roots, chain, key, name) {
            assert!(!ran.succeeded(), "{chain} with {roots}: {}", ran.all());
        }
    }

    /// One line of what openssl says of a certificate.
    pub(crate) fn field(&self, test: &Test, file: &str, which: &[&str]) -> String {
        let args = [&["x509", "-in", file, "-noout"], which].concat();
        test.run(&self.openssl, &args).exits(0).stdout().trim().to_owned()
    }
}

/// Certificates one after the other.
pub(crate) fn join(test: &Test, target: &str, files: &[&str]) {
    test.write(target, files.iter().map(|file| test.text(file)).collect::<String>());
}

/// The commands that a report suggests next.
pub(crate) fn next(ran: &Ran) -> Vec<String> {
    let list = ran.envelope()["next"].as_array().cloned().unwrap_or_default();
    list.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

/// Severities, codes and commands of the findings.
pub(crate) fn said(ran: &Ran) -> Vec<(String, String, String)> {
    let list = ran.envelope()["findings"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let parts = |one: &Value| (text(&one["severity"]), text(&one["code"]), command_of(&text(&one["fix"])));
    list.iter().map(parts).collect()
}

/// The command in a fix.
fn command_of(fix: &str) -> String {
    let command = fix.find("certkit ").and_then(|start| fix.get(start..)).unwrap_or_default();
    command.split(['`', '\n']).next().unwrap_or_default().to_owned()
}

/// Runs a command as it is printed.
#[track_caller]
pub(crate) fn run_printed(test: &Test, command: &str) -> Ran {
    let program = crate::harness::certkit().display().to_string();
    let command = command.strip_prefix("certkit ").unwrap_or_else(|| panic!("{command}"));
    test.run("sh", &["-c", &format!("{program} {command}")])
}

/// What must stay, and what must not.
fn identity(judges: &Judges, test: &Test, file: &str) -> (String, String) {
    let same =
        ["-subject", "-pubkey", "-ext", "subjectKeyIdentifier,basicConstraints,keyUsage,nameConstraints"];
    (judges.field(test, file, &same), judges.field(test, file, &["-serial"]))
}

#[test]
fn a_root_is_renewed_with_its_key_and_name() {
    let Some(judges) = Judges::new() else { return };
    for kind in ["p256", "rsa2048"] {
        let test = Test::new();
        test.certkit(&["mkca", "Team", "--permit", "test", "-k", kind]).exits(0);
        test.certkit(&["mkcert", "a.test"]).exits(0);
        let (old, old_serial) = identity(&judges, &test, "ca.crt");
        test.certkit(&["renew", "ca.crt"]).exits(0).says("certkit trust install ca.crt");
        let (new, new_serial) = identity(&judges, &test, "ca.crt");
        assert_eq!(old, new);
        assert_ne!(old_serial, new_serial);
        assert_eq!(judges.field(&test, "ca.crt.bak", &["-serial"]), old_serial);
        // What was issued before holds under the new one, and what is issued now under the old one.
        test.certkit(&["mkcert", "b.test", "-o", "b"]).exits(0);
        for roots in ["ca.crt", "ca.crt.bak"] {
            judges.take(&test, roots, "server.crt", "server.key", "a.test");
            judges.take(&test, roots, "b.crt", "b.key", "b.test");
        }
        // The ledger goes on: the same CA.
        test.certkit(&["revoke", "server.crt"]).exits(0);
        test.certkit(&["renew", "server.crt"]).exits(2).says("revoked");
    }
}

#[test]
fn an_intermediate_is_renewed_by_its_root() {
    let Some(judges) = Judges::new() else { return };
    let test = Test::new();
    test.certkit(&["mkca", "--permit", "test"]).exits(0);
    test.certkit(&["mkca", "--intermediate", "--days", "49"]).exits(0);
    test.certkit(&["mkcert", "a.test"]).exits(0);
    join(&test, "chain.pem", &["server.crt", "ca-bundle.ca"]);
    let (old, old_serial) = identity(&judges, &test, "intermediate.crt");
    test.certkit(&["renew", "intermediate.crt"]).exits(0);
    let (new, new_serial) = identity(&judges, &test, "intermediate.crt");
    assert_eq!(old, new);
    assert_ne!(old_serial, new_serial);
    assert_eq!(judges.field(&test, "intermediate.crt.bak", &["-serial"]), old_serial);
    // The file of intermediates is renewed with it, or the next certificate would find another one in its place.
    assert_eq!(test.text("ca-bundle.ca"), test.text("intermediate.crt"));
    test.certkit(&["mkcert", "b.test", "-o", "b"]).exits(0);
    join(&test, "renewed.pem", &["server.crt", "ca-bundle.ca"]);
    for chain in ["chain.pem", "renewed.pem"] {
        judges.take(&test, "ca.crt", chain, "server.key", "a.test");
    }
    // Elsewhere it is replaced too: it is an older one of the same CA.
    test.write("sub/ca-bundle.ca", test.text("intermediate.crt.bak"));
    test.certkit(&["mkcert", "c.test", "-o", "sub/c"]).exits(0);
    assert_eq!(test.text("sub/ca-bundle.ca"), test.text("intermediate.crt"));

    // Revoked, it is not renewed.
    let root = ["--ca", "ca.crt"];
    test.certkit(&[&["revoke", "intermediate.crt"][..], &root].concat()).exits(0);
    let before = test.text("intermediate.crt");
    test.certkit(&["renew", "intermediate.crt"]).exits(2).says("revoked");
    assert_eq!(test.text("intermediate.crt"), before);
}

/// An intermediate in its last third, as openssl signs it for a request of `mkca --csr`.
fn nearly_over(test: &Test, openssl: &Path) {
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkca", "--intermediate", "--csr"]).exits(0);
    test.write("index.txt", "");
    test.write(
        "ca.cnf",
        "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\n\
         policy=any\nx509_extensions=v3\n[any]\ncommonName=supplied\n[v3]\nbasicConstraints=critical,CA:TRUE,\
         pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n\
         authorityKeyIdentifier=keyid\n",
    );
    let end = test.run("date", &["-u", "-d", "+49 days", "+%Y%m%d%H%M%SZ"]).exits(0).stdout();
    let sign = ["ca", "-batch", "-config", "ca.cnf", "-cert", "ca.crt", "-keyfile", "ca.key", "-notext"];
    let files = ["-in", "intermediate.csr", "-out", "signed.crt", "-preserveDN"];
    let dates = ["-startdate", "20200101000000Z", "-enddate", end.trim()];
    test.run(openssl, &[&sign[..], &files, &dates].concat()).exits(0);
    test.certkit(&["mkca", "--intermediate", "--take", "signed.crt"]).exits(0);
}

#[test]
fn renew_looks_after_the_ca_that_signs() {
    let (Some(judges), Some(openssl)) = (Judges::new(), peer("openssl")) else { return };
    let test = Test::new();
    nearly_over(&test, &openssl);
    // What is issued now ends with its CA, and that is said with the command.
    let made = test.certkit(&["mkcert", "a.test", "--format", "json"]).exits(0);
    let wanted = ("warning", "expires_soon", "certkit renew intermediate.crt");
    let is_it =
        |(severity, code, fix): &(String, String, String)| (&severity[..], &code[..], &fix[..]) == wanted;
    assert!(said(&made).iter().any(is_it), "{}", made.all());

    // Without the root's key it is said what to do; nothing is changed.
    std::fs::rename(test.path("ca.key"), test.path("away.key")).unwrap();
    let before = test.files();
    test.certkit(&["renew"]).exits(0).says("expires_soon").says("certkit mkca --intermediate --csr");
    test.certkit(&["renew", "intermediate.crt"]).exits(2).says("certkit mkca --intermediate --csr");
    assert_eq!(test.files(), before);
    std::fs::rename(test.path("away.key"), test.path("ca.key")).unwrap();

    // With it the intermediate is renewed first, and then what it issued.
    let old = judges.field(&test, "intermediate.crt", &["-enddate"]);
    test.certkit(&["renew", "--if-within", "100d"]).exits(0).says("intermediate.crt").says("server.crt");
    assert_ne!(judges.field(&test, "intermediate.crt", &["-enddate"]), old);
    judges.field(&test, "intermediate.crt", &["-checkend", "4320000"]); // 50 days
    join(&test, "chain.pem", &["server.crt", "intermediate.crt"]);
    judges.take(&test, "ca.crt", "chain.pem", "server.key", "a.test");
    test.certkit(&["renew"]).exits(0).says("none due").keeps_quiet_about("expires_soon");
}

#[test]
fn words_from_a_year_before_a_ca_ends() {
    let said_of = |days: &str, args: &[&str]| {
        let test = Test::new();
        test.certkit(&[&["mkca", "--days", days], args].concat()).exits(0);
        let made = test.certkit(&["mkcert", "a.test", "--days", "7", "--format", "json"]).exits(0);
        let renewed = test.certkit(&["renew", "--format", "json"]).exits(0);
        let found = said(&made);
        assert_eq!(found, said(&renewed));
        // The printed command does what it says.
        for (_, _, fix) in &found {
            run_printed(&test, fix).exits(0);
        }
        found.into_iter().next()
    };
    let expires = |severity: &str, fix: &str| Some((severity.into(), "expires_soon".into(), fix.into()));
    let root = "certkit renew ca.crt";
    assert_eq!(said_of("400", &[]), None);
    assert_eq!(said_of("300", &[]), expires("note", root));
    assert_eq!(said_of("80", &[]), expires("warning", root));
    let both = "certkit renew ca.crt intermediate.crt";
    assert_eq!(said_of("80", &["--intermediate"]), expires("warning", both));
}

#[test]
fn a_replaced_root_is_kept_and_known() {
    let Some(judges) = Judges::new() else { return };
    let test = Test::new();
    test.certkit(&["mkca", "First"]).exits(0);
    let first = test.text("ca.crt");
    test.certkit(&["mkca", "Second", "--force"])
        .exits(0)
        .says("trust_store")
        .says("certkit trust uninstall ca.crt.bak");
    assert_eq!(test.text("ca.crt.bak"), first);
    let label = judges.field(&test, "ca.crt.bak", &["-subject"]);
    assert!(label.contains("First"), "{label}");
    // Every root that was made here is in the ledger as a whole.
    let lines = test.text("ledger.jsonl");
    for file in ["ca.crt", "ca.crt.bak"] {
        let fingerprint = judges.field(&test, file, &["-fingerprint", "-sha256"]);
        let fingerprint = fingerprint.split_once('=').unwrap().1.replace(':', "").to_lowercase();
        let line = lines.lines().find(|line| line.contains(&fingerprint)).unwrap();
        let line: Value = serde_json::from_str(line).unwrap();
        let text = test.text(file);
        let der: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        assert_eq!(line["certificate"].as_str().unwrap(), der);
    }
    // The printed command takes it out again.
    test.write("image/etc/debian_version", "12.1\n");
    test.write("image/usr/local/share/ca-certificates/keep", "");
    let store = ["--store", "system", "--root", "image"];
    test.certkit(&[&["trust", "install", "ca.crt.bak"][..], &store].concat()).exits(0);
    let installed = |test: &Test| {
        test.files()
            .keys()
            .any(|path| path.starts_with("image") && path.extension().is_some_and(|ending| ending == "crt"))
    };
    assert!(installed(&test), "{:?}", test.names());
    run_printed(&test, &["certkit trust uninstall ca.crt.bak", " --store system --root image"].concat())
        .exits(0);
    assert!(!installed(&test), "{:?}", test.names());
}

#[test]
fn the_key_of_a_named_ca_is_beside_it() {
    let test = Test::new();
    test.certkit(&["mkca", "-o", "pki", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "a.test", "--ca", "pki/intermediate.crt"]).exits(0);
    test.certkit(&["mkcert", "b.test", "-o", "b", "--ca", "pki/ca.crt"]).exits(0);
    std::fs::copy(test.path("pki/ca.crt"), test.path("pki/root.pem")).unwrap();
    std::fs::copy(test.path("pki/ca.key"), test.path("pki/root.key")).unwrap();
    test.certkit(&["mkcert", "c.test", "-o", "c", "--ca", "pki/root.pem"]).exits(0);
    std::fs::remove_file(test.path("pki/root.key")).unwrap();
    test.certkit(&["mkcert", "d.test", "-o", "d", "--ca", "pki/root.pem"]).exits(2).says("pki/root.key");
    test.certkit(&["mkcert", "e.test", "-o", "e", "--ca", "pki/root.pem", "--ca-key", "pki/ca.key"]).exits(0);
}
