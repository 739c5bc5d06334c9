//! nginx, with the parameter files that come with it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::{FrontServer, Protocol, Way};
use crate::harness::Test;
use crate::peers::peer;
use crate::process::Process;

pub(crate) struct Nginx(PathBuf);

impl Nginx {
    #[track_caller]
    pub(crate) fn find() -> Option<Self> {
        peer("nginx").map(Self)
    }
}

impl FrontServer for Nginx {
    const PROTOCOLS: &'static [Protocol] = &[Protocol::Uwsgi, Protocol::Fcgi, Protocol::Scgi, Protocol::Http];

    fn start(&self, test: &Test, folder: &Path, ways: &[Way]) -> Vec<Process> {
        let folder = folder.display();
        let mut config = format!(
            "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n\
             http {{\naccess_log off;\nclient_max_body_size 0;\n"
        );
        for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
            let _ = writeln!(config, "{kind}_temp_path {folder}/{kind};");
        }
        for way in ways {
            let address = way.backend.address();
            let word = match way.protocol {
                Protocol::Fcgi => "fastcgi",
                other => other.word(),
            };
            let pass = match way.protocol {
                Protocol::Http => format!("proxy_pass http://{address}; proxy_set_header Host $http_host;"),
                _ => format!("include /etc/nginx/{word}_params; {word}_pass {address};"),
            };
            let _ = writeln!(
                config,
                "server {{ listen 127.0.0.1:{}; server_name front.example; location / {{ {pass} }} }}",
                way.port
            );
        }
        config.push('}');
        test.write("front/nginx.conf", config);
        let (config, prefix) = (format!("{folder}/nginx.conf"), folder.to_string());
        vec![Process::start(test, test.program(&self.0).args(["-c", &config, "-p", &prefix, "-e", "stderr"]))]
    }
}
