//! ACME: accounts, orders, challenges, the state directory, the timer.

mod cause;
mod challenge;
pub mod import;
mod of_serve;
mod operand;
pub mod request;
mod storage;

use std::time::Duration;

use rustls::CertificateError;
use time::OffsetDateTime;

pub use self::of_serve::{failure_of_serve, name_options_of_serve, refused_by_serve};
use super::hook;
use crate::acme::{Error, FailedValidation, ProtocolError, PublicServer, Remark};
use crate::finding::{Code, Finding, Location};
use crate::report::Failure;
use crate::sys::clock::{date, date_time};
use crate::sys::hook::HookRun;

/// EX_TEMPFAIL of sysexits.h: the same command may succeed later.
pub const TRY_LATER: u8 = 75;
const BIND_ACCOUNT: &str =
    "Get an account on the server's website, then add `--eab-kid KID --eab-hmac-file FILE`.";

/// What went wrong. Status 1: the server refused or a validation failed. 2: nothing was ordered.
/// [`TRY_LATER`]: the same command may succeed later.
pub fn failure(error: Error, now: OffsetDateTime) -> Failure {
    use Error as E;
    let message = error.to_string();
    let finding = |code| Finding::error(code, message.clone());
    let setting = |fix: &str| finding(Code::InvalidSetting).fix(fix);
    Failure::new(match error {
        E::AccountClosed { .. } => {
            let fix = "Run `certkit acme obtain NAME --force` or `certkit acme renew --force`: it makes a new \
                       account with a new key, and keeps the old key beside it.";
            return Failure::new(finding(Code::AcmeFailed).fix(fix)).status(1);
        }
        E::BadAnswer { .. } | E::Key(_) | E::Stopped => finding(Code::AcmeFailed),
        E::CaRoots { path, .. } => finding(Code::NoCertificate)
            .at(Location::file(path.display().to_string()))
            .fix("Name a PEM file with the CA certificates of the server: `--ca-roots FILE`."),
        E::Challenge(error) => return challenge::failure(&error),
        E::EventLoop(_) => finding(Code::Io),
        E::Interrupted => {
            return Failure::new(finding(Code::TryLater).fix("Run it again.")).status(TRY_LATER);
        }
        E::Exhausted(exhausted) | E::Paused(exhausted) => {
            let until = date_time(exhausted.until);
            let fix = format!(
                "Run it again after {until}. If you know that the server still allows it, add --force."
            );
            return Failure::new(finding(Code::TryLater).fix(fix)).status(TRY_LATER);
        }
        E::ExternalAccountNeeded { server } => {
            match PublicServer::at(&server).and_then(|server| server.external_accounts) {
                Some(page) => {
                    setting(&BIND_ACCOUNT.replace("on the server's website", &format!("at {page}")))
                }
                None => setting(BIND_ACCOUNT),
            }
        }
        E::GroupNotOurs(group) => finding(Code::Permission).fix(format!(
            "Run it as root, or add the user to the group: `usermod -aG {group} \
                          USER`."
        )),
        E::KeyElsewhere(_) => {
            setting("Omit --with-certificate-key: the account that ordered it may revoke it, too.")
        }
        E::KeyKindRefused { .. } => setting(
            "Use another kind of key: `-k p256` or `-k rsa2048`. For --csr, make the request with such a key.",
        ),
        E::OtherKeySource { is_given: true, .. } => {
            setting("Add --force if the key of the request is to be used from now on.")
        }
        E::OtherKeySource { is_given: false, .. } => {
            setting("Name the request, `--csr FILE`, or add --force for a key that certkit makes.")
        }
        E::RevokedKey { .. } => {
            setting("Make a request with a new key, for example by `certkit csr NAME`, or add --force.")
        }
        E::NoAccount { server: Some(_) } => finding(Code::NotFound).fix(
            "Run `certkit acme list` to see the servers, or choose another state directory with \
             `--state DIR`.",
        ),
        E::NoAccount { server: None } => finding(Code::NotFound).fix(
            "Run `certkit acme obtain NAME`, which makes an account, or choose another state directory \
             with `--state DIR`.",
        ),
        E::NoCertificate { .. } => finding(Code::NotFound).fix(
            "Run `certkit acme list` to see the certificates. A certificate is named after its \
             first name.",
        ),
        E::NoChallenge { .. } | E::NotOffered { .. } => {
            return Failure::new(finding(Code::AcmeFailed)).status(1);
        }
        E::NotAcme { .. } => setting(
            "Name the address of the server's directory, for example `--server \
             https://ca.example/directory`.",
        ),
        E::NotFromServer { .. } => {
            let fix = "Check the proxies and firewalls on the way to the server, or run it again later. It \
                       continues where this run stopped.";
            return Failure::new(finding(Code::AcmeFailed).fix(fix)).status(1);
        }
        E::PreHook(run) => hook::around_failed(&run, finding(Code::HookFailed)),
        E::Refused { refusal, .. } => {
            return Failure::new(with_cause(finding(Code::AcmeFailed), &refusal)).status(1);
        }
        E::Rejected { findings, chain } => {
            let file = Location::file(chain.display().to_string());
            let first = finding(Code::AcmeFailed).at(file).fix(
                "Look at the chain in that file and at the findings below, then run it again, which checks \
                 the same chain up to three times. --force places a new order.",
            );
            let findings = std::iter::once(first).chain(findings).collect();
            return Failure { findings, status: 1 };
        }
        E::SeveralAccounts(servers) => {
            setting(&format!("Choose one: `--server {}`.", servers.join("` or `--server ")))
        }
        E::Storage(error) => storage::finding(&error),
        E::TermsNotAgreed { .. } => {
            setting("Read them, then run it again with `--agree-tos` (or `CERTKIT_AGREE_TOS=1`).")
        }
        E::TooManyNames { .. } => setting("Spread the names over several certificates."),
        E::TryLater { retry_after, .. } => return try_later(message, retry_after, now),
        E::UnknownProfile { offered, .. } if offered.is_empty() => setting("Omit --profile."),
        E::UnknownProfile { .. } => setting("Choose one of these, or omit --profile."),
        E::Untrusted { reason, .. } => untrusted(message, &reason),
        E::Validation(failed) => {
            return Failure { findings: failed.iter().map(failed_validation).collect(), status: 1 };
        }
    })
}

