//! One server of an emperor, from the appearance of its option file to its end.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::scan::VassalFile;
use super::stats::VassalStatus;
use crate::config::{EmperorSettings, option_file_word};
use crate::sys::emperor_link::{self, NEEDS_RESTART, READY};
use crate::sys::fs::plain;
use crate::sys::own_variables;

/// What a vassal is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum VassalOrder {
    /// Serve the file as it is now; another number asks for a reload.
    Serve {
        file: VassalFile,
        reload: u32,
    },
    Stop,
    StopNow,
}

/// A server that has been started.
struct Vassal {
    child: Child,
    link: UnixStream,
    is_ready: bool,
    status: VassalStatus,
}

enum Change {
    Ended(io::Result<ExitStatus>),
    NeedsRestart,
    Order,
}

/// Serves a file until an order stops it; then the server has ended.
pub(super) async fn keep(
    settings: Arc<EmperorSettings>,
    mut orders: watch::Receiver<VassalOrder>,
    status: VassalStatus,
) {
    let mut pause = Duration::ZERO;
    loop {
        let VassalOrder::Serve { file, .. } = orders.borrow_and_update().clone() else { return };
        let name = file.path.display().to_string();
        let (ended, was_ready) = match Vassal::start(&settings, &file, &status) {
            Ok(mut vassal) => match vassal.watched(&file, &mut orders).await {
                Change::Ended(ended) => (ended, vassal.is_ready),
                Change::NeedsRestart | Change::Order => {
                    vassal.end(&mut orders).await;
                    pause = Duration::ZERO;
                    continue;
                }
            },
            Err(error) => (Err(error), false),
        };
        let how = match ended {
            Ok(status) => format!("has ended ({status})"),
            Err(error) => format!("cannot be started: {}", plain(&error)),
        };
        pause =
            if was_ready { Duration::ZERO } else { (pause + settings.throttle).min(settings.longest_pause) };
        status.ended(pause);
        tracing::error!("{name}: its server {how}; starting it again in {} s", pause.as_secs_f32());
        tokio::select! {
            () = tokio::time::sleep(pause.max(settings.throttle.min(Duration::from_secs(1)))) => {}
            // A file that was touched is tried at once.
            _ = orders.changed() => pause = Duration::ZERO,
        }
    }
}

impl Vassal {
    fn start(settings: &EmperorSettings, file: &VassalFile, status: &VassalStatus) -> io::Result<Self> {
        let (mut command, link) = emperor_link::vassal()?;
        own_variables::remove(&mut command);
        command.env(emperor_link::VARIABLE, "1");
        command.arg("serve").args(arguments(settings, &file.path));
        if let Some(folder) = &file.folder {
            command.current_dir(folder);
        }
        if let Some((user, group)) = file.owner {
            // The standard library removes root's groups with it.
            command.gid(group).uid(user);
        }
        let child = Command::from(command).process_group(0).spawn()?;
        tracing::info!("{}: its server is process {}", file.path.display(), child.id().unwrap_or_default());
        status.started(child.id().unwrap_or_default());
        Ok(Self { child, link: UnixStream::from_std(link)?, is_ready: false, status: status.clone() })
    }

    /// Lets it reload as long as that is enough.
    async fn watched(&mut self, file: &VassalFile, orders: &mut watch::Receiver<VassalOrder>) -> Change {
        let mut is_linked = true;
        loop {
            let mut said = [0];
            tokio::select! {
                ended = self.child.wait() => return Change::Ended(ended),
                read = self.link.read(&mut said), if is_linked => match (read, said[0]) {
                    (Ok(1), READY) => {
                        self.is_ready = true;
                        self.status.is_ready();
                    }
                    (Ok(1), NEEDS_RESTART) => {
                        tracing::warn!("{}: its server is restarted for the new settings", file.path.display());
                        return Change::NeedsRestart;
                    }
                    (Ok(1), _) => {}
                    _ => is_linked = false,
                },
                changed = orders.changed() => {
                    if changed.is_err() {
                        return Change::Order;
                    }
                    match &*orders.borrow_and_update() {
                        // Who it runs as cannot change while it runs.
                        VassalOrder::Serve { file: new, .. } if self.is_ready && new.owner == file.owner => {
                            self.signal(Signal::HUP);
                        }
                        _ => return Change::Order,
                    }
                }
            }
        }
    }

    /// Ends it, and waits for that.
    async fn end(mut self, orders: &mut watch::Receiver<VassalOrder>) {
        let is_hurried = *orders.borrow() == VassalOrder::StopNow;
        self.signal(if is_hurried { Signal::QUIT } else { Signal::TERM });
        if !is_hurried {
            let hurry = async { drop(orders.wait_for(|order| *order == VassalOrder::StopNow).await) };
            tokio::select! {
                _ = self.child.wait() => return,
                () = hurry => self.signal(Signal::QUIT),
            }
        }
        if tokio::time::timeout(QUIT, self.child.wait()).await.is_err() {
            // It ends its own children when it is gone.
            let _ = self.child.kill().await;
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(process) = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
            // It has not been waited for yet, so the number is still its own.
            let _ = kill_process(process, signal);
        }
    }
}

/// How long a server may take to end at once.
const QUIT: Duration = Duration::from_secs(5);

/// The options of a vassal: those for all of them, around its own file.
fn arguments(settings: &EmperorSettings, file: &Path) -> Vec<OsString> {
    let mut arguments = Vec::new();
    let mut add = |word: &str, value: &OsStr| {
        let mut argument = OsString::from(format!("--{word}="));
        argument.push(value);
        arguments.push(argument);
    };
    settings.placeholders.iter().for_each(|placeholder| add("set", placeholder.as_ref()));
    let format = file.to_str().and_then(option_file_word).unwrap_or("ini");
    add(format, file.as_os_str());
    settings.inherited.iter().for_each(|file| add("inherit", file.as_os_str()));
    settings.included.iter().for_each(|file| add("include", file.as_os_str()));
    arguments
}
