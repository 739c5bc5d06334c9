//! `certkit serve --acme` where the ACME server cannot reach it, and names that are proved by DNS.

use std::fs::{self, Permissions, set_permissions};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, chown};

use crate::harness::{Test, certkit};
use crate::named::{Named, SECRET};
use crate::pebble::Pebble;
use crate::process::{Process, Server};
use crate::serve_acme::{APP, acme, wait_until_trusted};
use crate::serve_privileges;

const QUIET: &[(&str, &str)] = &[("PEBBLE_WFE_NONCEREJECT", "0"), ("PEBBLE_VA_NOSLEEP", "1")];

/// RFC 5737: nobody has this address.
const ELSEWHERE: &str = "--acme-server=https://192.0.2.1/directory";

#[test]
fn listeners_that_the_acme_server_cannot_reach_stop_the_start() {
    let test = Test::new();
    test.write("app.py", APP);
    let serve = |args: &[&str]| {
        let common = ["serve", "--acme", "a.test", "--agree-tos", "--acme-state=state", "app.py"];
        test.certkit(&[&common[..], args].concat())
    };
    // What has the port may forward it.
    if TcpStream::connect("127.0.0.1:443").is_err() {
        serve(&[])
            .exits(2)
            .says("https://acme-v02.api.letsencrypt.org/directory cannot reach this server")
            .says("127.0.0.1:8443")
            .says("--listen https:*:443 --redirect-http *:80");
        serve(&["--listen=[::1]:0", ELSEWHERE]).exits(2).says("https://192.0.2.1/directory");
    }
    // What cannot be used for DNS is said at once, too.
    serve(&[ELSEWHERE, "--acme-dns-hook", "./missing"]).exits(2).says("./missing");
    serve(&[ELSEWHERE, "--acme-rfc2136", "missing.toml"]).exits(2).says("missing.toml");
    serve(&[ELSEWHERE, "--acme-rfc2136", "x", "--acme-dns-hook", "y"]).exits(2);
}

/// A fix of `serve` names the options of `serve`; those of `certkit acme` are in commands only.
#[test]
fn fixes_name_the_options_of_serve() {
    let test = Test::new();
    test.write("app.py", APP);
    test.write("roots.pem", "");
    test.write("empty", "");
    for (file, text) in [("wrong.toml", "a = [1]\n"), ("right.toml", "a = 1\n")] {
        test.write(file, text);
        set_permissions(test.path(file), Permissions::from_mode(0o600)).unwrap();
    }
    fs::create_dir(test.path("open")).unwrap();
    set_permissions(test.path("open"), Permissions::from_mode(0o777)).unwrap();
    let help = test.certkit(&["serve", "--help"]).exits(0).stdout();
    let defined = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let defined: Vec<_> = defined.flat_map(|line| line.split([' ', '=', '[', ','])).collect();
    let is_option = |word: &str| defined.contains(&word);
    assert!(is_option("--acme-dns-hook") && !is_option("--dns-hook"));
    let mut named = 0;
    for (args, wanted) in [
        (&["--acme-dns-hook", "./missing"][..], "`--acme-dns-hook '/usr"),
        (&["--acme-dns", "cloudflare", "--acme-dns-credentials", "missing"], "Check the spelling"),
        (&["--acme-dns", "cloudflare", "--acme-dns-credentials", "wrong.toml"], "per line"),
        (&["--acme-dns", "nonsense", "--acme-dns-credentials", "right.toml"], "`--acme-dns-hook`"),
        (&["--acme-dns", "cloudflare"], "`--acme-dns-credentials FILE`"),
        (&["--acme-dns-hook", "lego:true", "--acme-dns-credentials", "missing"], "Check the spelling"),
        (&["--acme-rfc2136", "missing"], "Check the spelling"),
        (&["--acme-rfc2136", "empty"], "such a file"),
        (&["--acme-dns-resolver", "1.1.1.1"], "`--acme-dns cloudflare`"),
        (&["--acme-dns-hook", "lego:true", "--acme-dns-resolver", "me"], "`--acme-dns-resolver 9.9.9.9`"),
        (&["--acme-dns-account"], "`--acme-dns-hook CMD`"),
        (&["--acme-eab-kid", "k", "--acme-eab-hmac-file", "missing"], "Check the spelling"),
        (&["--acme-eab-kid", "k", "--acme-eab-hmac-file", "empty"], "HMAC key"),
        (&["--acme-state", "open"], "chmod go-w open"),
        (&["--acme-server", "ca.test"], "`--acme-server https://"),
        (&["--acme", "*.a.test"], "`--acme-dns`"),
    ] {
        let state: &[&str] = if args.contains(&"--acme-state") { &[] } else { &["--acme-state=state"] };
        let common = ["serve", "--check", "--acme", "a.test", "--agree-tos", "app.py", "--format", "json"];
        let server: &[&str] = if args.contains(&"--acme-server") { &[] } else { &[ELSEWHERE] };
        let report = test.certkit(&[&common[..], state, server, args].concat()).exits(2).envelope();
        let fix = report["findings"][0]["fix"].as_str().unwrap_or_else(|| panic!("no fix: {report:#}"));
        assert!(fix.contains(wanted), "`{wanted}` is not in: {fix}");
        let said = fix.lines().filter(|line| !line.starts_with("certkit "));
        let said: Vec<_> = said.flat_map(|line| line.split('`')).collect();
        for span in said.iter().filter(|span| !span.starts_with("certkit ")) {
            // An example of a hook has options of its own.
            let span = span.split(" '").next().unwrap_or_default();
            for option in span.split([' ', '=']).filter(|word| word.starts_with("--")) {
                let option = option.trim_end_matches(['.', ',', ';', ':', ')']);
                assert!(is_option(option), "`{option}` is not an option of serve: {fix}");
                named += 1;
            }
        }
    }
    assert!(named >= 8, "{named}");
}

