//! Which request goes into which message, what is in flight, and what a crash cost. Pure: no
//! socket, no clock.
//!
//! Waking a process up costs more than running a small request, so under load several requests
//! travel in one message and come back in one frame. The rules:
//!
//! - **In flight**: as many messages as there are worker processes, plus one for each message that is older than
//!   [`PATIENCE`] (its thread is waiting for something, so another of the same process can work), up to the number
//!   of threads. More would only wait in the kernel instead of here, where they still can be put together.
//! - **Bundling**: `ceil(waiting / free places)` requests per message, at most [`BUNDLE_LIMIT`], and no more than
//!   take about [`BUDGET`] at the pace of the last messages, because everything in a message waits for the last of
//!   it. A request whose body has yet to be asked for goes alone, for its client may be slow.
//! - **Handing back**: when a bundle has taken [`OVERDUE`], its worker is asked for the answers that are finished and
//!   the requests that have not begun, which others may run ([`overdue`](Queue::overdue)).
//! - **No bundling** for [`CAUTION`] after a message took longer than [`SLOW`]: some request waits for something, and
//!   those behind it could have gone elsewhere. (Much less than that proves nothing on a busy machine.) Instead,
//!   [`LOOKAHEAD`] messages per thread may be in flight: in the kernel's queue no request waits behind a particular
//!   one, and no thread waits for the front.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Response};
use tokio::sync::oneshot;

use super::{CallError, RequestBody, ResponseBody, WorkerRequest};
use crate::protocol::marshal::{write_bytes, write_list, write_none, write_str, write_tuple};

/// Largest message. The kernel takes about 208 KiB with its default buffer sizes; a worker's buffer
/// is 256 KiB.
pub(super) const MESSAGE_LIMIT: usize = 192 * 1024;

/// Requests that may wait for a worker; more are refused rather than kept.
const WAITING_LIMIT: usize = 8192;

const BUNDLE_LIMIT: usize = 8;
const PATIENCE: Duration = Duration::from_millis(1);
const BUDGET: Duration = Duration::from_millis(4);
const OVERDUE: Duration = Duration::from_millis(10);
const SLOW: Duration = Duration::from_millis(50);
const CAUTION: Duration = Duration::from_secs(3);
const LOOKAHEAD: usize = 4;

/// Where an answer goes.
pub(super) type Reply = oneshot::Sender<Result<Response<ResponseBody>, CallError>>;

/// A request and where its answer goes.
pub(super) struct Call {
    pub(super) request: WorkerRequest,
    pub(super) reply: Reply,
}

/// A request that some worker has, or will get from the kernel.
struct Running {
    request: WorkerRequest,
    /// Gone when the head of a streamed answer was delivered.
    reply: Option<Reply>,
}

/// A message that is not answered completely. Its key is its first id; the ids of a message are
/// consecutive.
struct Message {
    sent: Instant,
    last: u64,
    count: u32,
    unanswered: u32,
    /// When its worker is asked to hand back what need not wait; not if that was done, or if there
    /// is but one request.
    ask: Option<Instant>,
    /// Streams to or from a client whose pace says nothing about the application.
    streams: bool,
}

/// Requests on their way; see the module's text.
pub(super) struct Queue {
    waiting: VecDeque<Call>,
    running: HashMap<u64, Running>,
    messages: BTreeMap<u64, Message>,
    next_id: u64,
    /// Processes that have loaded the application.
    workers: usize,
    threads: usize,
    unbundled_until: Option<Instant>,
    /// Time that a request took lately, smoothed: a message's time divided by its requests.
    pace: Duration,
    message: Vec<u8>,
}

