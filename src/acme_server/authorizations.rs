//! Authorizations and their challenges (RFC 8555 section 7.5): read, begun, given up, and what their validation came to.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::authentication::Authenticated;
use super::core::Core;
use super::orders::rfc3339;
use super::problem::Problem;
use super::rate_limits::Counted;
use super::records::{
    AuthorizationStatus, Challenge, ChallengeMethod, ChallengeStatus, Order, OrderStatus, Record,
};
use super::reply::Reply;
use super::step::{Step, Validation};

type Result<T = Step> = std::result::Result<T, Problem>;

#[derive(Deserialize)]
struct AuthorizationUpdate {
    status: String,
}

impl Core {
    /// RFC 8555 section 7.5 and 7.5.2.
    pub(super) fn authorization(&mut self, signed: &Authenticated, id: &str, index: &str) -> Result {
        let mut order = self.own_order(signed, id)?.clone();
        let index = position(index)?;
        if signed.request.payload.is_empty() {
            return Ok(reply(&order, index, &signed.base, &self.config.issuers())?.into());
        }
        let update: AuthorizationUpdate = signed.request.payload()?;
        if update.status != "deactivated" {
            return Err(Problem::malformed("an authorization can only be `deactivated`"));
        }
        let authorization = order.authorizations.get_mut(index).ok_or_else(Problem::not_found)?;
        authorization.status = AuthorizationStatus::Deactivated;
        if !order.status.is_final() && order.status != OrderStatus::Processing {
            order.status = OrderStatus::Invalid;
            order.error = Some(Problem::unauthorized("an authorization was deactivated"));
            self.finish(id, signed.now);
        }
        let reply = reply(&order, index, &signed.base, &self.config.issuers())?;
        Ok(Step::from(reply).keeping(self.replace_order(order)))
    }

    /// RFC 8555 section 7.5.1.
    pub(super) fn challenge(
        &mut self,
        signed: &Authenticated,
        id: &str,
        index: &str,
        method: &str,
    ) -> Result {
        let mut order = self.own_order(signed, id)?.clone();
        let index = position(index)?;
        let is_begun = order.status == OrderStatus::Pending && !order.has_expired(signed.now);
        let authorization = order.authorizations.get_mut(index).ok_or_else(Problem::not_found)?;
        let may_begin = is_begun
            && authorization.status == AuthorizationStatus::Pending
            && authorization.challenges.iter().all(|challenge| challenge.status == ChallengeStatus::Pending);
        let token = authorization.token.clone();
        let challenge =
            authorization.challenges.iter_mut().find(|challenge| challenge.method.as_str() == method);
        let challenge = challenge.ok_or_else(Problem::not_found)?;
        let issuers = self.config.issuers();
        let (order_id, account) = (order.id.clone(), order.account.clone());
        let shown = ShownChallenge {
            order: &order_id,
            account: &account,
            index,
            token: &token,
            base: &signed.base,
            issuers: &issuers,
        };
        let read = |challenge: &Challenge| shown.reply(challenge);
        if signed.request.payload.is_empty() {
            return Ok(read(challenge).into());
        }
        let _: Map<String, Value> = signed.request.payload()?;
        // A second request for the same challenge begins nothing.
        if !may_begin {
            return Ok(read(challenge).into());
        }
        challenge.status = ChallengeStatus::Processing;
        let method = challenge.method;
        let reply = read(challenge);
        let validation = self.validation(&order, index, method);
        let mut step = Step::from(reply).keeping(self.replace_order(order));
        step.validations.extend(validation);
        Ok(step)
    }

    /// Whether somebody still waits for a validation.
    pub fn is_awaited(&self, validation: &Validation, now: OffsetDateTime) -> bool {
        let order = self.orders.get(&validation.order).filter(|order| !order.has_expired(now));
        let authorization = order
            .filter(|order| order.status == OrderStatus::Pending)
            .and_then(|order| order.authorizations.get(validation.authorization));
        authorization.is_some_and(|authorization| {
            let is_it = |challenge: &Challenge| {
                challenge.method == validation.method && challenge.status == ChallengeStatus::Processing
            };
            authorization.status == AuthorizationStatus::Pending && authorization.challenges.iter().any(is_it)
        })
    }

    /// What a validation has found is true until then, in seconds since 1970: nothing is issued on it later
    /// (draft-ietf-acme-dns-persist-02 section 4.1). Gives what must be kept.
    pub fn limit_proof(&mut self, validation: &Validation, until: i64) -> Vec<Record> {
        match self.orders.get(&validation.order).cloned() {
            Some(mut order) if order.expires > until => {
                order.expires = until;
                vec![self.replace_order(order)]
            }
            _ => Vec::new(),
        }
    }

