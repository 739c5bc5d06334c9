//! A worker that serves or finishes what it has, as its generation knows it.

use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use rustix::net::SendFlags;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{mpsc, watch};

use super::claims::Claims;
use super::frame;
use super::history::Work;
use super::in_flight::WorkerId;
use super::queue::Unsent;
use super::state::{Ending, WorkerState};

/// What is to be known of a worker that serves.
pub(super) struct LiveWorker {
    pub(super) id: WorkerId,
    /// The number of its place.
    pub(super) place: usize,
    /// When it began to serve.
    pub(super) born: Instant,
    /// The front's end of its queue; closing it tells the worker to leave.
    pub(super) queue: Option<OwnedFd>,
    pub(super) claims: Arc<Claims>,
    /// What each thread's stream shows of the request that it runs.
    pub(super) pulses: Vec<Arc<Pulse>>,
    /// What came over the control stream.
    pub(super) control_pulse: Arc<Pulse>,
    /// Closing it ends the worker at once.
    pub(super) control: OwnedWriteHalf,
    pub(super) state: Arc<watch::Sender<WorkerState>>,
    pub(super) orders: mpsc::UnboundedSender<Order>,
}

/// That a worker is to retire.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) why: Ending,
    /// When it is killed.
    pub(super) by: Instant,
}

/// What a thread's stream shows of the request that it runs.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// Heads and pieces of streamed answers, counted.
    beats: AtomicU64,
    /// The thread may wait for the client: for a piece of the request's body, or until some of the answer is taken.
    waits: AtomicBool,
    /// Requests that are finished...
    requests: AtomicU64,
    /// ...in which the application failed.
    exceptions: AtomicU64,
    /// Bytes of answers.
    sent: AtomicU64,
}

impl Pulse {
    pub(super) fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    pub(super) fn set_waits(&self, waits: bool) {
        self.waits.store(waits, Ordering::Relaxed);
    }

    pub(super) fn waits(&self) -> bool {
        self.waits.load(Ordering::Relaxed)
    }

    /// So many requests more are finished.
    pub(super) fn finished(&self, requests: u64) {
        grow(&self.requests, requests);
    }

    /// In one of them the application failed.
    pub(super) fn failed(&self) {
        grow(&self.exceptions, 1);
    }

    /// So many bytes of answers more.
    pub(super) fn sent(&self, bytes: usize) {
        grow(&self.sent, bytes as u64);
    }

    /// What was counted so far.
    pub(super) fn work(&self) -> Work {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Work {
            requests: of(&self.requests),
            exceptions: of(&self.exceptions),
            sent: of(&self.sent),
            ..Work::default()
        }
    }
}

/// Only the task of the stream counts, so no number is lost.
fn grow(counter: &AtomicU64, by: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
}

impl LiveWorker {
    /// What its threads have done, without their time.
    pub(super) fn work(&self) -> Work {
        let mut work = Work::default();
        for pulse in self.pulses.iter().chain([&self.control_pulse]) {
            work += pulse.work();
        }
        work
    }

    /// Sends a message.
    ///
    /// # Errors
    /// Why that cannot be now.
    pub(super) fn send(&self, message: &[u8]) -> Result<(), Unsent> {
        self.queue.as_ref().map_or(Err(Unsent::Gone), |queue| send(queue, message))
    }

    /// Asks the thread that runs requests of this message for what need not wait. False if there is
    /// none.
    pub(super) fn ask(&self, message: &RangeInclusive<u64>) -> bool {
        let Some(slot) = self.claims.all().position(|claim| message.contains(&claim)) else { return false };
        // These few bytes do not fit only while the worker's watcher is busy; it is asked again later.
        let question = frame::ask(u32::try_from(slot).unwrap_or(u32::MAX));
        self.control.try_write(&question).is_ok()
    }

    /// Asks it to log the stacks of its threads, first of which the one of this number.
    pub(super) fn log_stacks(&self, slot: usize) {
        let _ = self.control.try_write(&frame::log_stacks(u32::try_from(slot).unwrap_or(u32::MAX)));
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
