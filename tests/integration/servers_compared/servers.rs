//! The servers that are compared, and what `check` must say of each.

use std::path::PathBuf;

use crate::harness::{Test, certkit};
use crate::live_front::DH_1024;
use crate::peers::{peer, python};
use crate::process::Process;

/// A server as it is started, and the errors and warnings that `check` has for it.
pub(super) struct Compared {
    pub(super) name: &'static str,
    /// What is special about it, for the page.
    pub(super) configuration: &'static str,
    pub(super) findings: &'static [(&'static str, &'static str)],
    /// Nothing where it is not installed.
    pub(super) start: fn(&Site<'_>, u16) -> Option<Process>,
}

/// A folder with certificates, good and odd ones, and an application.
pub(super) struct Site<'a> {
    test: &'a Test,
    openssl: Option<PathBuf>,
}

/// Of OpenSSL's defaults: cipher suites without forward secrecy.
const WEAK: (&str, &str) = ("warning", "weak_cipher");
const DEFAULT: &[(&str, &str)] = &[WEAK];

/// As they were copied in 2017; `@SECLEVEL=0` gives OpenSSL 3 the TLS 1.0 of that time.
const OF_2017: &str = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_prefer_server_ciphers on; \
    ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:ECDHE:ECDH:AES:HIGH:!NULL:!aNULL:!MD5:!ADH:!RC4:@SECLEVEL=0;";
/// Mozilla's guideline 5.7 for nginx 1.22 and OpenSSL 3.0, whose groups are those of 6.0 without the hybrid one.
const INTERMEDIATE: &str = "ssl_protocols TLSv1.2 TLSv1.3; ssl_ecdh_curve X25519:prime256v1:secp384r1; \
    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
    ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305; \
    ssl_prefer_server_ciphers off; add_header Strict-Transport-Security \"max-age=63072000\" always;";

