//! DNS providers by their APIs, against Pebble: a real PowerDNS, and the documented APIs of others behind a proxy.

use std::fs::{Permissions, set_permissions};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::harness::{Ran, Test, certkit, eventually};
use crate::pebble::Pebble;
use crate::peers::{peer, script};
use crate::process::{Process, Server, free_port};
use crate::serve_acme::{APP, acme, wait_until_trusted};

const QUIET: &[(&str, &str)] = &[("PEBBLE_WFE_NONCEREJECT", "0"), ("PEBBLE_VA_NOSLEEP", "1")];
const KEY: &str = "tops3cret";

/// Writes a file that only its owner may read.
fn credentials(test: &Test, text: &str) -> &'static str {
    test.write("dns.toml", text);
    set_permissions(test.path("dns.toml"), Permissions::from_mode(0o600)).unwrap();
    "dns.toml"
}

/// PowerDNS with its API and two zones: `dyn.test`, where others have a value already, and `b.test`, in which a CNAME
/// leads to the first.
struct PowerDns<'a> {
    test: &'a Test,
    _process: Process,
    curl: PathBuf,
    dns_port: u16,
    api: String,
}

impl<'a> PowerDns<'a> {
    #[track_caller]
    fn start(test: &'a Test) -> Option<Self> {
        let (server, curl) = (peer("pdns_server")?, peer("curl")?);
        let [dns_port, api_port] = std::array::from_fn(|_| free_port());
        std::fs::create_dir(test.path("pdns")).unwrap();
        let folder = test.path("pdns").display().to_string();
        let program = test.program(server).args([
            format!("--config-dir={folder}"),
            format!("--socket-dir={folder}"),
            format!("--lmdb-filename={folder}/zones"),
            format!("--local-port={dns_port}"),
            format!("--webserver-port={api_port}"),
            format!("--api-key={KEY}"),
        ]);
        let program = program.args([
            "--launch=lmdb",
            "--local-address=127.0.0.1",
            "--webserver-address=127.0.0.1",
            "--webserver=yes",
            "--api=yes",
            "--daemon=no",
            "--guardian=no",
            "--write-pid=no",
            "--disable-syslog",
            "--cache-ttl=0",
            "--query-cache-ttl=0",
            "--negquery-cache-ttl=0",
            "--security-poll-suffix=",
        ]);
        let mut process = Process::start(test, program);
        process.wait_for((Ipv4Addr::LOCALHOST, dns_port).into());
        process.wait_for((Ipv4Addr::LOCALHOST, api_port).into());
        let api = format!("http://127.0.0.1:{api_port}");
        let this = Self { test, _process: process, curl, dns_port, api };
        let record = |name: &str, kind: &str, content: &str| json!({"name": name, "type": kind, "ttl": 60, "records": [{"content": content, "disabled": false}]});
        for (zone, records) in [
            (
                "dyn.test.",
                vec![
                    record("ns.dyn.test.", "A", "127.0.0.1"),
                    record("_acme-challenge.a.dyn.test.", "TXT", "\"keep\""),
                ],
            ),
            ("b.test.", vec![record("_acme-challenge.b.test.", "CNAME", "b.dyn.test.")]),
        ] {
            let zone =
                json!({"name": zone, "kind": "Native", "nameservers": ["ns.dyn.test."], "rrsets": records});
            this.ask("zones", &["-d", &zone.to_string()]);
        }
        Some(this)
    }

    #[track_caller]
    fn ask(&self, path: &str, args: &[&str]) -> Value {
        let url = format!("{}/api/v1/servers/localhost/{path}", self.api);
        let key = format!("X-API-Key: {KEY}");
        self.test.run(&self.curl, &[&["-sSf", "-H", &key, &url], args].concat()).exits(0).json()
    }

    /// The TXT values in a zone, by name.
    #[track_caller]
    fn texts(&self, zone: &str) -> Vec<(String, usize)> {
        let zone = self.ask(&format!("zones/{zone}"), &[]);
        let sets = zone["rrsets"].as_array().unwrap().iter().filter(|set| set["type"] == "TXT");
        sets.map(|set| (set["name"].as_str().unwrap().to_owned(), set["records"].as_array().unwrap().len()))
            .collect()
    }
}

