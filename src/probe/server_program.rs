//! Server programs, and the lines of their configuration that fix what a check finds.

use super::Peer;

/// The six suites of the guideline, as OpenSSL's users write them.
pub(super) const GOOD_SUITES: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
                                      ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
                                      ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
/// Its groups; OpenSSL has the first from 3.5 on.
pub(super) const GOOD_GROUPS: &str = "X25519MLKEM768:X25519:prime256v1:secp384r1";
/// Those of them that every OpenSSL has since 1.1.0.
pub(super) const GOOD_CURVES: &str = "X25519:prime256v1:secp384r1";

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
    /// Groups that current clients have.
    Curves,
    /// The same with the hybrid one.
    Groups,
    Hsts,
    Suites,
    /// No limit that keeps TLS 1.3 away.
    Tls13,
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
    pub(super) fn of_header(server: &str) -> Option<Self> {
        let name = server.split(['/', ' ', '(']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|program| program.as_str().eq_ignore_ascii_case(name))
    }

    /// Its name, as documents write it.
    const fn title(self) -> &'static str {
        match self {
            Self::Apache => "Apache",
            Self::Caddy => "Caddy",
            Self::Certkit => "certkit serve",
            Self::Dovecot => "Dovecot",
            Self::Granian => "granian",
            Self::Gunicorn => "gunicorn",
            Self::Haproxy => "haproxy",
            Self::Lighttpd => "lighttpd",
            Self::Nginx => "nginx",
            Self::Postfix => "Postfix",
            Self::Uwsgi => "uWSGI",
        }
    }

    /// Of lines that begin with a program each, its own; all of them where it has none.
    pub(super) fn own_line(self, lines: &str) -> &str {
        let is_own = |line: &&str| line.strip_prefix(self.title()).is_some_and(|rest| rest.starts_with(':'));
        lines.lines().find(is_own).unwrap_or(lines)
    }

    /// The line that fixes what a finding is about: the program, where in its configuration, and the text.
    pub(super) fn line(self, topic: Topic) -> String {
        match topic {
            Topic::Curves => self.groups(GOOD_CURVES, ""),
            Topic::Groups => self.groups(GOOD_GROUPS, ", with OpenSSL 3.5 or newer"),
            Topic::Hsts => self.hsts().to_owned(),
            Topic::Suites => self.suites(),
            Topic::Tls13 => self.tls13().to_owned(),
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
            // Both limits in one function: a second one of this name would replace the first.
            Self::Gunicorn => {
                "gunicorn.conf.py: def ssl_context(config, default): import ssl; c = default(); \
                 c.minimum_version = ssl.TLSVersion.TLSv1_2; \
                 c.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED; return c"
            }
            Self::Haproxy => "haproxy, in global: ssl-default-bind-options ssl-min-ver TLSv1.2",
            // With += it would be a second key of this name, with which lighttpd does not start.
            Self::Lighttpd => "lighttpd, in ssl.openssl.ssl-conf-cmd: \"MinProtocol\" => \"TLSv1.2\"",
            Self::Nginx => "nginx: ssl_protocols TLSv1.2 TLSv1.3;",
            // smtpd_tls_security_level decides which of the two it looks at.
            Self::Postfix => {
                "Postfix: postconf -e 'smtpd_tls_protocols = >=TLSv1.2' 'smtpd_tls_mandatory_protocols = >=TLSv1.2'"
            }
            // SSL_OP_NO_SSLv3, SSL_OP_NO_TLSv1 and SSL_OP_NO_TLSv1_1 of OpenSSL 1.1.0 and newer; uWSGI takes a decimal
            // number, and makes the context where it reads https.
            Self::Uwsgi => "uWSGI, above https: ssl-option = 369098752",
        }
    }

    const fn tls13(self) -> &'static str {
        match self {
            Self::Apache | Self::Caddy | Self::Certkit | Self::Gunicorn | Self::Nginx | Self::Postfix => {
                self.versions()
            }
            Self::Dovecot => "Dovecot: use OpenSSL 1.1.1 or newer",
            Self::Granian => "granian: update it; it has no option for this",
            Self::Haproxy => {
                "haproxy, in global: ssl-default-bind-options ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.3"
            }
            Self::Lighttpd => "lighttpd, in ssl.openssl.ssl-conf-cmd: \"MaxProtocol\" => \"TLSv1.3\"",
            Self::Uwsgi => "uWSGI: use OpenSSL 1.1.1 or newer",
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
                format!("lighttpd, in ssl.openssl.ssl-conf-cmd: \"CipherString\" => \"{GOOD_SUITES}\"")
            }
            Self::Nginx => format!("nginx: ssl_ciphers {GOOD_SUITES};"),
            Self::Postfix => format!(
                "Postfix: postconf -e 'smtpd_tls_ciphers = high' 'smtpd_tls_mandatory_ciphers = high' \
                 'tls_high_cipherlist = {GOOD_SUITES}'"
            ),
            Self::Uwsgi => format!("uWSGI: https = ADDRESS,CHAIN,KEY,{GOOD_SUITES}"),
        }
    }

    /// `since` goes behind the program where the list needs a newer library.
    fn groups(self, list: &str, since: &str) -> String {
        let has_hybrid = list == GOOD_GROUPS;
        match self {
            Self::Apache => format!("Apache{since}: SSLOpenSSLConfCmd Groups {list}"),
            Self::Caddy => {
                "Caddy: use 2.10 or newer, and remove the word curves from the site's tls block".to_owned()
            }
            Self::Certkit => "certkit serve: update it; it has no option for this".to_owned(),
            Self::Dovecot => format!("Dovecot{since}: ssl_curve_list = {list}"),
            Self::Granian => {
                "granian: has no option for this; certkit serve has the group for the same application"
                    .to_owned()
            }
            Self::Gunicorn if has_hybrid => "gunicorn: use Python with OpenSSL 3.5 or newer".to_owned(),
            Self::Gunicorn => "gunicorn.conf.py: remove set_ecdh_curve from ssl_context".to_owned(),
            Self::Haproxy => format!("haproxy, in global{since}: ssl-default-bind-curves {list}"),
            Self::Lighttpd => {
                format!("lighttpd, in ssl.openssl.ssl-conf-cmd{since}: \"Groups\" => \"{list}\"")
            }
            Self::Nginx => format!("nginx{since}: ssl_ecdh_curve {list};"),
            Self::Postfix => {
                format!("Postfix{since}: postconf -e 'tls_eecdh_auto_curves = {}'", list.replace(':', " "))
            }
            // It sets P-256 as the only one.
            Self::Uwsgi => {
                "uWSGI: has no option for this; certkit serve has the group and reads uWSGI's options"
                    .to_owned()
            }
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
            for topic in
                [Topic::Curves, Topic::Groups, Topic::Hsts, Topic::Suites, Topic::Tls13, Topic::Versions]
            {
                let line = program.line(topic);
                assert!(line.len() > 20 && !line.contains('\n'), "{program:?} {topic:?}: {line}");
                assert!(topic == Topic::Groups || !line.contains("X25519MLKEM768"), "{line}");
            }
        }
    }

    #[test]
    fn of_several_lines_its_own() {
        let lines = "nginx: ssl_early_data off;\nhaproxy: remove allow-0rtt from the bind line";
        assert_eq!(ServerProgram::Nginx.own_line(lines), "nginx: ssl_early_data off;");
        assert_eq!(ServerProgram::Haproxy.own_line(lines), "haproxy: remove allow-0rtt from the bind line");
        assert_eq!(ServerProgram::Apache.own_line(lines), lines);
    }
}
