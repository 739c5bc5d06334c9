//! One certificate: the order on its way, the versions, the one in use.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::access::{let_through, set_mode};
use super::files::{private_dir, read, remove, sync_dir, write};
use super::{Error, KeyGroup, Lock, OrderJournal, RenewRecord, Result, Storage, parse_key};
use crate::sys::fs::{Existing, NewFile, PRIVATE, PUBLIC, create_all, remove_leftovers};
use crate::x509::PrivateKey;

/// Modes of a key and its directory when a group may read them.
const GROUP_FILE: u32 = 0o640;
const PRIVATE_DIR: u32 = 0o700;
const GROUP_DIR: u32 = 0o750;
/// How many versions stay, the one in use included.
const VERSIONS_KEPT: usize = 3;

/// Everything in the state directory that belongs to one certificate.
#[derive(Clone, Debug)]
pub struct CertificateStore {
    storage: Storage,
    /// Of the state, for the versions.
    root: PathBuf,
    name: String,
}

/// The contents of a version's files.
#[derive(Debug)]
pub struct VersionFiles {
    /// `privkey.pem`; empty where the key is elsewhere, and then there is no such file.
    pub key: Zeroizing<Vec<u8>>,
    /// `cert.pem`: the leaf.
    pub cert: Vec<u8>,
    /// `chain.pem`: what comes after the leaf.
    pub chain: Vec<u8>,
    /// `fullchain.pem`: both.
    pub fullchain: Vec<u8>,
}

/// Where the files in use are; the paths stay the same for all versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveFiles {
    pub key: PathBuf,
    pub cert: PathBuf,
    /// What comes after the leaf.
    pub chain: PathBuf,
    /// Both: what a server is given.
    pub fullchain: PathBuf,
}

impl CertificateStore {
    pub(super) fn new(storage: &Storage, name: &str) -> Self {
        Self { storage: storage.clone(), root: storage.location(""), name: name.to_owned() }
    }

    /// Makes the folders of its versions and takes the certificate's lock.
    ///
    /// # Errors
    /// [`Error::Busy`] of a storage that does not wait, and when the system refuses.
    pub fn lock(&self, on_wait: impl FnOnce()) -> Result<Lock> {
        for folder in [&format!("certs/{}", self.name), "live"] {
            self.storage.backend.make_folder(folder)?;
        }
        let key = format!("orders/{}.lock", self.name);
        if self.storage.waits {
            return self.storage.lock(&key, on_wait);
        }
        self.storage.backend.lease(&key)?.ok_or_else(|| Error::Busy(self.name.clone()))
    }

