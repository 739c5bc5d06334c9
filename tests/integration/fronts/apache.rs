//! Apache with its mod_proxy family.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::{Backend, FrontServer, Protocol, Way};
use crate::harness::Test;
use crate::peers::{peer, skip};
use crate::process::Process;

pub(crate) struct Apache(pub(super) PathBuf);

/// Where Debian has the modules.
const MODULES: &str = "/usr/lib/apache2/modules";

impl Apache {
    #[track_caller]
    pub(crate) fn find() -> Option<Self> {
        let program = peer("apache2")?;
        if !Path::new(MODULES).is_dir() {
            skip("modules of apache2");
            return None;
        }
        Some(Self(program))
    }

    /// The configuration without hosts, with these modules besides those that are always needed.
    pub(super) fn base(folder: &Path, modules: &[&str]) -> String {
        let folder = folder.display();
        let mut config = format!(
            "ServerRoot {folder}\nDefaultRuntimeDir {folder}\nPidFile {folder}/pid\nServerName front.example\n\
             ErrorLog {folder}/error\nLogLevel warn\nTimeout 60\nAllowEncodedSlashes NoDecode\n"
        );
        for module in ["mpm_event", "authz_core"].iter().chain(modules) {
            let _ = writeln!(config, "LoadModule {module}_module {MODULES}/mod_{module}.so");
        }
        if rustix::process::geteuid().is_root() {
            config += "User www-data\nGroup www-data\n";
        }
        config
    }

    pub(super) fn run(&self, test: &Test, config: &str) -> Process {
        test.write("front/apache.conf", config);
        let config = test.path("front/apache.conf").display().to_string();
        Process::start(test, test.program(&self.0).args(["-DFOREGROUND", "-f", &config]))
    }
}

impl FrontServer for Apache {
    const PROTOCOLS: &'static [Protocol] =
        &[Protocol::Uwsgi, Protocol::Fcgi, Protocol::Scgi, Protocol::Ajp, Protocol::Http];

    fn start(&self, test: &Test, folder: &Path, ways: &[Way]) -> Vec<Process> {
        let modules = ["proxy", "proxy_uwsgi", "proxy_fcgi", "proxy_scgi", "proxy_http", "proxy_ajp"];
        let mut config = Self::base(folder, &modules);
        for way in ways {
            let scheme = way.protocol.word();
            let backend = match &way.backend {
                Backend::Tcp(port) => format!("{scheme}://127.0.0.1:{port}/"),
                Backend::Unix(path) => format!("unix:{}|{scheme}://localhost/", path.display()),
            };
            let _ = writeln!(
                config,
                "Listen 127.0.0.1:{port}\n<VirtualHost 127.0.0.1:{port}>\nProxyPreserveHost On\nProxyPass / {backend}\n</VirtualHost>",
                port = way.port
            );
        }
        vec![self.run(test, &config)]
    }
}
