//! Changing one store, and asking it whether that worked.

use super::anchor::{Action, Anchor};
use super::store::{Holding, Store, StoreError};

/// The state of a store after it was asked or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreState {
    Absent,
    Installed,
    /// The certificate is there; this command makes it effective.
    Pending(String),
    /// What would be done.
    Planned(Vec<String>),
    Removed,
    Trusted,
    /// The certificate is there, but not trusted as a CA for servers.
    Untrusted,
}

/// Whether a change is made or only planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeMode {
    Apply,
    DryRun,
}

/// Installs or uninstalls the certificate, unless the store is in that state already.
///
/// # Errors
/// When the store cannot be asked or changed.
pub fn change(
    store: &dyn Store,
    anchor: &Anchor,
    action: Action,
    mode: ChangeMode,
) -> Result<StoreState, StoreError> {
    match (action, store.holds(anchor)?) {
        (Action::Install, Holding::Trusted) => return Ok(StoreState::Trusted),
        (Action::Uninstall, Holding::Absent) => return Ok(StoreState::Absent),
        _ => {}
    }
    if mode == ChangeMode::DryRun {
        return Ok(StoreState::Planned(store.plan(anchor, action)));
    }
    match action {
        Action::Install => store.install(anchor)?,
        Action::Uninstall => store.uninstall(anchor)?,
    }
    match (action, store.holds(anchor)?) {
        (Action::Install, Holding::Trusted) => Ok(StoreState::Installed),
        (Action::Uninstall, Holding::Absent) => Ok(StoreState::Removed),
        // Below another root no program is run here.
        (Action::Install, Holding::Pending(command)) => Ok(StoreState::Pending(command)),
        (Action::Install, _) => Err(StoreError::StillUntrusted),
        (Action::Uninstall, _) => Err(StoreError::StillThere),
    }
}

/// Asks a store.
///
/// # Errors
/// When it cannot be asked.
pub fn state(store: &dyn Store, anchor: &Anchor) -> Result<StoreState, StoreError> {
    Ok(match store.holds(anchor)? {
        Holding::Absent => StoreState::Absent,
        Holding::Pending(command) => StoreState::Pending(command),
        Holding::Trusted => StoreState::Trusted,
        Holding::Untrusted => StoreState::Untrusted,
    })
}

impl StoreState {
    /// The word in reports.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Installed => "installed",
            Self::Pending(_) => "pending",
            Self::Planned(_) => "planned",
            Self::Removed => "removed",
            Self::Trusted => "trusted",
            Self::Untrusted => "untrusted",
        }
    }

    /// What would be done, or is still to do.
    pub fn into_steps(self) -> Vec<String> {
        match self {
            Self::Pending(command) => vec![command],
            Self::Planned(steps) => steps,
            _ => Vec::new(),
        }
    }
}
