//! A signal that would end this program while an order is under way: the answers to its challenges are removed and the
//! commands around it are run first. What stopped nginx for port 80 must start it again.

use std::io;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::acme::error::Error;

/// Whether orders are to end; not there unless signals are watched.
static STOPPING: OnceLock<watch::Sender<bool>> = OnceLock::new();
static UNDER_WAY: Mutex<usize> = Mutex::new(0);

/// An order that ends in an orderly way.
#[derive(Debug)]
pub struct OrderUnderWay(());

impl OrderUnderWay {
    /// # Errors
    /// [`Error::Interrupted`] when no further order is to begin.
    pub fn begin() -> Result<Self, Error> {
        let mut count = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        check()?;
        *count += 1;
        Ok(Self(()))
    }
}

impl Drop for OrderUnderWay {
    fn drop(&mut self) {
        *UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
    }
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
    STOPPING.get_or_init(|| watch::Sender::new(false));
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
        let count = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        let was_stopping = STOPPING.get().is_none_or(|stopping| stopping.send_replace(true));
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
    let is_stopping = STOPPING.get().is_some_and(|stopping| *stopping.borrow());
    if is_stopping { Err(Error::Interrupted) } else { Ok(()) }
}

/// Works until orders are to end.
///
/// # Errors
/// [`Error::Interrupted`], and those of `work`.
pub async fn unless_stopped<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let Some(stopping) = STOPPING.get() else { return work.await };
    let mut stopping = stopping.subscribe();
    tokio::select! {
        biased;
        Ok(_) = stopping.wait_for(|is_stopping| *is_stopping) => Err(Error::Interrupted),
        result = work => result,
    }
}
