//! `certkit acme obtain` against Pebble, with real validation.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use certkit::internals::acme::challenge::ChallengeMethod;
use certkit::internals::acme::storage::Storage;
use certkit::internals::acme::{self, Caller, Candidate, Obtained, Plan, Prepared, Progress, Remark};
use certkit::internals::finding::{Code, Finding};
use certkit::internals::sys::clock::{Clock, SystemClock};
use rustix::process::Signal;

use crate::curl::Curl;
use crate::harness::{Test, certkit, repository};
use crate::pebble::Pebble;
use crate::peers::peer;
use crate::process::{Process, Server, free_port};

const TERMS: &str = "terms of service";

#[test]
fn a_name_is_obtained_and_the_chain_is_good() {
    let test = Test::new();
    let (Some(openssl), Some(pebble)) = (peer("openssl"), Pebble::start(&test)) else { return };
    pebble
        .obtain(&["a.test"])
        .exits(0)
        .says(TERMS)
        .says("certkit serve --cert state/live/a.test/fullchain.pem --key state/live/a.test/privkey.pem");

    let root = pebble.write_issuer_root().display().to_string();
    let live = |name: &str| format!("state/live/a.test/{name}.pem");
    test.run(
        &openssl,
        &[
            "verify",
            "-CAfile",
            &root,
            "-untrusted",
            &live("chain"),
            "-verify_hostname",
            "a.test",
            &live("cert"),
        ],
    )
    .exits(0)
    .says("OK");
    assert_eq!(test.text(&live("fullchain")), test.text(&live("cert")) + &test.text(&live("chain")));
    let of_key = test.run(&openssl, &["pkey", "-in", &live("privkey"), "-pubout"]).exits(0).stdout();
    let of_cert = test.run(&openssl, &["x509", "-in", &live("cert"), "-noout", "-pubkey"]).exits(0).stdout();
    assert_eq!(of_key, of_cert);
    assert!(!test.names().iter().any(|name| name.contains("orders/") && !name.ends_with(".lock")));
}

#[test]
fn what_was_obtained_is_served() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let Some(curl) = Curl::new(&test, "a.test") else { return };
    pebble.obtain(&["a.test"]).exits(0);
    fs::copy(pebble.write_issuer_root(), test.path("ca.crt")).unwrap();
    let app = repository().join("tests/apps/probe.py").display().to_string();
    let live = |name: &str| format!("state/live/a.test/{name}.pem");
    let server = Server::start(&test, &["--cert", &live("fullchain"), "--key", &live("privkey"), &app]);
    assert_eq!(curl.get(&server, "/").is(200).text(), "Hello, World!\n");
}

#[test]
fn a_certificate_that_is_not_due_costs_no_request() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.obtain(&["a.test", "b.test"]).exits(0);
    let (requests, files) = (pebble.requests(), test.files());
    assert!(requests >= 8, "only {requests} requests were counted");
    pebble.obtain(&["A.test", "b.test."]).exits(0).says("a.test: nothing to do");
    assert_eq!(pebble.requests(), requests);
    assert!(test.files() == files, "files have changed");

    // Other names, another kind of key, or --force: a new version beside the old one.
    pebble.obtain(&["a.test"]).exits(0).says("the names have changed");
    pebble.obtain(&["a.test", "-k", "p384"]).exits(0).says("another kind of key was requested");
    pebble.obtain(&["a.test", "-k", "p384", "--force"]).exits(0);
    assert_eq!((pebble.accounts(), pebble.certificates()), (1, 4));
    let versions: Vec<_> = test.names().into_iter().filter(|name| name.ends_with("privkey.pem")).collect();
    assert_eq!(versions, [2, 3, 4].map(|version| format!("state/certs/a.test/{version}/privkey.pem")));
}

