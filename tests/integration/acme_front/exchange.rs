//! What came through the front: requests with their class and decoded payload, and what must not come twice.

use std::collections::{HashMap, HashSet};
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

/// What a request is about. Only the directory's address is known beforehand; the others are learned from answers,
/// as a client learns them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    /// The account's own address: update, deactivation.
    Account,
    /// One authorization.
    Authz,
    /// Download of a certificate, and of its alternate chains.
    Certificate,
    /// Readiness for a validation.
    Challenge,
    /// The directory.
    Directory,
    /// The signing request.
    Finalize,
    /// A new key for the account.
    KeyChange,
    /// The account for a key.
    NewAccount,
    /// A fresh nonce.
    NewNonce,
    /// A new order.
    NewOrder,
    /// One order.
    Order,
    /// Anything else.
    Other,
    /// When a certificate should be renewed (RFC 9773).
    RenewalInfo,
    /// Revocation.
    RevokeCert,
}

/// A request and the status of its answer.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// What it is about.
    pub(crate) class: Class,
    /// `POST`, nearly always.
    pub(crate) method: String,
    /// The path in its address.
    pub(crate) path: String,
    /// The header of the JWS that is protected by its signature; `null` without a JWS.
    pub(crate) protected: Value,
    /// The payload; `null` for a POST-as-GET and without a JWS.
    pub(crate) payload: Value,
    /// What the server or the front answered, even if the answer never arrived.
    pub(crate) status: Option<u16>,
    /// Whether harm was done to it.
    pub(crate) fault: bool,
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let harm = if self.fault { ", harmed" } else { "" };
        write!(f, "{:?} {} {} -> {status}{harm} {}", self.class, self.method, self.path, self.payload)
    }
}

/// Everything that came so far.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) exchanges: Vec<Exchange>,
    /// What came twice and must not.
    pub(super) repeated: Vec<String>,
    classes: HashMap<String, Class>,
    nonces: HashSet<String>,
    signatures: HashSet<String>,
}

impl Seen {
    /// Files a request; its place in the list comes back.
    pub(super) fn add(&mut self, method: &str, path: &str, body: &[u8]) -> usize {
        let class = self.class(path);
        let jws: Value = serde_json::from_slice(body).unwrap_or_default();
        let protected = decoded(&jws["protected"]);
        if let Some(nonce) = protected["nonce"].as_str()
            && !self.nonces.insert(nonce.to_owned())
        {
            self.repeated.push(format!("the nonce {nonce}, in a request for {path}"));
        }
        if let Some(signature) = jws["signature"].as_str()
            && !self.signatures.insert(signature.to_owned())
        {
            self.repeated.push(format!("the whole signed request for {path}"));
        }
        self.exchanges.push(Exchange {
            class,
            method: method.to_owned(),
            path: path.to_owned(),
            payload: decoded(&jws["payload"]),
            protected,
            status: None,
            fault: false,
        });
        self.exchanges.len() - 1
    }

    /// Learns what addresses are about from the server's answer to a request of `class`.
    pub(super) fn learn_from(&mut self, class: Class, location: Option<&str>, links: &[&str], body: &Value) {
        let at_location = match class {
            Class::NewAccount => Some(Class::Account),
            Class::NewOrder => Some(Class::Order),
            _ => None,
        };
        if let (Some(location), Some(class)) = (location, at_location) {
            self.learn_url(location, class);
        }
        if class == Class::Certificate {
            // `<https://ca.test/cert/1/alternate/1>;rel="alternate"`
            let alternates = links.iter().filter(|link| link.contains("alternate"));
            for url in alternates.filter_map(|link| link.strip_prefix('<')?.split('>').next()) {
                self.learn_url(url, Class::Certificate);
            }
        }
        if class == Class::Directory {
            for (name, class) in [
                ("newNonce", Class::NewNonce),
                ("newAccount", Class::NewAccount),
                ("newOrder", Class::NewOrder),
                ("revokeCert", Class::RevokeCert),
                ("keyChange", Class::KeyChange),
                ("renewalInfo", Class::RenewalInfo),
            ] {
                self.learn_value(&body[name], class);
            }
        }
        self.learn_value(&body["finalize"], Class::Finalize);
        self.learn_value(&body["certificate"], Class::Certificate);
        for url in body["authorizations"].as_array().into_iter().flatten() {
            self.learn_value(url, Class::Authz);
        }
        for challenge in body["challenges"].as_array().into_iter().flatten() {
            self.learn_value(&challenge["url"], Class::Challenge);
        }
    }

    /// The path of a class that has only one.
    pub(super) fn path(&self, class: Class) -> Option<String> {
        self.classes.iter().find(|(_, of)| **of == class).map(|(path, _)| path.clone())
    }

    /// Learns what a path is about.
    pub(super) fn learn(&mut self, path: &str, class: Class) {
        self.classes.insert(path.to_owned(), class);
    }

    fn learn_value(&mut self, url: &Value, class: Class) {
        if let Some(url) = url.as_str() {
            self.learn_url(url, class);
        }
    }

    fn learn_url(&mut self, url: &str, class: Class) {
        if let Ok(url) = reqwest::Url::parse(url) {
            self.learn(url.path(), class);
        }
    }

    fn class(&self, path: &str) -> Class {
        let of = |path: &str| self.classes.get(path).copied();
        // The certificate's identifier follows renewalInfo's address (RFC 9773 section 4.1).
        let parent = || path.rsplit_once('/').and_then(|(parent, _)| of(parent));
        of(path).or_else(|| parent().filter(|class| *class == Class::RenewalInfo)).unwrap_or(Class::Other)
    }
}

/// JSON in base64url, as parts of a JWS are; `null` when it is none.
fn decoded(part: &Value) -> Value {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part.as_str().unwrap_or_default()).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}
