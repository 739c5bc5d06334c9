//! The rules of the queue, whatever happens in whatever order.

use proptest::prelude::*;

use super::tests::{A, B, push, queue_with_pace, request, send, worker};
use super::*;

/// What happens in a random order.
#[derive(Clone, Debug)]
enum Event {
    Push,
    /// So many microseconds pass.
    Wait(u16),
    /// A message that is in flight, by a number, is answered up to a place.
    Answer(usize, usize),
    /// What it has not begun after a place is handed back.
    HandBack(usize, usize),
    Release(usize),
    Die(u64),
    Start,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Push),
        2 => (0..3000u16).prop_map(Event::Wait),
        3 => (0..8usize, 0..8usize).prop_map(|(message, upto)| Event::Answer(message, upto)),
        1 => (0..8usize, 0..8usize).prop_map(|(message, from)| Event::HandBack(message, from)),
        3 => (0..8usize).prop_map(Event::Release),
        1 => (0..4u64).prop_map(Event::Die),
        1 => Just(Event::Start),
    ]
}

/// A message in flight as its worker sees it.
struct Taken {
    worker: WorkerId,
    first: u64,
    /// How many of its requests were answered, and how many it still has.
    done: u64,
    count: u64,
}

proptest! {
    /// Whatever happens: no worker has more messages than threads, each request has one answer in
    /// the end, and what a worker says about its own requests is never refused.
    #[test]
    fn every_request_has_one_answer(events in prop::collection::vec(event(), 0..200), pace in 0..200u64) {
        let mut now = Instant::now();
        let mut queue = queue_with_pace(2, 2, Duration::from_micros(pace));
        let mut workers = vec![A, B];
        let mut next_worker = 3;
        let mut answers = Vec::new();
        let mut taken: Vec<Taken> = Vec::new();
        let drained = (0..2000).map(|step| match step % 4 {
            0 => Event::Wait(2000),
            1 => Event::Answer(0, 8),
            2 => Event::Release(0),
            _ => Event::Start,
        });
        for event in events.into_iter().chain(drained) {
            match event {
                Event::Push => answers.push(push(&mut queue, request("/"))),
                Event::Wait(micros) => now += Duration::from_micros(micros.into()),
                Event::Answer(message, upto) => {
                    let count = taken.len().max(1);
                    if let Some(one) = taken.get_mut(message % count) {
                        while one.done < one.count.min(upto as u64) {
                            queue.method(one.worker, one.first + one.done).unwrap();
                            let reply = queue.finish(one.worker, one.first + one.done, now).unwrap();
                            reply.unwrap().send(Err(CallError::Failed)).unwrap();
                            one.done += 1;
                        }
                    }
                }
                Event::HandBack(message, from) => {
                    let count = taken.len().max(1);
                    if let Some(one) = taken.get_mut(message % count)
                        && (one.done..one.count).contains(&(from as u64))
                    {
                        queue.not_begun(one.worker, one.first + from as u64).unwrap();
                        one.count = from as u64;
                    }
                }
                Event::Release(message) => {
                    let place = message % taken.len().max(1);
                    if taken.get(place).is_some_and(|one| one.done == one.count) {
                        let one = taken.remove(place);
                        queue.release(one.worker, one.first).unwrap();
                    }
                }
                Event::Die(number) => {
                    if !workers.is_empty() {
                        let dead = workers.remove(usize::try_from(number).unwrap() % workers.len());
                        let own = taken.iter().filter(|one| one.worker == dead);
                        let claims: Vec<_> = own.map(|one| one.first + one.done).collect();
                        queue.settle(dead, &claims);
                        taken.retain(|one| one.worker != dead);
                    }
                }
                Event::Start if workers.len() < 3 => {
                    workers.push(worker(next_worker));
                    queue.worker_ready(worker(next_worker));
                    next_worker += 1;
                }
                Event::Start => {}
            }
            while let Some((worker, first, last)) = send(&mut queue, now) {
                prop_assert!(workers.contains(&worker));
                taken.push(Taken { worker, first, done: 0, count: last - first + 1 });
                prop_assert!(taken.iter().filter(|one| one.worker == worker).count() <= 2);
            }
            let waits = queue.has_waiting() && taken.is_empty() && !workers.is_empty();
            prop_assert!(!waits, "requests wait while nobody works");
        }
        prop_assert!(queue.is_idle(), "{} wait", queue.waiting.len());
        for mut answer in answers {
            prop_assert!(answer.try_recv().is_ok());
        }
    }
}