#[test]
fn nothing_is_open_to_others_even_under_umask_000() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let program = test.program(certkit()).umask("000").args(["acme", "obtain", "a.test", "--agree-tos"]);
    program.args(pebble.args()).run().exits(0);
    let mut seen = 0;
    for (path, (mode, contents)) in test.files() {
        let name = path.display().to_string();
        if !name.starts_with("state") || test.path(&path).is_symlink() {
            continue;
        }
        seen += 1;
        let expected = match contents {
            _ if test.path(&path).is_dir() => 0o700,
            contents if contents.starts_with(b"-----BEGIN CERTIFICATE") => 0o644,
            _ => 0o600,
        };
        assert_eq!(mode, expected, "{name} has mode {mode:o}");
    }
    assert!(seen > 10, "only {seen} files");
}

#[test]
fn many_names_are_validated_while_a_fifth_of_all_nonces_is_refused() {
    let test = Test::new();
    let knobs = [("PEBBLE_WFE_NONCEREJECT", "20"), ("PEBBLE_VA_NOSLEEP", "1")];
    let Some(pebble) = Pebble::start_with(&test, &knobs) else { return };
    let names: Vec<_> = (0..25).map(|number| format!("n{number}.test")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    pebble.obtain(&names).exits(0);
    assert_eq!((pebble.accounts(), pebble.orders(), pebble.certificates()), (1, 1, 1));
}

#[test]
fn a_taken_port_is_found_before_anything_is_ordered() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, pebble.http_port)).unwrap();
    let requests = pebble.requests();
    pebble.obtain(&["a.test"]).exits(2).says("address_in_use").says("--http=").says("nothing was ordered");
    assert_eq!(pebble.requests(), requests);
}

#[test]
fn the_terms_must_be_agreed_to_once() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let obtain = || test.program(certkit()).args(["acme", "obtain", "a.test"]).args(pebble.args());
    obtain().run().exits(2).says(TERMS).says("--agree-tos");
    obtain().env("CERTKIT_AGREE_TOS", "0").run().exits(2);
    assert_eq!(pebble.accounts(), 0);
    obtain().env("CERTKIT_AGREE_TOS", "1").run().exits(0);
    obtain().args(["--force"]).run().exits(0).keeps_quiet_about(TERMS);
    assert_eq!(pebble.accounts(), 1);
}

#[test]
fn a_server_that_is_not_there_means_try_later() {
    let test = Test::new();
    let server = format!("https://127.0.0.1:{}/dir", free_port());
    let http = format!("--http=127.0.0.1:{}", free_port());
    test.certkit(&["acme", "obtain", "a.test", &http, "--state", "state", "--server", &server])
        .exits(75)
        .says("try_later")
        .says("cannot reach");
}

#[test]
fn a_server_that_is_none_is_told_from_one_that_is_not_trusted() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let http = format!("--http=127.0.0.1:{}", pebble.http_port);
    let ca = pebble.https_ca().display().to_string();
    let elsewhere = pebble.directory() + "ectory";
    let base = ["acme", "obtain", "a.test", &http, "--state", "state"];
    test.certkit(&[&base[..], &["--server", &elsewhere, "--ca-roots", &ca]].concat())
        .exits(2)
        .says("is not an ACME directory");
    pebble.obtain(&["a.test"]).exits(0);
    let other_ca = "state/live/a.test/chain.pem";
    test.certkit(
        &[&base[..], &["--server", &pebble.directory(), "--ca-roots", other_ca, "--force"]].concat(),
    )
    .exits(2)
    .says("unknown_issuer")
    .says("--ca-roots");
    test.certkit(&[&base[..], &["--server", "http://localhost/dir"]].concat())
        .exits(2)
        .says("--server https://");
}

