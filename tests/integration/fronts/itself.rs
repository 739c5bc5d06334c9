//! certkit in front of certkit: its upstreams, one server for each way.

use std::path::Path;

use super::{Backend, FrontServer, Protocol, Way};
use crate::harness::{Test, certkit};
use crate::process::Process;

pub(crate) struct Certkit;

impl FrontServer for Certkit {
    const PROTOCOLS: &'static [Protocol] =
        &[Protocol::Ajp, Protocol::Fcgi, Protocol::Http, Protocol::Scgi, Protocol::Uwsgi];

    fn start(&self, test: &Test, _: &Path, ways: &[Way]) -> Vec<Process> {
        let start = |way: &Way| {
            let listen = format!("http:127.0.0.1:{}", way.port);
            let upstream = match &way.backend {
                Backend::Tcp(port) => format!("/={}://127.0.0.1:{port}", way.protocol.word()),
                Backend::Unix(path) => format!("/={}+unix:{}", way.protocol.word(), path.display()),
            };
            let args = ["serve", "--listen", &listen, "--upstream", &upstream];
            Process::start(test, test.program(certkit()).args(args))
        };
        ways.iter().map(start).collect()
    }
}
