//! `hosts`: on copies of hosts files.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use serde_json::json;

use crate::harness::{Ran, Test, certkit};
use crate::peers::{not_allowed_here, peer};

const USUAL: &str = "# static\n127.0.0.1 localhost\n::1 localhost ip6-localhost\n10.1.2.3 office.test\n";

fn folder() -> Test {
    let test = Test::new();
    test.write("hosts", USUAL);
    test
}

/// Runs `certkit hosts` on the copy.
fn hosts(test: &Test, args: &[&str]) -> Ran {
    test.certkit(&[&["hosts"], args, &["--file", "hosts"]].concat())
}

#[test]
fn a_name_goes_in_and_out() {
    let test = folder();
    hosts(&test, &["check", "www.mysite.test"])
        .exits(1)
        .says("hosts_entry")
        .says("certkit hosts add www.mysite.test");
    hosts(&test, &["add", "WWW.mysite.test"])
        .exits(0)
        .says("added")
        .says(r"C:\Windows\System32\drivers\etc\hosts");
    let block = "\n# certkit hosts: begin\n127.0.0.1\twww.mysite.test\n# certkit hosts: end\n";
    assert_eq!(test.text("hosts"), format!("{USUAL}{block}"));
    hosts(&test, &["add", "www.mysite.test"]).exits(0).says("is already in");
    hosts(&test, &["add", "www.mysite.test", "::1"]).exits(0);
    hosts(&test, &["add", "bücher.test", "10.9.8.7"]).exits(0).says("xn--bcher-kva.test");
    hosts(&test, &["check", "www.mysite.test"]).exits(0).says("::1");
    hosts(&test, &["check", "www.mysite.test", "10.0.0.1"]).exits(1);
    hosts(&test, &["remove", "www.mysite.test", "::1"]).exits(0);
    hosts(&test, &["check", "www.mysite.test", "::1"]).exits(1);
    hosts(&test, &["remove", "bücher.test"]).exits(0);
    assert_eq!(test.text("hosts"), format!("{USUAL}{block}"));
    hosts(&test, &["remove", "www.mysite.test"]).exits(0).says("removed");
    hosts(&test, &["remove", "www.mysite.test"]).exits(0).says("was not in");
    assert_eq!(test.text("hosts"), USUAL);
}

#[test]
fn lines_of_others_are_respected() {
    let test = folder();
    hosts(&test, &["add", "office.test"]).exits(2).says("hosts_entry").says("hosts, line 4");
    hosts(&test, &["add", "office.test", "10.1.2.3"]).exits(0).says("is already in");
    hosts(&test, &["remove", "office.test"]).exits(0).says("not certkit's");
    assert_eq!(test.text("hosts"), USUAL);
    // Another family is no conflict.
    hosts(&test, &["add", "office.test", "fd00::1"]).exits(0);
    assert!(test.text("hosts").starts_with(USUAL));
}

#[test]
fn a_dry_run_changes_nothing() {
    let test = folder();
    let before = test.files();
    hosts(&test, &["add", "a.test", "--dry-run"]).exits(0).says("would change").says("line 7");
    assert_eq!(test.files(), before);
}

#[test]
fn links_modes_owners_and_line_ends_are_kept() {
    let test = folder();
    fs::set_permissions(test.path("hosts"), fs::Permissions::from_mode(0o664)).unwrap();
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(test.path("hosts"), Some(12), Some(34)).unwrap();
    }
    std::os::unix::fs::symlink("hosts", test.path("link")).unwrap();
    let owner = |name: &str| fs::metadata(test.path(name)).map(|meta| (meta.uid(), meta.gid())).unwrap();
    let before = owner("hosts");
    test.certkit(&["hosts", "add", "a.test", "--file", "link"]).exits(0);
    assert!(fs::symlink_metadata(test.path("link")).unwrap().is_symlink());
    assert_eq!((test.mode("hosts"), owner("hosts")), (0o664, before));
    assert!(test.text("hosts").contains("a.test"));
    assert_eq!(test.names(), ["hosts", "link"]);
    // No newline at the end, and the line ends of Windows.
    test.write("hosts", "127.0.0.1 localhost");
    hosts(&test, &["add", "a.test"]).exits(0);
    assert!(test.text("hosts").starts_with("127.0.0.1 localhost\n\n# certkit"));
    test.write("hosts", "127.0.0.1 localhost\r\n");
    hosts(&test, &["add", "a.test"]).exits(0);
    assert!(
        test.text("hosts").lines().count() == 5
            && test.text("hosts").split_inclusive('\n').all(|line| line.ends_with("\r\n"))
    );
    // Bytes that are no UTF-8 stay.
    test.write("hosts", b"# B\xfcro\n127.0.0.1 localhost\n");
    hosts(&test, &["add", "a.test"]).exits(0);
    assert!(fs::read(test.path("hosts")).unwrap().starts_with(b"# B\xfcro\n127.0.0.1 localhost\n"));
}

