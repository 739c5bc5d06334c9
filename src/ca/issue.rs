//! Issuing: rcgen encodes and signs; the result is parsed again and compared with what was meant.
//!
//! rcgen's defaults are not ours (serial from the key, validity of two thousand years, no authority key identifier),
//! and it loses some issuer names on the way. So every extension is asked for by name here, and nothing leaves this
//! file that was not read back.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType, SerialNumber,
};
use time::OffsetDateTime;

use super::profile::{AddressRange, CaProfile, Constraint, LeafProfile, MAX_COMMON_NAME, end_of_validity};
use super::serial;
use crate::x509::{
    Certificate, CertificateError, CertificateName, CertifiedKey, PrivateKey, Purpose, SignatureCheck,
    SubjectAltName,
};

/// Why nothing was issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// rcgen refuses.
    #[error("the certificate cannot be made: {0}")]
    Encode(#[from] rcgen::Error),
    /// The issuer's validity is over, or has not begun.
    #[error("the CA `{label}` is valid from {not_before} until {not_after} only")]
    IssuerNotValid {
        /// Its name.
        label: String,
        /// First second.
        not_before: OffsetDateTime,
        /// Last second.
        not_after: OffsetDateTime,
    },
    /// What came out is not what was meant. Nothing was written.
    #[error("the certificate did not come out as meant: its {0} differs")]
    NotAsMeant(&'static str),
    /// The issuer is no CA.
    #[error("`{0}` is no CA certificate")]
    NotACa(String),
    /// No random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// What came out cannot be read.
    #[error(transparent)]
    Unreadable(#[from] CertificateError),
}

/// An issued certificate.
#[derive(Debug)]
pub struct Issued {
    /// The certificate.
    pub certificate: Certificate,
    /// Whether its end was cut to its issuer's.
    pub clamped: bool,
}

/// Makes a self-signed root.
///
/// # Errors
/// When rcgen refuses, or the result is not as meant.
pub fn make_root(profile: &CaProfile, key: PrivateKey, now: OffsetDateTime) -> Result<CertifiedKey, Error> {
    let meant = Meant::ca(profile, now)?;
    let certificate = meant.params.self_signed(&rcgen_key(&key)?)?;
    let certificate = Certificate::from_der(certificate.der().to_vec())?;
    meant.compare(&certificate, &certificate, key.spki())?;
    CertifiedKey::new(certificate, Vec::new(), key).map_err(|_| Error::NotAsMeant("public key"))
}

/// Makes an intermediate CA under `issuer`.
///
/// # Errors
/// When the issuer may not issue now, rcgen refuses, or the result is not as meant.
pub fn issue_intermediate(
    profile: &CaProfile,
    key: PrivateKey,
    issuer: &CertifiedKey,
    now: OffsetDateTime,
) -> Result<CertifiedKey, Error> {
    let Issued { certificate, .. } = sign(Meant::ca(profile, now)?, &key, issuer, now)?;
    CertifiedKey::new(certificate, Vec::new(), key).map_err(|_| Error::NotAsMeant("public key"))
}

/// Issues a server or client certificate for `key`.
///
/// # Errors
/// When the issuer may not issue now, rcgen refuses, or the result is not as meant.
pub fn issue_leaf(
    profile: &LeafProfile,
    key: &PrivateKey,
    issuer: &CertifiedKey,
    now: OffsetDateTime,
) -> Result<Issued, Error> {
    sign(Meant::leaf(profile, is_rsa(key), now)?, key, issuer, now)
}

/// Makes a certificate signing request (RFC 2986) with the profile's names, as DER.
///
/// # Errors
/// When rcgen refuses.
pub fn make_request(profile: &LeafProfile, key: &PrivateKey) -> Result<Vec<u8>, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject(&profile.names);
    params.subject_alt_names = subject_alt_names(&profile.names)?;
    Ok(params.serialize_request(&rcgen_key(key)?)?.der().to_vec())
}

fn sign(
    mut meant: Meant,
    key: &PrivateKey,
    issuer: &CertifiedKey,
    now: OffsetDateTime,
) -> Result<Issued, Error> {
    let ca = issuer.leaf();
    if !ca.is_ca() {
        return Err(Error::NotACa(ca.label()));
    }
    if !ca.is_valid_at(now) {
        return Err(Error::IssuerNotValid {
            label: ca.label(),
            not_before: ca.not_before,
            not_after: ca.not_after,
        });
    }
    // A certificate that outlives its issuer would fail before its own date says so. And one that begins before its
    // issuer (made in the same minute) looks odd to people.
    let clamped = meant.params.not_after > ca.not_after;
    if clamped {
        meant.params.not_after = ca.not_after;
    }
    meant.params.not_before = meant.params.not_before.max(ca.not_before);
    let rcgen_issuer = Issuer::from_ca_cert_der(&ca.der, rcgen_key(issuer.key())?)?;
    let certificate = meant.params.signed_by(&rcgen_key(key)?, &rcgen_issuer)?;
    let certificate = Certificate::from_der(certificate.der().to_vec())?;
    meant.compare(&certificate, ca, key.spki())?;
    Ok(Issued { certificate, clamped })
}

/// What a certificate is meant to be.
struct Meant {
    params: CertificateParams,
    names: Vec<SubjectAltName>,
    serial: [u8; 16],
    is_ca: bool,
}

impl Meant {
    fn ca(profile: &CaProfile, now: OffsetDateTime) -> Result<Self, Error> {
        let mut distinguished_name = DistinguishedName::new();
        let common_name: String = profile.common_name.chars().take(MAX_COMMON_NAME).collect();
        distinguished_name.push(DnType::CommonName, common_name);
        let mut params = CertificateParams::default();
        params.distinguished_name = distinguished_name;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(profile.path_length));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.name_constraints = name_constraints(&profile.permitted);
        Self::new(params, Vec::new(), profile.validity_days, now)
    }

    fn leaf(profile: &LeafProfile, is_rsa: bool, now: OffsetDateTime) -> Result<Self, Error> {
        let mut key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if is_rsa {
            // For the RSA key exchange of TLS 1.2. On other keys it means nothing (RFC 8813 section 3).
            key_usages.push(KeyUsagePurpose::KeyEncipherment);
        }
        let mut params = CertificateParams::default();
        params.distinguished_name = subject(&profile.names);
        params.subject_alt_names = subject_alt_names(&profile.names)?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = key_usages;
        params.extended_key_usages = vec![match profile.purpose {
            Purpose::Client => ExtendedKeyUsagePurpose::ClientAuth,
            Purpose::Server => ExtendedKeyUsagePurpose::ServerAuth,
        }];
        let names = profile.names.iter().map(|name| match name {
            CertificateName::Dns(name) => SubjectAltName::Dns(name.clone()),
            CertificateName::Ip(address) => SubjectAltName::Ip(*address),
            CertificateName::Mail(mail) => SubjectAltName::Mail(mail.clone()),
            CertificateName::Uri(uri) => SubjectAltName::Uri(uri.clone()),
        });
        Self::new(params, names.collect(), profile.validity_days, now)
    }

    fn new(
        mut params: CertificateParams,
        names: Vec<SubjectAltName>,
        validity_days: u32,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let serial = serial::random().ok_or(Error::Random)?;
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.use_authority_key_identifier_extension = true;
        (params.not_before, params.not_after) = end_of_validity(now, validity_days);
        let is_ca = matches!(params.is_ca, IsCa::Ca(_));
        Ok(Self { params, names, serial, is_ca })
    }

    /// Compares what came out with what was meant.
    fn compare(&self, made: &Certificate, issuer: &Certificate, spki: &[u8]) -> Result<(), Error> {
        let differs = |part| Err(Error::NotAsMeant(part));
        match () {
            () if made.issuer.der != issuer.subject.der => differs("issuer name"),
            () if made.spki != spki => differs("public key"),
            () if made.signature_by(issuer) != SignatureCheck::Valid => differs("signature"),
            () if made.serial != self.serial => differs("serial number"),
            () if made.not_before != self.params.not_before || made.not_after != self.params.not_after => {
                differs("validity")
            }
            () if made.subject_alt_names.clone().unwrap_or_default() != self.names => {
                differs("list of names")
            }
            () if made.is_ca() != self.is_ca => differs("basic constraints"),
            () if made.subject_key_id.is_none() => differs("subject key identifier"),
            () if issuer.subject_key_id.is_some() && made.authority_key_id != issuer.subject_key_id => {
                differs("authority key identifier")
            }
            () => Ok(()),
        }
    }
}

