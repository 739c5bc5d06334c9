//! Why no certificate came, in words: what went wrong, its likely cause, what mends it, and the exit status.

use std::time::Duration;

use rustls::CertificateError;
use time::OffsetDateTime;
use time::macros::format_description;

use super::{challenge, likely, wishes};
use crate::acme::storage::Error as StorageError;
use crate::acme::{Error, FailedValidation, ProtocolError};
use crate::finding::{Code, Finding, Location};
use crate::operands::output::shell_word;
use crate::report::Failure;

/// EX_TEMPFAIL of sysexits.h: the same command may work later.
pub(super) const TRY_LATER: u8 = 75;
/// How to agree to the terms of service without a terminal.
const AGREE_FIX: &str = "read them, then run it again with --agree-tos (or CERTKIT_AGREE_TOS=1)";

/// What went wrong, as a finding with its mend and the right status.
pub(crate) fn failure(error: Error, now: OffsetDateTime) -> Failure {
    match error {
        Error::BadAnswer { doing, reason } => Failure::new(Finding::error(
            Code::AcmeFailed,
            format!("{doing}: the server's answer makes no sense: {reason}"),
        )),
        Error::CaRoots { path, reason } => Failure::new(
            Finding::error(
                Code::NoCertificate,
                format!("no CA certificates to trust for the ACME server: {reason}"),
            )
            .at(Location::file(path.display().to_string()))
            .fix("give its CA certificates in PEM, as --ca-roots FILE"),
        ),
        Error::Challenge(error) => challenge::failure(&error),
        Error::NoChallenge { name, kind, offered } => Failure::new(Finding::error(
            Code::AcmeFailed,
            format!("the server offers no {kind} challenge for {name}, only {}", offered.join(", ")),
        ))
        .status(1),
        Error::NotAcme { url, reason } => Failure::new(
            Finding::error(Code::InvalidSetting, format!("{url} is no ACME directory: {reason}"))
                .fix("give the address of the directory itself, as --server https://ca.example/directory"),
        ),
        Error::Refused { doing, refusal } => refused(doing, &refusal),
        Error::Rejected(findings) => Failure { findings: rejected(findings), status: 1 },
        Error::Storage(error) => Failure::new(storage_finding(&error)),
        Error::TermsNotAgreed { url } => Failure::new(
            Finding::error(
                Code::InvalidSetting,
                format!("a new account needs a yes to the server's terms of service: {url}"),
            )
            .fix(AGREE_FIX),
        ),
        Error::TryLater { doing, reason, retry_after } => try_later(doing, &reason, retry_after, now),
        Error::Untrusted { url, reason } => Failure::new(untrusted_finding(&url, &reason)),
        Error::Validation(failed) => {
            Failure { findings: failed.iter().map(validation_finding).collect(), status: 1 }
        }
        error => wishes::failure(&error),
    }
}

fn refused(doing: &str, refusal: &ProtocolError) -> Failure {
    let mut message = format!("{doing}: the server refuses: {}", refusal.detail);
    for part in &refusal.parts {
        message.push('\n');
        message.push_str(part);
    }
    let mut finding = Finding::error(Code::AcmeFailed, message);
    finding.fix = likely::of_refusal(&refusal.kind);
    Failure::new(finding).status(1)
}

/// The server's own https certificate, not one that it issued.
fn untrusted_finding(url: &str, reason: &CertificateError) -> Finding {
    use CertificateError as Why;
    let (code, what, fix) = match reason {
        Why::Expired | Why::ExpiredContext { .. } => (
            Code::Expired,
            "has expired",
            "look at this machine's clock; if it is right, tell whoever runs the server",
        ),
        Why::NotValidYet | Why::NotValidYetContext { .. } => {
            (Code::NotYetValid, "is not valid yet", "look at this machine's clock")
        }
        Why::NotValidForName | Why::NotValidForNameContext { .. } => (
            Code::HostMismatch,
            "is for other names",
            "use the name that is in it, as --server https://NAME/directory",
        ),
        Why::UnknownIssuer => (
            Code::UnknownIssuer,
            "is issued by somebody unknown here",
            "for a private ACME server give the CA of its certificate: --ca-roots FILE",
        ),
        _ => (Code::AcmeFailed, "cannot be trusted", "look at it with openssl s_client"),
    };
    Finding::error(code, format!("the certificate of the ACME server {url} {what}: {reason}")).fix(fix)
}

fn rejected(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.insert(
        0,
        Finding::error(
            Code::AcmeFailed,
            "the server sent a chain that does not hold; it was not put in place",
        )
        .fix("mend what is said below and run it again: the same chain is judged again; --force orders anew"),
    );
    findings
}

