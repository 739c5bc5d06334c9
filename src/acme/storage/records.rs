//! The JSON files of the state directory. Fields may be added; each file says its `schema`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::{Timestamp, absolute};
use crate::acme::challenge::ChallengeMethod;
use crate::acme::plan::Plan;
use crate::acme::plan::given_request::GivenRequest;
use crate::acme::plan::life_settings::LifeSettings;
use crate::acme::plan::names;

/// The version of the files here.
pub(super) const SCHEMA: u32 = 1;
/// How often and for how long a chain that does not hold is judged again: what is wrong may be this machine's trust.
const MOST_REJECTIONS: u32 = 3;
const LONGEST_REJECTION: Duration = Duration::days(1);

/// `account.json`: an account at a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRecord {
    /// The version of this file.
    pub schema: u32,
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
    /// CA certificates to trust for the server itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_roots: Option<PathBuf>,
    /// Whether it is closed; the next order makes another.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deactivated: bool,
    /// Kinds of certificate keys that the server has refused, and when it did so last.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub key_kinds_refused: BTreeMap<String, Timestamp>,
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
    pub server: String,
    /// The account that ordered.
    pub account: String,
    /// Hash of the names, whatever their order.
    pub names_hash: String,
    /// The names, for people who read this.
    pub names: Vec<String>,
    /// Kind of the certificate's key.
    pub key_kind: String,
    /// The hash of the signing request that the certificate is made of; missing where certkit has its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The profile that is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The certificate that this one replaces, by its name in requests (RFC 9773 section 4.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// The certificate's key, relative to the state directory.
    pub key: String,
    /// The order's address; missing until the server has answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// What is about to be done.
    pub step: Step,
    /// When the server gives the order up, as it has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Whether the certificate is issued and counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_issued: bool,
    /// How many runs have failed with this order in a row.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// In how many runs in a row the server did not say how the order stands, or did not take it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub silent_runs: u32,
    /// How often its chain did not hold.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rejections: u32,
    /// When that was seen first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_since: Option<Timestamp>,
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
            request: None,
            profile: None,
            replaces: None,
            key,
            order: None,
            step: Step::Order,
            expires: None,
            is_issued: false,
            failures: 0,
            silent_runs: 0,
            rejections: 0,
            rejected_since: None,
        }
    }

    /// Notes that the chain, whose leaf is valid until `end`, does not hold.
    pub fn reject(&mut self, end: Option<OffsetDateTime>, now: OffsetDateTime) {
        self.step = Step::Rejected;
        self.rejected_since.get_or_insert_with(|| now.into());
        // Nothing makes a chain hold that has expired.
        let is_over = end.is_some_and(|end| end <= now);
        self.rejections = if is_over { MOST_REJECTIONS } else { self.rejections.saturating_add(1) };
    }

    /// Whether its chain has been looked at often or long enough, so that another order is better.
    pub fn is_rejected_for_good(&self, now: OffsetDateTime) -> bool {
        let is_old = self.rejected_since.is_some_and(|since| since.0 + LONGEST_REJECTION <= now);
        self.step == Step::Rejected && (self.rejections >= MOST_REJECTIONS || is_old)
    }

    /// Whether it is of the same order: same server, account, names, kind of key, signing request and profile.
    pub fn is_same_order(&self, other: &Self) -> bool {
        let of = |journal: &Self| {
            let Self { server, account, names_hash, key_kind, request, profile, .. } = journal.clone();
            (server, account, names_hash, key_kind, request, profile)
        };
        of(self) == of(other)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// `renew.json`: how the certificate in use was got, and so how to get the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewRecord {
    /// The version of this file.
    pub schema: u32,
    /// The version in `certs/<name>/` that this is about. When `live` shows another one, a run was killed between.
    pub version: u32,
    pub names: Vec<String>,
    /// The server that issued it.
    pub server: String,
    /// The account that ordered it: only that one may name it as replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// All servers that may issue the next one, the preferred one first; empty for `server` alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<String>,
    /// CA certificates to trust for the server itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_roots: Option<PathBuf>,
    /// Kind of the certificate's key.
    pub key_kind: String,
    /// The signing request that names and key are from; missing where certkit makes the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<GivenRequest>,
    /// How the names were proved; missing when that cannot be written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<ChallengeMethod>,
    /// The profile that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The common name of the issuer that the chain should end with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_chain: Option<String>,
    /// What to run when a new certificate is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deploy_hook: Option<String>,
    /// The group that may read the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_group: Option<String>,
    /// When it was revoked; it is not renewed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
    /// When the server wants it renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<RenewalWindow>,
    /// When to ask the server for that again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask_again: Option<Timestamp>,
    /// How many renewals have failed in a row.
    #[serde(default)]
    pub failures: u32,
    /// When the first of them failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// The last one that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<FailureRecord>,
    /// No other try before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// How the deploy hook went; missing while there was none to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<HookRecord>,
    /// Commands around an order, and the key from one to the next.
    #[serde(flatten)]
    pub life: LifeSettings,
    /// When the records end that prove the names without another change of the DNS, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof_ends: Option<i64>,
    /// When the failure hook ran last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_hook_ran: Option<Timestamp>,
}

