//! How a certificate leaves the state: all that is kept of it moves aside, whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::files::{private_dir, remove, sync_dir};
use super::{CertificateStore, Error, Lock, Result};
use crate::sys::clock::date;

impl CertificateStore {
    /// Whether anything is kept of the certificate, be it only a failed try.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn exists(&self) -> Result<bool> {
        Ok(self.is_in_use() || self.journal_path().exists() || !self.kept_names()?.is_empty())
    }

    /// Whether a version is in use; a first try that failed or was killed leaves other things.
    pub fn is_in_use(&self) -> bool {
        self.live().is_symlink()
    }

    /// Moves all that is kept of the certificate to a folder of its own below `STATE/deleted`, and gives that folder.
    /// From then on nobody renews it. A run that is killed here is finished by the next.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn retire(&self, _lock: &Lock, now: OffsetDateTime) -> Result<PathBuf> {
        // A server would order it again for a name that it got on demand.
        self.storage().on_demand().remove(self.name())?;
        // Then the link: renewals go by it.
        remove(&self.live())?;
        sync_dir(parent(&self.live()))?;
        let versions = self.versions();
        private_dir(&versions)?;
        // An order on its way goes along, its key before the journal that names it.
        move_file(&self.order_key_path(), &versions.join("order.key.pem"))?;
        move_file(&self.journal_path(), &versions.join("order.json"))?;
        move_file(&self.rejected_path(), &versions.join("order.rejected.pem"))?;
        let copy = self.free_copy(now);
        private_dir(parent(&copy))?;
        fs::rename(&versions, &copy).map_err(Error::io("move", &versions))?;
        sync_dir(parent(&copy))?;
        sync_dir(parent(&versions))?;
        Ok(copy)
    }

    /// A path that is not taken, since one name may be deleted several times a day.
    fn free_copy(&self, now: OffsetDateTime) -> PathBuf {
        let folder = self.root().join("deleted");
        let first = format!("{}-{}", self.name(), date(now));
        let others = (2_u32..).map(|number| format!("{first}-{number}"));
        let mut names = std::iter::once(first.clone()).chain(others);
        names
            .find(|name| !folder.join(name).exists())
            .map_or_else(|| folder.join(&first), |name| folder.join(name))
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn move_file(from: &Path, to: &Path) -> Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("move", from)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::acme::storage::{OrderJournal, Storage};
    use crate::x509::{KeyKind, PrivateKey};

    const NOW: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

    fn entries(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_kept_moves_whole_and_only_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::new(dir.path());
        let store = storage.certificate("*.a.test");
        assert!(!store.exists().unwrap());
        for (name, copy) in [("a.test", "a.test-2026-11-20"), ("a.test", "a.test-2026-11-20-2")] {
            let store = storage.certificate(name);
            let lock = store.lock(|| {}).unwrap();
            let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
            store.save_order_key(&key).unwrap();
            let journal = OrderJournal::new("s", "a", &[name.to_owned()], "p256", store.order_key_name());
            store.save_journal(&journal).unwrap();
            fs::create_dir(dir.path().join("certs/a.test/1")).unwrap();
            std::os::unix::fs::symlink("../certs/a.test/1", dir.path().join("live/a.test")).unwrap();
            assert!(store.exists().unwrap());
            storage.on_demand().add(name).unwrap();
            let moved = store.retire(&lock, NOW).unwrap();
            assert!(storage.on_demand().names().unwrap().is_empty());
            assert_eq!(moved, dir.path().join("deleted").join(copy));
            assert_eq!(entries(&moved), ["1", "order.json", "order.key.pem"]);
            assert!(!store.exists().unwrap());
        }
        assert!(storage.certificates().unwrap().is_empty());
    }

    #[test]
    fn a_killed_deletion_is_finished() {
        let dir = tempfile::tempdir().unwrap();
        let store = Storage::new(dir.path()).certificate("a.test");
        let lock = store.lock(|| {}).unwrap();
        // As after a kill between the steps: the link is gone, and the order is half moved.
        fs::create_dir(dir.path().join("certs/a.test/1")).unwrap();
        fs::write(dir.path().join("certs/a.test/order.key.pem"), "k").unwrap();
        fs::write(dir.path().join("orders/a.test.json"), "j").unwrap();
        assert!(store.exists().unwrap());
        let moved = store.retire(&lock, NOW).unwrap();
        assert_eq!(entries(&moved), ["1", "order.json", "order.key.pem"]);
        assert!(!store.exists().unwrap());
    }
}