fn try_later(doing: &str, reason: &str, retry_after: Option<Duration>, now: OffsetDateTime) -> Failure {
    let mut message = format!("{doing}: {reason}");
    let proxies = likely::proxies();
    if retry_after.is_none() && !proxies.is_empty() {
        message.push_str(&format!("\nrequests go through the proxy of {}: is it right?", proxies.join(", ")));
    }
    let mut finding = Finding::error(Code::TryLater, message);
    let then = retry_after.and_then(|pause| now.checked_add(pause.try_into().ok()?));
    finding.fix = Some(match then {
        Some(then) => format!("run it again after {}; it goes on where this run stopped", minute(then)),
        None => "run it again later; it goes on where this run stopped".to_owned(),
    });
    Failure::new(finding).status(TRY_LATER)
}

fn validation_finding(failed: &FailedValidation) -> Finding {
    let mut message = format!("{}: the validation failed: {}", failed.name, failed.refusal.detail);
    message.push_str(match failed.asked {
        Some(true) => "\nThe server did reach certkit's answer here.",
        Some(false) => "\nNo request for the answer came here.",
        None => "",
    });
    let mut finding = Finding::error(Code::AcmeFailed, message);
    finding.fix = likely::of_validation(failed);
    finding
}

fn storage_finding(error: &StorageError) -> Finding {
    use crate::sys::fs::Error as WriteError;
    let elsewhere = "choose another state directory: --state DIR";
    let (path, source) = match error {
        StorageError::Damaged { path, .. } => {
            return Finding::error(Code::Io, error.to_string())
                .at(Location::file(path.display().to_string()))
                .fix("restore the file, or move it out of the way to begin anew");
        }
        StorageError::Io { path, source, .. } | StorageError::Write(WriteError::Io { path, source, .. }) => {
            (path, source)
        }
        StorageError::Foreign { path, .. } => {
            return Finding::error(Code::Permission, error.to_string())
                .at(Location::file(path.display().to_string()))
                .fix("run it as the owner of the state directory, or choose one of your own: --state DIR");
        }
        StorageError::Open(path) => {
            return Finding::error(Code::Permission, error.to_string())
                .at(Location::file(path.display().to_string()))
                .fix(format!("chmod go-w {}", shell_word(&path.display().to_string())));
        }
        StorageError::NoGroup(_) => {
            return Finding::error(Code::NotFound, error.to_string())
                .fix("give a group of /etc/group, or its number, as --key-group GROUP");
        }
        _ => return Finding::error(Code::Io, error.to_string()).fix(elsewhere),
    };
    let (code, fix) = match source.kind() {
        std::io::ErrorKind::PermissionDenied => {
            (Code::Permission, "run it as the owner of the state directory, or choose one: --state DIR")
        }
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            (Code::Io, "make room there, then run it again: it goes on where this run stopped")
        }
        _ => (Code::Io, elsewhere),
    };
    Finding::error(code, error.to_string()).at(Location::file(path.display().to_string())).fix(fix)
}

pub(crate) fn minute(time: OffsetDateTime) -> String {
    time.format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC"))
        .unwrap_or_else(|_| time.to_string())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::acme::challenge::ChallengeKind;

    const NOW: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

    fn refusal(kind: &str) -> ProtocolError {
        ProtocolError { kind: kind.into(), detail: "no".into(), parts: vec!["for \"a.test\": no".into()] }
    }

    #[test]
    fn trouble_that_passes_is_75_with_the_time() {
        let error =
            |retry_after| Error::TryLater { doing: "placing the order", reason: "429".into(), retry_after };
        let failure = failure(error(Some(Duration::from_secs(3600))), NOW);
        assert_eq!(failure.status, 75);
        assert_eq!(failure.findings[0].code, Code::TryLater);
        assert!(failure.findings[0].fix.as_ref().unwrap().contains("after 2026-11-20 13:00:00 UTC"));
        assert_eq!(super::failure(error(None), NOW).status, 75);
        // A server may ask for any number of seconds.
        assert_eq!(super::failure(error(Some(Duration::MAX)), NOW).status, 75);
    }

    #[test]
    fn a_no_is_1_with_reason_and_likely_cause() {
        let failure = failure(Error::Refused { doing: "placing the order", refusal: refusal("caa") }, NOW);
        assert_eq!(failure.status, 1);
        assert!(failure.findings[0].message.contains("for \"a.test\""));
        assert!(failure.findings[0].fix.as_ref().unwrap().contains("CAA"));

        let failed = |asked| FailedValidation {
            name: "a.test".into(),
            refusal: refusal("unauthorized"),
            asked: Some(asked),
            challenge: ChallengeKind::Http01,
            seen: Vec::new(),
        };
        let failure = super::failure(Error::Validation(vec![failed(false), failed(true)]), NOW);
        assert_eq!((failure.status, failure.findings.len()), (1, 2));
        assert!(failure.findings[0].fix.as_ref().unwrap().contains("another server"));
        assert!(failure.findings[1].fix.as_ref().unwrap().contains("proxies"));
    }

    #[test]
    fn what_stands_in_the_way_here_is_2() {
        let untrusted =
            Error::Untrusted { url: "https://ca.test/".into(), reason: CertificateError::Expired };
        let failure = failure(untrusted, NOW);
        assert_eq!((failure.status, failure.findings[0].code), (2, Code::Expired));
    }
}