    /// What a validation came to. Gives what must be kept.
    pub fn validated(
        &mut self,
        validation: &Validation,
        result: std::result::Result<(), Problem>,
        now: OffsetDateTime,
    ) -> Vec<Record> {
        let Some(mut order) = self.orders.get(&validation.order).cloned() else { return Vec::new() };
        let Some(authorization) = order.authorizations.get_mut(validation.authorization) else {
            return Vec::new();
        };
        let challenge =
            authorization.challenges.iter_mut().find(|challenge| challenge.method == validation.method);
        let Some(challenge) = challenge.filter(|challenge| challenge.status == ChallengeStatus::Processing)
        else {
            return Vec::new();
        };
        let is_open = authorization.status == AuthorizationStatus::Pending;
        match result {
            Ok(()) => {
                challenge.status = ChallengeStatus::Valid;
                challenge.validated = Some(now.unix_timestamp());
                if is_open {
                    authorization.status = AuthorizationStatus::Valid;
                }
                let all = order.authorizations.iter().all(|one| one.status == AuthorizationStatus::Valid);
                if all && order.status == OrderStatus::Pending {
                    order.status = OrderStatus::Ready;
                }
            }
            Err(problem) => {
                challenge.status = ChallengeStatus::Invalid;
                challenge.error = Some(problem.clone());
                if is_open {
                    authorization.status = AuthorizationStatus::Invalid;
                }
                let identifier = authorization.identifier.clone();
                self.limits.count(Counted::Failures(order.account.clone(), identifier.clone()));
                if order.status == OrderStatus::Pending {
                    order.status = OrderStatus::Invalid;
                    order.error = Some(problem.about(&identifier));
                    self.finish(&order.id, now);
                }
            }
        }
        vec![self.replace_order(order)]
    }
}

fn position(index: &str) -> Result<usize> {
    let number: Option<usize> = index.parse().ok();
    // Only the one spelling that is in our URLs.
    number.filter(|number| number.to_string() == index).ok_or_else(Problem::not_found)
}

/// RFC 8555 section 7.1.4.
fn reply(order: &Order, index: usize, base: &str, issuers: &[String]) -> Result<Reply> {
    let authorization = order.authorizations.get(index).ok_or_else(Problem::not_found)?;
    let (account, token) = (order.account.as_str(), authorization.token.as_str());
    let shown = ShownChallenge { order: &order.id, account, index, token, base, issuers };
    let challenges: Vec<_> = authorization
        .challenges
        .iter()
        // Once one was chosen, the others cannot succeed any more.
        .filter(|challenge| {
            authorization.status == AuthorizationStatus::Pending
                || challenge.status != ChallengeStatus::Pending
        })
        .map(|challenge| shown.json(challenge))
        .collect();
    let mut json = json!({
        "status": authorization.status.as_str(),
        "expires": rfc3339(order.expires),
        "identifier": authorization.identifier.base().to_json(),
        "challenges": challenges,
    });
    if authorization.identifier.is_wildcard() {
        json["wildcard"] = true.into();
    }
    let reply = Reply::json(200, &json);
    let is_under_way =
        authorization.challenges.iter().any(|challenge| challenge.status == ChallengeStatus::Processing);
    Ok(if is_under_way { reply.with("retry-after", "1") } else { reply })
}

/// What surrounds a challenge that is read.
struct ShownChallenge<'a> {
    order: &'a str,
    account: &'a str,
    index: usize,
    token: &'a str,
    base: &'a str,
    issuers: &'a [String],
}

impl ShownChallenge<'_> {
    fn reply(&self, challenge: &Challenge) -> Reply {
        let Self { order, index, base, .. } = self;
        let up = format!("<{base}/acme/authorization/{order}/{index}>;rel=\"up\"");
        let reply = Reply::json(200, &self.json(challenge)).with("link", up);
        if challenge.status == ChallengeStatus::Processing { reply.with("retry-after", "1") } else { reply }
    }

    fn json(&self, challenge: &Challenge) -> Value {
        let Self { order, account, index, token, base, issuers } = self;
        let method = challenge.method.as_str();
        let mut json = json!({
            "type": method,
            "url": format!("{base}/acme/challenge/{order}/{index}/{method}"),
            "status": challenge.status.as_str(),
        });
        if challenge.method == ChallengeMethod::DnsPersist01 {
            // draft-ietf-acme-dns-persist-02 section 3.1. Clients of draft 01 read the other two.
            json["issuerDomainNames"] = json!(issuers);
            json["issuer-domain-names"] = json!(issuers);
            json["accounturi"] = format!("{base}/acme/account/{account}").into();
        } else {
            json["token"] = json!(token);
        }
        if let Some(validated) = challenge.validated {
            json["validated"] = rfc3339(validated).into();
        }
        if let Some(error) = &challenge.error {
            json["error"] = error.to_json();
        }
        json
    }
}
