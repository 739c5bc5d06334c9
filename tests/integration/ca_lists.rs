//! Revocation lists that never lose anything: the ledger is gone, another program made the list, the disk is full, a line
//! is broken, somebody holds the lock.

use std::fs;

use rustix::fs::{FlockOperation, flock};

use crate::ca_revocation::ledger;
use crate::disk::SmallDisk;
use crate::harness::{Test, certkit};
use crate::peers::peer;
use crate::process::Process;

/// Number and serial numbers of a list, as openssl reads them.
fn list(test: &Test, file: &str) -> (u64, Vec<String>) {
    let openssl = peer("openssl").unwrap();
    let text = test.run(openssl, &["crl", "-in", file, "-noout", "-text", "-CAfile", "ca.crt"]).exits(0);
    let text = text.says("verify OK").stdout();
    let number = text.split("CRL Number:").nth(1).unwrap().split_whitespace().next().unwrap();
    let number = match number.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => number.parse(),
    };
    let serials = text.lines().filter_map(|line| line.trim().strip_prefix("Serial Number: "));
    let mut serials: Vec<_> = serials.map(|serial| serial.to_lowercase()).collect();
    serials.sort();
    (number.unwrap(), serials)
}

#[test]
fn a_list_outlives_its_ledger() {
    if peer("openssl").is_none() {
        return;
    }
    let test = Test::with_certificate("a.test");
    for name in ["b", "c"] {
        test.certkit(&["mkcert", &format!("{name}.test"), "-o", name]).exits(0);
        test.certkit(&["revoke", &format!("{name}.crt"), "--reason", "superseded"]).exits(0);
        test.certkit(&["crl"]).exits(0);
    }
    let (number, serials) = list(&test, "ca.crl");
    assert_eq!((number, serials.len()), (2, 2));
    fs::rename(test.path("ledger.jsonl"), test.path("away")).unwrap();
    let said = test.certkit(&["crl", "--format", "json"]).exits(0);
    let said = said.says("2 revocations of the list in place were not in the ledger");
    assert_eq!(
        (&said.result()["list"]["imported"], &said.result()["list"]["number"]),
        (&2.into(), &3.into())
    );
    assert_eq!(list(&test, "ca.crl"), (3, serials.clone()));
    let imported = ledger(&test).into_iter().filter(|event| event["imported"] == true);
    assert!(imported.clone().all(|event| event["reason"] == "superseded"));
    assert_eq!(imported.count(), 2);
    // To another file and to standard output the numbers still grow, and nothing is missing.
    fs::remove_file(test.path("ledger.jsonl")).unwrap();
    test.certkit(&["crl", "-o", "other.crl"]).exits(0).keeps_quiet_about("number 1:");
    assert_eq!(list(&test, "other.crl"), (4, serials.clone()));
    let printed = test.certkit(&["crl", "-o", "-"]).exits(0).stdout();
    test.write("printed.crl", printed);
    assert_eq!(list(&test, "printed.crl"), (5, serials.clone()));
    test.certkit(&["crl"]).exits(0);
    assert_eq!(list(&test, "ca.crl"), (6, serials));
}

#[test]
fn the_list_of_an_openssl_ca_is_continued() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::with_certificate("a.test");
    test.certkit(&["mkcert", "b.test", "-o", "b"]).exits(0);
    test.certkit(&["mkcert", "c.test", "-o", "c"]).exits(0);
    test.write(
        "openssl.cnf",
        "[ca]\ndefault_ca = own\n[own]\ndir = .\ndatabase = index.txt\ncrlnumber = crlnumber\n\
         default_md = sha256\ndefault_crl_days = 30\ncrl_extensions = ext\n[ext]\nauthorityKeyIdentifier = keyid\n",
    );
    test.write("index.txt", "");
    test.write("crlnumber", "3C\n");
    let ca = ["ca", "-config", "openssl.cnf", "-keyfile", "ca.key", "-cert", "ca.crt"];
    let reason = ["-crl_reason", "keyCompromise"];
    test.run(&openssl, &[&ca[..], &["-revoke", "b.crt"], &reason].concat()).exits(0);
    test.run(&openssl, &[&ca[..], &["-revoke", "c.crt"]].concat()).exits(0);
    test.run(&openssl, &[&ca[..], &["-gencrl", "-out", "ca.crl"]].concat()).exits(0);
    let (number, serials) = list(&test, "ca.crl");
    assert_eq!((number, serials.len()), (60, 2));
    test.certkit(&["revoke", "server.crt"]).exits(0);
    test.certkit(&["crl"]).exits(0).says("list number 61").says("2 revocations of the list in place");
    let (number, all) = list(&test, "ca.crl");
    assert!(number == 61 && all.len() == 3 && serials.iter().all(|serial| all.contains(serial)), "{all:?}");
    test.certkit(&["check", "b.crt", "--roots", "ca.crt", "--crl", "ca.crl"]).exits(1).says("compromised");
    test.certkit(&["renew", "b.crt"]).exits(2).says("revoked");
    // The list of another CA stays.
    let other = Test::with_certificate("x.test");
    other.certkit(&["crl"]).exits(0);
    test.write("foreign.crl", other.text("ca.crl"));
    let before = test.files();
    test.certkit(&["crl", "-o", "foreign.crl"]).exits(2).says("output_exists");
    assert_eq!(test.files(), before);
}

