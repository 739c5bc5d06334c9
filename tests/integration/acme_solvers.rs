//! Every way to answer a challenge, against Pebble with real validation.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{Test, certkit};
use crate::named::{Named, SECRET};
use crate::pebble::Pebble;
use crate::peers::{not_allowed_here, peer, without_override};
use crate::process::{Process, free_port};
use crate::testing::write_program;

const QUIET: &[(&str, &str)] = &[("PEBBLE_WFE_NONCEREJECT", "0"), ("PEBBLE_VA_NOSLEEP", "1")];

/// The names in a certificate, as openssl says them.
#[track_caller]
fn names_in(test: &Test, name: &str) -> String {
    let Some(openssl) = peer("openssl") else { return String::new() };
    let file = format!("state/live/{name}/cert.pem");
    test.run(openssl, &["x509", "-in", &file, "-noout", "-ext", "subjectAltName"]).exits(0).stdout()
}

fn hook_calls(test: &Test) -> Vec<String> {
    fs::read_to_string(test.path("hook.log")).unwrap_or_default().lines().map(str::to_owned).collect()
}

#[test]
fn a_web_server_that_runs_already_shows_the_answer() {
    let test = Test::new();
    let (Some(nginx), Some(pebble)) = (peer("nginx"), Pebble::start(&test)) else { return };
    test.write("www/index.html", "hello");
    let folder = test.path("nginx");
    fs::create_dir(&folder).unwrap();
    let (folder, port) = (folder.display(), pebble.http_port);
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .collect();
    test.write(
        "nginx/nginx.conf",
        format!(
            "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n\
             http {{\naccess_log /dev/stdout;\n{paths}server {{ listen 127.0.0.1:{port}; root {}; }}\n}}\n",
            test.path("www").display()
        ),
    );
    let (conf, prefix) = (format!("{folder}/nginx.conf"), folder.to_string());
    let program = test.program(nginx).args(["-c", &conf, "-p", &prefix, "-e", "stderr"]);
    let mut server = Process::start(&test, program);
    server.wait_for((Ipv4Addr::LOCALHOST, port).into());

    let umask =
        test.program(certkit()).umask("077").args(["acme", "obtain", "a.test", "b.test", "--agree-tos"]);
    umask.args(["--webroot", "www"]).args(pebble.server_args()).run().exits(0);
    server.wait_for_log("GET /.well-known/acme-challenge/");
    assert_eq!(fs::read_dir(test.path("www")).unwrap().count(), 1, "something is left behind");
    let renew = test.text("state/certs/a.test/renew.json");
    assert!(renew.contains(&format!("\"webroot\": \"{}\"", test.path("www").display())), "{renew}");
}

#[test]
fn a_webroot_that_cannot_be_used_costs_no_order() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let requests = pebble.requests();
    pebble
        .obtain_by(&["a.test", "--webroot", "missing"])
        .exits(2)
        .says("not_found")
        .says("--webroot /var/www/html");
    test.write("file", "");
    pebble.obtain_by(&["a.test", "--webroot", "file"]).exits(2).says("not a directory");
    fs::create_dir_all(test.path("www")).unwrap();
    fs::create_dir_all(test.path("elsewhere")).unwrap();
    symlink(test.path("elsewhere"), test.path("www/.well-known")).unwrap();
    pebble.obtain_by(&["a.test", "--webroot", "www"]).exits(2).says("without symbolic links");
    assert_eq!(fs::read_dir(test.path("elsewhere")).unwrap().count(), 0);
    fs::create_dir(test.path("readonly")).unwrap();
    fs::set_permissions(test.path("readonly"), fs::Permissions::from_mode(0o555)).unwrap();
    let words = ["acme", "obtain", "a.test", "--agree-tos", "--webroot", "readonly"];
    let obtain = without_override(&test).args([certkit()]).args(words).args(pebble.server_args());
    obtain.run().exits(2).says("permission");
    assert_eq!(pebble.requests(), requests);
}

#[test]
fn a_tls_listener_answers_for_names_and_addresses() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let listen = format!("--tls-alpn=127.0.0.1:{}", pebble.tls_port);
    pebble.obtain_by(&["a.test", "b.test", "127.0.0.1", &listen]).exits(0);
    let names = names_in(&test, "a.test");
    for name in ["DNS:a.test", "DNS:b.test", "IP Address:127.0.0.1"] {
        assert!(names.contains(name), "{names}");
    }
    assert!(test.text("state/certs/a.test/renew.json").contains("\"tls_alpn\""));
}