#[test]
fn powerdns_sets_and_removes_records_by_its_api() {
    let test = Test::new();
    let Some(power) = PowerDns::start(&test) else { return };
    let Some(pebble) = Pebble::start_asking(&test, QUIET, &[], Some(power.dns_port)) else { return };
    let resolver = format!("--dns-resolver=127.0.0.1:{}", power.dns_port);
    let obtain = |names: &[&str], key: &str| {
        let text = format!("api_key = \"{key}\"\nendpoint = \"{}\"\n", power.api);
        let file = credentials(&test, &text);
        let options = ["--dns", "pdns", "--dns-credentials", file, &resolver];
        pebble.obtain_by(&[names, &options].concat())
    };
    let before = vec![("_acme-challenge.a.dyn.test.".to_owned(), 1)];

    // The names of one order lie in two zones, a name and its wildcard have two values, and others have one there.
    let names = ["a.dyn.test", "*.a.dyn.test", "b.test", "dyn.test"];
    obtain(&names, KEY).exits(0).says("the name server of dyn.test shows the TXT record");
    assert_eq!(power.texts("dyn.test."), before);
    assert_eq!(power.texts("b.test."), []);

    let record = test.text("state/certs/a.dyn.test/renew.json");
    let path = test.path("dns.toml").display().to_string();
    assert!(record.contains(&path) && !record.contains(KEY), "{record}");
    test.certkit(&["acme", "renew", "--force", "--state=state"]).exits(0);
    assert_eq!(power.texts("dyn.test."), before);

    obtain(&["c.dyn.test"], "guessedkey")
        .exits(1)
        .says("PowerDNS Authoritative Server did not set the TXT record _acme-challenge.c.dyn.test")
        .says("refuses the credentials")
        .keeps_quiet_about("guessedkey");
    // A resolver that refuses says nothing about where the record belongs.
    obtain(&["c.elsewhere.test"], KEY)
        .exits(75)
        .says("_acme-challenge.c.elsewhere.test")
        .says("Query Refused");
    let text = format!("api_key = \"{KEY}\"\nendpoint = \"{}\"\nzone = \"other.test\"\n", power.api);
    let options = ["--dns", "pdns", "--dns-credentials", credentials(&test, &text), &resolver];
    pebble.obtain_by(&[&["d.dyn.test"], &options[..]].concat()).exits(1).says("not in the zone other.test");
}

#[test]
fn a_running_server_proves_a_wildcard_by_a_providers_api() {
    let test = Test::new();
    let Some(power) = PowerDns::start(&test) else { return };
    let Some(pebble) = Pebble::start_asking(&test, QUIET, &[], Some(power.dns_port)) else { return };
    pebble.write_issuer_root();
    test.write("app.py", APP);
    let file = credentials(&test, &format!("api_key = \"{KEY}\"\nendpoint = \"{}\"\n", power.api));
    let mut args = vec!["--acme=*.a.dyn.test,a.dyn.test".to_owned(), "--workers=1".into()];
    args.extend(["--acme-dns=pdns".to_owned(), format!("--acme-dns-credentials={file}")]);
    args.push(format!("--acme-dns-resolver=127.0.0.1:{}", power.dns_port));
    args.extend(acme(&pebble, &pebble.directory()));
    args.push("app.py".into());
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let server = Server::start(&test, &args);
    for name in ["www.a.dyn.test", "a.dyn.test"] {
        wait_until_trusted(&test, &server, name);
    }
    eventually("the records of the order are gone", || (power.texts("dyn.test.").len() == 1).then_some(()));
    let record = test.text("state/certs/_.a.dyn.test/renew.json");
    assert!(record.contains("dns.toml") && !record.contains(KEY), "{record}");
    let log = server.process.log();
    assert!(!log.contains(KEY), "{log}");

    // What cannot work is said at the start.
    let refused = |args: &[&str]| {
        let common = ["serve", "--acme=*.a.dyn.test", "--agree-tos", "--acme-state=other"];
        test.certkit(&[&common, args].concat()).exits(2)
    };
    refused(&["--acme-dns=pdns"]).says("--acme-dns-credentials FILE");
    refused(&["--acme-dns-hook=./x", "--acme-dns-credentials=dns.toml"]).says("lego:PROG");
    refused(&["--acme-dns=powerdns", "--acme-dns-credentials=dns.toml"]).says("pdns");
    set_permissions(test.path("dns.toml"), Permissions::from_mode(0o644)).unwrap();
    refused(&["--acme-dns=pdns", "--acme-dns-credentials=dns.toml"]).says("others may read it");
}

/// The documented APIs of providers, behind a proxy that certkit is told of.
struct Apis<'a> {
    test: &'a Test,
    process: Process,
    pebble: Pebble<'a>,
    dns_port: u16,
    proxy_port: u16,
}

impl<'a> Apis<'a> {
    #[track_caller]
    fn start(test: &'a Test) -> Option<Self> {
        let python = peer("python3")?;
        let [dns_port, proxy_port] = std::array::from_fn(|_| free_port());
        test.certkit(&["mkca"]).exits(0);
        let hosts = ["api.cloudflare.com", "desec.io", "api.digitalocean.com", "api.hetzner.cloud"];
        test.certkit(&[&["mkcert"], &hosts[..]].concat()).exits(0);
        let ports = [dns_port, proxy_port].map(|port| port.to_string());
        let program = test.program(python).args([script("dns_apis.py")]).args(&ports);
        let mut process = Process::start(test, program.args(["server.crt", "server.key", "zone.test"]));
        process.wait_for((Ipv4Addr::LOCALHOST, dns_port).into());
        process.wait_for((Ipv4Addr::LOCALHOST, proxy_port).into());
        let pebble = Pebble::start_asking(test, QUIET, &[], Some(dns_port))?;
        Some(Self { test, process, pebble, dns_port, proxy_port })
    }

