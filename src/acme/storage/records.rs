//! The JSON files of the state directory. Fields may be added; each file says its `schema`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::acme::challenge::Method;
use crate::acme::{Plan, names};

/// The version of the files here.
pub(super) const SCHEMA: u32 = 1;

/// `account.json`: an account at a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRecord {
    /// The version of this file.
    pub schema: u32,
    /// The directory's address.
    pub server: String,
    /// The terms of service that were agreed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms_agreed: Option<String>,
    /// The mail address that the server knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The account's address; missing until the server has answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl AccountRecord {
    /// A record of an account that is about to be asked for.
    pub fn new(server: &str, terms_agreed: Option<String>) -> Self {
        Self { schema: SCHEMA, server: server.to_owned(), terms_agreed, ..Self::default() }
    }
}

/// `orders/<name>.json`: an order on its way, so that the next run goes on where this one was killed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderJournal {
    /// The version of this file.
    pub schema: u32,
    /// The directory's address.
    pub server: String,
    /// The account that ordered.
    pub account: String,
    /// Hash of the names, whatever their order.
    pub names_hash: String,
    /// The names, for people who read this.
    pub names: Vec<String>,
    /// Kind of the certificate's key.
    pub key_kind: String,
    /// The certificate's key, relative to the state directory.
    pub key: String,
    /// The order's address; missing until the server has answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// What is about to be done.
    pub step: Step,
}

/// The request that an order's journal was written before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The order is about to be placed.
    Order,
    /// The order is placed; its challenges are about to be answered.
    Validate,
    /// The names are validated; the certificate is about to be asked for.
    Finalize,
    /// The certificate came and was not put in place, because its chain does not hold.
    Rejected,
}

impl OrderJournal {
    /// A journal of an order that is about to be placed.
    pub fn new(server: &str, account: &str, names: &[String], key_kind: &str, key: String) -> Self {
        Self {
            schema: SCHEMA,
            server: server.to_owned(),
            account: account.to_owned(),
            names_hash: names::hash(names),
            names: names.to_vec(),
            key_kind: key_kind.to_owned(),
            key,
            order: None,
            step: Step::Order,
        }
    }

    /// Whether it is of the same order: same server, account, names and kind of key.
    pub fn is_same_order(&self, other: &Self) -> bool {
        (&self.server, &self.account, &self.names_hash, &self.key_kind)
            == (&other.server, &other.account, &other.names_hash, &other.key_kind)
    }
}

/// `renew.json`: how the certificate in use was got, and so how to get the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewRecord {
    /// The version of this file.
    pub schema: u32,
    /// The version in `certs/<name>/` that this is about. When `live` shows another one, a run was killed between.
    pub version: u32,
    /// The names.
    pub names: Vec<String>,
    /// The directory's address.
    pub server: String,
    /// CA certificates to trust for the server itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_roots: Option<PathBuf>,
    /// Kind of the certificate's key.
    pub key_kind: String,
    /// How the names were proved; missing when that cannot be written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Method>,
}

impl RenewRecord {
    /// A record of a certificate that was got by `plan`; its version is set when it is put in use.
    pub fn new(plan: &Plan) -> Self {
        // Absolute, because the next run may start in another folder.
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        Self {
            schema: SCHEMA,
            version: 0,
            names: plan.names.clone(),
            server: plan.server.clone(),
            ca_roots: plan.ca_roots.as_ref().map(absolute),
            key_kind: plan.key_kind.as_str().to_owned(),
            challenge: plan.challenge.to_keep(),
        }
    }

    /// What makes the certificate another one than `plan` wants.
    pub fn difference(&self, plan: &Plan) -> Option<&'static str> {
        if names::hash(&self.names) != names::hash(&plan.names) {
            Some("the names have changed")
        } else if self.server != plan.server {
            Some("the one in use is from another server")
        } else if self.key_kind != plan.key_kind.as_str() {
            Some("another kind of key is wanted")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acme::challenge::listen::ListenAddress;
    use crate::x509::KeyKind;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_journal_reads_back_and_knows_its_order() {
        let mut journal = OrderJournal::new(
            "https://ca.test/dir",
            "https://ca.test/a/1",
            &names(&["a.test"]),
            "p256",
            "k".into(),
        );
        journal.order = Some("https://ca.test/o/1".into());
        journal.step = Step::Finalize;
        let text = serde_json::to_string(&journal).unwrap();
        assert!(text.contains(r#""step":"finalize""#), "{text}");
        assert_eq!(serde_json::from_str::<OrderJournal>(&text).unwrap(), journal);

        let same = OrderJournal::new(
            "https://ca.test/dir",
            "https://ca.test/a/1",
            &names(&["a.test"]),
            "p256",
            "x".into(),
        );
        assert!(journal.is_same_order(&same));
        for other in [
            OrderJournal { server: "https://other.test/".into(), ..same.clone() },
            OrderJournal { account: "https://ca.test/a/2".into(), ..same.clone() },
            OrderJournal { key_kind: "p384".into(), ..same.clone() },
            OrderJournal::new(&same.server, &same.account, &names(&["a.test", "b.test"]), "p256", "k".into()),
        ] {
            assert!(!journal.is_same_order(&other));
        }
    }

    #[test]
    fn later_fields_do_not_disturb() {
        let text = r#"{"schema":1,"server":"s","url":"u","new_thing":[1]}"#;
        assert_eq!(serde_json::from_str::<AccountRecord>(text).unwrap().url.as_deref(), Some("u"));
    }

    #[test]
    fn a_certificate_is_told_from_the_wanted_one() {
        let plan = Plan {
            names: names(&["a.test", "b.test"]),
            server: "https://ca.test/dir".into(),
            ca_roots: None,
            email: None,
            key_kind: KeyKind::EcdsaP256,
            challenge: Method::Http(ListenAddress::Everywhere(80)),
            force: false,
        };
        let record = RenewRecord::new(&plan);
        assert_eq!(record.difference(&plan), None);
        assert_eq!(record.difference(&Plan { names: names(&["b.test", "a.test"]), ..plan.clone() }), None);
        for other in [
            Plan { names: names(&["a.test"]), ..plan.clone() },
            Plan { server: "https://other.test/dir".into(), ..plan.clone() },
            Plan { key_kind: KeyKind::Rsa2048, ..plan.clone() },
        ] {
            assert!(record.difference(&other).is_some());
        }
    }
}
