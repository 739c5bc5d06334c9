//! Which request goes into which message to which worker. Pure: no socket, no clock.
//!
//! Waking a process up costs more than running a small request, so under load several requests
//! travel in one message and come back in one frame. The rules:
//!
//! - **Which worker**: the one with the fewest messages in flight, among equals the one that was used last, because
//!   its memory is warm. Never more messages than it has threads: a message that was sent is started at once.
//! - **In flight**: as many messages as there are worker processes, plus one for each message that is older than
//!   [`PATIENCE`](super::in_flight::PATIENCE) (its thread is waiting for something, so another of the same process can work), up to the number
//!   of threads. More would only wait in the kernel instead of here, where they still can be put together.
//! - **Bundling**: `ceil(waiting / free places)` requests per message, at most [`BUNDLE_LIMIT`], and no more than
//!   take about [`BUDGET`] at the pace of the last messages, because everything in a message waits for the last of
//!   it. A request whose body has yet to be asked for goes alone, for its client may be slow.
//! - **Few are woken**: while a worker is busy with a message younger than that and requests take less than
//!   [`FAST`], a further worker gets a message only when [`CROWD`] requests wait. A worker that has just finished one
//!   is awake, and gets what waits.
//! - **Handing back**: when a bundle has taken [`OVERDUE`](super::in_flight::OVERDUE), its worker is asked for the answers that are finished and
//!   the requests that have not begun, which others may run ([`overdue`](Queue::overdue)).

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;

use super::in_flight::{Finished, Foreign, InFlight, Running, WorkerId};
use super::message::{Added, MessageWriter};
use super::waiting::{Call, Reply, Waiting};
use super::{CallError, RequestBody};

const BUNDLE_LIMIT: usize = 8;
const BUDGET: Duration = Duration::from_millis(4);
const FAST: Duration = Duration::from_micros(50);
const CROWD: usize = 8;
/// When a message for which there was no room is tried again: a thread that takes one says nothing.
const RETRY: Duration = Duration::from_millis(10);

/// A worker that has loaded the application.
struct ReadyWorker {
    id: WorkerId,
    /// Messages of which its threads are not done, so busy threads.
    in_flight: usize,
    /// Requests that it was sent.
    requests: u64,
    /// Time that its messages took.
    time: Duration,
    /// The kernel had no room for another message: none is sent before then, or before one of its threads is done.
    full_until: Option<Instant>,
}

/// Why a message could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsent {
    /// The kernel has no room for it now.
    Full,
    /// The kernel takes no message of this length.
    TooLong,
    /// The worker reads no more: it is about to end.
    Gone,
}

/// A message to be sent.
pub(super) struct Outgoing<'a> {
    pub(super) worker: WorkerId,
    pub(super) first: u64,
    pub(super) bytes: &'a [u8],
}

/// Requests on their way; see the module's text.
pub(super) struct Queue {
    waiting: Waiting,
    messages: InFlight,
    next_id: u64,
    /// The one that was used last comes first.
    workers: Vec<ReadyWorker>,
    threads: usize,
    /// Threads that have finished a message since the last one was sent: their workers are awake.
    awake: usize,
    /// Time that a request took lately, smoothed: a message's time divided by its requests.
    pace: Duration,
    writer: MessageWriter,
}

impl Queue {
    /// An empty queue for workers of this many threads each; none is there yet. Ids count from
    /// `first_id` on, which nobody should guess; 0 in a worker's claim means that it has not begun
    /// anything.
    pub(super) fn new(threads: usize, first_id: u64) -> Self {
        Self {
            waiting: Waiting::default(),
            messages: InFlight::default(),
            // Half of all numbers are left to count through.
            next_id: (first_id >> 1).max(1),
            workers: Vec::new(),
            threads,
            awake: 0,
            pace: Duration::ZERO,
            writer: MessageWriter::new(),
        }
    }

    /// Adds a request; refuses it when too many wait, or after [`close`](Self::close).
    pub(super) fn push(&mut self, call: Call) -> Result<(), CallError> {
        self.waiting.push(call)
    }

    /// Gives up what waits, in order.
    pub(super) fn take_waiting(&mut self) -> VecDeque<Call> {
        self.waiting.take()
    }

    /// These wait before all others.
    pub(super) fn put_first(&mut self, calls: VecDeque<Call>) {
        self.waiting.put_first(calls.into_iter());
    }

    pub(super) fn worker_ready(&mut self, id: WorkerId) {
        self.workers.push(ReadyWorker {
            id,
            in_flight: 0,
            requests: 0,
            time: Duration::ZERO,
            full_until: None,
        });
    }

    /// A worker gets no more messages. What it has is its own until [`settle`](Self::settle).
    pub(super) fn worker_gone(&mut self, id: WorkerId) {
        self.workers.retain(|worker| worker.id != id);
    }

