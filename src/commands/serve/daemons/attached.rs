//! A command that lives as long as the server.

use std::io;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use tokio::process::Child;
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use super::surroundings::{DaemonOrder, DaemonSurroundings, INTERVAL, modified};
use crate::config::AttachedDaemon;
use crate::serve::control::Control;
use crate::sys::fs::plain;
use crate::sys::guard::GuardLink;

/// A command that lives longer than this is started again at once; shorter lives make the pauses longer (uWSGI).
const LONG_LIFE: Duration = Duration::from_secs(3);
/// Seconds of the longest pause by default; that of uWSGI.
const LONGEST_PAUSE: u32 = 300;
/// SIGKILL.
const KILL: u8 = 9;

/// Why a command is not left alone any more.
enum Change {
    Ended(io::Result<ExitStatus>),
    Order(DaemonOrder),
}

/// Runs a command until the server stops.
pub(super) async fn keep_alive(
    daemon: AttachedDaemon,
    surroundings: DaemonSurroundings,
    mut orders: watch::Receiver<DaemonOrder>,
    control: mpsc::Sender<Control>,
) {
    let name = &daemon.command;
    let longest = daemon.longest_pause.unwrap_or(LONGEST_PAUSE);
    let mut pause = 0;
    loop {
        // Also one that came while the command ended for a reload.
        if !matches!(*orders.borrow_and_update(), DaemonOrder::Run { .. }) {
            return;
        }
        let born = Instant::now();
        let change = match surroundings.start(&daemon) {
            Ok((mut child, link)) => {
                tracing::info!("the command `{name}` runs beside the server");
                match changed(&daemon, &surroundings, &mut child, &link, &mut orders).await {
                    Change::Order(order) => {
                        end(&daemon, order, child, link, &mut orders).await;
                        Change::Order(order)
                    }
                    ended => ended,
                }
            }
            Err(error) => Change::Ended(Err(error)),
        };
        match change {
            Change::Order(DaemonOrder::Run { .. }) => {
                pause = 0;
                continue;
            }
            Change::Order(DaemonOrder::Stop | DaemonOrder::StopNow) => return,
            Change::Ended(ended) => {
                let how = match ended {
                    Ok(status) => format!("has ended ({status})"),
                    Err(error) => format!("cannot be started: {}", plain(&error)),
                };
                if daemon.is_control {
                    tracing::error!("the command `{name}` {how}; the server stops");
                    let _ = control.send(Control::Stop).await;
                    return;
                }
                pause = if born.elapsed() > LONG_LIFE { 0 } else { (pause + 1).min(longest) };
                tracing::error!("the command `{name}` {how}; starting it again in {pause} s");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(pause.into())) => {}
            _ = orders.changed() => {
                if !matches!(*orders.borrow_and_update(), DaemonOrder::Run { .. }) {
                    return;
                }
            }
        }
    }
}

/// Waits until a command has ended, or is to end. Touched files end it too; then it is started again.
async fn changed(
    daemon: &AttachedDaemon,
    surroundings: &DaemonSurroundings,
    child: &mut Child,
    link: &GuardLink,
    orders: &mut watch::Receiver<DaemonOrder>,
) -> Change {
    let files: Vec<_> = daemon.touched.iter().map(|file| surroundings.below(file)).collect();
    let mut times = modified(&files);
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            ended = child.wait() => return Change::Ended(ended),
            changed = orders.changed() => {
                // Without a sender the server is gone.
                let order = if changed.is_ok() { *orders.borrow_and_update() } else { DaemonOrder::StopNow };
                return Change::Order(order);
            }
            _ = ticks.tick(), if !files.is_empty() => {
                let now = modified(&files);
                if now != times {
                    tracing::info!("the command `{}` is restarted: a file was touched", daemon.command);
                    // It may have ended just now.
                    let _ = link.signal(daemon.stop_signal);
                }
                times = now;
            }
        }
    }
}

/// Ends a command, and waits for that.
async fn end(
    daemon: &AttachedDaemon,
    order: DaemonOrder,
    mut child: Child,
    link: GuardLink,
    orders: &mut watch::Receiver<DaemonOrder>,
) {
    // Each of these fails only if it has ended by now.
    match order {
        DaemonOrder::Run { .. } => {
            if let Some(signal) = daemon.reload_signal {
                let _ = link.signal(signal);
            }
            let _ = link.stop();
        }
        DaemonOrder::Stop => drop(link.stop()),
        DaemonOrder::StopNow => drop(link.signal(KILL)),
    }
    let hurry = async { drop(orders.wait_for(|order| *order == DaemonOrder::StopNow).await) };
    tokio::select! {
        _ = child.wait() => return,
        () = hurry => {}
    }
    drop(link);
    let _ = child.wait().await;
}
