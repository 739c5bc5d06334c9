//! What to do when an argument does not name a server, or the server does not show a chain.

use std::io;

use crate::finding::{Code, Finding, Location};
use crate::operands::server_target::{ServerTarget, TargetError};
use crate::probe::verdict::{Grade, Verdict};
use crate::probe::{Attempt, Error, OtherProtocol, Starttls, StarttlsError};
use crate::report::Failure;
use crate::x509::HostName;

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        let message = error.to_string();
        let (code, fix) = match &error {
            TargetError::BareIpv6(address) => (
                Code::InvalidSetting,
                format!(
                    "Write `[{address}]:443`, with the port of the \
                                                server."
                ),
            ),
            TargetError::ForServersOnly { .. } => {
                (Code::InvalidSetting, "Name a server: HOST:PORT.".to_owned())
            }
            TargetError::Host(_) => (
                Code::InvalidSetting,
                "Name the server as HOST:PORT, such as test.example:443, or as https://test.example.".into(),
            ),
            TargetError::HostOption(_) => {
                (Code::InvalidName, "Use a name or address such as test.example or 127.0.0.1.".into())
            }
            TargetError::NoSuchFile(text) => (
                Code::NotFound,
                format!("Check the spelling; if it is a server, add its port: `{text}:443`."),
            ),
            TargetError::Port(_) => (Code::InvalidSetting, "Use a port from 1 to 65535.".into()),
            TargetError::Scheme(_) => (
                Code::InvalidSetting,
                "Name the server as HOST:PORT, with --starttls where a command starts TLS.".into(),
            ),
            TargetError::StarttlsWithUrl => (Code::InvalidSetting, "Name the server as HOST:PORT.".into()),
        };
        let finding = Finding::error(code, message).fix(fix);
        match error {
            TargetError::NoSuchFile(text) => finding.at(Location::file(text)).into(),
            _ => finding.into(),
        }
    }
}

/// The failure of `certkit COMMAND` at this server.
pub fn failure(target: &ServerTarget, error: &Error, command: &str) -> Failure {
    let finding = Finding::error(code(error), error.to_string()).at(Location::file(target.label()));
    match fix(target, error, command) {
        Some(fix) => finding.fix(fix).into(),
        None => finding.into(),
    }
}

/// The grade of a server is below the one that was required.
pub fn grade_below(target: &ServerTarget, verdict: &Verdict, required: Grade) -> Finding {
    let message = format!(
        "the grade {} is below {required}, which --min-grade requires: {}",
        verdict.grade,
        verdict.because.join("; ")
    );
    let codes: Vec<_> =
        verdict.fix_first.iter().map(|code| format!("`certkit check --explain {code}`")).collect();
    let finding = Finding::error(Code::GradeBelow, message).at(Location::file(target.label()));
    if codes.is_empty() { finding } else { finding.fix(format!("Read {}.", codes.join(", "))) }
}

fn code(error: &Error) -> Code {
    match error {
        Error::Broken(_) | Error::NotTls { .. } => Code::NoTls,
        Error::Handshake { .. } => Code::HandshakeFailed,
        Error::NoCertificate => Code::NoCertificate,
        Error::Setup(_) => Code::Io,
        Error::Starttls(StarttlsError::Injected(_)) => Code::StarttlsInjection,
        Error::Starttls(StarttlsError::Io(_)) => Code::ConnectionFailed,
        Error::Starttls(_) => Code::StarttlsFailed,
        Error::Connect { .. } | Error::Silent(_) | Error::Unresolved { .. } => Code::ConnectionFailed,
    }
}

fn fix(target: &ServerTarget, error: &Error, command: &str) -> Option<String> {
    Some(match error {
        Error::Unresolved { host, .. } => format!(
            "Check the spelling, or name the address: `certkit {command} ADDRESS:{} --host \
             {host}`.",
            target.port
        ),
        Error::Connect { attempts } => no_connection(attempts).to_owned(),
        Error::Broken(_) => other_port(target, command),
        Error::Silent(_) => match (target.starttls, implicit(target.port)) {
            (Some(_), Some(protocol)) => {
                format!("Omit --starttls: on port {} TLS begins at once ({protocol}).", target.port)
            }
            _ => other_port(target, command),
        },
        Error::NotTls { spoken, .. } => other_protocol(target, *spoken, command),
        Error::Starttls(error) => starttls(target, error, command),
        Error::Handshake { is_unknown_name: true, .. } => {
            format!("Ask for a name that it knows: `certkit {command} {} --host NAME`.", target.label())
        }
        Error::Handshake { .. } => match &target.host {
            HostName::Ip(_) => {
                format!(
                    "Try it with a name, which the server may need: `certkit {command} {} \
                         --host NAME`.",
                    target.label()
                )
            }
            HostName::Dns(_) => "Check the server's log around now.".into(),
        },
        Error::NoCertificate => {
            "Configure a certificate for it; it accepts anonymous cipher suites only.".into()
        }
        Error::Setup(_) => return None,
    })
}

