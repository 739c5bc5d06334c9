//! A generation's workers: starting them all, and keeping each place filled.
//!
//! One task per place starts a worker, and the next one as soon as that no longer serves: at once
//! the first time, then after pauses that double, until one has lived for a while. The old one may
//! still be on its way out then. A worker that has served long enough goes on until the next one has loaded the
//! application. Places that are not wanted stay empty.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::cheaper::{Demand, SAMPLE};
use super::generation::Generation;
use super::history::History;
use super::life::Worker;
use super::limits::Due;
use super::live::Order;
use super::state::{Ending, WorkerState};
use super::{StartError, WorkerConfig, watchdog};

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
pub(super) async fn start(
    config: WorkerConfig,
    base: &Path,
    reload: &Arc<watch::Sender<bool>>,
    history: &Arc<History>,
) -> Result<Arc<Generation>, StartError> {
    let generation = Generation::new(config, base, Arc::clone(reload), Arc::clone(history))?;
    let mut unfinished = Unfinished(Some(Arc::clone(&generation)));
    let mut answers = Vec::with_capacity(generation.config.workers);
    generation.change_wanted(
        |wanted| wanted,
        |number| {
            let (first, answer) = oneshot::channel();
            answers.push(answer);
            generation.keep(tokio::spawn(fill(Arc::clone(&generation), number, Some(first))));
        },
    );
    for answer in answers {
        // A task that is gone without an answer is the runtime going down.
        if let Ok(Err(error)) = answer.await {
            generation.leave(Instant::now()).await;
            return Err(error);
        }
    }
    unfinished.0 = None;
    generation.begin_sending();
    if let Some(every) = generation.config.limits.interval() {
        let watching = tokio::spawn(watchdog::watch(Arc::clone(&generation), every));
        generation.accompany(watching.abort_handle());
    }
    if generation.config.cheaper.least > 0 {
        let adapting = tokio::spawn(adapt(Arc::clone(&generation)));
        generation.accompany(adapting.abort_handle());
    }
    Ok(generation)
}

/// Has as many workers as the requests need; for ever.
async fn adapt(generation: Arc<Generation>) {
    let mut demand = Demand::default();
    let mut timer = tokio::time::interval(SAMPLE);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        let needed = generation.queue().needed_workers();
        let config = &generation.config;
        let change = |wanted| demand.sample(needed, wanted, &config.cheaper, config.workers);
        generation.change_wanted(change, open(&generation));
    }
}

/// Starts `by` further workers, or lets as many leave; the last one stays.
pub(super) fn change_workers(generation: &Arc<Generation>, by: i32) {
    let change = isize::try_from(by).unwrap_or_default();
    generation.change_wanted(|wanted| wanted.saturating_add_signed(change), open(generation));
}

/// Begins to fill a place.
fn open(generation: &Arc<Generation>) -> impl FnMut(usize) {
    |number| generation.keep(tokio::spawn(fill(Arc::clone(generation), number, None)))
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

/// Why a place's worker serves no longer, or not for long.
enum Change {
    /// Its successor is to be loaded first.
    Due(Due),
    Ended(WorkerState),
    /// The place is not to be filled any more.
    Surplus,
    /// The generation leaves.
    Leave,
}

/// Keeps a place filled while it is wanted. `first` gets the outcome of the first start; after a failure there is no
/// second one.
async fn fill(
    generation: Arc<Generation>,
    number: usize,
    mut first: Option<oneshot::Sender<Result<(), StartError>>>,
) {
    let graceful_timeout = generation.config.graceful_timeout;
    let called = generation.config.worker(number);
    let mut leave_by = generation.leave_by();
    let mut wanted = generation.wanted();
    let mut pause = Duration::ZERO;
    // Serves until the next one has loaded the application.
    let mut previous: Option<mpsc::UnboundedSender<Order>> = None;
    let mut workers = JoinSet::new();
    let retire = |orders: mpsc::UnboundedSender<Order>, why| {
        // One that is gone already takes none.
        let _ = orders.send(Order { why, by: Instant::now() + graceful_timeout });
    };
    loop {
        if *wanted.borrow_and_update() <= number {
            if let Some(previous) = previous.take() {
                retire(previous, Ending::Surplus);
            }
            tokio::select! {
                _ = wanted.wait_for(|wanted| *wanted > number) => {}
                _ = leave_by.wait_for(Option::is_some) => break,
            }
        }
        let born = Instant::now();
        let loaded = tokio::select! {
            loaded = Worker::load(&generation, number) => loaded,
            // Dropping the process kills it; the runtime reaps it.
            _ = leave_by.wait_for(Option::is_some) => break,
        };
        match (loaded, first.take()) {
            (Err(error), Some(first)) => {
                let _ = first.send(Err(error));
                break;
            }
            (Err(error), None) => {
                tracing::error!("{called} could not be started: {error}");
                // A killed worker or a refusing system says nothing about the application: the next
                // one may serve.
                if !matches!(error, StartError::Ended { killed: true, .. } | StartError::Io { .. }) {
                    generation.give_up_if_alone();
                }
            }
            (Ok(worker), first) => {
                let mut state = worker.state();
                let orders = worker.orders();
                workers.spawn(worker.serve());
                if let Some(previous) = previous.take() {
                    retire(previous, Ending::Replaced);
                }
                if let Some(first) = first {
                    let _ = first.send(Ok(()));
                }
                let change = tokio::select! {
                    biased;
                    _ = leave_by.wait_for(Option::is_some) => Change::Leave,
                    state = state.wait_for(|state| *state != WorkerState::Serving) => match state.as_deref() {
                        Ok(WorkerState::Due(due)) => Change::Due(*due),
                        Ok(state) => Change::Ended(state.clone()),
                        // It always says how it ended.
                        Err(_) => Change::Leave,
                    },
                    _ = wanted.wait_for(|wanted| *wanted <= number) => Change::Surplus,
                };
                match change {
                    Change::Leave => break,
                    Change::Due(why) => {
                        tracing::info!("{called} is replaced: {why}");
                        previous = Some(orders);
                        pause = Duration::ZERO;
                    }
                    Change::Surplus => {
                        tracing::info!("{called} is not needed any more");
                        retire(orders, Ending::Surplus);
                        continue;
                    }
                    Change::Ended(state) => {
                        tracing::error!("{called} {state}; starting another");
                        // It has been slow to end as it is.
                        if matches!(state, WorkerState::Retiring(Ending::TimedOut(_))) {
                            pause = Duration::ZERO;
                        }
                    }
                }
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
