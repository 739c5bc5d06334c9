//! One load of the application's code: its queue, how its workers are started, those that live, and
//! how it ends. A reload makes a second one; requests that no worker has yet go to it.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, JoinHandle};

use super::history::History;
use super::in_flight::WorkerId;
use super::limits::Due;
use super::live::LiveWorker;
use super::process::Launch;
use super::queue::{Queue, Unsent};
use super::state::WorkerState;
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
    /// How many places are to be filled: those with the lowest numbers.
    wanted: watch::Sender<usize>,
    /// How many places have a task.
    places: Mutex<usize>,
    is_stopping: AtomicBool,
    /// At the last attempt to start a worker again the application did not load.
    is_unloadable: AtomicBool,
    /// When workers must be gone; `None` while they are wanted.
    leave_by: watch::Sender<Option<Instant>>,
    /// The tasks that keep the workers alive.
    tasks: Mutex<Vec<JoinHandle<()>>>,
    /// The task that sends, and the one that looks after the workers.
    background: Mutex<Vec<AbortHandle>>,
    /// The generation that has taken this one's place.
    heir: OnceLock<Arc<Self>>,
    /// The code is to be loaded again.
    reload: Arc<watch::Sender<bool>>,
    /// That of all generations.
    pub(super) history: Arc<History>,
}

impl Generation {
    /// A generation without workers; relative folders are meant from `base`.
    ///
    /// # Errors
    /// Those of [`Launch::new`].
    pub(super) fn new(
        mut config: WorkerConfig,
        base: &Path,
        reload: Arc<watch::Sender<bool>>,
        history: Arc<History>,
    ) -> Result<Arc<Self>, StartError> {
        config.workers = config.workers.max(1);
        config.threads = config.greenlets.unwrap_or(config.threads).max(1);
        let launch = Launch::new(&config, base)?;
        Ok(Arc::new(Self {
            // The keys of a RandomState are random.
            queue: Mutex::new(Queue::new(config.threads, RandomState::new().hash_one(()))),
            wanted: watch::Sender::new(config.cheaper.at_start(config.workers)),
            places: Mutex::default(),
            config,
            launch,
            wake: Notify::new(),
            living: Mutex::default(),
            next_worker: AtomicU64::new(0),
            is_stopping: AtomicBool::new(false),
            is_unloadable: AtomicBool::new(false),
            leave_by: watch::Sender::new(None),
            tasks: Mutex::default(),
            background: Mutex::default(),
            heir: OnceLock::new(),
            reload,
            history,
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

    /// How many places are to be filled.
    pub(super) fn wanted(&self) -> watch::Receiver<usize> {
        self.wanted.subscribe()
    }

    /// Changes how many places are to be filled, of which there is always one; `open` is called with the number
    /// of each that has not been filled before.
    pub(super) fn change_wanted(&self, change: impl FnOnce(usize) -> usize, open: impl FnMut(usize)) {
        if self.leave_by.borrow().is_some() {
            return;
        }
        let mut places = lock(&self.places);
        self.wanted.send_if_modified(|wanted| {
            let new = change(*wanted).max(1);
            std::mem::replace(wanted, new) != new
        });
        let wanted = *self.wanted.borrow();
        (*places..wanted).for_each(open);
        *places = wanted.max(*places);
    }

    /// The workers that serve or finish what they have.
    pub(super) fn living(&self) -> MutexGuard<'_, Vec<LiveWorker>> {
        lock(&self.living)
    }

    /// A worker gets no more requests, finishes those that it has, and leaves.
    pub(super) fn dismiss(&self, id: WorkerId) {
        if let Some(worker) = self.living().iter_mut().find(|worker| worker.id == id) {
            worker.queue = None;
        }
        self.queue().worker_gone(id);
        self.send_waiting();
    }

    /// The application has raised an exception in a worker.
    pub(super) fn application_failed(&self, id: WorkerId) {
        if !self.config.limits.replaces_failed {
            return;
        }
        if let Some(worker) = self.living().iter().find(|worker| worker.id == id) {
            worker.state.send_if_modified(|state| {
                let is_serving = *state == WorkerState::Serving;
                if is_serving {
                    *state = WorkerState::Due(Due::Exception);
                }
                is_serving
            });
        }
    }

    /// A worker asks for a reload. All of them see the same change: those that ask after it has succeeded are late.
    pub(super) fn ask_for_reload(&self, why: &[u8]) {
        if self.heir.get().is_none() && !self.is_stopping.load(Ordering::Relaxed) {
            tracing::info!("{}; reloading", String::from_utf8_lossy(why).escape_debug());
            self.reload.send_replace(true);
        }
    }

    /// A worker has loaded the application.
    pub(super) fn worker_serves(&self, mut worker: LiveWorker) {
        let id = worker.id;
        self.history.spawned(worker.place);
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
        let mut gone = None;
        lock(&self.living).retain(|worker| {
            let stays = worker.id != id;
            if !stays {
                gone = Some((worker.place, worker.work()));
            }
            stays
        });
        if let Some((place, work)) = gone {
            self.history.done(place, work);
        }
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
        self.accompany(tokio::spawn(async move { generation.send_on().await }).abort_handle());
    }

    /// A task that is aborted when the generation has left.
    pub(super) fn accompany(&self, task: AbortHandle) {
        lock(&self.background).push(task);
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
            queue.fail_waiting(CallError::Unavailable);
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
        for task in lock(&self.background).drain(..) {
            task.abort();
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