    /// How many requests a worker was sent.
    pub(super) fn requests(&self, id: WorkerId) -> u64 {
        self.workers.iter().find(|worker| worker.id == id).map_or(0, |worker| worker.requests)
    }

    /// How long its requests have run.
    pub(super) fn time(&self, id: WorkerId) -> Duration {
        self.workers.iter().find(|worker| worker.id == id).map_or(Duration::ZERO, |worker| worker.time)
    }

    /// How many requests wait to be sent.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many workers would have a thread for each message that is running and each request that waits.
    pub(super) fn needed_workers(&self) -> usize {
        let in_flight: usize = self.workers.iter().map(|worker| worker.in_flight).sum();
        (in_flight + self.waiting.len()).div_ceil(self.threads)
    }

    /// As [`InFlight::holds_thread`].
    pub(super) fn holds_thread(&mut self, worker: WorkerId, id: u64) -> bool {
        self.messages.holds_thread(worker, id)
    }

    /// As [`InFlight::held_threads`].
    pub(super) fn held_threads(&self, worker: WorkerId) -> usize {
        self.messages.held_threads(worker)
    }

    /// As [`InFlight::time_out`].
    pub(super) fn time_out(&mut self, worker: WorkerId, id: u64) -> Option<String> {
        self.messages.time_out(worker, id)
    }

    pub(super) fn has_workers(&self) -> bool {
        !self.workers.is_empty()
    }

