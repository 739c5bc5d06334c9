//! One worker's life: loading, serving, retiring, gone.
//!
//! | from | to | when |
//! |---|---|---|
//! | loading | serving | it has loaded the application |
//! | serving | retiring | its generation is to leave: it finishes what it has; or it broke the protocol: it is killed |
//! | serving, retiring | gone | the process has ended, is reaped, and all that it had sent is delivered |
//!
//! A worker that fails to load is gone without having been anything. Anyone who waits for a place to be
//! free need not wait for the end: a successor may load while this one retires.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::StartError;
use super::generation::{Generation, LiveWorker};
use super::link::{Link, listen};
use super::process::Process;

/// What a dead worker had sent is there already; only a child of it that kept its streams open can
/// hide their end.
const DRAINED_BY_NOW: Duration = Duration::from_secs(1);

/// Where a worker is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WorkerState {
    Serving,
    /// It gets no more requests.
    Retiring(Ending),
    Gone(Ending),
}

impl WorkerState {
    /// Whether it serves no longer.
    pub(super) fn has_served(&self) -> bool {
        !matches!(self, Self::Serving)
    }
}

impl fmt::Display for WorkerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serving => f.write_str("serves"),
            Self::Retiring(ending) | Self::Gone(ending) => ending.fmt(f),
        }
    }
}

/// Why a worker serves no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Its generation leaves.
    Retired,
    /// It did not keep to the protocol, and was killed.
    Nonsense,
    Signal(i32),
    Exit(i32),
    /// The system does not say.
    Unknown(String),
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retired => f.write_str("has retired"),
            Self::Nonsense => f.write_str("was killed for a protocol error"),
            Self::Signal(signal) => write!(f, "was killed by signal {signal}"),
            Self::Exit(status) => write!(f, "exited with status {status}"),
            Self::Unknown(error) => write!(f, "is gone: {error}"),
        }
    }
}

impl From<ExitStatus> for Ending {
    fn from(status: ExitStatus) -> Self {
        match (status.signal(), status.code()) {
            (Some(signal), _) => Self::Signal(signal),
            (None, Some(code)) => Self::Exit(code),
            (None, None) => Self::Unknown(status.to_string()),
        }
    }
}

/// A worker that has loaded the application.
pub(super) struct Worker {
    generation: Arc<Generation>,
    process: Process,
    state: watch::Sender<WorkerState>,
}

impl Worker {
    /// Starts a process and waits until it has loaded the application. Dropping the future kills it.
    ///
    /// # Errors
    /// Those of [`Launch::start`](super::process::Launch::start) and [`Process::loaded`].
    pub(super) async fn load(generation: &Arc<Generation>) -> Result<Self, StartError> {
        let mut process = generation.launch.start()?;
        process.loaded().await?;
        let state = watch::Sender::new(WorkerState::Serving);
        Ok(Self { generation: Arc::clone(generation), process, state })
    }

    pub(super) fn state(&self) -> watch::Receiver<WorkerState> {
        self.state.subscribe()
    }

    /// Serves until its end.
    pub(super) async fn serve(self) {
        let Self { generation, process, state } = self;
        let Process { mut child, control, queue, streams, claims, .. } = process;
        // There is one until the process has been waited for.
        let id = generation.next_worker(child.id().unwrap_or_default());
        let claims = Arc::new(claims);
        let kill = Arc::new(Notify::new());
        let (reader, control) = control.into_split();
        let mut links = JoinSet::new();
        links.spawn(listen(Arc::clone(&generation), id, reader, Arc::clone(&kill)));
        for stream in streams {
            let (generation, kill) = (Arc::clone(&generation), Arc::clone(&kill));
            links.spawn(Link { generation, worker: id, stream, kill }.run());
        }
        let mut leave_by = generation.leave_by();
        let claimed = Arc::clone(&claims);
        generation.worker_serves(LiveWorker { id, queue: Some(queue), claims: claimed, control });

        let mut is_killed = false;
        let status = loop {
            let by = *leave_by.borrow_and_update();
            let is_late = async {
                match by {
                    Some(by) => tokio::time::sleep_until(by.into()).await,
                    None => std::future::pending().await,
                }
            };
            if by.is_some() {
                retire(&state, Ending::Retired);
            }
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

/// From serving to retiring; one that is further stays there.
fn retire(state: &watch::Sender<WorkerState>, ending: Ending) {
    state.send_if_modified(|state| {
        let serves = *state == WorkerState::Serving;
        if serves {
            *state = WorkerState::Retiring(ending);
        }
        serves
    });
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
            let gone = WorkerState::Gone(Ending::from(ExitStatus::from_raw(status)));
            assert_eq!(gone.to_string(), expected);
        }
    }

    #[test]
    fn a_worker_retires_once() {
        let state = watch::Sender::new(WorkerState::Serving);
        retire(&state, Ending::Nonsense);
        retire(&state, Ending::Retired);
        assert_eq!(*state.borrow(), WorkerState::Retiring(Ending::Nonsense));
    }
}
