//! The lines of configuration files that fix a finding: of the program that was recognised, else of the usual ones.

use super::server_rule::ServerFacts;
use crate::probe::Starttls;
use crate::probe::server_program::{GOOD_GROUPS, GOOD_SUITES, ServerProgram, Topic};

/// The two that most https servers are.
fn usual(topic: Topic) -> String {
    format!("{}\n{}", ServerProgram::Nginx.line(topic), ServerProgram::Apache.line(topic))
}

pub(super) fn hsts(facts: &ServerFacts<'_>) -> String {
    match facts.program {
        Some(program) => program.line(Topic::Hsts),
        None => format!("{}\n{}", usual(Topic::Hsts), ServerProgram::Certkit.line(Topic::Hsts)),
    }
}

pub(super) fn versions(facts: &ServerFacts<'_>) -> String {
    let program = match (facts.program, facts.starttls) {
        (Some(program), _) => program,
        (None, None) => return usual(Topic::Versions),
        (None, Some(Starttls::Smtp)) => {
            return format!(
                "{}\nExim: openssl_options = +no_sslv2 +no_sslv3 +no_tlsv1 +no_tlsv1_1",
                ServerProgram::Postfix.line(Topic::Versions)
            );
        }
        (None, Some(Starttls::Imap | Starttls::Pop3)) => ServerProgram::Dovecot,
        (None, Some(Starttls::Ldap)) => return "OpenLDAP: TLSProtocolMin 3.3".to_owned(),
        (None, Some(Starttls::Postgres)) => {
            return "postgresql.conf: ssl_min_protocol_version = 'TLSv1.2'".to_owned();
        }
    };
    program.line(Topic::Versions)
}

pub(super) fn suites(facts: &ServerFacts<'_>) -> String {
    let program = match (facts.program, facts.starttls) {
        (Some(program), _) => program,
        (None, None) => return usual(Topic::Suites),
        (None, Some(Starttls::Smtp)) => {
            return format!(
                "{}\nExim: tls_require_ciphers = {GOOD_SUITES}",
                ServerProgram::Postfix.line(Topic::Suites)
            );
        }
        (None, Some(Starttls::Imap | Starttls::Pop3)) => ServerProgram::Dovecot,
        (None, Some(Starttls::Ldap)) => return format!("OpenLDAP: TLSCipherSuite {GOOD_SUITES}"),
        (None, Some(Starttls::Postgres)) => return format!("postgresql.conf: ssl_ciphers = '{GOOD_SUITES}'"),
    };
    program.line(Topic::Suites)
}

pub(super) fn groups(facts: &ServerFacts<'_>) -> String {
    let line = match (facts.program, facts.starttls) {
        (Some(program), _) => program.line(Topic::Groups),
        (None, None) => usual(Topic::Groups),
        (None, Some(Starttls::Smtp)) => ServerProgram::Postfix.line(Topic::Groups),
        (None, Some(Starttls::Imap | Starttls::Pop3)) => ServerProgram::Dovecot.line(Topic::Groups),
        (None, Some(Starttls::Ldap)) => {
            "OpenLDAP: has no option for it; OpenSSL's default includes it".to_owned()
        }
        (None, Some(Starttls::Postgres)) => {
            format!("postgresql.conf (18 or newer): ssl_groups = '{GOOD_GROUPS}'")
        }
    };
    format!("{line}   (OpenSSL 3.5 or newer)")
}
