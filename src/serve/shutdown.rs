//! Stopping: a signal that listeners, connections and the log wait for.

use tokio::sync::watch;

/// How far stopping has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Not at all.
    #[default]
    Running,
    /// No new connections; requests that run are finished, idle connections closed.
    Draining,
    /// Everything ends where it stands.
    Now,
}

/// Tells everybody to stop. Dropping it stops at once.
#[derive(Debug, Default)]
pub struct ShutdownSender(watch::Sender<Phase>);

/// Learns when to stop; clones learn the same.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<Phase>);

impl ShutdownSender {
    /// Goes on to `phase`, never back.
    pub fn advance(&self, phase: Phase) {
        self.0.send_if_modified(|now| {
            let later = phase > *now;
            *now = phase.max(*now);
            later
        });
    }

    /// Somebody to be told.
    pub fn subscribe(&self) -> Shutdown {
        Shutdown(self.0.subscribe())
    }
}

impl Shutdown {
    /// Waits until stopping has come to `phase`, or further.
    pub async fn reached(&mut self, phase: Phase) {
        // An error means that the sender is gone: everything ends.
        let _ = self.0.wait_for(|now| *now >= phase).await;
    }
}
