//! Where new files go: keys that `--force` does not end, links that stay links, folders and disks that take nothing.

use std::fs;
use std::os::unix::fs::symlink;

use crate::disk::SmallDisk;
use crate::harness::{Test, certkit};
use crate::peers::{not_allowed_here, peer, without_override};

#[test]
fn force_replaces_no_private_key_by_something_else() {
    let test = Test::with_chain("a.test");
    test.write("password", "secret\n");
    test.certkit(&["csr", "b.test", "-o", "b.csr"]).exits(0);
    let forms: [&[&str]; 4] = [
        &["key", "new", "-o", "open.pem"],
        &["key", "encrypt", "server.key", "-o", "locked.pem", "--password-file", "password"],
        &["convert", "server.key", "--to", "der", "-o", "binary"],
        &["convert", "server.key", "--to", "pem", "-o", "plain.crt"],
    ];
    let victims = ["open.pem", "locked.pem", "binary", "plain.crt"];
    for form in forms {
        test.certkit(form).exits(0);
    }
    let commands: [&[&str]; 7] = [
        &["csr", "c.test", "--key", "server.key"],
        &["merge", "server.crt", "ca-bundle.ca"],
        &["sign", "b.csr"],
        &["crl"],
        &["trust", "export"],
        &["convert", "server.crt", "--to", "pem"],
        &["convert", "server.crt", "--to", "der"],
    ];
    for victim in victims {
        let before = test.files();
        for command in commands {
            let output: Vec<&str> = command.iter().chain(&["-o", victim, "--force"]).copied().collect();
            test.certkit(&output).exits(2).says("holds a private key");
            let after = test.files();
            for (path, entry) in &before {
                // A ledger may have a line about what was taken back.
                if path.to_str() != Some("ledger.jsonl") {
                    assert_eq!(after.get(path), Some(entry), "{output:?}: {}", path.display());
                }
            }
            assert_eq!(after.len(), before.len(), "{output:?}");
        }
    }
}

#[test]
fn a_container_that_only_a_password_opens_is_kept() {
    let test = Test::with_certificate("a.test");
    test.write("password", "secret\n");
    let p12 = [
        "convert",
        "server.crt",
        "--key",
        "server.key",
        "--to",
        "p12",
        "--new-password-file",
        "password",
        "-o",
        "all",
    ];
    test.certkit(&p12).exits(0);
    let before = fs::read(test.path("all")).unwrap();
    test.certkit(&["convert", "server.crt", "--to", "pem", "-o", "all", "--force"]).exits(0);
    assert_eq!(fs::read(test.path("all.bak")).unwrap(), before);
}

#[test]
fn commands_that_make_a_key_keep_the_old_one() {
    let test = Test::with_certificate("a.test");
    let old = test.text("server.key");
    test.certkit(&["mkcert", "a.test", "--force"]).exits(0);
    assert_eq!(test.text("server.key.bak"), old);
}

#[test]
fn links_stay_and_the_files_behind_them_are_replaced() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    fs::create_dir(test.path("live")).unwrap();
    // They lead nowhere at first.
    for name in ["server.crt", "server.key"] {
        symlink(format!("live/{name}"), test.path(name)).unwrap();
    }
    let is_link = |name: &str| fs::symlink_metadata(test.path(name)).unwrap().is_symlink();
    test.certkit(&["mkcert", "a.test"]).exits(0);
    let first = (test.text("live/server.crt"), test.text("live/server.key"));
    assert_eq!(test.mode("live/server.key"), 0o600);
    test.certkit(&["renew", "--rekey", "server.crt"]).exits(0);
    assert!(is_link("server.crt") && is_link("server.key"));
    assert_ne!((test.text("live/server.crt"), test.text("live/server.key")), first);
    assert_eq!(test.text("live/server.key.bak"), first.1);
    test.certkit(&["key", "match", "server.key", "server.crt"]).exits(0);
    test.certkit(&["mkcert", "a.test"]).exits(2).says("already exists");
    assert!(!test.names().iter().any(|name| name.contains(".certkit-")), "{:?}", test.names());
}

#[test]
fn a_link_of_another_user_is_not_followed() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.write("target", "mine");
    symlink("target", test.path("server.crt")).unwrap();
    if std::os::unix::fs::lchown(test.path("server.crt"), Some(12345), None).is_err() {
        not_allowed_here("giving a link to another user");
        return;
    }
    test.certkit(&["mkcert", "a.test", "--force"]).exits(2).says("a symbolic link of another user");
    assert_eq!(test.text("target"), "mine");
}

#[test]
fn the_name_of_a_certificate_keeps_its_ending() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["mkcert", "a.test", "-o", "z.crt"]).exits(0).says("z.key");
    test.certkit(&["mkcert", "a.test", "-o", "www.a.test"]).exits(0);
    let names = test.names();
    for name in ["z.crt", "z.key", "www.a.test.crt", "www.a.test.key"] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
    assert_eq!(names.len(), 7, "{names:?}");
}

