//! The lines of configuration that `check` prints, applied in real servers: the finding is gone afterwards.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use serde_json::Value;

use crate::harness::Test;
use crate::peers::peer;
use crate::process::{Process, free_port};

/// A server of the past, whose lines are replaced one by one.
struct Configured<'a> {
    test: &'a Test,
    program: PathBuf,
    /// The word for `--server`, where the server does not name itself.
    name: Option<&'static str>,
    args: fn(&str) -> Vec<String>,
    /// The whole configuration; `VERSIONS`, `SUITES` and `HSTS` stand for lines.
    template: String,
}

impl Configured<'_> {
    /// Starts it with these lines, checks it, and gives the report.
    fn check(&self, port: u16, lines: &[(&str, String)]) -> Value {
        let mut config = self.template.replace("PORT", &port.to_string());
        for (word, line) in lines {
            config = config.replace(word, line);
        }
        self.test.write("front.conf", config);
        let file = self.test.path("front.conf").display().to_string();
        let mut server = Process::start(self.test, self.test.program(&self.program).args((self.args)(&file)));
        server.wait_for((Ipv4Addr::LOCALHOST, port).into());
        let url = format!("https://127.0.0.1:{port}");
        let mut args =
            vec!["check", &url, "--host", "test.example", "--roots", "ca.crt", "--format", "json", "--deep"];
        if let Some(name) = self.name {
            args.extend(["--server", name]);
        }
        self.test.certkit(&args).report()
    }
}

fn find<'a>(report: &'a Value, code: &str) -> Option<&'a Value> {
    let parts = ["reasons", "warnings"].into_iter().flat_map(|part| report[part].as_array().unwrap());
    parts.into_iter().find(|one| one["code"] == code)
}

/// The line of configuration in a fix, without the words that say where it belongs.
fn line(report: &Value, code: &str) -> String {
    let finding = find(report, code).unwrap_or_else(|| panic!("no {code} in {report:#}"));
    let fix = finding["fix"].as_str().unwrap();
    assert!(!fix.contains('\n'), "one server was recognised, so one line: {fix}");
    fix.split_once(": ").unwrap().1.to_owned()
}

/// The three findings with a line each, then none of them.
fn mends(server: &Configured<'_>, old: [(&'static str, &str); 3]) {
    let before = server.check(free_port(), &old.map(|(word, line)| (word, line.to_owned())));
    let mut fixed = Vec::new();
    let codes = [("VERSIONS", "old_protocol"), ("SUITES", "weak_cipher"), ("HSTS", "hsts")];
    for (word, code) in codes {
        let is_there = !old.iter().any(|(known, line)| *known == word && line.is_empty() && word != "HSTS");
        fixed.push((word, if is_there { line(&before, code) } else { String::new() }));
    }
    let after = server.check(free_port(), &fixed.map_refs());
    for (_, code) in codes {
        assert_eq!(find(&after, code), None, "{fixed:?}: {after:#}");
    }
}

trait MapRefs {
    fn map_refs(&self) -> Vec<(&str, String)>;
}

impl MapRefs for Vec<(&'static str, String)> {
    fn map_refs(&self) -> Vec<(&str, String)> {
        self.iter().map(|(word, line)| (*word, line.clone())).collect()
    }
}

/// A folder with an RSA chain, and chain and key in one file.
fn folder() -> Test {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    test.certkit(&["mkcert", "test.example", "-k", "rsa2048"]).exits(0);
    test.certkit(&["merge", "server.crt", "ca-bundle.ca"]).exits(0);
    test.write("both.pem", test.text("chain.pem") + &test.text("server.key"));
    test.write("www/index.html", "hello");
    test
}

const OLD_SUITES: &str = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA:AES128-SHA:@SECLEVEL=0";

