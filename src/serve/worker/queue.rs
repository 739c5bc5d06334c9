//! Which request goes into which message to which worker, what is in flight, and what a crash cost.
//! Pure: no socket, no clock.
//!
//! Waking a process up costs more than running a small request, so under load several requests
//! travel in one message and come back in one frame. The rules:
//!
//! - **Which worker**: the one with the fewest messages in flight, among equals the one that was used last, because
//!   its memory is warm. Never more messages than it has threads: a message that was sent is started at once.
//! - **In flight**: as many messages as there are worker processes, plus one for each message that is older than
//!   [`PATIENCE`] (its thread is waiting for something, so another of the same process can work), up to the number
//!   of threads. More would only wait in the kernel instead of here, where they still can be put together.
//! - **Bundling**: `ceil(waiting / free places)` requests per message, at most [`BUNDLE_LIMIT`], and no more than
//!   take about [`BUDGET`] at the pace of the last messages, because everything in a message waits for the last of
//!   it. A request whose body has yet to be asked for goes alone, for its client may be slow.
//! - **Few are woken**: while a worker is busy with a message younger than [`PATIENCE`] and requests take less than
//!   [`FAST`], a further worker gets a message only when [`CROWD`] requests wait. A worker that has just finished one
//!   is awake, and gets what waits.
//! - **Handing back**: when a bundle has taken [`OVERDUE`], its worker is asked for the answers that are finished and
//!   the requests that have not begun, which others may run ([`overdue`](Queue::overdue)).
//!
//! Every message belongs to its worker: what another one says about its requests is [`Foreign`].

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Response};
use tokio::sync::oneshot;

use super::message::{Added, MessageWriter};
use super::{CallError, RequestBody, ResponseBody, WorkerRequest};

/// Requests that may wait for a worker; more are refused rather than kept.
const WAITING_LIMIT: usize = 8192;

const BUNDLE_LIMIT: usize = 8;
const PATIENCE: Duration = Duration::from_millis(1);
const BUDGET: Duration = Duration::from_millis(4);
const OVERDUE: Duration = Duration::from_millis(10);
const FAST: Duration = Duration::from_micros(50);
const CROWD: usize = 8;
/// One message that takes longer says no more about the pace than one that takes this long.
const SLOWEST: Duration = Duration::from_millis(50);

/// Where an answer goes.
pub(super) type Reply = oneshot::Sender<Result<Response<ResponseBody>, CallError>>;

/// A request and where its answer goes.
pub(super) struct Call {
    pub(super) request: WorkerRequest,
    pub(super) reply: Reply,
}

/// A worker process, from its start to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WorkerId {
    /// No other of its generation has it, earlier or later.
    pub(super) number: u64,
    /// Its process id.
    pub(super) pid: u32,
}

/// A worker spoke of a request that it does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame for a request that this worker does not have")]
pub(super) struct Foreign;

/// A worker that has loaded the application.
struct ReadyWorker {
    id: WorkerId,
    /// Messages of which its threads are not done, so busy threads.
    in_flight: usize,
    /// The kernel has no room for another message.
    is_full: bool,
}

/// A request that some worker has.
struct Running {
    request: WorkerRequest,
    /// Gone when the head of a streamed answer was delivered.
    reply: Option<Reply>,
}

/// A message whose thread is not done, or that is not answered completely. Its key is its first id;
/// the ids of a message are consecutive.
struct Message {
    worker: WorkerId,
    sent: Instant,
    /// `None` is answered, or was handed back.
    requests: Vec<Option<Running>>,
    unanswered: usize,
    /// Requests that its time is divided by.
    count: u32,
    /// The worker's thread is done with it.
    is_released: bool,
    /// When its worker is asked to hand back what need not wait; not if that was done, or if there
    /// is but one request.
    ask: Option<Instant>,
    /// Streams to or from a client whose pace says nothing about the application.
    streams: bool,
}

/// A message to be sent.
pub(super) struct Outgoing<'a> {
    pub(super) worker: WorkerId,
    pub(super) first: u64,
    pub(super) bytes: &'a [u8],
}

