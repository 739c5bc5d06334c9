//! `certkit acme` beside the order itself: external accounts, profiles, chains, deploy hooks, groups, rehearsals,
//! revocation, accounts, timers.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::acme_front::{Class, Fault, Front};
use crate::harness::{Program, Ran, Test, certkit, eventually};
use crate::pebble::Pebble;
use crate::peers::peer;
use crate::process::{Process, free_port};

const QUICK: [(&str, &str); 2] = [("PEBBLE_WFE_NONCEREJECT", "0"), ("PEBBLE_VA_NOSLEEP", "1")];
const RENEW: [&str; 4] = ["acme", "renew", "--state", "state"];

#[test]
fn an_account_is_bound_to_an_external_one() {
    let test = Test::new();
    // The secret is the text `certkit-test-eab-mac-key-0123456789` in base64url.
    let secret = "Y2VydGtpdC10ZXN0LWVhYi1tYWMta2V5LTAxMjM0NTY3ODk";
    let members = [
        ("externalAccountBindingRequired", json!(true)),
        ("externalAccountMACKeys", json!({"kid-1": secret})),
    ];
    let Some(pebble) = Pebble::start_configured(&test, &QUICK, &members) else { return };
    pebble.obtain(&["a.test"]).exits(2).says("--eab-kid");
    assert_eq!(pebble.accounts(), 0);
    test.write("secret", format!("{secret}=\n"));
    test.write("wrong", "AAAA\n");
    test.write("broken", "no secret!\n");
    let obtain =
        |kid: &str, file: &str| pebble.obtain(&["a.test", "--eab-kid", kid, "--eab-hmac-file", file]);
    obtain("kid-1", "missing").exits(2).says("missing");
    obtain("kid-1", "broken").exits(2).says("base64url");
    obtain("kid-1", "wrong").exits(1).says("acme_failed");
    obtain("kid-1", "secret").exits(0);
    assert_eq!((pebble.accounts(), pebble.certificates()), (1, 1));
    // From then on the account is known.
    pebble.obtain(&["b.test"]).exits(0);
}

#[test]
fn a_profile_is_looked_up_asked_for_and_kept() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["a.test", "--profile", "shortlived"]).exits(2).says("offers no profiles");
    front.offer_profiles(&[
        ("classic", "as ever"),
        ("shortlived", "six days"),
        ("tlsserver", "\u{1b}[2J45 days"),
    ]);
    front
        .obtain(&["a.test", "--profile", "short"])
        .exits(2)
        .says("shortlived: six days")
        .says("classic: as ever")
        .keeps_quiet_about("\u{1b}[2J");
    assert_eq!(front.count(Class::NewOrder), 0);

    front.obtain(&["a.test", "--profile", "shortlived"]).exits(0);
    front.obtain(&["a.test"]).exits(0).says("nothing to do");
    front.obtain(&["a.test", "--profile", "shortlived"]).exits(0).says("nothing to do");
    test.certkit(&[&RENEW[..], &["--force"]].concat()).exits(0);
    front.obtain(&["a.test", "--profile", "tlsserver"]).exits(0).says("another profile was requested");
    let profiles: Vec<_> =
        front.payloads(Class::NewOrder).iter().map(|payload| payload["profile"].clone()).collect();
    assert_eq!(profiles, ["shortlived", "shortlived", "tlsserver"]);

    // Addresses are certified in one profile only.
    front.obtain(&["127.0.0.1"]).exits(0);
    assert_eq!(front.payloads(Class::NewOrder)[3]["profile"], "shortlived");
}

#[test]
fn too_many_names_are_refused_before_anything_is_ordered() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    let names = |count: usize| (0..count).map(|number| format!("n{number}.test")).collect::<Vec<_>>();
    let obtain = |count, more: &[&str]| {
        let names = names(count);
        let names: Vec<_> = names.iter().map(String::as_str).chain(more.iter().copied()).collect();
        front.obtain(&names)
    };
    obtain(101, &[]).exits(2).says("101 names").says("the limit is 100");
    assert_eq!(front.requests(), 0);
    obtain(26, &["--profile", "shortlived"]).exits(2).says("of the profile `shortlived`: the limit is 25");
    assert_eq!(front.requests(), 0);
    // The limit of a profile that is implied shows when the server has named it.
    front.offer_profiles(&[("shortlived", "six days")]);
    obtain(25, &["127.0.0.1"]).exits(2).says("the limit is 25");
    assert_eq!(front.count(Class::NewOrder), 0);
}

