//! TLS handshakes, one at a time on each thread.
//!
//! A signature with an RSA key takes a millisecond, and Tokio looks for new input only after 61
//! tasks that were ready (`event_interval`): with as many handshakes at once, everybody else waits
//! for sixty signatures. So a handshake has to pass a gate each time it computes, and the thread
//! looks for input between any two. When ClientHellos come one after the other, [`super::hellos`]
//! makes their signatures on another thread, and only the rest of the handshake passes the gate.

use std::error::Error;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::serve::counters::Counters;
use crate::serve::handshake_failure::HandshakeFailure;

/// What takes less is not a signature; the next one may follow at once.
const SHORT: Duration = Duration::from_micros(100);

/// Where the handshakes of one thread wait for each other, first come, first served.
pub(super) struct Gate(Semaphore);

impl Default for Gate {
    fn default() -> Self {
        Self(Semaphore::new(1))
    }
}

impl Gate {
    /// Runs a handshake. It is polled behind the gate only; what it waits for in between, it waits
    /// for outside. (Each time, because nothing tells from outside which message will be signed: a
    /// ClientHello may come in pieces, or twice.)
    pub(super) async fn pass<F: Future>(&self, handshake: F) -> F::Output {
        let mut handshake = pin!(handshake);
        loop {
            // The semaphore is never closed.
            let permit = self.0.acquire().await;
            loop {
                let began = Instant::now();
                let polled =
                    std::future::poll_fn(|context| Poll::Ready(handshake.as_mut().poll(context))).await;
                let was_short = began.elapsed() < SHORT;
                if !was_short {
                    // Comes back when Tokio has looked for input and timers. What was ready before
                    // then is polled again, because its wake may have been the same as this one.
                    tokio::task::yield_now().await;
                }
                match polled {
                    Poll::Ready(output) => return output,
                    Poll::Pending if was_short => break,
                    Poll::Pending => {}
                }
            }
            drop(permit);
            until_woken().await;
        }
    }
}

/// Counts a handshake that failed, and logs it unless another for the same reason has just been logged.
pub(super) fn count_failure(error: &(dyn Error + Send + Sync + 'static), peer: &[u8], counters: &Counters) {
    let failure = HandshakeFailure::of(error);
    let Some(count) = counters.failed_handshake(failure) else { return };
    let (reason, peer) = (failure.as_str(), peer.escape_ascii());
    let error = match failure {
        HandshakeFailure::Timeout => "it took too long".to_owned(),
        _ => error.to_string(),
    };
    match count {
        1 => tracing::warn!(reason, "the TLS handshake with {peer} failed: {error}"),
        _ => tracing::warn!(reason, "{count} TLS handshakes failed, the last one with {peer}: {error}"),
    }
}

/// Waits for the next wake of this task, whatever it is for.
async fn until_woken() {
    let mut is_first = true;
    std::future::poll_fn(|_| if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) })
        .await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use super::*;

    #[tokio::test]
    async fn others_come_in_between_and_all_pass() {
        const ALL: usize = 60;
        let gate = Arc::new(Gate::default());
        let (computed, others) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let ticking = tokio::spawn({
            let (computed, others) = (Arc::clone(&computed), Arc::clone(&others));
            async move {
                while computed.load(Relaxed) < ALL {
                    others.fetch_add(1, Relaxed);
                    tokio::task::yield_now().await;
                }
            }
        });
        let handshakes: Vec<_> = (0..ALL / 3)
            .map(|_| {
                let (gate, computed, others) =
                    (Arc::clone(&gate), Arc::clone(&computed), Arc::clone(&others));
                let handshake = async move {
                    for _ in 0..3 {
                        let began = Instant::now();
                        while began.elapsed() < 2 * SHORT {}
                        // Both come back from the same look for input, in whatever order.
                        let (computed, others) = (computed.fetch_add(1, Relaxed), others.load(Relaxed));
                        assert!(computed <= 2 * others + 2, "{computed} computed, {others} times others");
                        tokio::task::yield_now().await;
                    }
                };
                tokio::spawn(async move { gate.pass(handshake).await })
            })
            .collect();
        for handshake in handshakes {
            handshake.await.unwrap();
        }
        ticking.await.unwrap();
        assert_eq!(computed.load(Relaxed), ALL);
    }

    #[tokio::test]
    async fn who_waits_for_its_client_is_not_in_the_way() {
        let gate = Gate::default();
        let (send, receive) = tokio::sync::oneshot::channel();
        let slow = gate.pass(receive);
        let quick = async {
            gate.pass(std::future::ready(())).await;
            send.send(7).unwrap();
        };
        assert_eq!(tokio::join!(slow, quick).0, Ok(7));
    }
}
