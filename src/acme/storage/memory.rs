//! State in memory, which ends with the test that makes it: no more is needed than what [`Backend`] says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::backend::{Backend, Lock, Watch};
use super::{Error, Result};

#[derive(Debug, Default)]
pub(super) struct MemoryBackend(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    kept: Mutex<Kept>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Kept {
    values: BTreeMap<String, Vec<u8>>,
    leases: BTreeSet<String>,
    /// How often anything in a folder has changed.
    changes: BTreeMap<String, u64>,
}

struct Held {
    shared: Arc<Shared>,
    key: String,
}

struct MemoryWatch {
    shared: Arc<Shared>,
    folder: String,
    seen: u64,
}

impl MemoryBackend {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap()
    }

    fn change<T>(&self, keys: &[&str], change: impl FnOnce(&mut Kept) -> T) -> T {
        let mut kept = self.kept();
        let result = change(&mut kept);
        for key in keys {
            let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
            *kept.changes.entry(folder.to_owned()).or_default() += 1;
        }
        self.0.changed.notify_all();
        result
    }
}

impl Backend for MemoryBackend {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.kept().values.get(key).cloned())
    }

    fn put(&self, key: &str, value: &[u8]) -> Result<()> {
        self.change(&[key], |kept| kept.values.insert(key.to_owned(), value.to_vec()));
        Ok(())
    }

    fn compare_and_swap(&self, key: &str, old: Option<&[u8]>, new: &[u8]) -> Result<bool> {
        Ok(self.change(&[key], |kept| {
            let fits = kept.values.get(key).map(Vec::as_slice) == old;
            if fits {
                kept.values.insert(key.to_owned(), new.to_vec());
            }
            fits
        }))
    }

    fn remove(&self, key: &str) -> Result<()> {
        self.change(&[key], |kept| kept.values.remove(key));
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.change(&[from, to], |kept| {
            let missing = || Error::io("replace", Path::new(to))(std::io::ErrorKind::NotFound.into());
            let value = kept.values.remove(from).ok_or_else(missing)?;
            kept.values.insert(to.to_owned(), value);
            Ok(())
        })
    }

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let kept = self.kept();
        let below = kept.values.keys().filter_map(|key| key.strip_prefix(&prefix));
        let names: BTreeSet<_> = below.filter_map(|rest| rest.split('/').next()).collect();
        Ok(names.into_iter().filter(|name| !name.starts_with('.')).map(str::to_owned).collect())
    }

    fn lease(&self, key: &str) -> Result<Option<Lock>> {
        let is_free = self.kept().leases.insert(key.to_owned());
        Ok(is_free.then(|| Lock::new(Held { shared: Arc::clone(&self.0), key: key.to_owned() })))
    }

    fn wait_for_lease(&self, key: &str) -> Result<Lock> {
        let kept = self.kept();
        let mut kept = self.0.changed.wait_while(kept, |kept| kept.leases.contains(key)).unwrap();
        kept.leases.insert(key.to_owned());
        Ok(Lock::new(Held { shared: Arc::clone(&self.0), key: key.to_owned() }))
    }

    fn make_folder(&self, _folder: &str) -> Result<()> {
        Ok(())
    }

    fn watch(&self, folder: &str) -> Result<Box<dyn Watch>> {
        let seen = self.kept().changes.get(folder).copied().unwrap_or_default();
        let shared = Arc::clone(&self.0);
        Ok(Box::new(MemoryWatch { shared, folder: folder.to_owned(), seen }))
    }

    fn location(&self, key: &str) -> PathBuf {
        Path::new("memory:").join(key)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.kept.lock().unwrap().leases.remove(&self.key);
        self.shared.changed.notify_all();
    }
}

impl Watch for MemoryWatch {
    fn wait(&mut self, limit: Duration) -> bool {
        let kept = self.shared.kept.lock().unwrap();
        let count = |kept: &Kept| kept.changes.get(&self.folder).copied().unwrap_or_default();
        let (kept, _) =
            self.shared.changed.wait_timeout_while(kept, limit, |kept| count(kept) == self.seen).unwrap();
        let now = count(&kept);
        std::mem::replace(&mut self.seen, now) != now
    }
}
