//! Stopping: a signal that listeners, connections and the log wait for.

use tokio::sync::watch;

/// How far the shutdown has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    #[default]
    Running,
    /// No new connections; requests that run are finished, idle connections closed.
    Draining,
    Now,
}

/// Starts the shutdown. Dropping it stops at once.
#[derive(Debug, Default)]
pub struct ShutdownSender(watch::Sender<Phase>);

/// Learns when to stop; clones learn the same.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<Phase>);

impl ShutdownSender {
    /// Advances to `phase`; never goes back.
    pub fn advance(&self, phase: Phase) {
        self.0.send_if_modified(|now| {
            let later = phase > *now;
            *now = phase.max(*now);
            later
        });
    }

    pub fn subscribe(&self) -> Shutdown {
        Shutdown(self.0.subscribe())
    }
}

impl Shutdown {
    /// Waits for `phase` or a later one.
    pub async fn reached(&mut self, phase: Phase) {
        // An error means that the sender is gone: everything ends.
        let _ = self.0.wait_for(|now| *now >= phase).await;
    }
}
