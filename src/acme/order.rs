//! One order from its placing to the chain (RFC 8555 section 7.4), told by its status.
//!
//! ```text
//! pending ── challenges answered ──> ready ── finalize ──> processing ──> valid ── download ──> chain
//!    └──────────────────────────────> invalid
//! ```
//!
//! The journal is written before each request that changes the order, so that a run which is killed is continued by
//! the next: the status says where.

use std::time::{Duration, Instant};

use instant_acme::{Account, ChallengeStatus, ChallengeType, Identifier, NewOrder, Order, OrderStatus};

use super::challenge::http01::Http01;
use super::error::{Error, FailedValidation};
use super::http::Http;
use super::storage::{CertificateStore, OrderJournal, Step};
use super::{Caller, Plan, Progress, key, retry};
use crate::x509::{Certificate, PrivateKey};

const FIRST_POLL: Duration = Duration::from_millis(50);
const LONGEST_POLL: Duration = Duration::from_secs(5);
/// The most that a server's `Retry-After` between two polls is obeyed.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);
/// A server that needs longer to validate or to sign is asked again by the next run.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// An order on its way.
pub(super) struct Journey<'a> {
    plan: &'a Plan,
    store: &'a CertificateStore,
    caller: &'a dyn Caller,
    http: &'a Http,
    order: Order,
    journal: OrderJournal,
    key: PrivateKey,
    /// Whether it is the order of an earlier run.
    pub is_resumed: bool,
    /// Names and tokens that are answered.
    answered: Vec<(String, String)>,
}

/// What came of an order.
pub(super) struct Issued {
    /// The certificate's key.
    pub key: PrivateKey,
    /// Leaf first.
    pub chain: Vec<Certificate>,
    /// The journal as it stands.
    pub journal: OrderJournal,
}

impl<'a> Journey<'a> {
    /// Takes up the order in the journal, or places a new one.
    ///
    /// # Errors
    /// What every call to a server can end with.
    pub(super) async fn begin(
        plan: &'a Plan,
        store: &'a CertificateStore,
        caller: &'a dyn Caller,
        http: &'a Http,
        account: &Account,
    ) -> Result<Self, Error> {
        let wanted = OrderJournal::new(
            &plan.server,
            account.id(),
            &plan.names,
            plan.key_kind.as_str(),
            store.order_key_name(),
        );
        let resumed = resume(plan, store, caller, account, &wanted).await?;
        let is_resumed = resumed.is_some();
        let (order, journal, key) = match resumed {
            Some(begun) => begun,
            None => place(plan, store, caller, account, wanted).await?,
        };
        Ok(Self { plan, store, caller, http, order, journal, key, is_resumed, answered: Vec::new() })
    }

    /// Goes on until there is a chain.
    ///
    /// # Errors
    /// [`Error::Validation`] with every name that failed, [`Error::TryLater`] when the server takes too long, and
    /// what every call to a server can end with.
    pub(super) async fn finish(mut self, http01: &Http01) -> Result<Issued, Error> {
        let mut finalized = false;
        loop {
            match self.order.state().status {
                OrderStatus::Pending => {
                    self.answer_challenges(http01).await?;
                    self.wait_while(OrderStatus::Pending, "validating").await?;
                }
                OrderStatus::Ready if !finalized => {
                    self.caller.progress(Progress::Validated);
                    self.finalize().await?;
                    finalized = true;
                }
                OrderStatus::Ready => self.wait_while(OrderStatus::Ready, "signing").await?,
                OrderStatus::Processing => self.wait_while(OrderStatus::Processing, "signing").await?,
                OrderStatus::Valid => return self.download().await,
                OrderStatus::Invalid => return Err(self.failure(http01).await?),
            }
        }
    }

