//! What the pool, its links and its supervisors have in common: the queue, the living workers, and
//! stopping.

use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::net::SendFlags;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::claims::Claims;
use super::process::Launch;
use super::queue::{Call, Queue, WorkerId};
use super::{CallError, WorkerConfig};

/// The least time that workers get to leave, once everything is finished or aborted.
const LEAVE: Duration = Duration::from_millis(500);

/// What the pool, its links and its supervisors have in common.
pub(super) struct PoolState {
    pub(super) config: WorkerConfig,
    pub(super) launch: Launch,
    pub(super) queue: Mutex<Queue>,
    /// There is something new in the queue.
    pub(super) wake: Notify,
    /// Workers that serve. Locked before the queue, if both are.
    pub(super) living: Mutex<Vec<LiveWorker>>,
    pub(super) next_worker: AtomicU64,
    pub(super) stopping: AtomicBool,
    /// At the last attempt to start a worker again the application did not load.
    pub(super) unloadable: AtomicBool,
    /// When workers must be gone; `None` while they are wanted.
    pub(super) leave_by: watch::Sender<Option<Instant>>,
    pub(super) tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// What the pool needs to know of a worker that serves.
pub(super) struct LiveWorker {
    pub(super) id: WorkerId,
    /// The front's end of its queue; closing it tells the worker to leave.
    pub(super) queue: Option<OwnedFd>,
    pub(super) claims: Arc<Claims>,
    /// Closing it ends the worker at once.
    pub(super) control: OwnedWriteHalf,
}

impl LiveWorker {
    /// Sends a message; false if that cannot be now.
    fn send(&self, message: &[u8]) -> bool {
        let Some(queue) = &self.queue else { return false };
        match rustix::net::send(queue, message, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(_) => true,
            // Full of large messages, or just dead.
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::PIPE | rustix::io::Errno::CONNRESET) => false,
            Err(error) => {
                tracing::error!("cannot send a request to a worker: {error}");
                false
            }
        }
    }

    /// Asks the thread that runs requests of this message for what need not wait. False if there is
    /// none.
    fn ask(&self, message: &RangeInclusive<u64>) -> bool {
        let Some(slot) = self.claims.all().position(|claim| message.contains(&claim)) else { return false };
        // A few bytes; if there is no room for them, the worker's watcher is busy and is asked
        // again later.
        let word = u32::try_from(slot).unwrap_or(u32::MAX).to_le_bytes();
        self.control.try_write(&word).is_ok()
    }
}

impl PoolState {
    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }

    /// Takes a request; it is sent as soon as the tasks that are ready now have run, so that theirs
    /// can join it.
    pub(super) fn submit(&self, call: Call) -> Result<(), CallError> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err(CallError::Stopped);
        }
        let mut queue = self.queue();
        if !queue.has_workers() && self.unloadable.load(Ordering::Relaxed) {
            return Err(CallError::Unavailable);
        }
        queue.push(call)?;
        drop(queue);
        self.wake.notify_one();
        Ok(())
    }

    /// Sends what waits, as far as the rules allow, and has `send_on` look after the rest.
    pub(super) fn send_waiting(&self) {
        if self.send() {
            self.wake.notify_one();
        }
    }

    /// Sends what waits, as far as the rules allow. True if time alone may change something:
    /// requests still wait, or there is a new bundle.
    pub(super) fn send(&self) -> bool {
        let living = lock(&self.living);
        let mut queue = self.queue();
        let before = queue.next_id();
        let now = Instant::now();
        while let Some(message) = queue.next_message(now) {
            let worker = living.iter().find(|one| one.id == message.worker);
            let first = message.first;
            if !worker.is_some_and(|worker| worker.send(message.bytes)) {
                queue.unsent(first);
            }
        }
        queue.has_waiting() || queue.next_id() > before + 1
    }

    /// Asks workers to hand back what need not wait of bundles that take long.
    pub(super) fn ask_overdue(&self) {
        let living = lock(&self.living);
        self.queue().overdue(Instant::now(), |worker, message| {
            living.iter().find(|one| one.id == worker).is_some_and(|one| one.ask(&message))
        });
    }

    /// Lets running requests finish until then, and ends the workers.
    pub(super) async fn stop(&self, deadline: Instant) {
        self.stopping.store(true, Ordering::Relaxed);
        while !self.queue().is_idle() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.leave(deadline.max(Instant::now() + LEAVE)).await;
    }

    /// Ends all tasks and with them all workers.
    pub(super) async fn leave(&self, by: Instant) {
        self.stopping.store(true, Ordering::Relaxed);
        for worker in lock(&self.living).iter_mut() {
            worker.queue = None;
        }
        self.leave_by.send_replace(Some(by));
        let tasks = std::mem::take(&mut *lock(&self.tasks));
        for task in tasks {
            let _ = task.await;
        }
        self.queue().fail_all(CallError::Stopped);
    }

    /// Fails all waiting requests if no worker is left and none can be started.
    pub(super) fn give_up_if_alone(&self) {
        self.unloadable.store(true, Ordering::Relaxed);
        let mut queue = self.queue();
        if !queue.has_workers() {
            queue.fail_all(CallError::Unavailable);
        }
    }
}

/// A lock whose holder panicked is still good: every change under these locks is complete in
/// itself.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
