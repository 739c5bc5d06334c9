//! `certkit renew --crl`: the next revocation list, when it is due.

use std::path::Path;

use time::OffsetDateTime;

use super::tally::Tally;
use crate::ca::SigningCa;
use crate::cli::{CrlArgs, RenewArgs};
use crate::commands::{Context, crl};
use crate::container::BlockKind;
use crate::operands::input::read_contents;
use crate::operands::password::Passwords;
use crate::report::Outcome;
use crate::x509::{Crl, RenewalPolicy};

/// Makes it if there is one that is due: who never made one has no clients that ask for it.
pub(super) fn make_if_due(args: &RenewArgs, ca: &SigningCa, tally: &mut Tally, context: &Context<'_>) {
    let path = ca.path.with_extension("crl");
    if args.dry_run || !is_due(&path, context.clock.now()) {
        return;
    }
    let list = CrlArgs { ca: args.ca.clone(), days: DAYS, ..CrlArgs::default() };
    match crl::run(&list, context) {
        Ok(report) => {
            tally.findings.extend(report.findings);
            if let Outcome::Created(created) = report.outcome {
                tally.created.files.extend(created.files);
                tally.created.list = created.list;
            }
        }
        Err(failure) => tally.fail(failure),
    }
}

/// As `certkit crl` has it by default.
const DAYS: u32 = 30;

fn is_due(path: &Path, now: OffsetDateTime) -> bool {
    if !path.is_file() {
        return false;
    }
    let read = read_contents(&path.display().to_string(), &mut Passwords::unattended());
    let Ok((_, contents)) = read else { return false };
    let mut lists = contents.blocks.iter().filter(|block| block.kind == BlockKind::Crl);
    lists.any(|block| {
        Crl::from_der(&block.der).is_ok_and(|list| {
            let end = list.next_update.unwrap_or(list.this_update);
            RenewalPolicy::default().is_due(list.this_update, end, now)
        })
    })
}