#[test]
fn on_a_full_disk_the_list_in_place_stays() {
    let test = Test::new();
    let disk = SmallDisk::new(&test, "small", 256);
    let run = |args: &[&str]| {
        let ca = ["--ca", "small/ca.crt", "--ca-key", "small/ca.key"];
        disk.program().args([certkit().as_os_str()]).args(args).args(ca).run()
    };
    test.certkit(&["mkca", "-o", "small"]).exits(0);
    run(&["mkcert", "a.test", "-o", "a"]).exits(0);
    run(&["revoke", "a.crt"]).exits(0);
    run(&["crl"]).exits(0);
    let before = test.text("small/ca.crl");
    // Room for less and less: the list, then the line of the ledger.
    let mut failures = 0;
    for free in [0, 4, 8, 12] {
        let in_place = test.text("small/ca.crl");
        disk.leave_kib(free);
        let ran = run(&["crl"]);
        disk.make_room();
        if ran.ended_with(2) {
            failures += 1;
            assert_eq!(test.text("small/ca.crl"), in_place, "{free} KiB");
        } else {
            assert!(ran.succeeded());
            assert_ne!(test.text("small/ca.crl"), in_place, "{free} KiB");
        }
    }
    assert!(failures > 0, "the disk was never full");
    run(&["crl"]).exits(0);
    assert_ne!(test.text("small/ca.crl"), before);
}

#[test]
fn a_ledger_that_takes_no_line_keeps_the_list() {
    let test = Test::with_certificate("a.test");
    test.certkit(&["mkcert", "b.test", "-o", "b"]).exits(0);
    test.certkit(&["crl"]).exits(0);
    let in_place = test.text("ca.crl");
    // There is room for a list, and the ledger is longer than that already.
    let limited = "trap '' XFSZ; exec prlimit --fsize=1400 -- \"$0\" crl";
    let ran = test.program("sh").args(["-c", limited]).args([certkit()]).run().exits(2);
    ran.says("file too large").says("ledger.jsonl");
    assert_eq!(test.text("ca.crl"), in_place);
    test.certkit(&["crl"]).exits(0).says("list number 2");
    // What is not a file is not a ledger: /dev/zero would have lines without an end.
    for device in ["/dev/null", "/dev/zero"] {
        test.certkit(&["crl", "--ledger", device]).exits(2).says("--ledger none");
        test.certkit(&["list", "--ledger", device]).exits(2).says("not a regular file");
    }
}

#[test]
fn a_broken_line_is_named_and_stops_nothing() {
    let test = Test::with_certificate("a.test");
    test.certkit(&["mkcert", "b.test", "-o", "b"]).exits(0);
    test.certkit(&["revoke", "b.crt"]).exits(0);
    test.certkit(&["crl"]).exits(0).says("1 certificate ");
    // The line of the revocation is damaged: the list in place still has it.
    let text = test.text("ledger.jsonl");
    let number = text.lines().position(|line| line.contains("revoked")).unwrap() + 1;
    let named = format!("line {number} of the ledger");
    let lines: Vec<_> = text.lines().map(|line| line.replace(r#""event":"revoked""#, "\u{fffd}")).collect();
    test.write("ledger.jsonl", lines.join("\n") + "\n");
    test.certkit(&["crl"]).exits(0).says(&named).says("warning").says("1 certificate ");
    test.certkit(&["renew"]).exits(0).says(&named);
    test.certkit(&["renew", "server.crt"]).exits(0).says(&named);
    test.certkit(&["revoke", "server.crt"]).exits(0).says(&named);
    test.certkit(&["crl"]).exits(0).says("2 certificates ");
}

#[test]
fn a_held_lock_is_named_and_waited_for() {
    let test = Test::with_certificate("a.test");
    let before = ledger(&test).len();
    let held = fs::File::open(test.path("ledger.jsonl")).unwrap();
    flock(&held, FlockOperation::LockExclusive).unwrap();
    let mut waiting = Process::start(&test, test.program(certkit()).args(["mkcert", "b.test", "-o", "b"]));
    let mut quiet =
        Process::start(&test, test.program(certkit()).args(["mkcert", "c.test", "-o", "c", "-q"]));
    waiting.wait_for_log("waiting for the ledger");
    waiting.wait_for_log(&format!("(process {})", std::process::id()));
    drop(held);
    assert!(waiting.wait().success(), "{}", waiting.log());
    assert!(quiet.wait().success() && quiet.log().is_empty(), "{}", quiet.log());
    assert_eq!(ledger(&test).len(), before + 2);
}

#[test]
fn a_lock_that_is_held_for_long_is_an_error() {
    let test = Test::with_certificate("a.test");
    let held = fs::File::open(test.path("ledger.jsonl")).unwrap();
    flock(&held, FlockOperation::LockExclusive).unwrap();
    let before = test.files();
    let ran = test.program(certkit()).patiently(2).args(["revoke", "server.crt"]).run().exits(2);
    ran.says("has been locked for 30 s by").says(&format!("(process {})", std::process::id()));
    assert_eq!(test.files(), before);
}