#[test]
fn the_preferred_chain_is_taken_where_there_is_one() {
    let test = Test::new();
    let knobs = [QUICK[0], QUICK[1], ("PEBBLE_ALTERNATE_ROOTS", "2")];
    let (Some(openssl), Some(pebble)) = (peer("openssl"), Pebble::start_with(&test, &knobs)) else { return };
    let roots: Vec<_> = (0..3)
        .map(|number| {
            let file = pebble.write_root(number).display().to_string();
            let args = ["x509", "-in", &file, "-noout", "-subject", "-nameopt", "multiline"];
            let subject = test.run(&openssl, &args).exits(0).stdout();
            subject.split("commonName").nth(1).unwrap().trim().trim_start_matches("= ").trim().to_owned()
        })
        .collect();
    let issuer = |name: &str| {
        let file = format!("state/live/{name}/chain.pem");
        test.run(&openssl, &["x509", "-in", &file, "-noout", "-issuer"]).exits(0).stdout()
    };
    for (number, root) in roots.iter().enumerate() {
        let name = format!("n{number}.test");
        pebble.obtain(&[&name, "--preferred-chain", root]).exits(0).keeps_quiet_about("offers no chain");
        assert!(issuer(&name).contains(root), "{} is not {root}", issuer(&name));
    }
    test.certkit(&[&RENEW[..], &["n2.test", "--force"]].concat()).exits(0);
    assert!(issuer("n2.test").contains(&roots[2]));
    pebble.obtain(&["b.test", "--preferred-chain", "Nobody"]).exits(0).says("offers no chain").says("Nobody");
}

#[test]
fn a_deploy_hook_runs_when_the_certificate_is_live_and_only_it_is_repeated() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    let hook = r#"echo "$CERTKIT_NAME|$CERTKIT_NAMES" >> ran; test -s "$CERTKIT_KEY" -a -s "$CERTKIT_FULLCHAIN" || exit 9
        test -e ready && exit 0; echo 'not ready; $(touch hurt)' >&2; exit 7"#;
    let obtain = || front.obtain(&["a.test", "b.test", "--deploy-hook", hook]);
    obtain()
        .exits(3)
        .says("hook_failed")
        .says("status 7")
        .says("| not ready; $(touch hurt)")
        .says("state/live/a.test/fullchain.pem");
    let requests = front.requests();
    obtain().exits(3).says("status 7");
    test.certkit(&RENEW).exits(3).says("the deploy hook failed");
    let listed = test.certkit(&["acme", "list", "--state", "state", "--format", "json"]).exits(0).report();
    assert_eq!(listed["certificates"][0]["hook_failure"], "exited with status 7");
    test.write("ready", "");
    test.certkit(&RENEW).exits(0);
    assert_eq!(test.text("ran"), "a.test|a.test b.test\n".repeat(4));
    assert!(!test.path("hurt").exists());

    // Nothing is left to be run; what is not said stays, an empty word takes it away.
    obtain().exits(0).says("nothing to do");
    front.obtain(&["a.test", "b.test"]).exits(0);
    assert!(test.text("state/certs/a.test/renew.json").contains("deploy_hook"));
    assert_eq!(front.requests(), requests + 1, "only the directory was asked, for renewal information");
    front.obtain(&["a.test", "b.test", "--deploy-hook", ""]).exits(0);
    assert!(!test.text("state/certs/a.test/renew.json").contains("deploy_hook"));
    assert_eq!(test.text("ran").lines().count(), 4);
}

#[test]
fn a_count_that_cannot_be_kept_hides_neither_a_certificate_nor_a_failure() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.obtain(&["a.test", "--deploy-hook", "echo ran >> ran"]).exits(0);
    let account = fs::read_dir(test.path("state/accounts")).unwrap().next().unwrap().unwrap();
    fs::write(account.path().join("history.json"), "{").unwrap();
    test.certkit(&["acme", "renew", "--force", "--state", "state"]).exits(0).says("history.json");
    assert_eq!((test.text("ran").as_str(), pebble.certificates()), ("ran\nran\n", 2));
    let closed = format!("--http=127.0.0.1:{}", free_port());
    pebble.obtain_by(&["b.test", "--force", &closed]).exits(1).says("b.test");
    // Without --force nothing is ordered that might be one too many.
    pebble.obtain(&["b.test"]).exits(2).says("history.json");
    assert_eq!(pebble.certificates(), 2);
}

