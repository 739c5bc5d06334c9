//! A server that has shown its directory: where to send what, and what it offers.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::acme::caller::{Caller, Progress};
use crate::acme::challenge::domain_name;
use crate::acme::client::http::Http;
use crate::acme::client::retry;
use crate::acme::error::Error;
use crate::sys::clock::{Clock, SystemClock};

/// A server that has shown its directory.
pub struct Server {
    pub url: String,
    /// The way to it.
    pub http: Http,
    pub directory: Directory,
}

/// The directory (RFC 8555 section 7.1.1).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Directory {
    new_nonce: String,
    /// Where accounts are asked for.
    pub new_account: String,
    /// Where orders are placed.
    pub new_order: String,
    /// Where certificates are revoked.
    pub revoke_cert: Option<String>,
    /// Where an account gets another key.
    pub key_change: Option<String>,
    /// Where to ask when to renew (RFC 9773 section 3).
    pub renewal_info: Option<String>,
    #[serde(default)]
    pub meta: Meta,
}

/// What the server offers and requires.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// Where the terms of service are.
    pub terms_of_service: Option<String>,
    /// Whether a new account must be bound to one that was made elsewhere.
    #[serde(default)]
    pub external_account_required: bool,
    /// Kinds of certificates on offer, with a description (draft-aaron-acme-profiles).
    #[serde(default)]
    pub profiles: BTreeMap<String, String>,
    /// For dns-persist-01 (draft-ietf-acme-dns-persist-02 section 3.2); what has another form counts as missing.
    #[serde(default)]
    account_hash_prefix: Value,
    #[serde(default)]
    issuer_domain_names: Value,
    #[serde(default)]
    caa_identities: Value,
}

/// Draft-ietf-acme-dns-persist-02 section 3.1.
const MOST_ISSUERS: usize = 10;

impl Meta {
    /// In front of the hashes of accounts; missing where accounts are named by their URLs, as in draft 01.
    pub fn account_hash_prefix(&self) -> Option<&str> {
        let is_uri = |prefix: &&str| {
            prefix.starts_with("https://")
                && prefix.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';')
        };
        self.account_hash_prefix.as_str().filter(is_uri)
    }

    /// The names by which records for dns-persist-01 mean this CA. In draft 01 they were those of CAA records.
    pub fn issuer_names(&self) -> Vec<String> {
        let names = issuer_names(&self.issuer_domain_names).or_else(|| issuer_names(&self.caa_identities));
        names.unwrap_or_default()
    }
}

/// The names of a CA as a list of them says it; `None` if it is none, or not one that section 3.1 allows.
pub fn issuer_names(list: &Value) -> Option<Vec<String>> {
    let names: Option<Vec<_>> = list.as_array()?.iter().map(|name| domain_name(name.as_str()?)).collect();
    names.filter(|names| !names.is_empty() && names.len() <= MOST_ISSUERS)
}

impl Server {
    /// Fetches the directory.
    ///
    /// # Errors
    /// [`Error::NotAcme`] when something else answers, and what every call to a server can end with.
    pub async fn connect(url: &str, ca_roots: Option<&Path>, caller: &dyn Caller) -> Result<Self, Error> {
        caller.progress(Progress::Connecting { server: url });
        let http = Http::new(ca_roots)?;
        let not_acme = |reason: String| Error::NotAcme { url: url.to_owned(), reason };
        let body: Bytes =
            match retry::call(caller, "fetching the directory", async || http.fetch(url).await).await {
                Err(Error::BadAnswer { reason, .. } | Error::NotFromServer { reason, .. }) => {
                    return Err(not_acme(reason));
                }
                Err(Error::Refused { refusal, .. }) => return Err(not_acme(refusal.to_string())),
                result => result?,
            };
        let directory: Directory = match serde_json::from_slice(&body) {
            Ok(directory) => directory,
            Err(_) if body.trim_ascii_start().starts_with(b"<") => {
                return Err(not_acme("it answers with HTML".to_owned()));
            }
            Err(error) => return Err(not_acme(error.to_string())),
        };
        http.set_new_nonce(&directory.new_nonce);
        if let Some(ahead) = http.server_time().and_then(|server| clock_difference(SystemClock.now(), server))
        {
            caller.progress(Progress::ClockDiffers { ahead });
        }
        Ok(Self { url: url.to_owned(), http, directory })
    }
}

/// By how much the clock here is ahead of the server's (behind: negative), if that is too much: a new certificate may
/// seem not to have begun, and dynamic updates are refused.
fn clock_difference(here: OffsetDateTime, server: OffsetDateTime) -> Option<Duration> {
    const BEARABLE: Duration = Duration::minutes(5);
    let ahead = here - server;
    (ahead.abs() > BEARABLE).then_some(ahead)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn clocks_may_differ_by_minutes() {
        let server = datetime!(2026-11-20 12:00 UTC);
        for minutes in [-4, 0, 4] {
            assert_eq!(clock_difference(server + Duration::minutes(minutes), server), None);
        }
        for minutes in [-60, 6] {
            let ahead = Duration::minutes(minutes);
            assert_eq!(clock_difference(server + ahead, server), Some(ahead));
        }
    }

    #[test]
    fn what_the_directory_says_for_persistent_records_is_read_or_missing() {
        let meta = |json: &str| serde_json::from_str::<Meta>(json).unwrap();
        let full = meta(
            r#"{"accountHashPrefix": "https://ca.test/h/", "issuerDomainNames": ["ca.test"], "caaIdentities": ["x.test"]}"#,
        );
        assert_eq!(full.account_hash_prefix(), Some("https://ca.test/h/"));
        assert_eq!(full.issuer_names(), ["ca.test"]);
        assert_eq!(meta(r#"{"caaIdentities": ["CA.test."]}"#).issuer_names(), ["ca.test"]);
        for odd in [
            "{}",
            r#"{"accountHashPrefix": 1, "issuerDomainNames": "ca.test"}"#,
            r#"{"accountHashPrefix": "https://ca.test/; policy=wildcard", "issuerDomainNames": []}"#,
            r#"{"issuerDomainNames": ["a;b"]}"#,
            r#"{"issuerDomainNames": ["a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a"]}"#,
        ] {
            assert_eq!((meta(odd).account_hash_prefix(), meta(odd).issuer_names()), (None, vec![]), "{odd}");
        }
    }
}
