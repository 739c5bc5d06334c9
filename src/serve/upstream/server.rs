//! One address of an upstream: whether it works, how busy it is, and its idle connections.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::ClientConfig;

use super::idle::IdleConnections;
use crate::serve::address::ListenAddress;

/// How long a server that failed is asked only when no other is left.
const PAUSE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct UpstreamServer {
    pub(super) address: ListenAddress,
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) idle: IdleConnections,
    running: AtomicUsize,
    failed: Mutex<Option<Instant>>,
}

/// A request that a server works on, until this is dropped.
#[derive(Debug)]
pub(super) struct Busy(Arc<UpstreamServer>);

impl UpstreamServer {
    pub(super) fn new(address: ListenAddress, tls: Option<Arc<ClientConfig>>) -> Self {
        Self {
            address,
            tls,
            idle: IdleConnections::default(),
            running: AtomicUsize::new(0),
            failed: Mutex::default(),
        }
    }

    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.running.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    pub(super) fn fails(&self) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    pub(super) fn works(&self) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether it failed lately.
    pub(super) fn has_failed(&self) -> bool {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.is_some_and(|at| at.elapsed() < PAUSE)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}
