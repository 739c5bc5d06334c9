//! The messages that workers have, and what became of their requests.
//!
//! Every message belongs to its worker: what another one says about its requests is [`Foreign`].

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;
use tokio::sync::oneshot;

use super::waiting::{Call, Reply};
use super::{CallError, RequestBody, WorkerRequest};

/// The thread of a message that is older is waiting for something.
pub(super) const PATIENCE: Duration = Duration::from_millis(1);
/// A worker is asked to hand back what need not wait of a bundle that is older.
pub(super) const OVERDUE: Duration = Duration::from_millis(10);
/// One message that takes longer says no more about the pace than one that takes this long.
pub(super) const SLOWEST: Duration = Duration::from_millis(50);

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

/// A request that some worker has.
pub(super) struct Running {
    request: WorkerRequest,
    /// Gone when the head of a streamed answer was delivered.
    reply: Option<Reply>,
    /// The worker has asked for the body, of which nothing is left here.
    is_body_taken: bool,
}

impl Running {
    /// Whether its worker must have begun it: no other one can.
    fn is_begun(&self) -> bool {
        self.reply.is_none() || self.is_body_taken
    }
}

impl From<Call> for Running {
    fn from(Call { request, reply }: Call) -> Self {
        Self { request, reply: Some(reply), is_body_taken: false }
    }
}

/// A message whose thread is not done, or that is not answered completely.
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

/// A request that is answered.
pub(super) struct Finished {
    /// Its reply, unless that was taken before.
    pub(super) reply: Option<Reply>,
    /// The time per request, if its message is answered completely and says something about the application's pace.
    pub(super) took: Option<Duration>,
    /// The time of its message, if that is answered completely.
    pub(super) whole: Option<Duration>,
}

/// The messages that workers have. The key of each is its first id; the ids of a message are
/// consecutive.
#[derive(Default)]
pub(super) struct InFlight {
    messages: BTreeMap<u64, Message>,
}

impl InFlight {
    /// Counts a message as sent; `streams` if a body of it has yet to be asked for.
    pub(super) fn add(
        &mut self,
        worker: WorkerId,
        first: u64,
        requests: Vec<Option<Running>>,
        streams: bool,
        now: Instant,
    ) {
        let count = u32::try_from(requests.len()).unwrap_or(u32::MAX);
        let unanswered = requests.len();
        let ask = (count > 1).then(|| now + OVERDUE);
        let message =
            Message { worker, sent: now, requests, unanswered, count, is_released: false, ask, streams };
        self.messages.insert(first, message);
    }

