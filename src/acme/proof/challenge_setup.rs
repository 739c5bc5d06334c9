//! What must be in place while the names of an order are proved: what the command before it stops or opens, an address,
//! somebody who answers.

use std::sync::Arc;

use crate::acme::caller::Caller;
use crate::acme::challenge::{ChallengeMethod, ReadySolver, Solver};
use crate::acme::error::Error;
use crate::acme::hooks::run_hooks::RunHooks;
use crate::acme::plan::Plan;
use crate::acme::proof::reserved_address::ReservedAddress;
use crate::acme::proof::self_test;
use crate::acme::storage::Storage;
use crate::sys::hook::HookRun;

#[derive(Debug)]
pub struct ChallengeSetup {
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
    pub fn prepare(plan: &Plan) -> Result<Self, Error> {
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
    pub async fn try_itself(&self, plan: &Plan, failures: u32, caller: &dyn Caller) -> Result<(), Error> {
        match &self.ready {
            Some(ReadySolver::Solver(solver)) => Ok(self_test::run(&**solver, plan, failures, caller).await?),
            _ => Ok(()),
        }
    }

    /// Runs the command before the order, and begins to answer.
    ///
    /// # Errors
    /// [`Error::PreHook`], [`Error::Challenge`], [`Error::Storage`].
    pub async fn start(
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
    pub fn end(&mut self, caller: &dyn Caller) -> Option<HookRun> {
        self.hooks.end(caller)
    }
}