pub(super) const SERVERS: &[Compared] = &[
    Compared {
        name: "nginx of 2017",
        configuration: "nginx 1.22: TLS 1.0 to 1.2, `ECDHE:ECDH:AES:HIGH`",
        findings: &[("error", "old_protocol"), ("warning", "no_tls13"), WEAK],
        start: |site, port| site.nginx(port, OF_2017),
    },
    Compared {
        name: "nginx, intermediate",
        configuration: "nginx 1.22: Mozilla's intermediate configuration",
        findings: &[],
        start: |site, port| site.nginx(port, INTERMEDIATE),
    },
    Compared {
        name: "Apache",
        configuration: "Apache 2.4: `SSLEngine on` and nothing else",
        findings: DEFAULT,
        start: |site, port| site.apache(port),
    },
    Compared {
        name: "Caddy",
        configuration: "Caddy 2.6: `tls CHAIN KEY`",
        findings: &[],
        start: |site, port| {
            let program = peer("caddy")?;
            let config = format!(
                "{{\n    admin off\n    auto_https off\n}}\nhttps://127.0.0.1:{port}, https://test.example:{port} {{\n    \
                 tls chain.pem server.key\n    respond hello\n}}\n"
            );
            site.test.write("Caddyfile", config);
            Some(site.start(program, &["run", "--adapter", "caddyfile", "--config", "Caddyfile"]))
        },
    },
    Compared {
        name: "uWSGI",
        configuration: "uWSGI 2.0.21: `--https ADDRESS,CHAIN,KEY`",
        findings: DEFAULT,
        start: |site, port| {
            let address = format!("127.0.0.1:{port},chain.pem,server.key");
            let args = ["--plugins", "http,python3", "--wsgi-file", "app.py", "--master", "--die-on-term"];
            Some(site.start(peer("uwsgi")?, &[&args[..], &["--https", &address]].concat()))
        },
    },
    Compared {
        name: "gunicorn",
        configuration: "gunicorn: `--certfile CHAIN --keyfile KEY --ciphers DEFAULT`",
        findings: DEFAULT,
        start: |site, port| {
            let address = format!("127.0.0.1:{port}");
            let files = ["--certfile", "chain.pem", "--keyfile", "server.key", "app:application"];
            // Without ciphers they are those of Python, which Debian's has replaced by OpenSSL's.
            let args = ["-m", "gunicorn", "--workers", "2", "--bind", &address, "--ciphers", "DEFAULT"];
            Some(site.start(python(&["gunicorn"])?, &[&args[..], &files].concat()))
        },
    },
    Compared {
        name: "granian",
        configuration: "granian: `--ssl-protocol-min tls1.2`",
        findings: &[],
        start: |site, port| {
            let port = port.to_string();
            let files = ["--ssl-certificate", "chain.pem", "--ssl-keyfile", "server.key", "app:application"];
            let args =
                ["-m", "granian", "--interface", "wsgi", "--port", &port, "--ssl-protocol-min", "tls1.2"];
            Some(site.start(python(&["granian"])?, &[&args[..], &files].concat()))
        },
    },
    Compared {
        name: "certkit serve",
        configuration: "`certkit serve --cert CHAIN --key KEY`",
        findings: &[],
        start: |site, port| {
            let listen = format!("https:127.0.0.1:{port}");
            let args = ["serve", "--listen", &listen, "--cert", "chain.pem", "--key", "server.key"];
            Some(site.start(certkit(), &[&args[..], &["--static-root", "www"]].concat()))
        },
    },
    Compared {
        name: "NULL",
        configuration: "s_server: `NULL-SHA256` beside a good suite",
        findings: &[("error", "weak_cipher")],
        start: |site, port| {
            let ciphers = "ECDHE-RSA-AES128-GCM-SHA256:NULL-SHA256:@SECLEVEL=0";
            site.s_server(port, RSA, &["-min_protocol", "TLSv1.2", "-cipher", ciphers])
        },
    },
    Compared {
        name: "TLS 1.0",
        configuration: "s_server: TLS 1.0 only, with all suites, also anonymous ones",
        findings: &[("error", "old_protocol"), ("error", "weak_cipher"), WEAK],
        start: |site, port| site.s_server(port, RSA, &["-tls1", "-cipher", "ALL:@SECLEVEL=0"]),
    },
    Compared {
        name: "P-521",
        configuration: "s_server: P-521 is the only group",
        findings: &[("warning", "unusual_group"), WEAK],
        start: |site, port| site.s_server(port, RSA, &["-groups", "P-521"]),
    },
    Compared {
        name: "static RSA",
        configuration: "s_server: TLS 1.2 with `AES128-SHA:AES256-GCM-SHA384`",
        findings: &[("warning", "no_tls13"), WEAK],
        start: |site, port| site.s_server(port, RSA, &["-tls1_2", "-cipher", "AES128-SHA:AES256-GCM-SHA384"]),
    },
    Compared {
        name: "DH 1024",
        configuration: "s_server: TLS 1.2 with a Diffie-Hellman group of 1024 bits",
        findings: &[("error", "weak_cipher"), ("warning", "no_tls13"), WEAK],
        start: |site, port| {
            let ciphers = "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0";
            site.s_server(port, RSA, &["-tls1_2", "-cipher", ciphers, "-dhparam", "dh1024.pem"])
        },
    },
    Compared {
        name: "client certificate",
        configuration: "s_server: `-Verify 1 -verify_return_error`",
        findings: DEFAULT,
        start: |site, port| {
            site.s_server(port, RSA, &["-Verify", "1", "-CAfile", "ca.crt", "-verify_return_error"])
        },
    },
    Compared {
        name: "RSA 1024 with SHA-1",
        configuration: "s_server: a self-signed certificate with 1024-bit RSA and SHA-1",
        findings: &[
            ("error", "self_signed"),
            ("error", "weak_cipher"),
            ("error", "weak_key"),
            ("error", "weak_signature"),
            ("warning", "ca_as_leaf"),
            ("warning", "wrong_usage"),
            WEAK,
        ],
        start: |site, port| {
            let files = ["-cert", "short.crt", "-key", "short.key"];
            site.s_server(port, &files, &["-min_protocol", "TLSv1.2", "-cipher", "DEFAULT:@SECLEVEL=0"])
        },
    },
    Compared {
        name: "early data",
        configuration: "s_server: `-early_data`",
        findings: DEFAULT,
        start: |site, port| site.s_server(port, RSA, &["-early_data"]),
    },
    Compared {
        name: "no intermediate",
        configuration: "s_server: the server's own certificate without its CA's",
        findings: &[("error", "missing_intermediate"), WEAK],
        start: |site, port| site.s_server(port, &["-cert", "server.crt", "-key", "server.key"], &[]),
    },
    Compared {
        name: "expired",
        configuration: "s_server: a certificate that expired a day ago",
        findings: &[("error", "expired"), WEAK],
        start: |site, port| {
            let files = ["-cert", "expired.crt", "-cert_chain", "ca-bundle.ca", "-key", "server.key"];
            site.s_server(port, &files, &[])
        },
    },
];

