//! The challenge flags as a method, and what keeps a challenge from being answered in words.

use std::io;
use std::path::Path;

use crate::acme::challenge::listen::ListenAddress;
use crate::acme::challenge::{ChallengeKind, ChallengeMethod, Error};
use crate::cli::ChallengeArgs;
use crate::commands::Result;
use crate::finding::{Code, Finding, Location};
use crate::report::Failure;
use crate::sys::fs::plain;

/// The method that the flags ask for; without one that of `before`, else a server of our own on port 80.
pub(super) fn method(args: &ChallengeArgs, before: Option<ChallengeMethod>) -> Result<ChallengeMethod> {
    if let Some(folder) = &args.webroot {
        return Ok(ChallengeMethod::Webroot(folder.clone()));
    }
    if let Some(command) = &args.dns_hook {
        return Ok(ChallengeMethod::DnsHook(command.clone()));
    }
    if let Some(file) = &args.rfc2136 {
        return Ok(ChallengeMethod::Rfc2136(file.clone()));
    }
    if let Some(tls_alpn) = &args.tls_alpn {
        return Ok(ChallengeMethod::TlsAlpn(address("--tls-alpn", tls_alpn)?));
    }
    match (&args.http, before) {
        (None, Some(before)) => Ok(before),
        (http, _) => Ok(ChallengeMethod::Http(address("--http", http.as_deref().unwrap_or(":80"))?)),
    }
}

fn address(flag: &str, text: &str) -> Result<ListenAddress> {
    text.parse().map_err(|reason| {
        Failure::new(Finding::error(Code::InvalidSetting, format!("{flag}={text}: {reason}")))
    })
}

/// What stands in the way, with its mend. What is seen before anything is ordered has status 2; what shows only when
/// it is tried is a validation that failed.
pub(super) fn failure(error: &Error) -> Failure {
    let status = if matches!(error, Error::HookFailed { .. } | Error::Update { .. }) { 1 } else { 2 };
    Failure::new(match error {
        Error::Bind { address, kind, source } => bind(address, *kind, source),
        Error::CannotProve { name, kind } => cannot_prove(name, *kind),
        Error::Proof { .. } => Finding::error(Code::AcmeFailed, error.to_string()),
        Error::HookFailed { output, .. } => hook_failed(error, output),
        Error::HookUnusable { command, reason } => Finding::error(
            Code::InvalidSetting,
            format!("--dns-hook {command:?} cannot be run: {reason}; nothing was ordered"),
        )
        .fix("give a program with its arguments, as --dns-hook '/usr/local/bin/dns-hook --zone example.com'"),
        Error::Update { .. } => {
            Finding::error(Code::AcmeFailed, format!("the TXT record was not set: {error}")).fix(
                "mend that, or what the file of --rfc2136 says, and run it again: the order is gone on with",
            )
        }
        Error::UpdateSettings { path, reason } => Finding::error(
            Code::InvalidSetting,
            format!("the file of --rfc2136 cannot be used: {reason}; nothing was ordered"),
        )
        .at(Location::file(path.display().to_string()))
        .fix("`certkit acme obtain --help` shows such a file"),
        Error::Webroot { path, source, .. } => webroot(error, path, source),
    })
    .status(status)
}

fn bind(address: &str, kind: ChallengeKind, source: &io::Error) -> Finding {
    let is_tls = kind == ChallengeKind::TlsAlpn01;
    let (code, fix) = match source.kind() {
        io::ErrorKind::AddrInUse if is_tls => (
            Code::AddressInUse,
            "stop the server on that port, or prove the names over http: --webroot DIR with the server that runs on \
             port 80, or --http",
        ),
        io::ErrorKind::AddrInUse => (
            Code::AddressInUse,
            "stop the server on that port; or let it answer, with --webroot DIR; or let it pass \
             /.well-known/acme-challenge/ on to another port and say which, as --http=127.0.0.1:5002",
        ),
        io::ErrorKind::PermissionDenied if is_tls => (
            Code::Permission,
            "ports below 1024 belong to root: run it as root, or `setcap cap_net_bind_service=+ep` the program, \
             or answer on another port that port 443 is passed on to, as --tls-alpn=:8443",
        ),
        io::ErrorKind::PermissionDenied => (
            Code::Permission,
            "ports below 1024 belong to root: run it as root, or `setcap cap_net_bind_service=+ep` the program, \
             or answer on another port that port 80 is passed on to, as --http=:8080",
        ),
        _ if is_tls => (Code::Io, "choose another address, as --tls-alpn=127.0.0.1:5001"),
        _ => (Code::Io, "choose another address, as --http=127.0.0.1:5002"),
    };
    let message = format!("cannot answer {kind} on {address}: {}; nothing was ordered", plain(source));
    Finding::error(code, message).fix(fix)
}

fn cannot_prove(name: &str, kind: ChallengeKind) -> Finding {
    let (message, fix) = match kind {
        ChallengeKind::Dns01 => (
            format!("{name} is an address, which no DNS record can prove; nothing was ordered"),
            "prove it over http, with --http or --webroot DIR, in a certificate of its own",
        ),
        ChallengeKind::Http01 | ChallengeKind::TlsAlpn01 => (
            format!("{name} is a wildcard, which {kind} cannot prove; nothing was ordered"),
            "prove it by a DNS record: --dns-hook CMD or --rfc2136 FILE",
        ),
    };
    Finding::error(Code::InvalidSetting, message).fix(fix)
}

fn hook_failed(error: &Error, output: &str) -> Finding {
    let mut message = format!("the DNS hook failed: {error}");
    for line in output.lines() {
        message.push_str("\nit said: ");
        message.push_str(line);
    }
    Finding::error(Code::AcmeFailed, message).fix(
        "mend the hook, or try it by hand with the words above, and run it again: the order is gone on with",
    )
}

fn webroot(error: &Error, path: &Path, source: &io::Error) -> Finding {
    let (code, fix) = match source.kind() {
        io::ErrorKind::PermissionDenied => (Code::Permission, "run it as a user who may write there"),
        // What the system says of a symbolic link, too.
        io::ErrorKind::NotADirectory => (
            Code::Io,
            "it must be a folder, and below --webroot DIR no symbolic link: give the root folder that it leads to",
        ),
        io::ErrorKind::NotFound => {
            (Code::NotFound, "give the folder that the web server shows as /, as --webroot /var/www/html")
        }
        _ => (Code::Io, "give the folder that the web server shows as /, as --webroot /var/www/html"),
    };
    Finding::error(code, error.to_string()).at(Location::file(path.display().to_string())).fix(fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_way_here_is_2() {
        let source = io::Error::from(io::ErrorKind::PermissionDenied);
        let failure =
            failure(&Error::Bind { address: "0.0.0.0:80".into(), kind: ChallengeKind::Http01, source });
        assert_eq!((failure.status, failure.findings[0].code), (2, Code::Permission));
    }
}
