//! The rules of the queue, with invented time.

use super::*;

type PendingResponse = oneshot::Receiver<Result<Response<ResponseBody>, CallError>>;

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

fn push(queue: &mut Queue, request: WorkerRequest) -> PendingResponse {
    let (reply, answer) = oneshot::channel();
    queue.push(Call { request, reply }).unwrap();
    answer
}

fn push_many(queue: &mut Queue, count: usize) -> Vec<PendingResponse> {
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
    // All threads have something; only the bundles are looked after.
    assert_eq!(queue.next_look(later), Some(start + OVERDUE));
    assert_eq!(send(&mut queue, later + PATIENCE * 2), None);
}

#[test]
fn nobody_waits_behind_a_slow_one() {
    let mut now = Instant::now();
    let mut queue = queue(2, 1);
    let _answers = push_many(&mut queue, 100);
    assert_eq!(send(&mut queue, now), Some((1, 8)));
    now += SLOW * 2;
    // Seven more messages of one each are in flight then: for two threads, LOOKAHEAD each.
    for id in 9..16 {
        assert_eq!(send(&mut queue, now), Some((id, id)));
    }
    assert_eq!(send(&mut queue, now), None);
    for id in 1..16 {
        queue.finish(id, now);
    }
    assert_eq!(send(&mut queue, now), Some((16, 16)));
    queue.finish(16, now);
    assert_eq!(send(&mut queue, now + CAUTION * 2), Some((17, 24)));
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
    assert_eq!(send(&mut queue, start + SLOW * 2), None);
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

#[test]
fn what_is_not_begun_is_handed_back() {
    let now = Instant::now();
    let mut queue = queue(1, 2);
    let _answers = push_many(&mut queue, 5);
    assert_eq!(send(&mut queue, now), Some((1, 5)));
    assert_eq!(queue.next_look(now), Some(now + OVERDUE));
    let mut asked = Vec::new();
    queue.overdue(now, |message| {
        asked.push(message);
        true
    });
    assert!(asked.is_empty());
    // Nobody has it yet: later again.
    let later = now + OVERDUE;
    queue.overdue(later, |_| false);
    assert_eq!(queue.next_look(later), Some(later + OVERDUE));
    queue.overdue(later + OVERDUE, |message| {
        asked.push(message);
        true
    });
    assert_eq!(asked, [1..=5]);
    assert_eq!(queue.next_look(later + OVERDUE), None);
    assert!(queue.finish(1, later).is_some());
    queue.not_begun(3);
    // Before the one that came later.
    let _last = push(&mut queue, request("/last"));
    assert_eq!(queue.waiting.len(), 4);
    assert_eq!(queue.waiting.back().map(|call| &call.request.path[..]), Some(&b"/last"[..]));
    // What was handed back has no answer any more, and a second time changes nothing.
    assert!(queue.finish(4, later).is_none());
    queue.not_begun(3);
    assert_eq!(queue.waiting.len(), 4);
    assert_eq!(send(&mut queue, later), Some((6, 9)));
    assert!(queue.finish(2, later).is_some());
    // A whole message.
    queue.not_begun(6);
    assert_eq!((queue.waiting.len(), queue.messages.len()), (4, 0));
}