#[test]
fn addresses_are_proved_over_http() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    pebble.obtain(&["127.0.0.1"]).exits(0).says("state/live/127.0.0.1/fullchain.pem");
    assert!(names_in(&test, "127.0.0.1").contains("IP Address:127.0.0.1"));
    if TcpListener::bind("[::1]:0").is_ok() {
        let listen = format!("--http=[::1]:{}", pebble.http_port);
        pebble.obtain_by(&["0:0:0:0:0:0:0:1", &listen]).exits(0).says("state/live/::1/fullchain.pem");
        assert!(names_in(&test, "::1").contains("IP Address:0:0:0:0:0:0:0:1"));
    }
    let requests = pebble.requests();
    pebble
        .obtain_by(&["127.0.0.1", "a.test", "--dns-hook", "true"])
        .exits(2)
        .says("127.0.0.1, which is an IP address");
    assert_eq!(pebble.requests(), requests);
}

#[test]
fn a_name_and_its_wildcard_are_proved_by_a_hook() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let hook = pebble.dns_hook();
    pebble
        .obtain_by(&["*.a.test", "a.test", "--dns-hook", &hook])
        .exits(0)
        .says("state/live/_.a.test/fullchain.pem");
    let names = names_in(&test, "_.a.test");
    assert!(names.contains("DNS:*.a.test") && names.contains("DNS:a.test"), "{names}");

    // Both values are there before the first is looked for, and each goes at the end.
    let calls = hook_calls(&test);
    let fields: Vec<_> = calls.iter().map(|call| call.split(' ').collect::<Vec<_>>()).collect();
    let verbs: Vec<_> = fields.iter().map(|call| call[0]).collect();
    assert_eq!(verbs, ["present", "present", "cleanup", "cleanup"]);
    assert!(fields.iter().all(|call| call[1] == "_acme-challenge.a.test."), "{calls:?}");
    assert_ne!(fields[0][2], fields[1][2]);
    assert_eq!((fields[0][2], fields[1][2]), (fields[2][2], fields[3][2]));
    let renew = test.text("state/certs/_.a.test/renew.json");
    assert!(renew.contains(&format!("\"dns_hook\": \"{}\"", test.path("dns-hook").display())), "{renew}");
}

#[test]
fn a_hook_that_fails_is_heard() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let (requests, hook) = (pebble.requests(), "no-such-hook --zone a.test");
    pebble
        .obtain_by(&["a.test", "--dns-hook", hook])
        .exits(2)
        .says("cannot run the DNS hook")
        .says("nothing was ordered");
    assert_eq!(pebble.requests(), requests);

    let hook = "#!/bin/sh\necho \"$1\" >> hook.log\necho 'no such zone' >&2\n[ $1 = cleanup ]\n";
    write_program(&test.path("hook"), hook);
    pebble
        .obtain_by(&["a.test", "b.test", "--dns-hook", "./hook"])
        .exits(1)
        // Whichever of the two the server names first.
        .says("present _acme-challenge.")
        .says("exit status: 1")
        .says("| no such zone");
    assert_eq!(hook_calls(&test), ["present", "cleanup"]);
    // The order goes on once the hook is mended.
    let hook = pebble.dns_hook();
    pebble.obtain_by(&["a.test", "b.test", "--dns-hook", &hook]).exits(0).says("an earlier run");
    assert_eq!((pebble.orders(), pebble.certificates()), (1, 1));
}

#[test]
fn a_run_killed_while_its_records_are_looked_at_is_continued_and_tidied_up() {
    let test = Test::new();
    let knobs = [("PEBBLE_WFE_NONCEREJECT", "0"), ("PEBBLE_VA_SLEEPTIME", "3")];
    let Some(pebble) = Pebble::start_with(&test, &knobs) else { return };
    let hook = pebble.dns_hook();
    let args = ["acme", "obtain", "*.a.test", "--agree-tos", "--dns-hook", &hook];
    let mut run = Process::start(&test, test.program(certkit()).args(args).args(pebble.server_args()));
    run.wait_for_log("the server is checking");
    run.signal(Signal::KILL);
    run.wait();
    assert_eq!(hook_calls(&test).len(), 1);
    // Long enough for the validation to end in some runs, so that both ways to tidy up are taken over time.
    std::thread::sleep(Duration::from_millis(1500));
    pebble.obtain_by(&["*.a.test", "--dns-hook", &hook]).exits(0).says("an earlier run");
    let calls = hook_calls(&test);
    assert_eq!(calls.last().unwrap(), &calls[0].replace("present", "cleanup"));
    assert_eq!((pebble.orders(), pebble.certificates()), (1, 1));
}

