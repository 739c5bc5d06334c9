//! Revocation lists (RFC 5280 section 5): version 2, with number and authority key identifier.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::encode::{authority_key_id, extension, signed};
use super::issuer::{Error, Issuer};
use crate::der::{CONTEXT_0, ENUMERATED, SEQUENCE, element, oid, time, unsigned};
use crate::x509::{Crl, SignatureCheck};

/// A revoked certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListEntry {
    /// Its serial number, big endian.
    pub serial: Vec<u8>,
    /// Since when.
    pub at: OffsetDateTime,
    /// Why.
    pub reason: Reason,
}

/// Why a certificate was revoked (RFC 5280 section 5.3.1).
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// Nobody said.
    #[default]
    Unspecified,
    /// Somebody else may have its key.
    KeyCompromise,
    /// Somebody else may have its CA's key.
    CaCompromise,
    /// Its owner belongs elsewhere now.
    AffiliationChanged,
    /// There is a newer one.
    Superseded,
    /// What it was for is gone.
    CessationOfOperation,
    /// For a time only.
    CertificateHold,
    /// It may no longer do what it says.
    PrivilegeWithdrawn,
}

impl Reason {
    /// All of them, in the order of the standard.
    pub const ALL: [Self; 8] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
        Self::PrivilegeWithdrawn,
    ];

    /// The standard's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "caCompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
        }
    }

    /// The standard's number.
    const fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::CaCompromise => 2,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::CertificateHold => 6,
            Self::PrivilegeWithdrawn => 9,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Reason {
    type Err = ();

    /// By word, in any case, or by number.
    fn from_str(text: &str) -> Result<Self, ()> {
        let is_it =
            |reason: &Self| reason.as_str().eq_ignore_ascii_case(text) || reason.code().to_string() == text;
        Self::ALL.into_iter().find(is_it).ok_or(())
    }
}

/// Makes a list and reads it back; whole DER.
///
/// # Errors
/// When the CA may sign no lists, its key does not sign, or the result is not as meant.
pub fn make_list(
    issuer: &Issuer<'_>,
    number: u64,
    entries: &[ListEntry],
    now: OffsetDateTime,
    next_update: OffsetDateTime,
) -> Result<Vec<u8>, Error> {
    let ca = issuer.certificate();
    if ca.key_usage.is_some_and(|usage| !usage.crl_sign()) {
        return Err(Error::NoLists(ca.label()));
    }
    let revoked: Vec<_> = entries.iter().map(entry).collect();
    let revoked: Vec<&[u8]> = revoked.iter().map(Vec::as_slice).collect();
    // "When there are no revoked certificates, the revoked certificates list MUST be absent" (section 5.1.2.6).
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

    let read = Crl::from_der(&der).map_err(|_| Error::NotAsMeant("structure"))?;
    match () {
        () if read.signature_by(ca) != SignatureCheck::Valid => Err(Error::NotAsMeant("signature")),
        () if read.issuer.der != ca.subject.der => Err(Error::NotAsMeant("issuer name")),
        () if read.len() != entries.len() => Err(Error::NotAsMeant("list of certificates")),
        () => Ok(der),
    }
}

fn entry(entry: &ListEntry) -> Vec<u8> {
    let (serial, at) = (unsigned(&entry.serial), time(entry.at));
    // "The reason code … extension SHOULD be absent instead of using the unspecified (0) value" (section 5.3.1).
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
    use crate::ca::{CaProfile, LeafProfile, Subject, issue_leaf, make_root};
    use crate::x509::{CertificateName, KeyKind, PrivateKey, Purpose};

    #[test]
    fn a_list_says_who_was_revoked() {
        let now = datetime!(2026-11-20 12:00 UTC);
        let key = || PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let root = make_root(&CaProfile::new(Subject::common_name("CA"), 9, 0), key(), now).unwrap();
        let issuer = Issuer::new(&root, now).unwrap();
        let profile = LeafProfile::new(vec![CertificateName::parse("a.test").unwrap()], Purpose::Server, 5);
        let leaf = |()| issue_leaf(&profile, &key(), &root, now).unwrap().certificate;
        let (revoked, fine) = (leaf(()), leaf(()));
        let next = now + time::Duration::days(7);
        let reason = Reason::KeyCompromise;
        let entries = [ListEntry { serial: revoked.serial.clone(), at: now, reason }];
        let list = Crl::from_der(&make_list(&issuer, 300, &entries, now, next).unwrap()).unwrap();
        assert_eq!(list.next_update, Some(next));
        assert_eq!(list.revocation(&revoked).unwrap().reason, Some("its key was compromised"));
        assert_eq!(list.revocation(&fine), None);
        assert!(Crl::from_der(&make_list(&issuer, 1, &[], now, next).unwrap()).is_ok());
    }

    #[test]
    fn reasons_by_word_and_number() {
        assert_eq!("keycompromise".parse(), Ok(Reason::KeyCompromise));
        assert_eq!("9".parse(), Ok(Reason::PrivilegeWithdrawn));
        for bad in ["", "7", "8", "10", "stolen"] {
            assert_eq!(bad.parse::<Reason>(), Err(()), "{bad}");
        }
    }
}
