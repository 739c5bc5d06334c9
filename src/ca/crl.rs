//! Revocation lists (RFC 5280 section 5): version 2, with number and authority key identifier.

use time::OffsetDateTime;

use super::encode::{authority_key_id, extension, signed};
use super::error::Error;
use super::issuer::Issuer;
use super::reason::{ListEntry, Reason};
use crate::der::{CONTEXT_0, ENUMERATED, SEQUENCE, element, oid, time, unsigned};
use crate::x509::{Crl, SignatureCheck};

/// Makes a list and reads it back; whole DER.
///
/// # Errors
/// When the CA cannot sign lists, its key cannot sign, or the list read back differs.
pub fn make_list(
    issuer: &Issuer<'_>,
    number: u64,
    entries: &[ListEntry],
    now: OffsetDateTime,
    next_update: OffsetDateTime,
) -> Result<Vec<u8>, Error> {
    let ca = issuer.certificate();
    if ca.key_usage.is_some_and(|usage| !usage.crl_sign()) {
        return Err(Error::CannotSignLists(ca.label()));
    }
    let revoked: Vec<_> = entries.iter().map(entry).collect();
    let revoked: Vec<&[u8]> = revoked.iter().map(Vec::as_slice).collect();
    // "When there are no revoked certificates, the revoked certificates list MUST be absent"
    // (section 5.1.2.6).
    let revoked = if revoked.is_empty() { Vec::new() } else { element(SEQUENCE, &revoked) };
    let crl_number = extension(oid::CRL_NUMBER, false, &unsigned(&number.to_be_bytes()));
    let extensions = element(SEQUENCE, &[&authority_key_id(&issuer.key_id()), &crl_number]);
    let parts: [&[u8]; 7] = [
        &unsigned(&[1]), // v2
        issuer.signer().algorithm(),
        &ca.subject.der,
        &time(now),
        &time(next_update),
        &revoked,
        &element(CONTEXT_0, &[&extensions]),
    ];
    let der = signed(&element(SEQUENCE, &parts), issuer.signer())
        .ok_or_else(|| Error::Sign(crate::x509::key_description(&ca.spki)))?;

    let read = Crl::from_der(&der).map_err(|_| Error::NotAsRequested("structure"))?;
    let checks = [
        (read.signature_by(ca) == SignatureCheck::Valid, "signature"),
        (read.issuer.der == ca.subject.der, "issuer name"),
        (read.count() == entries.len(), "list of certificates"),
    ];
    match checks.into_iter().find(|(holds, _)| !holds) {
        None => Ok(der),
        Some((_, part)) => Err(Error::NotAsRequested(part)),
    }
}

fn entry(entry: &ListEntry) -> Vec<u8> {
    let (serial, at) = (unsigned(&entry.serial), time(entry.at));
    // "The reason code … extension SHOULD be absent instead of using the unspecified (0) value"
    // (section 5.3.1).
    if entry.reason == Reason::Unspecified {
        return element(SEQUENCE, &[&serial, &at]);
    }
    let reason = extension(oid::REASON_CODE, false, &element(ENUMERATED, &[&[entry.reason.code()]]));
    element(SEQUENCE, &[&serial, &at, &element(SEQUENCE, &[&reason])])
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::ca::{CaProfile, Issuance, LeafProfile, Subject, SubjectKey, make_root};
    use crate::x509::{CertificateName, KeyKind, PrivateKey, Purpose};

    #[test]
    fn a_list_says_who_was_revoked() {
        let now = datetime!(2026-11-20 12:00 UTC);
        let key = || PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let root = make_root(&CaProfile::new(Subject::common_name("CA"), 9, 0), key(), now).unwrap();
        let issuer = Issuer::new(&root, now).unwrap();
        let profile = LeafProfile::new(vec![CertificateName::parse("a.test").unwrap()], Purpose::Server, 5);
        let leaf = || {
            let key = SubjectKey::New(KeyKind::EcdsaP256);
            issuer.issue(Issuance::leaf(&profile, key, now)).unwrap().certificate
        };
        let (revoked, fine) = (leaf(), leaf());
        let next = now + time::Duration::days(7);
        let reason = Reason::KeyCompromise;
        let entries = [ListEntry { serial: revoked.serial.clone(), at: now, reason }];
        let list = Crl::from_der(&make_list(&issuer, 300, &entries, now, next).unwrap()).unwrap();
        assert_eq!(list.next_update, Some(next));
        assert_eq!(list.revocation(&revoked).unwrap().reason, Some("its key was compromised"));
        assert_eq!(list.revocation(&fine), None);
        assert!(Crl::from_der(&make_list(&issuer, 1, &[], now, next).unwrap()).is_ok());
    }
}
