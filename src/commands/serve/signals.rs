//! The signals that the server obeys.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::console::Console;
use crate::finding::Finding;
use crate::serve::config::Reload;
use crate::serve::shutdown::{Phase, ShutdownSender};
use crate::serve::{Observer, Server};

/// An application that takes longer to load is mentioned.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    quit: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Signals {
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            quit: signal(SignalKind::quit())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The outcome of `starting`; `None` as soon as a signal says to stop. The application's own
    /// code runs meanwhile and may never end. A HUP waits until the server runs.
    pub(super) async fn until_stopped<T>(
        &mut self,
        starting: impl Future<Output = T>,
        loading: &str,
        console: &Console,
    ) -> Option<T> {
        let mut starting = std::pin::pin!(starting);
        let mut patience = std::pin::pin!(tokio::time::sleep(PATIENCE));
        let mut is_patient = true;
        loop {
            tokio::select! {
                biased;
                _ = self.interrupt.recv() => return None,
                _ = self.terminate.recv() => return None,
                _ = self.quit.recv() => return None,
                outcome = &mut starting => return Some(outcome),
                () = &mut patience, if is_patient => {
                    is_patient = false;
                    console.say(&format!("certkit: still loading {loading}"));
                }
            }
        }
    }

    /// Runs the server until it has stopped. INT and TERM stop it gracefully, a second INT and QUIT
    /// at once; HUP reloads code, settings and certificates.
    pub(super) async fn serve(mut self, server: Server, settings: Arc<dyn Reload>, console: Console) {
        let stop = ShutdownSender::default();
        let (reload, reloads) = mpsc::channel(1);
        let mut running = std::pin::pin!(server.run(stop.subscribe(), reloads, settings, Arc::new(console)));
        let mut was_interrupted = false;
        loop {
            tokio::select! {
                () = &mut running => return,
                _ = self.terminate.recv() => stop.advance(Phase::Draining),
                _ = self.quit.recv() => stop.advance(Phase::Now),
                _ = self.interrupt.recv() => {
                    stop.advance(if was_interrupted { Phase::Now } else { Phase::Draining });
                    was_interrupted = true;
                }
                // A reload that is pending already serves both.
                _ = self.hangup.recv() => drop(reload.try_send(())),
            }
        }
    }
}

impl Observer for Console {
    fn certificates_replaced(&self) {
        self.say("certkit: new certificates are in use");
    }

    fn reloaded(&self) {
        self.say("certkit: reloaded; new requests use the new settings and code");
    }

    fn settings_refused(&self, findings: &[Finding]) {
        self.say("certkit: the settings cannot be used; the previous ones stay in use");
        self.findings(findings);
    }

    fn certificates_refused(&self, findings: &[Finding]) {
        self.say("certkit: the new certificates cannot be used; the previous ones stay in use");
        self.findings(findings);
    }

    fn certificates_unreadable(&self, limit: Duration) {
        let limit = limit.as_secs();
        self.say(&format!(
            "certkit: the certificates could not be read within {limit} s; the previous ones stay in use"
        ));
    }
}
