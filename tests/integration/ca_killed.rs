//! SIGKILL at every call that changes the file system, for each command of a CA. Whatever certkit command comes next in the
//! folder finishes what was begun, or takes it back: keys fit their certificates, no key is lost, and the ledger is whole.
//!
//! strace(1) sends the signal as a call begins (`--inject=CALL:signal=KILL:when=N`). A row of [`CASES`] is a command.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use certkit::internals::pem;
use certkit::internals::x509::{Certificate, PrivateKey};
use serde_json::Value;

use crate::harness::{Entry, Program, Test, certkit};
use crate::peers::{not_allowed_here, peer};

/// A command that is killed, in a folder that others have prepared.
struct Case {
    prepared_by: &'static [&'static str],
    killed: &'static str,
}

const CASES: &[(&str, Case)] = &[
    ("mkca", Case { prepared_by: &[], killed: "mkca --intermediate" }),
    ("mkca --force", Case { prepared_by: &["mkca"], killed: "mkca --force" }),
    ("mkca --rollover", Case { prepared_by: &["mkca", "mkcert a.test"], killed: "mkca --rollover" }),
    ("mkca --intermediate beside a root", Case { prepared_by: &["mkca"], killed: "mkca --intermediate" }),
    ("renew of CAs", Case { prepared_by: &["mkca --intermediate"], killed: "renew ca.crt intermediate.crt" }),
    (
        "mkcert",
        Case {
            prepared_by: &["mkca --intermediate"],
            killed: "mkcert a.test --p12 --p12-password-file password",
        },
    ),
    ("mkcert --force", Case { prepared_by: &["mkca", "mkcert a.test"], killed: "mkcert b.test --force" }),
    (
        "mkcert --if-needed",
        Case { prepared_by: &["mkca", "mkcert a.test"], killed: "mkcert b.test --if-needed" },
    ),
    ("mkcert --from", Case { prepared_by: &["mkca"], killed: "mkcert --from names -o out" }),
    (
        "mkcert --from with a chain",
        Case { prepared_by: &["mkca --intermediate"], killed: "mkcert --from names -o out" },
    ),
    ("sign", Case { prepared_by: &["mkca --intermediate", "csr a.test"], killed: "sign server.csr" }),
    ("renew", Case { prepared_by: &["mkca", "mkcert a.test"], killed: "renew server.crt" }),
    ("renew --rekey", Case { prepared_by: &["mkca", "mkcert a.test"], killed: "renew --rekey server.crt" }),
    (
        "renew --rekey with a chain",
        Case {
            prepared_by: &["mkca --intermediate", "mkcert a.test", "merge server.crt ca-bundle.ca"],
            killed: "renew --rekey server.crt",
        },
    ),
    ("revoke", Case { prepared_by: &["mkca", "mkcert a.test"], killed: "revoke server.crt" }),
    ("crl", Case { prepared_by: &["mkca", "mkcert a.test", "crl", "revoke server.crt"], killed: "crl" }),
];

#[test]
fn mkca_is_killed_at_every_call() {
    killed_at_every_call(&["mkca", "mkca --force"]);
}

#[test]
fn changes_of_a_ca_are_killed_at_every_call() {
    killed_at_every_call(&["mkca --rollover", "mkca --intermediate beside a root", "renew of CAs"]);
}

#[test]
fn mkcert_is_killed_at_every_call() {
    killed_at_every_call(&[
        "mkcert",
        "mkcert --force",
        "mkcert --if-needed",
        "mkcert --from",
        "mkcert --from with a chain",
    ]);
}

#[test]
fn sign_and_renew_are_killed_at_every_call() {
    killed_at_every_call(&["sign", "renew", "renew --rekey", "renew --rekey with a chain"]);
}

#[test]
fn revoke_and_crl_are_killed_at_every_call() {
    killed_at_every_call(&["revoke", "crl"]);
}

#[test]
fn every_case_is_in_a_test() {
    let source = include_str!("ca_killed.rs");
    for (name, _) in CASES {
        assert!(source.matches(&format!("\"{name}\"")).count() > 1, "{name}");
    }
}

#[track_caller]
fn killed_at_every_call(names: &[&str]) {
    let Some(strace) = peer("strace") else { return };
    for name in names {
        let (_, case) = CASES.iter().find(|(known, _)| known == name).unwrap();
        let test = Test::new();
        test.write("password", "secret\n");
        test.write("names", "one.test\ntwo.test\nthree.test\n");
        for command in case.prepared_by {
            test.certkit(&words(command)).exits(0);
        }
        let before = test.files();
        let Some(points) = calls(&test, &strace, case) else { return };
        assert!(points.len() >= 2, "{name}: {points:?}");
        for (call, number) in points {
            restore(&test, &before);
            let inject = format!("inject={call}:signal=KILL:when={number}");
            let traced = format!("trace={call}");
            let tracer = tracer(&test, &strace);
            let tracer = tracer.args(["-f", "-qq", "-o", "/dev/null", "-e", &traced, "-e", &inject]);
            let ended = tracer.args([certkit()]).args(words(case.killed)).run();
            assert!(!ended.succeeded(), "{name} was not killed at {call} {number}");
            test.note(&format!("killed at {call} {number}"));
            // A command that only reads, then the same once more; what was finished meanwhile may be in its way.
            if test.path("ca.crt").exists() {
                test.certkit(&["show", "ca.crt"]).exits(0);
            }
            fits(&test, &before);
            let again = test.certkit(&words(case.killed));
            assert!(
                again.ended_with(0) || again.ended_with(2) && again.all().contains("already exists"),
                "{again:?}"
            );
            fits(&test, &before);
            let left: Vec<_> = test.names().into_iter().filter(|name| name.contains(".certkit-")).collect();
            assert_eq!(left, [""; 0], "{name} killed at {call} {number}");
            ledger_is_whole(&test);
        }
    }
}

