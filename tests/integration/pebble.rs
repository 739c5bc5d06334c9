//! A real ACME server on 127.0.0.1: Debian's `pebble`, with `pebble-challtestsrv` as the DNS that it asks.
//!
//! Every name has the address 127.0.0.1 there; http-01 is looked for on [`Pebble::http_port`], tls-alpn-01 on
//! [`Pebble::tls_port`], and TXT records can be set with [`Pebble::dns_hook`]. Validation is real: Pebble connects and
//! reads the answer.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use certkit::internals::pem;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use crate::harness::{Ran, Test, certkit};
use crate::peers::peer;
use crate::process::{Process, free_port};
use crate::testing::write_program;

/// A running ACME server; both processes end by their ids when it goes.
pub(crate) struct Pebble<'a> {
    test: &'a Test,
    server: Process,
    _dns: Process,
    curl: PathBuf,
    port: u16,
    management_port: u16,
    /// Where it looks for http-01 answers, on 127.0.0.1.
    pub(crate) http_port: u16,
    /// Where it looks for tls-alpn-01 answers, on 127.0.0.1.
    pub(crate) tls_port: u16,
    control_port: u16,
}

impl<'a> Pebble<'a> {
    /// Starts one that never refuses a nonce and validates at once; `None` when it is not installed.
    #[track_caller]
    pub(crate) fn start(test: &'a Test) -> Option<Self> {
        Self::start_with(test, &[("PEBBLE_WFE_NONCEREJECT", "0"), ("PEBBLE_VA_NOSLEEP", "1")])
    }

    /// Starts one with its own knobs, environment variables that begin with `PEBBLE_`.
    #[track_caller]
    pub(crate) fn start_with(test: &'a Test, knobs: &[(&str, &str)]) -> Option<Self> {
        Self::start_configured(test, knobs, &[])
    }

    /// Starts one with its own knobs and members of its configuration.
    #[track_caller]
    pub(crate) fn start_configured(
        test: &'a Test,
        knobs: &[(&str, &str)],
        members: &[(&str, serde_json::Value)],
    ) -> Option<Self> {
        Self::start_asking(test, knobs, members, None)
    }

