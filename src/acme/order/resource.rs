//! One order at the server (RFC 8555 section 7.1.3), as it stood when the server was last asked.

use std::net::IpAddr;
use std::ops::Deref;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use bytes::Bytes;
use http::Response;
pub use instant_acme::OrderStatus;
use instant_acme::{CertificateIdentifier, Identifier, NewOrder, OrderState};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::acme::client::account::Session;
use crate::acme::client::http as client;
use crate::acme::client::signed;
use crate::acme::reply::address::resolve;
use crate::acme::reply::call_error::CallError;
use crate::acme::reply::lenient::NamedIdentifier;
use crate::acme::reply::protocol_error::ProtocolError;
use crate::acme::storage::{OrderJournal, Timestamp};

/// The most names that certkit puts in one certificate.
const MOST_NAMES: usize = 100;

/// An order and its address.
#[derive(Debug)]
pub struct Order {
    pub url: String,
    pub object: OrderObject,
}

/// What the server says of an order; its addresses are absolute. `error` and `replaces` are read here and not in the
/// [`OrderState`], whose own stay empty.
#[derive(Debug, Deserialize)]
pub struct OrderObject {
    #[serde(flatten)]
    state: OrderState,
    /// When the server gives it up.
    expires: Option<String>,
    #[serde(default)]
    identifiers: Vec<NamedIdentifier>,
    /// With the page about it.
    pub error: Option<ProtocolError>,
    /// The certificate that is replaced, if the server has understood that (RFC 9773 section 5); in whatever form it repeats
    /// that.
    pub replaces: Option<String>,
}

impl Deref for OrderObject {
    type Target = OrderState;

    fn deref(&self) -> &OrderState {
        &self.state
    }
}

impl Order {
    /// Asks for the order at `url`.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn fetch(session: &Session<'_>, url: &str) -> Result<Self, CallError> {
        let answer = signed::post(&session.server.http, &session.signer, url, None).await?;
        Ok(Self { url: url.to_owned(), object: read(&answer, url)? })
    }

    /// Places the order of a journal.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn place(session: &Session<'_>, journal: &OrderJournal) -> Result<Self, CallError> {
        let url = &session.server.directory.new_order;
        let request = request(journal)?;
        let answer = signed::post(&session.server.http, &session.signer, url, Some(&request)).await?;
        let address = client::location(url, answer.headers())?;
        let object = read(&answer, &address)?;
        Ok(Self { url: address, object })
    }

    /// Asks how the order stands.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn refresh(&mut self, session: &Session<'_>) -> Result<(), CallError> {
        *self = Self::fetch(session, &self.url).await?;
        Ok(())
    }

    /// Sends the signing request, in DER.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn finalize(&mut self, session: &Session<'_>, csr: &[u8]) -> Result<(), CallError> {
        let payload = json!({"csr": BASE64URL.encode(csr)});
        let url = &self.object.finalize;
        let answer = signed::post(&session.server.http, &session.signer, url, Some(&payload)).await?;
        self.object = read(&answer, &self.url)?;
        Ok(())
    }
}

/// RFC 8555 section 7.4, with a profile (draft-ietf-acme-profiles) and the certificate that is replaced.
fn request(journal: &OrderJournal) -> Result<Value, CallError> {
    // RFC 8738 section 3 for addresses.
    let identifier = |name: &String| match name.parse::<IpAddr>() {
        Ok(address) => Identifier::Ip(address),
        Err(_) => Identifier::Dns(name.clone()),
    };
    let identifiers: Vec<_> = journal.names.iter().map(identifier).collect();
    let mut order = NewOrder::new(&identifiers);
    if let Some(profile) = &journal.profile {
        order = order.profile(profile);
    }
    if let Some((issuer, serial)) = journal.replaces.as_ref().and_then(|replaces| replaces.split_once('.')) {
        let (authority_key_identifier, serial) = (issuer.into(), serial.into());
        order = order.replaces(CertificateIdentifier { authority_key_identifier, serial });
    }
    Ok(serde_json::to_value(order)?)
}