    /// The order on its way, if there is one.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn journal(&self) -> Result<Option<OrderJournal>> {
        self.storage.read_json(&self.journal_key())
    }

    /// Keeps the order's state, durably.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save_journal(&self, journal: &OrderJournal) -> Result<()> {
        self.storage.write_json(&self.journal_key(), journal)
    }

    /// Forgets the order: it is done, or will never be.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn forget_order(&self) -> Result<()> {
        // The journal first: a key without a journal is overwritten, a journal without a key would mislead.
        self.storage.remove(&self.journal_key())?;
        self.storage.remove(&self.order_key_name())?;
        self.storage.remove(&self.rejected_key())
    }

    /// Keeps a chain that was not put in place, for people to look at, and gives its path.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save_rejected(&self, chain: Vec<u8>) -> Result<PathBuf> {
        let path = self.rejected_path();
        write(path.clone(), chain, PUBLIC)?;
        Ok(path)
    }

    /// Removes what killed runs have left half written, some of it keys. Needs the lock.
    pub fn remove_leftovers(&self) {
        remove_leftovers(&self.storage.location("orders"));
        remove_leftovers(&self.versions());
        for entry in fs::read_dir(self.versions()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_staging =
                name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(".tmp"));
            if is_staging {
                // What cannot be removed is in the way of nothing.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    /// The path of the order's key as the journal has it.
    pub fn order_key_name(&self) -> String {
        format!("orders/{}.key.pem", self.name)
    }

    /// The key of the certificate that is on its way.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn order_key(&self) -> Result<Option<PrivateKey>> {
        self.storage.read_key(&self.order_key_name())
    }

    /// Keeps the key of the certificate that is on its way.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save_order_key(&self, key: &PrivateKey) -> Result<()> {
        self.storage.write_key(&self.order_key_name(), key)
    }

    /// The name that the files are under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the certificate whose first name is this.
    pub fn is_of(&self, name: &str) -> bool {
        self.name == super::file_name(name)
    }

    /// All that is kept of the certificate; its version may not be the one in use, if a run was killed while putting it
    /// in place.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn record(&self) -> Result<Option<RenewRecord>> {
        self.storage.read_json(&self.renew_key())
    }

    /// Keeps what has changed about the certificate. Needs the lock.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save_record(&self, record: &RenewRecord) -> Result<()> {
        self.storage.write_json(&self.renew_key(), record)
    }

    /// How the certificate in use was got; `None` when there is none, or a run was killed while putting it in place.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn renew_record(&self) -> Result<Option<RenewRecord>> {
        Ok(self.record()?.filter(|record| self.live_version() == Some(record.version)))
    }

    /// Where the files in use are. `key` does not exist where the certificate is from a signing request.
    pub fn live_files(&self) -> LiveFiles {
        let dir = self.live();
        LiveFiles {
            key: dir.join("privkey.pem"),
            cert: dir.join("cert.pem"),
            chain: dir.join("chain.pem"),
            fullchain: dir.join("fullchain.pem"),
        }
    }

    /// What tells the version in use from others; `None` when there is none.
    pub fn version_in_use(&self) -> Option<PathBuf> {
        let live = self.live();
        // A copy of the state may have folders in the place of links.
        fs::read_link(&live).or_else(|_| fs::canonicalize(&live)).ok()
    }

    /// The chain in use, as PEM.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn live_chain(&self) -> Result<Option<Vec<u8>>> {
        read(&self.live_files().fullchain)
    }

    /// The key in use.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn live_key(&self) -> Result<Option<PrivateKey>> {
        let path = self.live_files().key;
        parse_key(&path, read(&path)?)
    }

    /// Puts a new version in use and gives its number. `record.version` is set here; `group` may read the key.
    ///
    /// # Errors
    /// When the system refuses; the version in use before is still in use then.
    pub fn install(
        &self,
        files: &VersionFiles,
        mut record: RenewRecord,
        group: Option<KeyGroup>,
    ) -> Result<u32> {
        private_dir(&self.versions())?;
        private_dir(&self.root.join("live"))?;
        let version = self.numbers()?.last().map_or(1, |last| last + 1);
        let dir = self.versions().join(version.to_string());
        let staging = self.versions().join(format!(".{version}.tmp"));
        match fs::remove_dir_all(&staging) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::io("remove", &staging)(error));
            }
            _ => {}
        }
        fs::DirBuilder::new().mode(0o700).create(&staging).map_err(Error::io("make the folder", &staging))?;
        let file = |name: &str, contents: &[u8], mode| NewFile {
            path: staging.join(name),
            contents: contents.to_vec(),
            mode,
            existing: Existing::Refuse,
        };
        let key = (!files.key.is_empty()).then(|| file("privkey.pem", &files.key, PRIVATE));
        let public = [
            file("cert.pem", &files.cert, PUBLIC),
            file("chain.pem", &files.chain, PUBLIC),
            file("fullchain.pem", &files.fullchain, PUBLIC),
        ];
        create_all(&key.into_iter().chain(public).collect::<Vec<_>>())?;
        self.open_to(&staging, group)?;
        fs::rename(&staging, &dir).map_err(Error::io("make the folder", &dir))?;
        sync_dir(&self.versions())?;

        record.version = version;
        self.storage.write_json(&self.renew_key(), &record)?;
        self.point_live_at(version)?;
        self.prune(version)?;
        Ok(version)
    }

    /// Lets `group` read the key of this version; without one nobody but the owner.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn let_in(&self, version: u32, group: Option<KeyGroup>) -> Result<()> {
        self.open_to(&self.versions().join(version.to_string()), group)
    }

    fn open_to(&self, dir: &Path, group: Option<KeyGroup>) -> Result<()> {
        let key = dir.join("privkey.pem");
        let is_here = key.exists();
        let Some(group) = group else {
            if is_here {
                set_mode(&key, PRIVATE)?;
            }
            return set_mode(dir, PRIVATE_DIR);
        };
        if is_here {
            group.give(&key, GROUP_FILE)?;
        }
        group.give(dir, GROUP_DIR)?;
        for dir in [&self.root, &self.root.join("certs"), &self.versions(), &self.root.join("live")] {
            let_through(dir)?;
        }
        Ok(())
    }

    fn point_live_at(&self, version: u32) -> Result<()> {
        let live = self.live();
        let temporary = self.root.join("live").join(format!(".{}.tmp", self.name));
        remove(&temporary)?;
        // Relative, so that the state directory can be moved.
        let target = Path::new("../certs").join(&self.name).join(version.to_string());
        symlink(target, &temporary).map_err(Error::io("write", &temporary))?;
        fs::rename(&temporary, &live).map_err(Error::io("replace", &live))?;
        sync_dir(&self.root.join("live"))
    }

    /// Removes all but the last versions.
    fn prune(&self, in_use: u32) -> Result<()> {
        let numbers = self.numbers()?;
        for number in numbers.iter().rev().skip(VERSIONS_KEPT).filter(|&&number| number != in_use) {
            let dir = self.versions().join(number.to_string());
            fs::remove_dir_all(&dir).map_err(Error::io("remove", &dir))?;
        }
        Ok(())
    }

    /// The numbers of the complete versions, ascending.
    fn numbers(&self) -> Result<Vec<u32>> {
        let dir = self.versions();
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&dir).map_err(Error::io("read", &dir))? {
            let entry = entry.map_err(Error::io("read", &dir))?;
            numbers.extend(entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn live_version(&self) -> Option<u32> {
        fs::read_link(self.live()).ok()?.file_name()?.to_str()?.parse().ok()
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn live(&self) -> PathBuf {
        self.root.join("live").join(&self.name)
    }

    pub(super) fn storage(&self) -> &Storage {
        &self.storage
    }

    /// What is kept of it besides its order: versions and how to get the next one.
    pub(super) fn kept_names(&self) -> Result<Vec<String>> {
        self.storage.backend.list(&format!("certs/{}", self.name))
    }

    pub(super) fn versions(&self) -> PathBuf {
        self.root.join("certs").join(&self.name)
    }

    pub(super) fn journal_path(&self) -> PathBuf {
        self.storage.location(&self.journal_key())
    }

    pub(super) fn rejected_path(&self) -> PathBuf {
        self.storage.location(&self.rejected_key())
    }

    pub(super) fn order_key_path(&self) -> PathBuf {
        self.storage.location(&self.order_key_name())
    }

    fn journal_key(&self) -> String {
        format!("orders/{}.json", self.name)
    }

    fn renew_key(&self) -> String {
        format!("certs/{}/renew.json", self.name)
    }

    fn rejected_key(&self) -> String {
        format!("orders/{}.rejected.pem", self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::acme::storage::{Step, Storage};
    use crate::x509::KeyKind;

    fn record() -> RenewRecord {
        let text = r#"{"schema":1,"version":0,"names":["a.test"],"server":"s","key_kind":"p256"}"#;
        serde_json::from_str(text).unwrap()
    }

    fn files(text: &str) -> VersionFiles {
        VersionFiles {
            key: Zeroizing::new(format!("key {text}").into_bytes()),
            cert: format!("cert {text}").into_bytes(),
            chain: b"chain".to_vec(),
            fullchain: format!("cert {text}chain").into_bytes(),
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn versions_change_by_one_symlink_and_three_stay() {
        let dir = tempfile::tempdir().unwrap();
        let store = Storage::new(dir.path().join("state")).certificate("a.test");
        let _lock = store.lock(|| {}).unwrap();
        assert_eq!(store.renew_record().unwrap(), None);
        for version in 1..=5 {
            assert_eq!(store.install(&files(&version.to_string()), record(), None).unwrap(), version);
            let live = store.live_files();
            assert_eq!(fs::read_to_string(&live.key).unwrap(), format!("key {version}"));
            assert_eq!(fs::read_to_string(&live.cert).unwrap(), format!("cert {version}"));
            assert_eq!(store.renew_record().unwrap().unwrap().version, version);
        }
        assert_eq!(store.numbers().unwrap(), [3, 4, 5]);
        assert!(fs::symlink_metadata(store.live()).unwrap().is_symlink());
        assert_eq!(mode(&store.live_files().key), 0o600);
        assert_eq!(mode(&store.versions().join("5")), 0o700);
    }

    #[test]
    fn a_group_is_let_through_to_the_key_and_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("state");
        let store = Storage::new(&root).certificate("a.test");
        let _lock = store.lock(|| {}).unwrap();
        let group = KeyGroup::find(&rustix::process::getegid().as_raw().to_string()).unwrap();
        store.install(&files("1"), record(), Some(group)).unwrap();
        assert_eq!((mode(&store.live_files().key), mode(&store.versions().join("1"))), (0o640, 0o750));
        for dir in ["", "certs", "certs/a.test", "live"] {
            assert_eq!(mode(&root.join(dir)), 0o711, "{dir}");
        }
        assert_eq!(mode(&root.join("orders")), 0o700);
        assert_eq!(mode(&store.versions().join("renew.json")), 0o600);
    }

    #[test]
    fn a_run_killed_before_the_symlink_counts_as_nothing_done() {
        let dir = tempfile::tempdir().unwrap();
        let store = Storage::new(dir.path()).certificate("a.test");
        let _lock = store.lock(|| {}).unwrap();
        store.install(&files("1"), record(), None).unwrap();
        // As if killed after renew.json was written, and with half a version lying about.
        store.save_record(&RenewRecord { version: 2, ..record() }).unwrap();
        fs::create_dir(store.versions().join(".2.tmp")).unwrap();
        fs::write(store.versions().join(".2.tmp/privkey.pem"), "half").unwrap();
        assert_eq!(store.renew_record().unwrap(), None);
        assert_eq!(store.install(&files("2"), record(), None).unwrap(), 2);
        assert_eq!(store.renew_record().unwrap().unwrap().version, 2);
    }

    #[test]
    fn a_certificate_that_another_works_on_is_left_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::new(dir.path());
        let impatient = storage.clone().without_waiting().certificate("a.test");
        let held = storage.certificate("a.test").lock(|| panic!("nobody has it")).unwrap();
        let refused = impatient.lock(|| panic!("it does not wait"));
        assert!(matches!(refused, Err(Error::Busy(name)) if name == "a.test"));
        drop(held);
        impatient.lock(|| {}).unwrap();
    }

    #[test]
    fn an_order_is_kept_and_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let store = Storage::new(dir.path()).certificate("*.a.test");
        let _lock = store.lock(|| {}).unwrap();
        assert!(store.journal().unwrap().is_none());
        store.save_order_key(&PrivateKey::generate(KeyKind::EcdsaP256).unwrap()).unwrap();
        let mut journal = OrderJournal::new("s", "a", &["*.a.test".into()], "p256", store.order_key_name());
        store.save_journal(&journal).unwrap();
        journal.step = Step::Validate;
        store.save_journal(&journal).unwrap();
        assert_eq!(store.journal().unwrap(), Some(journal.clone()));
        assert_eq!(mode(&dir.path().join(&journal.key)), 0o600);
        assert!(dir.path().join("orders/_.a.test.json").exists());
        store.forget_order().unwrap();
        assert!(store.journal().unwrap().is_none());
        assert!(store.order_key().unwrap().is_none());
    }
}
