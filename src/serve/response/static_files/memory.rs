//! Small files that clients ask for often, in memory.
//!
//! A file is given from memory for one second; then it is opened and looked at again, which also checks again where its
//! name leads. What changed less than two seconds before it was read is not kept: a second change within one tick of the
//! file system's clock could not be seen.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::version::FileState;
use crate::sys::clock::{Clock, SystemClock};

/// Bytes of the largest file.
const LARGEST: u64 = 64 * 1024;
/// Bytes of all files of a site, with [`COST`] for each.
const ROOM: usize = 16 << 20;
/// What a file takes beside its bytes, about.
const COST: usize = 512;
/// How long a file is given without a look at it.
const FRESH: Duration = Duration::from_secs(1);
/// Seconds since the last change of a file that is kept.
const SETTLED: i64 = 2;

/// The files of all folders of a site.
#[derive(Debug)]
pub(super) struct FileMemory {
    /// By the number of their folder, and the path below it.
    files: RwLock<HashMap<usize, HashMap<Arc<str>, KeptFile>>>,
    left: Arc<AtomicUsize>,
    folders: AtomicUsize,
    /// The times below count from here, in milliseconds.
    beginning: Instant,
    /// When files that nobody asks for were last dropped.
    swept: AtomicU64,
    fresh: Duration,
    settled: i64,
}

#[derive(Debug)]
struct KeptFile {
    state: FileState,
    bytes: Bytes,
    /// When it was last looked at.
    checked: AtomicU64,
}

/// Room for a file, which is given back when the last response that has it is dropped.
pub(super) struct Room {
    left: Arc<AtomicUsize>,
    size: usize,
}

struct HeldBytes {
    bytes: Vec<u8>,
    _room: Room,
}

impl AsRef<[u8]> for HeldBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.left.fetch_add(self.size, Relaxed);
    }
}

impl Default for FileMemory {
    fn default() -> Self {
        Self {
            files: RwLock::default(),
            left: Arc::new(AtomicUsize::new(ROOM)),
            folders: AtomicUsize::new(0),
            beginning: Instant::now(),
            swept: AtomicU64::new(0),
            fresh: FRESH,
            settled: SETTLED,
        }
    }
}

impl FileMemory {
    /// A number for a folder.
    pub(super) fn folder(&self) -> usize {
        self.folders.fetch_add(1, Relaxed)
    }

    /// A file that was looked at a moment ago, and its name.
    pub(super) fn fresh(&self, folder: usize, name: &str) -> Option<(Arc<str>, FileState, Bytes)> {
        let files = self.files();
        let (name, file) = files.get(&folder)?.get_key_value(name)?;
        let is_fresh = self.now().saturating_sub(file.checked.load(Relaxed)) < millis(self.fresh);
        is_fresh.then(|| (Arc::clone(name), file.state, file.bytes.clone()))
    }

    /// The bytes of a file that was looked at just now, if it is as it was.
    pub(super) fn same(&self, folder: usize, name: &str, state: FileState) -> Option<Bytes> {
        let files = self.files();
        let file = files.get(&folder)?.get(name).filter(|file| file.state == state)?;
        file.checked.store(self.now(), Relaxed);
        Some(file.bytes.clone())
    }

    /// Room for a file of this state, if it may be kept.
    pub(super) fn room(&self, state: FileState, length: u64) -> Option<Room> {
        let age = SystemClock.now().unix_timestamp().saturating_sub(state.changed.0);
        if length > LARGEST || age < self.settled {
            return None;
        }
        let size = usize::try_from(length).ok()? + COST;
        self.reserve(size).or_else(|| {
            self.sweep();
            self.reserve(size)
        })
    }

    /// Keeps a file, which was looked at before it was read.
    pub(super) fn keep(
        &self,
        folder: usize,
        name: Arc<str>,
        state: FileState,
        bytes: Vec<u8>,
        room: Room,
    ) -> Bytes {
        let bytes = Bytes::from_owner(HeldBytes { bytes, _room: room });
        let file = KeptFile { state, bytes: bytes.clone(), checked: AtomicU64::new(self.now()) };
        let before = self.files_mut().entry(folder).or_default().insert(name, file);
        // Not while others wait.
        drop(before);
        bytes
    }

