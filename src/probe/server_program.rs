//! Server programs, and the lines of their configuration that fix what a check finds.

use super::Peer;

/// The six suites of the guideline, as OpenSSL's users write them.
pub(super) const GOOD_SUITES: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
                                      ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
                                      ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
/// Its groups; OpenSSL has the first from 3.5 on.
pub(super) const GOOD_GROUPS: &str = "X25519MLKEM768:X25519:prime256v1:secp384r1";

/// A program whose configuration is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerProgram {
    Apache,
    Caddy,
    Certkit,
    Dovecot,
    Granian,
    Gunicorn,
    Haproxy,
    Lighttpd,
    Nginx,
    Postfix,
    Uwsgi,
}

/// What a line of configuration is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    Groups,
    Hsts,
    Suites,
    Versions,
}

impl ServerProgram {
    pub const ALL: [Self; 11] = [
        Self::Apache,
        Self::Caddy,
        Self::Certkit,
        Self::Dovecot,
        Self::Granian,
        Self::Gunicorn,
        Self::Haproxy,
        Self::Lighttpd,
        Self::Nginx,
        Self::Postfix,
        Self::Uwsgi,
    ];

    /// The word for `--server`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Apache => "apache",
            Self::Caddy => "caddy",
            Self::Certkit => "certkit",
            Self::Dovecot => "dovecot",
            Self::Granian => "granian",
            Self::Gunicorn => "gunicorn",
            Self::Haproxy => "haproxy",
            Self::Lighttpd => "lighttpd",
            Self::Nginx => "nginx",
            Self::Postfix => "postfix",
            Self::Uwsgi => "uwsgi",
        }
    }

    /// The program that the Server header of an answer names.
    pub fn of(peer: &Peer) -> Option<Self> {
        Self::of_header(peer.http.as_ref()?.as_ref().ok()?.header("server")?)
    }

    /// The program that a Server header names.
    fn of_header(server: &str) -> Option<Self> {
        let name = server.split(['/', ' ', '(']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|program| program.as_str().eq_ignore_ascii_case(name))
    }

    /// The line that fixes what a finding is about, below the place where it belongs.
    pub(super) fn line(self, topic: Topic) -> String {
        match topic {
            Topic::Groups => self.groups(),
            Topic::Hsts => self.hsts().to_owned(),
            Topic::Suites => self.suites(),
            Topic::Versions => self.versions().to_owned(),
        }
    }

    const fn versions(self) -> &'static str {
        match self {
            Self::Apache => "Apache: SSLProtocol -all +TLSv1.2 +TLSv1.3",
            Self::Caddy => "Caddy, in the site: tls CHAIN KEY { protocols tls1.2 tls1.3 }",
            Self::Certkit => "certkit serve: --tls-min 1.2",
            Self::Dovecot => "Dovecot: ssl_min_protocol = TLSv1.2",
            Self::Granian => "granian: --ssl-protocol-min tls1.2",
            Self::Gunicorn => {
                "gunicorn.conf.py: def ssl_context(config, default): c = default(); \
                 c.minimum_version = ssl.TLSVersion.TLSv1_2; return c"
            }
            Self::Haproxy => "haproxy, in global: ssl-default-bind-options ssl-min-ver TLSv1.2",
            Self::Lighttpd => "lighttpd: ssl.openssl.ssl-conf-cmd += (\"MinProtocol\" => \"TLSv1.2\")",
            Self::Nginx => "nginx: ssl_protocols TLSv1.2 TLSv1.3;",
            Self::Postfix => "Postfix: smtpd_tls_protocols = >=TLSv1.2",
            Self::Uwsgi => {
                "uWSGI: remove ssl-enable3 and ssl-enable-tlsv1, and set MinProtocol = TLSv1.2 in openssl.cnf"
            }
        }
    }

    fn suites(self) -> String {
        match self {
            Self::Apache => format!("Apache: SSLCipherSuite {GOOD_SUITES}"),
            Self::Caddy => {
                "Caddy: remove the word ciphers from the site's tls block; its default is good".to_owned()
            }
            Self::Certkit => "certkit serve: update it; it has no option for this".to_owned(),
            Self::Dovecot => format!("Dovecot: ssl_cipher_list = {GOOD_SUITES}"),
            Self::Granian => "granian: update it; it has no option for this".to_owned(),
            Self::Gunicorn => format!("gunicorn.conf.py: ciphers = \"{GOOD_SUITES}\""),
            Self::Haproxy => format!("haproxy, in global: ssl-default-bind-ciphers {GOOD_SUITES}"),
            Self::Lighttpd => {
                format!("lighttpd: ssl.openssl.ssl-conf-cmd += (\"CipherString\" => \"{GOOD_SUITES}\")")
            }
            Self::Nginx => format!("nginx: ssl_ciphers {GOOD_SUITES};"),
            Self::Postfix => {
                format!("Postfix: smtpd_tls_ciphers = high, and tls_high_cipherlist = {GOOD_SUITES}")
            }
            Self::Uwsgi => format!("uWSGI: https = ADDRESS,CHAIN,KEY,{GOOD_SUITES}"),
        }
    }

    fn groups(self) -> String {
        match self {
            Self::Apache => format!("Apache: SSLOpenSSLConfCmd Groups {GOOD_GROUPS}"),
            Self::Caddy => {
                "Caddy: use 2.10 or newer, and remove the word curves from the site's tls block".to_owned()
            }
            Self::Certkit => "certkit serve: update it; it has no option for this".to_owned(),
            Self::Dovecot => format!("Dovecot: ssl_curve_list = {GOOD_GROUPS}"),
            Self::Granian => "granian: update it; it has no option for this".to_owned(),
            Self::Gunicorn => "gunicorn: use Python with OpenSSL 3.5 or newer".to_owned(),
            Self::Haproxy => format!("haproxy, in global: ssl-default-bind-curves {GOOD_GROUPS}"),
            Self::Lighttpd => {
                format!("lighttpd: ssl.openssl.ssl-conf-cmd += (\"Groups\" => \"{GOOD_GROUPS}\")")
            }
            Self::Nginx => format!("nginx: ssl_ecdh_curve {GOOD_GROUPS};"),
            Self::Postfix => format!("Postfix: tls_eecdh_auto_curves = {}", GOOD_GROUPS.replace(':', " ")),
            Self::Uwsgi => "uWSGI: use OpenSSL 3.5 or newer".to_owned(),
        }
    }

    const fn hsts(self) -> &'static str {
        match self {
            Self::Apache => "Apache: Header always set Strict-Transport-Security \"max-age=63072000\"",
            Self::Caddy => "Caddy, in the site: header Strict-Transport-Security max-age=63072000",
            Self::Certkit => "certkit serve: --hsts",
            Self::Haproxy => {
                "haproxy, in the frontend: http-after-response set-header Strict-Transport-Security max-age=63072000"
            }
            Self::Lighttpd => {
                "lighttpd, with mod_setenv: setenv.add-response-header += (\"Strict-Transport-Security\" => \
                 \"max-age=63072000\")"
            }
            Self::Nginx => "nginx: add_header Strict-Transport-Security \"max-age=63072000\" always;",
            Self::Uwsgi => "uWSGI: add-header = Strict-Transport-Security: max-age=63072000",
            Self::Dovecot | Self::Granian | Self::Gunicorn | Self::Postfix => {
                "In the application: Strict-Transport-Security: max-age=63072000"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_recognised_by_their_header() {
        for (header, program) in [
            ("nginx/1.22.1", Some(ServerProgram::Nginx)),
            ("Apache/2.4.66 (Debian)", Some(ServerProgram::Apache)),
            ("lighttpd/1.4.69", Some(ServerProgram::Lighttpd)),
            ("Caddy", Some(ServerProgram::Caddy)),
            ("gunicorn", Some(ServerProgram::Gunicorn)),
            ("granian", Some(ServerProgram::Granian)),
            ("cloudflare", None),
            ("", None),
        ] {
            assert_eq!(ServerProgram::of_header(header), program, "{header}");
        }
    }

    #[test]
    fn every_program_has_a_line_for_everything() {
        for program in ServerProgram::ALL {
            for topic in [Topic::Groups, Topic::Hsts, Topic::Suites, Topic::Versions] {
                let line = program.line(topic);
                assert!(line.len() > 20 && !line.contains('\n'), "{program:?} {topic:?}: {line}");
            }
        }
    }
}
