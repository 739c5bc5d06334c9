//! The lines of configuration files that fix a finding: of the program that was recognised, else of the usual ones.

use super::server_rule::ServerFacts;
use crate::probe::Starttls;
use crate::probe::server_program::{GOOD_CURVES, GOOD_GROUPS, GOOD_SUITES, ServerProgram, Topic};

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

/// With the hybrid group.
pub(super) fn groups(facts: &ServerFacts<'_>) -> String {
    groups_of(facts, Topic::Groups, GOOD_GROUPS, ", 18 or newer with OpenSSL 3.5")
}

/// Groups that current clients have, with any library.
pub(super) fn curves(facts: &ServerFacts<'_>) -> String {
    groups_of(facts, Topic::Curves, GOOD_CURVES, ", 18 or newer")
}

fn groups_of(facts: &ServerFacts<'_>, topic: Topic, list: &str, since: &str) -> String {
    match (facts.program, facts.starttls) {
        (Some(program), _) => program.line(topic),
        (None, None) => usual(topic),
        (None, Some(Starttls::Smtp)) => ServerProgram::Postfix.line(topic),
        (None, Some(Starttls::Imap | Starttls::Pop3)) => ServerProgram::Dovecot.line(topic),
        (None, Some(Starttls::Ldap)) => {
            "OpenLDAP: has no option for it; OpenSSL's default includes it".to_owned()
        }
        (None, Some(Starttls::Postgres)) => format!("postgresql.conf{since}: ssl_groups = '{list}'"),
    }
}

/// For servers whose newest version is TLS 1.2.
pub(super) fn tls13(facts: &ServerFacts<'_>) -> String {
    match (facts.program, facts.starttls) {
        (Some(program), _) => program.line(Topic::Tls13),
        (None, None) => format!("With OpenSSL 1.1.1 or newer:\n{}", usual(Topic::Tls13)),
        (None, Some(_)) => format!("With OpenSSL 1.1.1 or newer:\n{}", versions(facts)),
    }
}

/// Of lines that begin with a program each, that of the program that was recognised; all of them where it has none.
pub(super) fn own<'a>(facts: &ServerFacts<'_>, lines: &'a str) -> &'a str {
    facts.program.map_or(lines, |program| program.own_line(lines))
}