impl Queue {
    /// An empty queue for workers of this many threads each; none is there yet.
    pub(super) fn new(threads: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            running: HashMap::new(),
            messages: BTreeMap::new(),
            // 0 in a worker's claim means that it has not begun anything.
            next_id: 1,
            workers: 0,
            threads,
            unbundled_until: None,
            pace: Duration::ZERO,
            message: Vec::new(),
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

    pub(super) fn worker_ready(&mut self) {
        self.workers += 1;
    }

    pub(super) fn worker_gone(&mut self) {
        self.workers = self.workers.saturating_sub(1);
    }

    pub(super) fn has_workers(&self) -> bool {
        self.workers > 0
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
    /// running. A caller that cannot send it says so with [`take_back`](Self::take_back).
    pub(super) fn next_message(&mut self, now: Instant) -> Option<(u64, &[u8])> {
        let places = self.places(now);
        if places == 0 {
            return None;
        }
        let size = self.bundle_size(places, now);
        let first = self.next_id;
        self.message.clear();
        write_list(&mut self.message, 0);
        let mut streams = false;
        let mut count: u32 = 0;
        while (count as usize) < size && !streams {
            let Some(call) = self.waiting.pop_front() else { break };
            // A request whose client disconnected before it began is skipped.
            if call.reply.is_closed() {
                continue;
            }
            let start = self.message.len();
            let inline = write_request(&mut self.message, self.next_id, &call.request);
            if (self.message.len() > MESSAGE_LIMIT || !inline) && count > 0 {
                self.message.truncate(start);
                self.waiting.push_front(call);
                break;
            }
            if self.message.len() > MESSAGE_LIMIT {
                self.message.truncate(start);
                let _ = call.reply.send(Err(CallError::TooLarge));
                continue;
            }
            streams = !inline;
            self.running.insert(self.next_id, Running { request: call.request, reply: Some(call.reply) });
            self.next_id += 1;
            count += 1;
        }
        if count == 0 {
            return None;
        }
        if let Some(place) = self.message.get_mut(1..5) {
            place.copy_from_slice(&count.to_le_bytes());
        }
        let ask = (count > 1).then(|| now + OVERDUE);
        let message = Message { sent: now, last: self.next_id - 1, count, unanswered: count, ask, streams };
        self.messages.insert(first, message);
        Some((first, &self.message))
    }

    /// When [`next_message`](Self::next_message) may have something to send that it has not now,
    /// because of time alone, or [`overdue`](Self::overdue) something to ask for.
    pub(super) fn next_look(&self, now: Instant) -> Option<Instant> {
        let ask = self.messages.values().filter_map(|message| message.ask).min();
        if self.waiting.is_empty() || self.messages.len() >= self.workers * self.threads {
            return ask;
        }
        // In the order of ids, which is that of time.
        let patience = self.messages.values().map(|message| message.sent + PATIENCE).find(|when| *when > now);
        patience.into_iter().chain(ask).min()
    }

    /// The bundles that have taken long, as ranges of ids. `ask` asks the thread that runs one; if
    /// it says that no thread does yet, that is tried again later.
    pub(super) fn overdue(&mut self, now: Instant, mut ask: impl FnMut(RangeInclusive<u64>) -> bool) {
        for (first, message) in &mut self.messages {
            if message.ask.is_some_and(|when| when <= now) {
                message.ask = if ask(*first..=message.last) { None } else { Some(now + OVERDUE) };
            }
        }
    }

    /// A worker will not begin this request of a message, nor any after it: they wait again, before
    /// all others.
    pub(super) fn not_begun(&mut self, from: u64) {
        let Some((&first, message)) = self.messages.range_mut(..=from).next_back() else { return };
        if from > message.last {
            return;
        }
        for id in (from..=message.last).rev() {
            match self.running.remove(&id) {
                Some(Running { request, reply: Some(reply) }) => {
                    self.waiting.push_front(Call { request, reply });
                }
                // A worker that has begun the answer does not know what it says.
                Some(running) => {
                    self.running.insert(id, running);
                    continue;
                }
                None => continue,
            }
            message.count -= 1;
            message.unanswered -= 1;
        }
        message.last = from.saturating_sub(1);
        message.ask = None;
        if message.unanswered == 0 {
            self.messages.remove(&first);
        }
    }

    /// How many requests the next message may hold.
    fn bundle_size(&self, places: usize, now: Instant) -> usize {
        if self.is_cautious(now) {
            return 1;
        }
        let affordable = BUDGET.as_nanos() / self.pace.as_nanos().max(1);
        let affordable = usize::try_from(affordable).unwrap_or(usize::MAX);
        self.waiting.len().div_ceil(places).min(BUNDLE_LIMIT).min(affordable).max(1)
    }

    /// Messages that may be sent now.
    fn places(&mut self, now: Instant) -> usize {
        let mut old = 0;
        // From the oldest on; most are young.
        for message in self.messages.values().take_while(|message| now - message.sent > PATIENCE) {
            old += 1;
            if !message.streams && now - message.sent > SLOW {
                self.unbundled_until = Some(now + CAUTION);
            }
        }
        let threads = self.workers * self.threads;
        let allowed =
            if self.is_cautious(now) { threads * LOOKAHEAD } else { threads.min(self.workers + old) };
        allowed.saturating_sub(self.messages.len())
    }

    fn is_cautious(&self, now: Instant) -> bool {
        self.unbundled_until.is_some_and(|until| now < until)
    }

    /// The method of a running request.
    pub(super) fn method(&self, id: u64) -> Option<&Method> {
        self.running.get(&id).map(|running| &running.request.method)
    }

    /// Takes the body of a running request, of which the application has begun to read.
    pub(super) fn take_body(&mut self, id: u64) -> Option<(Bytes, Option<RequestBody>)> {
        self.mark_streaming(id);
        let running = self.running.get_mut(&id)?;
        Some((std::mem::take(&mut running.request.body), running.request.rest.take()))
    }

    /// Takes the reply of a running request whose answer is streamed; the request stays running.
    pub(super) fn begin_answer(&mut self, id: u64) -> Option<Reply> {
        self.mark_streaming(id);
        self.running.get_mut(&id)?.reply.take()
    }

    /// The worker is done with a request. Gives its reply, unless that was taken before; `None` for
    /// one that is not running.
    pub(super) fn finish(&mut self, id: u64, now: Instant) -> Option<Option<Reply>> {
        let running = self.running.remove(&id)?;
        if let Some((&first, message)) = self.messages.range_mut(..=id).next_back() {
            message.unanswered -= 1;
            if message.unanswered == 0 {
                if !message.streams {
                    let took = now - message.sent;
                    if took > SLOW {
                        self.unbundled_until = Some(now + CAUTION);
                    }
                    self.pace = (self.pace * 15 + took.min(SLOW) / message.count) / 16;
                }
                self.messages.remove(&first);
            }
        }
        Some(running.reply)
    }

    /// A worker thread died whose claim names this request: what it had begun is lost, what came
    /// after it in the same message was not begun and will be sent again.
    pub(super) fn lost(&mut self, claim: u64) {
        let Some((&first, message)) = self.messages.range(..=claim).next_back() else { return };
        if claim > message.last {
            return;
        }
        for id in first..=claim {
            if let Some(reply) = self.running.remove(&id).and_then(|running| running.reply) {
                let _ = reply.send(Err(CallError::Died));
            }
        }
        self.take_back(first);
    }

    /// The requests of a message that was not sent, or was lost before any worker began it, wait
    /// again, before all others.
    pub(super) fn take_back(&mut self, first: u64) {
        let Some(message) = self.messages.remove(&first) else { return };
        for id in (first..=message.last).rev() {
            if let Some(Running { request, reply: Some(reply) }) = self.running.remove(&id) {
                self.waiting.push_front(Call { request, reply });
            }
        }
    }

    /// Takes back every message before `limit` that no living worker claims. The caller knows that
    /// the kernel holds none of them any more.
    pub(super) fn take_back_unclaimed(&mut self, limit: u64, claims: &[u64]) {
        let lost: Vec<u64> = self
            .messages
            .range(..limit)
            .filter(|(first, message)| !claims.iter().any(|claim| (**first..=message.last).contains(claim)))
            .map(|(first, _)| *first)
            .collect();
        // The newest first, so that the oldest ends up at the front.
        for first in lost.into_iter().rev() {
            self.take_back(first);
        }
    }

    /// The first id that is not given out yet.
    pub(super) fn next_id(&self) -> u64 {
        self.next_id
    }

    /// Fails everything that waits or runs.
    pub(super) fn fail_all(&mut self, error: CallError) {
        self.messages.clear();
        let running = self.running.drain().filter_map(|(_, running)| running.reply);
        for reply in running.chain(self.waiting.drain(..).map(|call| call.reply)) {
            let _ = reply.send(Err(error));
        }
    }

    fn mark_streaming(&mut self, id: u64) {
        if let Some((_, message)) = self.messages.range_mut(..=id).next_back() {
            message.streams = true;
        }
    }
}

/// Adds a request to a message; says whether its body is in it, whole. If not, the worker asks for
/// it.
fn write_request(out: &mut Vec<u8>, id: u64, request: &WorkerRequest) -> bool {
    write_tuple(out, 9);
    write_bytes(out, &id.to_le_bytes());
    write_bytes(out, &request.repeated);
    write_str(out, request.method.as_str().as_bytes());
    write_str(out, &request.uri);
    write_str(out, &request.path);
    write_str(out, &request.query);
    match request.remote_port {
        0 => write_str(out, b""),
        port => write_str(out, port.to_string().as_bytes()),
    }
    match &request.changing {
        Some(dict) => out.extend_from_slice(dict),
        None => write_none(out),
    }
    let inline = request.rest.is_none() && out.len() + request.body.len() + 5 <= MESSAGE_LIMIT;
    if inline {
        write_bytes(out, &request.body);
    } else {
        write_none(out);
    }
    inline
}

#[cfg(test)]
#[path = "tests/queue.rs"]
mod tests;
