//! Clients of the world: get, renew, revoke.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::server::{CaServer, Dns, fetch_list};
use crate::harness::{Test, certkit, eventually};
use crate::peers::peer;
use crate::process::{Process, Server, free_port};

#[test]
fn certkit_gets_renews_and_revokes_by_every_challenge() {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    let Some(dns) = Dns::start(&test) else { return };
    let list_port = free_port();
    let listen = format!("--listen=http:127.0.0.1:{list_port}");
    let list_url = format!("--crl-url=http://127.0.0.1:{list_port}/ca.crl");
    let server =
        CaServer::start(&test, &[&dns.option(), &listen, "--allow=test", "--allow=127.0.0.0/8", &list_url]);
    let obtain = |names: &[&str], challenge: &str| {
        let directory = server.directory();
        let common = ["--server", &directory, "--ca-roots", "ca.crt", "--state", "state", challenge];
        test.certkit(&[&["acme", "obtain"], names, &common].concat())
    };
    let http = format!("--http=127.0.0.1:{}", server.http_port);
    let tls = format!("--tls-alpn=127.0.0.1:{}", server.tls_port);
    obtain(&["a.test", "127.0.0.1"], &http).exits(0);
    obtain(&["b.test", "127.0.0.1"], &tls).exits(0);
    obtain(&["*.c.test", "c.test"], &format!("--dns-hook={}", dns.hook(&test))).exits(0);
    obtain(&["a.example"], &http).exits(1).says("outside of --allow");

    let Some(openssl) = peer("openssl") else { return };
    for name in ["a.test", "b.test", "_.c.test"] {
        let live = format!("state/live/{name}");
        if !test.path(&live).exists() {
            continue;
        }
        let (chain, leaf) = (format!("{live}/chain.pem"), format!("{live}/cert.pem"));
        test.run(&openssl, &["verify", "-CAfile", "ca.crt", "-untrusted", &chain, &leaf]).exits(0);
    }
    let issued = server.issued();
    assert_eq!(issued.len(), 3);
    assert!(issued.iter().all(|line| line["requested_by"] == issued[0]["requested_by"]), "one account");
    assert_eq!(issued[0]["names"], serde_json::json!(["a.test", "127.0.0.1"]));

    let shown = test.certkit(&["show", "state/live/a.test/cert.pem"]).exits(0);
    assert!(shown.all().contains(list_url.trim_start_matches("--crl-url=")), "{}", shown.all());

    // Revoked: the list has it, and the server wants it renewed at once.
    test.certkit(&["acme", "renew", "--state", "state"]).exits(0);
    assert_eq!(server.issued().len(), 3, "nothing is due");
    let leaf = test.text("state/live/a.test/cert.pem");
    test.write("old.pem", &leaf);
    test.certkit(&["acme", "revoke", "a.test", "--state", "state", "--reason", "superseded"]).exits(0);
    assert_eq!(server.revoked(), 1);
    let Some(list) = fetch_list(&test, list_port) else { return };
    let shown = test.run(&openssl, &["crl", "-in", &list.display().to_string(), "-noout", "-text"]).exits(0);
    assert!(shown.stdout().contains("Superseded"), "{}", shown.stdout());
    let revoked = test.run(
        &openssl,
        &[
            "verify",
            "-CAfile",
            "ca.crt",
            "-untrusted",
            "state/live/b.test/chain.pem",
            "-crl_check",
            "-CRLfile",
            "fetched.pem",
            "old.pem",
        ],
    );
    assert!(revoked.all().contains("certificate revoked"), "{}", revoked.all());
}

