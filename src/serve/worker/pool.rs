//! The generation in use, and those on their way out.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use arc_swap::ArcSwap;
use tokio::runtime::Handle;
use tokio::sync::{OwnedMutexGuard, watch};
use tokio::task::JoinHandle;

use super::generation::{Generation, lock};
use super::history::History;
use super::status::{self, PoolStatus};
use super::waiting::Call;
use super::{CallError, StartError, WorkerConfig, supervisor};

/// The generation in use, and those on their way out.
pub(super) struct Pool {
    current: ArcSwap<Generation>,
    /// From where relative folders are meant.
    base: PathBuf,
    /// One reload at a time, and none while the pool stops.
    reloading: Arc<tokio::sync::Mutex<()>>,
    is_stopping: watch::Sender<bool>,
    retiring: Mutex<Vec<(Arc<Generation>, JoinHandle<()>)>>,
    /// A worker has asked for a reload.
    pub(super) reload_asked: Arc<watch::Sender<bool>>,
    history: Arc<History>,
}

impl Pool {
    /// Starts the first generation.
    ///
    /// # Errors
    /// As [`WorkerPool::start`](super::WorkerPool::start).
    pub(super) async fn start(config: WorkerConfig) -> Result<Self, StartError> {
        let base = current_folder()?;
        let reload_asked = Arc::new(watch::Sender::new(false));
        let history = Arc::<History>::default();
        let generation = supervisor::start(config, &base, &reload_asked, &history).await?;
        Ok(Self {
            current: ArcSwap::new(generation),
            base,
            reloading: Arc::default(),
            is_stopping: watch::Sender::new(false),
            retiring: Mutex::default(),
            reload_asked,
            history,
        })
    }

    pub(super) fn current(&self) -> Arc<Generation> {
        self.current.load_full()
    }

    pub(super) fn submit(&self, call: Call) -> Result<(), CallError> {
        self.current.load().submit(call)
    }

    /// Loads a new generation, which does not serve yet.
    ///
    /// # Errors
    /// As [`WorkerPool::prepare`](super::WorkerPool::prepare).
    pub(super) async fn prepare(self: Arc<Self>, config: WorkerConfig) -> Result<PreparedReload, StartError> {
        let alone = Arc::clone(&self.reloading).lock_owned().await;
        let mut is_stopping = self.is_stopping.subscribe();
        tracing::info!("reloading the application {}", config.application);
        let loaded = tokio::select! {
            biased;
            _ = is_stopping.wait_for(|stopping| *stopping) => return Err(StartError::Stopping),
            loaded = supervisor::start(config, &self.base, &self.reload_asked, &self.history) => loaded,
        };
        let new = Some(loaded?);
        Ok(PreparedReload { pool: self, new, _alone: alone })
    }

    /// Lets a generation finish what it has until then.
    fn retire(&self, runtime: &Handle, old: Arc<Generation>, by: Instant) {
        let leaving = Arc::clone(&old);
        let task = runtime.spawn(async move { leaving.leave(by).await });
        let mut retiring = lock(&self.retiring);
        retiring.retain(|(_, task)| !task.is_finished());
        retiring.push((old, task));
    }

    /// What the workers do.
    pub(super) fn status(&self) -> PoolStatus {
        let leaving = lock(&self.retiring).iter().map(|(generation, _)| generation.living().len()).sum();
        status::status(&self.current(), leaving)
    }

    /// Ends all generations; the last one may finish what it has until then.
    pub(super) async fn stop(&self, deadline: Instant) {
        self.is_stopping.send_replace(true);
        let _alone = self.reloading.lock().await;
        let retiring = std::mem::take(&mut *lock(&self.retiring));
        for (generation, _) in &retiring {
            generation.hurry(deadline);
        }
        self.current().stop(deadline).await;
        for (_, task) in retiring {
            let _ = task.await;
        }
    }
}

/// A generation that has loaded the code and waits to take over; dropped, it leaves again. No other reload of the pool
/// begins meanwhile, and the pool does not stop.
pub struct PreparedReload {
    pool: Arc<Pool>,
    /// `None` once it has taken over.
    new: Option<Arc<Generation>>,
    _alone: OwnedMutexGuard<()>,
}

impl PreparedReload {
    /// Lets it take over, and the old one retire. To be called on the runtime of the pool.
    pub fn switch(mut self) {
        let Some(new) = self.new.take() else { return };
        let pool = &self.pool;
        let old = pool.current.swap(Arc::clone(&new));
        old.give_way_to(new);
        // Every old worker sees the change that one has asked for; the new ones see what came too late for them.
        pool.reload_asked.send_replace(false);
        let by = Instant::now() + old.config.graceful_timeout;
        pool.retire(&Handle::current(), old, by);
        tracing::info!(
            "reloaded the application {}; running requests in old workers have until the graceful timeout",
            pool.current().config.application
        );
    }
}

impl Drop for PreparedReload {
    fn drop(&mut self) {
        let Some(new) = self.new.take() else { return };
        let now = Instant::now();
        new.hurry(now);
        // Without a runtime, the workers are gone with it.
        if let Ok(runtime) = Handle::try_current() {
            self.pool.retire(&runtime, new, now);
        }
    }
}

/// The current folder by the name that the user went there by, if the shell says it: at a reload,
/// a symlink in it may lead elsewhere.
fn current_folder() -> Result<PathBuf, StartError> {
    let physical = std::env::current_dir()
        .map_err(|source| StartError::Io { action: "find the current folder".into(), source })?;
    let logical = std::env::var_os("PWD").map(PathBuf::from).filter(|path| path.is_absolute());
    Ok(logical.filter(|path| path.canonicalize().is_ok_and(|path| path == physical)).unwrap_or(physical))
}
