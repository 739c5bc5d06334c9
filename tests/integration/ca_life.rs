//! The life of one CA from its first day until its root is gone; after each step openssl, GnuTLS, Python with strict flags,
//! certkit and Chromium agree on its server, and nginx and HAProxy on its clients.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use crate::ca_renewed::{Judges, join};
use crate::harness::{Program, Test};
use crate::peers::{Chromium, peer};
use crate::process::{Process, free_port};

const NAME: &str = "www.test";
/// What a server sends, and its key.
const SERVER: (&str, &str) = ("server.fullchain.pem", "server.key");

struct Life {
    test: Test,
    judges: Judges,
    nginx: PathBuf,
    haproxy: PathBuf,
}

/// nginx and HAProxy with the server's certificate; they ask for certificates of clients.
struct Fronts {
    nginx: u16,
    haproxy: u16,
    _processes: [Process; 2],
}

impl Life {
    fn step(&self, line: &str) {
        self.test.certkit(&line.split(' ').collect::<Vec<_>>()).exits(0);
    }

    fn fronts(&self) -> Fronts {
        let folder = self.test.folder().display().to_string();
        let _ = fs::create_dir(self.test.path("front"));
        let (nginx, haproxy) = (free_port(), free_port());
        let mut config = format!(
            "daemon off;\nmaster_process off;\npid {folder}/front/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n\
             access_log off;\n"
        );
        for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
            config += &format!("{kind}_temp_path {folder}/front/{kind};\n");
        }
        config += &format!(
            "server {{ listen 127.0.0.1:{nginx} ssl; server_name {NAME}; ssl_certificate {folder}/{};\n\
             ssl_certificate_key {folder}/{}; ssl_client_certificate {folder}/ca.crt; ssl_verify_client \
             optional;\nssl_verify_depth 4; ssl_crl {folder}/intermediate.crl; location / {{ return 200 \
             \"client: $ssl_client_verify\\n\"; }} }} }}",
            SERVER.0, SERVER.1
        );
        self.test.write("front/nginx.conf", config);
        let (file, prefix) = (format!("{folder}/front/nginx.conf"), format!("{folder}/front"));
        let program = self.test.program(&self.nginx).args(["-c", &file, "-p", &prefix, "-e", "stderr"]);
        let first = self.started(program, nginx);

        join(&self.test, "site.pem", &[SERVER.0, SERVER.1]);
        let config = format!(
            "global\n    log stderr local0 warning\ndefaults\n    mode http\n    timeout connect 10s\n    timeout \
             client 60s\n    timeout server 60s\nfrontend site\n    bind 127.0.0.1:{haproxy} ssl crt \
             {folder}/site.pem ca-file {folder}/ca.crt verify required crl-file {folder}/intermediate.crl\n    \
             http-request return status 200\n"
        );
        self.test.write("front/haproxy.cfg", config);
        let file = format!("{folder}/front/haproxy.cfg");
        let second = self.started(self.test.program(&self.haproxy).args(["-db", "-f", &file]), haproxy);
        Fronts { nginx, haproxy, _processes: [first, second] }
    }

    fn started(&self, program: Program<'_>, port: u16) -> Process {
        let mut process = Process::start(&self.test, program);
        process.wait_for((Ipv4Addr::LOCALHOST, port).into());
        process
    }

    /// Whether both take a client.
    #[track_caller]
    fn client(&self, fronts: &Fronts, client: &str, is_taken: bool) {
        for port in [fronts.nginx, fronts.haproxy] {
            let (url, resolve) = (format!("https://{NAME}:{port}/"), format!("{NAME}:{port}:127.0.0.1"));
            let (chain, key) = (format!("{client}.fullchain.pem"), format!("{client}.key"));
            let args =
                ["-s", "-o", "page", "-w", "%{http_code}", "--cacert", "ca.crt", "--resolve", &resolve];
            let ran = self.test.run("curl", &[&args[..], &["--cert", &chain, "--key", &key, &url]].concat());
            assert_eq!(ran.stdout() == "200", is_taken, "{client} at {port}: {}", ran.all());
        }
    }

    /// Every client that trusts these roots takes the server.
    #[track_caller]
    fn agree(&self, fronts: &Fronts, roots: &str) {
        self.judges.take(&self.test, roots, SERVER.0, SERVER.1, NAME);
        self.in_chromium(fronts, roots, true);
    }

    /// None of them does.
    #[track_caller]
    fn disagree(&self, fronts: &Fronts, roots: &str) {
        self.judges.refuse(&self.test, roots, SERVER.0, SERVER.1, NAME);
        self.in_chromium(fronts, roots, false);
    }

    #[track_caller]
    fn in_chromium(&self, fronts: &Fronts, roots: &str, is_taken: bool) {
        for folder in [".pki", "chromium"] {
            let _ = fs::remove_dir_all(self.test.home().join(folder));
        }
        let Some(chromium) = Chromium::trusting(&self.test, &self.test.path(roots)) else { return };
        let page = chromium.load(&format!("https://{NAME}:{}/", fronts.nginx), NAME);
        let word = if is_taken { "client: NONE" } else { "ERR_CERT_AUTHORITY_INVALID" };
        assert!(page.all().contains(word), "{roots}: {}", page.all());
    }

    fn old(&self, stem: &str) -> String {
        let prefix = format!("{stem}.old-");
        let is_it = |name: &String| {
            name.starts_with(&prefix) && Path::new(name).extension().is_some_and(|e| e == "crt")
        };
        self.test.names().into_iter().find(is_it).unwrap()
    }
}