/// An option that is typed hides what conflicts with it in the layers below, and the environment is one of them: hooks and
/// shells have such variables for other servers.
#[test]
fn variables_of_another_certificate_do_not_stop_acme() {
    let test = Test::new();
    test.write("app.py", APP);
    let variables = ["CERTKIT_CERT", "CERTKIT_KEY", "CERTKIT_KEY_PASSWORD_FILE"];
    let check = |variables: &[&str], args: &[&str]| {
        let common = ["serve", "--check", "--agree-tos", "--acme-state=state", "app.py"];
        let challenge = ["--acme-dns-hook", "true", ELSEWHERE];
        let program = test.program(certkit()).args(common).args(args);
        let program = if args.contains(&"--acme") { program.args(challenge) } else { program };
        variables.iter().fold(program, |program, name| program.env(name, "missing")).run()
    };
    for variable in variables {
        check(&[variable], &["--acme", "a.test"]).exits(0).says("a certificate for a.test");
    }
    check(&variables, &["--acme", "a.test"]).exits(0);
    // They are a layer above the file, and what is typed together conflicts as before.
    test.write("certkit.toml", "[serve]\nacme = ['a.test']\nacme-state = 'state'\n");
    let of_file = test.program(certkit()).args(["serve", "--check", "--agree-tos", "app.py"]);
    of_file.env("CERTKIT_CERT", "missing").run().exits(2).says("there is no file `missing`");
    check(&variables, &["--acme", "a.test", "--cert", "typed"]).exits(2).says("cannot be used with");
}

#[test]
fn the_challenge_is_tried_on_itself_before_anything_is_ordered() {
    let test = Test::new();
    test.write("app.py", APP);
    // Port 80 of this address is not this server's.
    let args = ["serve", "--acme=127.0.0.1", "--agree-tos", "--acme-state=state", ELSEWHERE, "--workers=1"];
    let listeners = ["--listen=https:0.0.0.0:0", "--redirect-http=0.0.0.0:0", "app.py"];
    let mut process = Process::start(&test, test.program(certkit()).args(args).args(listeners));
    process.wait_for_log("retrying at");
    let log = process.log();
    assert!(log.contains("127.0.0.1:80") && log.contains("nothing was ordered"), "{log}");
    // The ACME server was not even asked for its directory.
    assert!(!log.contains("connecting to"), "{log}");
    assert!(process.ended().is_none());
}

