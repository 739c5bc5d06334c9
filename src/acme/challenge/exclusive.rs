//! One at a time: programs that edit a zone, and providers that replace sets of records, seldom work when they are called
//! twice at the same time.
//!
//! The renewals of one process wait for each other here, and for those of other processes where there is a file of
//! credentials to lock. Other processes with the same hook are not waited for.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;

const POLL: Duration = Duration::from_millis(200);

type Locks = HashMap<String, Arc<tokio::sync::Mutex<()>>>;

/// By what they are for. There are as many as hooks and providers in use.
static LOCKS: Mutex<Option<Locks>> = Mutex::new(None);

/// As long as it lives, nobody else has the same.
#[derive(Debug)]
pub(super) struct Exclusive {
    _in_process: OwnedMutexGuard<()>,
    /// The system unlocks it when it is closed.
    _between_processes: Option<File>,
}

/// An [`Exclusive`] from the first record that is set to the last that is removed.
#[derive(Debug, Default)]
pub(super) struct HeldExclusive(Mutex<Option<Exclusive>>);

impl Exclusive {
    /// Waits until it can be had. `file` is nobody else's to lock.
    pub(super) async fn wait(what: &str, file: Option<&Path>) -> Self {
        let in_process = lock_for(what).lock_owned().await;
        let between_processes = match file {
            Some(path) => lock_file(path).await,
            None => None,
        };
        Self { _in_process: in_process, _between_processes: between_processes }
    }
}

impl HeldExclusive {
    /// Waits until it can be had, if it is not held already.
    pub(super) async fn hold(&self, what: &str, file: Option<&Path>) {
        if self.held().is_none() {
            let exclusive = Exclusive::wait(what, file).await;
            *self.held() = Some(exclusive);
        }
    }

    pub(super) fn release(&self) {
        *self.held() = None;
    }

    fn held(&self) -> MutexGuard<'_, Option<Exclusive>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock_for(what: &str) -> Arc<tokio::sync::Mutex<()>> {
    // A map is whole also after a panic elsewhere.
    let mut locks = LOCKS.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(locks.get_or_insert_default().entry(what.to_owned()).or_default())
}

/// `None` where files cannot be locked.
async fn lock_file(path: &Path) -> Option<File> {
    let file = File::open(path).ok()?;
    loop {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(POLL).await,
            Err(TryLockError::Error(error)) => {
                tracing::debug!("{} cannot be locked: {error}", path.display());
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn only_one_at_a_time_holds_it() {
        let held = HeldExclusive::default();
        held.hold("only one: a", None).await;
        held.hold("only one: a", None).await;
        let other = HeldExclusive::default();
        {
            let mut waiting = Box::pin(other.hold("only one: a", None));
            assert!(poll!(&mut waiting).is_pending());
            HeldExclusive::default().hold("only one: b", None).await;
            held.release();
            waiting.await;
        }
        // A run that ends without removing anything gives it back, too.
        drop(other);
        held.hold("only one: a", None).await;
    }

    #[tokio::test]
    async fn threads_do_not_meet() {
        let inside = Arc::new(AtomicUsize::new(0));
        let tasks = (0..8).map(|_| {
            let inside = Arc::clone(&inside);
            tokio::task::spawn_blocking(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let _exclusive = Exclusive::wait("threads", None).await;
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    tokio::task::yield_now().await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
            })
        });
        for result in join_all(tasks).await {
            result.unwrap();
        }
    }

    #[tokio::test]
    async fn another_process_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dns.toml");
        std::fs::write(&path, "").unwrap();
        // A lock of another open file is as good as one of another process.
        let theirs = File::open(&path).unwrap();
        theirs.lock().unwrap();
        let mut waiting = Box::pin(Exclusive::wait("another process", Some(&path)));
        assert!(poll!(&mut waiting).is_pending());
        theirs.unlock().unwrap();
        waiting.await;
        Exclusive::wait("another process", Some(Path::new("/no/such/file"))).await;
    }
}
