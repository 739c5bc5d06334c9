//! Revocation (RFC 8555 section 7.6): by the account that has the certificate or has proved all of its names, or by
//! the certificate's own key.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde::Deserialize;

use super::authentication::Authenticated;
use super::core::{Core, KnownCertificate};
use super::identifier::Identifier;
use super::jwk::Jwk;
use super::problem::{Problem, ProblemType};
use super::records::AuthorizationStatus;
use super::reply::Reply;
use super::step::{Next, RevocationOrder, Step};
use crate::ca::Reason;
use crate::x509::{Certificate, SignatureCheck};

#[derive(Deserialize)]
struct SentRevocation {
    certificate: String,
    #[serde(default)]
    reason: u8,
}

impl Core {
    /// RFC 8555 section 7.6.
    pub(super) fn revoke_certificate(&mut self, signed: &Authenticated) -> Result<Step, Problem> {
        let sent: SentRevocation = signed.request.payload()?;
        let der = BASE64URL.decode(&sent.certificate);
        let der = der.map_err(|_| Problem::malformed("the certificate is not base64url without padding"))?;
        let certificate =
            Certificate::from_der(der).map_err(|error| Problem::malformed(error.to_string()))?;
        let issuer = &self.config.issuer;
        if !certificate.names_issuer(issuer) || certificate.signature_by(issuer) != SignatureCheck::Valid {
            return Err(Problem::malformed("the certificate is not one of this CA").with_status(404));
        }
        if certificate.is_ca() {
            return Err(Problem::unauthorized("the certificate of a CA is not revoked here"));
        }
        let reason = reason(sent.reason)?;
        let is_owner = match &signed.account {
            Some(account) => self.owns(account, &certificate),
            None => {
                let key = Jwk::from_spki(&certificate.spki);
                key.is_some_and(|key| key.thumbprint() == signed.key.thumbprint())
            }
        };
        if !is_owner {
            let detail = "revoking needs the account that has the certificate, or the certificate's key";
            return Err(Problem::unauthorized(detail));
        }
        if reason.is_about_key()
            && let Some(account) = &signed.account
            && !self.has_all_of_key(account, &certificate)
        {
            let detail = "others have certificates of this key, and all of them would be revoked: \
                          sign with the certificate's key, or give another reason";
            return Err(Problem::new(ProblemType::BadRevocationReason, detail));
        }
        if certificate.not_after < signed.now {
            return Err(Problem::malformed("the certificate has expired"));
        }
        let serial = certificate.serial_hex();
        // Whether it is to be known from now on that the key is compromised.
        let is_added = reason.is_about_key() && !self.compromised_keys.contains(&certificate.spki_sha256());
        let known = self.certificates.entry(serial).or_insert_with(|| KnownCertificate {
            account: signed.account.clone(),
            names: Vec::new(),
            key_sha256: Some(certificate.spki_sha256()),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            is_revoked: false,
            is_replaced: false,
        });
        let was_revoked = known.is_revoked;
        if was_revoked && !is_added {
            return Err(Problem::new(ProblemType::AlreadyRevoked, "the certificate was revoked before"));
        }
        known.is_revoked = true;
        let job = RevocationOrder { certificate, reason, was_revoked, base: signed.base.clone() };
        Ok(Next::Revoke(Box::new(job)).into())
    }

    /// Whether an account has the certificate, or has just proved all of its names.
    fn owns(&self, account: &str, certificate: &Certificate) -> bool {
        let known = self.certificates.get(&certificate.serial_hex());
        if known.is_some_and(|known| known.account.as_deref() == Some(account)) {
            return true;
        }
        let orders = self.accounts.get(account).into_iter().flat_map(|known| &known.orders);
        let proved: Vec<_> = orders
            .filter_map(|id| self.orders.get(id))
            .flat_map(|order| &order.authorizations)
            .filter(|authorization| authorization.status == AuthorizationStatus::Valid)
            .map(|authorization| &authorization.identifier)
            .collect();
        let names: Option<Vec<_>> =
            certificate.subject_alt_names.iter().flatten().map(Identifier::requested).collect();
        names.is_some_and(|names| !names.is_empty() && names.iter().all(|name| proved.contains(&name)))
    }

    /// Whether this certificate and all others of its key are the account's. A compromised key ends them all, so who has
    /// only proved the names of one must not say so.
    fn has_all_of_key(&self, account: &str, certificate: &Certificate) -> bool {
        let (serial, key) = (certificate.serial_hex(), certificate.spki_sha256());
        let is_own = |known: &KnownCertificate| known.account.as_deref() == Some(account);
        self.certificates.get(&serial).is_some_and(is_own)
            && self
                .certificates
                .values()
                .all(|known| known.key_sha256.as_ref() != Some(&key) || is_own(known))
    }

    /// Another certificate was revoked along with one, or by somebody else.
    pub fn know_revoked(&mut self, serial: &str) {
        if let Some(known) = self.certificates.get_mut(serial) {
            known.is_revoked = true;
        }
    }

    /// The revocation is in the ledger, or could not be written there.
    pub fn revoked(&mut self, job: &RevocationOrder, is_written: bool) -> Reply {
        if is_written {
            if job.reason.is_about_key() {
                self.know_compromised([job.certificate.spki_sha256()]);
            }
            return self.complete(Reply::empty(200), &job.base);
        }
        if let Some(known) = self.certificates.get_mut(&job.certificate.serial_hex()) {
            known.is_revoked = job.was_revoked;
        }
        let reply = self.internal_error();
        self.complete(reply, &job.base)
    }
}

/// RFC 5280 section 5.3.1, as far as it is for the certificate of a server; 8 takes back a hold, which nobody can ask
/// for here.
fn reason(code: u8) -> Result<Reason, Problem> {
    Ok(match code {
        0 => Reason::Unspecified,
        1 => Reason::KeyCompromise,
        3 => Reason::AffiliationChanged,
        4 => Reason::Superseded,
        5 => Reason::CessationOfOperation,
        9 => Reason::PrivilegeWithdrawn,
        _ => {
            let detail = "the reason must be 0, 1, 3, 4, 5 or 9";
            return Err(Problem::new(ProblemType::BadRevocationReason, detail));
        }
    })
}
