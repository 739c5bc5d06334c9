//! One load of the application's code: its queue, how its workers are started, those that live, and
//! how it ends. A reload makes a second one; requests that no worker has yet go to it.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::net::SendFlags;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, JoinHandle};

use super::claims::Claims;
use super::frame;
use super::in_flight::WorkerId;
use super::process::Launch;
use super::queue::{Queue, Unsent};
use super::waiting::Call;
use super::{CallError, StartError, WorkerConfig};

/// The least time that workers get to leave, once everything is finished or aborted.
const LEAVE: Duration = Duration::from_millis(500);

/// One load of the code.
pub(super) struct Generation {
    pub(super) config: WorkerConfig,
    pub(super) launch: Launch,
    queue: Mutex<Queue>,
    /// There is something new in the queue.
    wake: Notify,
    /// Workers that serve. Locked before the queue, if both are.
    living: Mutex<Vec<LiveWorker>>,
    next_worker: AtomicU64,
    is_stopping: AtomicBool,
    /// At the last attempt to start a worker again the application did not load.
    is_unloadable: AtomicBool,
    /// When workers must be gone; `None` while they are wanted.
    leave_by: watch::Sender<Option<Instant>>,
    /// The tasks that keep the workers alive.
    tasks: Mutex<Vec<JoinHandle<()>>>,
    /// The task that sends.
    sender: OnceLock<AbortHandle>,
    /// The generation that has taken this one's place.
    heir: OnceLock<Arc<Self>>,
}

/// What is to be known of a worker that serves.
pub(super) struct LiveWorker {
    pub(super) id: WorkerId,
    /// The front's end of its queue; closing it tells the worker to leave.
    pub(super) queue: Option<OwnedFd>,
    pub(super) claims: Arc<Claims>,
    /// Closing it ends the worker at once.
    pub(super) control: OwnedWriteHalf,
}

impl LiveWorker {
    /// Sends a message.
    ///
    /// # Errors
    /// Why that cannot be now.
    fn send(&self, message: &[u8]) -> Result<(), Unsent> {
        self.queue.as_ref().map_or(Err(Unsent::Gone), |queue| send(queue, message))
    }

    /// Asks the thread that runs requests of this message for what need not wait. False if there is
    /// none.
    fn ask(&self, message: &RangeInclusive<u64>) -> bool {
        let Some(slot) = self.claims.all().position(|claim| message.contains(&claim)) else { return false };
        // These few bytes do not fit only while the worker's watcher is busy; it is asked again later.
        let question = frame::ask(u32::try_from(slot).unwrap_or(u32::MAX));
        self.control.try_write(&question).is_ok()
    }
}

/// Sends a message into a worker's queue.
fn send(queue: &OwnedFd, message: &[u8]) -> Result<(), Unsent> {
    use rustix::io::Errno;
    match rustix::net::send(queue, message, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
        Ok(_) => Ok(()),
        // Full of large messages, or the system is short of memory.
        Err(Errno::AGAIN | Errno::NOBUFS | Errno::NOMEM) => Err(Unsent::Full),
        Err(Errno::MSGSIZE) => Err(Unsent::TooLong),
        Err(Errno::PIPE | Errno::CONNRESET) => Err(Unsent::Gone),
        Err(error) => {
            tracing::error!("cannot send a request to a worker: {error}");
            Err(Unsent::Full)
        }
    }
}

