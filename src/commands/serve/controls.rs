//! Everything that commands a running server, besides signals.

use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinSet;

use super::control_fifo::ControlFifo;
use super::touch::TouchedFiles;
use crate::advice::serve::{no_control_fifo, no_event_loop};
use crate::commands::Result;
use crate::config::ProcessSettings;
use crate::serve::control::Control;
use crate::sys::emperor_link::EmperorLink;
use crate::sys::service_manager;

/// Commands from named pipes and from touched files, as long as this lives; and the watchdog's signs of life.
pub(super) struct Controls {
    receiver: Receiver<Control>,
    /// Aborted at the end.
    _tasks: JoinSet<()>,
}

impl Controls {
    /// Needs a Tokio runtime.
    ///
    /// # Errors
    /// A named pipe cannot be made or opened.
    pub(super) fn listen(process: &ProcessSettings, emperor: Option<&EmperorLink>) -> Result<Self> {
        let (sender, receiver) = mpsc::channel(16);
        let mut tasks = JoinSet::new();
        for path in &process.control_fifos {
            let fifo = ControlFifo::open(path).map_err(|error| no_control_fifo(path, &error))?;
            tasks.spawn(fifo.obey(sender.clone()));
        }
        if let Some(link) = emperor {
            let stream =
                link.stream().and_then(UnixStream::from_std).map_err(|error| no_event_loop(&error))?;
            tasks.spawn(without_emperor(stream, sender.clone()));
        }
        let with = |files: &[std::path::PathBuf], control| {
            files.iter().map(|path| (path.clone(), control)).collect::<Vec<_>>()
        };
        let files = [
            with(&process.touch_reload, Control::Reload),
            with(&process.touch_log_reopen, Control::ReopenLogs),
            with(&process.touch_log_rotate, Control::RotateLogs),
        ];
        tasks.spawn(TouchedFiles::new(files.concat()).watch(sender));
        if let Some(limit) = service_manager::watchdog_limit() {
            tasks.spawn(async move {
                // As sd_watchdog_enabled(3) recommends.
                let mut ticks = tokio::time::interval(limit / 2);
                loop {
                    ticks.tick().await;
                    service_manager::alive();
                }
            });
        }
        Ok(Self { receiver, _tasks: tasks })
    }

    /// The next command; waits for ever if there will be none.
    pub(super) async fn next(&mut self) -> Control {
        match self.receiver.recv().await {
            Some(control) => control,
            None => std::future::pending().await,
        }
    }
}

/// Stops a vassal whose emperor has ended.
async fn without_emperor(mut link: UnixStream, controls: Sender<Control>) {
    // It never says anything.
    while let Ok(1..) = link.read(&mut [0; 16]).await {}
    let _ = controls.send(Control::Stop).await;
}
