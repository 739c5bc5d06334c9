//! The extensions of a certificate, read once (RFC 5280 section 4.2).

use std::collections::HashSet;
use std::fmt;

use x509_parser::extensions::{
    AuthorityInfoAccess, CRLDistributionPoints, DistributionPointName, GeneralName, ParsedExtension,
    X509Extension,
};

use super::distinguished_name::DistinguishedName;
use super::name_constraints::NameConstraints;
use super::subject_alt_name::SubjectAltName;
use crate::der::oid;

/// The name of an extension that does not parse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MalformedExtension(pub(super) String);

/// What a certificate's extensions say.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Extensions {
    /// Alternative names; `None` when the extension is missing.
    pub subject_alt_names: Option<Vec<SubjectAltName>>,
    /// `None` when the extension is missing.
    pub basic_constraints: Option<BasicConstraints>,
    /// `None` when the extension is missing, which permits everything.
    pub key_usage: Option<KeyUsage>,
    /// Object identifiers of the purposes; `None` when the extension is missing, which permits everything.
    pub extended_key_usage: Option<Vec<String>>,
    pub subject_key_id: Option<Vec<u8>>,
    /// Key identifier of the authority key identifier.
    pub authority_key_id: Option<Vec<u8>>,
    /// Issuer and serial number that the issuer's certificate has according to the authority key identifier.
    pub authority_certificate: AuthorityCertificate,
    /// Addresses where the issuer's certificate can be had (RFC 5280 section 4.2.2.1).
    pub issuer_urls: Vec<String>,
    /// Addresses of OCSP responders (RFC 5280 section 4.2.2.1).
    pub ocsp_urls: Vec<String>,
    /// Addresses of CRLs (RFC 5280 section 4.2.1.13).
    pub crl_urls: Vec<String>,
    /// For which names the CA may speak.
    pub name_constraints: Option<NameConstraints>,
    /// Certificate policies and what limits them.
    pub policies: Policies,
    /// Object identifiers of critical extensions that certkit does not know.
    pub unknown_critical: Vec<String>,
    /// What is wrong with extensions that a path is valid without.
    pub faults: Vec<ExtensionFault>,
    /// Whether there is a Netscape certificate type that is not for TLS servers.
    pub is_netscape_type_of_others: bool,
    /// How many there are.
    pub count: usize,
    marks: Vec<(ExtensionId, bool)>,
}

/// An extension that cannot be read, but does not decide whether a path is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtensionFault {
    AuthorityAccessBroken,
    AuthorityAccessEmpty,
    AuthorityKeyBroken,
    PoliciesBroken,
    SubjectKeyBroken,
    /// Of certificate transparency (RFC 6962 section 3.3).
    TimestampsBroken,
    /// One that certkit does not know is there twice.
    Twice,
}

impl fmt::Display for ExtensionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AuthorityAccessBroken => "the authority information access cannot be read",
            Self::AuthorityAccessEmpty => "the authority information access has no address",
            Self::AuthorityKeyBroken => "the authority key identifier cannot be read",
            Self::PoliciesBroken => "the certificate policies cannot be read",
            Self::SubjectKeyBroken => "the subject key identifier cannot be read",
            Self::TimestampsBroken => "the timestamps of certificate transparency cannot be read",
            Self::Twice => "an extension is there twice",
        })
    }
}

/// How the authority key identifier names the issuer's certificate, besides its key (RFC 5280 section 4.2.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorityCertificate {
    /// Who issued the issuer's certificate.
    pub issuer: Option<DistinguishedName>,
    /// Serial number of the issuer's certificate, big endian.
    pub serial: Option<Vec<u8>>,
    /// Whether it is named at all, perhaps in a form that is not read.
    pub is_named: bool,
}

/// Basic constraints (RFC 5280 section 4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the subject is a CA.
    pub is_ca: bool,
    /// How many intermediates may follow.
    pub path_length: Option<u32>,
    pub critical: bool,
}

/// Key usage (RFC 5280 section 4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage {
    /// Bit 0 (digitalSignature) is the lowest bit.
    pub bits: u16,
    pub critical: bool,
}

/// Certificate policies (RFC 5280 sections 4.2.1.4, 4.2.1.5, 4.2.1.11 and 4.2.1.14).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// Object identifiers of the policies; `None` when the extension is missing.
    pub policies: Option<Vec<String>>,
    /// Pairs of the issuer's policy and the subject's that it counts as.
    pub mappings: Vec<(String, String)>,
    /// After how many more certificates the path must have a policy.
    pub require_explicit: Option<u32>,
    /// After how many more certificates mappings count no longer.
    pub inhibit_mapping: Option<u32>,
    /// After how many more certificates anyPolicy counts no longer.
    pub inhibit_any: Option<u32>,
}

