//! What only `show` wants to know: the rest of a certificate, revocation lists.

use time::OffsetDateTime;
use x509_parser::extensions::{
    CRLDistributionPoints, DistributionPointName, GeneralName, ParsedExtension, X509Extension,
};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::revocation_list::CertificateRevocationList;

use super::algorithm::{hex, signature_description};
use super::distinguished_name::DistinguishedName;
use super::subject_alt_name::SubjectAltName;
use crate::der::{self, oid};

/// What a certificate says besides the fields of [`super::Certificate`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateDetails {
    /// Where revocation lists can be had (RFC 5280 section 4.2.1.13).
    pub crl_urls: Vec<String>,
    /// Where a server answers for the certificate's state (RFC 5280 section 4.2.2.1).
    pub ocsp_urls: Vec<String>,
    /// Object identifiers of the policies it was issued under.
    pub policies: Vec<String>,
    /// Names that certificates below may have, and those they may not, as `DNS:example.com`.
    pub name_constraints: Option<(Vec<String>, Vec<String>)>,
}

/// A certificate revocation list (RFC 5280 section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlDetails {
    pub issuer: DistinguishedName,
    /// When it was made.
    pub this_update: OffsetDateTime,
    /// When the next one comes at the latest.
    pub next_update: Option<OffsetDateTime>,
    /// Its number, in lower-case hexadecimal.
    pub number: Option<String>,
    /// How many certificates are revoked.
    pub revoked: usize,
    /// Serial numbers of the first of them, in lower-case hexadecimal, and when each was revoked.
    pub first_revoked: Vec<(String, OffsetDateTime)>,
    /// Kind of its signature.
    pub signature: String,
}

/// The bytes do not parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {0} is damaged")]
pub struct Damaged(&'static str);

impl Damaged {
    pub(super) const fn new(what: &'static str) -> Self {
        Self(what)
    }
}

/// Revoked certificates that are listed one by one.
const LISTED: usize = 20;

impl CertificateDetails {
    /// Reads them from a certificate; empty where it does not parse.
    pub fn of(der: &[u8]) -> Self {
        let mut details = Self::default();
        let Ok((_, parsed)) = X509Certificate::from_der(der) else { return details };
        for extension in parsed.extensions() {
            details.take(extension);
        }
        details
    }

    fn take(&mut self, extension: &X509Extension<'_>) {
        match extension.parsed_extension() {
            ParsedExtension::CRLDistributionPoints(points) => self.crl_urls.extend(crl_urls(points)),
            ParsedExtension::AuthorityInfoAccess(access) => {
                for description in &access.accessdescs {
                    if oid::OCSP.is(description.access_method.as_bytes())
                        && let GeneralName::URI(uri) = description.access_location
                    {
                        self.ocsp_urls.push(uri.to_owned());
                    }
                }
            }
            ParsedExtension::CertificatePolicies(policies) => {
                self.policies.extend(policies.iter().map(|policy| policy.policy_id.to_id_string()));
            }
            ParsedExtension::NameConstraints(constraints) => {
                let names = |subtrees: &Option<Vec<x509_parser::extensions::GeneralSubtree<'_>>>| {
                    subtrees.iter().flatten().map(|subtree| constraint(&subtree.base)).collect()
                };
                self.name_constraints =
                    Some((names(&constraints.permitted_subtrees), names(&constraints.excluded_subtrees)));
            }
            _ => {}
        }
    }
}

impl CrlDetails {
    /// Reads a revocation list.
    ///
    /// # Errors
    /// When the DER does not parse.
    pub fn from_der(der: &[u8]) -> Result<Self, Damaged> {
        let damaged = Damaged("certificate revocation list");
        let (_, parsed) = CertificateRevocationList::from_der(der).map_err(|_| damaged)?;
        let mut revoked = 0;
        let mut first_revoked = Vec::new();
        for entry in parsed.iter_revoked_certificates() {
            revoked += 1;
            if first_revoked.len() < LISTED {
                first_revoked.push((hex(entry.raw_serial()), entry.revocation_date.to_datetime()));
            }
        }
        Ok(Self {
            issuer: DistinguishedName::new(parsed.issuer()),
            this_update: parsed.last_update().to_datetime(),
            next_update: parsed.next_update().map(|time| time.to_datetime()),
            number: parsed.crl_number().map(|number| number.to_str_radix(16)),
            revoked,
            first_revoked,
            signature: signature_of(der),
        })
    }
}

/// What a signed object's signature is called. Certificates, requests and lists all have it in second place.
fn signature_of(der: &[u8]) -> String {
    let algorithm = der::contents(der).and_then(|parts| der::elements(parts).nth(1));
    signature_description(algorithm.map_or(&[], |algorithm| algorithm.whole))
}

fn crl_urls(points: &CRLDistributionPoints<'_>) -> Vec<String> {
    let full_names = points.iter().filter_map(|point| match &point.distribution_point {
        Some(DistributionPointName::FullName(names)) => Some(names),
        _ => None,
    });
    full_names
        .flatten()
        .filter_map(|name| match name {
            GeneralName::URI(uri) => Some((*uri).to_owned()),
            _ => None,
        })
        .collect()
}

/// A subtree of names. An address range has the mask behind the address.
fn constraint(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) => format!("DNS:{name}"),
        GeneralName::RFC822Name(name) => format!("mail:{name}"),
        GeneralName::URI(name) => format!("URI:{name}"),
        GeneralName::DirectoryName(name) => format!("directory:{}", DistinguishedName::new(name)),
        GeneralName::IPAddress(bytes) => {
            let (address, mask) = bytes.split_at(bytes.len() / 2);
            let bits: u32 = mask.iter().map(|octet| octet.count_ones()).sum();
            format!("IP:{}/{bits}", SubjectAltName::new(&GeneralName::IPAddress(address)))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            CertificateDetails::of(&bytes);
            let _ = CrlDetails::from_der(&bytes);
        }
    }
}
