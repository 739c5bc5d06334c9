//! A real name server on 127.0.0.1: Debian's BIND, with a zone that takes signed dynamic updates. It follows CNAMEs from
//! one of its zones to the other, and asks nobody else.
//!
//! | zone | what is in it |
//! |---|---|
//! | `dyn.test` | takes updates of TXT records signed by the key `acme` |
//! | `b.test` | takes none; `_acme-challenge.b.test` is a CNAME for `b.dyn.test` |

use std::fs;
use std::net::Ipv4Addr;

use crate::harness::Test;
use crate::peers::peer;
use crate::process::{Process, free_port};

/// The secret of the key `acme`, hmac-sha256.
pub(crate) const SECRET: &str = "dGhlIHNlY3JldCBvZiB0aGUgdGVzdHMsIDMyIGJ5dGVz";

/// A running name server; it ends by its id when it goes.
pub(crate) struct Named<'a> {
    test: &'a Test,
    process: Process,
    pub(crate) port: u16,
}

impl<'a> Named<'a> {
    /// Starts one; `None` when it is not installed.
    #[track_caller]
    pub(crate) fn start(test: &'a Test) -> Option<Self> {
        let named = peer("named")?;
        let port = free_port();
        let folder = test.path("named");
        fs::create_dir(&folder).unwrap();
        let folder = folder.display();
        let head = "$TTL 60\n@ SOA ns.dyn.test. nobody.dyn.test. 1 3600 600 86400 60\n@ NS ns.dyn.test.\n";
        test.write("named/dyn.test", format!("{head}ns A 127.0.0.1\n"));
        test.write("named/b.test", format!("{head}_acme-challenge CNAME b.dyn.test.\n"));
        test.write(
            "named/named.conf",
            format!(
                "options {{ directory \"{folder}\"; pid-file \"{folder}/pid\"; session-keyfile \"{folder}/session\";\n\
                 managed-keys-directory \"{folder}\"; listen-on port {port} {{ 127.0.0.1; }};\n\
                 listen-on-v6 {{ none; }}; dnssec-validation no; notify no;\n\
                 recursion yes; forward only; forwarders {{ 127.0.0.1 port 1; }}; }};\n\
                 controls {{ }};\n\
                 key acme {{ algorithm hmac-sha256; secret \"{SECRET}\"; }};\n\
                 zone dyn.test {{ type primary; file \"dyn.test\"; update-policy {{ grant acme zonesub TXT; }}; }};\n\
                 zone b.test {{ type primary; file \"b.test\"; }};\n"
            ),
        );
        let conf = test.path("named/named.conf").display().to_string();
        let mut process = Process::start(test, test.program(named).args(["-g", "-n", "1", "-c", &conf]));
        process.wait_for((Ipv4Addr::LOCALHOST, port).into());
        process.wait_for_log("running");
        Some(Self { test, process, port })
    }

    /// Writes a file for `--rfc2136` with these lines beside the server's address, and gives its name.
    pub(crate) fn settings(&self, lines: &str) -> &'static str {
        self.test.write("dns.toml", format!("server = \"127.0.0.1:{}\"\n{lines}\n", self.port));
        "dns.toml"
    }

    /// How many TXT records were added, and how many taken away.
    pub(crate) fn changes(&self) -> (usize, usize) {
        let log = self.process.log();
        let count = |what: &str| {
            log.lines().filter(|line| line.contains("updating zone") && line.contains(what)).count()
        };
        (count("adding an RR"), count("deleting an RR"))
    }
}