#[test]
fn what_is_no_host_or_no_file() {
    let test = folder();
    hosts(&test, &["add", "*.a.test"]).exits(2).says("no wildcards");
    hosts(&test, &["add", "127.0.0.1", "127.0.0.1"]).exits(2).says("invalid_name");
    hosts(&test, &["add", "two words"]).exits(2).says("invalid_name");
    hosts(&test, &["add", "a.test\n10.0.0.1 bank.test"]).exits(2).says("invalid_name");
    hosts(&test, &["add", "a.test", "300.0.0.1"]).exits(2).says("invalid value");
    test.certkit(&["hosts", "add", "a.test", "--file", "missing"]).exits(2).says("not_found");
    assert_eq!(test.text("hosts"), USUAL);
}

#[test]
fn many_at_once() {
    let test = folder();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let test = &test;
            scope.spawn(move || hosts(test, &["add", &format!("n{number}.test")]).exits(0));
        }
    });
    for number in 0..8 {
        hosts(&test, &["check", &format!("n{number}.test")]).exits(0);
    }
    assert_eq!(test.names(), ["hosts"]);
}

#[test]
fn without_rights_the_command_is_printed() {
    let test = folder();
    let (ran, program) = if rustix::process::geteuid().is_root() {
        let Some(setpriv) = peer("setpriv") else { return };
        let program = test.copy_certkit();
        for path in [test.folder().parent().unwrap().to_path_buf(), test.folder(), program.clone()] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let program = program.display().to_string();
        let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", &program, "hosts", "add", "a.test"];
        (test.run(&setpriv, &[&nobody[..], &["--file", "hosts"]].concat()), program)
    } else {
        fs::set_permissions(test.folder(), fs::Permissions::from_mode(0o555)).unwrap();
        let ran = hosts(&test, &["add", "a.test"]);
        fs::set_permissions(test.folder(), fs::Permissions::from_mode(0o755)).unwrap();
        (ran, certkit().display().to_string())
    };
    ran.exits(2).says(&format!("sudo {program} hosts add a.test --file hosts"));
    assert_eq!(test.text("hosts"), USUAL);
}

#[test]
fn a_file_that_is_mounted_by_itself_is_written_in_place() {
    let test = folder();
    test.write("below", "127.0.0.1 localhost\n");
    let program = certkit().display().to_string();
    let script = format!(
        "mount --bind hosts below || exit 99
         {program} hosts add a.test --file below && cat below; status=$?
         umount below; exit $status"
    );
    // Root mounts here; anybody else, and root who lacks that right, in a name space.
    let here = rustix::process::geteuid().is_root().then(|| test.run("sh", &["-c", &script]));
    let ran = here
        .filter(|ran| !ran.ended_with(99))
        .unwrap_or_else(|| test.run("unshare", &["--mount", "--map-root-user", "sh", "-c", &script]));
    if ran.ended_with(99) || ran.stderr().contains("unshare:") {
        return not_allowed_here("mounting a file by itself");
    }
    ran.exits(0).says("127.0.0.1\ta.test");
    assert!(test.text("hosts").starts_with(USUAL), "{}", test.text("hosts"));
}

#[test]
fn the_shape_of_its_json() {
    let test = folder();
    let report = hosts(&test, &["add", "a.test", "--format", "json"]).exits(0).result();
    assert_eq!(
        report,
        json!({
            "action": "add", "dry_run": false, "state": "added", "file": "hosts", "name": "a.test",
            "entries": [{"line": 7, "address": "127.0.0.1", "ours": true}],
            "windows": {"path": r"C:\Windows\System32\drivers\etc\hosts", "line": "127.0.0.1 a.test"},
        })
    );
    let report = hosts(&test, &["check", "b.test", "--format", "json"]).exits(1).report();
    assert_eq!((&report["state"], &report["errors"][0]["code"]), (&json!("absent"), &json!("hosts_entry")));
    let report = hosts(&test, &["add", "office.test", "--format", "json"]).exits(2).report();
    assert_eq!(
        (&report["errors"][0]["code"], &report["errors"][0]["line"]),
        (&json!("hosts_entry"), &json!(4))
    );
}
