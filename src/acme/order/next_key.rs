//! Which key the next certificate gets, and what TLSA records (RFC 6698) say of it.

use crate::acme::error::Error;
use crate::acme::plan::Plan;
use crate::acme::plan::given_request::key_kind;
use crate::acme::plan::life_settings::KeyRotation;
use crate::acme::storage::{CertificateStore, RenewRecord};
use crate::x509::{Certificate, KeyKind, PrivateKey};

/// The key for an order: the one in use, the one that was prepared, or a new one. Another kind of key is always new.
pub fn for_order(plan: &Plan, store: &CertificateStore) -> Result<PrivateKey, Error> {
    match kept(plan, store)? {
        Some(key) => Ok(key),
        None => generate(plan.key_kind),
    }
}

/// The key that is there already for the next order. The key of a revoked certificate, which somebody else may have, is
/// never used again.
pub fn kept(plan: &Plan, store: &CertificateStore) -> Result<Option<PrivateKey>, Error> {
    let kept = match announced(plan, store)? {
        Some(key) if is_used_up(plan, store, &key)? => None,
        kept => kept,
    };
    Ok(kept.filter(|key| kind_of(key) == Some(plan.key_kind)))
}

/// The key that the next certificate should have by what was printed before.
fn announced(plan: &Plan, store: &CertificateStore) -> Result<Option<PrivateKey>, Error> {
    Ok(match plan.life.key_rotation {
        Some(KeyRotation::Prepared) => store.next_key()?,
        Some(KeyRotation::Reused) => store.live_key()?,
        Some(KeyRotation::New) | None => None,
    })
}

/// Whether a key is the one in use and must not be that of the next certificate: another is wanted, or this one's is
/// revoked. A run that is killed leaves such a key as the order's or the next one.
pub fn is_used_up(plan: &Plan, store: &CertificateStore, key: &PrivateKey) -> Result<bool, Error> {
    if !is_in_use(store, key) {
        return Ok(false);
    }
    let is_revoked = store.renew_record()?.is_some_and(|record| record.revoked.is_some());
    Ok(is_revoked || plan.life.key_rotation != Some(KeyRotation::Reused))
}

/// Whether a key is the one of the certificate in use.
pub fn is_in_use(store: &CertificateStore, key: &PrivateKey) -> bool {
    // One that cannot be read equals none.
    store.live_key().ok().flatten().is_some_and(|live| live.spki() == key.spki())
}

/// Whether the key of the next renewal is still to be made.
pub fn is_missing(plan: &Plan, store: &CertificateStore) -> Result<bool, Error> {
    let is_prepared = plan.life.key_rotation == Some(KeyRotation::Prepared);
    Ok(is_prepared && store.next_key()?.is_none_or(|next| is_in_use(store, &next)))
}

/// Makes the key of the next renewal, if the plan wants one and there is none.
pub fn prepare_if_missing(plan: &Plan, store: &CertificateStore) -> Result<(), Error> {
    if is_missing(plan, store)? { prepare(plan, store) } else { Ok(()) }
}

/// Whether a new certificate's key is not the one that TLSA records were told to name. To be asked before it is in use.
pub fn is_surprising(plan: &Plan, store: &CertificateStore, key: &PrivateKey) -> bool {
    announced(plan, store).ok().flatten().is_some_and(|announced| announced.spki() != key.spki())
}

/// Makes the key of the next renewal, if the plan wants it now.
fn prepare(plan: &Plan, store: &CertificateStore) -> Result<(), Error> {
    match plan.life.key_rotation {
        Some(KeyRotation::Prepared) => Ok(store.save_next_key(&generate(plan.key_kind)?)?),
        _ => Ok(()),
    }
}

/// The data of the TLSA records that hold for a certificate whose key is known ahead: of the key in use, and of the one
/// that comes next. `3 1 1` is the end entity's key itself, by SHA-256 (RFC 7671 section 5.1).
pub fn tlsa_records(
    store: &CertificateStore,
    record: &RenewRecord,
    leaf: &Certificate,
) -> Result<Vec<String>, Error> {
    let next = match record.life.key_rotation {
        Some(KeyRotation::Prepared) => store.next_key()?.map(|key| key.spki_sha256()),
        Some(KeyRotation::Reused) => None,
        Some(KeyRotation::New) | None => return Ok(Vec::new()),
    };
    let in_use = leaf.spki_sha256();
    // A run that was killed leaves the key in use as the next one.
    let next = next.filter(|next| *next != in_use);
    let all = std::iter::once(in_use).chain(next);
    Ok(all.map(|hash| format!("3 1 1 {hash}")).collect())
}