    /// Whether requests wait to be sent.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether nothing waits and nothing runs.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.messages.is_empty()
    }

    /// Puts waiting requests into the next message, if one may be sent now, and counts them as
    /// running. A caller that cannot send it says so with [`unsent`](Self::unsent).
    pub(super) fn next_message(&mut self, now: Instant) -> Option<Outgoing<'_>> {
        if self.waiting.is_empty() {
            self.awake = 0;
            return None;
        }
        let place = self.choose(now)?;
        let places = self.places(now);
        if places == 0 || self.leaves_asleep(now) {
            return None;
        }
        let size = self.bundle_size(places);
        let first = self.next_id;
        self.writer.begin();
        let mut requests = Vec::with_capacity(size);
        let mut streams = false;
        while requests.len() < size && !streams {
            // A request whose client disconnected before it began is skipped.
            let Some(call) = self.waiting.pop() else { break };
            match self.writer.add(self.next_id, &call.request) {
                Added::Whole => {}
                Added::BodyLater => streams = true,
                Added::Alone => {
                    self.waiting.put_first(std::iter::once(call));
                    break;
                }
                Added::TooLarge => {
                    let _ = call.reply.send(Err(CallError::TooLarge));
                    continue;
                }
            }
            requests.push(Some(Running::from(call)));
            self.next_id += 1;
        }
        if requests.is_empty() {
            return None;
        }
        self.awake = self.awake.saturating_sub(1);
        // The chosen one is now the one that was used last.
        if let Some(part) = self.workers.get_mut(..=place) {
            part.rotate_right(1);
        }
        let worker = self.workers.first_mut()?;
        worker.in_flight += 1;
        worker.requests += requests.len() as u64;
        let worker = worker.id;
        self.messages.add(worker, first, requests, streams, now);
        Some(Outgoing { worker, first, bytes: self.writer.finish() })
    }

    /// The message that [`next_message`](Self::next_message) gave last could not be sent: its
    /// requests wait again, before all others. A worker without room is spared for a while, and a
    /// message that is too long is made shorter.
    pub(super) fn unsent(&mut self, first: u64, why: Unsent, now: Instant) {
        let Some((worker, calls)) = self.messages.unsent(first) else { return };
        if let Some(worker) = self.workers.iter_mut().find(|ready| ready.id == worker) {
            worker.in_flight = worker.in_flight.saturating_sub(1);
            worker.full_until = (why == Unsent::Full).then(|| now + RETRY);
        }
        match why {
            Unsent::Full => {}
            Unsent::TooLong => self.writer.was_too_long(),
            Unsent::Gone => self.worker_gone(worker),
        }
        self.waiting.put_first(calls.into_iter());
    }

    /// When [`next_message`](Self::next_message) may have something to send that it has not now,
    /// because of time alone, or [`overdue`](Self::overdue) something to ask for.
    pub(super) fn next_look(&self, now: Instant) -> Option<Instant> {
        let ask = self.messages.next_ask();
        if self.waiting.is_empty() {
            return ask;
        }
        let full = self.workers.iter().filter_map(|worker| worker.full_until);
        let retry = full.filter(|until| *until > now).min();
        let old = self.choose(now).and_then(|_| self.messages.next_old(now));
        [ask, retry, old].into_iter().flatten().min()
    }

    /// As [`InFlight::overdue`].
    pub(super) fn overdue(&mut self, now: Instant, ask: impl FnMut(WorkerId, RangeInclusive<u64>) -> bool) {
        self.messages.overdue(now, ask);
    }

    /// As [`InFlight::method`].
    pub(super) fn method(&mut self, worker: WorkerId, id: u64) -> Result<&Method, Foreign> {
        self.messages.method(worker, id)
    }

    /// As [`InFlight::take_body`].
    pub(super) fn take_body(
        &mut self,
        worker: WorkerId,
        id: u64,
    ) -> Result<(Bytes, Option<RequestBody>), Foreign> {
        self.messages.take_body(worker, id)
    }

    /// As [`InFlight::begin_answer`].
    pub(super) fn begin_answer(&mut self, worker: WorkerId, id: u64) -> Result<Option<Reply>, Foreign> {
        self.messages.begin_answer(worker, id)
    }

    /// A request is answered. Gives its reply, unless that was taken before.
    pub(super) fn finish(
        &mut self,
        worker: WorkerId,
        id: u64,
        now: Instant,
    ) -> Result<Option<Reply>, Foreign> {
        let Finished { reply, took, whole } = self.messages.finish(worker, id, now)?;
        if let (Some(whole), Some(worker)) = (whole, self.workers.iter_mut().find(|ready| ready.id == worker))
        {
            worker.time += whole;
        }
        if let Some(took) = took {
            self.pace = (self.pace * 15 + took) / 16;
        }
        Ok(reply)
    }

    /// A worker's thread is done with the message that this request is in, and takes another.
    pub(super) fn release(&mut self, worker: WorkerId, id: u64) -> Result<(), Foreign> {
        self.messages.release(worker, id)?;
        if let Some(worker) = self.workers.iter_mut().find(|ready| ready.id == worker) {
            worker.in_flight = worker.in_flight.saturating_sub(1);
            worker.full_until = None;
            self.awake += 1;
        }
        Ok(())
    }

    /// A worker will not begin this request of a message, nor any after it: they wait again, before
    /// all others.
    pub(super) fn not_begun(&mut self, worker: WorkerId, from: u64) -> Result<(), Foreign> {
        let calls = self.messages.not_begun(worker, from)?;
        self.waiting.put_first(calls.into_iter());
        Ok(())
    }

    /// A worker has died with these claims of its threads, and everything that it had sent is
    /// delivered: what it had begun is lost, all else of its messages waits again, in order, before
    /// all others.
    pub(super) fn settle(&mut self, worker: WorkerId, claims: &[u64]) {
        self.worker_gone(worker);
        let calls = self.messages.settle(worker, claims);
        self.waiting.put_first(calls.into_iter());
    }

    /// The first id that is not given out yet.
    pub(super) fn next_id(&self) -> u64 {
        self.next_id
    }

    /// Fails everything that waits or runs, and all that comes later.
    pub(super) fn close(&mut self, error: CallError) {
        self.waiting.close(error);
        self.fail_waiting(error);
        for reply in self.messages.take_replies() {
            let _ = reply.send(Err(error));
        }
    }

    /// Fails everything that waits.
    pub(super) fn fail_waiting(&mut self, error: CallError) {
        for call in self.waiting.take() {
            let _ = call.reply.send(Err(error));
        }
    }

    /// The worker that gets the next message, by its place.
    fn choose(&self, now: Instant) -> Option<usize> {
        let has_room = |worker: &ReadyWorker| {
            worker.in_flight < self.threads && worker.full_until.is_none_or(|until| until <= now)
        };
        let candidates = self.workers.iter().enumerate().filter(|(_, worker)| has_room(worker));
        // The first of equals.
        candidates.min_by_key(|(_, worker)| worker.in_flight).map(|(place, _)| place)
    }

    /// Messages that may be sent now.
    fn places(&self, now: Instant) -> usize {
        let old = self.messages.old(now);
        let in_flight: usize = self.workers.iter().map(|worker| worker.in_flight).sum();
        (self.workers.len() + old).min(self.workers.len() * self.threads).saturating_sub(in_flight)
    }

    /// Whether those who work already will be done before another worker is awake.
    fn leaves_asleep(&self, now: Instant) -> bool {
        self.is_fast() && self.awake == 0 && self.waiting.len() < CROWD && self.messages.has_young(now)
    }

    fn is_fast(&self) -> bool {
        self.pace > Duration::ZERO && self.pace < FAST
    }

    /// How many requests the next message may hold.
    fn bundle_size(&self, places: usize) -> usize {
        let places = if self.is_fast() { 1 } else { places };
        let affordable = BUDGET.as_nanos() / self.pace.as_nanos().max(1);
        let affordable = usize::try_from(affordable).unwrap_or(usize::MAX);
        self.waiting.len().div_ceil(places).min(BUNDLE_LIMIT).min(affordable).max(1)
    }
}

#[cfg(test)]
#[path = "tests/queue_at_random.rs"]
mod at_random;
#[cfg(test)]
#[path = "tests/queue.rs"]
mod tests;
