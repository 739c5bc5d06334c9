//! The threads that drive connections, each with a runtime of its own.
//!
//! The first one is the thread that the server was started on. It accepts, and talks to the workers;
//! where there are workers and two other threads or more, that is all it does. A connection stays on
//! the thread that it is given to.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::handshake::Gate;
use super::hellos::HelloThread;
use crate::serve::connection::activity::Activity;
use crate::serve::connection::registry::Registry;
use crate::serve::counters::Counters;

/// A connection that has been idle for less time may be about to get a request.
const LEAST_IDLE: Duration = Duration::from_secs(1);
/// Time for a thread to drop what it still drives at the end.
const END_OF_THREAD: Duration = Duration::from_millis(500);

/// What a connection costs a thread, in halves of what it costs a further one that drives it.
#[derive(Clone, Copy)]
struct Costs {
    /// The first thread, if it drives the connection itself.
    own: usize,
    /// The first thread, if another one drives it.
    relayed: usize,
}

const DRIVEN: usize = 2;
const WITHOUT_APPLICATION: Costs = Costs { own: DRIVEN, relayed: 0 };
/// The first thread sends all requests to the workers and reads their answers. For its own connections
/// no thread has to be woken, so their clients get answers sooner and ask again sooner. (From the CPU
/// time of two, three and four threads; clients that wait for each answer, small answers over TLS.)
const WITH_APPLICATION: Costs = Costs { own: 2 * DRIVEN, relayed: 1 };

/// All threads of the server. Dropped, the further ones end.
pub(in crate::serve) struct FrontThreads {
    first: Arc<FrontThread>,
    further: Vec<(Arc<FrontThread>, Running)>,
    costs: Costs,
}

/// One thread, for the connections on it.
pub(in crate::serve) struct FrontThread {
    /// Of a further thread; the first one spawns on the runtime it runs on.
    handle: Option<Handle>,
    connections: AtomicUsize,
    pub(super) handshakes: Gate,
    pub(super) hellos: HelloThread,
    /// The connections that close when that is asked of them.
    registry: Registry,
    counters: Arc<Counters>,
}

struct Running {
    /// Dropped to end the thread.
    stop: oneshot::Sender<()>,
    /// Gives an error when all that ran on it has ended.
    ended: oneshot::Receiver<()>,
    thread: thread::JoinHandle<()>,
}

/// A connection's share of its thread's load.
pub(in crate::serve) struct Seat(Arc<FrontThread>);

/// Lets a connection be found when it idles, until this is dropped.
pub(super) struct Registered<'a>(&'a FrontThread, Arc<Activity>);

impl FrontThreads {
    /// Starts what is needed besides the current thread to have `number` of them.
    ///
    /// # Errors
    /// When the system gives no thread or no event loop.
    pub(in crate::serve) fn start(number: usize, has_application: bool) -> io::Result<Self> {
        let mut further = Vec::new();
        for number in 1..number {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let thread = Arc::new(FrontThread::new(Some(runtime.handle().clone())));
            let (stop, stopped) = oneshot::channel();
            let (end, ended) = oneshot::channel();
            let drive = move || {
                let _ = runtime.block_on(stopped);
                runtime.shutdown_background();
                drop::<oneshot::Sender<()>>(end);
            };
            let driving = thread::Builder::new().name(format!("certkit-front-{number}")).spawn(drive)?;
            further.push((thread, Running { stop, ended, thread: driving }));
        }
        let costs = if has_application { WITH_APPLICATION } else { WITHOUT_APPLICATION };
        Ok(Self { first: Arc::new(FrontThread::new(None)), further, costs })
    }

    /// All of them.
    pub(in crate::serve) fn all(&self) -> Vec<Arc<FrontThread>> {
        let further = self.further.iter().map(|(thread, _)| thread);
        std::iter::once(&self.first).chain(further).map(Arc::clone).collect()
    }

    /// The thread that has the least to do with one more connection, and that connection on it.
    pub(in crate::serve) fn seat(&self) -> Seat {
        let (mut relayed, mut least) = (0, None);
        for (thread, _) in &self.further {
            let own = thread.connections();
            relayed += own;
            if least.is_none_or(|(fewest, _)| own < fewest) {
                least = Some((own, thread));
            }
        }
        let first = (self.first.connections() + 1) * self.costs.own + relayed * self.costs.relayed;
        let least = least.filter(|(own, _)| (own + 1) * DRIVEN < first);
        let thread = least.map_or(&self.first, |(_, thread)| thread);
        thread.connections.fetch_add(1, Relaxed);
        Seat(Arc::clone(thread))
    }

    /// Tells the longest idle connections to close, at most `number` of them.
    pub(super) fn close_idle(&self, number: usize) {
        let Some(limit) = Instant::now().checked_sub(LEAST_IDLE) else { return };
        let mut idle = self.first.registry.idle_before(limit);
        for (thread, _) in &self.further {
            idle.extend(thread.registry.idle_before(limit));
        }
        idle.sort_unstable_by_key(|(since, _)| *since);
        for (_, activity) in idle.iter().take(number) {
            activity.close();
        }
    }

