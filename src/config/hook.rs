//! Hooks: what is done at a moment of the server's life, as uWSGI's `hook-PHASE` and `exec-PHASE` say.

use std::fmt;
use std::str::FromStr;

use crate::sys::hook_action::HookAction;

/// An action and its moment: `PHASE ACTION:ARGUMENT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhasedHook {
    pub phase: HookPhase,
    pub action: HookAction,
}

/// When a hook runs. The order is that of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookPhase {
    /// The settings have been read.
    Asap,
    PreJail,
    InJail,
    /// Before the rights are given up; inside of the new root folder if there is one.
    AsRoot,
    /// After that.
    AsUser,
    /// Before the application is loaded, also at a reload.
    PreApp,
    /// After that.
    PostApp,
    /// In each worker, when it has loaded the application.
    PostFork,
    /// The server is ready.
    MasterStart,
    /// The server has stopped.
    AtExit,
}

impl HookPhase {
    /// Every phase with its name.
    const NAMES: [(Self, &str); 10] = [
        (Self::Asap, "asap"),
        (Self::PreJail, "pre-jail"),
        (Self::InJail, "in-jail"),
        (Self::AsRoot, "as-root"),
        (Self::AsUser, "as-user"),
        (Self::PreApp, "pre-app"),
        (Self::PostApp, "post-app"),
        (Self::PostFork, "post-fork"),
        (Self::MasterStart, "master-start"),
        (Self::AtExit, "as-user-atexit"),
    ];

    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(phase, _)| *phase == self).map_or("", |(_, name)| name)
    }

    /// Whether it comes after the change of the folder (`--chdir`), as in uWSGI.
    pub fn is_in_chdir(self) -> bool {
        matches!(self, Self::PreApp | Self::PostApp | Self::PostFork | Self::MasterStart | Self::AtExit)
    }
}

impl fmt::Display for HookPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for PhasedHook {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, action) = text.split_once(' ').unwrap_or((text, ""));
        let phase = HookPhase::NAMES.iter().find(|(_, known)| *known == name).map(|(phase, _)| *phase);
        let phase = phase.ok_or_else(|| {
            let names: Vec<_> = HookPhase::NAMES.iter().map(|(_, name)| *name).collect();
            format!("expected `PHASE ACTION:ARGUMENT`; a phase is one of {}", names.join(", "))
        })?;
        let action: HookAction = action.trim_start().parse()?;
        if action.changes_folder() && phase != HookPhase::PostFork {
            return Err("`chdir` is possible in post-fork only; elsewhere use the option `chdir`".to_owned());
        }
        Ok(Self { phase, action })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_and_actions() {
        for (phase, name) in HookPhase::NAMES {
            let hook: PhasedHook = format!("{name} exec:true").parse().unwrap();
            assert_eq!((hook.phase, hook.action.to_string()), (phase, "exec:true".to_owned()));
            assert_eq!(phase.to_string(), name);
        }
        assert!("post-fork chdir:/".parse::<PhasedHook>().is_ok());
        for (text, part) in [
            ("asap chdir:/", "post-fork only"),
            ("soon exec:true", "a phase is one of asap"),
            ("asap", "expected ACTION:ARGUMENT"),
            ("asap rpc:x", "no action `rpc`"),
        ] {
            let error = text.parse::<PhasedHook>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
