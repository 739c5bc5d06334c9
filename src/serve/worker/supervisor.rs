//! A worker's life: load, serve, die, start again; and stopping them all.
//!
//! One task per worker process starts it, waits for its end and starts the next one: at once the
//! first time, then after pauses that double, until one has lived for a while. When all that a dead
//! worker had sent is delivered, what it had begun is answered with an error, and the rest of its
//! messages goes to others.

use std::hash::{BuildHasher, RandomState};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinSet;

use super::link::{Link, listen};
use super::pool_state::{LiveWorker, PoolState, lock};
use super::process::{Launch, Process};
use super::queue::{Queue, WorkerId};
use super::{StartError, WorkerConfig};

/// The pauses before starting a worker again double from the first to the last...
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LAST_PAUSE: Duration = Duration::from_secs(10);
/// ...and start again from the first when a worker has lived this long.
const LONG_LIFE: Duration = Duration::from_secs(10);
/// What a dead worker had sent is there already; only a child of it that kept its streams open can
/// hide their end.
const DRAINED_BY_NOW: Duration = Duration::from_secs(1);

/// Starts the workers and waits until all have loaded the application.
///
/// # Errors
/// That of the first one that has not; the others are killed.
pub(super) async fn start(mut config: WorkerConfig) -> Result<Arc<PoolState>, StartError> {
    config.workers = config.workers.max(1);
    config.threads = config.threads.max(1);
    let workers = config.workers;
    let launch = Launch::new(&config)?;
    let shared = Arc::new(PoolState {
        // The keys of a RandomState are random.
        queue: Mutex::new(Queue::new(config.threads, RandomState::new().hash_one(()))),
        config,
        launch,
        wake: Notify::new(),
        living: Mutex::new(Vec::with_capacity(workers)),
        next_worker: AtomicU64::new(0),
        stopping: AtomicBool::new(false),
        unloadable: AtomicBool::new(false),
        leave_by: watch::Sender::new(None),
        tasks: Mutex::new(Vec::new()),
    });
    let mut answers = Vec::with_capacity(workers);
    for number in 0..workers {
        let (first, answer) = oneshot::channel();
        answers.push(answer);
        let task = tokio::spawn(supervise(shared.clone(), number, first));
        lock(&shared.tasks).push(task);
    }
    for answer in answers {
        // A task that is gone without an answer is the runtime going down.
        if let Ok(Err(error)) = answer.await {
            shared.leave(Instant::now()).await;
            return Err(error);
        }
    }
    let task = tokio::spawn(send_on(shared.clone()));
    lock(&shared.tasks).push(task);
    Ok(shared)
}

/// Sends new requests, and looks again when time alone makes room.
async fn send_on(shared: Arc<PoolState>) {
    let mut leave_by = shared.leave_by.subscribe();
    loop {
        let now = Instant::now();
        let look = shared.queue().next_look(now);
        let timer = async {
            match look {
                Some(when) => tokio::time::sleep_until(when.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shared.wake.notified() => {}
            () = timer => {}
            _ = leave_by.changed() => return,
        }
        shared.ask_overdue();
        // What time may change is looked up next.
        shared.send();
    }
}

/// Keeps one worker alive. `first` gets the outcome of the first start; after a failure there is no
/// second one.
async fn supervise(shared: Arc<PoolState>, number: usize, first: oneshot::Sender<Result<(), StartError>>) {
    let mut leave_by = shared.leave_by.subscribe();
    let mut first = Some(first);
    let mut pause = Duration::ZERO;
    loop {
        let born = Instant::now();
        let loading = async {
            let mut process = shared.launch.start()?;
            process.loaded().await?;
            Ok(process)
        };
        let loaded = tokio::select! {
            loaded = loading => loaded,
            // Dropping the process kills it; the runtime reaps it.
            _ = leave_by.changed() => return,
        };
        match (loaded, first.take()) {
            (Err(error), Some(first)) => {
                let _ = first.send(Err(error));
                return;
            }
            (Err(error), None) => {
                tracing::error!("worker {number} could not be restarted: {error}");
                // A killed worker or a refusing system says nothing about the application: the next
                // one may serve.
                if !matches!(error, StartError::Ended { killed: true, .. } | StartError::Io { .. }) {
                    shared.give_up_if_alone();
                }
            }
            (Ok(process), first) => {
                if let Some(first) = first {
                    let _ = first.send(Ok(()));
                }
                let status = live(&shared, process, &mut leave_by).await;
                if leave_by.borrow().is_some() {
                    return;
                }
                tracing::error!("worker {number} {status}; starting another");
            }
        }
        if born.elapsed() >= LONG_LIFE {
            pause = Duration::ZERO;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = leave_by.changed() => return,
        }
        pause = (pause * 2).clamp(FIRST_PAUSE, LAST_PAUSE);
    }
}

/// Lets a loaded worker serve until it dies or must leave; says how it ended. It is reaped then, and
/// what it had is settled.
async fn live(
    shared: &Arc<PoolState>,
    process: Process,
    leave_by: &mut watch::Receiver<Option<Instant>>,
) -> String {
    let Process { mut child, control, queue, streams, claims, .. } = process;
    let id = WorkerId(shared.next_worker.fetch_add(1, Ordering::Relaxed));
    let claims = Arc::new(claims);
    let kill = Arc::new(Notify::new());
    let (reader, control) = control.into_split();
    let mut links = JoinSet::new();
    links.spawn(listen(shared.clone(), id, reader, kill.clone()));
    for stream in streams {
        links.spawn(Link { shared: shared.clone(), worker: id, stream, kill: kill.clone() }.run());
    }
    lock(&shared.living).push(LiveWorker { id, queue: Some(queue), claims: claims.clone(), control });
    shared.unloadable.store(false, Ordering::Relaxed);
    shared.queue().worker_ready(id);
    shared.send_waiting();
    let mut spoke_nonsense = false;
    let status = tokio::select! {
        status = child.wait() => status,
        () = kill.notified() => {
            shared.queue().worker_gone(id);
            spoke_nonsense = true;
            let _ = child.start_kill();
            child.wait().await
        }
        _ = leave_by.changed() => {
            let by = leave_by.borrow().unwrap_or_else(Instant::now);
            match tokio::time::timeout_at(by.into(), child.wait()).await {
                Ok(status) => status,
                Err(_) => {
                    let _ = child.start_kill();
                    child.wait().await
                }
            }
        }
    };
    shared.queue().worker_gone(id);
    let drained = async { while links.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(DRAINED_BY_NOW, drained).await;
    // Only now: the end of its control stream tells the worker that the front is gone.
    lock(&shared.living).retain(|worker| worker.id != id);
    let claims: Vec<u64> = claims.all().collect();
    shared.queue().settle(id, &claims);
    shared.send_waiting();
    match status {
        Ok(_) if spoke_nonsense => "was killed for a protocol error".to_owned(),
        Ok(status) => how_it_ended(status),
        Err(error) => format!("is gone: {error}"),
    }
}

/// `was killed by signal 9`, `exited with status 3`.
fn how_it_ended(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("was killed by signal {signal}"),
        (None, Some(code)) => format!("exited with status {code}"),
        (None, None) => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_worker_is_said_as_it_was() {
        for (status, expected) in [
            (9, "was killed by signal 9"),
            (11 | 128, "was killed by signal 11"),
            (0, "exited with status 0"),
            (3 << 8, "exited with status 3"),
        ] {
            assert_eq!(how_it_ended(ExitStatus::from_raw(status)), expected);
        }
    }
}