#[test]
fn one_group_is_let_through_to_the_key() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let group = rustix::process::getegid().as_raw().to_string();
    pebble
        .obtain(&["a.test", "--key-group", "no such group"])
        .exits(2)
        .says("no such group")
        .says("--key-group");
    pebble.obtain(&["a.test", "--key-group", &group]).exits(0);
    let mode = |name: &str| fs::metadata(test.path(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode("state/live/a.test/privkey.pem"), 0o640);
    assert_eq!(mode("state/live/a.test/"), 0o750);
    for folder in ["state", "state/live", "state/certs", "state/certs/a.test"] {
        assert_eq!(mode(folder), 0o711, "{folder}");
    }
    for folder in ["state/accounts", "state/orders"] {
        assert_eq!(mode(folder), 0o700, "{folder}");
    }
    assert_eq!(mode("state/certs/a.test/renew.json"), 0o600);
    // Without another certificate the key is shut again.
    pebble.obtain(&["a.test", "--key-group", ""]).exits(0).says("nothing to do");
    assert_eq!((mode("state/live/a.test/privkey.pem"), pebble.certificates()), (0o600, 1));
}

#[test]
fn a_rehearsal_validates_and_keeps_nothing() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["a.test", "--dry-run", "--deploy-hook", "touch ran"]).exits(0).says("validated all names");
    assert!(!test.path("state").exists() && !test.path("ran").exists());
    assert_eq!((pebble.orders(), front.count(Class::Finalize)), (1, 0));
    // The account of the rehearsal was closed; one that was there before is lent and stays.
    assert_eq!(front.payloads(Class::Account), [json!({"status": "deactivated"})]);
    front.obtain(&["a.test"]).exits(0);
    front.obtain(&["b.test", "--dry-run"]).exits(0);
    assert_eq!((pebble.accounts(), front.count(Class::Account)), (2, 1));
    front.always(Class::NewOrder, Fault::problem(403, "rejectedIdentifier", "not this name"));
    front.obtain(&["c.test", "--dry-run"]).exits(1).says("not this name");
}

#[test]
fn a_rehearsal_that_is_stopped_leaves_no_copy_of_the_accounts_key() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["a.test"]).exits(0);
    for signal in [Signal::INT, Signal::TERM] {
        front.on(Class::NewOrder, Fault::Delay(std::time::Duration::from_secs(60)));
        let orders = front.count(Class::NewOrder);
        fs::create_dir_all(test.path("tmp")).unwrap();
        let args = ["acme", "obtain", "b.test", "--dry-run"];
        let program = test.program(certkit()).args(args).args(front.args());
        let program = program.env("TMPDIR", test.path("tmp"));
        let mut run = Process::start(&test, program);
        eventually("an order is asked for", || (front.count(Class::NewOrder) > orders).then_some(()));
        assert_eq!(fs::read_dir(test.path("tmp")).unwrap().count(), 1);
        run.signal(signal);
        assert_eq!(run.wait().code(), Some(2), "{}", run.log());
        assert_eq!(fs::read_dir(test.path("tmp")).unwrap().count(), 0);
    }
}

#[test]
fn a_certificate_is_revoked_in_either_name() {
    let test = Test::new();
    let (Some(openssl), Some(pebble)) = (peer("openssl"), Pebble::start(&test)) else { return };
    let serial = |name: &str| {
        let file = format!("state/live/{name}/cert.pem");
        let text = test.run(&openssl, &["x509", "-in", &file, "-noout", "-serial"]).exits(0).stdout();
        text.trim().trim_start_matches("serial=").to_owned()
    };
    let revoke = |args: &[&str]| test.certkit(&[&["acme", "revoke", "--state", "state"], args].concat());
    let cases: [(&str, &str, &[&str]); 4] = [
        ("a.test", "p256", &["--reason", "keyCompromise"]),
        ("b.test", "p256", &["--with-certificate-key"]),
        ("c.test", "p384", &["--with-certificate-key", "--reason", "1"]),
        ("d.test", "rsa2048", &["--with-certificate-key", "--reason", "superseded"]),
    ];
    for (name, kind, args) in cases {
        pebble.obtain(&[name, "-k", kind]).exits(0);
        assert_eq!(pebble.status_of(&serial(name)), "Valid");
        revoke(&[&[name], args].concat()).exits(0).says("is revoked").says("certkit acme obtain");
        assert_eq!(pebble.status_of(&serial(name)), "Revoked", "{name}");
    }
    // Again is no harm; what is not there is said so.
    revoke(&["a.test"]).exits(0);
    revoke(&["x.test"]).exits(2).says("not_found").says("certkit acme list");
    revoke(&["a.test", "--reason", "because"]).exits(2).says("keyCompromise (1)");

    let renewed = test.certkit(&[&RENEW[..], &["--format", "json"]].concat()).exits(0).report();
    let states: Vec<_> =
        renewed["certificates"].as_array().unwrap().iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["revoked"; 4]);
    test.certkit(&["acme", "list", "--state", "state"]).exits(0).says("revoked on").says("never");
    pebble.obtain(&["a.test"]).exits(0).says("the current one is revoked");
    assert_eq!(pebble.status_of(&serial("a.test")), "Valid");
}

