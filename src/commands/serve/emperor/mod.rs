//! The emperor: starts, reloads and stops one server for each option file.

mod checks;
mod reign;
mod scan;
mod stats;
mod vassal;

pub(super) use self::checks::{asked_for, check_rights};
use self::reign::Emperor;
use self::stats::StatsSocket;
use self::vassal::VassalOrder;
use super::controls::Controls;
use super::logs::Logs;
use super::signals::Signals;
use crate::advice::serve::no_emperor_stats;
use crate::config::EmperorSettings;
use crate::console::Console;
use crate::report::Failure;
use crate::serve::control::Control;
use crate::sys::background::Background;
use crate::sys::fs::plain;
use crate::sys::service_manager;

/// Serves all files until a signal or a command says to stop.
pub(super) async fn run(
    settings: EmperorSettings,
    mut signals: Signals,
    mut controls: Controls,
    logs: &Logs,
    console: &Console,
    background: Option<Background>,
) -> Result<(), Failure> {
    let socket =
        StatsSocket::bind(settings.stats.as_deref()).await.map_err(|error| no_emperor_stats(&error))?;
    let places = settings.places.join(", ");
    let (mut emperor, mut scans) = Emperor::new(settings);
    if let Some(files) = scans.recv().await {
        emperor.follow(files);
    }
    let status = format!("serving the option files in {places}");
    console.say(&format!("certkit: {status}"));
    service_manager::ready(&status);
    // The command was ended while it waited.
    let is_unwanted = background.is_some_and(|background| background.ready().is_err());
    let stop = loop {
        if is_unwanted {
            break VassalOrder::StopNow;
        }
        let control = tokio::select! {
            control = signals.next() => control,
            control = controls.next() => control,
            asker = socket.asked() => {
                stats::send(asker, emperor.shown());
                continue;
            }
            Some(files) = scans.recv() => {
                emperor.follow(files);
                continue;
            }
            true = emperor.ended() => continue,
        };
        match control {
            Control::Stop => break VassalOrder::Stop,
            Control::StopNow => break VassalOrder::StopNow,
            Control::Reload => {
                service_manager::reloading();
                emperor.reload();
                service_manager::ready(&status);
            }
            Control::ReopenLogs => {
                if let Err(error) = logs.reopen_own() {
                    tracing::error!("cannot open the log file again: {}", plain(&error));
                }
            }
            Control::RotateLogs => logs.rotate_own(),
            // Each server has its own.
            Control::AddWorker | Control::RemoveWorker => {}
        }
    };
    service_manager::stopping();
    emperor.order_all(&stop);
    loop {
        let control = tokio::select! {
            is_one = emperor.ended() => if is_one { continue } else { return Ok(()) },
            control = signals.next() => control,
            control = controls.next() => control,
        };
        if control == Control::StopNow {
            emperor.order_all(&VassalOrder::StopNow);
        }
    }
}
