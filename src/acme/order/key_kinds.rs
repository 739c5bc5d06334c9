//! Kinds of keys that a server issues no certificates for. No server says so before the signing request, when the order
//! is lost; so what is known of public servers is used, and what a server has refused before.

use time::{Duration, OffsetDateTime};

use crate::acme::caller::{Caller, Progress};
use crate::acme::error::Error;
use crate::acme::plan::Plan;
use crate::acme::storage::{AccountRecord, AccountStore, CertificateStore};
use crate::x509::KeyKind;

/// What a server has refused is tried again after this time: servers change, and refuse for other reasons.
const LONGEST_MEMORY: Duration = Duration::days(1);

/// Servers of CAs that browsers trust. The Baseline Requirements (CA/Browser Forum, section 6.1.1.3 and 7.1.3.1) allow
/// them RSA and the curves P-256, P-384 and P-521.
const PUBLIC_SERVERS: &[&str] = &[
    "letsencrypt.org",
    "zerossl.com",
    "pki.goog",
    "buypass.com",
    "buypass.no",
    "ssl.com",
    "sectigo.com",
    "digicert.com",
    "globalsign.com",
    "actalis.it",
];

/// Refuses a plan whose key the server is known not to take.
///
/// # Errors
/// [`Error::KeyKindRefused`], [`Error::Storage`].
pub fn check(
    plan: &Plan,
    accounts: &AccountStore,
    store: &CertificateStore,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let kind = plan.key_kind;
    if is_sure(kind) || is_proved(plan, store)? {
        return Ok(());
    }
    if is_against_the_rules(kind, &plan.server) || (!plan.force && is_noted(plan, accounts, now)?) {
        return Err(Error::KeyKindRefused { kind, server: plan.server.clone() });
    }
    Ok(())
}

/// Whether the certificate in use shows that the server takes such keys.
fn is_proved(plan: &Plan, store: &CertificateStore) -> Result<bool, Error> {
    let record = store.renew_record()?;
    Ok(record.is_some_and(|record| record.server == plan.server && record.key_kind == plan.key_kind.as_str()))
}

/// Whether the server has refused such a key a short time ago.
fn is_noted(plan: &Plan, accounts: &AccountStore, now: OffsetDateTime) -> Result<bool, Error> {
    let record = accounts.load()?;
    let refused = record.and_then(|record| record.key_kinds_refused.get(plan.key_kind.as_str()).copied());
    // A time far ahead was kept while the clock was wrong.
    Ok(refused.is_some_and(|at| (now - at.0).abs() < LONGEST_MEMORY))
}

/// Notes that the server has refused the kind of key, if this error says so (RFC 8555 section 6.7). `badCSR` may have
/// any reason.
///
/// # Errors
/// [`Error::Storage`].
pub fn note(
    plan: &Plan,
    accounts: &AccountStore,
    error: &Error,
    caller: &dyn Caller,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let kind = plan.key_kind;
    if is_sure(kind) || !error.is_refusal("badPublicKey") {
        return Ok(());
    }
    let _lock = accounts.lock(|| caller.progress(Progress::WaitingForLock))?;
    if let Some(mut record) = accounts.load()? {
        record.key_kinds_refused.insert(kind.as_str().to_owned(), now.into());
        accounts.save(&record)?;
    }
    Ok(())
}

/// Forgets that the server has refused the kind of key: it has issued a certificate for one.
///
/// # Errors
/// [`Error::Storage`].
pub fn forget(plan: &Plan, accounts: &AccountStore, caller: &dyn Caller) -> Result<(), Error> {
    let is_noted = |record: &AccountRecord| record.key_kinds_refused.contains_key(plan.key_kind.as_str());
    if !accounts.load()?.is_some_and(|record| is_noted(&record)) {
        return Ok(());
    }
    let _lock = accounts.lock(|| caller.progress(Progress::WaitingForLock))?;
    if let Some(mut record) = accounts.load()?
        && record.key_kinds_refused.remove(plan.key_kind.as_str()).is_some()
    {
        accounts.save(&record)?;
    }
    Ok(())
}

