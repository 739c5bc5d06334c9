//! CAs among what `renew` looks after: they are renewed before the certificates that they issued.

use std::path::Path;

use time::OffsetDateTime;

use super::tally::Tally;
use crate::ca::SigningCa;
use crate::chain::Located;
use crate::cli::RenewArgs;
use crate::commands::Result;
use crate::commands::mkca::ends_soon::{ends_soon_of, renew_due_ca};
use crate::commands::mkca::renewal::{RenewedCa, ca_of, renew_named_cas};
use crate::operands::ca_lookup::CaChoice;
use crate::report::{CheckedCertificate, CheckedState, Role};
use crate::x509::{Certificate, RenewalPolicy};

/// Renews CAs that were named, or the one that signs if it is due. Gives the CA and the files for all
/// else; `None` when CAs alone were named.
pub(super) fn renew_cas(
    args: &RenewArgs,
    choice: &CaChoice,
    tally: &mut Tally,
    now: OffsetDateTime,
) -> Result<Option<(SigningCa, Vec<String>)>> {
    let (policy, files) = (args.if_within, &args.files);
    if args.dry_run {
        let (cas, rest): (Vec<_>, Vec<_>) = files.iter().cloned().partition(|file| ca_of(file).is_some());
        cas.iter().for_each(|file| tally.take_planned_ca(file, policy, now));
        if !files.is_empty() && rest.is_empty() {
            return Ok(None);
        }
        let ca = choice.find()?;
        tally.findings.extend(ends_soon_of(&ca, now));
        return Ok(Some((ca, rest)));
    }
    let done = renew_named_cas(files, policy, choice, now);
    tally.count.checked += files.len() - done.rest.len();
    for failure in done.failures {
        tally.fail(failure);
    }
    for (file, ca) in done.not_due {
        tally.count.certificates.push(checked(&file, CheckedState::NotDue, &ca, policy));
    }
    for ca in done.renewed {
        tally.take_renewed_ca(ca, policy);
    }
    if !files.is_empty() && done.rest.is_empty() {
        return Ok(None);
    }
    let ca = choice.find()?;
    if !files.is_empty() {
        tally.findings.extend(ends_soon_of(&ca, now));
        return Ok(Some((ca, done.rest)));
    }
    let (renewed, findings) = renew_due_ca(&ca, policy, choice, now);
    tally.findings.extend(findings);
    let Some(renewed) = renewed else { return Ok(Some((ca, done.rest))) };
    tally.count.checked += 1;
    tally.take_renewed_ca(renewed, policy);
    Ok(Some((choice.find()?, done.rest)))
}

impl Tally {
    fn take_renewed_ca(&mut self, ca: RenewedCa, policy: Option<RenewalPolicy>) {
        let RenewedCa { file, certificate, files, findings } = ca;
        let mut one = checked(&file, CheckedState::Renewed, &certificate, policy);
        one.files = files.iter().map(|file| file.path.clone()).collect();
        self.count.certificates.push(one);
        self.created.files.extend(files);
        self.findings.extend(findings);
        let role = if certificate.is_self_issued() { Role::Root } else { Role::Intermediate };
        let summary = Located::from(certificate).summary(role);
        self.created.certificate.get_or_insert_with(|| summary.clone());
        self.count.renewed.push((file, summary));
    }

    /// `--dry-run`: what would become of a CA that was named.
    fn take_planned_ca(&mut self, file: &str, policy: Option<RenewalPolicy>, now: OffsetDateTime) {
        let Some(ca) = ca_of(file) else { return };
        self.count.checked += 1;
        let is_due = policy.is_none_or(|policy| policy.is_due(ca.not_before, ca.not_after, now));
        let state = if is_due { CheckedState::Due } else { CheckedState::NotDue };
        let mut one = checked(file, state, &ca, policy);
        if is_due {
            one.files.push(Path::new(file).display().to_string());
        }
        self.count.certificates.push(one);
    }
}

fn checked(
    file: &str,
    state: CheckedState,
    ca: &Certificate,
    policy: Option<RenewalPolicy>,
) -> CheckedCertificate {
    CheckedCertificate {
        file: file.to_owned(),
        state,
        not_after: ca.not_after,
        due_at: policy.unwrap_or_default().due_at(ca.not_before, ca.not_after),
        files: Vec::new(),
        left: Vec::new(),
    }
}
