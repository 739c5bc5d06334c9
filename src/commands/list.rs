//! `certkit list`: what the CA's ledger remembers.

use std::collections::HashMap;

use super::{Context, Result};
use crate::advice::ca::broken_lines;
use crate::ca::{IssuedRecord, Records, SelectionError};
use crate::cli::CaListArgs;
use crate::operands::ca_lookup::LedgerSource;
use crate::report::{Outcome, RecordedCertificate, RecordedCertificates, RecordedState, Report};

pub(super) fn run(args: &CaListArgs, context: &Context<'_>) -> Result {
    let now = context.clock.now();
    let source = LedgerSource::find(args.source.ca.as_deref(), args.source.ledger.as_deref())?;
    let records = source.records()?;
    let wanted = |record: &&IssuedRecord| args.which.as_deref().is_none_or(|which| record.is_called(which));
    let found: Vec<_> = records.issued.iter().filter(wanted).collect();
    if let Some(which) = &args.which
        && found.is_empty()
    {
        return Err(SelectionError::Unknown(which.clone()).into());
    }
    let newest = newest_of_files(&records);
    let mut hidden = (0, 0);
    let mut certificates = Vec::new();
    for record in found {
        let revocation = records.revocation_of(record);
        let state = match revocation {
            Some((at, reason)) => RecordedState::Revoked { at, reason: reason.to_string() },
            None if record.not_after < now => RecordedState::Expired,
            None => RecordedState::Valid,
        };
        let is_due =
            |policy: crate::x509::RenewalPolicy| policy.is_due(record.not_before, record.not_after, now);
        let is_shown = if args.revoked {
            revocation.is_some()
        } else {
            let is_listed = args.all || args.which.is_some() || state == RecordedState::Valid;
            is_listed && args.expiring.is_none_or(is_due)
        };
        if is_shown {
            let file = record.file.as_deref();
            let is_replaced =
                file.is_some_and(|file| newest.get(file).is_some_and(|it| *it != record.serial));
            certificates.push(recorded(record, state, is_replaced));
        } else if !args.revoked {
            match state {
                RecordedState::Expired => hidden.0 += 1,
                RecordedState::Revoked { .. } => hidden.1 += 1,
                RecordedState::Valid => {}
            }
        }
    }
    certificates.sort_by_key(|one| one.not_after);
    let ledger = source.ledger.path().display().to_string();
    let is_detailed = args.which.is_some();
    let outcome =
        Outcome::Recorded(RecordedCertificates { at: now, ledger, certificates, hidden, is_detailed });
    Ok(Report { findings: broken_lines(&records.broken), ..Report::new(outcome) })
}

/// The serial number of the certificate that was last written to each file.
fn newest_of_files(records: &Records) -> HashMap<&std::path::Path, &str> {
    let files =
        records.issued.iter().filter_map(|record| Some((record.file.as_deref()?, record.serial.as_str())));
    files.collect()
}

fn recorded(record: &IssuedRecord, state: RecordedState, is_replaced: bool) -> RecordedCertificate {
    RecordedCertificate {
        serial: record.serial.clone(),
        names: record.names.clone(),
        not_before: record.not_before,
        not_after: record.not_after,
        state,
        is_replaced,
        issuer_key_sha256: record.ca.clone(),
        sha256: record.sha256.clone(),
        key_sha256: record.key_sha256.clone(),
        file: record.file.clone(),
        key_file: record.key_file.clone(),
        other_files: record.other_files.clone(),
        requested_by: record.requested_by.clone(),
        is_kept: record.certificate.is_some(),
    }
}
