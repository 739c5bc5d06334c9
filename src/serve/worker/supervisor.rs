//! A worker's life: load, serve, die, start again; and stopping them all.
//!
//! One task per worker process starts it, waits for its end and starts the next one: at once the
//! first time, then after pauses that double, until one has lived for a while. What dead workers
//! had begun is answered with an error by their links; what they had taken from the queue and not
//! begun is found by looking at the living ones' claims.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot, watch};

use super::link::{Link, listen};
use super::pool_state::{LiveWorker, PoolState, lock};
use super::process::{Launch, Process, queue_pair};
use super::queue::Queue;
use super::{StartError, WorkerConfig};

/// The pauses before starting a worker again double from the first to the last...
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LAST_PAUSE: Duration = Duration::from_secs(10);
/// ...and start again from the first when a worker has lived this long.
const LONG_LIFE: Duration = Duration::from_secs(10);
/// A worker claims a request some microseconds after it took it from the queue; this is ample even
/// on a busy machine.
const CLAIMED_BY_NOW: Duration = Duration::from_millis(100);

/// Starts the workers and waits until all have loaded the application.
///
/// # Errors
/// That of the first one that has not; the others are killed.
pub(super) async fn start(mut config: WorkerConfig) -> Result<Arc<PoolState>, StartError> {
    config.workers = config.workers.max(1);
    config.threads = config.threads.max(1);
    let workers = config.workers;
    let (writer, reader) = queue_pair()?;
    let reader_for_workers =
        reader.try_clone().map_err(|source| StartError::Io { action: "start a worker".into(), source })?;
    let launch = Launch::new(&config, reader_for_workers)?;
    let shared = Arc::new(PoolState {
        queue: Mutex::new(Queue::new(config.threads)),
        config,
        launch,
        writer: Mutex::new(Some(writer)),
        reader,
        wake: Notify::new(),
        living: Mutex::new((0..workers).map(|_| None).collect()),
        stalled: AtomicUsize::new(0),
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
                let status = live(&shared, number, process, &mut leave_by).await;
                if leave_by.borrow().is_some() {
                    return;
                }
                tracing::error!("worker {number} died ({status}); starting another");
                tokio::spawn(find_unbegun(shared.clone(), shared.queue().next_id()));
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

/// Lets a loaded worker serve until it dies or must leave; says how it ended. It is reaped then.
async fn live(
    shared: &Arc<PoolState>,
    number: usize,
    process: Process,
    leave_by: &mut watch::Receiver<Option<Instant>>,
) -> String {
    let Process { mut child, control, streams, claims, .. } = process;
    let claims = Arc::new(claims);
    let kill = Arc::new(Notify::new());
    let (reader, control) = control.into_split();
    let (ended, control_ended) = watch::channel(());
    tokio::spawn(listen(shared.clone(), reader, kill.clone(), ended));
    for (slot, stream) in streams.into_iter().enumerate() {
        let link = Link {
            shared: shared.clone(),
            stream,
            claims: claims.clone(),
            slot,
            kill: kill.clone(),
            control: control_ended.clone(),
        };
        tokio::spawn(link.run());
    }
    if let Some(place) = lock(&shared.living).get_mut(number) {
        *place = Some(LiveWorker { claims, control });
    }
    shared.unloadable.store(false, Ordering::Relaxed);
    shared.queue().worker_ready();
    shared.send_waiting();
    let status = tokio::select! {
        status = child.wait() => status,
        () = kill.notified() => {
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
    // Only now: the end of its control stream tells the worker that the front is gone.
    if let Some(place) = lock(&shared.living).get_mut(number) {
        *place = None;
    }
    shared.queue().worker_gone();
    status.map_or_else(|error| error.to_string(), |status| status.to_string())
}

/// After a death: finds requests before `limit` that were taken from the queue and not begun, and
/// sends them again.
///
/// The queue is first in, first out. Once it is empty, everything that was sent before has been
/// taken by some worker, and a moment later the living have claimed what they took, and what they
/// had answered before is read, unless a slow client holds a link up. What is neither answered nor
/// claimed then went with the dead, in the instant between taking and claiming.
async fn find_unbegun(shared: Arc<PoolState>, limit: u64) {
    let settled = || {
        shared.stalled.load(Ordering::Relaxed) == 0
            && rustix::io::ioctl_fionread(&shared.reader).is_ok_and(|bytes| bytes == 0)
    };
    let mut was_settled = false;
    while !(was_settled && settled()) {
        was_settled = settled();
        tokio::time::sleep(CLAIMED_BY_NOW).await;
        if lock(&shared.writer).is_none() {
            return;
        }
    }
    let claims: Vec<u64> =
        lock(&shared.living).iter().flatten().flat_map(|one| one.claims.all().collect::<Vec<_>>()).collect();
    shared.queue().take_back_unclaimed(limit, &claims);
    shared.send_waiting();
}
