//! What Debian's Pebble lacks: renewal information (RFC 9773), profiles, `replaces`.
//!
//! An order's signed fields cannot be taken out on the way; Pebble does not mind those that it does not know.

use std::collections::{HashMap, HashSet};

use certkit::internals::sys::clock::{Clock, SystemClock};
use serde_json::{Map, Value, json};
use time::Duration;
use time::format_description::well_known::Rfc3339;

use super::exchange::Class;

/// Where the front answers for renewal information.
const RENEWAL_INFO_PATH: &str = "/front/renewal-info";

/// The answer for a certificate's renewal information.
#[derive(Clone, Debug)]
pub(crate) struct RenewalInfo {
    /// Begin and end of the window, from the moment of the request on.
    pub(crate) window: (Duration, Duration),
    /// `Retry-After`, as it is sent.
    pub(crate) retry_after: Option<&'static str>,
    /// Where people read why.
    pub(crate) explanation: Option<String>,
}

impl RenewalInfo {
    /// A window that is over: renew at once.
    pub(crate) fn due() -> Self {
        Self::window(Duration::hours(-2), Duration::hours(-1))
    }

    /// A window in two months.
    pub(crate) fn not_due() -> Self {
        Self::window(Duration::days(60), Duration::days(62))
    }

    /// A window from the moment of the request on.
    pub(crate) fn window(start: Duration, end: Duration) -> Self {
        Self { window: (start, end), retry_after: Some("21600"), explanation: None }
    }
}

/// What is added, and what is remembered for it.
#[derive(Default)]
pub(super) struct Extras {
    pub(super) renewal_info: Option<RenewalInfo>,
    pub(super) all_are_replaced: bool,
    /// Status, kind and words of the refusal of every order with `replaces`.
    pub(super) replaces_refused: Option<(u16, &'static str, &'static str)>,
    profiles: Option<Map<String, Value>>,
    /// Certificates that an order has named in `replaces`.
    replaced: HashSet<String>,
    /// The added fields of an order, by its path.
    orders: HashMap<String, Map<String, Value>>,
}

/// An answer of the front's own.
pub(super) struct Own {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) body: String,
    pub(super) retry_after: Option<&'static str>,
}

impl Extras {
    pub(super) fn offer_profiles(&mut self, profiles: &[(&str, &str)]) {
        let entry = |(name, words): &(&str, &str)| ((*name).to_owned(), json!(words));
        self.profiles = Some(profiles.iter().map(entry).collect());
    }

    /// The answer to a request that Pebble cannot answer.
    pub(super) fn answer(&self, class: Class, path: &str, payload: &Value) -> Option<Own> {
        match class {
            Class::RenewalInfo if path.starts_with(RENEWAL_INFO_PATH) => self.renewal_info(),
            Class::NewOrder => self.refuse_order(payload),
            _ => None,
        }
    }

    fn renewal_info(&self) -> Option<Own> {
        let info = self.renewal_info.as_ref()?;
        let time = |offset: Duration| (SystemClock.now() + offset).format(&Rfc3339).unwrap();
        let mut body = json!({"suggestedWindow": {"start": time(info.window.0), "end": time(info.window.1)}});
        if let Some(url) = &info.explanation {
            body["explanationURL"] = json!(url);
        }
        let body = body.to_string();
        Some(Own { status: 200, content_type: "application/json", body, retry_after: info.retry_after })
    }

    fn refuse_order(&self, payload: &Value) -> Option<Own> {
        let certificate = payload["replaces"].as_str();
        if let Some((status, kind, detail)) = self.replaces_refused.filter(|_| certificate.is_some()) {
            return Some(problem(status, kind, detail));
        }
        if certificate.is_some_and(|id| self.all_are_replaced || self.replaced.contains(id)) {
            // RFC 9773 section 5.
            return Some(problem(409, "alreadyReplaced", "another order has replaced this certificate"));
        }
        let profile = payload["profile"].as_str()?;
        let offered = self.profiles.as_ref()?;
        let refusal = || problem(400, "invalidProfile", &format!("no profile is called {profile}"));
        (!offered.contains_key(profile)).then(refusal)
    }

    /// Adds to the server's good answer; whether anything was.
    pub(super) fn add(
        &mut self,
        class: Class,
        request: (&str, &Value),
        location: Option<&str>,
        authority: &str,
        body: &mut Value,
    ) -> bool {
        let (path, payload) = request;
        match class {
            Class::Directory => {
                if self.renewal_info.is_some() {
                    body["renewalInfo"] = json!(format!("https://{authority}{RENEWAL_INFO_PATH}"));
                }
                if let Some(profiles) = &self.profiles {
                    body["meta"]["profiles"] = json!(profiles);
                }
                self.renewal_info.is_some() || self.profiles.is_some()
            }
            Class::NewOrder => {
                let fields: Map<_, _> = ["replaces", "profile"]
                    .into_iter()
                    .filter_map(|name| Some((name.to_owned(), payload.get(name)?.clone())))
                    .collect();
                if let Some(certificate) = payload["replaces"].as_str() {
                    self.replaced.insert(certificate.to_owned());
                }
                if let Some(url) = location.and_then(|url| reqwest::Url::parse(url).ok()) {
                    self.orders.insert(url.path().to_owned(), fields.clone());
                }
                merge(body, &fields)
            }
            Class::Order => self.orders.get(path).is_some_and(|fields| merge(body, fields)),
            _ => false,
        }
    }
}

fn merge(body: &mut Value, fields: &Map<String, Value>) -> bool {
    let Some(object) = body.as_object_mut() else { return false };
    object.extend(fields.clone());
    !fields.is_empty()
}

/// A problem document.
pub(super) fn problem(status: u16, kind: &str, detail: &str) -> Own {
    let kind = format!("urn:ietf:params:acme:error:{kind}");
    let body = json!({"type": kind, "detail": detail, "status": status}).to_string();
    Own { status, content_type: "application/problem+json", body, retry_after: None }
}