/// When the server wants a certificate renewed (RFC 9773 section 4.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewalWindow {
    /// The certificate that this is about, by its name in requests (RFC 9773 section 4.1).
    pub certificate: String,
    pub start: Timestamp,
    pub end: Timestamp,
    /// The point in it that was chosen at random, once.
    pub chosen: Timestamp,
    /// A page that tells people why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
}

/// A renewal that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureRecord {
    pub at: Timestamp,
    /// Why, in one line.
    pub message: String,
    /// The server that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

impl HookRecord {
    /// A hook that is about to be run.
    pub fn pending(now: OffsetDateTime) -> Self {
        Self { pending: true, at: now.into(), failure: None, output: String::new() }
    }
}

/// How the deploy hook of the certificate in use went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookRecord {
    /// Whether it is still to be run: it has failed, or a run was killed before its end.
    pub pending: bool,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The end of its output.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
}

impl RenewRecord {
    /// A record of a certificate that was got by `plan`; its version is set when it is put in use.
    pub fn new(plan: &Plan) -> Self {
        Self {
            schema: SCHEMA,
            version: 0,
            names: plan.names.clone(),
            server: plan.server.clone(),
            account: None,
            servers: plan.servers.clone(),
            ca_roots: plan.ca_roots.as_deref().map(absolute),
            key_kind: plan.key_word(),
            request: plan.request.clone(),
            challenge: plan.challenge.to_keep(),
            profile: plan.profile.clone(),
            preferred_chain: plan.preferred_chain.clone(),
            deploy_hook: plan.deploy_hook.clone(),
            key_group: plan.key_group.clone(),
            revoked: None,
            window: None,
            ask_again: None,
            failures: 0,
            failing_since: None,
            last_failure: None,
            not_before: None,
            hook: None,
            life: plan.life.clone(),
            proof_ends: None,
            failure_hook_ran: None,
        }
    }

    /// Completes a plan with the settings of the certificate in use, where the plan leaves them out. An empty value in
    /// the plan removes a setting.
    pub fn complete(record: Option<&Self>, plan: &mut Plan) {
        let same_server =
            record.filter(|record| record.server == plan.server || record.servers.contains(&plan.server));
        let fill = |planned: &mut Option<String>, kept: Option<&String>| {
            *planned = planned.take().or_else(|| kept.cloned()).filter(|text| !text.is_empty());
        };
        // Another server has profiles and chains of its own.
        fill(&mut plan.profile, same_server.and_then(|record| record.profile.as_ref()));
        fill(&mut plan.preferred_chain, same_server.and_then(|record| record.preferred_chain.as_ref()));
        fill(&mut plan.deploy_hook, record.and_then(|record| record.deploy_hook.as_ref()));
        fill(&mut plan.key_group, record.and_then(|record| record.key_group.as_ref()));
        plan.life.complete(record.map(|record| &record.life));
        if plan.request.is_some() {
            // There is no key here that they could be about.
            plan.key_group = None;
            plan.life.key_rotation = None;
        }
        let kept = same_server.and_then(|record| record.ca_roots.clone());
        plan.ca_roots = plan.ca_roots.take().or(kept).filter(|path| !path.as_os_str().is_empty());
    }