fn with_cause(mut finding: Finding, refusal: &ProtocolError) -> Finding {
    finding.fix = cause::of_refusal(refusal);
    finding
}

fn failed_validation(failed: &FailedValidation) -> Finding {
    let mut finding = Finding::error(Code::AcmeFailed, failed.to_string());
    finding.fix = cause::of_validation(failed);
    finding
}

fn try_later(mut message: String, retry_after: Option<Duration>, now: OffsetDateTime) -> Failure {
    let proxies = cause::proxies();
    if retry_after.is_none() && !proxies.is_empty() {
        let proxies = proxies.join(", ");
        message.push_str(&format!(
            "\n\
                                   requests go through the proxy that {proxies} names"
        ));
    }
    let then = retry_after.and_then(|pause| now.checked_add(pause.try_into().ok()?));
    let when = then.map_or_else(|| "later".to_owned(), |then| format!("after {}", date_time(then)));
    let fix = format!("Run it again {when}. It continues where this run stopped.");
    Failure::new(Finding::error(Code::TryLater, message).fix(fix)).status(TRY_LATER)
}

/// The server's own https certificate, not one that it issued.
fn untrusted(message: String, reason: &CertificateError) -> Finding {
    use CertificateError as Why;
    let (code, fix) = match reason {
        Why::Expired | Why::ExpiredContext { .. } => {
            (Code::Expired, "Check this machine's clock. If it is right, tell the server's operator.")
        }
        Why::NotValidYet | Why::NotValidYetContext { .. } => {
            (Code::NotYetValid, "Check this machine's clock.")
        }
        Why::NotValidForName | Why::NotValidForNameContext { .. } => (
            Code::HostMismatch,
            "Use a name that the certificate has: `--server \
                                  https://NAME/directory`.",
        ),
        Why::UnknownIssuer => (
            Code::UnknownIssuer,
            "For a private ACME server, name the CA of its certificate: `--ca-roots FILE`.",
        ),
        _ => (Code::AcmeFailed, "Inspect it with `openssl s_client -connect HOST:PORT`."),
    };
    Finding::error(code, message).fix(fix)
}

