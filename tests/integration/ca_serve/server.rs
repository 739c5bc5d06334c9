//! A running `certkit ca serve` with a CA of its own, and the DNS that it asks.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use serde_json::Value;

use crate::harness::{Test, certkit};
use crate::peers::peer;
use crate::process::{Process, free_port};
use crate::testing::write_program;

pub(super) struct CaServer<'a> {
    pub(super) test: &'a Test,
    pub(super) process: Process,
    pub(super) port: u16,
    /// Where it looks for http-01 and tls-alpn-01 answers.
    pub(super) http_port: u16,
    pub(super) tls_port: u16,
    args: Vec<String>,
}

impl<'a> CaServer<'a> {
    /// Starts one whose CA is made if there is none in the test's folder.
    #[track_caller]
    pub(super) fn start(test: &'a Test, args: &[&str]) -> Self {
        if !test.path("ca.crt").exists() {
            test.certkit(&["mkca"]).exits(0);
        }
        let [port, http_port, tls_port] = std::array::from_fn(|_| free_port());
        let mut all = vec!["ca".to_owned(), "serve".to_owned(), format!("--listen=https:127.0.0.1:{port}")];
        all.push(format!("--http-01-port={http_port}"));
        all.push(format!("--tls-alpn-01-port={tls_port}"));
        all.extend(args.iter().map(|arg| (*arg).to_owned()));
        let process = Self::run(test, &all, port);
        Self { test, process, port, http_port, tls_port, args: all }
    }

    /// The arguments that it was started with.
    pub(super) fn args(&self) -> &[String] {
        &self.args
    }

    #[track_caller]
    fn run(test: &Test, args: &[String], port: u16) -> Process {
        let mut process = Process::start(test, test.program(certkit()).args(args));
        process.wait_for((Ipv4Addr::LOCALHOST, port).into());
        process
    }

    /// Starts the same one again; the one before has ended or is ended by this.
    #[track_caller]
    pub(super) fn start_again(&mut self) {
        self.process.signal(rustix::process::Signal::KILL);
        self.process.wait();
        self.process = Self::run(self.test, &self.args, self.port);
    }

    pub(super) fn directory(&self) -> String {
        format!("https://localhost:{}/directory", self.port)
    }

    /// The lines of the ledger that are certificates of accounts.
    pub(super) fn issued(&self) -> Vec<Value> {
        let lines = self.test.text("ledger.jsonl");
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let by_acme = |line: &Value| {
            line["event"] == "issued"
                && line["requested_by"].as_str().is_some_and(|by| by.starts_with("acme "))
        };
        lines.filter(by_acme).collect()
    }

    /// How many revocations are in the ledger.
    pub(super) fn revoked(&self) -> usize {
        self.test.text("ledger.jsonl").lines().filter(|line| line.contains("\"event\":\"revoked\"")).count()
    }
}

/// A DNS in which every name is 127.0.0.1, and TXT records can be set.
pub(super) struct Dns {
    _process: Process,
    control: u16,
    pub(super) port: u16,
}

impl Dns {
    /// `None` when it is not installed.
    #[track_caller]
    pub(super) fn start(test: &Test) -> Option<Self> {
        let (stub, _) = (peer("pebble-challtestsrv")?, peer("curl")?);
        let [port, control] = std::array::from_fn(|_| free_port());
        let (dns, management) = (format!("127.0.0.1:{port}"), format!("127.0.0.1:{control}"));
        let program = test
            .program(stub)
            .args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", &dns])
            .args(["-management", &management, "-http01", "", "-https01", "", "-tlsalpn01", ""]);
        let mut process = Process::start(test, program);
        process.wait_for((Ipv4Addr::LOCALHOST, control).into());
        process.wait_for((Ipv4Addr::LOCALHOST, port).into());
        Some(Self { _process: process, control, port })
    }

    pub(super) fn option(&self) -> String {
        format!("--dns=127.0.0.1:{}", self.port)
    }

    /// Adds a TXT record; `name` has no dot at its end.
    #[track_caller]
    pub(super) fn set_txt(&self, test: &Test, name: &str, value: &str) {
        let Some(curl) = peer("curl") else { return };
        let url = format!("http://127.0.0.1:{}/set-txt", self.control);
        let record = serde_json::json!({"host": format!("{name}."), "value": value}).to_string();
        test.run(curl, &["-sSf", "-d", &record, &url]).exits(0);
    }

    /// A program for `--dns-hook`.
    pub(super) fn hook(&self, test: &Test) -> String {
        let control = format!("http://127.0.0.1:{}", self.control);
        let script = format!(
            "#!/bin/sh\nset -e\ncase $1 in\n\
             present) curl -sSf -d \"{{\\\"host\\\":\\\"$2\\\",\\\"value\\\":\\\"$3\\\"}}\" {control}/set-txt ;;\n\
             cleanup) curl -sSf -d \"{{\\\"host\\\":\\\"$2\\\"}}\" {control}/clear-txt ;;\nesac\n"
        );
        write_program(&test.path("dns-hook"), &script);
        "./dns-hook".to_owned()
    }
}

/// Writes the last list that an http listener has, as PEM; the path.
#[track_caller]
pub(super) fn fetch_list(test: &Test, port: u16) -> Option<PathBuf> {
    let (curl, openssl) = (peer("curl")?, peer("openssl")?);
    let url = format!("http://127.0.0.1:{port}/ca.crl");
    test.run(curl, &["-sSf", "-o", "fetched.crl", &url]).exits(0);
    test.run(openssl, &["crl", "-inform", "der", "-in", "fetched.crl", "-out", "fetched.pem"]).exits(0);
    Some(test.path("fetched.pem"))
}