    /// Forgets a message that could not be sent; gives its worker and its requests.
    pub(super) fn unsent(&mut self, first: u64) -> Option<(WorkerId, Vec<Call>)> {
        let message = self.messages.remove(&first)?;
        Some((message.worker, calls(message.requests)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// When the next worker is to be asked to hand something back.
    pub(super) fn next_ask(&self) -> Option<Instant> {
        self.messages.values().filter_map(|message| message.ask).min()
    }

    /// When the next message becomes older than [`PATIENCE`], from `now` on.
    pub(super) fn next_old(&self, now: Instant) -> Option<Instant> {
        // In the order of ids, which is that of time.
        self.messages.values().map(|message| message.sent + PATIENCE).find(|when| *when >= now)
    }

    /// Messages older than [`PATIENCE`] whose threads are not done.
    pub(super) fn old(&self, now: Instant) -> usize {
        // From the oldest on; most are young.
        let old = self.messages.values().take_while(|message| now - message.sent > PATIENCE);
        old.filter(|message| !message.is_released).count()
    }

    /// Whether a thread will soon be done with a message: it is young and streams nothing.
    pub(super) fn has_young(&self, now: Instant) -> bool {
        let mut young = self.messages.values().rev().take_while(|message| now - message.sent <= PATIENCE);
        young.any(|message| !message.is_released && !message.streams)
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
        running.is_body_taken = true;
        Ok((std::mem::take(&mut running.request.body), running.request.rest.take()))
    }

    /// Takes the reply of a running request whose answer is streamed; the request stays running.
    pub(super) fn begin_answer(&mut self, worker: WorkerId, id: u64) -> Result<Option<Reply>, Foreign> {
        let (streams, running) = self.running(worker, id)?;
        let running = running.as_mut().ok_or(Foreign)?;
        *streams = true;
        Ok(running.reply.take())
    }

    /// A request is answered.
    pub(super) fn finish(&mut self, worker: WorkerId, id: u64, now: Instant) -> Result<Finished, Foreign> {
        let (_, running) = self.running(worker, id)?;
        let running = running.take().ok_or(Foreign)?;
        let (first, message) = self.message_of(worker, id)?;
        message.unanswered -= 1;
        let (mut took, mut whole) = (None, None);
        if message.unanswered == 0 {
            whole = Some(now - message.sent);
            took = (!message.streams).then(|| (now - message.sent).min(SLOWEST) / message.count);
            if message.is_released {
                self.messages.remove(&first);
            }
        }
        Ok(Finished { reply: running.reply, took, whole })
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
        Ok(())
    }

    /// A worker will not begin this request of a message, nor any after it; gives them.
    pub(super) fn not_begun(&mut self, worker: WorkerId, from: u64) -> Result<Vec<Call>, Foreign> {
        let (first, message) = self.message_of(worker, from)?;
        let place = usize::try_from(from - first).map_err(|_| Foreign)?;
        // A worker that has begun a request, or has answered it, does not know what it says.
        let handed_back = message.requests.get(place..).ok_or(Foreign)?;
        if handed_back.iter().any(|running| running.as_ref().is_none_or(Running::is_begun)) {
            return Err(Foreign);
        }
        let handed_back = message.requests.split_off(place);
        message.unanswered -= handed_back.len();
        message.count = u32::try_from(message.requests.len()).unwrap_or(u32::MAX).max(1);
        message.ask = None;
        if message.unanswered == 0 && message.is_released {
            self.messages.remove(&first);
        }
        Ok(calls(handed_back))
    }

    /// A worker has died with these claims of its threads, and everything that it had sent is
    /// delivered: what it had begun is lost, all else of its messages is given, in order.
    pub(super) fn settle(&mut self, worker: WorkerId, claims: &[u64]) -> Vec<Call> {
        let mut left = Vec::new();
        for (first, mut message) in self.messages.extract_if(.., |_, message| message.worker == worker) {
            let count = message.requests.len();
            let begun = if message.is_released {
                // Its thread has gone through all of it.
                count
            } else {
                let places = claims.iter().filter_map(|claim| claim.checked_sub(first));
                let place =
                    places.filter_map(|place| usize::try_from(place).ok()).find(|place| *place < count);
                // What a worker does counts more than what it claims.
                let begun = |running: &Option<Running>| running.as_ref().is_some_and(Running::is_begun);
                place.max(message.requests.iter().rposition(begun)).map_or(0, |place| place + 1)
            };
            let unbegun = message.requests.split_off(begun);
            for reply in message.requests.into_iter().flatten().filter_map(|running| running.reply) {
                let _ = reply.send(Err(CallError::Died));
            }
            left.extend(calls(unbegun));
        }
        left
    }

    /// Whether a thread of this worker is not done with the message that it claims to run this request of.
    pub(super) fn holds_thread(&mut self, worker: WorkerId, id: u64) -> bool {
        self.message_of(worker, id).is_ok_and(|(_, message)| !message.is_released)
    }

    /// How many threads of this worker are not done with a message.
    pub(super) fn held_threads(&self, worker: WorkerId) -> usize {
        self.messages.values().filter(|message| message.worker == worker && !message.is_released).count()
    }

    /// A request has taken too long: its client gets status 504, and its worker's answer is thrown away. Gives method and
    /// target, if it is not answered completely.
    pub(super) fn time_out(&mut self, worker: WorkerId, id: u64) -> Option<String> {
        let (_, running) = self.running(worker, id).ok()?;
        let running = running.as_mut()?;
        // Not `None`, which is an answer that has begun.
        let nobody = oneshot::channel().0;
        if let Some(reply) = running.reply.as_mut() {
            let _ = std::mem::replace(reply, nobody).send(Err(CallError::TimedOut));
        }
        let WorkerRequest { method, uri, .. } = &running.request;
        Some(format!("{method} {}", uri.escape_ascii()))
    }

    /// Where the answers of all running requests go; they are forgotten here.
    pub(super) fn take_replies(&mut self) -> impl Iterator<Item = Reply> + use<> {
        let messages = std::mem::take(&mut self.messages).into_values();
        let running = messages.flat_map(|message| message.requests).flatten();
        running.filter_map(|running| running.reply)
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
}

/// Those that may still be answered, in order.
fn calls(requests: Vec<Option<Running>>) -> Vec<Call> {
    let call = |Running { request, reply, .. }| reply.map(|reply| Call { request, reply });
    requests.into_iter().flatten().filter_map(call).collect()
}
