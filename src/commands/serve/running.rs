//! The server from its start to its end: passes commands on to it, and reports what happens.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::controls::Controls;
use super::daemons::{self, DaemonOrder, Daemons};
use super::end_of_orders::end_of_orders;
use super::hooks::Hooks;
use super::logs::Logs;
use super::signals::Signals;
use crate::acme;
use crate::config::HookPhase;
use crate::console::Console;
use crate::finding::Finding;
use crate::serve::config::Reload;
use crate::serve::control::Control;
use crate::serve::shutdown::{Phase, ShutdownSender};
use crate::serve::{Observer, Server};
use crate::sys::service_manager;

/// An application that takes longer to load is mentioned.
const PATIENCE: Duration = Duration::from_secs(5);

/// The outcome of `starting`; `None` as soon as a signal says to stop. The application's own code
/// runs meanwhile and may never end. All other commands are kept in `later`.
pub(super) async fn until_stopped<T>(
    (signals, controls): (&mut Signals, &mut Controls),
    starting: impl Future<Output = T>,
    loading: &str,
    console: &Console,
    later: &mut Vec<Control>,
) -> Option<T> {
    let mut starting = std::pin::pin!(starting);
    let mut patience = std::pin::pin!(tokio::time::sleep(PATIENCE));
    let mut is_patient = true;
    loop {
        let control = tokio::select! {
            biased;
            control = signals.next() => control,
            control = controls.next() => control,
            outcome = &mut starting => return Some(outcome),
            () = &mut patience, if is_patient => {
                is_patient = false;
                console.say(&format!("certkit: still loading {loading}"));
                continue;
            }
        };
        if matches!(control, Control::Stop | Control::StopNow) {
            return None;
        }
        if !later.contains(&control) {
            later.push(control);
        }
    }
}

/// Runs the server until it has stopped, obeying signals and what comes from `controls`.
pub(super) async fn serve(
    server: Server,
    mut sources: ControlSources,
    mut first: Vec<Control>,
    settings: Arc<dyn Reload>,
    logs: Logs,
    announcer: Announcer,
) {
    service_manager::ready(&announcer.status);
    let stop = ShutdownSender::default();
    let (reload, reloads) = mpsc::channel(1);
    let (handle, console) = (server.handle(), announcer.console);
    let mut running = std::pin::pin!(server.run(stop.subscribe(), reloads, settings, Arc::new(announcer)));
    loop {
        let control = match first.pop() {
            Some(control) => control,
            None => tokio::select! {
                () = &mut running => break,
                control = sources.next() => control,
            },
        };
        match control {
            Control::Stop | Control::StopNow => {
                service_manager::stopping();
                acme::end_orders();
                stop.advance(if control == Control::Stop { Phase::Draining } else { Phase::Now });
            }
            // A reload that is pending already serves both.
            Control::Reload => {
                let _ = reload.try_send(());
                if logs.reopens_on_reload() {
                    logs.later(&handle, Logs::reopen);
                }
            }
            Control::ReopenLogs => logs.later(&handle, Logs::reopen),
            Control::RotateLogs => logs.later(&handle, Logs::rotate),
            Control::AddWorker => handle.change_workers(1),
            Control::RemoveWorker => handle.change_workers(-1),
        }
    }
    // A server that has ended by itself has told nobody.
    acme::end_orders();
    let ControlSources { mut signals, mut controls, daemons, .. } = sources;
    let (mut now, mut also_now) = (stop.subscribe(), stop.subscribe());
    let ended = async {
        tokio::join!(
            daemons.stop(now.reached(Phase::Now)),
            end_of_orders(also_now.reached(Phase::Now), &console)
        )
    };
    let mut ended = std::pin::pin!(ended);
    loop {
        let control = tokio::select! {
            _ = &mut ended => return,
            control = signals.next() => control,
            control = controls.next() => control,
        };
        if control == Control::StopNow {
            stop.advance(Phase::Now);
        }
    }
}

/// Where commands for a running server come from.
pub(super) struct ControlSources {
    pub(super) signals: Signals,
    pub(super) controls: Controls,
    /// Ended with the server.
    pub(super) daemons: Daemons,
    /// Whether the server stops instead of reloading.
    pub(super) exits_on_reload: bool,
}

impl ControlSources {
    async fn next(&mut self) -> Control {
        let control = tokio::select! {
            control = self.signals.next() => control,
            control = self.controls.next() => control,
            control = self.daemons.control() => control,
        };
        if control == Control::Reload && self.exits_on_reload { Control::Stop } else { control }
    }
}

/// Says on the console, and to the service manager, what happens while the server runs.
pub(super) struct Announcer {
    pub(super) console: Console,
    /// What is served, in words.
    pub(super) status: String,
    pub(super) hooks: Arc<Hooks>,
    /// Where to tell the commands beside the server of a reload.
    pub(super) daemons: watch::Sender<DaemonOrder>,
}

impl Observer for Announcer {
    fn certificates_replaced(&self) {
        self.console.say("certkit: certificates read again; they are in use");
    }

    fn reloading(&self) {
        service_manager::reloading();
    }

    fn reloaded(&self) {
        service_manager::ready(&self.status);
        self.console.say("certkit: reloaded; new requests use the new settings and code");
        daemons::after_reload(&self.daemons);
        let (hooks, console) = (Arc::clone(&self.hooks), self.console);
        tokio::spawn(async move {
            if let Err(failure) = hooks.wait_for(HookPhase::PostApp).await {
                console.findings(&failure.findings);
            }
        });
    }

    fn code_refused(&self) {
        service_manager::ready(&self.status);
    }

    fn settings_refused(&self, findings: &[Finding]) {
        service_manager::ready(&self.status);
        self.console.say("certkit: the settings cannot be used; the previous ones stay in use");
        self.console.findings(findings);
    }

    fn certificates_refused(&self, findings: &[Finding]) {
        self.console.say("certkit: the new certificates cannot be used; the previous ones stay in use");
        self.console.findings(findings);
    }

    fn certificates_unreadable(&self, limit: Duration) {
        let limit = limit.as_secs();
        self.console.say(&format!(
            "certkit: the certificates could not be read within {limit} s; the previous ones stay in use"
        ));
    }
}