    /// Takes over how `plan` wants to go on. Tells whether anything is new.
    pub fn take_settings(&mut self, plan: &Plan) -> bool {
        let planned = Self::new(plan);
        let is_new = self.servers != planned.servers
            || (&self.ca_roots, &self.challenge, &self.preferred_chain, &self.deploy_hook, &self.key_group)
                != (
                    &planned.ca_roots,
                    &planned.challenge,
                    &planned.preferred_chain,
                    &planned.deploy_hook,
                    &planned.key_group,
                );
        self.servers = planned.servers;
        self.ca_roots = planned.ca_roots;
        self.challenge = planned.challenge;
        self.preferred_chain = planned.preferred_chain;
        self.deploy_hook = planned.deploy_hook;
        self.key_group = planned.key_group;
        let is_new = is_new || self.life != plan.life;
        self.life = plan.life.clone();
        is_new
    }

    /// Whether the deploy hook is still to be run.
    pub fn hook_is_pending(&self) -> bool {
        self.deploy_hook.is_some() && self.hook.as_ref().is_some_and(|hook| hook.pending)
    }

    /// What makes the certificate another one than `plan` wants.
    pub fn difference(&self, plan: &Plan) -> Option<&'static str> {
        if names::hash(&self.names) != names::hash(&plan.names) {
            Some("the names have changed")
        } else if !plan.may_issue(&self.server) {
            Some("the current one is from another server")
        } else if self.request != plan.request {
            Some(match plan.request {
                Some(_) => "another signing request was given",
                None => "certkit is to make its key",
            })
        } else if self.key_kind != plan.key_word() {
            Some("another kind of key was requested")
        } else if self.profile != plan.profile {
            Some("another profile was requested")
        } else if self.revoked.is_some() {
            Some("the current one is revoked")
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
            OrderJournal { request: Some("hash".into()), ..same.clone() },
            OrderJournal { profile: Some("shortlived".into()), ..same.clone() },
            OrderJournal::new(&same.server, &same.account, &names(&["a.test", "b.test"]), "p256", "k".into()),
        ] {
            assert!(!journal.is_same_order(&other));
        }
    }

    #[test]
    fn a_chain_is_rejected_for_good_after_three_times_a_day_or_its_end() {
        let now = time::macros::datetime!(2026-11-20 12:00 UTC);
        let fresh = OrderJournal::new("s", "a", &names(&["a.test"]), "p256", "k".into());
        let later = Some(now + Duration::days(90));
        assert!(!fresh.is_rejected_for_good(now));
        let mut journal = fresh.clone();
        for _ in 0..2 {
            journal.reject(later, now);
            assert!(!journal.is_rejected_for_good(now));
        }
        assert!(journal.is_rejected_for_good(now + Duration::days(1)));
        journal.reject(later, now);
        assert!(journal.is_rejected_for_good(now));
        let mut journal = fresh;
        journal.reject(Some(now), now);
        assert!(journal.is_rejected_for_good(now));
    }

    #[test]
    fn records_of_earlier_versions_read() {
        let text = r#"{"schema":1,"version":2,"names":["a.test"],"server":"s","key_kind":"p256"}"#;
        let record = serde_json::from_str::<RenewRecord>(text).unwrap();
        assert_eq!((record.version, record.failures, record.window), (2, 0, None));
    }

    #[test]
    fn later_fields_do_not_disturb() {
        let text = r#"{"schema":1,"server":"s","url":"u","new_thing":[1],"refused_key_kinds":["ed25519"]}"#;
        assert_eq!(serde_json::from_str::<AccountRecord>(text).unwrap().url.as_deref(), Some("u"));
    }

    #[test]
    fn a_certificate_is_told_from_the_wanted_one() {
        let plan = Plan {
            names: names(&["a.test", "b.test"]),
            server: "https://ca.test/dir".into(),
            ..Plan::new(ChallengeMethod::Http(ListenAddress::Everywhere(80)))
        };
        let record = RenewRecord::new(&plan);
        assert_eq!(record.difference(&plan), None);
        assert_eq!(record.difference(&Plan { names: names(&["b.test", "a.test"]), ..plan.clone() }), None);
        for other in [
            Plan { names: names(&["a.test"]), ..plan.clone() },
            Plan { server: "https://other.test/dir".into(), ..plan.clone() },
            Plan { key_kind: KeyKind::Rsa2048, ..plan.clone() },
            Plan { profile: Some("shortlived".into()), ..plan.clone() },
        ] {
            assert!(record.difference(&other).is_some());
        }
    }
}
