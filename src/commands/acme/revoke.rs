//! `certkit acme revoke`.

use super::{caller, failure, runtime, storage};
use crate::acme::storage::Storage;
use crate::acme::{self, SignedBy};
use crate::cli::AcmeRevokeArgs;
use crate::commands::{Context, Result};
use crate::operands::output::shell_word;
use crate::report::{Outcome, Report, Revoked};
use crate::sources::acme_caller::Consent;

pub(super) fn run(args: &AcmeRevokeArgs, context: &Context<'_>) -> Result {
    let storage = storage(&args.state)?;
    let now = context.clock.now();
    let signed_by = if args.with_certificate_key { SignedBy::CertificateKey } else { SignedBy::Account };
    let name = acme::certificate_name(&args.name).unwrap_or_else(|_| args.name.clone());
    let user = caller(context, None, Consent::Missing);
    let revoked = acme::revoke(&storage, &name, args.reason, signed_by, &user, now);
    let leaf =
        runtime().and_then(|runtime| runtime.block_on(revoked)).map_err(|error| failure(error, context))?;
    let next = next(&storage, &args.name, &name);
    let mut report = Report::new(Outcome::Revoked(Revoked {
        name,
        serial: leaf.serial_hex(),
        reason: args.reason.map(|reason| reason.to_string()),
    }));
    report.next = vec![next];
    Ok(report)
}

/// How to get another certificate. A revoked one's key gets none, so that a signing request needs a new key first.
fn next(storage: &Storage, typed: &str, kept_name: &str) -> String {
    let record = storage.certificate(kept_name).record().ok().flatten();
    match record.filter(|record| record.request.is_some()) {
        Some(record) => {
            let names: Vec<_> = record.names.iter().map(|name| shell_word(name)).collect();
            format!("certkit csr {}", names.join(" "))
        }
        None => format!("certkit acme obtain {}", shell_word(typed)),
    }
}
