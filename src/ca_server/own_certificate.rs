//! The certificate of the server itself: from its own CA, in memory alone, renewed while the server runs.

use time::{Duration, OffsetDateTime};

use super::error::Error;
use crate::ca::{self, Filed, Issuance, LeafProfile, SigningCa, SubjectKey, certificate_names};
use crate::x509::{CertifiedKey, KeyKind, Purpose};

const DAYS: u32 = 30;
/// It is renewed when no more than this is left.
const RENEW_WITHIN: Duration = Duration::days(10);

/// What it is for.
#[derive(Clone, Debug)]
pub(super) struct OwnCertificate {
    pub(super) hosts: Vec<String>,
    /// How many of them were named by the user, and must be in it; they come first.
    pub(super) named: usize,
}

impl OwnCertificate {
    /// Issues it, with its line in the ledger. Where the CA may not issue for some of the hosts that nobody named,
    /// they are omitted.
    ///
    /// # Errors
    /// When the CA refuses, or the ledger cannot be written.
    pub(super) fn make(&self, ca: &SigningCa, now: OffsetDateTime) -> Result<CertifiedKey, Error> {
        let issued = match issue(ca, &self.hosts, now) {
            Err(ca::Error::Refused(findings)) => {
                let may = |index: usize, host: &String| {
                    index < self.named || issue(ca, std::slice::from_ref(host), now).is_ok()
                };
                let hosts = self.hosts.iter().enumerate().filter(|(index, host)| may(*index, host));
                let hosts: Vec<_> = hosts.map(|(_, host)| host.clone()).collect();
                if hosts.is_empty() {
                    return Err(ca::Error::Refused(findings).into());
                }
                issue(ca, &hosts, now)?
            }
            issued => issued?,
        };
        ca.ledger.append(std::slice::from_ref(&issued.event))?;
        let key = issued.key.ok_or(ca::Error::NotAsRequested("private key"))?;
        let pair = CertifiedKey::new(issued.certificate, ca.bundle.clone(), key);
        Ok(pair.map_err(|_| ca::Error::NotAsRequested("public key"))?)
    }

    /// Whether a certificate has to be replaced.
    pub(super) fn is_due(pair: &CertifiedKey, now: OffsetDateTime) -> bool {
        pair.leaf().not_after - now < RENEW_WITHIN
    }
}

fn issue(ca: &SigningCa, hosts: &[String], now: OffsetDateTime) -> Result<ca::Issued, ca::Error> {
    let names = certificate_names(hosts).map_err(|_| ca::Error::NotAsRequested("names"))?;
    let profile = LeafProfile::new(names, Purpose::Server, DAYS);
    let filed = Filed { requested_by: Some("ca serve"), ..Filed::default() };
    let key = SubjectKey::New(KeyKind::EcdsaP256);
    ca.issuer(now)?.issue(Issuance { filed, ..Issuance::leaf(&profile, key, now) })
}
