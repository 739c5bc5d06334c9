//! `certkit acme delete`: a retired name is not renewed any more, and nothing is lost.

use std::fs;

use crate::acme_import::{LEGO, lego_folder};
use crate::harness::{Ran, Test, certkit};
use crate::peers::python;

const ASK: &str = "import os, pty, sys\n\
    child, terminal = pty.fork()\n\
    if child == 0:\n    os.execv(sys.argv[2], sys.argv[2:])\n\
    os.write(terminal, sys.argv[1].encode() + b'\\n')\n\
    try:\n    while data := os.read(terminal, 4096):\n        os.write(1, data)\n\
    except OSError:\n    pass\n\
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n";

/// A state with certificates of these names, whose server is not there.
fn state_of(names: &[&str]) -> Test {
    let test = Test::new();
    for name in names {
        lego_folder(&test, "lego", name);
    }
    test.certkit(&[&["acme", "import", "lego", "--state", "state"], &LEGO[..]].concat()).exits(0);
    test
}

fn acme(test: &Test, args: &[&str]) -> Ran {
    test.certkit(&[&["acme"], args, &["--state", "state"]].concat())
}

/// The copies of what was deleted.
fn copies(test: &Test) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(test.path("state/deleted"))
        .into_iter()
        .flatten()
        .map(|copy| copy.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn a_retired_name_is_not_renewed_any_more_and_its_copy_stays() {
    let test = state_of(&["old.example.org", "www.example.org"]);
    // The server is gone: every run fails, for as long as the name is kept.
    acme(&test, &["renew", "old.example.org", "--force"]).exits(75);

    let before = test.files();
    let ran = acme(&test, &["delete", "old.example.org"]).exits(2);
    ran.says("nobody said yes").says("certkit acme delete old.example.org --yes --state state");
    assert_eq!(test.files(), before, "nothing without a yes");

    let key = test.text("state/live/old.example.org/privkey.pem");
    let report = acme(&test, &["delete", "old.example.org", "--yes", "--format", "json"]).exits(0).report();
    assert_eq!(
        (report["name"].as_str(), report["revoked"].as_bool()),
        (Some("old.example.org"), Some(false))
    );
    let copy = report["copy"].as_str().unwrap();
    assert_eq!(fs::read_to_string(format!("{copy}/1/privkey.pem")).unwrap(), key);
    assert!(fs::read_to_string(format!("{copy}/renew.json")).unwrap().contains("old.example.org"));
    assert_eq!(test.mode("state/deleted") & 0o777, 0o700);

    acme(&test, &["renew"]).exits(0).says("www.example.org").keeps_quiet_about("old.example.org");
    acme(&test, &["list"]).exits(0).keeps_quiet_about("old.example.org");
    acme(&test, &["delete", "old.example.org", "--yes"]).exits(2).says("acme list");
    // The name is free again, and deleted again.
    test.certkit(&[&["acme", "import", "lego", "--state", "state"], &LEGO[..]].concat()).exits(0);
    acme(&test, &["delete", "OLD.example.org", "-y"])
        .exits(0)
        .says("it is not revoked and is valid until 20");
    assert_eq!(copies(&test).len(), 2);
}

#[test]
fn no_name_is_not_every_certificate() {
    let test = state_of(&["a.example.org"]);
    let before = test.files();
    for nothing in ["", ".", "..", "*"] {
        acme(&test, &["delete", nothing, "--yes"]).exits(2);
    }
    assert_eq!(test.files(), before);
}

#[test]
fn what_is_damaged_is_deleted_too() {
    let test = state_of(&["a.example.org"]);
    test.write("state/certs/a.example.org/renew.json", "{");
    acme(&test, &["list"]).exits(2);
    acme(&test, &["delete", "a.example.org", "--yes"]).exits(0);
    acme(&test, &["list"]).exits(0).says("no certificates");
    assert_eq!(copies(&test).len(), 1);
}

#[test]
fn asked_on_a_terminal() {
    let Some(python) = python(&[]) else { return };
    let test = state_of(&["a.example.org"]);
    test.write("ask.py", ASK);
    let program = certkit().display().to_string();
    for (answer, status, left) in [("no", 2, 1), ("y", 0, 0)] {
        let typed = ["ask.py", answer, &program, "acme", "delete", "a.example.org", "--state", "state"];
        let ran = test.run(&python, &typed).exits(status);
        ran.says("Delete this certificate?").says("valid until 20").says("state/live/a.example.org");
        assert_eq!(fs::read_dir(test.path("state/live")).unwrap().count(), left);
    }
}
