//! What `certkit acme import` cannot take over.

use super::storage;
use crate::acme::import::{ImportError, Omission};
use crate::finding::{Code, Finding, Location};
use crate::report::Failure;

/// The folder cannot be read at all.
pub fn unreadable(error: ImportError) -> Failure {
    let message = error.to_string();
    Failure::new(match error {
        ImportError::Io { path, .. } => {
            Finding::error(Code::Io, message).at(Location::file(path.display().to_string()))
        }
        ImportError::NoFolder(_) => Finding::error(Code::NotFound, message)
            .fix("Name the other client's folder, for example `/etc/letsencrypt`."),
        ImportError::Storage(error) => storage::finding(&error),
        ImportError::UnknownClient(_) => Finding::error(Code::NotTakenOver, message).fix(
            "Name the folder that holds `renewal` (certbot), `certificates` (lego) or `account.conf` (acme.sh).",
        ),
    })
}

/// An account or a certificate that is not taken over; renewals of it do not come from certkit.
pub fn left_out(about: &str, reason: &str) -> Finding {
    let finding = Finding::error(Code::NotTakenOver, format!("{about} is left out: {reason}"));
    let lacks_challenge = ["counterpart", "challenge", "webroot"].iter().any(|word| reason.contains(word));
    if ["dns-", "`dns_", "credentials for DNS"].iter().any(|word| reason.contains(word)) {
        finding.fix(
            "Run it again with `--dns PROVIDER --dns-credentials FILE`; `certkit acme dns-providers` lists the providers \
             and what the file holds. A program sets records for any other: `--dns-hook CMD`.",
        )
    } else if lacks_challenge {
        finding.fix("Run it again with a challenge, for example `--webroot DIR` or `--http`; what is here already stays.")
    } else {
        finding
    }
}

/// A setting that is not taken over.
pub fn omitted(about: &str, omission: &Omission) -> Finding {
    let finding = Finding::warning(Code::NotTakenOver, format!("{about}: {}", omission.what));
    match omission.instead {
        Some(instead) => finding.fix(instead),
        None => finding,
    }
}
