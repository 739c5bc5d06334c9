//! The servers of an emperor, and what becomes of them when files change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::scan::{VassalFile, scan};
use super::stats::{self, VassalStatus};
use super::vassal::{self, VassalOrder};
use crate::config::EmperorSettings;

/// The servers of an emperor.
pub(super) struct Emperor {
    settings: Arc<EmperorSettings>,
    vassals: BTreeMap<PathBuf, (watch::Sender<VassalOrder>, VassalStatus)>,
    /// Each gives the path of its file at its end.
    tasks: JoinSet<PathBuf>,
    /// Files of root's that were mentioned.
    refused: BTreeSet<PathBuf>,
}

/// Option files by path.
pub(super) type VassalFiles = BTreeMap<PathBuf, VassalFile>;

/// Looks at the files as long as somebody wants to know. A file system may take its time.
async fn scan_often(settings: Arc<EmperorSettings>, scans: mpsc::Sender<VassalFiles>) {
    let frequency = settings.frequency;
    loop {
        let settings = Arc::clone(&settings);
        let Ok(files) = tokio::task::spawn_blocking(move || scan(&settings)).await else { return };
        if scans.send(files).await.is_err() {
            return;
        }
        tokio::time::sleep(frequency).await;
    }
}

impl Emperor {
    /// An emperor without servers, and the files that it is to [`follow`](Self::follow), now and then.
    pub(super) fn new(settings: EmperorSettings) -> (Self, mpsc::Receiver<VassalFiles>) {
        let settings = Arc::new(settings);
        let (sender, scans) = mpsc::channel(1);
        tokio::spawn(scan_often(Arc::clone(&settings), sender));
        let (vassals, tasks, refused) = Default::default();
        (Self { settings, vassals, tasks, refused }, scans)
    }

    /// Waits until a server has ended for good; false if there is none.
    pub(super) async fn ended(&mut self) -> bool {
        let ended = self.tasks.join_next().await;
        // Its file may be there again by now.
        if let Some(Ok(path)) = &ended {
            self.vassals.remove(path);
        }
        ended.is_some()
    }

    /// Starts what is new, reloads what was touched, stops what is gone.
    pub(super) fn follow(&mut self, files: VassalFiles) {
        for (path, (orders, _)) in &self.vassals {
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
                Some((orders, _)) => {
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
                    let status = VassalStatus::default();
                    let serving =
                        vassal::keep(Arc::clone(&self.settings), orders.subscribe(), status.clone());
                    self.vassals.insert(path.clone(), (orders, status));
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

    pub(super) fn shown(&self) -> Vec<u8> {
        let vassals = self.vassals.iter().map(|(path, (orders, status))| {
            let file = match &*orders.borrow() {
                VassalOrder::Serve { file, .. } => Some(file.clone()),
                VassalOrder::Stop | VassalOrder::StopNow => None,
            };
            (path, file, status)
        });
        stats::shown(&self.settings, vassals)
    }

    pub(super) fn reload(&self) {
        for (orders, _) in self.vassals.values() {
            orders.send_if_modified(|order| match order {
                VassalOrder::Serve { reload, .. } => {
                    *reload = reload.wrapping_add(1);
                    true
                }
                VassalOrder::Stop | VassalOrder::StopNow => false,
            });
        }
    }

    pub(super) fn order_all(&self, order: &VassalOrder) {
        self.vassals.values().for_each(|(orders, _)| drop(orders.send_replace(order.clone())));
    }
}
