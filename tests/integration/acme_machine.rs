//! `certkit acme obtain` on a machine in trouble: a full disk, a state directory of somebody else, a taken port, no
//! DNS, names that are none. Nothing is ordered before the machine is found fit.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use crate::acme_front::{Class, Front};
use crate::disk::SmallDisk;
use crate::harness::{Test, certkit};
use crate::pebble::Pebble;
use crate::peers::without_override;
use crate::process::free_port;

#[test]
fn a_disk_that_is_full_at_any_moment_costs_no_second_certificate() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let mut failed = 0;
    // The whole state of one certificate takes some 50 kB on a file system with pages of 4 kB.
    for free in (0..=60).step_by(4) {
        let front = Front::start(&test, &pebble);
        let (accounts, issued) = (pebble.accounts(), pebble.certificates());
        let disk = SmallDisk::new(&test, "state", 256);
        let obtain = || {
            let program = disk.program().args([certkit()]).args(["acme", "obtain", "--agree-tos", "a.test"]);
            program.args(front.args()).run()
        };
        disk.leave_kib(free);
        let first = obtain();
        if first.ended_with(2) {
            failed += 1;
            let first = first.says(disk.refusal()).says("state/");
            if disk.is_mounted() {
                first.says("Free some space there");
            }
        } else {
            first.exits(0);
        }
        disk.make_room();
        obtain().exits(0);
        assert_eq!((pebble.accounts() - accounts, pebble.certificates() - issued), (1, 1), "{free} kB free");
        assert!(front.count(Class::Finalize) == 1, "{free} kB free");
        assert!(front.count(Class::NewOrder) == 1, "{free} kB free");
        if free == 0 {
            // Nothing fits: the account's key is not on disk, so no account was asked for with it.
            assert_eq!(front.count(Class::NewAccount), 1);
        }
        drop(disk);
        remove_if_there(&test.path("state"));
        remove_if_there(&test.path("state.mount"));
    }
    assert!((5..16).contains(&failed), "{failed} runs failed");
}

fn remove_if_there(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn a_state_directory_that_cannot_be_used_is_found_before_anything_is_ordered() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    let mode =
        |path: &str, mode| fs::set_permissions(test.path(path), PermissionsExt::from_mode(mode)).unwrap();

    test.write("state/ours", "");
    mode("state", 0o500);
    obtain_without_override(&test, &front).exits(2).says("permission").says("state");
    mode("state", 0o700);
    assert_eq!(front.count(Class::NewOrder), 0);

    obtain_without_override(&test, &front).exits(0);
    for path in ["state", "state/live", "state/certs/a.test", "state/certs/a.test/renew.json"] {
        let before = test.mode(path);
        mode(path, 0);
        let requests = front.requests();
        obtain_without_override(&test, &front).exits(2).says("permission").says("Run it as the owner");
        assert_eq!(front.requests(), requests, "{path}");
        mode(path, before);
    }
    obtain_without_override(&test, &front).exits(0).says("nothing to do");
    assert_eq!((pebble.orders(), pebble.certificates()), (1, 1));
}

#[test]
fn a_state_directory_of_somebody_else_is_refused() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    // Only root can give a folder away; for anybody else, root's own belong to somebody else.
    let owner = if rustix::process::geteuid().is_root() {
        fs::create_dir(test.path("state")).unwrap();
        fs::set_permissions(test.path("state"), PermissionsExt::from_mode(0o700)).unwrap();
        chown(test.path("state"), Some(65534), Some(65534)).unwrap();
        "65534"
    } else {
        symlink("/usr/share", test.path("state")).unwrap();
        "0"
    };
    obtain_without_override(&test, &front)
        .exits(2)
        .says("permission")
        .says("belongs to another user")
        .says(&owner.to_string());
    assert_eq!(front.requests(), 0);
}

#[test]
fn a_damaged_state_names_the_file_and_orders_nothing() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["a.test"]).exits(0);
    let account = test.names().into_iter().find(|name| name.ends_with("account.json")).unwrap();
    for name in
        ["state/certs/a.test/renew.json", account.as_str(), &account.replace("account.json", "key.pem")]
    {
        let before = test.text(name);
        for damage in ["", "{", "\u{0}\u{0}\u{0}", "[]"] {
            test.write(name, damage);
            let orders = front.count(Class::NewOrder);
            front.obtain(&["a.test", "--force"]).exits(2).says(name.rsplit('/').next().unwrap());
            assert_eq!(front.count(Class::NewOrder), orders, "{name} {damage:?}");
        }
        test.write(name, before);
    }
    front.obtain(&["a.test"]).exits(0).says("nothing to do");
    assert_eq!(pebble.accounts(), 1);
}

#[test]
fn a_taken_port_costs_no_request() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, pebble.http_port)).unwrap();
    front.obtain(&["a.test"]).exits(2).says("address_in_use").says("nothing was ordered");
    assert_eq!(front.requests(), 0);
}

#[test]
fn a_server_whose_name_is_not_found_means_try_later() {
    let test = Test::new();
    // RFC 6761 section 6.4: no name under `invalid` is ever found.
    let server = ["--server", "https://acme.invalid/dir", "--state", "state"];
    let http = format!("--http=127.0.0.1:{}", free_port());
    test.certkit(&[&["acme", "obtain", "a.test", &http], &server[..]].concat())
        .exits(75)
        .says("try_later")
        .says("acme.invalid");
}

#[test]
fn what_is_no_name_costs_no_request() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    let long_label = "a".repeat(64) + ".test";
    let long_name = "abcdefg.".repeat(32) + "test";
    let names = [
        "",
        ".",
        "a..test",
        "a.-b.test",
        "a b.test",
        "../a.test",
        "a.test/b",
        "$(touch x).test",
        "a.test\n",
        "https://a.test",
        "a*.test",
        "*.*.test",
        "a@b.test",
        long_label.as_str(),
        &long_name,
    ];
    for name in names {
        front.obtain(&["good.test", name]).exits(2).says("invalid_name");
    }
    assert_eq!((front.requests(), test.path("state").exists()), (0, false));
}

/// Obtains a.test without the right to pass over permission bits, which only root has.
fn obtain_without_override(test: &Test, front: &Front<'_>) -> crate::harness::Ran {
    without_override(test)
        .args([certkit()])
        .args(["acme", "obtain", "--agree-tos", "a.test"])
        .args(front.args())
        .run()
}