    async fn answer_challenges(&mut self, http01: &Http01) -> Result<(), Error> {
        for index in 0..self.order.state().authorizations.len() {
            let order = &mut self.order;
            let mut first_try = true;
            let answer = retry::call(self.caller, "answering the challenge", async || {
                let is_again = !std::mem::take(&mut first_try);
                answer_challenge(order, index, is_again, http01).await
            })
            .await;
            match answer {
                Ok(Answer::Given { name, token }) => self.answered.push((name, token)),
                Ok(Answer::NotNeeded) => {}
                Ok(Answer::NotOffered { name, offered }) => return Err(Error::NoChallenge { name, offered }),
                Err(error @ Error::Refused { .. }) => {
                    // The server may have tried and failed already; then the order says more than this answer.
                    self.refresh().await?;
                    if self.order.state().status != OrderStatus::Invalid {
                        return Err(error);
                    }
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        self.caller.progress(Progress::ChallengesAnswered { names: self.answered.len() });
        Ok(())
    }

    async fn finalize(&mut self) -> Result<(), Error> {
        self.journal.step = Step::Finalize;
        self.store.save_journal(&self.journal)?;
        let request = key::signing_request(&self.key, &self.plan.names)?;
        let order = &mut self.order;
        let result = retry::call(self.caller, "asking for the certificate", async || {
            order.finalize_csr(&request).await
        })
        .await;
        if let Err(error) = result {
            // When the answer to the first try was lost, the second is refused: the order is no longer ready
            // (RFC 8555 section 7.4).
            if !error.is_refusal("orderNotReady") {
                return Err(error);
            }
            self.refresh().await?;
            if self.order.state().status == OrderStatus::Ready {
                return Err(error);
            }
        }
        self.caller.progress(Progress::Finalized);
        Ok(())
    }

    async fn download(mut self) -> Result<Issued, Error> {
        let doing = "fetching the certificate";
        let order = &mut self.order;
        let text = retry::call(self.caller, doing, async || order.certificate().await).await?;
        let bad = |reason: String| Error::BadAnswer { doing, reason };
        let text = text.ok_or_else(|| bad("a valid order without a certificate".into()))?;
        let chain = key::chain_from_pem(text.as_bytes()).map_err(bad)?;
        self.caller.progress(Progress::Downloaded);
        Ok(Issued { key: self.key, chain, journal: self.journal })
    }

    async fn wait_while(&mut self, status: OrderStatus, what: &'static str) -> Result<(), Error> {
        let started = Instant::now();
        let mut poll = FIRST_POLL;
        while self.order.state().status == status {
            let pause = self.http.retry_after().map_or(poll, |asked| asked.clamp(poll, LONGEST_RETRY_AFTER));
            if started.elapsed() + pause > LONGEST_WAIT {
                return Err(Error::TryLater {
                    doing: what,
                    reason: format!("the server is still {what} after {} s", LONGEST_WAIT.as_secs()),
                    retry_after: None,
                });
            }
            tokio::time::sleep(pause).await;
            poll = (poll * 3 / 2).min(LONGEST_POLL);
            self.refresh().await?;
        }
        Ok(())
    }

    async fn refresh(&mut self) -> Result<(), Error> {
        let order = &mut self.order;
        retry::call(self.caller, "asking how the order stands", async || order.refresh().await.map(|_| ()))
            .await
    }

    /// Why the order is invalid: what the server says of each name, else of the order.
    async fn failure(&mut self, http01: &Http01) -> Result<Error, Error> {
        let order = &mut self.order;
        let answered = &self.answered;
        let failed = retry::call(self.caller, "asking why the validation failed", async || {
            failed_validations(order, answered, http01).await
        })
        .await?;
        if !failed.is_empty() {
            return Ok(Error::Validation(failed));
        }
        let doing = "asking for the certificate";
        Ok(match &self.order.state().error {
            Some(problem) => Error::Refused { doing, refusal: problem.into() },
            None => Error::BadAnswer { doing, reason: "the order became invalid without a reason".into() },
        })
    }
}

type Begun = (Order, OrderJournal, PrivateKey);

/// The order in the journal, if it is of the wanted kind and the server still has it.
async fn resume(
    plan: &Plan,
    store: &CertificateStore,
    caller: &dyn Caller,
    account: &Account,
    wanted: &OrderJournal,
) -> Result<Option<Begun>, Error> {
    let (Some(journal), Some(key)) = (store.journal()?, store.order_key()?) else { return Ok(None) };
    let Some(url) = journal.order.clone().filter(|_| journal.is_same_order(wanted)) else { return Ok(None) };
    if plan.force && journal.step == Step::Rejected {
        return Ok(None);
    }
    let order = retry::call(caller, "asking for the order", async || account.order(url.clone()).await).await;
    let mut order = match order {
        Ok(order) => order,
        // Forgotten by the server.
        Err(Error::Refused { .. } | Error::BadAnswer { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    if order.state().status == OrderStatus::Invalid {
        return Ok(None);
    }
    caller.progress(Progress::OrderResumed);
    Ok(Some((order, journal, key)))
}

async fn place(
    plan: &Plan,
    store: &CertificateStore,
    caller: &dyn Caller,
    account: &Account,
    mut journal: OrderJournal,
) -> Result<Begun, Error> {
    // In this order an old journal never stands beside a new key.
    store.forget_order()?;
    let key = PrivateKey::generate(plan.key_kind).map_err(|error| Error::Key(error.to_string()))?;
    store.save_order_key(&key)?;
    store.save_journal(&journal)?;
    let identifiers: Vec<_> = plan.names.iter().cloned().map(Identifier::Dns).collect();
    let order = retry::call(caller, "placing the order", async || {
        account.new_order(&NewOrder::new(&identifiers)).await
    })
    .await?;
    journal.order = Some(order.url().to_owned());
    journal.step = Step::Validate;
    store.save_journal(&journal)?;
    caller.progress(Progress::OrderPlaced { names: plan.names.len() });
    Ok((order, journal, key))
}

enum Answer {
    Given { name: String, token: String },
    NotNeeded,
    NotOffered { name: String, offered: Vec<String> },
}

/// Answers the challenge of the authorization at `index`. `is_again`: the server may have got the first try, whose
/// answer was lost; so ask first how it stands.
async fn answer_challenge(
    order: &mut Order,
    index: usize,
    is_again: bool,
    http01: &Http01,
) -> Result<Answer, instant_acme::Error> {
    let mut authorizations = order.authorizations();
    let mut position = 0;
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if position < index {
            position += 1;
            continue;
        }
        if is_again {
            authorization.refresh().await?;
        }
        if authorization.status != instant_acme::AuthorizationStatus::Pending {
            return Ok(Answer::NotNeeded);
        }
        let name = authorization.identifier().to_string();
        let offered = || authorization.challenges.iter().map(|offer| format!("{:?}", offer.r#type)).collect();
        if !authorization.challenges.iter().any(|offer| offer.r#type == ChallengeType::Http01) {
            return Ok(Answer::NotOffered { name, offered: offered() });
        }
        let Some(mut challenge) = authorization.challenge(ChallengeType::Http01) else { break };
        let token = challenge.token.clone();
        http01.answer(&token, challenge.key_authorization().as_str());
        if challenge.status == ChallengeStatus::Pending {
            challenge.set_ready().await?;
        }
        return Ok(Answer::Given { name, token });
    }
    Ok(Answer::NotNeeded)
}

async fn failed_validations(
    order: &mut Order,
    answered: &[(String, String)],
    http01: &Http01,
) -> Result<Vec<FailedValidation>, instant_acme::Error> {
    let mut failed = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        let state = authorization.refresh().await?;
        let name = state.identifier().to_string();
        let asked = answered.iter().any(|(of, token)| *of == name && http01.was_asked(token));
        failed.extend(
            state
                .challenges
                .iter()
                .filter_map(|challenge| challenge.error.as_ref())
                .map(|problem| FailedValidation { name: name.clone(), refusal: problem.into(), asked }),
        );
    }
    Ok(failed)
}
