//! What may still be ordered at an account, by what it was issued and what has failed of late.

use std::time::Instant;

use time::OffsetDateTime;

use crate::acme::error::Error;
use crate::acme::storage::{self, AccountStore};

/// The history of an account as one run sees it.
pub struct Budget<'a> {
    pub store: &'a AccountStore,
    pub names: &'a [String],
    /// Whether the user wants the order in any case.
    pub is_ignored: bool,
    /// The time when the run began, by the caller's clock and by one that only goes on.
    pub began: (OffsetDateTime, Instant),
}

impl Budget<'_> {
    pub fn now(&self) -> OffsetDateTime {
        let (then, began) = self.began;
        then + began.elapsed()
    }

    /// Whether another order is within the limits that servers are known to have.
    ///
    /// # Errors
    /// [`Error::Exhausted`] when it is not, [`Error::Storage`].
    pub fn check(&self) -> Result<(), Error> {
        if self.is_ignored {
            return Ok(());
        }
        self.store.history()?.allows(self.names, self.now()).map_err(Error::Exhausted)
    }

    /// Counts a certificate.
    ///
    /// # Errors
    /// When the history cannot be read or written.
    pub fn add_issued(&self) -> Result<(), storage::Error> {
        self.store.add_to_history(|history| history.add_issued(self.names, self.now()))
    }

    /// Counts names whose validation has failed.
    ///
    /// # Errors
    /// When the history cannot be read or written.
    pub fn add_failed<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Result<(), storage::Error> {
        self.store.add_to_history(|history| history.add_failed(names, self.now()))
    }
}
