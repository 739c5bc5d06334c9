//! `certkit acme revoke`.

use super::failure::failure;
use super::user::User;
use super::{runtime, storage};
use crate::acme::{self, SignedBy};
use crate::cli::AcmeRevokeArgs;
use crate::commands::{Context, Result};
use crate::operands::output::shell_word;
use crate::report::{Outcome, Report, Revoked};

pub(super) fn run(args: &AcmeRevokeArgs, context: &Context<'_>) -> Result {
    let storage = storage(&args.state)?;
    let now = context.clock.now();
    let signed_by = if args.with_certificate_key { SignedBy::CertificateKey } else { SignedBy::Account };
    let name = acme::certificate_name(&args.name).unwrap_or_else(|_| args.name.clone());
    let user = User::new(context, false);
    let revoked = acme::revoke(&storage, &name, args.reason, signed_by, &user, now);
    let leaf = runtime()?.block_on(revoked).map_err(|error| failure(error, now))?;
    let mut report = Report::new(Outcome::Revoked(Revoked {
        name,
        serial: leaf.serial_hex(),
        reason: args.reason.map(|reason| reason.to_string()),
    }));
    report.next = vec![format!("certkit acme obtain {}", shell_word(&args.name))];
    Ok(report)
}
