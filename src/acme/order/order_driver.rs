//! One order from its placing to the chain (RFC 8555 section 7.4), driven by its status.
//!
//! ```text
//! pending ── challenges answered ──> ready ── finalize ──> processing ──> valid ── download ──> chain
//!    └──────────────────────────────> invalid
//! ```
//!
//! The journal is written before each request that changes the order, so that a run which is killed is continued by
//! the next: the status says where.

use std::time::{Duration, Instant};

use crate::acme::caller::{Caller, Progress};
use crate::acme::challenge::{ChallengeAnswer, Solver, probe};
use crate::acme::client::account::Session;
use crate::acme::client::retry;
use crate::acme::error::{Error, FailedValidation};
use crate::acme::order::authorization::{Authorization, ChallengeState};
use crate::acme::order::budget::Budget;
use crate::acme::order::download;
use crate::acme::order::open_order::{self, MOST_FAILED_RUNS, OpenOrder, OrderOptions};
use crate::acme::order::order_key::OrderKey;
use crate::acme::order::resource::{Order, OrderStatus};
use crate::acme::order::stop::unless_stopped;
use crate::acme::plan::Plan;
use crate::acme::proof::presenting;
use crate::acme::storage::{self, CertificateStore, OrderJournal, Step};
use crate::x509::Certificate;

const FIRST_POLL: Duration = Duration::from_millis(50);
const LONGEST_POLL: Duration = Duration::from_secs(5);
/// The most that a server's `Retry-After` between two polls is obeyed.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);
/// A server that needs longer to validate or to sign is asked again by the next run.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// A run that is stopped while the server looks for the answers leaves them for at most this time, or the order would
/// be lost. A server that stops waits 10 s for all of it, and removing the answers takes some of them.
const LAST_LOOK: Duration = Duration::from_secs(7);

/// Pauses before the next try to get a chain that is issued. The next run tries again.
const DOWNLOAD_PAUSES: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// How many names are looked at from here after a failure; the others fail alike.
const MOST_PROBED: usize = 2;

/// An order on its way.
pub struct OrderDriver<'a> {
    plan: &'a Plan,
    store: &'a CertificateStore,
    caller: &'a dyn Caller,
    session: &'a Session<'a>,
    budget: &'a Budget<'a>,
    order: Order,
    journal: OrderJournal,
    key: OrderKey,
    /// Whether it is the order of an earlier run.
    pub is_resumed: bool,
    /// Names and what the server can find for them now.
    shown: Vec<(String, ChallengeAnswer)>,
    /// Whether the server may be looking for them.
    is_looked_for: bool,
    /// Why the certificate could not be counted.
    not_counted: Option<storage::Error>,
}

/// How far to take an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopAfter {
    Certificate,
    /// Until all names are validated.
    Validation,
}

/// What came of an order.
pub struct Issued {
    pub key: OrderKey,
    pub chain: Vec<Certificate>,
    /// The journal as it stands.
    pub journal: OrderJournal,
    /// Why the certificate could not be added to the account's history.
    pub not_counted: Option<storage::Error>,
    /// When the records end that have proved the names, in seconds since 1970.
    pub proof_ends: Option<i64>,
}

impl<'a> OrderDriver<'a> {
    /// Takes up the order in the journal, or places a new one.
    ///
    /// # Errors
    /// What every call to a server can end with.
    pub async fn begin(
        plan: &'a Plan,
        store: &'a CertificateStore,
        caller: &'a dyn Caller,
        session: &'a Session<'a>,
        options: OrderOptions<'_>,
        budget: &'a Budget<'a>,
    ) -> Result<Self, Error> {
        let OpenOrder { order, journal, key, is_resumed } =
            open_order::open(plan, store, caller, session, options, budget).await?;
        Ok(Self {
            plan,
            store,
            caller,
            session,
            budget,
            order,
            journal,
            key,
            is_resumed,
            shown: Vec::new(),
            is_looked_for: false,
            not_counted: None,
        })
    }