#[test]
fn leftovers_of_killed_runs_go_with_the_next_command() {
    let test = Test::new();
    let leave = || {
        for name in [
            "ca.key.certkit-999999999.tmp",
            "ca.crt.certkit-1-1.tmp",
            ".certkit-1-1.journal",
            "x.certkit-999999998.old",
        ] {
            test.write(name, "half of something");
        }
    };
    let commands: [&[&str]; 6] = [
        &["mkca"],
        &["mkcert", "a.test"],
        &["renew", "server.crt"],
        &["revoke", "server.crt"],
        &["crl"],
        &["mkcert", "a.test", "--if-needed", "-o", "other"],
    ];
    for command in commands {
        leave();
        test.certkit(command).exits(0);
        let left: Vec<_> = test.names().into_iter().filter(|name| name.contains(".certkit-")).collect();
        assert_eq!(left, [""; 0], "{command:?}");
    }
}

#[test]
fn a_full_disk_is_named_and_nothing_changes() {
    let test = Test::new();
    let disk = SmallDisk::new(&test, "disk", 256);
    test.certkit(&["mkca", "-o", "disk"]).exits(0);
    let ca = ["--ca", "disk/ca.crt", "--ca-key", "disk/ca.key"];
    test.certkit(&["mkcert", "a.test", "-o", "disk/server"]).exits(2);
    test.program(certkit()).args(["mkcert", "a.test", "-o", "disk/server"]).args(ca).run().exits(0);
    let before = test.text("disk/server.crt");
    disk.leave_kib(0);
    let args = ["mkcert", "b.test", "-o", "disk/server", "--force"];
    let full = disk.program().args([certkit()]).args(args).args(ca).run().exits(2);
    assert!(full.all().contains(disk.refusal()), "{}", full.all());
    assert_eq!(test.text("disk/server.crt"), before);
    if disk.is_mounted() {
        assert!(full.all().contains("Make room on the file system of `disk`"), "{}", full.all());
    }
    disk.make_room();
    test.program(certkit()).args(args).args(ca).run().exits(0);
    test.certkit(&["key", "match", "disk/server.key", "disk/server.crt"]).exits(0);
}

#[test]
fn a_folder_that_may_not_be_written_is_named() {
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    test.certkit(&["csr", "a.test", "-o", "a.csr"]).exits(0);
    fs::create_dir(test.path("closed")).unwrap();
    let Some(_) = peer("setpriv") else { return };
    test.run("chmod", &["555", "closed"]).exits(0);
    let refused =
        without_override(&test).args([certkit()]).args(["trust", "export", "-o", "closed/a.crt"]).run();
    refused
        .exits(2)
        .says("cannot write closed/a.crt: permission denied")
        .says("You may not write into the folder `closed`");
}

