//! What becomes of a CA: renewed, followed by another, at its end.

use std::path::Path;

use time::{Duration, OffsetDateTime};

use crate::ca::CaRenewalError;
use crate::finding::{Code, Finding, Location};
use crate::report::Failure;
use crate::sys::clock::date;
use crate::sys::shell::{path_word, shell_word};
use crate::x509::Certificate;

/// When the end of a CA is announced: a new one has to reach every client before.
const NOTE: Duration = Duration::days(365);
const WARNING: Duration = Duration::days(90);

/// The three commands for a root whose key is on another machine.
const OFFLINE: &str = "certkit mkca --intermediate --csr";

impl From<CaRenewalError> for Failure {
    fn from(error: CaRenewalError) -> Self {
        let message = error.to_string();
        let (code, file, fix) = match error {
            CaRenewalError::IssuerAway { file, .. } => {
                let fix = "Name its issuer's certificate and key with --ca and --ca-key, or have it signed \
                           where they are: `certkit mkca --intermediate --csr`."
                    .to_owned();
                (Code::CaNotFound, file, fix)
            }
            CaRenewalError::IssuerEnds { file, issuer, .. } => {
                let fix = format!("Run `certkit renew {} {}`.", shell_word(&issuer), shell_word(&file));
                (Code::ExpiresSoon, file, fix)
            }
            CaRenewalError::NamedBySerial { file, .. } => {
                let fix = "Keep serving the old certificate until it expires, and run `certkit mkca --rollover` to \
                           make a new root beside it."
                    .to_owned();
                (Code::KeyIdentifier, file, fix)
            }
            CaRenewalError::Revoked(file) => {
                let fix = "Move it and its key away, then run `certkit mkca --intermediate`.".to_owned();
                (Code::Revoked, file, fix)
            }
        };
        Finding::error(code, message).at(Location::file(file)).fix(fix).into()
    }
}

/// A CA within a year of its end. `below` is an intermediate that ends with it.
pub fn ends_soon(
    ca: &Certificate,
    path: &Path,
    below: Option<&Path>,
    now: OffsetDateTime,
) -> Option<Finding> {
    let left = ca.not_after - now;
    if left > NOTE {
        return None;
    }
    let label = ca.label();
    let message = format!(
        "the CA `{label}` expires on {} ({} days left); nothing that it issues is valid longer",
        date(ca.not_after),
        left.whole_days()
    );
    let finding = if left > WARNING {
        Finding::note(Code::ExpiresSoon, message)
    } else {
        Finding::warning(Code::ExpiresSoon, message)
    };
    let below = below.map(|path| format!(" {}", path_word(path))).unwrap_or_default();
    let fix = format!("Run `certkit renew {}{below}`.", path_word(path));
    Some(finding.at(Location::file(path.display().to_string())).fix(fix))
}

/// An intermediate is due and was not renewed, for the reason of `failure`.
pub fn ca_is_due(ca: &Certificate, path: &Path, failure: &Failure) -> Finding {
    let reason = failure.findings.first();
    let message = format!(
        "the CA `{}` expires on {} and is due, but was not renewed: {}",
        ca.label(),
        date(ca.not_after),
        reason.map(|finding| finding.message.as_str()).unwrap_or_default()
    );
    let finding = Finding::warning(Code::ExpiresSoon, message).at(Location::file(path.display().to_string()));
    match reason.and_then(|finding| finding.fix.clone()) {
        Some(fix) => finding.fix(fix),
        None => finding,
    }
}

/// An intermediate that is not valid longer than before, because its issuer is not.
pub fn ends_with_issuer(ca: &Certificate, path: &Path, issuer: &Path) -> Option<Finding> {
    let message = format!(
        "the new certificate expires on {} like the old one, together with its CA `{}`",
        date(ca.not_after),
        issuer.display()
    );
    let fix = format!("Run `certkit renew {} {}`.", path_word(issuer), path_word(path));
    Some(Finding::note(Code::ExpiresSoon, message).at(Location::file(path.display().to_string())).fix(fix))
}