    /// Goes on until there is a chain, or with [`StopAfter::Validation`] until all names are validated (then there is none),
    /// and removes the answers, however it ends. After a failure the journal says what becomes of the order.
    ///
    /// # Errors
    /// [`Error::Validation`] with every name that failed, [`Error::TryLater`] when the server takes too long,
    /// [`Error::Challenge`], and what every call to a server can end with.
    pub async fn finish(mut self, solver: &dyn Solver, goal: StopAfter) -> Result<Option<Issued>, Error> {
        let chain = unless_stopped(self.go_on(solver, goal)).await;
        if matches!(chain, Err(Error::Interrupted)) && self.is_looked_for {
            self.caller.progress(Progress::LastLook);
            // The next run hears what has become of it.
            let _ =
                tokio::time::timeout(LAST_LOOK, self.wait_while(OrderStatus::Pending, "validating")).await;
        }
        self.withdraw(solver).await;
        match chain {
            Ok(chain) => Ok(chain.map(|chain| Issued {
                key: self.key,
                chain,
                journal: self.journal,
                not_counted: self.not_counted,
                proof_ends: solver.proof_ends(),
            })),
            Err(error) => {
                self.settle(&error)?;
                Err(error)
            }
        }
    }

    /// Forgets an order that is of no use any more, and counts the failures of one that is kept. One whose certificate
    /// is issued is kept until another is placed.
    fn settle(&mut self, error: &Error) -> Result<(), Error> {
        let is_dead = match error {
            Error::Validation(_) => true,
            // What is issued is waited for: only its download can have failed.
            Error::Refused { .. } | Error::BadAnswer { .. } => !self.journal.is_issued,
            Error::NotFromServer { status, .. } => !self.journal.is_issued && open_order::is_gone(*status),
            // Trouble that passes. The server's limits do not count, and neither does trouble of our own.
            Error::TryLater { .. } => {
                if self.session.server.http.is_rate_limited() {
                    return Ok(());
                }
                false
            }
            _ => return Ok(()),
        };
        self.journal.failures = self.journal.failures.saturating_add(1);
        if is_dead || (self.journal.failures >= MOST_FAILED_RUNS && !self.journal.is_issued) {
            return Ok(self.store.forget_order()?);
        }
        Ok(self.store.save_journal(&self.journal)?)
    }

    async fn go_on(
        &mut self,
        solver: &dyn Solver,
        goal: StopAfter,
    ) -> Result<Option<Vec<Certificate>>, Error> {
        let mut finalized = false;
        loop {
            match self.order.object.status {
                OrderStatus::Pending => {
                    self.answer_challenges(solver).await?;
                    self.wait_while(OrderStatus::Pending, "validating").await?;
                }
                OrderStatus::Ready if !finalized => {
                    self.caller.progress(Progress::Validated);
                    if goal == StopAfter::Validation {
                        return Ok(None);
                    }
                    self.finalize().await?;
                    finalized = true;
                }
                OrderStatus::Ready => self.wait_while(OrderStatus::Ready, "signing").await?,
                OrderStatus::Processing => {
                    self.note_issued()?;
                    self.wait_while(OrderStatus::Processing, "signing").await?;
                }
                OrderStatus::Valid => {
                    self.note_issued()?;
                    return self.download().await.map(Some);
                }
                OrderStatus::Invalid => return Err(self.failure(solver).await?),
            }
        }
    }

    /// Shows all answers before the server may check the first: a name and its wildcard have theirs at the same
    /// place, and what takes time to spread is waited for once.
    async fn answer_challenges(&mut self, solver: &dyn Solver) -> Result<(), Error> {
        let kind = solver.kind();
        let authorizations = self.authorizations().await?;
        if authorizations.is_empty() {
            let reason = "an order with no authorizations that is not ready".to_owned();
            return Err(Error::BadAnswer { doing: "asking for the challenges", reason });
        }
        let mut untold = Vec::new();
        for authorization in &authorizations {
            match authorization.challenge_state(kind, self.session)? {
                ChallengeState::NotNeeded => {}
                ChallengeState::NotOffered(offered) => {
                    return Err(Error::NoChallenge { name: authorization.name.clone(), kind, offered });
                }
                ChallengeState::Open { answer, is_told } => {
                    if !is_told {
                        untold.push(authorization);
                    }
                    self.shown.push((authorization.name.clone(), answer));
                }
            }
        }
        presenting::present(solver, &self.answers(), self.caller).await?;
        self.is_looked_for = true;
        if let Err(error) = Authorization::tell_all(&untold, kind, self.session, self.caller).await {
            if !matches!(error, Error::Refused { .. }) {
                return Err(error);
            }
            // The server may have tried and failed already; then the order says more than this answer.
            self.refresh().await?;
            return if self.order.object.status == OrderStatus::Invalid { Ok(()) } else { Err(error) };
        }
        self.caller.progress(Progress::ChallengesAnswered { names: self.shown.len() });
        Ok(())
    }

