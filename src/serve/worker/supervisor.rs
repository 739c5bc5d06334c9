//! A generation's workers: starting them all, and keeping each place filled.
//!
//! One task per place starts a worker, and the next one as soon as that no longer serves: at once
//! the first time, then after pauses that double, until one has lived for a while. The old one may
//! still be on its way out then.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::generation::Generation;
use super::life::{Worker, WorkerState};
use super::{StartError, WorkerConfig};

/// The pauses before starting a worker again double from the first to the last...
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LAST_PAUSE: Duration = Duration::from_secs(10);
/// ...and start again from the first when a worker has lived this long.
const LONG_LIFE: Duration = Duration::from_secs(10);

/// Starts the workers of a generation and waits until all have loaded the application. Dropping the
/// future ends them.
///
/// # Errors
/// That of the first one that has not; the others are killed.
pub(super) async fn start(config: WorkerConfig, base: &Path) -> Result<Arc<Generation>, StartError> {
    let generation = Generation::new(config, base)?;
    let mut unfinished = Unfinished(Some(Arc::clone(&generation)));
    let mut answers = Vec::with_capacity(generation.config.workers);
    for number in 0..generation.config.workers {
        let (first, answer) = oneshot::channel();
        answers.push(answer);
        generation.keep(tokio::spawn(fill(Arc::clone(&generation), number, first)));
    }
    for answer in answers {
        // A task that is gone without an answer is the runtime going down.
        if let Ok(Err(error)) = answer.await {
            generation.leave(Instant::now()).await;
            return Err(error);
        }
    }
    unfinished.0 = None;
    generation.begin_sending();
    Ok(generation)
}

/// A generation whose workers leave, unless it is taken out.
struct Unfinished(Option<Arc<Generation>>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(generation) = &self.0 {
            generation.hurry(Instant::now());
        }
    }
}

/// Keeps a place filled. `first` gets the outcome of the first start; after a failure there is no
/// second one.
async fn fill(generation: Arc<Generation>, number: usize, first: oneshot::Sender<Result<(), StartError>>) {
    let mut leave_by = generation.leave_by();
    let mut first = Some(first);
    let mut pause = Duration::ZERO;
    let mut workers = JoinSet::new();
    loop {
        let born = Instant::now();
        let loaded = tokio::select! {
            loaded = Worker::load(&generation) => loaded,
            // Dropping the process kills it; the runtime reaps it.
            _ = leave_by.wait_for(Option::is_some) => break,
        };
        match (loaded, first.take()) {
            (Err(error), Some(first)) => {
                let _ = first.send(Err(error));
                break;
            }
            (Err(error), None) => {
                tracing::error!("worker {number} could not be restarted: {error}");
                // A killed worker or a refusing system says nothing about the application: the next
                // one may serve.
                if !matches!(error, StartError::Ended { killed: true, .. } | StartError::Io { .. }) {
                    generation.give_up_if_alone();
                }
            }
            (Ok(worker), first) => {
                let mut state = worker.state();
                workers.spawn(worker.serve());
                if let Some(first) = first {
                    let _ = first.send(Ok(()));
                }
                let ended = state.wait_for(WorkerState::has_served).await.map(|state| state.to_string());
                if leave_by.borrow().is_some() {
                    break;
                }
                let ended = ended.unwrap_or_else(|_| "is gone".to_owned());
                tracing::error!("worker {number} {ended}; starting another");
            }
        }
        if born.elapsed() >= LONG_LIFE {
            pause = Duration::ZERO;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = leave_by.wait_for(Option::is_some) => break,
        }
        pause = (pause * 2).clamp(FIRST_PAUSE, LAST_PAUSE);
    }
    while workers.join_next().await.is_some() {}
}
