//! Connections by HTTP that are kept for further requests.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::client::conn::http1::SendRequest;

use super::body::SentBody;

/// Connections of one server that are kept.
const MOST_IDLE: usize = 64;

/// How long one is kept. Servers close idle connections too, and many wait no longer than a minute.
const LONGEST_IDLE: Duration = Duration::from_secs(30);

/// Connections that wait for their next request, the one used last behind the others.
#[derive(Debug, Default)]
pub(super) struct IdleConnections(Mutex<Vec<Idle>>);

#[derive(Debug)]
struct Idle {
    sender: SendRequest<SentBody>,
    since: Instant,
}

impl IdleConnections {
    fn list(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that was used last, if it still takes requests.
    pub(super) fn take(&self) -> Option<SendRequest<SentBody>> {
        let mut list = self.list();
        list.retain(|idle| idle.sender.is_ready() && idle.since.elapsed() < LONGEST_IDLE);
        list.pop().map(|idle| idle.sender)
    }

    pub(super) fn put(&self, sender: SendRequest<SentBody>) {
        let mut list = self.list();
        if list.len() < MOST_IDLE {
            list.push(Idle { sender, since: Instant::now() });
        }
    }
}