    /// Ends the further threads with all that runs on them, and waits until they have left: a thread
    /// that uses random numbers for the first time while the process exits aborts it
    /// ([`RandomPreparation`](crate::tls::policy::RandomPreparation)).
    pub(in crate::serve) async fn stop(self) {
        for (front, Running { stop, ended, thread }) in self.further {
            drop(stop);
            // One that something blocks is left behind.
            if tokio::time::timeout(END_OF_THREAD, ended).await.is_ok() {
                let _ = thread.join();
            }
            front.hellos.stop();
        }
        self.first.hellos.stop();
    }
}

impl FrontThread {
    fn new(handle: Option<Handle>) -> Self {
        Self {
            handle,
            connections: AtomicUsize::new(0),
            handshakes: Gate::default(),
            hellos: HelloThread::default(),
            registry: Registry::default(),
            counters: Arc::default(),
        }
    }

    /// How many connections it drives.
    pub(in crate::serve) fn connections(&self) -> usize {
        self.connections.load(Relaxed)
    }

    /// What is counted on it.
    pub(in crate::serve) fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    pub(super) fn register(&self, activity: &Arc<Activity>) -> Registered<'_> {
        self.registry.add(activity);
        Registered(self, Arc::clone(activity))
    }

    /// Whether it has another runtime than the thread that accepts.
    pub(super) fn is_further(&self) -> bool {
        self.handle.is_some()
    }
}

impl Seat {
    pub(in crate::serve) fn thread(&self) -> &Arc<FrontThread> {
        &self.0
    }

    /// Runs a connection on its thread; the seat is taken until `connection` ends.
    pub(in crate::serve) fn spawn(self, connection: impl Future<Output = ()> + Send + 'static) {
        let handle = self.0.handle.clone();
        let task = async move {
            connection.await;
            drop(self);
        };
        match handle {
            Some(handle) => handle.spawn(task),
            None => tokio::spawn(task),
        };
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        let Self(thread, activity) = self;
        thread.registry.remove(activity);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::HashMap;
    use std::sync::atomic::AtomicBool;

    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn connections_spread_evenly_and_end_with_their_thread() {
        let threads = FrontThreads::start(4, false).unwrap();
        let (send, mut names) = mpsc::unbounded_channel();
        let mut held = Vec::new();
        for _ in 0..40 {
            let (send, (hold, holding)) = (send.clone(), oneshot::channel::<()>());
            threads.seat().spawn(async move {
                let name = thread::current().name().unwrap_or_default().to_owned();
                send.send(name).unwrap();
                let _ = holding.await;
            });
            held.push(hold);
        }
        let mut load = HashMap::<_, usize>::new();
        for _ in 0..40 {
            *load.entry(names.recv().await.unwrap()).or_default() += 1;
        }
        assert_eq!(load.len(), 4, "{load:?}");
        assert!((1..4).all(|number| load[&format!("certkit-front-{number}")] == 10), "{load:?}");

        // Threads that have lost connections get the next ones.
        let third = Arc::clone(&threads.further[2].0);
        held.clear();
        let all = || threads.further.iter().map(|(thread, _)| thread).chain([&threads.first]);
        while all().any(|thread| thread.connections.load(Relaxed) > 0) {
            tokio::task::yield_now().await;
        }
        let seats: Vec<_> = (0..9).map(|_| threads.seat()).collect();
        assert!((2..=3).contains(&third.connections.load(Relaxed)));
        drop(seats);

        // A task that does not end by itself is dropped with its thread.
        let (alive, dropped) = oneshot::channel::<()>();
        let _seat = threads.seat();
        threads.seat().spawn(async move {
            std::future::pending::<()>().await;
            drop(alive);
        });
        threads.stop().await;
        assert!(dropped.await.is_err());
    }

    #[tokio::test]
    async fn threads_have_left_when_they_are_stopped() {
        /// The last thing that a thread does.
        struct Last(Arc<AtomicBool>);
        impl Drop for Last {
            fn drop(&mut self) {
                thread::sleep(Duration::from_millis(100));
                self.0.store(true, Relaxed);
            }
        }
        thread_local!(static LAST: RefCell<Option<Last>> = const { RefCell::new(None) });
        let threads = FrontThreads::start(2, false).unwrap();
        let has_left = Arc::new(AtomicBool::new(false));
        let _first = threads.seat();
        let (last, (set, is_set)) = (Last(Arc::clone(&has_left)), oneshot::channel());
        threads.seat().spawn(async move {
            LAST.set(Some(last));
            set.send(()).unwrap();
        });
        is_set.await.unwrap();
        threads.stop().await;
        assert!(has_left.load(Relaxed));
    }

    #[tokio::test]
    async fn the_thread_that_talks_to_workers_has_fewer_connections() {
        let on_the_first = |number, has_application| {
            let threads = FrontThreads::start(number, has_application).unwrap();
            let seats: Vec<_> = (0..96).map(|_| threads.seat()).collect();
            seats.iter().filter(|seat| Arc::ptr_eq(seat.thread(), &threads.first)).count()
        };
        assert_eq!([1, 2, 3, 4, 8].map(|number| on_the_first(number, true)), [96, 19, 0, 0, 0]);
        assert_eq!([1, 2, 3, 4, 8].map(|number| on_the_first(number, false)), [96, 48, 32, 24, 12]);
    }
}
