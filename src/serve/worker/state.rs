//! Where a worker is in its life, and why it ends.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::sync::watch;

use super::limits::Due;

/// Where a worker is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WorkerState {
    Serving,
    /// It serves until its successor has loaded the application.
    Due(Due),
    /// It gets no more requests.
    Retiring(Ending),
    Gone(Ending),
}

impl WorkerState {
    /// Whether it serves no longer.
    pub(super) fn has_served(&self) -> bool {
        !matches!(self, Self::Serving | Self::Due(_))
    }
}

impl fmt::Display for WorkerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serving => f.write_str("serves"),
            Self::Due(due) => write!(f, "is to be replaced: {due}"),
            Self::Retiring(ending) | Self::Gone(ending) => ending.fmt(f),
        }
    }
}

/// Why a worker serves no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Its generation leaves.
    Retired,
    /// Its successor has taken over.
    Replaced,
    /// There are to be fewer workers.
    Surplus,
    /// It holds a request for longer than is allowed.
    TimedOut(Duration),
    /// It was killed because it takes up too much memory: so many MiB.
    TooLarge(u64),
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
            Self::Replaced => f.write_str("was replaced"),
            Self::Surplus => f.write_str("is not needed any more"),
            Self::TimedOut(limit) => {
                write!(f, "did not finish a request within {} s (--request-timeout)", limit.as_secs_f64())
            }
            Self::TooLarge(memory) => {
                write!(f, "takes up {memory} MiB of memory and is killed (--evil-reload-on-rss)")
            }
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

/// From serving or due to retiring; one that is further stays there.
pub(super) fn retire(state: &watch::Sender<WorkerState>, ending: Ending) {
    state.send_if_modified(|state| {
        let serves = !state.has_served();
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
        let state = watch::Sender::new(WorkerState::Due(Due::Requests(5)));
        assert!(!state.borrow().has_served());
        retire(&state, Ending::Replaced);
        assert_eq!(*state.borrow(), WorkerState::Retiring(Ending::Replaced));
    }
}