/// A good chain.
const RSA: &[&str] = &["-cert", "server.crt", "-cert_chain", "ca-bundle.ca", "-key", "server.key"];

impl<'a> Site<'a> {
    pub(super) fn new(test: &'a Test) -> Self {
        test.certkit(&["mkca", "--intermediate"]).exits(0);
        test.certkit(&["mkcert", "test.example", "-k", "rsa2048"]).exits(0);
        test.certkit(&["merge", "server.crt", "ca-bundle.ca"]).exits(0);
        test.write("www/index.html", "hello");
        test.write("dh1024.pem", DH_1024);
        test.write(
            "app.py",
            "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'hello']\n",
        );
        let openssl = peer("openssl");
        if let Some(openssl) = &openssl {
            let fixed = ["req", "-x509", "-nodes", "-days", "90", "-subj", "/CN=test.example", "-sha1"];
            let files = ["-newkey", "rsa:1024", "-keyout", "short.key", "-out", "short.crt"];
            let names = ["-addext", "subjectAltName=DNS:test.example"];
            test.run(openssl, &[&fixed[..], &files, &names].concat()).exits(0);
            test.run(
                openssl,
                &["req", "-new", "-key", "server.key", "-subj", "/CN=test.example", "-out", "csr"],
            )
            .exits(0);
            test.write(
                "extensions",
                "subjectAltName=DNS:test.example\nbasicConstraints=CA:FALSE\nsubjectKeyIdentifier=hash\n\
                 authorityKeyIdentifier=keyid\nkeyUsage=critical,digitalSignature,keyEncipherment\n\
                 extendedKeyUsage=serverAuth\n",
            );
            let issuer =
                ["x509", "-req", "-in", "csr", "-CA", "intermediate.crt", "-CAkey", "intermediate.key"];
            let past = ["-days", "-1", "-extfile", "extensions", "-out", "expired.crt"];
            test.run(openssl, &[&issuer[..], &past].concat()).exits(0);
        }
        Self { test, openssl }
    }

    fn start(&self, program: PathBuf, args: &[&str]) -> Process {
        Process::start(self.test, self.test.program(program).args(args))
    }

    fn s_server(&self, port: u16, files: &[&str], more: &[&str]) -> Option<Process> {
        let accept = port.to_string();
        let args = [&["s_server", "-accept", &accept, "-quiet"][..], files, more].concat();
        Some(self.start(self.openssl.clone()?, &args))
    }

    fn nginx(&self, port: u16, lines: &str) -> Option<Process> {
        let program = peer("nginx")?;
        let place = self.test.folder().display().to_string();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {place}/{kind}; "))
            .concat();
        let name = format!("nginx-{port}.conf");
        let config = format!(
            "daemon off; master_process off; pid {place}/pid-{port}; error_log stderr; events {{}}\n\
             http {{ access_log off; {temporary} server {{ listen 127.0.0.1:{port} ssl; \
             ssl_certificate {place}/chain.pem; ssl_certificate_key {place}/server.key; {lines} \
             location / {{ return 200 hello; }} }} }}\n"
        );
        self.test.write(&name, config);
        let file = self.test.path(&name).display().to_string();
        Some(self.start(program, &["-c", &file, "-e", "stderr"]))
    }

    fn apache(&self, port: u16) -> Option<Process> {
        let program = peer("apache2")?;
        let place = self.test.folder().display().to_string();
        let modules: String = ["mpm_event", "authz_core", "ssl", "socache_shmcb"]
            .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
            .concat();
        let user = if rustix::process::geteuid().is_root() { "User www-data\nGroup www-data\n" } else { "" };
        let config = format!(
            "ServerRoot {place}\nDefaultRuntimeDir {place}\nPidFile {place}/pid\nServerName test.example\n\
             ErrorLog {place}/error\n{modules}{user}Listen 127.0.0.1:{port}\nDocumentRoot {place}/www\n\
             <VirtualHost *:{port}>\nSSLEngine on\nSSLCertificateFile {place}/chain.pem\n\
             SSLCertificateKeyFile {place}/server.key\n</VirtualHost>\n"
        );
        self.test.write("apache.conf", config);
        let file = self.test.path("apache.conf").display().to_string();
        Some(self.start(program, &["-DFOREGROUND", "-f", &file]))
    }
}
