//! lighttpd with mod_fastcgi, mod_scgi (which speaks uwsgi too) and mod_proxy.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::{Backend, FrontServer, Protocol, Way};
use crate::harness::Test;
use crate::peers::peer;
use crate::process::Process;

pub(crate) struct Lighttpd(PathBuf);

impl Lighttpd {
    #[track_caller]
    pub(crate) fn find() -> Option<Self> {
        peer("lighttpd").map(Self)
    }
}

impl FrontServer for Lighttpd {
    const PROTOCOLS: &'static [Protocol] =
        &[Protocol::Uwsgi, Protocol::Fcgi, Protocol::Scgi, Protocol::Ajp, Protocol::Http];

    fn start(&self, test: &Test, folder: &Path, ways: &[Way]) -> Vec<Process> {
        let folder = folder.display();
        let mut config = format!(
            "server.modules = (\"mod_fastcgi\", \"mod_scgi\", \"mod_proxy\", \"mod_ajp13\")\n\
             server.document-root = \"{folder}\"\nserver.errorlog = \"{folder}/error\"\n\
             server.upload-dirs = (\"{folder}\")\nserver.bind = \"127.0.0.1\"\n\
             server.port = {}\nserver.name = \"front.example\"\nserver.stream-response-body = 1\n",
            ways[0].port
        );
        for way in ways {
            let place = match &way.backend {
                Backend::Tcp(port) => format!("\"host\" => \"127.0.0.1\", \"port\" => {port}"),
                // mod_proxy and mod_ajp13 take a path for a host.
                Backend::Unix(path) if matches!(way.protocol, Protocol::Ajp | Protocol::Http) => {
                    format!("\"host\" => \"{}\", \"port\" => 0", path.display())
                }
                Backend::Unix(path) => format!("\"socket\" => \"{}\"", path.display()),
            };
            let (module, more) = match way.protocol {
                Protocol::Fcgi => ("fastcgi", ""),
                Protocol::Scgi => ("scgi", "scgi.protocol = \"scgi\"\n"),
                Protocol::Uwsgi => ("scgi", "scgi.protocol = \"uwsgi\"\n"),
                Protocol::Ajp => ("ajp13", ""),
                Protocol::Http => ("proxy", ""),
            };
            let split = match way.protocol {
                Protocol::Fcgi | Protocol::Scgi | Protocol::Uwsgi => {
                    ", \"check-local\" => \"disable\", \"fix-root-scriptname\" => \"enable\""
                }
                Protocol::Ajp | Protocol::Http => "",
            };
            let _ = writeln!(
                config,
                "$SERVER[\"socket\"] == \"127.0.0.1:{}\" {{\n\
                 {more}{module}.server = (\"/\" => (({place}{split})))\n}}",
                way.port
            );
        }
        test.write("front/lighttpd.conf", config);
        let config = format!("{folder}/lighttpd.conf");
        vec![Process::start(test, test.program(&self.0).args(["-D", "-f", &config]))]
    }
}
