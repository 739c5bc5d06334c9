//! `check` after a roll-over: chains of the old root, and the printed ways on.

use crate::ca_renewed::{next, run_printed};
use crate::harness::{Ran, Test};

/// A CA after its roll-over; the old chain is `old.pem`. Gives the file of the old root.
fn rolled_over(options: &[&str]) -> (Test, String) {
    let test = Test::new();
    test.certkit(&[&["mkca"][..], options].concat()).exits(0);
    test.certkit(&["mkcert", "a.test"]).exits(0);
    if options.is_empty() {
        std::fs::copy(test.path("server.crt"), test.path("old.pem")).unwrap();
    } else {
        test.certkit(&["merge", "server.crt", "ca-bundle.ca", "-o", "old.pem"]).exits(0);
    }
    test.certkit(&["mkca", "--rollover"]).exits(0);
    let root = test.names().into_iter().find(|name| name.starts_with("ca.old-") && name.ends_with(".crt"));
    (test, root.unwrap())
}

/// The fix of the only finding of this code.
#[track_caller]
fn fix(ran: &Ran, code: &str) -> String {
    let envelope = ran.envelope();
    let findings = envelope["findings"].as_array().unwrap();
    let [finding] = findings.iter().filter(|one| one["code"] == code).collect::<Vec<_>>()[..] else {
        panic!("{}", ran.all())
    };
    finding["fix"].as_str().unwrap().to_owned()
}

/// The command after a text, up to its backquote or the end of its line.
fn command<'a>(text: &'a str, start: &str) -> &'a str {
    let from = text.find(start).unwrap_or_else(|| panic!("{start} is not in {text}"));
    text[from..].split(['`', '\n']).next().unwrap()
}

#[test]
fn a_chain_of_the_old_root_holds_for_those_who_have_it() {
    for options in [&[][..], &["--intermediate"]] {
        let (test, old) = rolled_over(options);
        let ran = test.certkit(&["check", "old.pem", "--host", "a.test", "--format", "json"]).exits(0);
        let ran = ran.says(&old).says("refuse the chain");
        run_printed(&test, command(&fix(&ran, "trusted_locally"), "certkit renew")).exits(0);
        let chain = if options.is_empty() { "old.pem" } else { "server.fullchain.pem" };
        test.certkit(&["check", chain, "--host", "a.test", "--roots", "ca.crt"]).exits(0);
    }
}

#[test]
fn with_the_new_root_alone_it_does_not_hold_and_the_printed_ways_on_work() {
    let (test, old) = rolled_over(&["--intermediate"]);
    let check = ["check", "old.pem", "--host", "a.test", "--roots", "ca.crt", "--format", "json"];
    let fix = fix(&test.certkit(&check).exits(1), "missing_intermediate");
    assert!(!fix.contains("ca-bundle.ca"), "{fix}");
    let other = command(&fix, "certkit check");
    assert_eq!(other, format!("certkit check old.pem --host a.test --roots {old}"));
    run_printed(&test, other).exits(0);
    run_printed(&test, command(&fix, "certkit renew")).exits(0);
    test.certkit(&check).exits(0);
}

#[test]
fn the_old_intermediate_is_named_where_it_is_missing() {
    let (test, old) = rolled_over(&["--intermediate"]);
    let ran = test.certkit(&["check", "server.crt", "--host", "a.test", "--format", "json"]).exits(1);
    let merge = fix(&ran, "missing_intermediate");
    run_printed(&test, command(&merge, "certkit merge")).exits(0);
    test.certkit(&["check", "chain.pem", "--host", "a.test"]).exits(0).says(&old);
}

#[test]
fn a_fix_keeps_the_host_of_the_check() {
    let test = Test::new();
    test.certkit(&["mkca", "-o", "pki"]).exits(0);
    test.certkit(&["mkcert", "a.test", "--client", "--server", "--ca", "pki/ca.crt"]).exits(0);
    for host in [&["--host", "a.test"][..], &[], &["--purpose", "client"]] {
        let check = [&["check", "server.crt", "--format", "json"], host].concat();
        let fix = fix(&test.certkit(&check).exits(1), "missing_intermediate");
        let given: String = host.iter().map(|word| format!(" {word}")).collect();
        let command = command(&fix, "certkit check");
        assert_eq!(command, format!("certkit check server.crt{given} --roots FILE"));
        run_printed(&test, &command.replace("FILE", "pki/ca.crt")).exits(0);
    }
}

#[test]
fn the_cross_certificate_is_not_called_unneeded_while_clients_have_the_old_root() {
    let (test, old) = rolled_over(&["--intermediate"]);
    test.certkit(&["mkcert", "b.test", "-o", "b"]).exits(0);
    let ran = test.certkit(&["merge", "b.crt", "ca-bundle.ca", "-o", "new.pem", "--format", "json"]).exits(0);
    let [check] = next(&ran).try_into().unwrap();
    run_printed(&test, &check).exits(0).keeps_quiet_about("unneeded").keeps_quiet_about("not needed");
    test.certkit(&["check", "new.pem", "--host", "b.test", "--roots", &old]).exits(0);
    // Nobody knows here whether there are such clients.
    let alone = test.certkit(&["check", "new.pem", "--host", "b.test", "--roots", "ca.crt"]).exits(0);
    alone.says("is only for clients that trust").keeps_quiet_about("certkit merge");
}

#[test]
fn what_the_old_ca_revoked_is_revoked() {
    for options in [&[][..], &["--intermediate"]] {
        let (test, _) = rolled_over(options);
        test.certkit(&["check", "old.pem", "--host", "a.test"]).exits(0);
        test.certkit(&["revoke", "server.crt"]).exits(0);
        test.certkit(&["check", "old.pem", "--host", "a.test"]).exits(1).says("revoked").says("ledger.jsonl");
    }
}