#[test]
fn a_failed_validation_says_why_and_the_next_run_orders_anew() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let mut args = pebble.args();
    // Pebble looks where nobody answers.
    args[0] = format!("--http=127.0.0.1:{}", free_port());
    let program = test.program(certkit()).args(["acme", "obtain", "a.test", "--agree-tos"]).args(args);
    program
        .run()
        .exits(1)
        .says("acme_failed")
        .says("a.test: the validation failed")
        .says("No request for the answer arrived here")
        .says("firewall");
    assert!(!test.path("state/live/a.test").exists());
    pebble.obtain(&["a.test"]).exits(0);
    assert_eq!((pebble.accounts(), pebble.orders()), (1, 2));
}

#[test]
fn names_that_cannot_be_validated_are_refused_at_once() {
    let test = Test::new();
    let obtain = |name| test.certkit(&["acme", "obtain", name, "--http", "--state", "state"]).exits(2);
    obtain("localhost").says("invalid_name").says("a public name has a dot");
    obtain("*.a.test").says("invalid_setting").says("*.a.test, which is a wildcard").says("--dns-hook CMD");
    assert!(test.names().is_empty());
}

#[test]
fn four_runs_at_once_place_one_order() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let start = || {
        let program = test.program(certkit()).args(["acme", "obtain", "a.test", "--agree-tos"]);
        Process::start(&test, program.args(pebble.args()))
    };
    let mut runs: Vec<_> = (0..4).map(|_| start()).collect();
    for run in &mut runs {
        assert!(run.wait().success(), "{}", run.log());
    }
    assert_eq!((pebble.accounts(), pebble.orders(), pebble.certificates()), (1, 1, 1));
}

#[test]
fn a_run_killed_during_the_validation_is_continued() {
    // Pebble looks after 0, 1, 2 or 3 seconds, whole ones: a kill between two of them leaves nobody unanswered. It may
    // have looked at once, and the run may be over before the kill; or the next run takes so long to start that one of
    // them passes. Then it is tried again.
    for _ in 0..5 {
        let test = Test::new();
        let knobs = [("PEBBLE_WFE_NONCEREJECT", "0"), ("PEBBLE_VA_SLEEPTIME", "4")];
        let Some(pebble) = Pebble::start_with(&test, &knobs) else { return };
        let program =
            test.program(certkit()).args(["acme", "obtain", "a.test", "--agree-tos"]).args(pebble.args());
        let mut run = Process::start(&test, program);
        run.wait_for_log("the server is checking");
        std::thread::sleep(Duration::from_millis(300));
        run.signal(Signal::KILL);
        run.wait();
        if test.path("state/live/a.test/fullchain.pem").exists() {
            continue;
        }
        assert!(test.path("state/orders/a.test.json").exists());
        let next = pebble.obtain(&["a.test"]);
        if next.ended_with(1) && next.all().contains("connection refused") {
            continue;
        }
        next.exits(0).says("an earlier run");
        assert_eq!((pebble.accounts(), pebble.certificates()), (1, 1));
        return;
    }
    panic!("Pebble found nobody five times");
}

#[test]
fn a_chain_that_does_not_hold_is_not_put_in_place() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let strict = Scripted { rejects: true, ..Scripted::default() };
    let refused = run(&test, &pebble, &strict);
    assert!(matches!(refused, Err(acme::Error::Rejected { findings, .. }) if findings.len() == 1));
    assert!(!test.path("state/live/a.test").exists());
    // What was wrong is mended, and the same certificate goes live: no other order.
    run(&test, &pebble, &Scripted::default()).unwrap();
    assert!(test.path("state/live/a.test/fullchain.pem").exists());
    assert_eq!((pebble.orders(), pebble.certificates()), (1, 1));
}