/// What the user should know about a new certificate.
pub fn remark(remark: Remark) -> Finding {
    match remark {
        Remark::ChainNotOffered { preferred, issuer } => Finding::warning(
            Code::AcmeFailed,
            format!(
                "the server offers no chain that ends with `{preferred}`; the one in use ends with \
                 `{issuer}`"
            ),
        ),
        Remark::Finding(finding) => finding,
        Remark::NotCounted(error) => Finding::warning(
            Code::Io,
            format!("cannot add this certificate to the history of issued ones: {error}"),
        ),
        Remark::KeyChanged => Finding::warning(
            Code::KeyMismatch,
            "this certificate has a new key, because the one that was to be used is of another kind, was that of a \
             revoked certificate, or came too late for this order; TLSA records and pins for it do not hold any more",
        )
        .fix("Publish the TLSA records that `certkit acme list` shows."),
        Remark::NoNextKey(error) => {
            Finding::warning(Code::Io, format!("cannot make the key of the next renewal: {error}"))
                .fix("Run `certkit acme renew`, which makes it; `certkit acme list` shows its TLSA record.")
        }
        Remark::PostHook(run) => hook::around_failed(
            &run,
            Finding::warning(
                Code::HookFailed,
                format!("the hook after the order, `{}`, failed", run.command),
            ),
        ),
        Remark::ProofEnds { at } => Finding::warning(
            Code::Expired,
            format!("a TXT record that proves these names ends on {}; later renewals will fail", date(at)),
        )
        .fix("Set the record that `certkit acme dns-record NAME` prints in its place."),
        Remark::PrivateRoot { issuer, below } => Finding::warning(
            Code::UntrustedRoot,
            match below {
                None => format!(
                    "this machine does not trust `{issuer}`; only clients that trust it accept this \
                     certificate"
                ),
                // After a roll-over it is the new root that clients are to get.
                Some(below) => format!(
                    "this machine trusts neither `{below}` nor its issuer `{issuer}`; only clients that trust one \
                     of them as a root accept this certificate"
                ),
            },
        )
        .fix("Install the CA's root on your clients. For public websites use a public ACME server."),
    }
}

/// A deletion without a yes; `command` does not ask.
pub fn not_deleted(name: &str, command: &str) -> Failure {
    Finding::error(Code::InvalidSetting, format!("{name} was not deleted: nobody said yes"))
        .fix(format!("Run `{command}`."))
        .into()
}

/// A deploy hook that failed; `None` when it succeeded.
pub fn deploy_hook(run: &HookRun) -> Option<Finding> {
    hook::failed(run, "Fix the hook, then run the same command again. It repeats only the hook.")
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::acme::challenge::ChallengeKind;
    use crate::acme::storage::Exhausted;

    const NOW: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

    fn refusal(kind: &str) -> Box<ProtocolError> {
        let parts = vec!["for \"a.test\": no".into()];
        Box::new(ProtocolError { kind: kind.into(), detail: "no".into(), parts, ..ProtocolError::default() })
    }

    #[test]
    fn passing_errors_are_75_with_the_time() {
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
    fn a_refusal_is_1_with_reason_and_likely_cause() {
        let failure = failure(Error::Refused { doing: "placing the order", refusal: refusal("caa") }, NOW);
        assert_eq!(failure.status, 1);
        assert!(failure.findings[0].message.contains("for \"a.test\""));
        assert!(failure.findings[0].fix.as_ref().unwrap().contains("CAA"));

        let failed = |asked| FailedValidation {
            name: "a.test".into(),
            refusal: *refusal("unauthorized"),
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
    fn a_server_that_is_not_trusted_is_2() {
        let untrusted =
            Error::Untrusted { url: "https://ca.test/".into(), reason: CertificateError::Expired };
        let failure = failure(untrusted, NOW);
        assert_eq!((failure.status, failure.findings[0].code), (2, Code::Expired));
    }

    #[test]
    fn profiles_on_offer_are_named() {
        let offered = vec![("classic".to_owned(), "90 days".to_owned())];
        let failure = failure(Error::UnknownProfile { wanted: "clasic".into(), offered }, NOW);
        assert_eq!(failure.status, 2);
        assert!(failure.findings[0].message.contains("classic: 90 days"));
    }

    #[test]
    fn a_used_up_limit_is_for_later() {
        let exhausted = Exhausted { reason: "four".into(), until: datetime!(2026-11-20 12:00 UTC) };
        let failure = failure(Error::Exhausted(exhausted), NOW);
        assert_eq!(failure.status, 75);
        assert!(failure.findings[0].fix.as_ref().unwrap().contains("2026-11-20 12:00:00 UTC"));
    }
}
