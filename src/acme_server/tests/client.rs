//! A client that signs whatever a test wants, and the server that it talks to: no sockets, a clock that stands still.

use std::collections::HashMap;
use std::net::IpAddr;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

use super::super::*;
use crate::ca::{
    CaProfile, Constraint, Issuance, Issuer, LeafProfile, Subject, SubjectKey, make_request, make_root,
};
use crate::x509::{CertificateName, CertifiedKey, KeyKind, PrivateKey, Purpose};

pub(in super::super) const HOST: &str = "localhost:8444";
const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

pub(in super::super) struct TestServer {
    pub(in super::super) core: Core,
    pub(in super::super) root: CertifiedKey,
    pub(in super::super) now: OffsetDateTime,
    pub(in super::super) records: Vec<Record>,
    pub(in super::super) validations: Vec<Validation>,
}

impl TestServer {
    pub(in super::super) fn new() -> Self {
        Self::with(&[], None, 1000)
    }

    pub(in super::super) fn with(
        allow: &[&str],
        external: Option<HashMap<String, Vec<u8>>>,
        orders: u32,
    ) -> Self {
        let now = datetime!(2026-11-28 12:00 UTC);
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let root = make_root(&CaProfile::new(Subject::common_name("CA"), 3650, 0), key, now).unwrap();
        let core = core(&root, allow, external, orders, 1);
        Self { core, root, now, records: Vec::new(), validations: Vec::new() }
    }

    /// The next process, with what this one has kept.
    pub(in super::super) fn restarted(self) -> Self {
        self.restarted_with(&[], None)
    }

    /// The same with other settings.
    pub(in super::super) fn restarted_with(
        mut self,
        allow: &[&str],
        external: Option<HashMap<String, Vec<u8>>>,
    ) -> Self {
        self.core = core(&self.root, allow, external, 1000, 2);
        // As in the file: JSON, in the same order.
        let text: Vec<_> = self.records.iter().map(|record| serde_json::to_string(record).unwrap()).collect();
        let records = text.iter().map(|text| serde_json::from_str(text).unwrap());
        self.validations = self.core.restore(records.collect::<Vec<_>>(), self.now);
        self
    }

    pub(in super::super) fn call(
        &mut self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Reply {
        self.call_at(HOST, method, path, content_type, body)
    }

    /// A request to another name of the server.
    pub(in super::super) fn call_at(
        &mut self,
        authority: &str,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Reply {
        let call = Call { method, authority, path, content_type, body, client: CLIENT };
        let step = self.core.handle(&call, self.now);
        self.records.extend(step.records);
        self.validations.extend(step.validations);
        match step.next {
            Next::Reply(reply) => reply,
            Next::Issue(order) => self.issue(&order),
            Next::Revoke(order) => self.core.revoked(&order, true),
        }
    }

    /// What the room around does.
    fn issue(&mut self, order: &IssuanceOrder) -> Reply {
        let names = order.names.iter().map(Identifier::to_certificate_name).collect();
        let profile = LeafProfile::new(names, Purpose::Server, 90);
        let issuer = Issuer::new(&self.root, self.now).unwrap();
        let issued =
            issuer.issue(Issuance::leaf(&profile, SubjectKey::Public(&order.spki), self.now)).unwrap();
        self.records.extend(self.core.certificate_made(&order.order, &issued.certificate));
        self.records.extend(self.core.published(&order.order, &issued.certificate, self.now));
        self.core.finalized(order)
    }

    pub(in super::super) fn validate(&mut self, result: Result<(), Problem>) {
        for validation in std::mem::take(&mut self.validations) {
            self.records.extend(self.core.validated(&validation, result.clone(), self.now));
        }
    }

    pub(in super::super) fn nonce(&mut self) -> String {
        let reply = self.call("HEAD", "/acme/new-nonce", None, &[]);
        reply.header("replay-nonce").unwrap().to_owned()
    }
}

fn core(
    root: &CertifiedKey,
    allow: &[&str],
    external_accounts: Option<HashMap<String, Vec<u8>>>,
    orders_per_hour: u32,
    secret: u8,
) -> Core {
    let allow: Vec<_> = allow.iter().map(|text| Constraint::parse(text).unwrap()).collect();
    let config = Config {
        authorities: vec![HOST.to_owned(), "127.0.0.1:8444".to_owned()],
        named: 1,
        policy: Policy::new(&allow),
        issuer: root.leaf().clone(),
        chain: Vec::new(),
        external_accounts,
        orders_per_hour,
    };
    Core::new(config, &[secret; 32])
}

pub(in super::super) struct TestClient {
    pair: EcdsaKeyPair,
    /// The account's URL, once there is one.
    pub(in super::super) kid: Option<String>,
}

impl TestClient {
    pub(in super::super) fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { pair, kid: None }
    }

    /// One that signs with the key of a certificate.
    pub(in super::super) fn with_key(key: &PrivateKey) -> Self {
        let der = key.pkcs8().unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
        Self { pair, kid: None }
    }

    pub(in super::super) fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        json!({
            "kty": "EC", "crv": "P-256",
            "x": BASE64URL.encode(&point[1..33]), "y": BASE64URL.encode(&point[33..]),
        })
    }