    fn reserve(&self, size: usize) -> Option<Room> {
        let taken = self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(size));
        taken.is_ok().then(|| Room { left: Arc::clone(&self.left), size })
    }

    /// Drops the files that were not asked for lately, once a second.
    fn sweep(&self) {
        let now = self.now();
        let swept = self.swept.load(Relaxed);
        if now.saturating_sub(swept) < millis(self.fresh)
            || self.swept.compare_exchange(swept, now, Relaxed, Relaxed).is_err()
        {
            return;
        }
        let oldest = now.saturating_sub(2 * millis(self.fresh));
        for files in self.files_mut().values_mut() {
            files.retain(|_, file| file.checked.load(Relaxed) > oldest);
        }
    }

    fn now(&self) -> u64 {
        millis(self.beginning.elapsed())
    }

    fn files(&self) -> RwLockReadGuard<'_, HashMap<usize, HashMap<Arc<str>, KeptFile>>> {
        self.files.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn files_mut(&self) -> RwLockWriteGuard<'_, HashMap<usize, HashMap<Arc<str>, KeptFile>>> {
        self.files.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::version::FileVersion;
    use super::*;

    /// Files are kept however new they are, and looked at again after this time.
    pub(in crate::serve::response::static_files) fn eager(fresh: Duration) -> Arc<FileMemory> {
        Arc::new(FileMemory { fresh, settled: i64::MIN, ..FileMemory::default() })
    }

    fn state(inode: u64) -> FileState {
        let version = FileVersion { device: 1, inode, modified: (0, 0), length: 4 };
        FileState { version, changed: (0, 0) }
    }

    #[test]
    fn a_file_is_given_until_it_must_be_looked_at() {
        let memory = eager(Duration::MAX);
        let (first, second) = (memory.folder(), memory.folder());
        let room = memory.room(state(1), 4).unwrap();
        memory.keep(first, "a".into(), state(1), b"text".to_vec(), room);
        let (name, kept, bytes) = memory.fresh(first, "a").unwrap();
        assert_eq!((&*name, kept, &bytes[..]), ("a", state(1), &b"text"[..]));
        assert!(memory.fresh(second, "a").is_none() && memory.fresh(first, "b").is_none());
        assert_eq!(memory.same(first, "a", state(1)).unwrap(), "text");
        assert!(memory.same(first, "a", state(2)).is_none());
        let changed = FileState { changed: (0, 1), ..state(1) };
        assert!(memory.same(first, "a", changed).is_none(), "its times were set back");

        let memory = eager(Duration::ZERO);
        let room = memory.room(state(1), 4).unwrap();
        memory.keep(0, "a".into(), state(1), b"text".to_vec(), room);
        assert!(memory.fresh(0, "a").is_none());
        assert_eq!(memory.same(0, "a", state(1)).unwrap(), "text");
    }

    #[test]
    fn room_is_bounded_also_by_what_clients_hold() {
        let memory = eager(Duration::MAX);
        assert!(memory.room(state(1), LARGEST + 1).is_none());
        let mut held = Vec::new();
        let mut number = 0;
        while let Some(room) = memory.room(state(number), LARGEST) {
            let name = number.to_string().into();
            held.push(memory.keep(0, name, state(number), vec![0; LARGEST as usize], room));
            number += 1;
            assert!(held.len() * LARGEST as usize <= ROOM);
        }
        memory.files_mut().clear();
        assert!(memory.room(state(0), LARGEST).is_none(), "clients still have them");
        held.pop();
        assert!(memory.room(state(0), LARGEST).is_some());

        // Files that nobody asks for make room.
        let memory = eager(Duration::ZERO);
        for number in 0..1000 {
            let room = memory.room(state(number), LARGEST).unwrap();
            memory.keep(0, number.to_string().into(), state(number), vec![0; LARGEST as usize], room);
        }
    }

    #[test]
    fn what_has_just_changed_is_not_kept() {
        let memory = FileMemory::default();
        let now = SystemClock.now().unix_timestamp();
        let room = |seconds: i64| memory.room(FileState { changed: (seconds, 0), ..state(0) }, 1).is_some();
        assert!(room(now - 100) && room(i64::MIN) && !room(now) && !room(now + 1000) && !room(i64::MAX));
    }
}