#[test]
fn records_are_set_by_signed_updates() {
    let test = Test::new();
    let Some(named) = Named::start(&test) else { return };
    let Some(pebble) = Pebble::start_asking(&test, QUIET, &[], Some(named.port)) else { return };
    let key = format!("key_name = \"acme\"\nsecret = \"{SECRET}\"");
    let file = named.settings(&key);
    pebble.obtain_by(&["a.dyn.test", "*.a.dyn.test", "--rfc2136", file]).exits(0);
    assert_eq!(named.changes(), (2, 2));

    // A CNAME in a zone that takes no updates leads to one that does.
    let file = named.settings(&format!("{key}\nzone = \"dyn.test\""));
    pebble.obtain_by(&["b.test", "--rfc2136", file]).exits(0);
    assert_eq!(named.changes(), (3, 3));
    assert!(test.text("state/certs/b.test/renew.json").contains("\"rfc2136\""));
}

#[test]
fn a_name_server_that_says_no_is_understood() {
    let test = Test::new();
    let Some(named) = Named::start(&test) else { return };
    let Some(pebble) = Pebble::start_asking(&test, QUIET, &[], Some(named.port)) else { return };
    let obtain =
        |name: &str, lines: &str| pebble.obtain_by(&[name, "--rfc2136", named.settings(lines)]).exits(1);
    let key = format!("key_name = \"acme\"\nsecret = \"{SECRET}\"");
    obtain("a.dyn.test", "key_name = \"acme\"\nsecret = \"AAAAAAAA\"").says("BADSIG");
    obtain("a.dyn.test", &format!("key_name = \"other\"\nsecret = \"{SECRET}\"")).says("BADKEY");
    obtain("a.dyn.test", &format!("{key}\nalgorithm = \"hmac-sha512\"")).says("BADKEY");
    obtain("a.dyn.test", &format!("{key}\nzone = \"other.test\"")).says("not in the zone other.test.");
    obtain("x.b.test", &key).says("REFUSED");
    obtain("a.other.test", &format!("{key}\nresolver = \"127.0.0.1:{}\"", named.port)).says("no zone that");
    assert_eq!(named.changes(), (0, 0));

    let requests = pebble.requests();
    let file = named.settings("key_name = \"acme\"");
    pebble
        .obtain_by(&["c.dyn.test", "--rfc2136", file])
        .exits(2)
        .says("secret_file")
        .says("nothing was ordered");
    test.write("dns.toml", format!("server = \"127.0.0.1:{}\"\n{key}\n", free_port()));
    assert_eq!(pebble.requests(), requests);
    pebble.obtain_by(&["c.dyn.test", "--rfc2136", "dns.toml"]).exits(1).says("connection refused");
}

#[test]
fn a_closed_port_is_named_as_the_likely_cause() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    // An address of this machine that is looked at without a name server, where nothing listens.
    let (address, elsewhere) = ("127.77.0.1", free_port());
    if TcpListener::bind((address, 80)).is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse) {
        return not_allowed_here("port 80, on which something listens,");
    }
    pebble
        .obtain_by(&[address, &format!("--http=127.0.0.1:{elsewhere}")])
        .exits(1)
        .says("No request for the answer arrived here")
        .says("Open port 80 of 127.77.0.1");
    pebble
        .obtain_by(&["a.test", "--dns-hook", "true"])
        .exits(1)
        .says("All name servers of the zone must show the TXT record");
}

#[test]
fn a_proxy_that_is_wrong_is_named() {
    let test = Test::new();
    let proxy = format!("http://user:password@127.0.0.1:{}", free_port());
    let program = test.program(certkit()).env("HTTPS_PROXY", &proxy);
    let http = format!("--http=127.0.0.1:{}", free_port());
    let server = ["--server", "https://ca.invalid/dir", "--ca-roots", "ca.crt", "--state", "state"];
    test.certkit(&["mkca"]).exits(0);
    program
        .args(["acme", "obtain", "a.test", &http])
        .args(server)
        .run()
        .exits(75)
        .says("the proxy that HTTPS_PROXY names")
        .keeps_quiet_about("password");
}