/// The common name is the first name, for readers of old; clients read the alternative names (RFC 9525). A name
/// that is too long for a common name is left out there.
fn subject(names: &[CertificateName]) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    if let Some(first) = names.first().map(ToString::to_string)
        && first.len() <= MAX_COMMON_NAME
    {
        subject.push(DnType::CommonName, first);
    }
    subject
}

fn subject_alt_names(names: &[CertificateName]) -> Result<Vec<SanType>, Error> {
    let text = |text: &str| Ia5String::try_from(text);
    names
        .iter()
        .map(|name| {
            Ok(match name {
                CertificateName::Dns(name) => SanType::DnsName(text(name)?),
                CertificateName::Ip(address) => SanType::IpAddress(*address),
                CertificateName::Mail(mail) => SanType::Rfc822Name(text(mail)?),
                CertificateName::Uri(uri) => SanType::URI(text(uri)?),
            })
        })
        .collect()
}

/// A kind of name that is not mentioned stays free (RFC 5280 section 4.2.1.10). So a CA that is limited to domains
/// is forbidden all addresses besides.
fn name_constraints(permitted: &[Constraint]) -> Option<NameConstraints> {
    if permitted.is_empty() {
        return None;
    }
    let range = |range: &AddressRange| {
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(range.address, range.prefix))
    };
    let permitted_subtrees = permitted.iter().map(|constraint| match constraint {
        Constraint::Domain(name) => GeneralSubtree::DnsName(name.clone()),
        Constraint::Addresses(addresses) => range(addresses),
    });
    let has_addresses = permitted.iter().any(|constraint| matches!(constraint, Constraint::Addresses(_)));
    let all = [IpAddr::from(Ipv4Addr::UNSPECIFIED), Ipv6Addr::UNSPECIFIED.into()];
    let excluded_subtrees = if has_addresses {
        Vec::new()
    } else {
        all.map(|address| range(&AddressRange { address, prefix: 0 })).into()
    };
    Some(NameConstraints { permitted_subtrees: permitted_subtrees.collect(), excluded_subtrees })
}