    /// The same, asking another DNS server on 127.0.0.1 than `pebble-challtestsrv`.
    #[track_caller]
    pub(crate) fn start_asking(
        test: &'a Test,
        knobs: &[(&str, &str)],
        members: &[(&str, serde_json::Value)],
        dns_server: Option<u16>,
    ) -> Option<Self> {
        let (pebble, challtestsrv, curl) = (peer("pebble")?, peer("pebble-challtestsrv")?, peer("curl")?);
        let [port, management_port, http_port, tls_port, dns_port, control_port] =
            std::array::from_fn(|_| free_port());
        write_https_certificate(test);
        let mut config = serde_json::json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": format!("127.0.0.1:{management_port}"),
            "certificate": test.path("pebble/server.pem"),
            "privateKey": test.path("pebble/server.key"),
            "httpPort": http_port,
            "tlsPort": tls_port,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
        }});
        for (name, value) in members {
            config["pebble"][*name] = value.clone();
        }
        test.write("pebble/config.json", config.to_string());

        let dns = format!("127.0.0.1:{dns_port}");
        let control = format!("127.0.0.1:{control_port}");
        let mut dns_process = Process::start(
            test,
            test.program(challtestsrv)
                .args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", &dns])
                .args(["-management", &control, "-http01", "", "-https01", "", "-tlsalpn01", ""]),
        );
        dns_process.wait_for((Ipv4Addr::LOCALHOST, control_port).into());
        dns_process.wait_for((Ipv4Addr::LOCALHOST, dns_port).into());

        let asked = dns_server.map_or(dns, |port| format!("127.0.0.1:{port}"));
        let config = test.path("pebble/config.json");
        let mut program =
            test.program(pebble).args(["-config", &config.display().to_string(), "-dnsserver", &asked]);
        // Never a validation that is skipped. Of 100 proofs it takes up one again all the same (`add_name`).
        for (name, value) in
            knobs.iter().chain(&[("PEBBLE_VA_ALWAYS_VALID", "0"), ("PEBBLE_AUTHZREUSE", "0")])
        {
            program = program.env(name, value);
        }
        let mut server = Process::start(test, program);
        server.wait_for((Ipv4Addr::LOCALHOST, port).into());
        server.wait_for((Ipv4Addr::LOCALHOST, management_port).into());
        Some(Self {
            test,
            server,
            _dns: dns_process,
            curl,
            port,
            management_port,
            http_port,
            tls_port,
            control_port,
        })
    }

    /// The directory's address.
    pub(crate) fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.port)
    }

    /// The CA of the server's own https, for `--ca-roots`. The certificates that it issues have another one.
    pub(crate) fn https_ca(&self) -> PathBuf {
        self.test.path("pebble/ca.pem")
    }

    /// Runs `certkit acme obtain ARGS...` with this server, its challenge port and `--state state`.
    pub(crate) fn obtain(&self, args: &[&str]) -> Ran {
        let program = self.test.program(certkit()).args(["acme", "obtain", "--agree-tos"]);
        program.args(args).args(self.args()).run()
    }

    /// What `obtain` adds to its arguments.
    pub(crate) fn args(&self) -> Vec<String> {
        let mut args = vec![format!("--http=127.0.0.1:{}", self.http_port)];
        args.extend(self.server_args());
        args
    }

    /// The same without a challenge.
    pub(crate) fn server_args(&self) -> Vec<String> {
        vec![
            format!("--server={}", self.directory()),
            format!("--ca-roots={}", self.https_ca().display()),
            "--state=state".into(),
        ]
    }

    /// Runs `certkit acme obtain ARGS...` with this server and `--state state`; `args` say the challenge.
    pub(crate) fn obtain_by(&self, args: &[&str]) -> Ran {
        let program = self.test.program(certkit()).args(["acme", "obtain", "--agree-tos"]);
        program.args(args).args(self.server_args()).run()
    }

    /// A program for `--dns-hook` that sets TXT records where Pebble looks for them, and keeps what it was called with
    /// in `hook.log`. The DNS stub forgets all values of a name at the first cleanup.
    pub(crate) fn dns_hook(&self) -> String {
        let control = format!("http://127.0.0.1:{}", self.control_port);
        let script = format!(
            "#!/bin/sh\nset -e\necho \"$1 $2 $3\" >> hook.log\ncase $1 in\n\
             present) curl -sSf -d \"{{\\\"host\\\":\\\"$2\\\",\\\"value\\\":\\\"$3\\\"}}\" {control}/set-txt ;;\n\
             cleanup) curl -sSf -d \"{{\\\"host\\\":\\\"$2\\\"}}\" {control}/clear-txt ;;\nesac\n"
        );
        write_program(&self.test.path("dns-hook"), &script);
        "./dns-hook".to_owned()
    }

    /// Writes the root of the certificates that it issues to `issuer-root.pem`.
    #[track_caller]
    pub(crate) fn write_issuer_root(&self) -> PathBuf {
        self.write_root(0)
    }

    /// Writes the root of one of its chains, counted from 0.
    #[track_caller]
    pub(crate) fn write_root(&self, number: usize) -> PathBuf {
        let name =
            if number == 0 { "issuer-root.pem".to_owned() } else { format!("issuer-root-{number}.pem") };
        let path = self.test.path(name);
        let url = format!("https://localhost:{}/roots/{number}", self.management_port);
        let ca = self.https_ca().display().to_string();
        let output = path.display().to_string();
        self.test.run(&self.curl, &["-sSf", "--cacert", &ca, "-o", &output, &url]).exits(0);
        path
    }

    /// What it says of a certificate, by its serial number as openssl prints it: `Valid` or `Revoked`.
    #[track_caller]
    pub(crate) fn status_of(&self, serial: &str) -> String {
        let serial = serial.trim_start_matches('0');
        let url = format!("https://localhost:{}/cert-status-by-serial/{serial}", self.management_port);
        let ca = self.https_ca().display().to_string();
        let answer = self.test.run(&self.curl, &["-sS", "--cacert", &ca, &url]).exits(0).json();
        answer["Status"].as_str().unwrap_or_default().to_owned()
    }

    /// How many lines of its log hold `text`.
    pub(crate) fn logged(&self, text: &str) -> usize {
        self.server.log().lines().filter(|line| line.contains(text)).count()
    }

    /// How many accounts were made.
    pub(crate) fn accounts(&self) -> usize {
        self.logged("accounts in memory")
    }

    /// How many orders were placed.
    pub(crate) fn orders(&self) -> usize {
        self.logged("Added order")
    }

    /// How many certificates were issued.
    pub(crate) fn certificates(&self) -> usize {
        self.logged("Issued certificate serial")
    }

    /// How many requests of any kind came.
    pub(crate) fn requests(&self) -> usize {
        ["GET /", "HEAD /", "POST /"].into_iter().map(|text| self.logged(text)).sum()
    }
}

/// A CA and a certificate for localhost, made for this one run.
pub(crate) fn write_https_certificate(test: &Test) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    ca.distinguished_name.push(rcgen::DnType::CommonName, "the test ACME server's own CA");
    let ca_certificate = ca.self_signed(&ca_key).unwrap();
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().unwrap();
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let text = |label: &str, der: &[u8]| {
        let mut text = String::new();
        pem::write(&mut text, label, der);
        text
    };
    test.write("pebble/ca.pem", text("CERTIFICATE", ca_certificate.der()));
    test.write("pebble/server.pem", text("CERTIFICATE", certificate.der()));
    test.write("pebble/server.key", text("PRIVATE KEY", &key.serialize_der()));
}

/// Adds a name to the record of a certificate, for a renewal that must prove something: a proof of the same account
/// and name is taken up again once in a hundred times, whatever Pebble is told (`rand.Intn(100) > percentage`).
pub(crate) fn add_name(test: &Test, certificate: &str, name: &str) {
    let file = format!("state/certs/{certificate}/renew.json");
    let mut record: serde_json::Value = serde_json::from_str(&test.text(&file)).unwrap();
    record["names"].as_array_mut().unwrap().push(name.into());
    test.write(&file, record.to_string());
}
