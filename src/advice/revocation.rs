//! Revocations and lists: what cannot be revoked, and what is worth saying of what was.

use std::path::Path;

use time::OffsetDateTime;

use crate::ca::{Candidate, RevocationError, SelectionError};
use crate::finding::{Code, Finding, Location};
use crate::report::Failure;
use crate::sys::clock::date;
use crate::sys::shell::{path_word, shell_word};

/// Certificates that a sentence lists one by one.
const SHOWN: usize = 5;

impl From<RevocationError> for Failure {
    fn from(error: RevocationError) -> Self {
        let message = error.to_string();
        match error {
            RevocationError::File(error) => error.into(),
            RevocationError::Issue(error) => error.into(),
            RevocationError::Ledger(error) => error.into(),
            RevocationError::NotIssuedHere(error) => error.into(),
            RevocationError::Selection(error) => error.into(),
            RevocationError::ItsOwn(file) => Finding::error(Code::CaAsLeaf, message)
                .fix(format!("Run `certkit trust uninstall {}` on every client instead.", shell_word(&file)))
                .at(Location::file(file))
                .into(),
            RevocationError::ListNumber(_) => Finding::error(Code::CrlInvalid, message)
                .fix("Replace the list with one of a smaller number, or make a new CA.")
                .into(),
            RevocationError::FileAndName { file, candidates } => {
                let message = format!("{message}:\n{}", listed(&candidates));
                let fix = format!(
                    "Run `certkit revoke {}` for the file, or name one by its serial number.",
                    path_word(&Path::new(".").join(&file))
                );
                Finding::error(Code::InvalidSetting, message).at(Location::file(file)).fix(fix).into()
            }
        }
    }
}

impl From<SelectionError> for Failure {
    fn from(error: SelectionError) -> Self {
        let message = error.to_string();
        let finding = match &error {
            SelectionError::Ambiguous { candidates, .. } => {
                Finding::error(Code::InvalidSetting, format!("{message}:\n{}", listed(candidates)))
                    .fix("Name the certificate's file.")
            }
            SelectionError::Several { candidates, .. } => {
                let finding =
                    Finding::error(Code::InvalidSetting, format!("{message}:\n{}", listed(candidates)));
                finding.fix("Name one by its serial number.")
            }
            SelectionError::Unknown(_) | SelectionError::NoneOfKey(_) | SelectionError::NoneValid(_) => {
                Finding::error(Code::NotFound, message)
                    .fix("Run `certkit list --all` to see what the ledger has.")
            }
        };
        finding.into()
    }
}

/// One line for each, the first ones.
fn listed(candidates: &[Candidate]) -> String {
    let mut lines: Vec<_> = candidates.iter().take(SHOWN).map(ToString::to_string).collect();
    if candidates.len() > SHOWN {
        lines.push(format!("and {} more", candidates.len() - SHOWN));
    }
    lines.join("\n")
}

pub fn already_revoked(certificate: &Candidate, at: OffsetDateTime, reason: &str) -> Finding {
    let message = format!("the certificate was already revoked on {} ({reason})", date(at));
    Finding::note(Code::Revoked, format!("{message}, serial number {}", certificate.serial))
}

/// Certificates with a name or the key of a revoked one.
pub fn still_valid(certificates: &[Candidate]) -> Option<Finding> {
    let first = certificates.first()?;
    let what = if certificates.len() == 1 { "1 certificate" } else { "these certificates" };
    let message = format!("{what} with the same name or key stays valid:\n{}", listed(certificates));
    let message =
        if certificates.len() == 1 { message } else { message.replace("stays valid", "stay valid") };
    let fix = format!("Run `certkit revoke {}` to revoke it too.", first.serial);
    Some(Finding::note(Code::Revoked, message).fix(fix))
}

/// Certificates of the first version's ledger whose file is gone.
pub fn unknown_keys(certificates: &[Candidate]) -> Option<Finding> {
    let first = certificates.first()?;
    let message = format!(
        "the ledger does not say which key these valid certificates have, so they were not revoked:\n{}",
        listed(certificates)
    );
    let fix = format!("If it may be the same key, run `certkit revoke {}`.", first.serial);
    Some(Finding::warning(Code::Revoked, message).fix(fix))
}

/// Revocations that only the list in place knew.
pub fn imported(count: usize, ledger: &Path) -> Option<Finding> {
    let entries = match count {
        0 => return None,
        1 => "1 revocation".to_owned(),
        count => format!("{count} revocations"),
    };
    let message =
        format!("{entries} of the list in place were not in the ledger; they are now, and stay on the list");
    Some(Finding::note(Code::Revoked, message).at(Location::file(ledger.display().to_string())))
}

/// A CA of the folder whose certificate was revoked, and whose key is somewhere else.
pub fn list_needs_key(ca: &Path) -> Finding {
    let file = ca.display();
    let message =
        format!("the list of `{file}` lacks the revocation until it is made anew, and its key is not here");
    Finding::warning(Code::CrlInvalid, message)
        .at(Location::file(file.to_string()))
        .fix("Revoke the certificate also where the key is, and run `certkit crl` there.")
}

/// The lists of CAs above the one whose list was written to `file`.
pub fn missing_lists(issuers: &[String], file: &Path) -> Option<Finding> {
    if issuers.is_empty() {
        return None;
    }
    let issuers: Vec<_> = issuers.iter().map(|issuer| format!("`{issuer}`")).collect();
    let message = format!(
        "the current list of {} is missing; nginx, HAProxy and Apache refuse every client without it",
        issuers.join(" and ")
    );
    let fix = "Run `certkit crl --ca ca.crt --ca-key ca.key` where the root's key is, copy ca.crl from there into \
               this folder, and run `certkit crl` again.";
    Some(Finding::warning(Code::CrlInvalid, message).at(Location::file(file.display().to_string())).fix(fix))
}

/// A line of the first version whose file is gone.
pub fn not_kept(serial: &str) -> Failure {
    let message = format!(
        "the ledger does not keep the certificate {serial}, and its file is gone: an older version recorded it"
    );
    Finding::error(Code::NotFound, message).fix("Issue a new one with `certkit mkcert NAME`.").into()
}

/// What is worth knowing of a certificate that is written again.
pub fn expired_or_revoked(
    not_after: OffsetDateTime,
    now: OffsetDateTime,
    revocation: Option<(OffsetDateTime, &str)>,
) -> Option<Finding> {
    if let Some((at, reason)) = revocation {
        let message = format!("the certificate was revoked on {} ({reason})", date(at));
        return Some(Finding::warning(Code::Revoked, message));
    }
    let message = format!("the certificate expired on {}", date(not_after));
    (not_after < now).then(|| Finding::warning(Code::Expired, message))
}
