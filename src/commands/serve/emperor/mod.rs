//! The emperor: starts, reloads and stops one server for each option file.

mod checks;
mod scan;
mod vassal;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

pub(super) use self::checks::{asked_for, check_rights};
use self::scan::{VassalFile, scan};
use self::vassal::VassalOrder;
use super::controls::Controls;
use super::logs::Logs;
use super::signals::Signals;
use crate::config::EmperorSettings;
use crate::console::Console;
use crate::serve::control::Control;
use crate::sys::background::Background;
use crate::sys::fs::plain;
use crate::sys::service_manager;

/// The servers of an emperor.
struct Emperor {
    settings: Arc<EmperorSettings>,
    vassals: BTreeMap<PathBuf, watch::Sender<VassalOrder>>,
    /// Each gives the path of its file at its end.
    tasks: JoinSet<PathBuf>,
    /// Files of root's that were mentioned.
    refused: BTreeSet<PathBuf>,
}

/// Serves all files until a signal or a command says to stop.
pub(super) async fn run(
    settings: EmperorSettings,
    mut signals: Signals,
    mut controls: Controls,
    logs: &Logs,
    console: &Console,
    background: Option<Background>,
) {
    let mut ticks = tokio::time::interval(settings.frequency);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let places = settings.places.join(", ");
    let mut emperor = Emperor {
        settings: Arc::new(settings),
        vassals: BTreeMap::new(),
        tasks: JoinSet::new(),
        refused: BTreeSet::new(),
    };
    emperor.follow(emperor.scanned().await);
    let status = format!("serving the option files in {places}");
    console.say(&format!("certkit: {status}"));
    service_manager::ready(&status);
    if background.is_some_and(|background| background.ready().is_err()) {
        emperor.order_all(&VassalOrder::StopNow);
    }
    let stop = loop {
        let control = tokio::select! {
            control = signals.next() => control,
            control = controls.next() => control,
            _ = ticks.tick() => {
                emperor.follow(emperor.scanned().await);
                continue;
            }
            Some(ended) = emperor.tasks.join_next() => {
                // Its file may be there again by now.
                if let Ok(path) = ended {
                    emperor.vassals.remove(&path);
                }
                continue;
            }
        };
        match control {
            Control::Stop => break VassalOrder::Stop,
            Control::StopNow => break VassalOrder::StopNow,
            Control::Reload => {
                service_manager::reloading();
                emperor.reload();
                service_manager::ready(&status);
            }
            Control::ReopenLogs => {
                if let Err(error) = logs.reopen_own() {
                    tracing::error!("cannot open the log file again: {}", plain(&error));
                }
            }
            // Each server has its own.
            Control::AddWorker | Control::RemoveWorker => {}
        }
    };
    service_manager::stopping();
    emperor.order_all(&stop);
    loop {
        let control = tokio::select! {
            ended = emperor.tasks.join_next() => match ended {
                Some(_) => continue,
                None => return,
            },
            control = signals.next() => control,
            control = controls.next() => control,
        };
        if control == Control::StopNow {
            emperor.order_all(&VassalOrder::StopNow);
        }
    }
}

impl Emperor {
    async fn scanned(&self) -> BTreeMap<PathBuf, VassalFile> {
        let settings = Arc::clone(&self.settings);
        // A file system may take its time.
        tokio::task::spawn_blocking(move || scan(&settings)).await.unwrap_or_default()
    }

    /// Starts what is new, reloads what was touched, stops what is gone.
    fn follow(&mut self, files: BTreeMap<PathBuf, VassalFile>) {
        for (path, orders) in &self.vassals {
            if !files.get(path).is_some_and(|file| self.may_serve(file)) {
                orders.send_if_modified(|order| {
                    let is_new = !matches!(order, VassalOrder::Stop | VassalOrder::StopNow);
                    if is_new {
                        tracing::info!("{}: its server is stopped", path.display());
                        *order = VassalOrder::Stop;
                    }
                    is_new
                });
            }
        }
        self.refused.retain(|path| files.contains_key(path));
        for (path, file) in files {
            if !self.may_serve(&file) {
                if self.refused.insert(path.clone()) {
                    tracing::error!(
                        "{}: not served: with --emperor-tyrant it must belong to a user and a group other than root",
                        path.display()
                    );
                }
                continue;
            }
            self.refused.remove(&path);
            match self.vassals.get(&path) {
                Some(orders) => {
                    orders.send_if_modified(|order| match order {
                        VassalOrder::Serve { file: served, .. } if *served != file => {
                            *served = file;
                            true
                        }
                        // One that stops is started again when it has ended.
                        _ => false,
                    });
                }
                None => {
                    let orders = watch::Sender::new(VassalOrder::Serve { file, reload: 0 });
                    let serving = vassal::keep(Arc::clone(&self.settings), orders.subscribe());
                    self.vassals.insert(path.clone(), orders);
                    self.tasks.spawn(async move {
                        serving.await;
                        path
                    });
                }
            }
        }
    }

    /// As uWSGI's tyrant: nothing that belongs to root runs.
    fn may_serve(&self, file: &VassalFile) -> bool {
        file.owner.is_none_or(|(user, group)| user != 0 && group != 0)
    }

    fn reload(&self) {
        for orders in self.vassals.values() {
            orders.send_if_modified(|order| match order {
                VassalOrder::Serve { reload, .. } => {
                    *reload = reload.wrapping_add(1);
                    true
                }
                VassalOrder::Stop | VassalOrder::StopNow => false,
            });
        }
    }

    fn order_all(&self, order: &VassalOrder) {
        self.vassals.values().for_each(|orders| drop(orders.send_replace(order.clone())));
    }
}