fn rcgen_key(key: &PrivateKey) -> Result<KeyPair, Error> {
    Ok(KeyPair::try_from(&key.to_rustls())?)
}

fn is_rsa(key: &PrivateKey) -> bool {
    key.description().starts_with("RSA")
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::x509::KeyKind;

    const NOW: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

    fn root(days: u32, path_length: u8) -> CertifiedKey {
        let profile = CaProfile {
            common_name: "Test root".into(),
            validity_days: days,
            path_length,
            permitted: Vec::new(),
        };
        make_root(&profile, PrivateKey::generate(KeyKind::EcdsaP256).unwrap(), NOW).unwrap()
    }

    fn leaf(names: &[&str]) -> LeafProfile {
        let names = names.iter().map(|name| CertificateName::parse(name).unwrap()).collect();
        LeafProfile { names, purpose: Purpose::Server, validity_days: 397 }
    }

    #[test]
    fn a_leaf_has_what_clients_want() {
        let root = root(3650, 0);
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let profile = leaf(&["test.example", "*.test.example", "127.0.0.1", "me@test.example"]);
        let Issued { certificate, clamped } = issue_leaf(&profile, &key, &root, NOW).unwrap();
        assert!(!clamped);
        assert_eq!(certificate.subject.common_name(), Some("test.example"));
        assert_eq!(certificate.subject_alt_names.as_ref().unwrap().len(), 4);
        assert_eq!(certificate.authority_key_id, root.leaf().subject_key_id);
        assert_eq!(
            certificate.not_after - certificate.not_before,
            time::Duration::days(397) - time::Duration::SECOND
        );
        let usage = certificate.key_usage.unwrap();
        assert!(usage.critical && usage.digital_signature() && !usage.key_cert_sign());
    }

    #[test]
    fn a_leaf_never_outlives_its_issuer() {
        let root = root(30, 0);
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let issued = issue_leaf(&leaf(&["a.test"]), &key, &root, NOW).unwrap();
        assert!(issued.clamped);
        assert_eq!(issued.certificate.not_after, root.leaf().not_after);
        let late = NOW + time::Duration::days(31);
        assert!(matches!(
            issue_leaf(&leaf(&["a.test"]), &key, &root, late),
            Err(Error::IssuerNotValid { .. })
        ));
    }

    #[test]
    fn a_name_too_long_for_a_common_name_stands_in_the_list_only() {
        let root = root(3650, 0);
        let key = PrivateKey::generate(KeyKind::Rsa2048).unwrap();
        let long = format!("{}.{}.test", "a".repeat(60), "b".repeat(60));
        let certificate = issue_leaf(&leaf(&[&long]), &key, &root, NOW).unwrap().certificate;
        assert_eq!(certificate.subject.common_name(), None);
        assert_eq!(certificate.label(), long);
    }

    #[test]
    fn a_leaf_signs_nothing() {
        let root = root(3650, 0);
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let issued = issue_leaf(&leaf(&["a.test"]), &key, &root, NOW).unwrap();
        let leaf_as_ca = CertifiedKey::new(issued.certificate, Vec::new(), key).unwrap();
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        assert!(matches!(issue_leaf(&leaf(&["b.test"]), &key, &leaf_as_ca, NOW), Err(Error::NotACa(_))));
    }
}