#[test]
fn from_the_first_day_until_the_root_is_gone() {
    let (Some(judges), Some(nginx), Some(haproxy)) = (Judges::new(), peer("nginx"), peer("haproxy")) else {
        return;
    };
    let life = Life { test: Test::new(), judges, nginx, haproxy };

    // Made; an intermediate is added; a server and two clients.
    life.step("mkca Team --permit test");
    life.step("mkca --intermediate --days 400");
    life.step(&format!("mkcert {NAME}"));
    for client in ["alice", "mallory"] {
        life.step(&format!("mkcert --client {client}@mail.test -o {client}"));
    }
    life.step("crl");
    let fronts = life.fronts();
    life.agree(&fronts, "ca.crt");
    for client in ["alice", "mallory"] {
        life.client(&fronts, client, true);
    }

    // A certificate is renewed, a client is revoked, and the fronts read the list.
    life.step("renew server.crt");
    life.step("revoke mallory.crt --reason keyCompromise");
    life.step("crl");
    let fronts = life.fronts();
    life.agree(&fronts, "ca.crt");
    life.client(&fronts, "alice", true);
    life.client(&fronts, "mallory", false);

    // The intermediate is renewed, and the root: who is revoked stays so, whatever the chain.
    life.step("renew intermediate.crt");
    life.step("renew ca.crt");
    life.step("renew server.crt");
    life.step("crl");
    let fronts = life.fronts();
    for roots in ["ca.crt", "ca.crt.bak"] {
        life.agree(&fronts, roots);
    }
    life.client(&fronts, "alice", true);
    life.client(&fronts, "mallory", false);

    // Rolled over: clients of either root take the server.
    life.step("mkca --rollover");
    let old = life.old("ca");
    life.step("renew server.crt alice.crt");
    life.step("crl --force");
    let fronts = life.fronts();
    join(&life.test, "both.crt", &["ca.crt", &old]);
    life.agree(&fronts, "ca.crt");
    life.agree(&fronts, &old);
    life.judges.take(&life.test, "both.crt", SERVER.0, SERVER.1, NAME);
    life.client(&fronts, "alice", true);
    life.client(&fronts, "mallory", false);
    // The old CA can still say whom it revoked.
    life.step(&format!("crl --ca {}", life.old("intermediate")));

    // The old root goes.
    fs::remove_file(life.test.path("ca.cross.crt")).unwrap();
    life.step("renew server.crt");
    life.step("crl");
    let fronts = life.fronts();
    life.agree(&fronts, "ca.crt");
    life.disagree(&fronts, &old);
    life.client(&fronts, "alice", true);
    life.client(&fronts, "mallory", false);
}
