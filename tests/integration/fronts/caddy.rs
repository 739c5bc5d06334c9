//! Caddy, which speaks FastCGI and HTTP.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::{Backend, FrontServer, Protocol, Way};
use crate::harness::Test;
use crate::peers::peer;
use crate::process::Process;

pub(crate) struct Caddy(PathBuf);

impl Caddy {
    #[track_caller]
    pub(crate) fn find() -> Option<Self> {
        peer("caddy").map(Self)
    }
}

impl FrontServer for Caddy {
    const PROTOCOLS: &'static [Protocol] = &[Protocol::Fcgi, Protocol::Http];

    fn start(&self, test: &Test, folder: &Path, ways: &[Way]) -> Vec<Process> {
        let mut config = "{\n    admin off\n    auto_https off\n}\n".to_owned();
        for way in ways {
            let address = match &way.backend {
                Backend::Tcp(port) => format!("127.0.0.1:{port}"),
                Backend::Unix(path) => format!("unix/{}", path.display()),
            };
            let transport = match way.protocol {
                Protocol::Fcgi => "        transport fastcgi\n",
                _ => "",
            };
            let _ = write!(
                config,
                "http://:{} {{\n    bind 127.0.0.1\n    reverse_proxy {address} {{\n{transport}    }}\n}}\n",
                way.port
            );
        }
        test.write("front/Caddyfile", config);
        let config = folder.join("Caddyfile").display().to_string();
        vec![Process::start(
            test,
            test.program(&self.0).args(["run", "--adapter", "caddyfile", "--config", &config]),
        )]
    }
}
