//! The protocol's state with its file: whatever changes in the one is in the other before anybody hears of it.

use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::state_file::StateFile;
use crate::acme_server::{Core, Record};

pub(super) struct State {
    pub(super) core: Core,
    file: StateFile,
}

/// The state, for every thread.
#[derive(Clone)]
pub(super) struct SharedState(Arc<Mutex<State>>);

impl SharedState {
    pub(super) fn new(core: Core, file: StateFile) -> Self {
        Self(Arc::new(Mutex::new(State { core, file })))
    }

    /// Nothing slow is done while this is held.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // The state is never half changed: a panic in between is a bug of one request.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until everything written is on disk.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn sync(&self) -> io::Result<()> {
        let file: Arc<File> = self.lock().file.handle();
        file.sync_data()
    }
}

impl State {
    /// Keeps records.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(super) fn keep(&mut self, records: &[Record]) -> io::Result<()> {
        self.file.append(records)
    }

    /// Begins the file anew if most of it is old.
    ///
    /// # Errors
    /// When it cannot be written; then it stays as it is.
    pub(super) fn tidy(&mut self) -> io::Result<()> {
        if self.file.is_due() { self.begin_anew() } else { Ok(()) }
    }

    /// Begins the file anew.
    ///
    /// # Errors
    /// When it cannot be written; then it stays as it is.
    pub(super) fn begin_anew(&mut self) -> io::Result<()> {
        self.file.begin_anew(self.core.records())
    }
}
