//! Commands that run beside the server: started when it is ready, kept alive, ended with it.

mod attached;
mod smart;
mod surroundings;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

pub(super) use self::surroundings::{DaemonOrder, DaemonSurroundings};
use crate::config::AttachedDaemon;
use crate::serve::control::Control;

/// The commands of a server.
pub(super) struct Daemons {
    orders: watch::Sender<DaemonOrder>,
    tasks: JoinSet<()>,
    /// Gets an order to stop when a control command has ended.
    controls: mpsc::Receiver<Control>,
}

impl Daemons {
    /// Starts all. To be called in the thread of the runtime.
    pub(super) fn start(daemons: Vec<AttachedDaemon>, surroundings: &DaemonSurroundings) -> Self {
        let orders = watch::Sender::new(DaemonOrder::Run { reload: 0 });
        let (ended, controls) = mpsc::channel(1);
        let mut tasks = JoinSet::new();
        for daemon in daemons {
            let (surroundings, orders) = (surroundings.clone(), orders.subscribe());
            if daemon.pid_file.is_some() {
                tasks.spawn(smart::watch(daemon, surroundings, orders));
            } else {
                tasks.spawn(attached::keep_alive(daemon, surroundings, orders, ended.clone()));
            }
        }
        Self { orders, tasks, controls }
    }

    /// Waits until the server is to stop because a command has ended; for ever if there is no such command.
    pub(super) async fn control(&mut self) -> Control {
        match self.controls.recv().await {
            Some(control) => control,
            None => std::future::pending().await,
        }
    }

    /// Where to tell them of a reload.
    pub(super) fn orders(&self) -> watch::Sender<DaemonOrder> {
        self.orders.clone()
    }

    /// Stops them and waits for their end; `now` gives no mercy any more.
    pub(super) async fn stop(mut self, now: impl Future<Output = ()>) {
        self.orders.send_replace(DaemonOrder::Stop);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        tokio::pin!(ended);
        tokio::select! {
            () = &mut ended => return,
            () = now => {}
        }
        self.orders.send_replace(DaemonOrder::StopNow);
        ended.await;
    }
}

/// Tells the commands that new code is in use.
pub(super) fn after_reload(orders: &watch::Sender<DaemonOrder>) {
    orders.send_if_modified(|order| match order {
        DaemonOrder::Run { reload } => {
            *reload = reload.wrapping_add(1);
            true
        }
        DaemonOrder::Stop | DaemonOrder::StopNow => false,
    });
}