fn no_connection(attempts: &[Attempt]) -> &'static str {
    let is_refused = attempts.iter().any(|attempt| attempt.error.kind() == io::ErrorKind::ConnectionRefused);
    if is_refused {
        "Start the server, or name its port; `ss -ltn` on its machine lists the open ports."
    } else {
        "Check that the machine is up and that no firewall on the way blocks this port."
    }
}

fn other_protocol(target: &ServerTarget, spoken: OtherProtocol, command: &str) -> String {
    match spoken {
        OtherProtocol::Http => "Name the https port, usually 443 or 8443; to use TLS on this one:\n\
             nginx: listen PORT ssl;  Apache: SSLEngine on;  certkit serve --listen https:ADDRESS:PORT"
            .into(),
        OtherProtocol::Starttls(protocol) => {
            format!("Run `certkit {command} {} --starttls {}`.", target.label(), protocol.as_str())
        }
        OtherProtocol::Ssh => "Name the port of the TLS server.".into(),
        OtherProtocol::Ftp => "Name the port of FTP over TLS, usually 990.".into(),
        OtherProtocol::Mysql => {
            "Check the certificate file instead; certkit does not know how MySQL starts TLS.".into()
        }
        OtherProtocol::Unknown => other_port(target, command),
    }
}

fn starttls(target: &ServerTarget, error: &StarttlsError, command: &str) -> String {
    match error {
        StarttlsError::NotOffered(protocol) => switch_on(*protocol).to_owned(),
        StarttlsError::Refused(_) => {
            "Check the server's log: it may lack a certificate, or limit how often clients ask.".into()
        }
        StarttlsError::NotSpoken { .. } if error.is_tls_already() => "Omit --starttls.".into(),
        StarttlsError::NotSpoken { protocol, .. } => {
            format!("Name the port of {protocol}, usually {}.", protocol.default_port())
        }
        StarttlsError::Injected(_) => "Update the server; if other servers of its network do not show this, \
             look for a gateway that changes the connection."
            .into(),
        _ => {
            let server = target.words();
            format!("Try again; some servers answer slowly: `certkit {command} {server} --timeout 30`.")
        }
    }
}

/// The line of a server's configuration that makes it offer STARTTLS.
fn switch_on(protocol: Starttls) -> &'static str {
    match protocol {
        Starttls::Smtp => {
            "Postfix: smtpd_tls_security_level = may, with smtpd_tls_chain_files = KEY, CHAIN\n\
             Exim: tls_advertise_hosts = *, with tls_certificate and tls_privatekey"
        }
        Starttls::Imap | Starttls::Pop3 => {
            "Dovecot: ssl = required, with ssl_cert = <CHAIN and ssl_key = <KEY"
        }
        Starttls::Ldap => "OpenLDAP: TLSCertificateFile CHAIN and TLSCertificateKeyFile KEY",
        Starttls::Postgres => "postgresql.conf: ssl = on, with ssl_cert_file and ssl_key_file",
    }
}

/// What to try when a port does not speak TLS.
fn other_port(target: &ServerTarget, command: &str) -> String {
    let usual = match target.port {
        25 | 587 | 2525 => Some(Starttls::Smtp),
        110 => Some(Starttls::Pop3),
        143 => Some(Starttls::Imap),
        389 => Some(Starttls::Ldap),
        5432 => Some(Starttls::Postgres),
        _ => None,
    };
    match usual {
        Some(protocol) if target.starttls.is_none() => format!(
            "Run `certkit {command} {} --starttls {}`; port {} is usually {protocol}.",
            target.label(),
            protocol.as_str(),
            target.port
        ),
        _ => {
            "Check the port; if a command starts TLS there, add `--starttls` with smtp, imap, pop3, ldap or postgres."
                .into()
        }
    }
}

/// The protocol of a port where TLS begins at once.
fn implicit(port: u16) -> Option<&'static str> {
    match port {
        443 => Some("HTTPS"),
        465 => Some("SMTP submission"),
        636 => Some("LDAPS"),
        993 => Some("IMAPS"),
        995 => Some("POP3S"),
        _ => None,
    }
}
