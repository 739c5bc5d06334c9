//! One worker's life: loading, serving, retiring, gone.
//!
//! | from | to | when |
//! |---|---|---|
//! | loading | serving | it has loaded the application |
//! | serving | due | it has served long enough: it goes on serving until its successor has loaded the application |
//! | serving, due | retiring | its generation is to leave, or it alone: it finishes what it has; or it broke the protocol: it is killed |
//! | serving, due, retiring | gone | the process has ended, is reaped, and all that it had sent is delivered |
//!
//! A worker that fails to load is gone without having been anything. Anyone who waits for a place to be
//! free need not wait for the end: a successor may load while this one retires.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use super::StartError;
use super::generation::Generation;
use super::link::{Link, listen};
use super::live::{LiveWorker, Order, Pulse};
use super::process::Process;
use super::state::{Ending, WorkerState, retire};

/// What a dead worker had sent is there already; only a child of it that kept its streams open can
/// hide their end.
const DRAINED_BY_NOW: Duration = Duration::from_secs(1);

/// A worker that has loaded the application.
pub(super) struct Worker {
    generation: Arc<Generation>,
    place: usize,
    process: Process,
    state: Arc<watch::Sender<WorkerState>>,
    orders: (mpsc::UnboundedSender<Order>, mpsc::UnboundedReceiver<Order>),
}

impl Worker {
    /// Starts a process for the place of this number and waits until it has loaded the application. Dropping the
    /// future kills it.
    ///
    /// # Errors
    /// Those of [`Launch::start`](super::process::Launch::start) and [`Process::loaded`].
    pub(super) async fn load(generation: &Arc<Generation>, place: usize) -> Result<Self, StartError> {
        let workers = generation.config.workers.max(*generation.wanted().borrow());
        let mut process = generation.launch.start(place, workers)?;
        process.loaded().await?;
        let state = Arc::new(watch::Sender::new(WorkerState::Serving));
        let orders = mpsc::unbounded_channel();
        Ok(Self { generation: Arc::clone(generation), place, process, state, orders })
    }

    pub(super) fn state(&self) -> watch::Receiver<WorkerState> {
        self.state.subscribe()
    }

    /// Where it takes orders.
    pub(super) fn orders(&self) -> mpsc::UnboundedSender<Order> {
        self.orders.0.clone()
    }

    /// Serves until its end.
    pub(super) async fn serve(self) {
        let Self { generation, place, process, state, orders: (orders, mut ordered) } = self;
        let Process { mut child, control, queue, streams, claims, .. } = process;
        // There is one until the process has been waited for.
        let id = generation.next_worker(child.id().unwrap_or_default());
        let claims = Arc::new(claims);
        let kill = Arc::new(Notify::new());
        let (reader, control) = control.into_split();
        let mut links = JoinSet::new();
        let control_pulse = Arc::<Pulse>::default();
        links.spawn(listen(
            Arc::clone(&generation),
            id,
            reader,
            Arc::clone(&kill),
            Arc::clone(&control_pulse),
        ));
        let mut pulses = Vec::with_capacity(streams.len());
        for stream in streams {
            let (generation, kill) = (Arc::clone(&generation), Arc::clone(&kill));
            let pulse = Arc::<Pulse>::default();
            pulses.push(Arc::clone(&pulse));
            links.spawn(Link { generation, worker: id, stream, kill, pulse }.run());
        }
        let mut leave_by = generation.leave_by();
        generation.worker_serves(LiveWorker {
            id,
            place,
            born: Instant::now(),
            queue: Some(queue),
            claims: Arc::clone(&claims),
            pulses,
            control_pulse,
            control,
            state: Arc::clone(&state),
            orders,
        });

        let mut is_killed = false;
        let mut ordered_by: Option<Instant> = None;
        let status = loop {
            let leave = *leave_by.borrow_and_update();
            if leave.is_some() {
                retire(&state, Ending::Retired);
            }
            let by = [leave, ordered_by].into_iter().flatten().min();
            let is_late = async {
                match by {
                    Some(by) => tokio::time::sleep_until(by.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                status = child.wait() => break status,
                () = kill.notified(), if !is_killed => {
                    generation.queue().worker_gone(id);
                    retire(&state, Ending::Nonsense);
                    is_killed = true;
                    let _ = child.start_kill();
                }
                () = is_late, if !is_killed => {
                    is_killed = true;
                    let _ = child.start_kill();
                }
                _ = leave_by.changed() => {}
                Some(order) = ordered.recv() => {
                    generation.dismiss(id);
                    retire(&state, order.why);
                    ordered_by = Some(ordered_by.map_or(order.by, |by| by.min(order.by)));
                }
            }
        };
        generation.queue().worker_gone(id);
        let drained = async { while links.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(DRAINED_BY_NOW, drained).await;
        generation.worker_is_gone(id, &claims.all().collect::<Vec<_>>());
        let ending = match status {
            Ok(status) => Ending::from(status),
            Err(error) => Ending::Unknown(error.to_string()),
        };
        state.send_replace(WorkerState::Gone(ending));
    }
}
