//! Which request goes into which message, what is in flight, and what a crash cost. Pure: no socket, no clock.
//!
//! Waking a process up costs more than running a small request, so under load several requests travel in one message
//! and come back in one frame. The rules:
//!
//! - **In flight**: as many messages as there are worker processes, plus one for each message that is older than
//!   [`PATIENCE`] (its thread is waiting for something, so another of the same process can work), up to the number
//!   of threads. More would only wait in the kernel instead of here, where they still can be put together.
//! - **Bundling**: `ceil(waiting / free places)` requests per message, at most [`BUNDLE_LIMIT`], and no more than
//!   take about [`BUDGET`] at the pace of the last messages, because everything in a message waits for the last of
//!   it. A request whose body has yet to be asked for goes alone, for its client may be slow.
//! - **No bundling** for [`CAUTION`] after a message took longer than [`SLOW`]: some request waits for something, and
//!   those behind it could have gone elsewhere. (Much less than that proves nothing on a busy machine.)

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Response};
use tokio::sync::oneshot;

use super::{CallError, RequestBody, ResponseBody, WorkerRequest};
use crate::protocol::marshal::{write_bytes, write_list, write_none, write_str, write_tuple};

/// Largest message. The kernel takes about 208 KiB with its default buffer sizes; a worker's buffer is 256 KiB.
pub(super) const MESSAGE_LIMIT: usize = 192 * 1024;

/// Requests that may wait for a worker; more are refused rather than kept.
const WAITING_LIMIT: usize = 8192;

const BUNDLE_LIMIT: usize = 8;
const PATIENCE: Duration = Duration::from_millis(1);
const BUDGET: Duration = Duration::from_millis(4);
const SLOW: Duration = Duration::from_millis(50);
const CAUTION: Duration = Duration::from_secs(3);

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

/// A message that is not answered completely. Its key is its first id; the ids of a message are consecutive.
struct Message {
    sent: Instant,
    last: u64,
    count: u32,
    unanswered: u32,
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