/// An extension that some rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExtensionId {
    /// RFC 5280 section 4.2.2.1.
    AuthorityInfoAccess,
    /// RFC 5280 section 4.2.1.1.
    AuthorityKeyId,
    /// RFC 5280 section 4.2.1.4.
    CertificatePolicies,
    /// RFC 5280 section 4.2.1.13.
    CrlDistributionPoints,
    /// RFC 5280 section 4.2.1.12.
    ExtendedKeyUsage,
    /// RFC 5280 section 4.2.1.14.
    InhibitAnyPolicy,
    /// RFC 5280 section 4.2.1.10.
    NameConstraints,
    /// RFC 5280 section 4.2.1.11.
    PolicyConstraints,
    /// RFC 5280 section 4.2.1.5.
    PolicyMappings,
    /// RFC 5280 section 4.2.1.6.
    SubjectAltName,
    /// RFC 5280 section 4.2.1.2.
    SubjectKeyId,
}

impl Extensions {
    /// Reads all of them.
    pub(super) fn new(extensions: &[X509Extension<'_>]) -> Result<Self, MalformedExtension> {
        let mut all = Self { count: extensions.len(), ..Self::default() };
        let different: HashSet<_> = extensions.iter().map(|extension| extension.oid.as_bytes()).collect();
        if different.len() < extensions.len() {
            all.faults.push(ExtensionFault::Twice);
        }
        for extension in extensions {
            all.take(extension)?;
        }
        Ok(all)
    }

    /// Whether the extension is marked critical; `None` when it is missing.
    pub fn criticality(&self, id: ExtensionId) -> Option<bool> {
        self.marks.iter().find(|(known, _)| *known == id).map(|(_, critical)| *critical)
    }

    fn take(&mut self, extension: &X509Extension<'_>) -> Result<(), MalformedExtension> {
        let malformed = || MalformedExtension(oid::name_of(&extension.oid.to_id_string()).to_owned());
        let critical = extension.critical;
        let mut mark = |id| self.marks.push((id, critical));
        // Name constraints are read here: see `name_constraints`.
        if extension.oid == x509_parser::oid_registry::OID_X509_EXT_NAME_CONSTRAINTS {
            mark(ExtensionId::NameConstraints);
            let constraints =
                NameConstraints::from_der(extension.value, critical).map_err(|_| malformed())?;
            self.name_constraints = Some(constraints);
            return Ok(());
        }
        match extension.parsed_extension() {
            // What is critical must be understood.
            ParsedExtension::ParseError { .. } => match broken(extension).filter(|_| !critical) {
                Some(fault) => self.faults.push(fault),
                None => return Err(malformed()),
            },
            ParsedExtension::SubjectAlternativeName(names) => {
                mark(ExtensionId::SubjectAltName);
                self.subject_alt_names = Some(names.general_names.iter().map(SubjectAltName::new).collect());
            }
            ParsedExtension::BasicConstraints(constraints) => {
                self.basic_constraints = Some(BasicConstraints {
                    is_ca: constraints.ca,
                    path_length: constraints.path_len_constraint,
                    critical,
                });
            }
            ParsedExtension::KeyUsage(usage) => {
                self.key_usage = Some(KeyUsage { bits: usage.flags, critical });
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                mark(ExtensionId::ExtendedKeyUsage);
                self.extended_key_usage = Some(purposes(usage));
            }
            ParsedExtension::SubjectKeyIdentifier(id) => {
                mark(ExtensionId::SubjectKeyId);
                self.subject_key_id = Some(id.0.to_vec());
            }
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                mark(ExtensionId::AuthorityKeyId);
                self.authority_key_id = id.key_identifier.as_ref().map(|id| id.0.to_vec());
                let issuers = id.authority_cert_issuer.iter().flatten();
                self.authority_certificate = AuthorityCertificate {
                    issuer: issuers.filter_map(directory_name).next(),
                    serial: id.authority_cert_serial.map(<[u8]>::to_vec),
                    is_named: id.authority_cert_issuer.is_some() || id.authority_cert_serial.is_some(),
                };
            }
            ParsedExtension::AuthorityInfoAccess(access) => {
                mark(ExtensionId::AuthorityInfoAccess);
                self.take_access(access);
            }
            ParsedExtension::CRLDistributionPoints(points) => {
                mark(ExtensionId::CrlDistributionPoints);
                self.take_crl_points(points);
            }
            ParsedExtension::CertificatePolicies(policies) => {
                mark(ExtensionId::CertificatePolicies);
                self.policies.policies =
                    Some(policies.iter().map(|policy| policy.policy_id.to_id_string()).collect());
            }
            ParsedExtension::PolicyMappings(mappings) => {
                mark(ExtensionId::PolicyMappings);
                self.policies.mappings = (mappings.mappings.iter())
                    .map(|mapping| {
                        let (issuer, subject) =
                            (&mapping.issuer_domain_policy, &mapping.subject_domain_policy);
                        (issuer.to_id_string(), subject.to_id_string())
                    })
                    .collect();
            }
            ParsedExtension::PolicyConstraints(constraints) => {
                mark(ExtensionId::PolicyConstraints);
                self.policies.require_explicit = constraints.require_explicit_policy;
                self.policies.inhibit_mapping = constraints.inhibit_policy_mapping;
            }
            ParsedExtension::InhibitAnyPolicy(inhibit) => {
                mark(ExtensionId::InhibitAnyPolicy);
                self.policies.inhibit_any = Some(inhibit.skip_certs);
            }
            ParsedExtension::NSCertType(kind) => {
                self.is_netscape_type_of_others = !kind.ssl_server();
                if critical {
                    self.unknown_critical.push(extension.oid.to_id_string());
                }
            }
            // Also those that are known by name alone, such as a comment.
            _ if critical => {
                self.unknown_critical.push(extension.oid.to_id_string());
            }
            _ => {}
        }
        Ok(())
    }