#[test]
fn nginx() {
    let Some(program) = peer("nginx") else { return };
    let test = folder();
    let place = test.folder().display().to_string();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {place}/{kind}; "))
        .concat();
    let template = format!(
        "daemon off; master_process off; pid {place}/pid; error_log stderr; events {{}}\nhttp {{ access_log off; {temporary}\n\
         server {{ listen 127.0.0.1:PORT ssl; ssl_certificate {place}/chain.pem; ssl_certificate_key {place}/server.key;\n\
         VERSIONS\nSUITES\nHSTS\nlocation / {{ return 200 hello; }} }} }}\n"
    );
    let args = |file: &str| ["-c", file, "-e", "stderr"].map(String::from).to_vec();
    let server = Configured { test: &test, program, name: None, args, template };
    let suites = format!("ssl_ciphers {OLD_SUITES};");
    mends(
        &server,
        [("VERSIONS", "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;"), ("SUITES", &suites), ("HSTS", "")],
    );
}

#[test]
fn apache() {
    let Some(program) = peer("apache2") else { return };
    let test = folder();
    let place = test.folder().display().to_string();
    let modules: String = ["mpm_event", "authz_core", "ssl", "headers", "socache_shmcb"]
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
        .concat();
    let user = if rustix::process::geteuid().is_root() { "User www-data\nGroup www-data\n" } else { "" };
    let template = format!(
        "ServerRoot {place}\nDefaultRuntimeDir {place}\nPidFile {place}/pid\nServerName test.example\nErrorLog {place}/error\n\
         {modules}{user}Listen 127.0.0.1:PORT\nDocumentRoot {place}/www\n<VirtualHost *:PORT>\nSSLEngine on\n\
         SSLCertificateFile {place}/chain.pem\nSSLCertificateKeyFile {place}/server.key\nVERSIONS\nSUITES\nHSTS\n\
         </VirtualHost>\n"
    );
    let args = |file: &str| ["-DFOREGROUND", "-f", file].map(String::from).to_vec();
    let server = Configured { test: &test, program, name: None, args, template };
    let suites = format!("SSLCipherSuite {OLD_SUITES}");
    mends(
        &server,
        [
            ("VERSIONS", "SSLProtocol -all +TLSv1 +TLSv1.1 +TLSv1.2 +TLSv1.3"),
            ("SUITES", &suites),
            ("HSTS", ""),
        ],
    );
}

#[test]
fn haproxy() {
    let Some(program) = peer("haproxy") else { return };
    let test = folder();
    let place = test.folder().display().to_string();
    let template = format!(
        "global\n    VERSIONS\n    SUITES\ndefaults\n    mode http\n    timeout connect 5s\n    timeout client 30s\n    \
         timeout server 30s\nfrontend tls\n    bind 127.0.0.1:PORT ssl crt {place}/both.pem\n    HSTS\n    \
         http-request return status 200 content-type text/plain string hello\n"
    );
    let args = |file: &str| ["-db", "-f", file].map(String::from).to_vec();
    let server = Configured { test: &test, program, name: Some("haproxy"), args, template };
    let suites = format!("ssl-default-bind-ciphers {OLD_SUITES}");
    mends(
        &server,
        [("VERSIONS", "ssl-default-bind-options ssl-min-ver TLSv1.0"), ("SUITES", &suites), ("HSTS", "")],
    );
}

#[test]
fn caddy() {
    let Some(program) = peer("caddy") else { return };
    let test = folder();
    let place = test.folder().display().to_string();
    let template = format!(
        "{{\n    admin off\n    auto_https off\n}}\nhttps://127.0.0.1:PORT, https://test.example:PORT {{\n    \
         tls {place}/chain.pem {place}/server.key\n    HSTS\n    respond hello\n}}\n"
    );
    let args = |file: &str| ["run", "--adapter", "caddyfile", "--config", file].map(String::from).to_vec();
    let server = Configured { test: &test, program, name: None, args, template };
    // Caddy has nothing older than TLS 1.2 and no suite that it would not still have by default.
    mends(&server, [("VERSIONS", ""), ("SUITES", ""), ("HSTS", "")]);
}
