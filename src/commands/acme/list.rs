//! `certkit acme list`: what is kept, without asking anybody.

use super::{failure, storage};
use crate::acme::storage::{CertificateStore, RenewRecord};
use crate::acme::{self, CurrentCertificate, Error, PublicServer};
use crate::cli::ListArgs;
use crate::commands::{Context, Result};
use crate::finding::Finding;
use crate::report::{Kept, KeptCertificates, Outcome, Report};

pub(super) fn run(args: &ListArgs, context: &Context<'_>) -> Result {
    let storage = storage(&args.state)?;
    let now = context.clock.now();
    let mut certificates = Vec::new();
    let mut findings: Vec<Finding> = Vec::new();
    for store in storage.certificates().map_err(|error| failure(error, context))? {
        let kept = store.record().map_err(Error::from).and_then(|record| {
            let found = record.zip(CurrentCertificate::load(&store)?);
            let missing = || Error::NoCertificate { name: store.name().to_owned() };
            found.map(|(record, current)| kept(&store, record, current)).ok_or_else(missing)
        });
        match kept {
            Ok(kept) => certificates.push(kept),
            // One that cannot be read does not hide the others.
            Err(error) => findings.extend(failure(error, context).findings),
        }
    }
    let mut report = Report::new(Outcome::Listed(KeptCertificates { at: now, certificates }));
    report.findings = findings;
    Ok(report)
}

fn kept(store: &CertificateStore, record: RenewRecord, current: CurrentCertificate) -> Kept {
    let leaf = current.chain.first();
    let hook_failure = record.hook.as_ref().filter(|_| record.hook_is_pending());
    let tlsa = leaf.and_then(|leaf| acme::tlsa_records(store, &record, leaf).ok()).unwrap_or_default();
    Kept {
        name: store.name().to_owned(),
        server_name: PublicServer::at(&record.server).map(|server| server.name),
        not_before: leaf.map(|leaf| leaf.not_before),
        not_after: leaf.map(|leaf| leaf.not_after),
        next_renewal: record.challenge.as_ref().filter(|_| record.revoked.is_none()).map(|_| {
            let at = current.due.at;
            record.not_before.map_or(at, |not_before| at.max(not_before.0))
        }),
        by_server: current.due.by_server,
        revoked: record.revoked.map(|at| at.0),
        last_failure: record.last_failure.map(|failure| (failure.at.0, failure.message)),
        failures: record.failures,
        next_try: record.not_before.map(|at| at.0).filter(|_| record.failures > 0),
        tlsa,
        hook_failure: hook_failure
            .map(|hook| hook.failure.clone().unwrap_or_else(|| "was started and did not finish".to_owned())),
        names: record.names,
        server: record.server,
        key_kind: record.key_kind,
        is_requested: record.request.is_some(),
        profile: record.profile,
        fullchain: current.files.fullchain.display().to_string(),
        key: record.request.is_none().then(|| current.files.key.display().to_string()),
    }
}
