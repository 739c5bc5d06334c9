//! `certkit export`: a certificate from the CA's ledger again.

use super::{Context, Result};
use crate::advice::revocation::{expired_or_revoked, not_kept};
use crate::ca::{CertificateFiles, Selection, SelectionError, certificate_text};
use crate::cli::CaExportArgs;
use crate::operands::ca_lookup::LedgerSource;
use crate::operands::destination::{Destination, Product, ProductKind};
use crate::operands::input::ReadFiles;
use crate::operands::output::Overwrite;
use crate::report::FileRole;
use crate::x509::Certificate;

pub(super) fn run(args: &CaExportArgs, context: &Context<'_>) -> Result {
    let destination = Destination::new(args.output.as_deref(), context.global.format)?;
    destination.admits(ProductKind::PublicText)?;
    let now = context.clock.now();
    let source = LedgerSource::find(args.source.ca.as_deref(), args.source.ledger.as_deref())?;
    let records = source.records()?;
    let found = records.select(Selection::Text(&args.which), |record| records.is_valid(record, now))?;
    let record = match found.as_slice() {
        [one] => *one,
        several => {
            let candidates = several.iter().map(|record| (*record).into()).collect();
            return Err(SelectionError::Several { name: args.which.clone(), candidates }.into());
        }
    };
    let kept = record.certificate.clone().and_then(|der| Certificate::from_der(der).ok());
    // Lines of the first version name its file only.
    let of_file = || record.file.as_deref().and_then(|file| ReadFiles.certificate(file));
    let certificate = kept.or_else(of_file).filter(|certificate| certificate.sha256() == record.sha256);
    let Some(certificate) = certificate else { return Err(not_kept(&record.serial)) };
    let label = certificate.label();
    let mut chain = vec![certificate];
    if args.chain {
        chain.extend(source.folder().intermediates(&chain[0]));
    }
    let role = if chain.len() > 1 { FileRole::Chain } else { FileRole::Certificate };
    let key = record.key_file.as_deref().map(|key| format!("; its private key is in {}", key.display()));
    let product = Product {
        bytes: certificate_text(&chain).into(),
        has_key: false,
        role,
        description: format!("the certificate for {label}{}", key.unwrap_or_default()),
    };
    let mut report = destination.deliver(product, Overwrite::forced(args.force))?;
    let revocation = records.revocation_of(record);
    report.findings.extend(expired_or_revoked(
        record.not_after,
        now,
        revocation.as_ref().map(|(at, reason)| (*at, reason.as_str())),
    ));
    if let Destination::File(path) = &destination {
        report.next.push(format!("certkit show {}", crate::sys::shell::path_word(path)));
    }
    Ok(report)
}