#[test]
fn a_name_and_its_wildcard_are_proved_by_a_hook() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.write_issuer_root();
    test.write("app.py", APP);
    let hook = pebble.dns_hook();
    let mut args = vec!["--acme=*.a.test,a.test".to_owned(), "--workers=1".into()];
    args.push(format!("--acme-dns-hook={hook}"));
    args.extend(acme(&pebble, &pebble.directory()));
    args.push("app.py".into());
    let server = Server::start(&test, &args.iter().map(String::as_str).collect::<Vec<_>>());
    for name in ["www.a.test", "a.test"] {
        wait_until_trusted(&test, &server, name);
    }
    assert_eq!(pebble.certificates(), 1);
    // The timer of the same machine renews it in the same way.
    assert!(test.text("state/certs/_.a.test/renew.json").contains("dns_hook"));
}

#[test]
fn a_wildcard_is_proved_by_signed_updates() {
    let test = Test::new();
    let Some(named) = Named::start(&test) else { return };
    let Some(pebble) = Pebble::start_asking(&test, QUIET, &[], Some(named.port)) else { return };
    pebble.write_issuer_root();
    test.write("app.py", APP);
    let file = named.settings(&format!("key_name = \"acme\"\nsecret = \"{SECRET}\""));
    let mut args = vec!["--acme=*.dyn.test".to_owned(), "--workers=1".into()];
    args.push(format!("--acme-rfc2136={file}"));
    args.extend(acme(&pebble, &pebble.directory()));
    args.push("app.py".into());
    let server = Server::start(&test, &args.iter().map(String::as_str).collect::<Vec<_>>());
    wait_until_trusted(&test, &server, "www.dyn.test");
    assert_eq!(named.changes(), (1, 1));
}

#[test]
fn a_check_judges_what_the_start_would_and_asks_nobody() {
    let test = Test::new();
    test.write("app.py", APP);
    let check = |server: &str, args: &[&str]| {
        let server = format!("--acme-server={server}");
        let common =
            ["serve", "--check", "--acme=a.test,www.a.test", &server, "--acme-state=state", "app.py"];
        test.certkit(&[&common[..], args].concat())
    };
    // Nothing answers there, on this machine.
    const HERE: &str = "https://127.0.0.1:1/dir";
    check(HERE, &["--agree-tos", "--redirect-http=127.0.0.1:8080"])
        .exits(0)
        .says("the configuration holds")
        .says("certificates by http-01 or tls-alpn-01 from https://127.0.0.1:1/dir")
        .says("a certificate for a.test, www.a.test, which is obtained at the start");
    assert!(!test.path("state").exists());
    check(HERE, &[]).exits(2).says("terms of service").says("--agree-tos");
    check(HERE, &["--agree-tos", "--acme=*.b.test"]).exits(2).says("*.b.test");
    check(HERE, &["--agree-tos", "--acme-email=nobody"]).exits(2).says("`nobody`");
    check(HERE, &["--agree-tos", "--acme-dns-hook=./missing"]).exits(2).says("./missing");
    check(HERE, &["--agree-tos", "--acme-rfc2136=missing.toml"]).exits(2).says("missing.toml");
    check(HERE, &["--agree-tos", "--acme-eab-kid=x"]).exits(2).says("--acme-eab-hmac-file");
    test.write("dns.toml", "api_token = \"x\"");
    set_permissions(test.path("dns.toml"), Permissions::from_mode(0o644)).unwrap();
    let by_provider = ["--agree-tos", "--acme-dns=cloudflare", "--acme-dns-credentials=dns.toml"];
    check(HERE, &by_provider).exits(2).says("others may read it");
    set_permissions(test.path("dns.toml"), Permissions::from_mode(0o600)).unwrap();
    check(HERE, &by_provider).exits(0).says("certificates by dns-01 from");
    // What has the port may forward it.
    if TcpStream::connect("127.0.0.1:443").is_err() {
        check("letsencrypt", &["--agree-tos"]).exits(2).says("--listen https:*:443 --redirect-http *:80");
    }

    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.obtain(&["a.test", "www.a.test"]).exits(0);
    let (requests, files) = (pebble.requests(), test.files());
    check(&pebble.directory(), &["--agree-tos"])
        .exits(0)
        .says("a certificate for a.test, www.a.test, until 2");
    assert_eq!(pebble.requests(), requests);
    assert!(test.files() == files, "a check wrote something");
}