/// Reads an order; its addresses are relative to its own.
fn read(answer: &Response<Bytes>, url: &str) -> Result<OrderObject, CallError> {
    let mut object: OrderObject = client::json(answer)?;
    let state = &mut object.state;
    state.finalize = resolve(url, &state.finalize)?;
    if let Some(certificate) = &mut state.certificate {
        *certificate = resolve(url, certificate)?;
    }
    check_count(state.authorizations.len(), object.identifiers.len())?;
    let mut authorizations = Vec::<instant_acme::Authorization>::with_capacity(state.authorizations.len());
    for mut authorization in state.authorizations.drain(..) {
        authorization.url = resolve(url, &authorization.url)?;
        // A server may name one twice; it is answered once.
        if !authorizations.iter().any(|known| known.url == authorization.url) {
            authorizations.push(authorization);
        }
    }
    state.authorizations = authorizations;
    Ok(object)
}

/// Refuses more authorizations than an order of certkit's can need: one a name, and some servers name each twice.
fn check_count(authorizations: usize, names: usize) -> Result<(), CallError> {
    let names = if names == 0 { MOST_NAMES } else { names.min(MOST_NAMES) };
    if authorizations > 2 * names {
        let reason = format!("an order with {authorizations} authorizations for {names} names");
        return Err(CallError::BadAnswer(reason));
    }
    Ok(())
}

impl OrderObject {
    /// The addresses of its authorizations.
    pub fn authorization_urls(&self) -> Vec<String> {
        self.authorizations.iter().map(|authorization| authorization.url.clone()).collect()
    }

    /// When the server gives it up, if it says so in a way that can be read.
    pub fn expires(&self) -> Option<Timestamp> {
        serde_json::from_value(self.expires.as_deref()?.into()).ok()
    }