impl Generation {
    /// A generation without workers; relative folders are meant from `base`.
    ///
    /// # Errors
    /// Those of [`Launch::new`].
    pub(super) fn new(mut config: WorkerConfig, base: &Path) -> Result<Arc<Self>, StartError> {
        config.workers = config.workers.max(1);
        config.threads = config.threads.max(1);
        let launch = Launch::new(&config, base)?;
        Ok(Arc::new(Self {
            // The keys of a RandomState are random.
            queue: Mutex::new(Queue::new(config.threads, RandomState::new().hash_one(()))),
            config,
            launch,
            wake: Notify::new(),
            living: Mutex::default(),
            next_worker: AtomicU64::new(0),
            is_stopping: AtomicBool::new(false),
            is_unloadable: AtomicBool::new(false),
            leave_by: watch::Sender::new(None),
            tasks: Mutex::default(),
            sender: OnceLock::new(),
            heir: OnceLock::new(),
        }))
    }

    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }

    /// A task that ends when no worker is wanted any more and none is left.
    pub(super) fn keep(&self, task: JoinHandle<()>) {
        lock(&self.tasks).push(task);
    }

    pub(super) fn next_worker(&self, pid: u32) -> WorkerId {
        WorkerId { number: self.next_worker.fetch_add(1, Ordering::Relaxed), pid }
    }

    /// When workers must be gone.
    pub(super) fn leave_by(&self) -> watch::Receiver<Option<Instant>> {
        self.leave_by.subscribe()
    }

    /// A worker has loaded the application.
    pub(super) fn worker_serves(&self, mut worker: LiveWorker) {
        let id = worker.id;
        let mut living = lock(&self.living);
        if self.leave_by.borrow().is_some() {
            worker.queue = None;
        }
        living.push(worker);
        drop(living);
        self.is_unloadable.store(false, Ordering::Relaxed);
        self.queue().worker_ready(id);
        self.send_waiting();
    }

    /// A worker has died with these claims, and everything that it had sent is delivered.
    pub(super) fn worker_is_gone(&self, id: WorkerId, claims: &[u64]) {
        // Only now: the end of its control stream tells a worker that the front is gone.
        lock(&self.living).retain(|worker| worker.id != id);
        self.queue().settle(id, claims);
        self.send_waiting();
    }

    /// Takes a request; it is sent as soon as the tasks that are ready now have run, so that theirs
    /// can join it.
    pub(super) fn submit(&self, call: Call) -> Result<(), CallError> {
        let mut queue = self.queue();
        if let Some(heir) = self.heir.get() {
            drop(queue);
            return heir.submit(call);
        }
        if self.is_stopping.load(Ordering::Relaxed) {
            return Err(CallError::Stopped);
        }
        if !queue.has_workers() && self.is_unloadable.load(Ordering::Relaxed) {
            return Err(CallError::Unavailable);
        }
        queue.push(call)?;
        drop(queue);
        self.wake.notify_one();
        Ok(())
    }

    /// Sends what waits, as far as the rules allow, and has the sending task look after the
    /// rest.
    pub(super) fn send_waiting(&self) {
        if self.send() {
            self.wake.notify_one();
        }
    }

    /// Sends what waits, as far as the rules allow. True if time alone may change something:
    /// requests still wait, or there is a new bundle.
    fn send(&self) -> bool {
        let living = lock(&self.living);
        let mut queue = self.queue();
        if let Some(heir) = self.heir.get() {
            let waiting = queue.take_waiting();
            drop(queue);
            drop(living);
            heir.inherit(waiting);
            return false;
        }
        let before = queue.next_id();
        let now = Instant::now();
        while let Some(message) = queue.next_message(now) {
            let worker = living.iter().find(|one| one.id == message.worker);
            let first = message.first;
            let sent = worker.map_or(Err(Unsent::Gone), |worker| worker.send(message.bytes));
            if let Err(why) = sent {
                queue.unsent(first, why, now);
            }
        }
        queue.has_waiting() || queue.next_id() > before + 1
    }

    /// Takes over what another generation has not begun.
    fn inherit(&self, calls: VecDeque<Call>) {
        if calls.is_empty() {
            return;
        }
        let mut queue = self.queue();
        if let Some(heir) = self.heir.get() {
            drop(queue);
            return heir.inherit(calls);
        }
        queue.put_first(calls);
        drop(queue);
        self.wake.notify_one();
    }

    /// Starts the task that sends new requests.
    pub(super) fn begin_sending(self: &Arc<Self>) {
        let generation = Arc::clone(self);
        let task = tokio::spawn(async move { generation.send_on().await });
        let _ = self.sender.set(task.abort_handle());
    }

    /// Sends new requests, and looks again when time alone makes room; for ever.
    async fn send_on(&self) {
        let mut now = Instant::now();
        loop {
            // As of before the last sending: a message that has become old meanwhile is not missed.
            let look = self.queue().next_look(now);
            let timer = async {
                match look {
                    Some(when) => tokio::time::sleep_until(when.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.wake.notified() => {}
                () = timer => {}
            }
            now = Instant::now();
            self.ask_overdue();
            // What time may change is looked up next.
            self.send();
        }
    }

    /// Asks workers to hand back what need not wait of bundles that take long.
    fn ask_overdue(&self) {
        let living = lock(&self.living);
        self.queue().overdue(Instant::now(), |worker, message| {
            living.iter().find(|one| one.id == worker).is_some_and(|one| one.ask(&message))
        });
    }

    /// The application cannot be loaded any more: fails all waiting requests, if no worker is left.
    pub(super) fn give_up_if_alone(&self) {
        self.is_unloadable.store(true, Ordering::Relaxed);
        let mut queue = self.queue();
        if !queue.has_workers() {
            queue.fail_all(CallError::Unavailable);
        }
    }

    /// Lets running requests finish until then, and ends the workers.
    pub(super) async fn stop(&self, deadline: Instant) {
        self.is_stopping.store(true, Ordering::Relaxed);
        while !self.queue().is_idle() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.leave(deadline).await;
    }

    /// From now on the requests that no worker has yet, and all new ones, are the heir's.
    pub(super) fn give_way_to(&self, heir: Arc<Self>) {
        let _ = self.heir.set(heir);
        self.send();
    }

    /// Lets the workers finish what they have until then, and waits until all are gone.
    pub(super) async fn leave(&self, by: Instant) {
        self.hurry(by);
        let tasks = std::mem::take(&mut *lock(&self.tasks));
        for task in tasks {
            let _ = task.await;
        }
        if let Some(sender) = self.sender.get() {
            sender.abort();
        }
        self.send();
        // Also for what an older generation hands on later.
        self.queue().close(CallError::Stopped);
    }

    /// Tells the workers to leave by then, or sooner if there was an earlier deadline; does not wait.
    pub(super) fn hurry(&self, by: Instant) {
        let by = by.max(Instant::now() + LEAVE);
        self.leave_by.send_modify(|before| *before = Some(before.map_or(by, |before| before.min(by))));
        for worker in lock(&self.living).iter_mut() {
            worker.queue = None;
        }
    }
}

/// A lock whose holder panicked is still good: every change under these locks is complete in
/// itself.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair, sockopt};

    use super::*;

    #[test]
    fn why_a_message_cannot_be_sent() {
        let (queue, worker) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
        sockopt::set_socket_send_buffer_size(&queue, 16 * 1024).unwrap();
        assert_eq!(send(&queue, &[0; 256 * 1024]), Err(Unsent::TooLong));
        assert_eq!((0..100).find_map(|_| send(&queue, &[0; 4096]).err()), Some(Unsent::Full));
        drop(worker);
        assert_eq!(send(&queue, &[0]), Err(Unsent::Gone));
    }
}