    fn obtain(&self, provider: &str, text: &str) -> Ran {
        let program = self
            .test
            .program(certkit())
            .env("HTTPS_PROXY", format!("http://127.0.0.1:{}", self.proxy_port))
            .env("NO_PROXY", "localhost")
            .env("SSL_CERT_FILE", self.test.path("ca.crt"))
            .args(["acme", "obtain", "--agree-tos", "a.zone.test", "*.a.zone.test", "--dns", provider]);
        program
            .args(["--dns-credentials", credentials(self.test, text)])
            .args([format!("--dns-resolver=127.0.0.1:{}", self.dns_port)])
            .args(self.pebble.server_args())
            .run()
    }

    /// How the provider was asked: how many requests of each method.
    fn asked(&self, host: &str, method: &str) -> usize {
        let start = format!("{host} {method} ");
        self.process.log().lines().filter(|line| line.starts_with(&start)).count()
    }
}

#[track_caller]
fn a_provider_sets_records(provider: &str, host: &str, field: &str, refusal: &str, removes: &str) {
    let test = Test::new();
    let Some(apis) = Apis::start(&test) else { return };
    apis.obtain(provider, &format!("{field} = \"guessedkey\"\n"))
        .exits(1)
        .says("did not set the TXT record _acme-challenge.a.zone.test")
        .says(refusal)
        .keeps_quiet_about("guessedkey");
    let before = apis.asked(host, removes);
    apis.obtain(provider, &format!("{field} = \"{KEY}\"\n"))
        .exits(0)
        .says("an earlier run")
        .says("the name server of zone.test shows the TXT record");
    assert!(apis.asked(host, removes) > before, "nothing was removed:\n{}", apis.process.log());
    // Nothing but what others had is left: a second run begins where the first did.
    let Some(dig) = peer("dig") else { return };
    let port = apis.dns_port.to_string();
    let left = test.run(dig, &["+short", "@127.0.0.1", "-p", &port, "_acme-challenge.a.zone.test", "TXT"]);
    assert_eq!(left.exits(0).stdout(), "\"keep\"\n");
}

#[test]
fn cloudflare_sets_records_as_documented() {
    let refusal = "Invalid access token";
    a_provider_sets_records("cloudflare", "api.cloudflare.com", "api_token", refusal, "DELETE");
}

#[test]
fn desec_sets_records_as_documented() {
    a_provider_sets_records("desec", "desec.io", "token", "refuses the credentials", "PUT");
}

#[test]
fn digitalocean_sets_records_as_documented() {
    let host = "api.digitalocean.com";
    a_provider_sets_records("digitalocean", host, "auth_token", "refuses the credentials", "DELETE");
}

#[test]
fn hetzner_sets_records_as_documented() {
    a_provider_sets_records("hetzner", "api.hetzner.cloud", "api_token", "refuses the credentials", "POST");
}

#[test]
fn a_provider_that_cannot_be_used_costs_no_order() {
    let test = Test::new();
    let Some(pebble) = Pebble::start(&test) else { return };
    let requests = pebble.requests();
    let obtain = |provider: &str, text: &str| {
        let options = ["a.test", "--dns", provider, "--dns-credentials", credentials(&test, text)];
        pebble.obtain_by(&options).exits(2).says("nothing was ordered").keeps_quiet_about(KEY)
    };
    let token = format!("api_token = \"{KEY}\"\n");
    obtain("cloudfare", &token).says("did you mean `cloudflare`?").says("certkit acme dns-providers");
    obtain("cloudflare", &token.replace("token", "tokn")).says("did you mean `api_token`?");
    obtain("cloudflare", "")
        .says("it lacks `api_token`, which cloudflare requires")
        .says("chmod 600 dns.toml");
    obtain("pdns", &format!("api_key = \"{KEY}\"\nendpoint = \"localhost\"\n"))
        .says("`endpoint` is not an http");
    obtain("joker", &format!("username = \"{KEY}\"\n")).says("either `api_key`");
    obtain("cloudflare", &format!("{token}ttl = \"short\"\n")).says("`ttl` is not a number");
    credentials(&test, &token);
    set_permissions(test.path("dns.toml"), Permissions::from_mode(0o640)).unwrap();
    let options = ["a.test", "--dns", "cloudflare", "--dns-credentials"];
    pebble.obtain_by(&[&options[..], &["dns.toml"]].concat()).exits(2).says("others may read it");
    pebble.obtain_by(&[&options[..], &["missing.toml"]].concat()).exits(2).says("no such file");
    pebble.obtain_by(&options[..3]).exits(2).says("--dns-credentials <FILE>");
    assert_eq!(pebble.requests(), requests);
}

#[test]
fn providers_are_listed() {
    let test = Test::new();
    let list = test.certkit(&["acme", "dns-providers"]).exits(0);
    list.says("cloudflare  Cloudflare").says("required  api_token").says("optional  endpoint server_name");
    let one = test.certkit(&["acme", "dns-providers", "route53", "--format", "json"]).exits(0).result();
    let [row] = one["providers"].as_array().unwrap().as_slice() else { panic!("{one}") };
    assert_eq!(row["required"], json!(["access_key_id", "secret_access_key"]));
    test.certkit(&["acme", "dns-providers", "route54"]).exits(2).says("did you mean `route53`?");
}