#[test]
fn a_run_that_dies_at_any_step_leaves_one_account_one_order_and_one_certificate() {
    let steps = [
        Progress::AccountKeySaved,
        Progress::AccountReady,
        Progress::OrderPlaced { names: 2 },
        Progress::Validated,
        Progress::Finalized,
        Progress::Downloaded,
    ];
    for step in steps {
        let test = Test::new();
        let Some(pebble) = Pebble::start(&test) else { return };
        let mortal = Scripted { dies_at: Some(step), ..Scripted::default() };
        let died = catch_unwind(AssertUnwindSafe(|| run(&test, &pebble, &mortal)));
        assert!(died.is_err(), "{step:?} never came");
        assert!(!test.path("state/live/a.test").exists(), "{step:?}");
        run(&test, &pebble, &Scripted::default()).unwrap_or_else(|error| panic!("{step:?}: {error}"));
        assert_eq!((pebble.accounts(), pebble.orders(), pebble.certificates()), (1, 1, 1), "{step:?}");
    }
}

/// Agrees to everything, and does what no user can.
#[derive(Default)]
struct Scripted {
    /// Ends the run here, as a kill would: nothing of the code behind it runs.
    dies_at: Option<Progress<'static>>,
    /// Finds a fault in every chain.
    rejects: bool,
}

impl Caller for Scripted {
    fn progress(&self, progress: Progress<'_>) {
        if self.dies_at == Some(progress) {
            // Unlike a panic this says nothing on standard error.
            resume_unwind(Box::new("killed"));
        }
    }

    fn agrees_to(&self, _url: &str) -> bool {
        true
    }

    fn judge(&self, _candidate: &Candidate<'_>) -> Result<Vec<Remark>, Vec<Finding>> {
        if self.rejects {
            Err(vec![Finding::error(Code::Expired, "the clock is wrong")])
        } else {
            Ok(Vec::new())
        }
    }
}

/// Obtains a.test and b.test inside this process.
fn run(test: &Test, pebble: &Pebble<'_>, caller: &Scripted) -> Result<Obtained, acme::Error> {
    let address = format!("127.0.0.1:{}", pebble.http_port).parse().unwrap();
    let plan = Plan {
        names: vec!["a.test".into(), "b.test".into()],
        server: pebble.directory(),
        ca_roots: Some(pebble.https_ca()),
        ..Plan::new(ChallengeMethod::Http(address))
    };
    let storage = Storage::new(test.path("state"));
    match acme::prepare(plan, &storage, caller, SystemClock.now())? {
        Prepared::Needed(work) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(work.run(caller))
        }
        Prepared::HookOnly(_) | Prepared::NotDue(_) => panic!("there is nothing to do"),
    }
}

#[test]
fn challenge_and_roots_stay_when_nothing_is_said_of_them() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.obtain(&["a.test"]).exits(0);
    let before = test.text("state/certs/a.test/renew.json");
    let directory = pebble.directory();
    let bare = ["acme", "obtain", "a.test", "--state", "state", "--server", &directory];
    test.certkit(&bare).exits(0).says("nothing to do");
    assert_eq!(test.text("state/certs/a.test/renew.json"), before);
    test.certkit(&[&bare[..], &["--force"]].concat()).exits(0);
    test.certkit(&["acme", "renew", "--force", "--state", "state"]).exits(0);
    assert_eq!(pebble.certificates(), 3);
}

#[test]
fn every_help_ends_with_the_exit_status() {
    let test = Test::new();
    let account = ["show", "update", "rollover", "deactivate"].map(|word| vec!["account", word]);
    let others = ["obtain", "renew", "revoke", "list", "account", "install-timer"].map(|word| vec![word]);
    for words in others.into_iter().chain(account) {
        let ran = test.certkit(&[&["acme"], &words[..], &["--help"]].concat()).exits(0);
        let text = ran.stdout();
        let (_, status) = text.split_once("EXIT STATUS\n").expect("a status");
        assert!(text.contains("EXAMPLES") && status.trim_start().starts_with("0 "), "{words:?}");
    }
    // The long text, too.
    let says = |word: &str, text: &str| {
        let ran = test.certkit(&["acme", word, "--help"]);
        assert!(ran.stdout().contains(text), "{}", ran.stdout());
    };
    says("obtain", "/var/lib/certkit");
    says("renew", "then every hour");
    says("revoke", "It will not be renewed");
}
