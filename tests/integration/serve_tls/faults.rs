//! Certificate files that cannot be used while the server runs: those in use stay, the log says why, and nothing hangs.

use std::fs;
use std::os::unix::fs::symlink;

use rcgen::{CertificateParams, Issuer, KeyPair};
use rustix::process::Signal;
use rustls::version::TLS13;

use super::{Client, HTTP1, block_on};
use crate::harness::{Test, eventually};
use crate::peers::python;
use crate::process::{Process, Server};
use crate::testing::make_fifo;

/// A certificate for `test.example` from the test's intermediate, valid in these years.
fn valid_in(test: &Test, from: i32, until: i32) -> (String, String) {
    let (ca, ca_key) = (test.text("intermediate.crt"), test.text("intermediate.key"));
    let issuer = Issuer::from_ca_cert_pem(&ca, KeyPair::from_pem(&ca_key).unwrap()).unwrap();
    let mut params = CertificateParams::new(vec!["test.example".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, &issuer).unwrap().pem() + &ca, key.serialize_pem())
}

#[test]
fn a_certificate_that_cannot_be_used_changes_nothing() {
    let test = Test::with_chain("test.example");
    test.write("www/index.html", "a page");
    let (chain, key) = (test.text("chain.pem"), test.text("server.key"));
    let server =
        Server::start(&test, &["--cert", "chain.pem", "--key", "server.key", "--static-root", "www"]);
    let client = Client::new(&test, server.port, &TLS13, HTTP1).never_resuming();
    let leaf = || {
        block_on(async {
            let mut connection = client.connect("test.example").await.unwrap();
            assert_eq!(connection.get("/").await.unwrap().body, "a page");
            connection.leaf
        })
    };
    let old = leaf();
    // Something else was there before.
    let clear = |name: &str| {
        let path = test.path(name);
        let _ = fs::remove_file(&path);
        let _ = fs::remove_dir(&path);
    };
    let write = |name: &str, text: &str| {
        clear(name);
        test.write(name, text);
    };
    let both = |(chain, key): (String, String)| {
        write("chain.pem", &chain);
        write("server.key", &key);
    };
    let stranger = KeyPair::generate().unwrap().serialize_pem();
    let faults: [(&str, &dyn Fn(), &str); 15] = [
        ("half of a chain", &|| write("chain.pem", &chain[..chain.len() / 4]), "chain.pem"),
        ("an empty chain", &|| write("chain.pem", ""), "`chain.pem` is empty"),
        ("garbage", &|| write("chain.pem", "garbage\0\u{1}"), "chain.pem"),
        ("a key in the place of the chain", &|| write("chain.pem", &key), "chain.pem"),
        ("a chain that is missing", &|| clear("chain.pem"), "chain.pem"),
        (
            "a FIFO",
            &|| {
                clear("chain.pem");
                make_fifo(&test.path("chain.pem"));
            },
            "not a regular file",
        ),
        (
            "a folder",
            &|| {
                clear("chain.pem");
                fs::create_dir(test.path("chain.pem")).unwrap();
            },
            "is a folder",
        ),
        (
            "a link to itself",
            &|| {
                clear("chain.pem");
                symlink("chain.pem", test.path("chain.pem")).unwrap();
            },
            "chain.pem",
        ),
        (
            "a file without an end",
            &|| {
                clear("chain.pem");
                symlink("/dev/zero", test.path("chain.pem")).unwrap();
            },
            "not a regular file",
        ),
        (
            "a huge file",
            &|| {
                clear("chain.pem");
                fs::File::create(test.path("chain.pem")).unwrap().set_len(1 << 40).unwrap();
            },
            "4 MiB",
        ),
        ("the key of another certificate", &|| both((chain.clone(), stranger.clone())), "key_mismatch"),
        ("half of a key", &|| write("server.key", &key[..key.len() / 2]), "server.key"),
        ("an empty key", &|| write("server.key", ""), "`server.key` is empty"),
        ("an expired certificate", &|| both(valid_in(&test, 2020, 2021)), "expired"),
        ("a certificate of the future", &|| both(valid_in(&test, 2090, 2099)), "not_yet_valid"),
    ];
    for (fault, make, says) in faults {
        make();
        let before = server.process.log().len();
        server.process.signal(Signal::HUP);
        eventually(&format!("a word about {fault}"), || {
            let log = server.process.log();
            let new = log[before..].split_once("the previous ones stay in use")?.1;
            new.contains(says).then_some(())
        });
        assert!(leaf() == old, "{fault}");
    }
    both(valid_in(&test, 2020, 2090));
    eventually("a good one", || (leaf() != old).then_some(()));
    server.process.wait_for_log("certificates read again; they are in use");
}

/// Holds a lease: whoever else opens the file must wait for it (fcntl(2), `F_SETLEASE`), or gets an error where it does not
/// wait. The files of a network that has stopped are as far away.
const LEASE: &str = "import fcntl, signal, sys, time
signal.signal(signal.SIGIO, signal.SIG_IGN)
file = open(sys.argv[1], 'r+')
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print('held', flush=True)
time.sleep(600)
";

#[test]
fn files_that_cannot_be_opened_for_a_while_are_read_later() {
    let Some(python) = python(&["fcntl"]) else { return };
    let test = Test::with_chain("test.example");
    let server = Server::start(&test, &["--cert", "chain.pem", "--key", "server.key"]);
    let client = Client::new(&test, server.port, &TLS13, HTTP1).never_resuming();
    let leaf = || block_on(client.connect("test.example")).unwrap().leaf;
    let old = leaf();
    let (chain, key) = valid_in(&test, 2020, 2090);
    test.write("new.pem", chain);
    test.write("new.key", key);
    let lease = Process::start(&test, test.program(&python).args(["-c", LEASE, "new.pem"]));
    lease.wait_for_log("held");
    for (new, old) in [("new.key", "server.key"), ("new.pem", "chain.pem")] {
        fs::rename(test.path(new), test.path(old)).unwrap();
    }
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("cannot read `chain.pem`");
    assert!(leaf() == old);
    drop(lease);
    eventually("the new certificate, without another signal", || (leaf() != old).then_some(()));
}