/// `certkit acme account ARGS... --state state`.
fn account(test: &Test, args: &[&str]) -> Ran {
    account_program(test, args).run()
}

fn account_program<'a>(test: &'a Test, args: &[&str]) -> Program<'a> {
    test.program(certkit()).args(["acme", "account"]).args(args).args(["--state", "state"])
}

#[test]
fn an_account_is_shown_changed_and_closed() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    account(&test, &["show"]).exits(2).says("certkit acme obtain");
    pebble.obtain(&["a.test", "--email", "one@example.org"]).exits(0);
    account(&test, &["show"]).exits(0).says("valid").says("mailto:one@example.org").says("key.pem");
    account(&test, &["update", "--email", "two@example.org"]).exits(0).says("mailto:two@example.org");
    account(&test, &["update", "--email", "nonsense"]).exits(2).says("not a valid mail address");
    let shown = account(&test, &["show", "--format", "json"]).exits(0).report();
    assert_eq!((&shown["status"], &shown["contacts"]), (&json!("valid"), &json!(["mailto:two@example.org"])));
    account(&test, &["show", "--server", "https://other.test/dir"]).exits(2).says("other.test");

    let front = Front::start(&test, &pebble);
    front.obtain(&["b.test"]).exits(0);
    account(&test, &["show"]).exits(2).says("several servers").says(front.directory());
    account(&test, &["deactivate", "--server", &pebble.directory()]).exits(0).says("deactivated");
    account(&test, &["show", "--server", &pebble.directory()]).exits(2);
    assert_eq!(pebble.accounts(), 2);
    // The next certificate makes another account, whose terms are agreed to already.
    let renew = ["acme", "renew", "a.test", "--force", "--state", "state"];
    test.certkit(&renew).exits(0);
    assert_eq!(pebble.accounts(), 3);
    front.on(Class::Account, Fault::Lose);
    account(&test, &["deactivate", "--server", front.directory()]).exits(0).says("deactivated");
    account(&test, &["show", "--server", front.directory()]).exits(2);
}

#[test]
fn another_key_is_given_to_the_account_whatever_happens() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    front.obtain(&["a.test"]).exits(0);
    let key_file = test
        .names()
        .into_iter()
        .find(|name| name.starts_with("state/accounts/") && name.ends_with("/key.pem"))
        .unwrap();
    let mut keys = vec![test.text(&key_file)];
    let mut is_another_key = |expected: bool, what: &str| {
        let key = test.text(&key_file);
        assert_eq!(!keys.contains(&key), expected, "{what}");
        keys.push(key);
        assert!(!test.path(key_file.replace("key.pem", "key.next.pem")).exists(), "{what}");
        account(&test, &["show"]).exits(0).says("valid");
    };
    account(&test, &["rollover"]).exits(0).says("a new key");
    is_another_key(true, "without a fault");
    front.on(Class::KeyChange, Fault::Lose);
    account(&test, &["rollover"]).exits(0);
    is_another_key(true, "the answer lost");
    front.on(Class::KeyChange, Fault::problem(403, "unauthorized", "no"));
    account(&test, &["rollover"]).exits(1).says("no");
    is_another_key(false, "refused");
    for (hold, expected) in [(Fault::HoldRequest, false), (Fault::HoldAnswer, true)] {
        let what = format!("killed at {hold:?}");
        front.on(Class::KeyChange, hold);
        let mut run = Process::start(&test, account_program(&test, &["rollover"]));
        front.wait_until_held();
        run.signal(Signal::KILL);
        run.wait();
        front.obtain(&["a.test", "--force"]).exits(0);
        is_another_key(expected, &what);
    }
    assert_eq!(pebble.accounts(), 1);
}

#[test]
fn a_lost_answer_to_a_new_order_costs_no_other_order() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let front = Front::start(&test, &pebble);
    for (number, fault) in [Fault::Lose, Fault::Truncate, Fault::Halve].into_iter().enumerate() {
        front.on(Class::NewOrder, fault.clone());
        front.obtain(&[&format!("n{number}.test")]).exits(0);
        assert_eq!((pebble.orders(), pebble.certificates()), (number + 1, number + 1), "{fault:?}");
    }
}

