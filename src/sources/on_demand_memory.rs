//! What is remembered of names that clients asked for: which are being decided on, and which got nothing.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Names that are decided on or ordered at a time; further ones get nothing yet.
const MOST_RUNNING: usize = 64;
/// Names that got nothing; the oldest is forgotten for the next.
const MOST_REFUSED: usize = 10_000;

/// Both, bounded.
#[derive(Debug, Default)]
pub(super) struct NameMemory {
    /// Each tells when it has ended, and whether there is a certificate now.
    running: HashMap<String, watch::Sender<Option<bool>>>,
    refused: HashMap<String, Instant>,
    /// The refused ones, the oldest first.
    in_order: VecDeque<String>,
}

/// What there is for a client that asks for a name.
pub(super) enum Admission {
    /// Nobody has asked for it before. The one that gets this decides, and calls [`NameMemory::finish`].
    First(watch::Receiver<Option<bool>>),
    /// It is being decided on.
    Running(watch::Receiver<Option<bool>>),
    /// It got nothing not long ago, or there are too many at a time.
    Refused,
}

impl NameMemory {
    /// Somebody asks for `name`.
    pub(super) fn admit(&mut self, name: &str, now: Instant) -> Admission {
        if let Some(running) = self.running.get(name) {
            return Admission::Running(running.subscribe());
        }
        let is_refused = self.refused.get(name).is_some_and(|until| now < *until);
        if is_refused || self.running.len() >= MOST_RUNNING {
            return Admission::Refused;
        }
        let (sender, receiver) = watch::channel(None);
        self.running.insert(name.to_owned(), sender);
        Admission::First(receiver)
    }

    /// It is decided: there is a certificate, or nothing before the pause is over.
    pub(super) fn finish(&mut self, name: &str, result: Result<(), Duration>, now: Instant) {
        if let Err(pause) = result {
            if self.refused.insert(name.to_owned(), now + pause).is_none() {
                self.in_order.push_back(name.to_owned());
            }
            if self.in_order.len() > MOST_REFUSED
                && let Some(oldest) = self.in_order.pop_front()
            {
                self.refused.remove(&oldest);
            }
        }
        if let Some(running) = self.running.remove(name) {
            let _ = running.send(Some(result.is_ok()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(60);

    #[test]
    fn a_name_is_decided_on_once_and_then_left_alone() {
        let (mut memory, now) = (NameMemory::default(), Instant::now());
        let Admission::First(first) = memory.admit("a.test", now) else { panic!() };
        let Admission::Running(second) = memory.admit("a.test", now) else { panic!() };
        memory.finish("a.test", Err(PAUSE), now);
        assert_eq!((*first.borrow(), *second.borrow()), (Some(false), Some(false)));
        assert!(matches!(memory.admit("a.test", now + PAUSE / 2), Admission::Refused));
        assert!(matches!(memory.admit("a.test", now + PAUSE), Admission::First(_)));
        memory.finish("a.test", Ok(()), now);
        assert!(matches!(memory.admit("b.test", now), Admission::First(_)));
    }

    #[test]
    fn a_flood_of_names_takes_no_more_than_its_bounds() {
        let (mut memory, now) = (NameMemory::default(), Instant::now());
        for number in 0..3 * MOST_REFUSED {
            let name = format!("{number}.test");
            assert!(matches!(memory.admit(&name, now), Admission::First(_)));
            memory.finish(&name, Err(PAUSE), now);
        }
        assert_eq!((memory.refused.len(), memory.in_order.len()), (MOST_REFUSED, MOST_REFUSED));
        for number in 0..MOST_RUNNING {
            assert!(matches!(memory.admit(&format!("{number}.example"), now), Admission::First(_)));
        }
        assert!(matches!(memory.admit("x.example", now), Admission::Refused));
    }
}
