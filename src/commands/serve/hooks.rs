//! Hooks: what the settings ask for at moments of the server's life.

use tokio::process::Command;

use crate::advice::hook::at_phase_failed;
use crate::config::{HookPhase, PhasedHook, ServeSettings};
use crate::report::Failure;
use crate::sys::hook_action::{ActionError, HookAction, HookSurroundings, judged};

/// All hooks but those of workers.
#[derive(Clone, Debug)]
pub(super) struct Hooks {
    hooks: Vec<PhasedHook>,
    at_first: HookSurroundings,
    in_chdir: HookSurroundings,
}

impl Hooks {
    pub(super) fn new(settings: &ServeSettings) -> Self {
        let at_first = HookSurroundings {
            folder: None,
            variables: settings.worker.env.clone(),
            unset: settings.worker.unset.clone(),
        };
        let in_chdir = HookSurroundings { folder: settings.worker.chdir.clone(), ..at_first.clone() };
        Self { hooks: settings.process.hooks.clone(), at_first, in_chdir }
    }

    /// Does what is asked for in this phase, one after the other.
    ///
    /// # Errors
    /// That of the first one that fails; those behind it are not begun.
    pub(super) fn run(&self, phase: HookPhase) -> Result<(), Failure> {
        self.of(phase).try_for_each(|action| {
            action.run(self.surroundings(phase)).map_err(|error| at_phase_failed(action, phase, &error))
        })
    }

    /// The same, where a runtime runs already. Dropping the future ends a command.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub(super) async fn wait_for(&self, phase: HookPhase) -> Result<(), Failure> {
        for action in self.of(phase) {
            let done = self.done(action, phase).await;
            done.map_err(|error| at_phase_failed(action, phase, &error))?;
        }
        Ok(())
    }

    async fn done(&self, action: &HookAction, phase: HookPhase) -> Result<(), ActionError> {
        let surroundings = self.surroundings(phase);
        match action.started(surroundings)? {
            Some((command, must_succeed)) => {
                let status = Command::from(command).kill_on_drop(true).status().await?;
                judged(status, must_succeed)
            }
            None => Ok(action.change(surroundings)?),
        }
    }

    /// Does what is asked for at the end, also if a part of it fails.
    pub(super) fn run_at_exit(&self) {
        let phase = HookPhase::AtExit;
        for action in self.of(phase) {
            if let Err(error) = action.run(self.surroundings(phase)) {
                tracing::error!("the hook `{action}` ({phase}) failed: {error}");
            }
        }
    }

    fn of(&self, phase: HookPhase) -> impl Iterator<Item = &HookAction> {
        self.hooks.iter().filter(move |hook| hook.phase == phase).map(|hook| &hook.action)
    }

    fn surroundings(&self, phase: HookPhase) -> &HookSurroundings {
        if phase.is_in_chdir() { &self.in_chdir } else { &self.at_first }
    }
}
