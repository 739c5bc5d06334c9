//! HAProxy, which speaks FastCGI and HTTP.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::{Backend, FrontServer, Protocol, Way};
use crate::harness::Test;
use crate::peers::peer;
use crate::process::Process;

pub(crate) struct Haproxy(PathBuf);

impl Haproxy {
    #[track_caller]
    pub(crate) fn find() -> Option<Self> {
        peer("haproxy").map(Self)
    }
}

impl FrontServer for Haproxy {
    const PROTOCOLS: &'static [Protocol] = &[Protocol::Fcgi, Protocol::Http];

    fn start(&self, test: &Test, folder: &Path, ways: &[Way]) -> Vec<Process> {
        let mut config =
            "global\n    log stderr local0 warning\ndefaults\n    mode http\n    timeout connect 10s\n    \
                          timeout client 60s\n    timeout server 60s\nfcgi-app app\n    docroot /srv\n    \
                          path-info ^()(/.*)$\n"
                .to_owned();
        for (number, way) in ways.iter().enumerate() {
            let server = match &way.backend {
                Backend::Tcp(port) => format!("127.0.0.1:{port}"),
                Backend::Unix(path) => format!("unix@{}", path.display()),
            };
            let (app, proto) = match way.protocol {
                Protocol::Fcgi => ("    use-fcgi-app app\n", " proto fcgi"),
                _ => ("", ""),
            };
            let _ = write!(
                config,
                "listen l{number}\n    bind 127.0.0.1:{}\n{app}    server s {server}{proto}\n",
                way.port
            );
        }
        test.write("front/haproxy.cfg", config);
        let config = folder.join("haproxy.cfg").display().to_string();
        vec![Process::start(test, test.program(&self.0).args(["-db", "-f", &config]))]
    }
}
