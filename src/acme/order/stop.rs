//! A signal that would end this program while an order is under way: the answers to its challenges are removed and the
//! commands around it are run first. What stopped nginx for port 80 must start it again.

use std::io;
use std::sync::LazyLock;
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::acme::error::Error;

/// Whether orders are to end.
static STOPPING: LazyLock<watch::Sender<bool>> = LazyLock::new(watch::Sender::default);
/// How many are under way.
static UNDER_WAY: LazyLock<watch::Sender<usize>> = LazyLock::new(watch::Sender::default);

/// An order that ends in an orderly way.
#[derive(Debug)]
pub struct OrderUnderWay(());

impl OrderUnderWay {
    /// # Errors
    /// [`Error::Interrupted`] when no further order is to begin.
    pub fn begin() -> Result<Self, Error> {
        // Asked while the count is held: who lets orders end and then looks at the count must not miss this one.
        let has_begun = UNDER_WAY.send_if_modified(|count| {
            let may_begin = check().is_ok();
            *count += usize::from(may_begin);
            may_begin
        });
        if has_begun { Ok(Self(())) } else { Err(Error::Interrupted) }
    }
}

impl Drop for OrderUnderWay {
    fn drop(&mut self) {
        UNDER_WAY.send_modify(|count| *count -= 1);
    }
}

/// Lets no further order begin, and those under way end: for a program that has its own way to stop.
pub fn end_orders() {
    STOPPING.send_replace(true);
}

/// Waits until no order is under way.
pub async fn orders_ended() {
    // The sender is never dropped.
    let _ = UNDER_WAY.subscribe().wait_for(|count| *count == 0).await;
}

/// From now on SIGINT and SIGTERM let the orders under way end first. Without any, and the second time, they end the
/// program as they always do.
///
/// # Errors
/// When the system refuses.
pub fn end_orders_on_signals() -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let (interrupt, terminate) = {
        let _entered = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let watching = move || runtime.block_on(watch_signals(interrupt, terminate));
    thread::Builder::new().name("signals".to_owned()).spawn(watching).map(drop)
}

async fn watch_signals(mut interrupt: Signal, mut terminate: Signal) {
    loop {
        let number = tokio::select! {
            Some(()) = interrupt.recv() => SignalKind::interrupt().as_raw_value(),
            Some(()) = terminate.recv() => SignalKind::terminate().as_raw_value(),
            else => return,
        };
        // Held to the end, so that no order begins meanwhile.
        let count = UNDER_WAY.borrow();
        let was_stopping = STOPPING.send_replace(true);
        if *count == 0 || was_stopping {
            exit(number);
        }
    }
}

/// What a shell says of a program that a signal has ended.
#[expect(clippy::exit, reason = "in place of what the signal does where nobody watches it")]
fn exit(signal: i32) -> ! {
    std::process::exit(128 + signal)
}

/// # Errors
/// [`Error::Interrupted`] when orders are to end.
pub fn check() -> Result<(), Error> {
    if *STOPPING.borrow() { Err(Error::Interrupted) } else { Ok(()) }
}

/// Works until orders are to end.
///
/// # Errors
/// [`Error::Interrupted`], and those of `work`.
pub async fn unless_stopped<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let mut stopping = STOPPING.subscribe();
    tokio::select! {
        biased;
        Ok(_) = stopping.wait_for(|is_stopping| *is_stopping) => Err(Error::Interrupted),
        result = work => result,
    }
}
