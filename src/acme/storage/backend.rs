//! Where the state is kept: what a store must be able to do so that several processes can share it.
//!
//! Keys are relative paths with slashes, such as `accounts/0123456789abcdef/account.json`. Values are small (1 MiB at most)
//! and are written whole: a reader gets the old one or the new one, also when the writer is killed. The tests in
//! src/acme/storage/backend_tests.rs say what every form must do.
//!
//! The versions of a certificate are not among these values: web servers and hooks read them by their paths, so they are
//! files on the machine that uses them, whatever keeps the rest.

use std::any::Any;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::Result;

/// A store of small values that several processes share.
pub trait Backend: fmt::Debug + Send + Sync {
    /// The value; `None` when there is none.
    ///
    /// # Errors
    /// When the store refuses, or the value is larger than 1 MiB.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>>;

    /// Keeps a value durably, in place of an older one. Nobody else may read it.
    ///
    /// # Errors
    /// When the store refuses, or the value is larger than 1 MiB; the older one is still there then.
    fn put(&self, key: &str, value: &[u8]) -> Result<()>;

    /// Keeps `new` if the value is `old`, `None` being none at all; tells whether it was. Of several that try at once
    /// with the same `old`, one succeeds.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    fn compare_and_swap(&self, key: &str, old: Option<&[u8]>, new: &[u8]) -> Result<bool>;

    /// Forgets a value; there need not be one.
    ///
    /// # Errors
    /// When the store refuses.
    fn remove(&self, key: &str) -> Result<()>;

    /// Gives a value another key, in place of what was there. A reader finds it at one of the two.
    ///
    /// # Errors
    /// When there is none, or the store refuses.
    fn rename(&self, from: &str, to: &str) -> Result<()>;

    /// What is directly below a folder, sorted, without hidden names; nothing when it is missing.
    ///
    /// # Errors
    /// When the store refuses.
    fn list(&self, folder: &str) -> Result<Vec<String>>;

    /// Takes the lease of this name; `None` while somebody else, in this process or another, has it. It ends when it is
    /// dropped, and when its process dies.
    ///
    /// # Errors
    /// When the store refuses.
    fn lease(&self, key: &str) -> Result<Option<Lock>>;

    /// The same, waiting for its holder.
    ///
    /// # Errors
    /// When the store refuses.
    fn wait_for_lease(&self, key: &str) -> Result<Lock>;

    /// Makes a folder for files that other programs read, where values are files.
    ///
    /// # Errors
    /// When the store refuses.
    fn make_folder(&self, folder: &str) -> Result<()>;

    /// Watches what is directly below a folder, from now on.
    ///
    /// # Errors
    /// When the store refuses.
    fn watch(&self, folder: &str) -> Result<Box<dyn Watch>>;

    /// Where a value is, for people and for programs that read files. Empty keys are the root.
    fn location(&self, key: &str) -> PathBuf;
}

/// Watches a folder.
pub trait Watch: Send {
    /// Waits until something below the folder was made, changed or removed since the last call, `limit` at most. Gives
    /// whether anything was; it may say so without reason, but never leaves out a change.
    fn wait(&mut self, limit: Duration) -> bool;
}

/// A held lease; it ends when this is dropped or the process dies.
#[derive(Debug)]
pub struct Lock {
    _held: Box<dyn Any + Send + Sync>,
}

impl Lock {
    pub(super) fn new(held: impl Any + Send + Sync) -> Self {
        Self { _held: Box::new(held) }
    }
}
