//! The rules of the queue, with invented time.

use super::*;

use http::Response;
use tokio::sync::oneshot;

use super::super::in_flight::{OVERDUE, PATIENCE, SLOWEST};
use super::super::message::MESSAGE_LIMIT;
use super::super::{ResponseBody, WorkerRequest};

pub(super) type PendingResponse = oneshot::Receiver<Result<Response<ResponseBody>, CallError>>;

pub(super) fn request(path: &'static str) -> WorkerRequest {
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

pub(super) fn push(queue: &mut Queue, request: WorkerRequest) -> PendingResponse {
    let (reply, answer) = oneshot::channel();
    queue.push(Call { request, reply }).unwrap();
    answer
}

fn push_many(queue: &mut Queue, count: usize) -> Vec<PendingResponse> {
    (0..count).map(|_| push(queue, request("/"))).collect()
}

pub(super) const A: WorkerId = worker(1);
pub(super) const B: WorkerId = worker(2);

pub(super) const fn worker(number: u64) -> WorkerId {
    WorkerId { number, pid: 0 }
}

/// Worker, first and last id of the next message.
pub(super) fn send(queue: &mut Queue, now: Instant) -> Option<(WorkerId, u64, u64)> {
    let Outgoing { worker, first, .. } = queue.next_message(now)?;
    Some((worker, first, queue.next_id() - 1))
}

/// Answers all of a message, and takes its thread to be done.
fn complete(queue: &mut Queue, message: (WorkerId, u64, u64), now: Instant) {
    let (worker, first, last) = message;
    for id in first..=last {
        queue.finish(worker, id, now).unwrap();
    }
    queue.release(worker, first).unwrap();
}

/// A queue whose ids begin at 1, with workers A, B, ...
fn queue(workers: u64, threads: usize) -> Queue {
    let mut queue = Queue::new(threads, 0);
    // The last one is the first choice of equals.
    for number in (1..=workers).rev() {
        queue.worker_ready(worker(number));
    }
    queue.workers.reverse();
    queue
}

/// A queue that has seen requests of this pace.
pub(super) fn queue_with_pace(workers: u64, threads: usize, pace: Duration) -> Queue {
    let mut queue = queue(workers, threads);
    queue.pace = pace;
    queue
}

#[test]
fn one_message_per_process_and_bundles() {
    let now = Instant::now();
    let mut queue = queue(2, 4);
    let _answers = push_many(&mut queue, 10);
    assert_eq!(send(&mut queue, now), Some((A, 1, 5)));
    assert_eq!(send(&mut queue, now), Some((B, 6, 10)));
    let _more = push_many(&mut queue, 30);
    assert_eq!(send(&mut queue, now), None);
    for id in 1..=5 {
        assert!(queue.finish(A, id, now).unwrap().is_some());
    }
    // It has answered, and is not done.
    assert_eq!(send(&mut queue, now), None);
    queue.release(A, 1).unwrap();
    assert_eq!(send(&mut queue, now), Some((A, 11, 18)));
    assert_eq!(send(&mut queue, now), None);
}

#[test]
fn an_old_message_makes_room() {
    let start = Instant::now();
    let mut queue = queue(1, 2);
    let _answers = push_many(&mut queue, 20);
    assert_eq!(send(&mut queue, start), Some((A, 1, 8)));
    assert_eq!(send(&mut queue, start), None);
    assert_eq!(queue.next_look(start), Some(start + PATIENCE));
    let later = start + PATIENCE * 2;
    assert_eq!(send(&mut queue, later), Some((A, 9, 16)));
    // All threads have something; only the bundles are looked after.
    assert_eq!(queue.next_look(later), Some(start + OVERDUE));
    assert_eq!(send(&mut queue, later + PATIENCE * 2), None);
}

#[test]
fn the_fewest_messages_then_the_warm_worker() {
    let now = Instant::now();
    let mut queue = queue(3, 2);
    let _answers: Vec<_> = (0..20)
        .map(|_| {
            let answer = push(&mut queue, request("/"));
            let sent = send(&mut queue, now).unwrap();
            assert_eq!(sent.0, A, "one after the other stays where it was");
            complete(&mut queue, sent, now);
            answer
        })
        .collect();
    let mut later = now;
    let mut workers = Vec::new();
    for _ in 0..6 {
        let _answer = push(&mut queue, request("/"));
        later += PATIENCE * 2;
        workers.extend(send(&mut queue, later).map(|sent| sent.0.number));
    }
    // Each once, then each again: the one that was used last first.
    assert_eq!(workers, [1, 2, 3, 3, 2, 1]);
    // All six threads are busy.
    let _answer = push(&mut queue, request("/"));
    assert_eq!(send(&mut queue, later + PATIENCE * 2), None);
}

#[test]
fn few_workers_are_woken_for_fast_requests() {
    let now = Instant::now();
    let mut queue = queue_with_pace(2, 2, FAST / 2);
    let _first = push(&mut queue, request("/"));
    let first = send(&mut queue, now).unwrap();
    let _few = push_many(&mut queue, CROWD - 1);
    assert_eq!(send(&mut queue, now), None);
    // Not for longer than this.
    assert_eq!(queue.next_look(now), Some(now + PATIENCE));
    let _crowd = push(&mut queue, request("/"));
    assert_eq!(send(&mut queue, now), Some((B, 2, 9)));
    let _few = push_many(&mut queue, 3);
    // The first one to be done takes them.
    complete(&mut queue, first, now);
    assert_eq!(send(&mut queue, now), Some((A, 10, 12)));
    // An old message says nothing about when its worker is done.
    let mut queue = queue_with_pace(2, 1, FAST / 2);
    let _first = push(&mut queue, request("/"));
    assert_eq!(send(&mut queue, now), Some((A, 1, 1)));
    let _second = push(&mut queue, request("/"));
    assert_eq!(send(&mut queue, now), None);
    assert_eq!(send(&mut queue, now + PATIENCE * 2), Some((B, 2, 2)));
    // Slow requests wake all.
    let mut queue = queue_with_pace(2, 1, FAST * 2);
    let _first = push(&mut queue, request("/"));
    assert_eq!(send(&mut queue, now), Some((A, 1, 1)));
    let _second = push(&mut queue, request("/"));
    assert_eq!(send(&mut queue, now), Some((B, 2, 2)));
}

#[test]
fn a_sleeper_does_not_end_bundling() {
    let mut now = Instant::now();
    let mut queue = queue(2, 1);
    let _answers = push_many(&mut queue, 100);
    let sleeper = send(&mut queue, now).unwrap();
    assert_eq!(sleeper, (A, 1, 8));
    now += SLOWEST * 2;
    assert_eq!(send(&mut queue, now), Some((B, 9, 16)));
    // Each thread has one: what waits here can go to the first that is done.
    assert_eq!(send(&mut queue, now), None);
    complete(&mut queue, sleeper, now);
    assert!(send(&mut queue, now).is_some());
}

#[test]
fn bundles_are_as_large_as_the_pace_allows() {
    let mut now = Instant::now();
    let mut queue = queue(1, 1);
    let _answers = push_many(&mut queue, 2000);
    let mut round = |took: Duration| {
        let sent = send(&mut queue, now).unwrap();
        let count = u32::try_from(sent.2 - sent.1 + 1).unwrap();
        now += took * count;
        complete(&mut queue, sent, now);
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
    let mut queue = queue_with_pace(1, 1, FAST / 2);
    let _stream = push(&mut queue, request("/stream"));
    let stream = send(&mut queue, start).unwrap();
    assert!(queue.begin_answer(A, 1).unwrap().is_some());
    complete(&mut queue, stream, start + SLOWEST * 2);
    assert_eq!(queue.pace, FAST / 2);
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
        assert_eq!(send(&mut queue, now), Some((A, id, id)));
        complete(&mut queue, (A, id, id), now);
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
    assert!(queue.next_message(now).unwrap().bytes.len() < 200);
    assert_eq!(queue.take_body(A, 1).unwrap().0.len(), MESSAGE_LIMIT);
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
    assert_eq!(send(&mut queue, now), Some((A, 1, 1)));
    assert!(queue.waiting.is_empty());
}

#[test]
fn a_full_worker_gets_no_more_for_now() {
    let now = Instant::now();
    let mut queue = queue(2, 2);
    let _answers = push_many(&mut queue, 2);
    let running = send(&mut queue, now).unwrap();
    assert_eq!(running, (A, 1, 1));
    let later = now + PATIENCE * 2;
    let (worker, first, _) = send(&mut queue, later).unwrap();
    assert_eq!(worker, B);
    queue.unsent(first, Unsent::Full, later);
    // B is full, so A's other thread gets it; when that has no room either, it waits.
    let (worker, first, _) = send(&mut queue, later).unwrap();
    assert_eq!(worker, A);
    queue.unsent(first, Unsent::Full, later);
    assert_eq!(send(&mut queue, later), None);
    complete(&mut queue, running, later);
    assert_eq!(send(&mut queue, later).unwrap().0, A);
}

#[test]
fn a_worker_without_room_is_tried_again() {
    let now = Instant::now();
    let mut queue = queue(1, 2);
    let _answers = push_many(&mut queue, 2);
    let (_, first, _) = send(&mut queue, now).unwrap();
    // None of its threads has anything, so none will be done.
    queue.unsent(first, Unsent::Full, now);
    assert_eq!(send(&mut queue, now), None);
    assert_eq!(queue.next_look(now), Some(now + RETRY));
    assert_eq!(send(&mut queue, now + RETRY), Some((A, 3, 4)));
    // A message that was taken leaves room too, although its thread is busy for long.
    let _third = push(&mut queue, request("/"));
    let (_, first, _) = send(&mut queue, now + RETRY * 2).unwrap();
    queue.unsent(first, Unsent::Full, now + RETRY * 2);
    assert_eq!(send(&mut queue, now + RETRY * 3), Some((A, 6, 6)));
}

#[test]
fn a_message_that_is_too_long_becomes_shorter() {
    let now = Instant::now();
    let mut queue = queue(1, 1);
    let mut upload = request("/upload");
    upload.body = vec![b'x'; 1000].into();
    let _upload = push(&mut queue, upload);
    let mut large = request("/");
    large.repeated = vec![b'x'; 2000];
    let mut answer = push(&mut queue, large);
    let mut sizes = Vec::new();
    while let Some(Outgoing { first, bytes, .. }) = queue.next_message(now) {
        sizes.push(bytes.len());
        if bytes.len() > 500 {
            queue.unsent(first, Unsent::TooLong, now);
            continue;
        }
        // The body of the first one is asked for.
        assert_eq!(queue.take_body(A, first).unwrap().0.len(), 1000);
        complete(&mut queue, (A, first, first), now);
    }
    assert!(sizes.is_sorted_by(|one, next| one > next), "{sizes:?}");
    assert_eq!(answer.try_recv().unwrap().unwrap_err(), CallError::TooLarge);
    assert!(queue.is_idle());
}

#[test]
fn a_worker_that_reads_no_more_gets_no_more() {
    let now = Instant::now();
    let mut queue = queue(2, 1);
    let _answer = push(&mut queue, request("/"));
    let (worker, first, _) = send(&mut queue, now).unwrap();
    assert_eq!(worker, A);
    queue.unsent(first, Unsent::Gone, now);
    assert_eq!(send(&mut queue, now), Some((B, 2, 2)));
    let _second = push(&mut queue, request("/"));
    assert_eq!(send(&mut queue, now + RETRY * 2), None);
}

#[test]
fn a_crash_costs_what_was_begun() {
    let now = Instant::now();
    let mut queue = queue(1, 1);
    let mut answers = push_many(&mut queue, 4);
    assert_eq!(send(&mut queue, now), Some((A, 1, 4)));
    // 1 ran but its answer was not sent, 2 was running, 3 and 4 were not begun.
    queue.settle(A, &[2]);
    for answer in answers.drain(..2) {
        assert_eq!(answer.blocking_recv().unwrap().unwrap_err(), CallError::Died);
    }
    assert!(answers.iter_mut().all(|answer| answer.try_recv().is_err()));
    assert_eq!(send(&mut queue, now), None);
    queue.worker_ready(B);
    let sent = send(&mut queue, now).unwrap();
    assert_eq!(sent, (B, 5, 6));
    complete(&mut queue, sent, now);
    assert!(queue.is_idle());
}

#[test]
fn what_a_dead_worker_had_not_begun_is_sent_again_in_order() {
    let now = Instant::now();
    let later = now + PATIENCE * 2;
    let mut queue = queue(2, 2);
    let paths = ["/a", "/b", "/c", "/d"];
    let _answers: Vec<_> = paths.map(|path| push(&mut queue, request(path))).into();
    assert_eq!(send(&mut queue, now), Some((A, 1, 2)));
    assert_eq!(send(&mut queue, now), Some((B, 3, 4)));
    let _last = push(&mut queue, request("/last"));
    // A dies between taking a message and claiming it; what B has stays with B.
    queue.settle(A, &[0, 0]);
    let waiting: Vec<_> = queue.waiting.iter().map(|call| call.request.path.clone()).collect();
    assert_eq!(waiting, ["/a", "/b", "/last"]);
    assert!(queue.method(B, 3).is_ok());
    assert_eq!(send(&mut queue, later).unwrap().0, B);
}

#[test]
fn a_message_whose_thread_went_on_was_begun() {
    let now = Instant::now();
    let mut queue = queue(1, 2);
    let mut answers = push_many(&mut queue, 1);
    assert_eq!(send(&mut queue, now), Some((A, 1, 1)));
    // Its answer was on its way over the control stream.
    queue.release(A, 1).unwrap();
    queue.settle(A, &[0, 0]);
    assert_eq!(answers.remove(0).blocking_recv().unwrap().unwrap_err(), CallError::Died);
    assert!(queue.is_idle());
}

#[test]
fn what_is_not_begun_is_handed_back() {
    let now = Instant::now();
    let mut queue = queue(1, 2);
    let _answers = push_many(&mut queue, 5);
    assert_eq!(send(&mut queue, now), Some((A, 1, 5)));
    assert_eq!(queue.next_look(now), Some(now + OVERDUE));
    let mut asked = Vec::new();
    queue.overdue(now, |worker, message| {
        asked.push((worker, message));
        true
    });
    assert!(asked.is_empty());
    // Nobody has it yet: later again.
    let later = now + OVERDUE;
    queue.overdue(later, |_, _| false);
    assert_eq!(queue.next_look(later), Some(later + OVERDUE));
    queue.overdue(later + OVERDUE, |worker, message| {
        asked.push((worker, message));
        true
    });
    assert_eq!(asked, [(A, 1..=5)]);
    assert_eq!(queue.next_look(later + OVERDUE), None);
    assert!(queue.finish(A, 1, later).is_ok());
    queue.not_begun(A, 3).unwrap();
    // Before the one that came later.
    let _last = push(&mut queue, request("/last"));
    assert_eq!(queue.waiting.len(), 4);
    assert_eq!(queue.waiting.iter().next_back().map(|call| &call.request.path[..]), Some(&b"/last"[..]));
    // What was handed back is no longer the worker's.
    assert_eq!(queue.finish(A, 4, later).map(|_| ()), Err(Foreign));
    assert_eq!(queue.not_begun(A, 3), Err(Foreign));
    assert_eq!(queue.waiting.len(), 4);
    assert_eq!(send(&mut queue, later), Some((A, 6, 9)));
    assert!(queue.finish(A, 2, later).is_ok());
    // A whole message; its thread is done later.
    queue.not_begun(A, 6).unwrap();
    assert_eq!((queue.waiting.len(), queue.messages.len()), (4, 2));
    queue.release(A, 6).unwrap();
    queue.release(A, 1).unwrap();
    assert!(queue.messages.is_empty());
}

#[test]
fn a_worker_speaks_for_itself_alone() {
    let now = Instant::now();
    let mut queue = queue(2, 1);
    let mut answers = push_many(&mut queue, 4);
    let one = send(&mut queue, now).unwrap();
    let two = send(&mut queue, now).unwrap();
    assert_eq!((one.0, two.0), (A, B));
    for id in (0..100).filter(|id| !(one.1..=one.2).contains(id)) {
        assert_eq!(queue.method(A, id).map(|_| ()), Err(Foreign));
        assert_eq!(queue.take_body(A, id).map(|_| ()), Err(Foreign));
        assert_eq!(queue.begin_answer(A, id).map(|_| ()), Err(Foreign));
        assert_eq!(queue.finish(A, id, now).map(|_| ()), Err(Foreign));
        assert_eq!(queue.not_begun(A, id), Err(Foreign));
        assert_eq!(queue.release(A, id), Err(Foreign));
    }
    queue.settle(A, &[two.1]);
    assert!(answers.iter_mut().all(|answer| answer.try_recv().is_err()));
    assert_eq!(queue.waiting.len(), 2);
    assert!(queue.finish(B, two.1, now).is_ok());
}

#[test]
fn a_request_whose_body_was_taken_runs_once() {
    let now = Instant::now();
    let mut queue = queue(1, 1);
    let mut upload = request("/upload");
    upload.body = vec![b'x'; MESSAGE_LIMIT].into();
    let answer = push(&mut queue, upload);
    assert_eq!(send(&mut queue, now), Some((A, 1, 1)));
    assert_eq!(queue.take_body(A, 1).unwrap().0.len(), MESSAGE_LIMIT);
    assert_eq!(queue.not_begun(A, 1), Err(Foreign));
    // It claims to have begun nothing.
    queue.settle(A, &[0]);
    assert!(queue.is_idle());
    assert_eq!(answer.blocking_recv().unwrap().unwrap_err(), CallError::Died);
}

#[test]
fn ids_are_counted_from_anywhere() {
    for first in [0, 1, 2, u64::MAX - 1, u64::MAX] {
        let mut queue = Queue::new(1, first);
        queue.worker_ready(A);
        let _answers = push_many(&mut queue, 3);
        let sent = send(&mut queue, Instant::now()).unwrap();
        assert!(sent.1 > 0 && sent.2 == sent.1 + 2);
        complete(&mut queue, sent, Instant::now());
        assert!(queue.is_idle());
    }
}