/// What stops a run names whose it is, and the printed command ends it; where others may write, it stops nobody.
#[test]
fn a_journal_of_another_user() {
    use std::os::unix::fs::{PermissionsExt, chown};
    let test = Test::new();
    test.certkit(&["mkca"]).exits(0);
    for (folder, mode) in [("shared", 0o1777), ("own", 0o755)] {
        let journal = test.path(format!("{folder}/.certkit-journal"));
        test.write(&format!("{folder}/.certkit-journal"), "");
        fs::set_permissions(&journal, fs::Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(test.path(folder), fs::Permissions::from_mode(mode)).unwrap();
        if chown(&journal, Some(4321), None).is_err() {
            return not_allowed_here("giving a file to another user");
        }
    }
    test.certkit(&["mkcert", "a.test", "-o", "shared/a"]).exits(0);
    let make = || test.certkit(&["mkcert", "a.test", "-o", "own/a"]);
    let failed = test.certkit(&["mkcert", "a.test", "-o", "own/a", "--format", "json"]).exits(2).report();
    let error = &failed["errors"][0];
    assert_eq!(error["code"], "permission", "{failed}");
    assert!(error["message"].as_str().unwrap().ends_with("it belongs to another user (4321)"), "{failed}");
    let fix = error["fix"].as_str().unwrap();
    assert!(fix.starts_with("Run `cd own && certkit list` as the user 4321"), "{fix}");
    let delete = fix.split('`').nth(3).unwrap();
    make().exits(2);
    test.run("sh", &["-c", delete]).exits(0);
    make().exits(0);
}

/// Of many at once and of a request as of one: the certificate with its intermediates, for servers, which `renew` knows.
#[test]
fn full_chains_of_every_command_are_renewed() {
    let Some(openssl) = peer("openssl") else { return };
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.write("names.txt", "a.test\nb.test www.b.test\n");
    test.certkit(&["mkcert", "--from", "names.txt", "-o", "many"])
        .exits(0)
        .says("2 certificates with their keys and full chains");
    test.certkit(&["csr", "c.test", "-o", "c.csr"]).exits(0);
    test.certkit(&["sign", "c.csr"]).exits(0).says("c.fullchain.pem");
    test.certkit(&["sign", "c.csr", "-o", "d.pem"]).exits(0).says("d.fullchain.pem");
    let holds = |chain: &str, certificate: &str| {
        let text = test.text(chain);
        assert_eq!(text, test.text(certificate) + &test.text("intermediate.crt"), "{chain}");
        test.certkit(&["check", chain]).exits(0);
        test.run(&openssl, &["verify", "-CAfile", "ca.crt", "-untrusted", chain, certificate]).exits(0);
        assert_eq!(test.mode(chain), 0o644);
        text
    };
    let all = [
        ("many/a.test.fullchain.pem", "many/a.test.crt"),
        ("many/b.test.fullchain.pem", "many/b.test.crt"),
        ("c.fullchain.pem", "c.crt"),
        ("d.fullchain.pem", "d.pem"),
    ];
    let before = all.map(|(chain, certificate)| holds(chain, certificate));

    // None of them is replaced without being asked for, and then all of a certificate are.
    test.certkit(&["mkcert", "--from", "names.txt", "-o", "many"]).exits(2);
    fs::remove_file(test.path("c.crt")).unwrap();
    test.certkit(&["sign", "c.csr"]).exits(2).says("c.fullchain.pem");
    test.certkit(&["sign", "c.csr", "--force"]).exits(0);
    assert_ne!(holds("c.fullchain.pem", "c.crt"), before[2]);

    // By name, and as those that the ledger knows.
    test.certkit(&["renew", "many/a.test.crt", "c.crt", "d.pem"]).exits(0).says("many/a.test.fullchain.pem");
    for number in [0, 2, 3] {
        assert_ne!(holds(all[number].0, all[number].1), before[number]);
    }
    test.certkit(&["renew", "--if-within", "100%"]).exits(0);
    for (number, (chain, certificate)) in all.into_iter().enumerate() {
        assert_ne!(holds(chain, certificate), before[number]);
    }

    // A CA below this one is not a server, a root alone gives no chain, and standard output has the certificate alone.
    test.certkit(&["csr", "team.test", "-o", "team.csr"]).exits(0);
    let root = ["--ca", "ca.crt", "--ca-key", "ca.key"];
    test.certkit(&[&["sign", "team.csr", "--profile", "ca"], &root[..]].concat()).exits(0);
    test.certkit(&["sign", "c.csr", "-o", "-"]).exits(0);
    test.certkit(&[&["mkcert", "--from", "names.txt", "-o", "plain"], &root[..]].concat()).exits(0);
    let names = test.names();
    let chains = names.iter().filter(|name| name.ends_with("fullchain.pem")).count();
    assert_eq!(chains, all.len(), "{names:?}");
}

#[test]
fn if_needed_makes_the_files_with_intermediates_that_are_missing() {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "a.test"]).exits(0);
    let before = test.files();
    let again = || test.certkit(&["mkcert", "a.test", "--if-needed"]).exits(0);
    again().says("nothing to do");
    fs::remove_file(test.path("server.fullchain.pem")).unwrap();
    again().says("server.fullchain.pem").keeps_quiet_about("ca-bundle.ca").keeps_quiet_about("nothing to do");
    assert_eq!(test.files(), before);
    fs::remove_file(test.path("ca-bundle.ca")).unwrap();
    again().says("ca-bundle.ca");
    again().says("nothing to do");
    assert_eq!(test.files(), before);
    // What is there and other is not touched, and a root needs no intermediates.
    test.write("server.fullchain.pem", "mine");
    again().says("nothing to do");
    assert_eq!(test.text("server.fullchain.pem"), "mine");
    let test = Test::with_certificate("a.test");
    let before = test.files();
    test.certkit(&["mkcert", "a.test", "--if-needed"]).exits(0).says("nothing to do");
    assert_eq!(test.files(), before);
}

#[test]
fn a_chain_is_for_whom_its_certificate_is() {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["csr", "me.test", "-o", "me.csr"]).exits(0);
    let sign = |profile: &str| test.certkit(&["sign", "me.csr", "--profile", profile, "--force"]).exits(0);
    sign("client").says("the intermediates, for the client").keeps_quiet_about("for servers");
    sign("server").says("the intermediates, for servers");
    let made = test.certkit(&["mkcert", "--client", "me@a.test", "-o", "me2"]).exits(0);
    made.says("for the client").keeps_quiet_about("for servers");
}
