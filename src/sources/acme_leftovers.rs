//! What killed processes have left in a state that several share.

use crate::acme::storage::{CertificateStore, ChallengeStore};

/// Removes the answers that killed runs have left for a certificate, of this process or another, unless somebody is
/// ordering it.
pub(super) fn remove_leftovers(store: &CertificateStore, challenges: &ChallengeStore) {
    let removed = store.lock(|| {}).and_then(|_lock| challenges.remove_all_of(store.name()));
    if let Err(error) = removed {
        tracing::debug!("{error}");
    }
}
