//! What must be in place while the names of an order are proved: what the command before it stops or opens, an address,
//! somebody who answers.

use std::sync::Arc;

use super::caller::Caller;
use super::challenge::{ChallengeMethod, ReadySolver, Solver};
use super::error::Error;
use super::plan::Plan;
use super::reserved_address::ReservedAddress;
use super::run_hooks::RunHooks;
use super::self_test;
use super::storage::Storage;
use crate::sys::hook::HookRun;

#[derive(Debug)]
pub(super) struct ChallengeSetup {
    /// Ended before the address is given back.
    hooks: RunHooks,
    listener: Option<ReservedAddress>,
    /// `None` while the address may belong to what the first command stops.
    ready: Option<ReadySolver>,
}

impl ChallengeSetup {
    /// Makes ready what can be without the command before the order.
    ///
    /// # Errors
    /// [`Error::Challenge`].
    pub(super) fn prepare(plan: &Plan) -> Result<Self, Error> {
        let listens = matches!(plan.challenge, ChallengeMethod::Http(_) | ChallengeMethod::TlsAlpn(_));
        let mut setup = Self { hooks: RunHooks::default(), listener: None, ready: None };
        if !listens || plan.life.pre_hook.is_none() {
            setup.listener = ReservedAddress::wait(&plan.challenge);
            setup.ready = Some(plan.challenge.prepare()?);
        }
        Ok(setup)
    }

    /// Before the server is asked anything: whether it will find the answers.
    ///
    /// # Errors
    /// [`Error::Challenge`].
    pub(super) async fn try_itself(
        &self,
        plan: &Plan,
        failures: u32,
        caller: &dyn Caller,
    ) -> Result<(), Error> {
        match &self.ready {
            Some(ReadySolver::Solver(solver)) => Ok(self_test::run(&**solver, plan, failures, caller).await?),
            _ => Ok(()),
        }
    }

    /// Runs the command before the order, and begins to answer.
    ///
    /// # Errors
    /// [`Error::PreHook`], [`Error::Challenge`], [`Error::Storage`].
    pub(super) async fn start(
        &mut self,
        plan: &Plan,
        storage: &Storage,
        caller: &dyn Caller,
    ) -> Result<Arc<dyn Solver>, Error> {
        self.hooks = RunHooks::begin(&plan.life, &plan.names, storage, caller).await?;
        let ready = match self.ready.take() {
            Some(ready) => ready,
            None => {
                self.listener = ReservedAddress::wait(&plan.challenge);
                plan.challenge.prepare()?
            }
        };
        Ok(ready.start()?)
    }

    /// Runs the command after the last order that is under way. Blocks. Gives how it went.
    pub(super) fn end(&mut self, caller: &dyn Caller) -> Option<HookRun> {
        self.hooks.end(caller)
    }
}
