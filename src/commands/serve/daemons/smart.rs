//! Commands that outlive the server: their process id is in a file, and they are started when that process is gone.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process};
use tokio::process::Child;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::surroundings::{DaemonOrder, DaemonSurroundings, INTERVAL, modified};
use crate::config::AttachedDaemon;
use crate::sys::fs::plain;

/// SIGHUP.
const HANGUP: u8 = 1;
/// Bytes of a process id and what is around it.
const LONGEST: u64 = 64;

/// Looks after a command until the server stops, as uWSGI does: a process that is found is left alone, and one that is
/// gone is started again.
pub(super) async fn watch(
    daemon: AttachedDaemon,
    surroundings: DaemonSurroundings,
    mut orders: watch::Receiver<DaemonOrder>,
) {
    let Some(pid_file) = daemon.pid_file.as_ref().map(|file| surroundings.below(file)) else { return };
    let name = &daemon.command;
    let files: Vec<_> = daemon.touched.iter().map(|file| surroundings.below(file)).collect();
    let mut times = modified(&files);
    let mut starter: Option<Child> = None;
    // Whether its process was seen since it was started; at first it may run already.
    let mut is_known = true;
    let mut missing = 0;
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    if !matches!(*orders.borrow_and_update(), DaemonOrder::Run { .. }) {
        return;
    }
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            changed = orders.changed() => {
                let order = if changed.is_ok() { *orders.borrow_and_update() } else { DaemonOrder::StopNow };
                let is_reload = matches!(order, DaemonOrder::Run { .. });
                if daemon.is_notified && let Some(process) = running(&pid_file) {
                    let on_reload = daemon.reload_signal.unwrap_or(HANGUP);
                    signal_group(process, if is_reload { on_reload } else { daemon.stop_signal });
                }
                if !is_reload {
                    return;
                }
            }
        }
        // Reaped here, a process that has ended does not look alive.
        let has_daemonized = match &mut starter {
            Some(child) => !matches!(child.try_wait(), Ok(None)),
            None => true,
        };
        let process = running(&pid_file);
        let now = modified(&files);
        if std::mem::replace(&mut times, now.clone()) != now
            && let Some(process) = process
        {
            signal_group(process, daemon.stop_signal);
        }
        match process {
            Some(_) => (is_known, missing) = (true, 0),
            None if !is_known && missing < daemon.frequency => missing += 1,
            None if !is_known && !has_daemonized => {
                tracing::error!(
                    "the command `{name}` has not gone into the background: no process in {}",
                    pid_file.display()
                );
                missing = 0;
            }
            None => {
                (is_known, missing) = (false, 0);
                match surroundings.start(&daemon) {
                    Ok((child, _link)) => {
                        tracing::info!("the command `{name}` was started");
                        if daemon.is_daemonized
                            && let Some(process) = child.id()
                            && let Err(error) = write_pid(&pid_file, process)
                        {
                            tracing::error!("cannot write {}: {}", pid_file.display(), plain(&error));
                        }
                        starter = Some(child);
                    }
                    Err(error) => {
                        tracing::error!("the command `{name}` cannot be started: {}", plain(&error))
                    }
                }
            }
        }
    }
}

/// The process in the file, if it runs.
fn running(pid_file: &Path) -> Option<Pid> {
    let mut text = String::new();
    File::open(pid_file).ok()?.take(LONGEST).read_to_string(&mut text).ok()?;
    let process = text.trim().parse().ok().filter(|process| *process > 0).and_then(Pid::from_raw)?;
    test_kill_process(process).is_ok().then_some(process)
}

fn write_pid(pid_file: &Path, process: u32) -> std::io::Result<()> {
    writeln!(File::create(pid_file)?, "{process}")
}

fn signal_group(process: Pid, number: u8) {
    if let Some(signal) = Signal::from_named_raw(number.into()) {
        // It may be gone by now.
        let _ = kill_process_group(process, signal);
    }
}
