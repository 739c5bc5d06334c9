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

use instant_acme::{
    AuthorizationStatus, AuthorizedIdentifier, ChallengeHandle, ChallengeStatus, ChallengeType, Order,
    OrderStatus,
};

use super::account::Session;
use super::challenge::{Answer, Kind, Solver};
use super::error::{Error, FailedValidation};
use super::obtain::Goal;
use super::place::{self, Begun, Terms};
use super::storage::{CertificateStore, OrderJournal, Step};
use super::{Caller, Plan, Progress, download, key, retry};
use crate::x509::{Certificate, HostName, PrivateKey};

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
    session: &'a Session<'a>,
    order: Order,
    journal: OrderJournal,
    key: PrivateKey,
    /// Whether it is the order of an earlier run.
    pub is_resumed: bool,
    /// What the server can find now.
    shown: Vec<Shown>,
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
        session: &'a Session<'a>,
        terms: Terms<'_>,
    ) -> Result<Self, Error> {
        let Begun { order, journal, key, is_resumed } =
            place::begin(plan, store, caller, session, terms).await?;
        Ok(Self { plan, store, caller, session, order, journal, key, is_resumed, shown: Vec::new() })
    }

    /// Goes on until there is a chain, or with [`Goal::Validation`] until all names are validated (then there is none),
    /// and takes the answers away again, however it ends.
    ///
    /// # Errors
    /// [`Error::Validation`] with every name that failed, [`Error::TryLater`] when the server takes too long,
    /// [`Error::Challenge`], and what every call to a server can end with.
    pub(super) async fn finish(mut self, solver: &dyn Solver, goal: Goal) -> Result<Option<Issued>, Error> {
        let chain = self.go_on(solver, goal).await;
        self.withdraw(solver).await;
        Ok(chain?.map(|chain| Issued { key: self.key, chain, journal: self.journal }))
    }

    async fn go_on(&mut self, solver: &dyn Solver, goal: Goal) -> Result<Option<Vec<Certificate>>, Error> {
        let mut finalized = false;
        loop {
            match self.order.state().status {
                OrderStatus::Pending => {
                    self.answer_challenges(solver).await?;
                    self.wait_while(OrderStatus::Pending, "validating").await?;
                }
                OrderStatus::Ready if !finalized => {
                    self.caller.progress(Progress::Validated);
                    if goal == Goal::Validation {
                        return Ok(None);
                    }
                    self.finalize().await?;
                    finalized = true;
                }
                OrderStatus::Ready => self.wait_while(OrderStatus::Ready, "signing").await?,
                OrderStatus::Processing => self.wait_while(OrderStatus::Processing, "signing").await?,
                OrderStatus::Valid => return self.download().await.map(Some),
                OrderStatus::Invalid => return Err(self.failure(solver).await?),
            }
        }
    }

    /// Shows all answers before the server is told of the first: a name and its wildcard have theirs at the same
    /// place, and what takes time to spread is waited for once.
    async fn answer_challenges(&mut self, solver: &dyn Solver) -> Result<(), Error> {
        let mut untold = Vec::new();
        for index in 0..self.order.state().authorizations.len() {
            match self.challenge(index, solver.kind()).await? {
                Challenge::NotNeeded => {}
                Challenge::NotOffered { name, offered } => {
                    return Err(Error::NoChallenge { name, kind: solver.kind(), offered });
                }
                Challenge::Open { shown, is_told } => {
                    if !is_told {
                        untold.push(index);
                    }
                    self.shown.push(shown);
                }
            }
        }
        let answers: Vec<_> = self.shown.iter().map(|shown| shown.answer.clone()).collect();
        solver.present(&answers).await?;
        for index in untold {
            if let Err(error) = self.tell(index, solver.kind()).await {
                if !matches!(error, Error::Refused { .. }) {
                    return Err(error);
                }
                // The server may have tried and failed already; then the order says more than this answer.
                self.refresh().await?;
                return if self.order.state().status == OrderStatus::Invalid { Ok(()) } else { Err(error) };
            }
        }
        self.caller.progress(Progress::ChallengesAnswered { names: self.shown.len() });
        Ok(())
    }

    /// The challenge of the authorization at `index`.
    async fn challenge(&mut self, index: usize, kind: Kind) -> Result<Challenge, Error> {
        let (order, names) = (&mut self.order, &self.plan.names);
        retry::call(self.caller, "asking for the challenge", async || {
            challenge(order, index, kind, names).await
        })
        .await
    }

    /// Tells the server to look for the answer of the authorization at `index`.
    async fn tell(&mut self, index: usize, kind: Kind) -> Result<(), Error> {
        let order = &mut self.order;
        let mut first_try = true;
        retry::call(self.caller, "answering the challenge", async || {
            let is_again = !std::mem::take(&mut first_try);
            tell(order, index, kind, is_again).await
        })
        .await
    }

    /// Takes away what was shown, by this run or by the killed one before it.
    async fn withdraw(&mut self, solver: &dyn Solver) {
        let mut answers: Vec<_> = self.shown.drain(..).map(|shown| shown.answer).collect();
        if answers.is_empty() && self.is_resumed && solver.outlives_process() {
            for index in 0..self.order.state().authorizations.len() {
                let order = &mut self.order;
                // What cannot be asked any more cannot be tidied up; the certificate does not depend on it.
                answers
                    .extend(any_answer(order, index, solver.kind(), &self.plan.names).await.ok().flatten());
            }
        }
        if answers.is_empty() {
            return;
        }
        if let Err(error) = solver.withdraw(&answers).await {
            self.caller.progress(Progress::NotWithdrawn { reason: &error.to_string() });
        }
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

    async fn download(&mut self) -> Result<Vec<Certificate>, Error> {
        let Some(url) = self.order.state().certificate.clone() else {
            let reason = "a valid order without a certificate".to_owned();
            return Err(Error::BadAnswer { doing: "fetching the certificate", reason });
        };
        let preferred = self.plan.preferred_chain.as_deref();
        let chain = download::chain(self.session, &url, preferred, self.caller).await?;
        self.caller.progress(Progress::Downloaded);
        Ok(chain)
    }

    async fn wait_while(&mut self, status: OrderStatus, what: &'static str) -> Result<(), Error> {
        let started = Instant::now();
        let mut poll = FIRST_POLL;
        while self.order.state().status == status {
            let pause = self
                .session
                .server
                .http
                .retry_after()
                .map_or(poll, |asked| asked.clamp(poll, LONGEST_RETRY_AFTER));
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
    async fn failure(&mut self, solver: &dyn Solver) -> Result<Error, Error> {
        let order = &mut self.order;
        let shown = &self.shown;
        let failed = retry::call(self.caller, "asking why the validation failed", async || {
            failed_validations(order, shown, solver).await
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

/// How the challenge of one authorization stands.
enum Challenge {
    /// It waits for an answer; `is_told`: the server is looking already.
    Open {
        shown: Shown,
        is_told: bool,
    },
    NotNeeded,
    NotOffered {
        name: String,
        offered: Vec<String>,
    },
}

/// A name and the answer that is shown for it.
struct Shown {
    name: String,
    answer: Answer,
}

/// The challenge of the authorization at `index`, which is asked for unless it is known.
async fn challenge(
    order: &mut Order,
    index: usize,
    kind: Kind,
    names: &[String],
) -> Result<Challenge, instant_acme::Error> {
    let mut authorizations = order.authorizations();
    for _ in 0..index {
        let _ = authorizations.next().await.transpose()?;
    }
    let Some(mut authorization) = authorizations.next().await.transpose()? else {
        return Ok(Challenge::NotNeeded);
    };
    if authorization.status != AuthorizationStatus::Pending {
        return Ok(Challenge::NotNeeded);
    }
    let (name, host) = known_name(&authorization.identifier(), names)?;
    let offered = authorization.challenges.iter().map(|offer| word(&offer.r#type)).collect();
    let Some(challenge) = authorization.challenge(type_of(kind)) else {
        return Ok(Challenge::NotOffered { name, offered });
    };
    let is_told = challenge.status != ChallengeStatus::Pending;
    Ok(Challenge::Open { shown: Shown { name, answer: answer(&challenge, host)? }, is_told })
}

/// Tells the server to look. `is_again`: it may have got the first try, whose answer was lost; so ask first how it
/// stands.
async fn tell(
    order: &mut Order,
    index: usize,
    kind: Kind,
    is_again: bool,
) -> Result<(), instant_acme::Error> {
    let mut authorizations = order.authorizations();
    for _ in 0..index {
        let _ = authorizations.next().await.transpose()?;
    }
    let Some(mut authorization) = authorizations.next().await.transpose()? else { return Ok(()) };
    if is_again {
        authorization.refresh().await?;
    }
    if authorization.status != AuthorizationStatus::Pending {
        return Ok(());
    }
    match authorization.challenge(type_of(kind)) {
        Some(mut challenge) if challenge.status == ChallengeStatus::Pending => challenge.set_ready().await,
        _ => Ok(()),
    }
}

/// What was or would have been shown for the authorization at `index`, whatever became of it.
async fn any_answer(
    order: &mut Order,
    index: usize,
    kind: Kind,
    names: &[String],
) -> Result<Option<Answer>, instant_acme::Error> {
    let mut authorizations = order.authorizations();
    for _ in 0..index {
        let _ = authorizations.next().await.transpose()?;
    }
    let Some(mut authorization) = authorizations.next().await.transpose()? else { return Ok(None) };
    let (_, host) = known_name(&authorization.identifier(), names)?;
    match authorization.challenge(type_of(kind)) {
        Some(challenge) => Ok(Some(answer(&challenge, host)?)),
        None => Ok(None),
    }
}

/// The name of an authorization as it was ordered. Others are not answered: names go into files and commands.
fn known_name(
    identifier: &AuthorizedIdentifier<'_>,
    names: &[String],
) -> Result<(String, HostName), instant_acme::Error> {
    let said = identifier.to_string();
    let name = names.iter().find(|&name| *name == said || name.strip_prefix("*.") == Some(&said));
    let host = name.and_then(|name| HostName::parse(name.strip_prefix("*.").unwrap_or(name)).ok());
    name.cloned()
        .zip(host)
        .ok_or(instant_acme::Error::Str("an authorization for a name that was not ordered"))
}

fn answer(challenge: &ChallengeHandle<'_>, host: HostName) -> Result<Answer, instant_acme::Error> {
    let token = challenge.token.clone();
    // RFC 8555 section 8.3 allows the letters of base64url only, and a token becomes the name of a file.
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
        return Err(instant_acme::Error::Str("a challenge's token holds other letters than base64url has"));
    }
    Ok(Answer { host, token, key_authorization: challenge.key_authorization().as_str().to_owned() })
}

fn type_of(kind: Kind) -> ChallengeType {
    match kind {
        Kind::Dns01 => ChallengeType::Dns01,
        Kind::Http01 => ChallengeType::Http01,
        Kind::TlsAlpn01 => ChallengeType::TlsAlpn01,
    }
}

/// A kind of challenge as RFC 8555 writes it.
fn word(kind: &ChallengeType) -> String {
    match kind {
        ChallengeType::Dns01 => "dns-01".to_owned(),
        ChallengeType::Http01 => "http-01".to_owned(),
        ChallengeType::TlsAlpn01 => "tls-alpn-01".to_owned(),
        ChallengeType::Unknown(word) => word.clone(),
        other => format!("{other:?}"),
    }
}

async fn failed_validations(
    order: &mut Order,
    shown: &[Shown],
    solver: &dyn Solver,
) -> Result<Vec<FailedValidation>, instant_acme::Error> {
    let mut failed = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        let state = authorization.refresh().await?;
        let name = state.identifier().to_string();
        let asked =
            shown.iter().find(|shown| shown.name == name).and_then(|shown| solver.was_asked(&shown.answer));
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