/// strace on one core. It counts the calls of each thread, and a batch has a thread for each core: how many certificates each
/// of several makes differs from run to run.
fn tracer<'a>(test: &'a Test, strace: &Path) -> Program<'a> {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let cores = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
    let first: String = cores.trim().chars().take_while(char::is_ascii_digit).collect();
    test.program("taskset").args(["-c", &first]).args([strace])
}

fn words(command: &str) -> Vec<&str> {
    command.split(' ').collect()
}

/// Calls that change a file system. Those that only wait for the disk leave what the call before them has left.
const CHANGES: &str = "openat,write,pwrite64,link,linkat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,\
                       symlink,symlinkat,truncate,ftruncate,chmod,fchmod,fchmodat,fchown";

/// Which of them the command makes: each call with its number of that name in its thread.
fn calls(test: &Test, strace: &Path, case: &Case) -> Option<BTreeSet<(String, usize)>> {
    let log = test.home().join("trace");
    let trace = format!("trace=?{}", CHANGES.replace(',', ",?"));
    let tracer = tracer(test, strace).args(["-f", "-qq", "-e", &trace, "-o"]).args([&log]);
    let ran = tracer.args([certkit()]).args(words(case.killed)).run();
    if !ran.succeeded() && ran.all().contains("ptrace") {
        not_allowed_here("tracing");
        return None;
    }
    ran.exits(0);
    let mut counts: HashMap<(String, String), usize> = HashMap::new();
    let mut points = BTreeSet::new();
    for line in fs::read_to_string(log).unwrap().lines() {
        let Some((head, arguments)) = line.split_once('(') else { continue };
        let Some((thread, call)) = head.split_once(char::is_whitespace) else { continue };
        let call = call.trim();
        if call.contains(' ') {
            // The end of a call whose beginning was seen.
            continue;
        }
        let count = counts.entry((thread.to_owned(), call.to_owned())).or_default();
        *count += 1;
        let changes = match call {
            "openat" => arguments.contains("O_CREAT"),
            "write" => !["1, ", "2, "].iter().any(|output| arguments.starts_with(output)),
            _ => true,
        };
        if changes {
            points.insert((call.to_owned(), *count));
        }
    }
    Some(points)
}

/// Makes the folder what it was.
fn restore(test: &Test, files: &BTreeMap<PathBuf, Entry>) {
    let folder = test.folder();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
    for (path, (mode, contents)) in files {
        fs::write(folder.join(path), contents).unwrap();
        fs::set_permissions(folder.join(path), Permissions::from_mode(*mode)).unwrap();
    }
}

/// Every certificate has its key beside it and is in the ledger, and every key of before is still there.
#[track_caller]
pub(crate) fn fits(test: &Test, before: &BTreeMap<PathBuf, Entry>) {
    let files = test.files();
    let keys_after = keys(&files);
    for (path, spki) in keys(before) {
        assert!(keys_after.values().any(|key| *key == spki), "the key of {} is lost", path.display());
    }
    for (path, (_, contents)) in &files {
        if path.extension().is_none_or(|ending| ending != "crt") {
            continue;
        }
        let blocks = pem::scan(contents);
        let certificate = Certificate::from_der(blocks.blocks[0].der.to_vec()).unwrap();
        if path == Path::new("server.crt")
            && let Some((_, chain)) = files.get(Path::new("chain.pem"))
        {
            assert_eq!(
                pem::scan(chain).blocks[0].der,
                blocks.blocks[0].der,
                "chain.pem has another certificate"
            );
        }
        // A cross-signed CA has the key of the other certificate.
        let spki = certificate.spki.to_vec();
        let beside = keys_after.get(&path.with_extension("key"));
        let fits = beside.map_or_else(|| keys_after.values().any(|key| *key == spki), |key| *key == spki);
        assert!(fits, "the key does not fit {}", path.display());
        let is_root = certificate.is_self_signed();
        let is_known = test.path("ledger.jsonl").exists()
            && test.text("ledger.jsonl").contains(&format!("\"{}\"", certificate.serial_hex()));
        assert!(is_root || is_known, "no line in the ledger for {}", path.display());
    }
}

/// Public keys by the files of their private keys.
fn keys(files: &BTreeMap<PathBuf, Entry>) -> BTreeMap<PathBuf, Vec<u8>> {
    let key = |(path, (_, contents)): (&PathBuf, &Entry)| {
        let blocks = pem::scan(contents);
        let key = blocks.blocks.first().and_then(|block| PrivateKey::from_pem(block).ok())?;
        Some((path.clone(), key.spki().to_vec()))
    };
    files.iter().filter_map(key).collect()
}

#[track_caller]
pub(crate) fn ledger_is_whole(test: &Test) {
    if !test.path("ledger.jsonl").exists() {
        return;
    }
    let text = test.text("ledger.jsonl");
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    let mut serials = BTreeSet::new();
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        if event["event"] == "issued" {
            assert!(serials.insert(event["serial"].as_str().unwrap().to_owned()), "{line} twice");
        }
    }
}
