//! A challenge that cannot be answered from here.

use std::io;
use std::path::Path;

use crate::acme::challenge::{ChallengeKind, Error};
use crate::finding::{Code, Finding, Location};
use crate::report::Failure;

/// Status 2: seen before anything was ordered. 1: the validation failed. 75: the order continues later.
pub(super) fn failure(error: &Error) -> Failure {
    let status = match error {
        Error::HookFailed { .. }
        | Error::NoPersistentRecord { .. }
        | Error::OutOfReach { .. }
        | Error::Provider { .. }
        | Error::Update { .. } => 1,
        Error::NotLookedUp { .. } | Error::NotShown { .. } => 75,
        _ => 2,
    };
    let finding = |code| Finding::error(code, error.to_string());
    Failure::new(match error {
        Error::Bind { kind, source, .. } => {
            let (code, fix) = bind(*kind, source.kind());
            finding(code).fix(fix)
        }
        Error::CannotProve {
            kind: ChallengeKind::Dns01 | ChallengeKind::DnsAccount01 | ChallengeKind::DnsPersist01,
            ..
        } => finding(Code::InvalidSetting).fix(
            "Use `--http` or `--webroot DIR`, in a certificate of its own.",
        ),
        Error::CannotProve { .. } => finding(Code::InvalidSetting)
            .fix("Use a DNS record: `--dns PROVIDER`, `--dns-hook CMD` or `--rfc2136 FILE`."),
        Error::Credentials { path, .. } => finding(Code::InvalidSetting)
            .at(Location::file(path.display().to_string()))
            .fix(credentials(path)),
        Error::HookFailed { .. } => finding(Code::AcmeFailed).fix(
            "Fix the hook, or try it by hand with the arguments above. Then run this again: the \
             order continues.",
        ),
        Error::HookUnusable { .. } => finding(Code::InvalidSetting).fix(
            "Name a program with its arguments, for example `--dns-hook '/usr/local/bin/dns-hook \
             --zone example.com'`.",
        ),
        Error::NoFile { path, .. } => finding(Code::NotFound)
            .at(Location::file(path.display().to_string()))
            .fix("Check the spelling and the current folder."),
        Error::NoPersistentRecord { name, strings, .. } if !strings.is_empty() => finding(Code::AcmeFailed)
            .fix(format!(
                "Set the TXT record `{name}. IN TXT \"{}\"`. Then run this again: the order continues.",
                strings.join("\" \"")
            )),
        Error::NoPersistentRecord { .. } => finding(Code::AcmeFailed).fix(
            "Set the record that the server's operator names. Then run this again: the order continues.",
        ),
        Error::OutOfReach { .. } => finding(Code::AcmeFailed).fix(
            "Make port 80 of the name's address reach this server, for example with `--redirect-http \
             *:80`, and check the A and AAAA records.",
        ),
        Error::NotLookedUp { .. } => finding(Code::AcmeFailed).fix(
            "Run this again later: the order continues. Or name another resolver, for example `--dns-resolver \
             9.9.9.9`.",
        ),
        Error::NotShared(_) => {
            finding(Code::Io).fix("Free some space in the state directory, or make it writable.")
        }
        Error::NotShown { .. } => finding(Code::AcmeFailed).fix(
            "Run this again later: the order continues. If the zone is another one on the internet than \
             here, name a resolver outside, for example `--dns-resolver 9.9.9.9`. `--dns-wait SECONDS` \
             waits longer.",
        ),
        Error::Proof { .. } => finding(Code::AcmeFailed),
        Error::Provider { .. } => finding(Code::AcmeFailed).fix(
            "Fix that at the provider, or in the file of --dns-credentials. Then run this again: the order \
             continues.",
        ),
        Error::UnknownProvider { .. } => finding(Code::InvalidSetting).fix(
            "Run `certkit acme dns-providers` to see those that there are; others work by `--dns-hook`.",
        ),
        Error::Update { .. } => finding(Code::AcmeFailed).fix(
            "Fix that, or the settings in the file of --rfc2136. Then run this again: the order \
             continues.",
        ),
        Error::UpdateSettings { path, .. } => finding(Code::InvalidSetting)
            .at(Location::file(path.display().to_string()))
            .fix("Run `certkit acme obtain --help` to see such a file."),
        Error::Webroot { path, source, .. } => {
            let (code, fix) = webroot(source.kind());
            finding(code).at(Location::file(path.display().to_string())).fix(fix)
        }
    })
    .status(status)
}

fn credentials(path: &Path) -> String {
    format!(
        "Write one `NAME = \"VALUE\"` per line, and let only its owner read it: `chmod 600 {}`.",
        crate::sys::shell::shell_word(&path.display().to_string())
    )
}

fn bind(kind: ChallengeKind, why: io::ErrorKind) -> (Code, &'static str) {
    let is_tls = kind == ChallengeKind::TlsAlpn01;
    match why {
        io::ErrorKind::AddrInUse if is_tls => (
            Code::AddressInUse,
            "Stop the server on that port, or validate over http: with `--webroot DIR` and the \
             server on port 80, or with `--http`.",
        ),
        io::ErrorKind::AddrInUse => (
            Code::AddressInUse,
            "Stop the server on that port, let it answer (`--webroot DIR`), or let it forward \
             /.well-known/acme-challenge/ to another port, for example `--http=127.0.0.1:5002`.",
        ),
        io::ErrorKind::PermissionDenied if is_tls => (
            Code::Permission,
            "Run it as root, allow the program ports below 1024 (`setcap \
             cap_net_bind_service=+ep`), or answer on another port that port 443 is forwarded to, \
             for example `--tls-alpn=:8443`.",
        ),
        io::ErrorKind::PermissionDenied => (
            Code::Permission,
            "Run it as root, allow the program ports below 1024 (`setcap \
             cap_net_bind_service=+ep`), or answer on another port that port 80 is forwarded to, \
             for example `--http=:8080`.",
        ),
        _ if is_tls => (
            Code::Io,
            "Choose another address, for example \
                                   `--tls-alpn=127.0.0.1:5001`.",
        ),
        _ => (Code::Io, "Choose another address, for example `--http=127.0.0.1:5002`."),
    }
}

fn webroot(why: io::ErrorKind) -> (Code, &'static str) {
    const NAME_ROOT: &str =
        "Name the folder that the web server serves as /, for example `--webroot /var/www/html`.";
    match why {
        io::ErrorKind::PermissionDenied => (Code::Permission, "Run it as a user who may write there."),
        // The system's error for a symbolic link, too.
        io::ErrorKind::NotADirectory => (
            Code::Io,
            "Name a folder without symbolic links below it. If the folder is a link, name its \
             target.",
        ),
        io::ErrorKind::NotFound => (Code::NotFound, NAME_ROOT),
        _ => (Code::Io, NAME_ROOT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_cannot_be_bound_is_2() {
        let source = io::Error::from(io::ErrorKind::PermissionDenied);
        let address = "0.0.0.0:80".into();
        let failure = failure(&Error::Bind { address, kind: ChallengeKind::Http01, source });
        assert_eq!((failure.status, failure.findings[0].code), (2, Code::Permission));
    }
}
