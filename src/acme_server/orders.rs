//! Orders (RFC 8555 section 7.4): made, read, and their certificates.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::authentication::Authenticated;
use super::core::{Core, OPEN_ORDER};
use super::identifier::Identifier;
use super::problem::Problem;
use super::rate_limits::Counted;
use super::records::{
    Authorization, AuthorizationStatus, Challenge, ChallengeMethod, ChallengeStatus, Order, OrderStatus,
    Record,
};
use super::reply::Reply;
use super::sent_identifier::SentIdentifier;
use super::step::Step;

type Result<T = Step> = std::result::Result<T, Problem>;

const MOST_NAMES: usize = 100;
/// A client that polls is asked to wait so many seconds.
const POLL_AFTER: &str = "1";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewOrder {
    identifiers: Vec<SentIdentifier>,
    not_before: Option<IgnoredAny>,
    not_after: Option<IgnoredAny>,
    replaces: Option<String>,
}

impl Core {
    /// RFC 8555 section 7.4, RFC 9773 section 5.
    pub(super) fn new_order(&mut self, signed: &Authenticated) -> Result {
        let asked: NewOrder = signed.request.payload()?;
        let account = signed.account()?.to_owned();
        let now = signed.now.unix_timestamp();
        if asked.not_before.is_some() || asked.not_after.is_some() {
            return Err(Problem::malformed(
                "the validity is this server's to choose: omit notBefore and notAfter",
            ));
        }
        let identifiers = self.identifiers(&asked.identifiers)?;
        let replaces = match &asked.replaces {
            Some(id) => Some(self.replaced_certificate(id, &account, &identifiers)?),
            None => None,
        };
        self.drop_old_orders(now);
        let mut counted = vec![Counted::Orders(account.clone())];
        counted.extend(identifiers.iter().map(|name| Counted::OrdersFor(account.clone(), name.clone())));
        for counted in &counted {
            self.limits.require(counted, now)?;
        }
        for identifier in &identifiers {
            self.limits.require(&Counted::Failures(account.clone(), identifier.clone()), now)?;
            self.limits.require(&Counted::Issued(identifier.clone()), now)?;
        }
        self.make_room_for_order(&account, signed.network, identifiers.len())?;
        counted.into_iter().for_each(|counted| self.limits.count(counted));
        let authorizations =
            identifiers.into_iter().map(|identifier| self.new_authorization(identifier)).collect();
        let order = Order {
            id: self.new_id(),
            account,
            status: OrderStatus::Pending,
            expires: now + OPEN_ORDER,
            authorizations,
            network: Some(signed.network),
            error: None,
            replaces,
            certificate: None,
        };
        let reply = reply(201, &order, &signed.base);
        self.put_order(order.clone());
        Ok(Step::from(reply).keeping(Record::Order(Box::new(order))))
    }

    /// The names of an order, each once, in the order in which they were sent.
    fn identifiers(&self, sent: &[SentIdentifier]) -> Result<Vec<Identifier>> {
        if sent.is_empty() || sent.len() > MOST_NAMES {
            return Err(Problem::malformed(format!("an order is for 1 to {MOST_NAMES} identifiers")));
        }
        let mut identifiers = Vec::new();
        let mut problems = Vec::new();
        for sent in sent {
            match sent
                .read()
                .and_then(|identifier| self.config.policy.require(&identifier).map(|()| identifier))
            {
                Ok(identifier) if identifiers.contains(&identifier) => {}
                Ok(identifier) => identifiers.push(identifier),
                Err(problem) => problems.push(problem),
            }
        }
        match Problem::of_names(problems) {
            Some(problem) => Err(problem),
            None => Ok(identifiers),
        }
    }

    fn new_authorization(&mut self, identifier: Identifier) -> Authorization {
        let methods = ChallengeMethod::for_identifier(&identifier, identifier.is_wildcard());
        let has_issuers = !self.config.issuers().is_empty();
        let challenges = methods
            .iter()
            .filter(|method| has_issuers || **method != ChallengeMethod::DnsPersist01)
            .map(|&method| Challenge {
                method,
                status: ChallengeStatus::Pending,
                validated: None,
                error: None,
            })
            .collect();
        // RFC 8555 section 8.3: at least 128 bits of entropy.
        let token = format!("{}{}", self.new_id(), self.new_id());
        Authorization { identifier, status: AuthorizationStatus::Pending, token, challenges }
    }

    /// POST-as-GET of an order.
    pub(super) fn order(&self, signed: &Authenticated, id: &str) -> Result {
        let order = self.own_order(signed, id)?;
        signed.request.require_no_payload()?;
        if order.has_expired(signed.now) {
            // RFC 8555 section 7.1.6.
            let mut order = order.clone();
            order.status = OrderStatus::Invalid;
            order.error = Some(Problem::malformed("the order has expired"));
            return Ok(reply(200, &order, &signed.base).into());
        }
        Ok(reply(200, order, &signed.base).into())
    }

    /// RFC 8555 section 7.4.2: the chain, the leaf first.
    pub(super) fn certificate(&self, signed: &Authenticated, id: &str) -> Result {
        let order = self.own_order(signed, id)?;
        signed.request.require_no_payload()?;
        let leaf = order.certificate.as_deref().filter(|_| order.status == OrderStatus::Valid);
        let leaf = leaf.ok_or_else(Problem::not_found)?;
        Ok(Reply::empty(200)
            .with("content-type", "application/pem-certificate-chain")
            .body(self.chain(leaf).into_bytes())
            .into())
    }

    /// An order of the account that has signed. Whether somebody else has one of this name is not told.
    pub(super) fn own_order(&self, signed: &Authenticated, id: &str) -> Result<&Order> {
        let account = signed.account()?;
        self.orders.get(id).filter(|order| order.account == account).ok_or_else(Problem::not_found)
    }
}

/// RFC 8555 section 7.1.3.
pub(super) fn reply(status: u16, order: &Order, base: &str) -> Reply {
    let url = format!("{base}/acme/order/{}", order.id);
    let authorizations: Vec<_> = (0..order.authorizations.len())
        .map(|index| format!("{base}/acme/authorization/{}/{index}", order.id))
        .collect();
    let mut json = json!({
        "status": order.status.as_str(),
        "expires": rfc3339(order.expires),
        "identifiers": order.identifiers().map(Identifier::to_json).collect::<Vec<Value>>(),
        "authorizations": authorizations,
        "finalize": format!("{url}/finalize"),
    });
    if let Some(error) = &order.error {
        json["error"] = error.to_json();
    }
    if order.status == OrderStatus::Valid {
        json["certificate"] = format!("{base}/acme/certificate/{}", order.id).into();
    }
    let reply = Reply::json(status, &json).with("location", url);
    if order.status == OrderStatus::Processing { reply.with("retry-after", POLL_AFTER) } else { reply }
}

/// `2026-11-20T12:00:00Z`, from seconds since 1970.
pub(super) fn rfc3339(time: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(time).ok();
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}