/// Clients are to get the new root: the old one is named beside it.
#[test]
fn after_a_roll_over_the_new_root_is_named() {
    let Some(openssl) = peer("openssl") else { return };
    for intermediate in [&[][..], &["--intermediate"]] {
        let test = Test::new();
        let subject = |file: &str| {
            let args = ["x509", "-in", file, "-noout", "-subject", "-nameopt", "RFC2253"];
            let said = test.run(&openssl, &args).exits(0).stdout();
            said.trim().trim_start_matches("subject=").to_owned()
        };
        test.certkit(&[&["mkca", "Old team"], intermediate].concat()).exits(0);
        let old = subject("ca.crt");
        test.certkit(&["mkca", "New team", "--rollover"]).exits(0);
        let new = subject("ca.crt");
        let server = CaServer::start(&test, &[]);
        let http = format!("--http=127.0.0.1:{}", server.http_port);
        let args = ["acme", "obtain", "127.0.0.1", "--server", &server.directory(), "--ca-roots", "ca.crt"];
        let obtained = test.certkit(&[&args[..], &["--state", "state", &http]].concat()).exits(0);
        obtained.says("untrusted_root").says(&format!("trusts neither `{new}` nor its issuer `{old}`"));
    }
}

#[test]
fn a_revoked_certificate_is_renewed_by_renewal_information() {
    let test = Test::new();
    let server = CaServer::start(&test, &[]);
    let http = format!("--http=127.0.0.1:{}", server.http_port);
    let directory = server.directory();
    let args = ["--server", &directory, "--ca-roots", "ca.crt", "--state", "state", &http];
    test.certkit(&[&["acme", "obtain", "127.0.0.1"][..], &args].concat()).exits(0);
    // By the CA's owner, behind the back of the client; the server learns of it when it is started again.
    test.certkit(&["revoke", "state/live/127.0.0.1/cert.pem"]).exits(0);
    drop(server);
    let port = directory.split(':').nth(2).unwrap().split('/').next().unwrap().to_owned();
    let (listen, http_port) =
        (format!("https:127.0.0.1:{port}"), http.rsplit(':').next().unwrap().to_owned());
    let program =
        test.program(certkit()).args(["ca", "serve", "--listen", &listen, "--http-01-port", &http_port]);
    let mut process = Process::start(&test, program);
    process.wait_for(format!("127.0.0.1:{port}").parse().unwrap());
    let renew = ["acme", "renew", "--state", "state", "--refresh-ari", "--exit-code-if-renewed", "9"];
    test.certkit(&renew).exits(9);
    test.certkit(&["check", "state/live/127.0.0.1/cert.pem", "--host", "127.0.0.1"]).exits(0);
}

/// The commands that it prints when it starts, with the name of `--allow`.
#[test]
fn the_commands_that_it_prints_are_what_a_colleague_types() {
    let test = Test::new();
    let (Some(dns), Some(_)) = (Dns::start(&test), peer("certbot")) else { return };
    let server = CaServer::start(&test, &[&dns.option(), "--allow=test"]);
    server.process.wait_for_log("certbot certonly");
    let log = server.process.log();
    let commands: Vec<_> = log.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    let [own, certbot] = commands.as_slice() else { panic!("{log}") };
    let own = own.replacen("certkit", &certkit().display().to_string(), 1);
    test.run("sh", &["-c", &format!("{own} --state state")]).exits(0);
    let folders = "--config-dir certbot --work-dir certbot --logs-dir certbot --non-interactive";
    test.run("sh", &["-c", &format!("{certbot} {folders}")]).exits(0);
    let issued = server.issued();
    assert_eq!(issued.len(), 2);
    assert!(issued.iter().all(|line| line["names"] == serde_json::json!(["www.test"])));

    // Again, and revoked.
    let roots = test.path("ca.crt");
    let directory = server.directory();
    let port = server.http_port.to_string();
    let run = |args: &[&str]| {
        let folders: Vec<_> = folders.split(' ').collect();
        test.program(peer("certbot").unwrap())
            .env("REQUESTS_CA_BUNDLE", &roots)
            .args([args, &folders, &["--server", &directory]].concat())
            .run()
    };
    run(&["renew", "--force-renewal", "--http-01-port", &port, "--no-random-sleep-on-renew"]).exits(0);
    assert_eq!(server.issued().len(), 3);
    let revoke = ["revoke", "--cert-path", "certbot/live/www.test/cert.pem", "--reason", "keycompromise"];
    run(&[&revoke[..], &["--no-delete-after-revoke"]].concat()).exits(0);
    assert_eq!(server.revoked(), 1);
}