/// Requests on their way; see the module's text.
pub(super) struct Queue {
    waiting: VecDeque<Call>,
    messages: BTreeMap<u64, Message>,
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
            waiting: VecDeque::new(),
            messages: BTreeMap::new(),
            // Half of all numbers are left to count through.
            next_id: (first_id >> 1).max(1),
            workers: Vec::new(),
            threads,
            awake: 0,
            pace: Duration::ZERO,
            writer: MessageWriter::new(),
        }
    }

    /// Adds a request; refuses it when too many wait.
    pub(super) fn push(&mut self, call: Call) -> Result<(), CallError> {
        if self.waiting.len() >= WAITING_LIMIT {
            self.waiting.retain(|call| !call.reply.is_closed());
            if self.waiting.len() >= WAITING_LIMIT {
                return Err(CallError::Unavailable);
            }
        }
        self.waiting.push_back(call);
        Ok(())
    }

    /// Gives up what waits, in order.
    pub(super) fn take_waiting(&mut self) -> VecDeque<Call> {
        std::mem::take(&mut self.waiting)
    }

    /// These wait before all others.
    pub(super) fn put_first(&mut self, mut calls: VecDeque<Call>) {
        calls.append(&mut self.waiting);
        self.waiting = calls;
    }

    pub(super) fn worker_ready(&mut self, id: WorkerId) {
        self.workers.push(ReadyWorker { id, in_flight: 0, is_full: false });
    }

    /// A worker gets no more messages. What it has is its own until [`settle`](Self::settle).
    pub(super) fn worker_gone(&mut self, id: WorkerId) {
        self.workers.retain(|worker| worker.id != id);
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
        let place = self.choose()?;
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
            let Some(call) = self.waiting.pop_front() else { break };
            // A request whose client disconnected before it began is skipped.
            if call.reply.is_closed() {
                continue;
            }
            match self.writer.add(self.next_id, &call.request) {
                Added::Whole => {}
                Added::BodyLater => streams = true,
                Added::Alone => {
                    self.waiting.push_front(call);
                    break;
                }
                Added::TooLarge => {
                    let _ = call.reply.send(Err(CallError::TooLarge));
                    continue;
                }
            }
            requests.push(Some(Running { request: call.request, reply: Some(call.reply) }));
            self.next_id += 1;
        }
        let count = u32::try_from(requests.len()).unwrap_or(u32::MAX);
        if count == 0 {
            return None;
        }
        self.awake = self.awake.saturating_sub(1);
        // The chosen one is now the one that was used last.
        if let Some(part) = self.workers.get_mut(..=place) {
            part.rotate_right(1);
        }
        let worker = self.workers.first_mut()?;
        worker.in_flight += 1;
        let worker = worker.id;
        let unanswered = requests.len();
        let ask = (count > 1).then(|| now + OVERDUE);
        let message =
            Message { worker, sent: now, requests, unanswered, count, is_released: false, ask, streams };
        self.messages.insert(first, message);
        Some(Outgoing { worker, first, bytes: self.writer.finish() })
    }

    /// A message could not be sent: its requests wait again, before all others, and its worker gets
    /// none until one of its threads is done.
    pub(super) fn unsent(&mut self, first: u64) {
        let Some(message) = self.messages.remove(&first) else { return };
        if let Some(worker) = self.workers.iter_mut().find(|worker| worker.id == message.worker) {
            worker.in_flight = worker.in_flight.saturating_sub(1);
            worker.is_full = true;
        }
        self.put_back(message.requests);
    }

    /// When [`next_message`](Self::next_message) may have something to send that it has not now,
    /// because of time alone, or [`overdue`](Self::overdue) something to ask for.
    pub(super) fn next_look(&self, now: Instant) -> Option<Instant> {
        let ask = self.messages.values().filter_map(|message| message.ask).min();
        if self.waiting.is_empty() || self.choose().is_none() {
            return ask;
        }
        // In the order of ids, which is that of time.
        let patience =
            self.messages.values().map(|message| message.sent + PATIENCE).find(|when| *when >= now);
        patience.into_iter().chain(ask).min()
    }

    /// The bundles that have taken long: worker and range of ids. `ask` asks the thread that runs
    /// one; if it says that no thread does yet, that is tried again later.
    pub(super) fn overdue(
        &mut self,
        now: Instant,
        mut ask: impl FnMut(WorkerId, RangeInclusive<u64>) -> bool,
    ) {
        for (first, message) in &mut self.messages {
            if message.ask.is_some_and(|when| when <= now) {
                let last = first + u64::from(message.count.saturating_sub(1));
                message.ask = if ask(message.worker, *first..=last) { None } else { Some(now + OVERDUE) };
            }
        }
    }

    /// The method of a request that this worker runs.
    pub(super) fn method(&mut self, worker: WorkerId, id: u64) -> Result<&Method, Foreign> {
        let (_, running) = self.running(worker, id)?;
        running.as_ref().map(|running| &running.request.method).ok_or(Foreign)
    }

    /// Takes the body of a running request, of which the application has begun to read.
    pub(super) fn take_body(
        &mut self,
        worker: WorkerId,
        id: u64,
    ) -> Result<(Bytes, Option<RequestBody>), Foreign> {
        let (streams, running) = self.running(worker, id)?;
        let running = running.as_mut().ok_or(Foreign)?;
        *streams = true;
        Ok((std::mem::take(&mut running.request.body), running.request.rest.take()))
    }

    /// Takes the reply of a running request whose answer is streamed; the request stays running.
    pub(super) fn begin_answer(&mut self, worker: WorkerId, id: u64) -> Result<Option<Reply>, Foreign> {
        let (streams, running) = self.running(worker, id)?;
        let running = running.as_mut().ok_or(Foreign)?;
        *streams = true;
        Ok(running.reply.take())
    }

    /// A request is answered. Gives its reply, unless that was taken before.
    pub(super) fn finish(
        &mut self,
        worker: WorkerId,
        id: u64,
        now: Instant,
    ) -> Result<Option<Reply>, Foreign> {
        let (_, running) = self.running(worker, id)?;
        let running = running.take().ok_or(Foreign)?;
        let (first, message) = self.message_of(worker, id)?;
        message.unanswered -= 1;
        if message.unanswered == 0 {
            let took = (!message.streams).then(|| (now - message.sent).min(SLOWEST) / message.count);
            let is_over = message.is_released;
            if let Some(took) = took {
                self.pace = (self.pace * 15 + took) / 16;
            }
            if is_over {
                self.messages.remove(&first);
            }
        }
        Ok(running.reply)
    }

    /// A worker's thread is done with the message that this request is in, and takes another.
    pub(super) fn release(&mut self, worker: WorkerId, id: u64) -> Result<(), Foreign> {
        let (first, message) = self.message_of(worker, id)?;
        if std::mem::replace(&mut message.is_released, true) {
            return Err(Foreign);
        }
        if message.unanswered == 0 {
            self.messages.remove(&first);
        }
        if let Some(worker) = self.workers.iter_mut().find(|ready| ready.id == worker) {
            worker.in_flight = worker.in_flight.saturating_sub(1);
            worker.is_full = false;
            self.awake += 1;
        }
        Ok(())
    }

    /// A worker will not begin this request of a message, nor any after it: they wait again, before
    /// all others.
    pub(super) fn not_begun(&mut self, worker: WorkerId, from: u64) -> Result<(), Foreign> {
        let (first, message) = self.message_of(worker, from)?;
        let place = usize::try_from(from - first).map_err(|_| Foreign)?;
        // A worker that has begun an answer, or has given it, does not know what it says.
        let handed_back = message.requests.get(place..).ok_or(Foreign)?;
        if handed_back.iter().any(|running| running.as_ref().is_none_or(|running| running.reply.is_none())) {
            return Err(Foreign);
        }
        let handed_back = message.requests.split_off(place);
        message.unanswered -= handed_back.len();
        message.count = u32::try_from(message.requests.len()).unwrap_or(u32::MAX).max(1);
        message.ask = None;
        if message.unanswered == 0 && message.is_released {
            self.messages.remove(&first);
        }
        self.put_back(handed_back);
        Ok(())
    }

    /// A worker has died with these claims of its threads, and everything that it had sent is
    /// delivered: what it had begun is lost, all else of its messages waits again, in order, before
    /// all others.
    pub(super) fn settle(&mut self, worker: WorkerId, claims: &[u64]) {
        self.worker_gone(worker);
        let own = self.messages.extract_if(.., |_, message| message.worker == worker);
        let messages: Vec<_> = own.collect();
        // The newest first, so that the oldest ends up at the front.
        for (first, mut message) in messages.into_iter().rev() {
            let count = message.requests.len();
            let begun = if message.is_released {
                // Its thread has gone through all of it.
                count
            } else {
                let places = claims.iter().filter_map(|claim| claim.checked_sub(first));
                let place =
                    places.filter_map(|place| usize::try_from(place).ok()).find(|place| *place < count);
                place.map_or(0, |place| place + 1)
            };
            let unbegun = message.requests.split_off(begun);
            for reply in message.requests.into_iter().flatten().filter_map(|running| running.reply) {
                let _ = reply.send(Err(CallError::Died));
            }
            self.put_back(unbegun);
        }
    }

    /// The first id that is not given out yet.
    pub(super) fn next_id(&self) -> u64 {
        self.next_id
    }

    /// Fails everything that waits or runs.
    pub(super) fn fail_all(&mut self, error: CallError) {
        let messages = std::mem::take(&mut self.messages).into_values();
        let running = messages.flat_map(|message| message.requests).flatten();
        let replies = running.filter_map(|running| running.reply);
        for reply in replies.chain(self.waiting.drain(..).map(|call| call.reply)) {
            let _ = reply.send(Err(error));
        }
    }

    /// Requests wait again, before all others.
    fn put_back(&mut self, requests: Vec<Option<Running>>) {
        for Running { request, reply } in requests.into_iter().rev().flatten() {
            if let Some(reply) = reply {
                self.waiting.push_front(Call { request, reply });
            }
        }
    }

    /// The message of this worker that the request was sent in, and its first id.
    fn message_of(&mut self, worker: WorkerId, id: u64) -> Result<(u64, &mut Message), Foreign> {
        let (&first, message) = self.messages.range_mut(..=id).next_back().ok_or(Foreign)?;
        if message.worker == worker && id - first < message.requests.len().max(1) as u64 {
            Ok((first, message))
        } else {
            Err(Foreign)
        }
    }

    /// Whether its message streams, and the request itself.
    fn running(&mut self, worker: WorkerId, id: u64) -> Result<(&mut bool, &mut Option<Running>), Foreign> {
        let (first, message) = self.message_of(worker, id)?;
        let place = usize::try_from(id - first).map_err(|_| Foreign)?;
        Ok((&mut message.streams, message.requests.get_mut(place).ok_or(Foreign)?))
    }

    /// The worker that gets the next message, by its place.
    fn choose(&self) -> Option<usize> {
        let has_room = |worker: &ReadyWorker| worker.in_flight < self.threads && !worker.is_full;
        let candidates = self.workers.iter().enumerate().filter(|(_, worker)| has_room(worker));
        // The first of equals.
        candidates.min_by_key(|(_, worker)| worker.in_flight).map(|(place, _)| place)
    }

    /// Messages that may be sent now.
    fn places(&self, now: Instant) -> usize {
        // From the oldest on; most are young.
        let old = self.messages.values().take_while(|message| now - message.sent > PATIENCE);
        let old = old.filter(|message| !message.is_released).count();
        let in_flight: usize = self.workers.iter().map(|worker| worker.in_flight).sum();
        (self.workers.len() + old).min(self.workers.len() * self.threads).saturating_sub(in_flight)
    }

    /// Whether those who work already will be done before another worker is awake.
    fn leaves_asleep(&self, now: Instant) -> bool {
        self.is_fast() && self.awake == 0 && self.waiting.len() < CROWD && {
            let young = self.messages.values().rev().take_while(|message| now - message.sent <= PATIENCE);
            young.into_iter().any(|message| !message.is_released && !message.streams)
        }
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
