//! Why there is no chain to be had from a server, and what to do about it.

use std::io;

use crate::finding::{Code, Finding, Location};
use crate::operands::server_target::Place;
use crate::probe::{Attempt, Error, Spoken, Starttls, StarttlsError};
use crate::report::Failure;
use crate::sys::fs::plain;
use crate::x509::HostName;

/// The failure of `certkit COMMAND` at this place.
pub fn failure(place: &Place, error: &Error, command: &str) -> Failure {
    let label = place.label();
    let finding = match error {
        Error::Unresolved { host, reason } => {
            Finding::error(Code::ConnectionFailed, format!("there is no server called {host}: {reason}")).fix(
                format!(
                    "check the spelling; or name its address: certkit {command} ADDRESS:{} --host {host}",
                    place.port
                ),
            )
        }
        Error::Connect { attempts } => no_connection(place, attempts),
        Error::Broken(source) => {
            let message = format!("{label} takes the connection and breaks it off: {}", plain(source));
            Finding::error(Code::NoTls, message).fix(other_port(place, command))
        }
        Error::Silent(time) => {
            let message = format!("{label} takes the connection and says nothing for {} s", time.as_secs());
            let fix = match (place.starttls, implicit(place.port)) {
                (Some(_), Some(protocol)) => {
                    format!("at port {} TLS begins at once ({protocol}): leave --starttls away", place.port)
                }
                _ => other_port(place, command),
            };
            Finding::error(Code::ConnectionFailed, message).fix(fix)
        }
        Error::NotTls { spoken, said } => not_tls(place, *spoken, said, command),
        Error::Starttls(error) => starttls(place, error),
        Error::Handshake { words, is_unknown_name } => {
            let finding = Finding::error(
                Code::HandshakeFailed,
                format!("{label} speaks TLS, but no handshake comes about: {words}"),
            );
            match (is_unknown_name, &place.host) {
                (true, _) => finding
                    .fix(format!("ask for a name that it knows: certkit {command} {label} --host NAME")),
                (false, HostName::Ip(_)) => finding.fix(format!(
                    "it may want to be asked for a name: certkit {command} {label} --host NAME"
                )),
                (false, HostName::Dns(_)) => finding.fix("look into the server's log at this minute"),
            }
        }
        Error::Setup(_) => Finding::error(Code::Io, error.to_string()),
    };
    finding.at(Location::file(label)).into()
}

fn no_connection(place: &Place, attempts: &[Attempt]) -> Finding {
    let each: Vec<_> = attempts
        .iter()
        .map(|attempt| match attempt.error.kind() {
            io::ErrorKind::TimedOut => format!("{}: no answer", attempt.address.ip()),
            _ => format!("{}: {}", attempt.address.ip(), plain(&attempt.error)),
        })
        .collect();
    let each = if each.is_empty() { "no answer".to_owned() } else { each.join("; ") };
    let is_refused = attempts.iter().any(|attempt| attempt.error.kind() == io::ErrorKind::ConnectionRefused);
    let fix = if is_refused {
        "nothing listens at this port: does the server run? On its machine `ss -ltn` shows the ports that are open"
    } else {
        "is the machine up, and does a firewall on the way let this port through?"
    };
    let message = format!("no connection to {}: {each}", place.label());
    Finding::error(Code::ConnectionFailed, message).fix(fix)
}

fn not_tls(place: &Place, spoken: Spoken, said: &str, command: &str) -> Finding {
    let label = place.label();
    let (what, fix) = match spoken {
        Spoken::Http => (
            "plain HTTP".to_owned(),
            "name the https port, mostly 443 or 8443; to speak TLS at this one:\n\
             nginx: listen PORT ssl;  Apache: SSLEngine on;  certkit serve --listen https:ADDRESS:PORT"
                .to_owned(),
        ),
        Spoken::Known(protocol) => (
            format!("this looks like {protocol}"),
            format!("certkit {command} {label} --starttls {}", protocol.as_str()),
        ),
        Spoken::Ssh => {
            ("this is SSH, which has keys of its own".to_owned(), "name the port of the TLS server".into())
        }
        Spoken::Ftp => {
            ("this is FTP".to_owned(), "FTP with TLS from the first byte is mostly at port 990".to_owned())
        }
        Spoken::Mysql => (
            "this is MySQL or MariaDB".to_owned(),
            "its TLS begins in a way of its own; show the file instead".into(),
        ),
        Spoken::Unknown => ("this is something else".to_owned(), other_port(place, command)),
    };
    let said = if said.is_empty() { String::new() } else { format!(" (it says: {said})") };
    Finding::error(Code::NoTls, format!("{label} does not speak TLS: {what}{said}")).fix(fix)
}

fn starttls(place: &Place, error: &StarttlsError) -> Finding {
    let label = place.label();
    let protocol = place.starttls.unwrap_or(Starttls::Smtp);
    match error {
        StarttlsError::NotOffered => {
            let message = format!("{label} speaks {protocol}, but offers no TLS: all goes over the wire in clear");
            Finding::error(Code::StarttlsFailed, message).fix(switch_on(protocol))
        }
        StarttlsError::Refused(said) => {
            Finding::error(Code::StarttlsFailed, format!("{label} refuses: {said}"))
                .fix("look into the server's log: it may lack a certificate, or not want to be asked so often")
        }
        StarttlsError::NotSpoken { said, .. } => {
            // An alert: it took our words for a broken hello.
            let is_tls = said.starts_with('\u{15}') || said.starts_with('\u{16}');
            let (said, fix) = if is_tls {
                ("TLS already".to_owned(), "TLS begins here at once: leave --starttls away".to_owned())
            } else {
                (said.clone(), format!("name the port of {protocol}, mostly {}", protocol.default_port()))
            };
            Finding::error(Code::StarttlsFailed, format!("{label} does not speak {protocol}: {said}")).fix(fix)
        }
        StarttlsError::Injected(bytes) => Finding::error(
            Code::StarttlsInjection,
            format!(
                "{bytes} bytes in clear came behind the server's consent to TLS; a client that reads on takes them for \
                 protected, though anybody on the way may have written them"
            ),
        )
        .fix("update the server; if its neighbours do not show this, something on the way writes into the connection"),
        _ => Finding::error(Code::ConnectionFailed, format!("{label} broke off before TLS began: {error}"))
            .fix("try again; some servers answer only after a while, or not so often: --timeout 30"),
    }
}

/// The line that has a server offer STARTTLS.
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
fn other_port(place: &Place, command: &str) -> String {
    let usual = match place.port {
        25 | 587 | 2525 => Some(Starttls::Smtp),
        110 => Some(Starttls::Pop3),
        143 => Some(Starttls::Imap),
        389 => Some(Starttls::Ldap),
        5432 => Some(Starttls::Postgres),
        _ => None,
    };
    match usual {
        Some(protocol) if place.starttls.is_none() => format!(
            "port {} is mostly {protocol}: certkit {command} {} --starttls {}",
            place.port,
            place.label(),
            protocol.as_str()
        ),
        _ => "is this the right port? If TLS begins there in the middle, say how: --starttls smtp, imap, pop3, ldap, postgres".into(),
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
