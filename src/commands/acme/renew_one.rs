//! One certificate of `certkit acme renew`: renewed if it is due, and what came of it as a row of the report.

use time::OffsetDateTime;

use super::{caller, failure};
use crate::acme::storage::{CertificateStore, Storage};
use crate::acme::{Connections, FailedRenewal, Remark, RenewalOutcome, Renewer, Urgency};
use crate::advice::acme::{TRY_LATER, deploy_hook, remark};
use crate::commands::Context;
use crate::finding::Finding;
use crate::report::{Renewal, RenewalState};
use crate::sources::acme_caller::Consent;
use crate::sys::hook::HookRun;
use crate::x509::Certificate;

/// Renews one certificate if it is due. A failure does not keep the others from being renewed.
pub(super) async fn renew_one(
    storage: &Storage,
    store: &CertificateStore,
    urgency: Urgency,
    connections: &Connections,
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
    match renewer.renew_over(connections, &user, now, urgency).await {
        Ok(RenewalOutcome::HeldBack { until, failure }) => {
            renewal.state = RenewalState::HeldBack;
            renewal.next = Some(until);
            renewal.reason = failure.map(|failure| failure.message);
            renewal.nears_its_end = nears_its_end(&renewer, now);
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
            renewal.findings.extend(proof_end(store, &current.chain, now));
        }
        Err(error) => {
            renewal.nears_its_end = nears_its_end(&renewer, now);
            return failed(renewal, error, context);
        }
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

/// One whose state cannot be read fails in any case.
fn nears_its_end(renewer: &Renewer, now: OffsetDateTime) -> bool {
    renewer.is_near_its_end(now).unwrap_or(false)
}

fn note_hook(renewal: &mut Renewal, run: &HookRun) {
    let finding = deploy_hook(run);
    renewal.hook_failed = finding.is_some();
    renewal.findings.extend(finding);
}

/// What is worth saying of the records that prove the names.
fn proof_end(store: &CertificateStore, chain: &[Certificate], now: OffsetDateTime) -> Option<Finding> {
    let ends = store.record().ok().flatten().and_then(|record| record.proof_ends);
    Remark::of_proof(ends, end(chain)?, now).map(remark)
}

fn end(chain: &[Certificate]) -> Option<OffsetDateTime> {
    chain.first().map(|leaf| leaf.not_after)
}