/// Clients keep the certificate that they have until its own end.
pub fn renewed_root(old: &Certificate, path: &Path) -> Finding {
    let message = format!(
        "clients that trust the CA's old certificate accept what it issues until {}; install the new one \
         on them before",
        date(old.not_after)
    );
    let fix = format!("Run `certkit trust install {}`.", path_word(path));
    Finding::note(Code::ExpiresSoon, message).at(Location::file(path.display().to_string())).fix(fix)
}

/// `mkca --force` put another root into its place.
pub fn replaced_root(label: &str, backup: &Path) -> Finding {
    let message =
        format!("clients and trust stores still trust the replaced CA `{label}` where it was installed");
    let fix = format!("Run `certkit trust uninstall {}`.", path_word(backup));
    Finding::warning(Code::TrustStore, message).at(Location::file(backup.display().to_string())).fix(fix)
}

/// After a roll-over: until when clients of the old root take the new chains.
pub fn old_root_stays(label: &str, old: &Path, end: OffsetDateTime, cross: &Path) -> Finding {
    let message = format!(
        "clients that trust only the old CA `{label}` accept new chains until {}, by `{}`; uninstall the \
         old one when every client has the new one",
        date(end),
        cross.display()
    );
    let fix = format!("Later, run `certkit trust uninstall {}`.", path_word(old));
    Finding::note(Code::TrustStore, message).at(Location::file(old.display().to_string())).fix(fix)
}

/// After a roll-over from a root that allows too few CAs below it.
pub fn not_cross_signed(label: &str, old: &Path) -> Finding {
    let message = format!(
        "the path length of the old CA `{label}` does not allow it to certify the new one: clients that \
         trust only the old one refuse new certificates"
    );
    Finding::warning(Code::PathLength, message)
        .at(Location::file(old.display().to_string()))
        .fix("Install the new CA on clients before servers get certificates from it.")
}

/// Two roots of one name lead path building astray.
pub fn same_root_name(name: &str) -> Failure {
    Finding::error(Code::InvalidName, format!("the old CA is called `{name}` too"))
        .fix("Name the new one differently, or omit --subject.")
        .into()
}

pub fn not_a_root(path: &Path) -> Failure {
    let file = path.display().to_string();
    let message = format!("`{file}` is not self-signed; only a root is rolled over");
    Finding::error(Code::NotACa, message)
        .at(Location::file(file))
        .fix("Run it in the folder of the root.")
        .into()
}

/// `mkca --intermediate` beside a root without its key. `options` are those that name the folder.
pub fn root_key_away(root: &Path, options: &str) -> Failure {
    let file = root.display().to_string();
    let message = format!("the key of `{file}` is not here, so it cannot issue an intermediate");
    Finding::error(Code::CaNotFound, message)
        .at(Location::file(file))
        .fix(format!("Run `{OFFLINE}{options}` to have the intermediate signed where the key is."))
        .into()
}

/// A root whose path length forbids intermediates.
pub fn no_room_below(root: &Path, options: &str) -> Failure {
    let file = root.display().to_string();
    let message = format!("the CA `{file}` cannot have a CA below it (path length 0)");
    Finding::error(Code::PathLength, message)
        .at(Location::file(file))
        .fix(format!("Run `certkit mkca{options} --rollover --intermediate` to make a new root that can."))
        .into()
}

/// The same of a root whose options are those that name its folder.
pub fn no_room_below_root(root: &Path) -> Failure {
    let folder = root.parent().filter(|folder| !folder.as_os_str().is_empty());
    no_room_below(root, &folder.map(|folder| format!(" -o {}", path_word(folder))).unwrap_or_default())
}

/// `mkca --take` without a root to compare with.
pub fn no_root_to_compare(root: &Path) -> Failure {
    let message = format!("there is no `{}` to compare the certificate with", root.display());
    Finding::error(Code::CaNotFound, message).fix("Copy the root's certificate here, without its key.").into()
}

pub fn cannot_sign_certificates(label: &str, file: &str) -> Failure {
    let message = format!("the CA `{label}` cannot sign certificates: its key usage lacks keyCertSign");
    Finding::error(Code::KeyUsage, message)
        .at(Location::file(file))
        .fix("Have it signed with `certkit sign --profile ca`.")
        .into()
}
