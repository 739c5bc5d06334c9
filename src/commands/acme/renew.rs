//! `certkit acme renew`: renews what is due, and reports on every certificate.

use time::OffsetDateTime;

use super::{caller, failure, runtime, storage};
use crate::acme::storage::{CertificateStore, Storage};
use crate::acme::{Error, FailedRenewal, RenewalOutcome, Renewer, Urgency};
use crate::advice::acme::{TRY_LATER, deploy_hook, remark};
use crate::cli::AcmeRenewArgs;
use crate::commands::{Context, Result};
use crate::report::{Outcome, Renewal, RenewalState, Renewals, Report};
use crate::sources::acme_caller::Consent;
use crate::sys::hook::HookRun;
use crate::x509::Certificate;

const HOOK_FAILED: u8 = 3;

pub(super) fn run(args: &AcmeRenewArgs, context: &Context<'_>) -> Result {
    let storage = storage(&args.state)?;
    storage.check_access().map_err(|error| failure(error, context))?;
    let stores = chosen(&storage, &args.names).map_err(|error| failure(error, context))?;
    let urgency = Urgency { ask: args.refresh_ari, force: args.force, retry: false };
    let runtime = runtime().map_err(|error| failure(error, context))?;
    let mut certificates = Vec::with_capacity(stores.len());
    for store in stores {
        certificates.push(runtime.block_on(renew_one(&storage, &store, urgency, context)));
    }
    let status = status(&certificates, args.exit_code_if_renewed);
    Ok(Report::new(Outcome::Renewed(Renewals { at: context.clock.now(), certificates, status })))
}

fn chosen(storage: &Storage, names: &[String]) -> std::result::Result<Vec<CertificateStore>, Error> {
    if names.is_empty() {
        return Ok(storage.certificates()?);
    }
    let mut stores: Vec<CertificateStore> = Vec::new();
    for name in names {
        let canonical = crate::acme::certificate_name(name).unwrap_or_else(|_| name.clone());
        let store = storage.certificates()?.into_iter().find(|store| store.is_of(&canonical));
        let store = store.ok_or_else(|| Error::NoCertificate { name: name.clone() })?;
        if !stores.iter().any(|known| known.name() == store.name()) {
            stores.push(store);
        }
    }
    Ok(stores)
}

/// Renews one certificate if it is due. A failure does not keep the others from being renewed.
async fn renew_one(
    storage: &Storage,
    store: &CertificateStore,
    urgency: Urgency,
    context: &Context<'_>,
) -> Renewal {
    let user = caller(context, Some(store.name()), Consent::Missing);
    let now = context.clock.now();
    let mut renewal = Renewal::new(store.name());
    let renewer = match Renewer::of_stored(storage, store) {
        Ok(Some(renewer)) => renewer,
        Ok(None) => {
            renewal.state = RenewalState::Elsewhere;
            return renewal;
        }
        Err(error) => {
            return failed(renewal, FailedRenewal { error: Box::new(error), next_try: None }, context);
        }
    };
    match renewer.renew_if_due(&user, now, urgency).await {
        Ok(RenewalOutcome::HeldBack { until, failure }) => {
            renewal.state = RenewalState::HeldBack;
            renewal.next = Some(until);
            renewal.reason = failure.map(|failure| failure.message);
        }
        Ok(RenewalOutcome::HookRepeated(current, run)) => {
            renewal.state = RenewalState::NotDue;
            renewal.next = Some(current.due.at);
            renewal.not_after = end(&current.chain);
            note_hook(&mut renewal, &run);
        }
        Ok(RenewalOutcome::Renewed(obtained)) => {
            renewal.state = RenewalState::Renewed;
            renewal.next = Some(obtained.due.at);
            renewal.not_after = end(&obtained.chain);
            renewal.findings = obtained.remarks.into_iter().map(remark).collect();
            if let Some(run) = &obtained.hook {
                note_hook(&mut renewal, run);
            }
        }
        Ok(RenewalOutcome::Revoked) => renewal.state = RenewalState::Revoked,
        Ok(RenewalOutcome::NotDue(current)) => {
            renewal.state = RenewalState::NotDue;
            renewal.next = Some(current.due.at);
            renewal.not_after = end(&current.chain);
        }
        Err(error) => return failed(renewal, error, context),
    }
    renewal
}

fn failed(mut renewal: Renewal, failed: FailedRenewal, context: &Context<'_>) -> Renewal {
    renewal.next = failed.next_try;
    renewal.reason = Some(failed.error.in_one_line());
    let failure = failure(*failed.error, context);
    renewal.state = match failure.status {
        TRY_LATER => RenewalState::TryLater,
        _ => RenewalState::Failed,
    };
    renewal.findings = failure.findings;
    renewal
}

fn note_hook(renewal: &mut Renewal, run: &HookRun) {
    let finding = deploy_hook(run);
    renewal.hook_failed = finding.is_some();
    renewal.findings.extend(finding);
}

fn end(chain: &[Certificate]) -> Option<OffsetDateTime> {
    chain.first().map(|leaf| leaf.not_after)
}

/// The status of the worst result; a failure that needs a person is worse than one that passes.
fn status(certificates: &[Renewal], if_renewed: Option<u8>) -> u8 {
    let any = |states: &[RenewalState]| certificates.iter().any(|one| states.contains(&one.state));
    if any(&[RenewalState::Failed]) {
        1
    } else if certificates.iter().any(|one| one.hook_failed) {
        HOOK_FAILED
    } else if any(&[RenewalState::TryLater, RenewalState::HeldBack]) {
        TRY_LATER
    } else if any(&[RenewalState::Renewed]) {
        if_renewed.unwrap_or(0)
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_that_of_the_worst() {
        use RenewalState::{Elsewhere, Failed, HeldBack, NotDue, Renewed, Revoked, TryLater};
        let of = |states: &[RenewalState], hook_failed, if_renewed| {
            let all: Vec<_> = states
                .iter()
                .map(|&state| Renewal { state, hook_failed, ..Renewal::new("a.test") })
                .collect();
            status(&all, if_renewed)
        };
        assert_eq!(of(&[], false, Some(9)), 0);
        assert_eq!(of(&[NotDue, Revoked, Elsewhere], false, Some(9)), 0);
        assert_eq!(of(&[NotDue, Renewed], false, None), 0);
        assert_eq!(of(&[NotDue, Renewed], false, Some(9)), 9);
        assert_eq!(of(&[Renewed, TryLater], false, Some(9)), 75);
        assert_eq!(of(&[HeldBack], false, None), 75);
        assert_eq!(of(&[Renewed, TryLater], true, Some(9)), 3);
        assert_eq!(of(&[Failed, TryLater], true, None), 1);
    }
}
