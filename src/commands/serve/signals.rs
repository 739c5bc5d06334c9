//! The signals that the server obeys.

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::serve::control::Control;

pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    quit: Signal,
    hangup: Signal,
    user1: Signal,
    user2: Signal,
    more: Signal,
    fewer: Signal,
    was_interrupted: bool,
}

impl Signals {
    pub(super) fn listen() -> std::io::Result<Self> {
        let of = |number: Number| signal(SignalKind::from_raw(number.as_raw()));
        Ok(Self {
            interrupt: of(Number::INT)?,
            terminate: of(Number::TERM)?,
            quit: of(Number::QUIT)?,
            hangup: of(Number::HUP)?,
            user1: of(Number::USR1)?,
            user2: of(Number::USR2)?,
            more: of(Number::TTIN)?,
            fewer: of(Number::TTOU)?,
            was_interrupted: false,
        })
    }

    /// What the next signal means: INT and TERM stop the server gracefully, a second INT and QUIT at once; HUP
    /// reloads, USR1 opens the logs again, TTIN and TTOU change the number of workers. USR2, by which uWSGI prints
    /// the state of its workers, has no effect, where its default would end the server.
    pub(super) async fn next(&mut self) -> Control {
        loop {
            tokio::select! {
                biased;
                _ = self.quit.recv() => return Control::StopNow,
                _ = self.interrupt.recv() => {
                    let again = std::mem::replace(&mut self.was_interrupted, true);
                    return if again { Control::StopNow } else { Control::Stop };
                }
                _ = self.terminate.recv() => return Control::Stop,
                _ = self.hangup.recv() => return Control::Reload,
                _ = self.user1.recv() => return Control::ReopenLogs,
                _ = self.more.recv() => return Control::AddWorker,
                _ = self.fewer.recv() => return Control::RemoveWorker,
                _ = self.user2.recv() => {}
            }
        }
    }
}
