//! The stores that a command asks, and what came of each.

use crate::advice::trust::{no_store, store_failed, store_missing, untried};
use crate::chain::Located;
use crate::cli::{StoreArgs, StoreChoice};
use crate::commands::Result;
use crate::finding::Finding;
use crate::report::{Outcome, Report, Role, Trusted, TrustedCa, TrustedStore, UncoveredProgram};
use crate::trust::{Anchor, Store, StoreError, StoreKind, StoreState, Surroundings, Wanted, find};

/// What was found store by store.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) stores: Vec<TrustedStore>,
    pub(super) findings: Vec<Finding>,
    pub(super) status: u8,
    pub(super) older: Vec<TrustedCa>,
    pub(super) uncovered: Vec<UncoveredProgram>,
}

impl Survey {
    /// The stores that are asked for and on this machine.
    pub(super) fn stores(&mut self, args: &StoreArgs) -> Result<Vec<Box<dyn Store>>> {
        let surroundings = Surroundings::from_environment(args.root.as_deref());
        let all = args.store.contains(&StoreChoice::All);
        let mut stores = Vec::new();
        for kind in StoreKind::ALL {
            let is_named = args.store.iter().any(|choice| kind_of(*choice) == Some(kind));
            // The user's databases do not belong to another system.
            let is_elsewhere =
                surroundings.root.is_some() && matches!(kind, StoreKind::Nss | StoreKind::Firefox);
            if !is_named && (!all || is_elsewhere) {
                continue;
            }
            let found = find(kind, &surroundings, if is_named { Wanted::Named } else { Wanted::Any });
            if found.is_empty() && is_named {
                self.fail(store_missing(kind));
            }
            for store in &found {
                let path = store.path().display().to_string();
                self.findings.extend(store.caution().map(|caution| untried(caution, &path)));
            }
            stores.extend(found);
        }
        if stores.is_empty() && self.findings.is_empty() { Err(no_store()) } else { Ok(stores) }
    }

    pub(super) fn add(
        &mut self,
        store: &dyn Store,
        state: std::result::Result<StoreState, StoreError>,
        as_root: Option<&str>,
    ) {
        let (kind, path) = (store.kind(), store.path().display().to_string());
        let (state, steps) = match state {
            Ok(state) => (state.as_str(), state.into_steps()),
            Err(error) => {
                self.fail(store_failed(&error, &path, kind, as_root));
                match (error, as_root) {
                    (StoreError::NeedsRoot, Some(command)) => ("needs_rights", vec![command.to_owned()]),
                    _ => ("failed", Vec::new()),
                }
            }
        };
        self.stores.push(TrustedStore { kind: kind.as_str(), path, state, steps });
    }

    /// A store that could not be listed.
    pub(super) fn failed(&mut self, store: &dyn Store, error: &StoreError) {
        self.fail(store_failed(error, &store.path().display().to_string(), store.kind(), None));
    }

    fn fail(&mut self, finding: Finding) {
        self.findings.push(finding);
        self.status = 2;
    }

    pub(super) fn report(
        self,
        action: &'static str,
        dry_run: bool,
        file: String,
        anchor: Anchor,
        next: Vec<String>,
    ) -> Report {
        let certificate = Located::from(anchor.certificate).summary(Role::Root);
        let name = anchor.name;
        let Self { stores, status, older, uncovered, .. } = self;
        let trusted = Trusted { action, dry_run, file, name, certificate, stores, older, uncovered, status };
        Report { outcome: Outcome::Trusted(trusted), findings: self.findings, next }
    }
}

pub(super) fn kind_of(choice: StoreChoice) -> Option<StoreKind> {
    match choice {
        StoreChoice::All => None,
        StoreChoice::System => Some(StoreKind::System),
        StoreChoice::Nss => Some(StoreKind::Nss),
        StoreChoice::Firefox => Some(StoreKind::Firefox),
        StoreChoice::Java => Some(StoreKind::Java),
    }
}
