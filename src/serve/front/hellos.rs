//! A thread of low priority that answers ClientHellos when they come one after the other.
//!
//! The answer holds the signature, which is most of a handshake's work. A flood of handshakes would
//! keep a thread that drives connections busy, and the scheduler makes busy threads wait. Here only
//! the flood waits: clients that are connected already are served first.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use bytes::Bytes;
use rustls::{ServerConfig, ServerConnection};
use tokio::sync::oneshot;

/// ClientHellos with more than this between them, in microseconds, are answered where they come.
const IN_A_ROW: u64 = 5000;
/// How much lower the priority is (nice(2)): a third of the share of a thread that is always busy.
const NICER: i32 = 5;
const LEAST_PRIORITY: i32 = 19;

/// The thread, and when it is needed.
pub(super) struct HelloThread {
    beginning: Instant,
    /// When the last ClientHello came, in microseconds.
    last: AtomicU64,
    /// `None` inside when the system gives no thread.
    started: OnceLock<Option<Started>>,
}

/// The thread once it was needed.
struct Started {
    /// Something else than a ClientHello wakes it, so that it sees that it is to end.
    sender: mpsc::Sender<Option<Hello>>,
    ends: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// A ClientHello, or its beginning, and where the answer goes.
struct Hello {
    config: Arc<ServerConfig>,
    received: Bytes,
    reply: oneshot::Sender<Answered>,
}

/// A handshake that has begun, or the alert for a client that is refused (RFC 8446 section 6), and why.
pub(super) type Answered = Result<ServerConnection, (Vec<u8>, rustls::Error)>;

impl Default for HelloThread {
    fn default() -> Self {
        Self { beginning: Instant::now(), last: AtomicU64::new(0), started: OnceLock::new() }
    }
}

impl HelloThread {
    /// Answers what a client has sent first; `None` when that is to be done where the client is served.
    pub(super) async fn answer(&self, config: &Arc<ServerConfig>, received: &Bytes) -> Option<Answered> {
        if !self.is_in_a_row() {
            return None;
        }
        let (reply, answered) = oneshot::channel();
        let hello = Hello { config: Arc::clone(config), received: received.clone(), reply };
        self.started.get_or_init(start).as_ref()?.sender.send(Some(hello)).ok()?;
        answered.await.ok()
    }

    /// Ends the thread, which answers nothing any more, and waits until it has left.
    pub(super) fn stop(&self) {
        let Some(Started { sender, ends, thread }) = self.started.get().and_then(Option::as_ref) else {
            return;
        };
        ends.store(true, Relaxed);
        let _ = sender.send(None);
        if let Some(thread) = thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }

    /// Whether another ClientHello came just before this one.
    fn is_in_a_row(&self) -> bool {
        let now = u64::try_from(self.beginning.elapsed().as_micros()).unwrap_or(u64::MAX);
        now.saturating_sub(self.last.swap(now, Relaxed)) < IN_A_ROW
    }
}

/// Starts the thread, which ends when nobody can send it anything any more, or when it is stopped.
fn start() -> Option<Started> {
    let (sender, hellos) = mpsc::channel::<Option<Hello>>();
    let ends = Arc::new(AtomicBool::new(false));
    let is_to_end = Arc::clone(&ends);
    let work = move || {
        // On Linux this is the priority of the calling thread alone (setpriority(2), NOTES).
        let own = rustix::process::getpriority_process(None).unwrap_or(0);
        let _ = rustix::process::setpriority_process(None, (own + NICER).min(LEAST_PRIORITY));
        for Hello { config, received, reply } in hellos.into_iter().map_while(|hello| hello) {
            if is_to_end.load(Relaxed) {
                break;
            }
            // A client that has left needs no answer.
            if !reply.is_closed() {
                let _ = reply.send(begin(config, &received));
            }
        }
    };
    let thread = thread::Builder::new().name("certkit-hellos".to_owned()).spawn(work).ok()?;
    Some(Started { sender, ends, thread: Mutex::new(Some(thread)) })
}

/// Begins a handshake with what has been received of it.
fn begin(config: Arc<ServerConfig>, mut received: &[u8]) -> Answered {
    let mut session = ServerConnection::new(config).map_err(|error| (Vec::new(), error))?;
    while !received.is_empty() {
        // It reads from memory, and stops only when it is given more than a handshake can be.
        if !matches!(session.read_tls(&mut received), Ok(1..)) {
            break;
        }
        if let Err(error) = session.process_new_packets() {
            let mut alert = Vec::new();
            while session.wants_write() && matches!(session.write_tls(&mut alert), Ok(1..)) {}
            return Err((alert, error));
        }
    }
    Ok(session)
}

#[cfg(test)]
mod tests {
    use rustls::server::ResolvesServerCertUsingSni;

    use super::*;
    use crate::tls::policy;

    #[tokio::test]
    async fn nothing_is_answered_there_after_its_end() {
        let builder = ServerConfig::builder_with_provider(policy::provider());
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let config = Arc::new(builder.with_cert_resolver(Arc::new(ResolvesServerCertUsingSni::new())));
        let hellos = HelloThread::default();
        // Two that come in a row.
        while hellos.answer(&config, &Bytes::new()).await.is_none() {}
        hellos.stop();
        assert_eq!(Arc::strong_count(&config), 1);
        for _ in 0..10 {
            assert!(hellos.answer(&config, &Bytes::new()).await.is_none());
        }
    }
}