#[test]
fn a_check_leaves_to_the_user_what_only_the_user_may_see() {
    if !serve_privileges::is_root() {
        return;
    }
    let test = Test::new();
    test.write("app.py", APP);
    test.write("dns.toml", "api_token = \"x\"");
    fs::create_dir(test.path("state")).unwrap();
    for (path, mode) in [("dns.toml", 0o600), ("state", 0o700)] {
        set_permissions(test.path(path), Permissions::from_mode(mode)).unwrap();
        chown(test.path(path), Some(54_321), Some(54_321)).unwrap();
    }
    let check = |args: &[&str]| {
        let common = ["serve", "--check", "--acme=a.test", "--acme-server=https://127.0.0.1:1/dir"];
        test.certkit(&[&common[..], &["--acme-state=state", "app.py"], args].concat())
    };
    let later = "its state and secrets are looked at as 54321 when the server starts";
    let by_provider = ["--acme-dns=cloudflare", "--acme-dns-credentials=dns.toml"];
    let user = ["--user=54321", "--group=54321"];
    for challenge in [&by_provider[..], &[]] {
        check(&[challenge, &user].concat())
            .exits(0)
            .says(later)
            .says("a certificate for a.test, which is obtained");
        // Root itself would run with this state.
        check(&[challenge, &["--agree-tos", "--user=root"]].concat()).exits(2).says("state");
    }
    let elsewhere = [&user[..], &["--chroot=state"]].concat();
    check(&elsewhere).exits(0).says("looked at as 54321 in ").says("  a certificate for a.test\n");
    // What does not depend on the user is judged.
    check(&[&user[..], &["--acme=*.b.test"]].concat()).exits(2).says("*.b.test");
}

#[test]
fn another_challenge_on_the_command_line_replaces_that_of_the_file() {
    let test = Test::new();
    test.write("app.py", APP);
    test.write("dns.toml", "api_token = \"x\"");
    set_permissions(test.path("dns.toml"), Permissions::from_mode(0o600)).unwrap();
    let file = |challenge: &str| {
        let common = "acme = [\"a.test\"]\nagree-tos = true\nacme-state = \"state\"\n\
                      acme-server = [\"https://127.0.0.1:1/dir\"]\n";
        test.write("certkit.toml", format!("[serve]\n{common}{challenge}"));
    };
    let check = |args: &[&str]| test.certkit(&[&["serve", "--check", "app.py"], args].concat());
    const PROVIDER: &str = "acme-dns = \"cloudflare\"\nacme-dns-credentials = \"dns.toml\"\n\
                            acme-dns-resolver = \"127.0.0.1:53\"\nacme-dns-wait = 60\nacme-dns-account = true\n";
    file(PROVIDER);
    check(&[]).exits(0).says("certificates by dns-account-01");
    check(&["--acme-dns-persist=127.0.0.1:53"]).exits(0).says("certificates by dns-persist-01");
    check(&["--acme-dns-hook=./missing"]).exits(2).says("./missing");
    check(&["--acme-rfc2136=missing.toml"]).exits(2).says("missing.toml");
    let provider = ["--acme-dns=cloudflare", "--acme-dns-credentials=dns.toml"];
    for other in
        ["acme-rfc2136 = \"missing.toml\"\n", "acme-dns-hook = \"./missing\"\n", "acme-dns-persist = \"x\"\n"]
    {
        file(other);
        check(&[]).exits(2);
        check(&provider).exits(0).says("certificates by dns-01");
        // In one file none is above the other.
        file(&format!("{PROVIDER}{other}"));
        let word = other.split(' ').next().unwrap();
        check(&[]).exits(2).says(&format!("only one of --acme-dns and --{word} can prove the names"));
    }
}

#[test]
fn an_option_that_goes_with_acme_is_not_ignored() {
    let test = Test::new();
    test.write("app.py", APP);
    for (option, value) in
        [("--acme-dns", "cloudflare"), ("--acme-on-demand", "a.test"), ("--acme-state", "state")]
    {
        for further in [&[][..], &["--check"], &["--listen=127.0.0.1:0"]] {
            test.certkit(&[&["serve", "app.py", option, value], further].concat())
                .exits(2)
                .says(&format!("{option} is given without --acme"))
                .says("--acme www.example.com");
        }
    }
    // A file may keep them for another day.
    test.write("certkit.toml", "[serve]\nacme-dns = \"cloudflare\"\n");
    test.certkit(&["serve", "app.py", "--check", "--listen=127.0.0.1:0"]).exits(0);
}