    async fn authorizations(&mut self) -> Result<Vec<Authorization>, Error> {
        let urls = self.order.object.authorization_urls();
        Authorization::fetch_all(urls, &self.plan.names, self.session, self.caller).await
    }

    fn answers(&self) -> Vec<ChallengeAnswer> {
        self.shown.iter().map(|(_, answer)| answer.clone()).collect()
    }

    /// Removes the answers, of this run or of the killed one before it.
    async fn withdraw(&mut self, solver: &dyn Solver) {
        let mut answers = self.answers();
        if answers.is_empty() && self.is_resumed && solver.outlives_process() {
            // What cannot be asked any more cannot be tidied up; the certificate does not depend on it.
            let authorizations = self.authorizations().await.unwrap_or_default();
            let all = authorizations.iter().filter_map(|known| known.answer(solver.kind(), self.session));
            answers.extend(all);
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
        let request = self.key.request(&self.plan.names)?;
        let order = &mut self.order;
        let result = retry::call(self.caller, "asking for the certificate", async || {
            order.finalize(self.session, &request).await
        })
        .await;
        if let Err(error) = result {
            // When the answer to the first try was lost, the second is refused: the order is no longer ready
            // (RFC 8555 section 7.4).
            if !error.is_refusal("orderNotReady") {
                return Err(error);
            }
            self.refresh().await?;
            if self.order.object.status == OrderStatus::Ready {
                return Err(error);
            }
        }
        self.caller.progress(Progress::Finalized);
        Ok(())
    }

    /// Counts the certificate as soon as the server makes it, so that a loop of runs that do not get it ends by the
    /// account's history.
    fn note_issued(&mut self) -> Result<(), Error> {
        if self.journal.is_issued {
            return Ok(());
        }
        // An order that replaces a certificate does not count at the server either (RFC 9773 section 5).
        if self.journal.replaces.is_none() {
            // The certificate matters more than the count.
            self.not_counted = self.budget.add_issued().err();
        }
        self.journal.is_issued = true;
        Ok(self.store.save_journal(&self.journal)?)
    }

    /// The chain, asked for again while it does not come whole.
    async fn download(&mut self) -> Result<Vec<Certificate>, Error> {
        let mut pauses = DOWNLOAD_PAUSES.into_iter();
        loop {
            let error = match self.try_download().await {
                Err(error) if download::passes(&error) => error,
                result => return result,
            };
            let Some(pause) = pauses.next() else {
                return Err(download::owed(error));
            };
            tracing::debug!(%error, ?pause, "asking for the certificate again");
            tokio::time::sleep(pause).await;
            self.refresh().await?;
        }
    }

    async fn try_download(&self) -> Result<Vec<Certificate>, Error> {
        let Some(url) = &self.order.object.certificate else {
            let reason = "a valid order without a certificate".to_owned();
            return Err(Error::BadAnswer { doing: download::DOING, reason });
        };
        let preferred = self.plan.preferred_chain.as_deref();
        let chain = download::chain(self.session, url, preferred, self.caller).await?;
        self.caller.progress(Progress::Downloaded);
        Ok(chain)
    }

    async fn wait_while(&mut self, status: OrderStatus, what: &'static str) -> Result<(), Error> {
        let started = Instant::now();
        let mut poll = FIRST_POLL;
        while self.order.object.status == status {
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
        retry::call(self.caller, "asking how the order stands", async || order.refresh(self.session).await)
            .await
    }

    /// Why the order is invalid: what the server says of each name, else of the order.
    async fn failure(&mut self, solver: &dyn Solver) -> Result<Error, Error> {
        let mut failed = Vec::new();
        for authorization in self.authorizations().await? {
            let name = &authorization.name;
            let shown = self.shown.iter().find(|(shown, _)| shown == name);
            let asked = shown.and_then(|(_, answer)| solver.was_asked(answer));
            for refusal in authorization.refusals() {
                let mut seen = Vec::new();
                if let Some((_, answer)) = shown
                    && failed.len() < MOST_PROBED
                {
                    seen = probe::observe(answer, solver.kind(), probe::is_here(&self.plan.server)).await;
                }
                let challenge = solver.kind();
                failed.push(FailedValidation { name: name.clone(), refusal, asked, challenge, seen });
            }
        }
        if !failed.is_empty() {
            return Ok(Error::Validation(failed));
        }
        let doing = "asking for the certificate";
        Ok(match &self.order.object.error {
            Some(refusal) => Error::Refused { doing, refusal: Box::new(refusal.clone()) },
            None => Error::BadAnswer { doing, reason: "the order became invalid without a reason".into() },
        })
    }
}