#[test]
fn a_state_directory_of_others_is_refused() {
    let test = Test::new();
    let obtain = || test.certkit(&["acme", "obtain", "a.test", "--state", "state", "--http=127.0.0.1:9"]);
    fs::create_dir(test.path("state")).unwrap();
    fs::set_permissions(test.path("state"), fs::Permissions::from_mode(0o777)).unwrap();
    obtain().exits(2).says("other users may write").says("chmod go-w state");
    test.certkit(&RENEW).exits(2).says("chmod go-w state");
    fs::set_permissions(test.path("state"), fs::Permissions::from_mode(0o700)).unwrap();
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(test.path("state"), Some(12345), None).unwrap();
        obtain().exits(2).says("belongs to another user (uid 12345)").says("--state DIR");
    }
}

#[test]
fn a_timer_is_written_and_never_over_another() {
    let test = Test::new();
    let install = |args: &[&str]| {
        let base = ["acme", "install-timer", "--root", "image", "--state", "my state"];
        test.certkit(&[&base[..], args].concat())
    };
    install(&[]).exits(2).says("--systemd").says("--cron");
    install(&["--systemd", "--dry-run"]).exits(0).says("OnCalendar=").says("enable --now certkit-acme.timer");
    assert!(test.names().is_empty());

    install(&["--systemd"]).exits(0).says("certkit-acme.timer").says("daemon-reload");
    let is_root = rustix::process::geteuid().is_root();
    let unit = |kind: &str| {
        let ending = format!("systemd/{}/certkit-acme.{kind}", if is_root { "system" } else { "user" });
        test.names().into_iter().find(|name| name.ends_with(&ending)).unwrap()
    };
    for line in ["OnCalendar=hourly", "RandomizedDelaySec=", "Persistent=true"] {
        assert!(test.text(&unit("timer")).contains(line));
    }
    let service = test.text(&unit("service"));
    let state = test.path("my state").display().to_string();
    assert!(service.contains(&format!("acme renew --quiet --state \"{state}\"")), "{service}");
    // The same again is no conflict; another is.
    install(&["--systemd"]).exits(0);
    fs::write(test.path(unit("timer")), "mine").unwrap();
    install(&["--systemd"]).exits(2).says("output_exists").says("--force");
    assert_eq!(test.text(&unit("timer")), "mine");
    install(&["--systemd", "--force"]).exits(0);

    let ran = install(&["--cron"]).exits(0);
    let text = if is_root { test.text("image/etc/cron.d/certkit-acme") } else { ran.stdout() };
    assert!(text.contains("0 * * * * ") && text.contains("acme renew"), "{text}");
}

#[test]
fn the_list_says_what_there_is() {
    let test = Test::new();
    let list = |args: &[&str]| test.certkit(&[&["acme", "list", "--state", "state"], args].concat()).exits(0);
    list(&[]).says("no certificates");
    let empty = list(&["--format", "json"]).report();
    assert_eq!(empty["certificates"], json!([]));
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.obtain(&["b.test"]).exits(0);
    pebble.obtain(&["a.test", "www.a.test", "-k", "p384"]).exits(0);
    let text = list(&[]).says(&pebble.directory()).says("days left").says("renewal  after 20").stdout();
    let listed = list(&["--format", "json"]).report();
    // In the text the one that ends first comes first.
    let end = |index: usize| listed["certificates"][index]["not_after"].as_str().unwrap().to_owned();
    let position = |name: &str| text.find(&format!("  {name}  ")).unwrap();
    assert_eq!(position("b.test") < position("a.test"), end(1) < end(0), "{text}");
    let first = &listed["certificates"][0];
    assert_eq!(listed["schema"], 1);
    assert_eq!(
        first["names"],
        json!([{"kind": "dns", "value": "a.test"}, {"kind": "dns", "value": "www.a.test"}])
    );
    assert_eq!((&first["key_type"], &first["failures"]), (&json!("p384"), &json!(0)));
    assert!(first["days_left"].as_i64().unwrap() > 1000);
    assert_eq!(first["last_failure"], Value::Null);
    // One that cannot be read does not hide the other.
    test.write("state/certs/a.test/renew.json", "{");
    test.certkit(&["acme", "list", "--state", "state"]).exits(2).says("b.test").says("renew.json");
}
