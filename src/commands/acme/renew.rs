//! `certkit acme renew`: renews what is due, and reports on every certificate.

use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};

use super::renew_one::renew_one;
use super::{failure, runtime, storage};
use crate::acme::storage::{CertificateStore, Storage};
use crate::acme::{Connections, Error, Urgency, end_orders_on_signals};
use crate::advice::acme::TRY_LATER;
use crate::cli::AcmeRenewArgs;
use crate::commands::{Context, Result};
use crate::report::{Outcome, Renewal, RenewalState, Renewals, Report};

const HOOK_FAILED: u8 = 3;

pub(super) fn run(args: &AcmeRenewArgs, context: &Context<'_>) -> Result {
    let storage = storage(&args.state)?;
    storage.check_access().map_err(|error| failure(error, context))?;
    let stores = chosen(&storage, &args.names).map_err(|error| failure(error, context))?;
    let watching = end_orders_on_signals();
    watching.map_err(|error| failure(Error::EventLoop(error), context))?;
    let urgency = Urgency { ask: args.refresh_ari, force: args.force, retry: false };
    let certificates = renew_all(&storage, stores, urgency, context);
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

/// Renews what is due. Servers are asked side by side, so that one that is slow or away keeps no other waiting; each sees
/// one certificate after the other, over one connection.
fn renew_all(
    storage: &Storage,
    stores: Vec<CertificateStore>,
    urgency: Urgency,
    context: &Context<'_>,
) -> Vec<Renewal> {
    let mut servers: Vec<(String, Vec<(usize, CertificateStore)>)> = Vec::new();
    for (index, store) in stores.into_iter().enumerate() {
        // One without a record that can be read fails where it is needed.
        let server = store.record().ok().flatten().map(|record| record.server).unwrap_or_default();
        match servers.iter_mut().find(|(known, _)| *known == server) {
            Some((_, stores)) => stores.push((index, store)),
            None => servers.push((server, vec![(index, store)])),
        }
    }
    let mut all: Vec<(usize, Renewal)> = thread::scope(|scope| {
        let threads: Vec<_> = servers
            .iter()
            .map(|(_, stores)| scope.spawn(|| renew_at_one_server(storage, stores, urgency, context)))
            .collect();
        let join =
            |thread: ScopedJoinHandle<'_, _>| thread.join().unwrap_or_else(|panic| resume_unwind(panic));
        threads.into_iter().flat_map(join).collect()
    });
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, renewal)| renewal).collect()
}

fn renew_at_one_server(
    storage: &Storage,
    stores: &[(usize, CertificateStore)],
    urgency: Urgency,
    context: &Context<'_>,
) -> Vec<(usize, Renewal)> {
    let connections = Connections::default();
    // One for all: connections end with the runtime that they were opened on.
    let runtime = runtime();
    let renew = |(index, store): &(usize, CertificateStore)| {
        let renewal = match &runtime {
            Ok(runtime) => runtime.block_on(renew_one(storage, store, urgency, &connections, context)),
            Err(error) => Renewal {
                state: RenewalState::Failed,
                reason: Some(error.in_one_line()),
                ..Renewal::new(store.name())
            },
        };
        (*index, renewal)
    };
    stores.iter().map(renew).collect()
}

/// The status of the worst result; a failure that needs a person is worse than one that passes. What passes needs one too
/// when the certificate is about to end: a timer says nothing of 75.
fn status(certificates: &[Renewal], if_renewed: Option<u8>) -> u8 {
    let any = |states: &[RenewalState]| certificates.iter().any(|one| states.contains(&one.state));
    let passes = |one: &Renewal| matches!(one.state, RenewalState::TryLater | RenewalState::HeldBack);
    let is_late = certificates.iter().any(|one| passes(one) && one.nears_its_end);
    if any(&[RenewalState::Failed]) || is_late {
        1
    } else if certificates.iter().any(|one| one.hook_failed) {
        HOOK_FAILED
    } else if certificates.iter().any(passes) {
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

        let late = |state| Renewal { state, nears_its_end: true, ..Renewal::new("a.test") };
        assert_eq!(status(&[late(TryLater)], None), 1);
        assert_eq!(status(&[late(HeldBack), Renewal::new("b.test")], Some(9)), 1);
        assert_eq!(status(&[late(NotDue)], None), 0);
    }
}
