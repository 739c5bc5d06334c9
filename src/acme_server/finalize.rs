//! Finalizing an order (RFC 8555 section 7.4): what its request may ask for, and what became of it.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64URL};
use serde::Deserialize;
use time::OffsetDateTime;

use super::authentication::Authenticated;
use super::core::{Core, KnownCertificate};
use super::identifier::Identifier;
use super::jwk::Jwk;
use super::orders;
use super::problem::{Problem, ProblemType};
use super::rate_limits::Counted;
use super::records::{OrderStatus, Record};
use super::reply::Reply;
use super::step::{IssuanceOrder, Next, Step};
use crate::ca::verify_request;
use crate::pem;
use crate::x509::{Certificate, CertificateName, P256, P384, P521, PublicKeyKind, Request, spki_sha256};

type Result<T = Step> = std::result::Result<T, Problem>;

#[derive(Deserialize)]
struct Finalization {
    csr: String,
}

impl Core {
    /// RFC 8555 section 7.4.
    pub(super) fn finalize(&mut self, signed: &Authenticated, id: &str) -> Result {
        let mut order = self.own_order(signed, id)?.clone();
        if order.has_expired(signed.now) {
            return Err(Problem::new(ProblemType::OrderNotReady, "the order has expired"));
        }
        if order.status != OrderStatus::Ready {
            let detail = format!("the order is `{}`, not `ready`", order.status.as_str());
            return Err(Problem::new(ProblemType::OrderNotReady, detail));
        }
        let asked: Finalization = signed.request.payload()?;
        let der = BASE64URL.decode(&asked.csr).map_err(|_| bad_csr("it is not base64url without padding"))?;
        let request = Request::from_der(&der).map_err(|error| bad_csr(error.to_string()))?;
        let names: Vec<_> = order.identifiers().cloned().collect();
        self.judge(&request, &names)?;
        // The order may be older than the server's settings.
        names.iter().try_for_each(|name| self.config.policy.require(name))?;
        order.status = OrderStatus::Processing;
        let job = IssuanceOrder {
            order: order.id.clone(),
            account: order.account.clone(),
            names,
            spki: request.spki,
            replaces: order.replaces.clone(),
            base: signed.base.clone(),
        };
        let record = self.replace_order(order);
        Ok(Step::from(Next::Issue(Box::new(job))).keeping(record))
    }

    /// Refuses a request that asks for something else than was ordered, or whose key is not fit for a server.
    fn judge(&self, request: &Request, ordered: &[Identifier]) -> Result<()> {
        verify_request(request).map_err(|error| bad_csr(error.to_string()))?;
        let is_usual = match PublicKeyKind::new(&request.spki) {
            PublicKeyKind::Rsa(bits) => bits <= 8192,
            PublicKeyKind::Ec(Some(curve)) => [P256, P384, P521].contains(&curve.as_str()),
            PublicKeyKind::Ed25519 => true,
            _ => false,
        };
        if !is_usual {
            return Err(bad_csr(
                "the key must be of P-256, P-384, P-521, Ed25519 or RSA with 2048 to 8192 bits",
            ));
        }
        // RFC 8555 section 11.1: anyone who has one of both keys must not have the other.
        let key = Jwk::from_spki(&request.spki);
        if key.is_some_and(|key| self.account_by_key.contains_key(&key.thumbprint())) {
            return Err(bad_csr("its key is that of an account"));
        }
        if self.compromised_keys.contains(&spki_sha256(&request.spki)) {
            return Err(bad_csr("its key was compromised: a certificate of it was revoked for that reason"));
        }
        if request.asks_for_ca {
            return Err(bad_csr("it asks for the certificate of a CA"));
        }
        let mut asked = BTreeSet::new();
        for name in &request.names {
            let identifier = Identifier::requested(name);
            asked.insert(identifier.ok_or_else(|| bad_csr(format!("`{name}` is not a name of a server")))?);
        }
        // RFC 8555 section 7.4: a name may be in either place, or in both. A common name that is not one of a host is
        // a label, and is omitted.
        let common_name = request.subject.common_name().and_then(|name| CertificateName::parse(name).ok());
        asked.extend(common_name.and_then(Identifier::of_host));
        if asked != ordered.iter().cloned().collect() {
            return Err(bad_csr("its names are not those of the order"));
        }
        Ok(())
    }

    /// The certificate was made. Gives what must be safe on disk before its line is in the ledger.
    pub fn certificate_made(&mut self, order: &str, certificate: &Certificate) -> Option<Record> {
        let mut order = self.orders.get(order)?.clone();
        order.certificate = Some(BASE64_STANDARD.encode(&certificate.der));
        Some(self.replace_order(order))
    }

    /// The certificate is in the ledger. Gives what is kept.
    pub fn published(&mut self, order: &str, certificate: &Certificate, now: OffsetDateTime) -> Vec<Record> {
        let Some(mut order) = self.orders.get(order).cloned() else { return Vec::new() };
        if let Some(replaced) = order.replaces.as_ref().and_then(|serial| self.certificates.get_mut(serial)) {
            replaced.is_replaced = true;
        }
        let known = KnownCertificate {
            account: Some(order.account.clone()),
            names: order.identifiers().map(ToString::to_string).collect(),
            key_sha256: Some(certificate.spki_sha256()),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            is_revoked: false,
            is_replaced: false,
        };
        self.put_certificate(certificate.serial_hex(), known, now);
        for identifier in order.identifiers() {
            self.limits.count(Counted::Issued(identifier.clone()));
        }
        order.status = OrderStatus::Valid;
        order.error = None;
        let record = self.replace_order(order.clone());
        self.finish(&order.id, now);
        vec![record]
    }

    /// The certificate could not be issued. Where the request is at fault the order has failed, else it is ready
    /// again.
    pub fn not_issued(
        &mut self,
        job: &IssuanceOrder,
        fault: Option<String>,
        now: OffsetDateTime,
    ) -> (Vec<Record>, Reply) {
        let problem = match fault {
            Some(detail) => Problem::new(ProblemType::RejectedIdentifier, detail),
            None => {
                Problem::new(ProblemType::ServerInternal, "the certificate could not be issued").after(10)
            }
        };
        let is_fault = problem.class == ProblemType::RejectedIdentifier;
        let reply = self.complete(Reply::from(&problem), &job.base);
        let Some(mut order) = self.orders.get(&job.order).cloned() else { return (Vec::new(), reply) };
        order.certificate = None;
        order.status = if is_fault { OrderStatus::Invalid } else { OrderStatus::Ready };
        order.error = is_fault.then_some(problem);
        if is_fault {
            self.finish(&order.id, now);
        }
        (vec![self.replace_order(order)], reply)
    }

    /// The reply to the request that finalized an order.
    pub fn finalized(&mut self, job: &IssuanceOrder) -> Reply {
        let reply = match self.orders.get(&job.order) {
            Some(order) => orders::reply(200, order, &job.base),
            None => Reply::from(&Problem::not_found()),
        };
        self.complete(reply, &job.base)
    }

    /// What clients get of an order's certificate (DER in base64).
    pub(super) fn chain(&self, leaf: &str) -> String {
        let mut text = String::new();
        pem::write(&mut text, "CERTIFICATE", &BASE64_STANDARD.decode(leaf).unwrap_or_default());
        for certificate in &self.config.chain {
            pem::write(&mut text, "CERTIFICATE", &certificate.der);
        }
        text
    }
}

fn bad_csr(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemType::BadCsr, detail)
}