    /// Whether it may be the order of this journal, whose answer was lost, and nobody has asked a certificate of it.
    pub fn fits(&self, journal: &OrderJournal) -> bool {
        let sorted = |mut names: Vec<String>| {
            names.sort_unstable();
            names
        };
        let names = self.identifiers.iter().map(|identifier| identifier.value.to_ascii_lowercase()).collect();
        let wanted = journal.names.iter().map(|name| name.to_ascii_lowercase()).collect();
        // Servers give a profile to orders that ask for none.
        let profile_fits = journal.profile.is_none() || journal.profile == self.profile;
        matches!(self.status, OrderStatus::Pending | OrderStatus::Ready)
            && profile_fits
            && sorted(names) == sorted(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(order: &Value) -> Response<Bytes> {
        Response::new(Bytes::from(order.to_string()))
    }

    #[test]
    fn a_lost_order_is_known_by_its_names_and_status() {
        let names = ["a.test".to_owned(), "b.test".to_owned()];
        let journal = OrderJournal::new("s", "a", &names, "p256", "k".into());
        let order = |status: &str, names: &[&str]| {
            let identifiers: Vec<_> =
                names.iter().map(|name| json!({"type": "dns", "value": name})).collect();
            let order = json!({"status": status, "identifiers": identifiers, "profile": "classic",
                "authorizations": [], "finalize": "/f"});
            read(&answer(&order), "https://ca.test/o").unwrap()
        };
        assert!(order("pending", &["b.test", "A.test"]).fits(&journal));
        assert!(order("ready", &["a.test", "b.test"]).fits(&journal));
        for other in [
            order("valid", &["a.test", "b.test"]),
            order("invalid", &["a.test", "b.test"]),
            order("pending", &["a.test"]),
            order("pending", &["a.test", "b.test", "c.test"]),
        ] {
            assert!(!other.fits(&journal));
        }
        let profile = |profile: &str| OrderJournal { profile: Some(profile.into()), ..journal.clone() };
        assert!(order("pending", &["a.test", "b.test"]).fits(&profile("classic")));
        assert!(!order("pending", &["a.test", "b.test"]).fits(&profile("shortlived")));
    }

    #[test]
    fn the_addresses_of_an_order_become_absolute_and_single() {
        let order = json!({"status": "valid", "finalize": "/f/1", "certificate": "//other.test/c/1",
            "authorizations": ["/z/1", "https://ca.test/z/1", "https://ca.test/z/2"], "expires": "2026-12-01T00:00:00Z"});
        let object = read(&answer(&order), "https://ca.test/o/1").unwrap();
        assert_eq!(object.finalize, "https://ca.test/f/1");
        assert_eq!(object.certificate.as_deref().unwrap(), "https://other.test/c/1");
        assert_eq!(object.authorization_urls(), ["https://ca.test/z/1", "https://ca.test/z/2"]);
        assert!(object.expires().is_some());
        let plain = json!({"status": "pending", "finalize": "http://ca.test/f", "authorizations": []});
        assert!(matches!(read(&answer(&plain), "https://ca.test/o/1"), Err(CallError::BadAnswer(_))));
    }

    #[test]
    fn an_order_has_at_most_two_authorizations_a_name() {
        let read_with = |authorizations: usize, names: usize| {
            let urls: Vec<_> = (0..authorizations).map(|number| format!("/z/{number}")).collect();
            let names = vec![json!({"type": "dns", "value": "a.test"}); names];
            let order =
                json!({"status": "pending", "finalize": "/f", "authorizations": urls, "identifiers": names});
            read(&answer(&order), "https://ca.test/o/1").map(|object| object.authorizations.len())
        };
        assert_eq!(read_with(4, 2).unwrap(), 4);
        assert_eq!(read_with(200, 0).unwrap(), 200);
        for (authorizations, names) in [(5, 2), (201, 0), (201, 5000)] {
            let refused = read_with(authorizations, names);
            assert!(matches!(refused, Err(CallError::BadAnswer(_))), "{authorizations} for {names}");
        }
    }

    #[test]
    fn an_order_asks_for_names_and_addresses() {
        let names = ["a.test".to_owned(), "192.0.2.7".to_owned()];
        let mut journal = OrderJournal::new("s", "a", &names, "p256", "k".into());
        journal.replaces = Some("a.b".to_owned());
        let identifiers = json!([{"type": "dns", "value": "a.test"}, {"type": "ip", "value": "192.0.2.7"}]);
        assert_eq!(request(&journal).unwrap(), json!({"identifiers": identifiers, "replaces": "a.b"}));
        journal.profile = Some("classic".to_owned());
        assert_eq!(request(&journal).unwrap()["profile"], "classic");
    }

    #[test]
    fn what_a_server_adds_or_writes_in_its_own_way_does_no_harm() {
        let order = br#"{"status": "invalid", "finalize": "\/f", "authorizations": ["\/z"], "profile": null,
            "certificate": null, "replaces": "\u0061 b", "identifiers": [{"type": "new", "value": "a.test"}],
            "error": {"detail": "no", "instance": "https://ca.test/7", "status": "403",
            "subproblems": [{"identifier": {"type": "new", "value": "a.test"}}]}, "notBefore": 7, "more": [{}]}"#;
        let object = read(&Response::new(Bytes::from_static(order)), "https://ca.test/o/1").unwrap();
        assert_eq!((object.status, object.replaces.as_deref()), (OrderStatus::Invalid, Some("a b")));
        assert_eq!(object.authorization_urls(), ["https://ca.test/z"]);
        let refusal = object.error.as_ref().unwrap();
        assert_eq!((refusal.instance.as_deref(), refusal.parts.len()), (Some("https://ca.test/7"), 1));
        let least = json!({"status": "ready", "finalize": "/f", "authorizations": []});
        assert!(read(&answer(&least), "https://ca.test/o/1").is_ok());
        let unknown = json!({"status": "done", "finalize": "/f", "authorizations": []});
        let message = read(&answer(&unknown), "https://ca.test/o/1").unwrap_err().to_string();
        let expected = "`pending`, `ready`, `processing`, `valid`, `invalid`";
        assert!(
            message.starts_with(&format!("unknown variant `done`, expected one of {expected}")),
            "{message}"
        );
    }
}