/// The kind of a key, if certkit makes such keys.
pub fn kind_of(key: &PrivateKey) -> Option<KeyKind> {
    key_kind(key.spki())
}

fn generate(kind: KeyKind) -> Result<PrivateKey, Error> {
    PrivateKey::generate(kind).map_err(|error| Error::Key(error.to_string()))
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::acme::challenge::ChallengeMethod;
    use crate::acme::challenge::listen::ListenAddress;
    use crate::acme::plan::life_settings::LifeSettings;
    use crate::acme::storage::{Storage, VersionFiles};

    #[test]
    fn kinds_are_known_by_the_key() {
        for kind in KeyKind::ALL {
            if !matches!(kind, KeyKind::Rsa3072 | KeyKind::Rsa4096) {
                assert_eq!(kind_of(&generate(kind).unwrap()), Some(kind));
            }
        }
    }

    #[test]
    fn the_key_in_use_is_neither_a_next_one_nor_used_again_after_a_revocation() {
        let dir = tempfile::tempdir().unwrap();
        let store = Storage::new(dir.path()).certificate("a.test");
        let _lock = store.lock(|| {}).unwrap();
        let plan = |key_rotation| Plan {
            life: LifeSettings { key_rotation: Some(key_rotation), ..LifeSettings::default() },
            key_kind: KeyKind::EcdsaP256,
            ..Plan::new(ChallengeMethod::Http(ListenAddress::Everywhere(80)))
        };
        let (reused, prepared) = (plan(KeyRotation::Reused), plan(KeyRotation::Prepared));
        let live = generate(KeyKind::EcdsaP256).unwrap();
        let text = |text: &[u8]| text.to_vec();
        let files = VersionFiles {
            key: Zeroizing::new(text(live.to_pem().as_bytes())),
            cert: text(b"c"),
            chain: text(b"c"),
            fullchain: text(b"c"),
        };
        let mut record = RenewRecord::new(&reused);
        record.version = store.install(&files, record.clone(), None).unwrap();
        let of = |plan: &Plan| for_order(plan, &store).unwrap().spki().to_vec();
        assert_eq!(of(&reused), live.spki());
        assert!(!is_surprising(&reused, &store, &live));

        // A run was killed before it made the next key.
        store.save_next_key(&live).unwrap();
        assert!(is_missing(&prepared, &store).unwrap());
        assert_ne!(of(&prepared), live.spki());
        prepare_if_missing(&prepared, &store).unwrap();
        let next = store.next_key().unwrap().unwrap();
        assert_ne!(next.spki(), live.spki());
        prepare_if_missing(&prepared, &store).unwrap();
        assert_eq!(of(&prepared), next.spki());
        assert!(
            is_used_up(&prepared, &store, &live).unwrap() && !is_used_up(&reused, &store, &live).unwrap()
        );

        record.revoked = Some(time::macros::datetime!(2026-11-20 12:00 UTC).into());
        store.save_record(&record).unwrap();
        let new = for_order(&reused, &store).unwrap();
        assert_ne!(new.spki(), live.spki());
        assert!(is_used_up(&reused, &store, &live).unwrap() && is_surprising(&reused, &store, &new));
    }

    #[test]
    fn a_prepared_key_is_the_next_one() {
        let dir = tempfile::tempdir().unwrap();
        let store = Storage::new(dir.path()).certificate("a.test");
        let _lock = store.lock(|| {}).unwrap();
        let plan = |key_rotation, key_kind| Plan {
            life: LifeSettings { key_rotation, ..LifeSettings::default() },
            key_kind,
            ..Plan::new(ChallengeMethod::Http(ListenAddress::Everywhere(80)))
        };
        let prepared = plan(Some(KeyRotation::Prepared), KeyKind::EcdsaP256);
        prepare(&prepared, &store).unwrap();
        let next = store.next_key().unwrap().unwrap();
        let of = |plan: &Plan| for_order(plan, &store).unwrap().spki().to_vec();
        assert_eq!(of(&prepared), next.spki());
        assert_eq!(of(&prepared), next.spki(), "also after an order that failed");
        assert_ne!(of(&plan(None, KeyKind::EcdsaP256)), next.spki());
        assert_ne!(of(&plan(Some(KeyRotation::Prepared), KeyKind::EcdsaP384)), next.spki());
        prepare(&prepared, &store).unwrap();
        assert_ne!(of(&prepared), next.spki());
    }
}