/// Whether every server takes such keys, so that a refusal has another reason.
fn is_sure(kind: KeyKind) -> bool {
    !matches!(kind, KeyKind::Ed25519 | KeyKind::EcdsaP521)
}

fn is_against_the_rules(kind: KeyKind, server: &str) -> bool {
    kind == KeyKind::Ed25519
        && reqwest::Url::parse(server).ok().is_some_and(|url| {
            let host = url.host_str().unwrap_or_default();
            PUBLIC_SERVERS.iter().any(|public| {
                host.strip_suffix(public).is_some_and(|before| before.is_empty() || before.ends_with('.'))
            })
        })
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use zeroize::Zeroizing;

    use super::*;
    use crate::acme::caller::Candidate;
    use crate::acme::challenge::ChallengeMethod;
    use crate::acme::challenge::listen::ListenAddress;
    use crate::acme::plan::public_server::LETS_ENCRYPT;
    use crate::acme::remark::Remark;
    use crate::acme::reply::protocol_error::ProtocolError;
    use crate::acme::storage::{RenewRecord, Storage, VersionFiles};
    use crate::finding::Finding;

    #[test]
    fn a_refusal_is_noted_for_a_day_and_until_one_is_issued() {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::new(dir.path());
        let (accounts, store) = (storage.account("https://ca.test/dir"), storage.certificate("a.test"));
        accounts.save(&AccountRecord::new("https://ca.test/dir", None)).unwrap();
        let plan = Plan {
            names: vec!["a.test".into()],
            server: "https://ca.test/dir".into(),
            key_kind: KeyKind::Ed25519,
            ..Plan::new(ChallengeMethod::Http(ListenAddress::Everywhere(80)))
        };
        let now = datetime!(2026-11-20 12:00 UTC);
        let refusal = |kind: &str| {
            let refusal = ProtocolError { kind: kind.into(), ..ProtocolError::default() };
            Error::Refused { doing: "asking for the certificate", refusal: Box::new(refusal) }
        };
        let may = |plan: &Plan, now| check(plan, &accounts, &store, now).is_ok();
        let note = |kind: &str| note(&plan, &accounts, &refusal(kind), &Silent, now).unwrap();
        note("badCSR");
        assert!(may(&plan, now));
        note("badPublicKey");
        assert!(!may(&plan, now) && !may(&plan, now + Duration::hours(23)));
        assert!(may(&plan, now + Duration::days(1)) && may(&plan, now - Duration::days(1)));
        assert!(may(&Plan { force: true, ..plan.clone() }, now));
        assert!(may(&Plan { key_kind: KeyKind::EcdsaP521, ..plan.clone() }, now));
        forget(&plan, &accounts, &Silent).unwrap();
        assert!(may(&plan, now));

        // The certificate in use is one.
        note("badPublicKey");
        let _lock = store.lock(|| {}).unwrap();
        let text = |text: &str| text.as_bytes().to_vec();
        let files = VersionFiles {
            key: Zeroizing::new(text("k")),
            cert: text("c"),
            chain: text("c"),
            fullchain: text("c"),
        };
        store.install(&files, RenewRecord::new(&plan), None).unwrap();
        assert!(may(&plan, now));
    }

    /// Nobody listens.
    struct Silent;

    impl Caller for Silent {
        fn progress(&self, _progress: Progress<'_>) {}

        fn agrees_to(&self, _url: &str) -> bool {
            false
        }

        fn judge(&self, _candidate: &Candidate<'_>) -> Result<Vec<Remark>, Vec<Finding>> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn public_servers_take_no_ed25519() {
        for server in [LETS_ENCRYPT, "https://dv.acme-v02.api.pki.goog/directory", "https://SSL.com/x"] {
            assert!(is_against_the_rules(KeyKind::Ed25519, server), "{server}");
            assert!(!is_against_the_rules(KeyKind::EcdsaP256, server), "{server}");
        }
        for server in ["https://ca.test/dir", "https://letsencrypt.org.test/", "https://notzerossl.com/"] {
            assert!(!is_against_the_rules(KeyKind::Ed25519, server), "{server}");
        }
    }
}