    /// A JWS with exactly this header and payload.
    pub(in super::super) fn sign(&self, header: &Value, payload: &str) -> Value {
        let (protected, payload) = (BASE64URL.encode(header.to_string()), BASE64URL.encode(payload));
        let signature =
            self.pair.sign(&SystemRandom::new(), format!("{protected}.{payload}").as_bytes()).unwrap();
        json!({"protected": protected, "payload": payload, "signature": BASE64URL.encode(signature.as_ref())})
    }

    pub(in super::super) fn header(&self, server: &mut TestServer, path: &str) -> Value {
        let mut header =
            json!({"alg": "ES256", "nonce": server.nonce(), "url": format!("https://{HOST}{path}")});
        match &self.kid {
            Some(kid) => header["kid"] = kid.as_str().into(),
            None => header["jwk"] = self.jwk(),
        }
        header
    }

    /// Sends an honest request; an empty payload is POST-as-GET.
    pub(in super::super) fn post(&self, server: &mut TestServer, path: &str, payload: &str) -> Reply {
        let header = self.header(server, path);
        let body = self.sign(&header, payload).to_string();
        server.call("POST", path, Some("application/jose+json"), body.as_bytes())
    }

    /// A client with an account.
    pub(in super::super) fn registered(server: &mut TestServer) -> Self {
        let mut client = Self::new();
        let reply = client.post(server, "/acme/new-account", "{}");
        assert_eq!(reply.status, 201, "{}", text(&reply));
        client.kid = Some(reply.header("location").unwrap().to_owned());
        client
    }

    /// Orders a name; gives the path of the order.
    pub(in super::super) fn order(&self, server: &mut TestServer, name: &str) -> String {
        let payload = json!({"identifiers": [{"type": "dns", "value": name}]}).to_string();
        let reply = self.post(server, "/acme/new-order", &payload);
        assert_eq!(reply.status, 201, "{}", text(&reply));
        path(reply.header("location").unwrap())
    }

    /// Orders a name and has it validated.
    pub(in super::super) fn ready_order(&self, server: &mut TestServer, name: &str) -> String {
        let order = self.order(server, name);
        let id = order.rsplit('/').next().unwrap().to_owned();
        let reply = self.post(server, &format!("/acme/challenge/{id}/0/dns-01"), "{}");
        assert_eq!(reply.status, 200, "{}", text(&reply));
        server.validate(Ok(()));
        order
    }

    /// Finalizes an order with a new key.
    pub(in super::super) fn finalize(&self, server: &mut TestServer, order: &str, names: &[&str]) -> Reply {
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        self.post(server, &format!("{order}/finalize"), &csr(&key, names))
    }
}

/// The payload of a finalization.
pub(in super::super) fn csr(key: &PrivateKey, names: &[&str]) -> String {
    csr_with(&Subject::default(), key, names)
}

/// The same with a subject.
pub(in super::super) fn csr_with(subject: &Subject, key: &PrivateKey, names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| CertificateName::parse(name).unwrap()).collect();
    let der = make_request(subject, &names, key).unwrap();
    json!({"csr": BASE64URL.encode(der)}).to_string()
}

pub(in super::super) fn path(url: &str) -> String {
    url.strip_prefix(&format!("https://{HOST}")).unwrap().to_owned()
}

pub(in super::super) fn json_of(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

pub(in super::super) fn text(reply: &Reply) -> String {
    String::from_utf8_lossy(&reply.body).into_owned()
}

/// The last part of a problem's type.
#[track_caller]
pub(in super::super) fn problem(reply: &Reply) -> String {
    assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{}", text(reply));
    let class = json_of(reply)["type"].as_str().unwrap().to_owned();
    class.strip_prefix("urn:ietf:params:acme:error:").unwrap().to_owned()
}