#[test]
fn lego_gets_renews_and_revokes() {
    let test = Test::new();
    let (Some(dns), Some(lego)) = (Dns::start(&test), peer("lego")) else { return };
    let server = CaServer::start(&test, &[&dns.option()]);
    let directory = server.directory();
    let (http, tls) = (format!("127.0.0.1:{}", server.http_port), format!("127.0.0.1:{}", server.tls_port));
    let run = |args: &[&str]| {
        let common = ["--accept-tos", "--path", "lego", "--email", "a@b.test", "--domains", "l.test"];
        test.program(&lego)
            .env("LEGO_CA_CERTIFICATES", test.path("ca.crt"))
            .args([&common[..], &["--server", &directory], args].concat())
            .run()
    };
    run(&["--http", "--http.port", &http, "run"]).exits(0);
    run(&["--tls", "--tls.port", &tls, "renew", "--days", "90", "--no-random-sleep"]).exits(0);
    assert_eq!(server.issued().len(), 2);
    run(&["revoke"]).exits(0);
    assert_eq!(server.revoked(), 1);
}

#[test]
fn caddy_serves_what_it_gets() {
    let test = Test::new();
    let (Some(dns), Some(caddy), Some(curl)) = (Dns::start(&test), peer("caddy"), peer("curl")) else {
        return;
    };
    let server = CaServer::start(&test, &[&dns.option(), "--days=8h"]);
    let config = format!(
        "{{\n admin off\n acme_ca {}\n acme_ca_root {}\n storage file_system {}\n http_port {}\n https_port {}\n \
         skip_install_trust\n default_bind 127.0.0.1\n}}\nhttps://caddy.test {{\n respond hello\n}}\n",
        server.directory(),
        test.path("ca.crt").display(),
        test.path("caddy").display(),
        server.http_port,
        server.tls_port
    );
    test.write("Caddyfile", config);
    let _caddy = Process::start(&test, test.program(caddy).args(["run", "--config", "Caddyfile"]));
    let resolve = format!("caddy.test:{}:127.0.0.1", server.tls_port);
    let url = format!("https://caddy.test:{}/", server.tls_port);
    eventually("caddy has its certificate", || {
        let ran = test.run(&curl, &["-sS", "--cacert", "ca.crt", "--resolve", &resolve, &url]);
        (ran.stdout() == "hello").then_some(())
    });
    let [issued] = server.issued().try_into().unwrap();
    let time = |member: &str| OffsetDateTime::parse(issued[member].as_str().unwrap(), &Rfc3339).unwrap();
    // Five minutes before the hour of issue, for clocks that differ.
    assert!(time("not_after") - time("not_before") <= Duration::hours(8) + Duration::minutes(5));
}

#[test]
fn certkit_serve_gets_its_certificate_from_the_ca_of_its_owner() {
    let test = Test::new();
    let (Some(dns), Some(curl)) = (Dns::start(&test), peer("curl")) else { return };
    let server = CaServer::start(&test, &[&dns.option()]);
    test.write(
        "app.py",
        "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'hello']\n",
    );
    let directory = format!("--acme-server={}", server.directory());
    let plain = format!("127.0.0.1:{}", server.http_port);
    let roots = format!("--acme-ca-roots={}", test.path("ca.crt").display());
    let site = Server::start(
        &test,
        &[
            "--acme=s.test",
            &directory,
            &roots,
            "--acme-state=state",
            "--redirect-http",
            &plain,
            "--agree-tos",
            "app.py",
        ],
    );
    let resolve = format!("s.test:{}:127.0.0.1", site.port);
    let url = format!("https://s.test:{}/", site.port);
    eventually("the site has its certificate", || {
        let ran = test.run(&curl, &["-sS", "--cacert", "ca.crt", "--resolve", &resolve, &url]);
        (ran.stdout() == "hello").then_some(())
    });
}
