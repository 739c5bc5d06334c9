//! What a pool does now, for those who look after the server.

use super::generation::Generation;
use super::history::{Past, Work};
use super::live::LiveWorker;
use super::queue::Queue;

/// What a pool does.
#[derive(Clone, Debug)]
pub struct PoolStatus {
    /// The application, as it is named.
    pub application: String,
    /// The folder that its workers run in; empty for that of the server.
    pub folder: String,
    /// One for each place.
    pub workers: Vec<WorkerStatus>,
    /// Workers on their way out, which finish what they have.
    pub leaving: usize,
    /// Requests that wait for a worker.
    pub waiting: usize,
}

/// The worker of one place.
#[derive(Clone, Debug)]
pub struct WorkerStatus {
    pub activity: WorkerActivity,
    /// Its process id; `None` if there is none that serves.
    pub pid: Option<u32>,
    /// What this process has done.
    pub own: Work,
    /// The same by thread, without its time.
    pub threads: Vec<ThreadStatus>,
    /// What is known of its place besides.
    pub past: Past,
}

/// What a worker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerActivity {
    Idle,
    /// It runs at least one request.
    Busy,
    /// It loads the application, or waits to be started again.
    Starting,
    /// Its place is not filled, because fewer workers are enough.
    Cheap,
}

/// A thread of a worker.
#[derive(Clone, Copy, Debug)]
pub struct ThreadStatus {
    pub work: Work,
    pub is_busy: bool,
}

impl WorkerStatus {
    /// What all workers of the place have done.
    pub fn work(&self) -> Work {
        let mut work = self.past.work;
        work += self.own;
        work
    }
}

/// What the workers of a generation do, in which `leaving` others finish what they have.
pub(super) fn status(generation: &Generation, leaving: usize) -> PoolStatus {
    let wanted = *generation.wanted().borrow();
    let places = generation.config.workers.max(wanted);
    let living = generation.living();
    let mut queue = generation.queue();
    let serves = |worker: &&LiveWorker| !worker.state.borrow().has_served();
    let workers = (0..places).map(|place| {
        let past = generation.history.of(place);
        // A successor may serve before the one that it replaces has left.
        match living.iter().rev().filter(serves).find(|worker| worker.place == place) {
            Some(worker) => of_worker(worker, &mut queue, past),
            None => WorkerStatus {
                activity: if place < wanted { WorkerActivity::Starting } else { WorkerActivity::Cheap },
                pid: None,
                own: Work::default(),
                threads: Vec::new(),
                past,
            },
        }
    });
    let workers: Vec<_> = workers.collect();
    let serving = workers.iter().filter(|worker| worker.pid.is_some()).count();
    PoolStatus {
        application: generation.config.application.to_string(),
        folder: generation
            .config
            .chdir
            .as_deref()
            .map_or_else(String::new, |path| path.display().to_string()),
        workers,
        leaving: leaving + living.len().saturating_sub(serving),
        waiting: queue.waiting(),
    }
}

fn of_worker(worker: &LiveWorker, queue: &mut Queue, past: Past) -> WorkerStatus {
    let threads = worker.claims.all().zip(&worker.pulses).map(|(request, pulse)| ThreadStatus {
        work: pulse.work(),
        is_busy: queue.holds_thread(worker.id, request),
    });
    let threads: Vec<_> = threads.collect();
    let activity =
        if queue.held_threads(worker.id) > 0 { WorkerActivity::Busy } else { WorkerActivity::Idle };
    let mut own = worker.work();
    own.time = queue.time(worker.id);
    WorkerStatus { activity, pid: Some(worker.id.pid), own, threads, past }
}
