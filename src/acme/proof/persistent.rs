//! The TXT records that an account needs for dns-persist-01 (draft-ietf-acme-dns-persist-02 section 4.5): they can be made
//! before anything is ordered.

use serde::Deserialize;
use serde_json::Value;

use crate::acme::caller::Caller;
use crate::acme::challenge::{EVERY_NAME, PERSISTENT_LABEL, PersistentRecord, RecordDemand, hashed_account};
use crate::acme::client::account::{self, Session};
use crate::acme::client::server::{Server, issuer_names};
use crate::acme::error::Error;
use crate::acme::plan::Plan;
use crate::acme::storage::Storage;

/// A record to be set.
#[derive(Debug)]
pub struct WantedRecord {
    /// Without a dot at its end.
    pub name: String,
    pub record: PersistentRecord,
}

/// The records for the names of `plan`, each once. `until`: when they end, in seconds since 1970; `one_value`: whether
/// all have one value, which shows that they are of one account. Makes an account if there is none. Needs a tokio runtime
/// with time and I/O.
///
/// # Errors
/// [`Error::NotOffered`], and what every call to a server can end with.
pub async fn wanted_records(
    plan: &Plan,
    storage: &Storage,
    until: Option<i64>,
    one_value: bool,
    caller: &dyn Caller,
) -> Result<Vec<WantedRecord>, Error> {
    let server = Server::connect(&plan.server, plan.roots(), caller).await?;
    let store = storage.account(&plan.server);
    let mut session = account::open(&server, plan, &store, caller).await?;
    // Section 4.5: a record is not given away before the server has said that the account is valid.
    match account::ask(&server, &session.signer, &session.account, caller).await {
        Ok(object) if object.status == "valid" => {}
        Ok(_) => return Err(Error::NoAccount { server: Some(plan.server.clone()) }),
        // Test servers forget, and the same key makes a new one.
        Err(error) if error.is_refusal("accountDoesNotExist") => {
            session = account::open_again(&server, plan, &store, caller).await?;
        }
        Err(error) => return Err(error),
    }
    let mut records: Vec<WantedRecord> = Vec::new();
    for name in &plan.names {
        let (base, is_wildcard) = match name.strip_prefix("*.") {
            Some(base) => (base, true),
            None => (name.as_str(), false),
        };
        let hashed = if one_value { EVERY_NAME } else { base };
        let not_offered = || Error::NotOffered { what: "dns-persist-01", server: plan.server.clone() };
        let wanted = demand(&session, hashed, is_wildcard)?.wanted(until).ok_or_else(not_offered)?;
        let name = format!("{PERSISTENT_LABEL}.{base}");
        match records.iter_mut().find(|record| record.name == name) {
            // A record for wildcards is for the name, too.
            Some(record) => record.record.is_wildcard |= is_wildcard,
            None => records.push(WantedRecord { name, record: wanted }),
        }
    }
    Ok(records)
}

/// What the challenge itself says of the record, which is more than what the directory does.
#[derive(Debug, Default, Deserialize)]
pub struct PersistentOffer {
    #[serde(rename = "issuerDomainNames")]
    issuers: Option<Value>,
    /// Draft 01's spelling.
    #[serde(rename = "issuer-domain-names")]
    early_issuers: Option<Value>,
    #[serde(rename = "accounturi")]
    account_uri: Option<Value>,
}

impl PersistentOffer {
    /// The demand with what the challenge says; `None` when that cannot be so.
    pub fn applied_to(&self, mut demand: RecordDemand) -> Option<RecordDemand> {
        if let Some(list) = self.issuers.as_ref().or(self.early_issuers.as_ref()) {
            demand.issuers = issuer_names(list)?;
        }
        if let Some(uri) = &self.account_uri {
            let is_uri =
                |uri: &&str| uri.contains(':') && uri.bytes().all(|b| b.is_ascii_graphic() && b != b';');
            let uri = uri.as_str().filter(is_uri)?.to_owned();
            // Hashes are of the same account, and a record that has one stays good.
            demand.account_uris.retain(|known| *known != uri && known.contains("/sha-256/"));
            demand.account_uris.insert(0, uri);
        }
        Some(demand)
    }
}

/// What a record at `host` must say for this account.
///
/// # Errors
/// [`Error::Key`] for a signer without an account.
pub fn demand(session: &Session<'_>, host: &str, is_wildcard: bool) -> Result<RecordDemand, Error> {
    let meta = &session.server.directory.meta;
    let url = session.signer.account().ok_or_else(|| Error::Key("the account has no URL".to_owned()))?;
    let hashed = |prefix: &str, name| hashed_account(prefix, name, &session.signer.thumbprint(), url);
    let account_uris = match meta.account_hash_prefix() {
        Some(prefix) => vec![hashed(prefix, host), hashed(prefix, EVERY_NAME)],
        // Draft 01 has the account itself.
        None => vec![url.to_owned()],
    };
    Ok(RecordDemand { issuers: meta.issuer_names(), account_uris, is_wildcard })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_says_more_than_the_directory() {
        let demand = |uri: &str| RecordDemand {
            issuers: vec!["meta.test".into()],
            account_uris: vec![uri.into()],
            is_wildcard: false,
        };
        let applied = |json: &str, uri: &str| {
            let offer: PersistentOffer = serde_json::from_str(json).unwrap();
            offer.applied_to(demand(uri)).map(|demand| (demand.issuers.concat(), demand.account_uris))
        };
        let hash = "https://ca.test/h/sha-256/x";
        let own = "https://ca.test/acct/1".to_owned();
        for (json, issuer) in [
            ("{}", "meta.test"),
            (r#"{"issuerDomainNames": ["CA.test."]}"#, "ca.test"),
            (r#"{"issuer-domain-names": ["ca.test"]}"#, "ca.test"),
            (r#"{"issuerDomainNames": ["ca.test"], "issuer-domain-names": ["early.test"]}"#, "ca.test"),
        ] {
            assert_eq!(applied(json, hash), Some((issuer.to_owned(), vec![hash.to_owned()])), "{json}");
        }
        let json = r#"{"accounturi": "https://ca.test/acct/1"}"#;
        assert_eq!(applied(json, "https://ca.test/acct/2").unwrap().1, std::slice::from_ref(&own));
        assert_eq!(applied(json, hash).unwrap().1, [own, hash.to_owned()]);
        let eleven = format!(r#"{{"issuerDomainNames": [{}]}}"#, ["\"a.test\""; 11].join(","));
        for json in [
            r#"{"issuerDomainNames": []}"#,
            r#"{"issuer-domain-names": "ca.test"}"#,
            r#"{"issuerDomainNames": ["a;b"]}"#,
            r#"{"accounturi": 1}"#,
            r#"{"accounturi": "https://ca.test/; policy=wildcard"}"#,
            &eleven,
        ] {
            assert_eq!(applied(json, hash), None, "{json}");
        }
    }
}