    /// Whether nothing waits and nothing runs.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.messages.is_empty()
    }

    /// Puts waiting requests into the next message, if one may be sent now, and counts them as running. A caller
    /// that cannot send it says so with [`take_back`](Self::take_back).
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
            // Whose client went away before it was begun is never begun.
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
        let message = Message { sent: now, last: self.next_id - 1, count, unanswered: count, streams };
        self.messages.insert(first, message);
        Some((first, &self.message))
    }

    /// When [`next_message`](Self::next_message) may have something to send that it has not now, because of time alone.
    pub(super) fn next_look(&self, now: Instant) -> Option<Instant> {
        if self.waiting.is_empty() || self.messages.len() >= self.workers * self.threads {
            return None;
        }
        // In the order of ids, which is that of time.
        self.messages.values().map(|message| message.sent + PATIENCE).find(|when| *when > now)
    }

    /// How many requests the next message may hold.
    fn bundle_size(&self, places: usize, now: Instant) -> usize {
        if self.unbundled_until.is_some_and(|until| now < until) {
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
        let allowed = (self.workers + old).min(self.workers * self.threads);
        allowed.saturating_sub(self.messages.len())
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

    /// The worker is done with a request. Gives its reply, unless that was taken before; `None` for one that is not
    /// running.
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

    /// A worker thread died whose claim names this request: what it had begun is lost, what came after it in the same
    /// message was not begun and will be sent again.
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

    /// The requests of a message that was not sent, or was lost before any worker began it, wait again, before all
    /// others.
    pub(super) fn take_back(&mut self, first: u64) {
        let Some(message) = self.messages.remove(&first) else { return };
        for id in (first..=message.last).rev() {
            if let Some(Running { request, reply: Some(reply) }) = self.running.remove(&id) {
                self.waiting.push_front(Call { request, reply });
            }
        }
    }

    /// Takes back every message before `limit` that no living worker claims. The caller knows that the kernel holds
    /// none of them any more.
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

/// Adds a request to a message; says whether its body is in it, whole. If not, the worker asks for it.
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
mod tests {
    use super::*;

    type Answer = oneshot::Receiver<Result<Response<ResponseBody>, CallError>>;

    fn request(path: &'static str) -> WorkerRequest {
        WorkerRequest {
            method: Method::GET,
            uri: Bytes::from_static(path.as_bytes()),
            path: Bytes::from_static(path.as_bytes()),
            query: Bytes::new(),
            remote_port: 1,
            repeated: b"{0".to_vec(),
            changing: None,
            body: Bytes::new(),
            rest: None,
        }
    }

    fn push(queue: &mut Queue, request: WorkerRequest) -> Answer {
        let (reply, answer) = oneshot::channel();
        queue.push(Call { request, reply }).unwrap();
        answer
    }

    fn push_many(queue: &mut Queue, count: usize) -> Vec<Answer> {
        (0..count).map(|_| push(queue, request("/"))).collect()
    }

    /// First and last id of the next message.
    fn send(queue: &mut Queue, now: Instant) -> Option<(u64, u64)> {
        let first = queue.next_message(now)?.0;
        Some((first, queue.next_id() - 1))
    }

    fn queue(workers: usize, threads: usize) -> Queue {
        let mut queue = Queue::new(threads);
        for _ in 0..workers {
            queue.worker_ready();
        }
        queue
    }

    #[test]
    fn one_message_per_process_and_bundles() {
        let now = Instant::now();
        let mut queue = queue(2, 4);
        let _answers = push_many(&mut queue, 10);
        assert_eq!(send(&mut queue, now), Some((1, 5)));
        assert_eq!(send(&mut queue, now), Some((6, 10)));
        let _more = push_many(&mut queue, 30);
        assert_eq!(send(&mut queue, now), None);
        for id in 1..=5 {
            assert!(queue.finish(id, now).is_some());
        }
        assert_eq!(send(&mut queue, now), Some((11, 18)));
        assert_eq!(send(&mut queue, now), None);
    }

    #[test]
    fn an_old_message_makes_room() {
        let start = Instant::now();
        let mut queue = queue(1, 2);
        let _answers = push_many(&mut queue, 20);
        assert_eq!(send(&mut queue, start), Some((1, 8)));
        assert_eq!(send(&mut queue, start), None);
        assert_eq!(queue.next_look(start), Some(start + PATIENCE));
        let later = start + PATIENCE * 2;
        assert_eq!(send(&mut queue, later), Some((9, 16)));
        // All threads have something.
        assert_eq!(queue.next_look(later), None);
        assert_eq!(send(&mut queue, later + PATIENCE * 2), None);
    }

    #[test]
    fn nobody_waits_behind_a_slow_one() {
        let mut now = Instant::now();
        let mut queue = queue(2, 1);
        let _answers = push_many(&mut queue, 100);
        assert_eq!(send(&mut queue, now), Some((1, 8)));
        now += SLOW * 2;
        assert_eq!(send(&mut queue, now), Some((9, 9)));
        for id in 1..=9 {
            queue.finish(id, now);
        }
        assert_eq!(send(&mut queue, now), Some((10, 10)));
        queue.finish(10, now);
        assert_eq!(send(&mut queue, now + CAUTION * 2), Some((11, 18)));
    }

    #[test]
    fn bundles_are_as_large_as_the_pace_allows() {
        let mut now = Instant::now();
        let mut queue = queue(1, 1);
        let _answers = push_many(&mut queue, 2000);
        let mut round = |took: Duration| {
            let (first, last) = send(&mut queue, now).unwrap();
            let count = u32::try_from(last - first + 1).unwrap();
            now += took * count;
            (first..=last).for_each(|id| assert!(queue.finish(id, now).is_some()));
            count
        };
        let mut sizes = |took: Duration| (0..100).map(|_| round(took)).last().unwrap();
        assert_eq!(sizes(BUDGET / 100), 8);
        assert_eq!(sizes(BUDGET / 4), 4);
        assert_eq!(sizes(BUDGET * 2), 1);
        assert_eq!(sizes(BUDGET / 100), 8);
    }

    #[test]
    fn a_stream_is_not_slowness() {
        let start = Instant::now();
        let mut queue = queue(2, 1);
        let _stream = push(&mut queue, request("/stream"));
        assert_eq!(send(&mut queue, start), Some((1, 1)));
        assert!(queue.begin_answer(1).is_some());
        let _answers = push_many(&mut queue, 4);
        assert_eq!(send(&mut queue, start + SLOW * 2), Some((2, 5)));
    }

    #[test]
    fn a_body_to_be_asked_for_goes_alone() {
        use http_body_util::BodyExt;
        let now = Instant::now();
        let mut queue = queue(1, 1);
        let mut upload = request("/upload");
        upload.rest = Some(http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync());
        let _one = push(&mut queue, request("/"));
        let _two = push(&mut queue, upload);
        let _three = push(&mut queue, request("/"));
        for id in 1..=3 {
            assert_eq!(send(&mut queue, now), Some((id, id)));
            queue.finish(id, now);
        }
    }

    #[test]
    fn messages_have_a_limit() {
        let now = Instant::now();
        let mut queue = queue(1, 1);
        let mut large = request("/");
        large.repeated = vec![b'x'; MESSAGE_LIMIT];
        let mut answer = push(&mut queue, large);
        assert_eq!(send(&mut queue, now), None);
        assert_eq!(answer.try_recv().unwrap().unwrap_err(), CallError::TooLarge);
        // A body that does not fit any more is asked for instead.
        let mut upload = request("/");
        upload.body = vec![b'x'; MESSAGE_LIMIT].into();
        let _answer = push(&mut queue, upload);
        assert!(queue.next_message(now).unwrap().1.len() < 200);
        assert_eq!(queue.take_body(1).unwrap().0.len(), MESSAGE_LIMIT);
    }

    #[test]
    fn the_largest_legal_environ_fits() {
        // 64 KiB of header bytes that each become two, and 16 KiB of target.
        let mut dict = crate::protocol::marshal::DictWriter::new();
        dict.insert(b"HTTP_X", &[0xff; 64 * 1024]);
        let mut request = request("/");
        request.repeated = dict.finish();
        request.uri = vec![b'%'; 16 * 1024].into();
        request.path = vec![0xff; 6 * 1024].into();
        request.query = request.uri.clone();
        let mut queue = queue(1, 1);
        let _answer = push(&mut queue, request);
        assert!(queue.next_message(Instant::now()).is_some());
    }

    #[test]
    fn a_client_that_left_is_not_served() {
        let now = Instant::now();
        let mut queue = queue(1, 1);
        drop(push(&mut queue, request("/")));
        let _answer = push(&mut queue, request("/"));
        assert_eq!(send(&mut queue, now), Some((1, 1)));
        assert!(queue.waiting.is_empty());
    }

    #[test]
    fn a_crash_costs_what_was_begun() {
        let now = Instant::now();
        let mut queue = queue(1, 1);
        let mut answers = push_many(&mut queue, 4);
        assert_eq!(send(&mut queue, now), Some((1, 4)));
        // 1 ran but its answer was not sent, 2 was running, 3 and 4 were not begun.
        queue.lost(2);
        for answer in answers.drain(..2) {
            assert_eq!(answer.blocking_recv().unwrap().unwrap_err(), CallError::Died);
        }
        assert!(answers.iter_mut().all(|answer| answer.try_recv().is_err()));
        assert_eq!(send(&mut queue, now), Some((5, 6)));
        // A claim of something that was answered long ago costs nothing.
        queue.lost(2);
        queue.lost(100);
        assert!(queue.finish(5, now).is_some() && queue.finish(6, now).is_some());
        assert!(queue.is_idle());
    }

    #[test]
    fn what_nobody_claims_is_sent_again_in_order() {
        let now = Instant::now();
        let mut queue = queue(3, 1);
        let _answers: Vec<_> = ["/a", "/b", "/c"].map(|path| push(&mut queue, request(path))).into();
        for id in 1..=3 {
            assert_eq!(send(&mut queue, now), Some((id, id)));
        }
        queue.take_back_unclaimed(4, &[2, 0]);
        let paths: Vec<_> = queue.waiting.iter().map(|call| call.request.path.clone()).collect();
        assert_eq!(paths, ["/a", "/c"]);
        assert!(queue.method(2).is_some());
    }
}