    fn take_access(&mut self, access: &AuthorityInfoAccess<'_>) {
        // "AuthorityInfoAccessSyntax ::= SEQUENCE SIZE (1..MAX)"
        if access.accessdescs.is_empty() {
            self.faults.push(ExtensionFault::AuthorityAccessEmpty);
        }
        for description in &access.accessdescs {
            let GeneralName::URI(uri) = description.access_location else { continue };
            match oid::find(description.access_method.as_bytes()) {
                Some(oid::OCSP) => self.ocsp_urls.push(uri.to_owned()),
                Some(oid::CA_ISSUERS) => self.issuer_urls.push(uri.to_owned()),
                _ => {}
            }
        }
    }

    fn take_crl_points(&mut self, points: &CRLDistributionPoints<'_>) {
        for point in points.iter() {
            let Some(DistributionPointName::FullName(names)) = &point.distribution_point else {
                continue;
            };
            self.crl_urls.extend(names.iter().filter_map(|name| match name {
                GeneralName::URI(uri) => Some((*uri).to_owned()),
                _ => None,
            }));
        }
    }
}

impl KeyUsage {
    pub fn digital_signature(self) -> bool {
        self.bits & 1 != 0
    }

    /// May do something that a handshake of TLS 1.2 or earlier needs: sign, decipher or agree on a key (OpenSSL's `KU_TLS`).
    pub fn any_handshake(self) -> bool {
        self.bits & (1 | 1 << 2 | 1 << 4) != 0
    }

    pub fn key_cert_sign(self) -> bool {
        self.bits & (1 << 5) != 0
    }

    /// May sign revocation lists.
    pub fn crl_sign(self) -> bool {
        self.bits & (1 << 6) != 0
    }
}

/// RFC 6962 section 3.3.
const SIGNED_TIMESTAMPS: &str = "1.3.6.1.4.1.11129.2.4.2";

/// The fault of an extension that does not parse; `None` where a path cannot be judged without it.
fn broken(extension: &X509Extension<'_>) -> Option<ExtensionFault> {
    if extension.oid.to_id_string() == SIGNED_TIMESTAMPS {
        return Some(ExtensionFault::TimestampsBroken);
    }
    match oid::find(extension.oid.as_bytes())? {
        oid::AUTHORITY_INFO_ACCESS => Some(ExtensionFault::AuthorityAccessBroken),
        oid::AUTHORITY_KEY_ID => Some(ExtensionFault::AuthorityKeyBroken),
        oid::CERTIFICATE_POLICIES => Some(ExtensionFault::PoliciesBroken),
        oid::SUBJECT_KEY_ID => Some(ExtensionFault::SubjectKeyBroken),
        _ => None,
    }
}

fn directory_name(name: &GeneralName<'_>) -> Option<DistinguishedName> {
    match name {
        GeneralName::DirectoryName(name) => Some(DistinguishedName::new(name)),
        _ => None,
    }
}

pub(super) fn purposes(usage: &x509_parser::extensions::ExtendedKeyUsage<'_>) -> Vec<String> {
    let known = [
        (usage.any, oid::ANY_PURPOSE),
        (usage.server_auth, oid::SERVER_AUTH),
        (usage.client_auth, oid::CLIENT_AUTH),
        (usage.code_signing, oid::CODE_SIGNING),
        (usage.email_protection, oid::EMAIL_PROTECTION),
        (usage.time_stamping, oid::TIME_STAMPING),
        (usage.ocsp_signing, oid::OCSP_SIGNING),
    ];
    let known = known.into_iter().filter(|(set, _)| *set).map(|(_, purpose)| purpose.text.to_owned());
    known.chain(usage.other.iter().map(x509_parser::oid_registry::Oid::to_id_string)).collect()
}
