//! Whose the state is, and how one group is let through to the keys.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Gid, Mode, chmod};

use super::{Error, Result};
use crate::sys::fs::read_limited;

/// A group file is small, even on a large site.
const MAX_GROUP_FILE_BYTES: u64 = 16 << 20;

/// A group that may read private keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyGroup(Gid);

impl KeyGroup {
    /// Finds a group by its name in /etc/group, or takes its number.
    ///
    /// # Errors
    /// [`Error::NoGroup`].
    pub fn find(name: &str) -> Result<Self> {
        let groups = read_limited(Path::new("/etc/group"), MAX_GROUP_FILE_BYTES).unwrap_or_default();
        let number = number_of(&String::from_utf8_lossy(&groups), name).or_else(|| name.parse().ok());
        // The number of all ones means "leave it as it is" to chown(2).
        match number.filter(|&number| number != u32::MAX) {
            Some(number) => Ok(Self(Gid::from_raw(number))),
            None => Err(Error::NoGroup(name.to_owned())),
        }
    }

    /// Whether this process may give files to the group.
    pub fn is_allowed(self) -> bool {
        rustix::process::geteuid().is_root()
            || rustix::process::getegid() == self.0
            || rustix::process::getgroups().is_ok_and(|groups| groups.contains(&self.0))
    }

    /// Gives a file or directory to the group, with these permission bits.
    pub(super) fn give(self, path: &Path, mode: u32) -> Result<()> {
        let error = |error: rustix::io::Errno| Error::io("give the group", path)(error.into());
        rustix::fs::chown(path, None, Some(self.0)).map_err(error)?;
        // After the change of group, which may clear bits.
        chmod(path, Mode::from_raw_mode(mode)).map_err(error)
    }
}

/// Lets everybody pass through a directory without seeing what is in it. What is not for everybody below has modes of
/// its own.
pub(super) fn let_through(path: &Path) -> Result<()> {
    let wanted = 0o711;
    let mode = fs::metadata(path).map_err(Error::io("look at", path))?.permissions().mode() & 0o7777;
    if mode & wanted == wanted { Ok(()) } else { set_mode(path, mode | wanted) }
}

/// Sets permission bits, whatever they were.
pub(super) fn set_mode(path: &Path, mode: u32) -> Result<()> {
    chmod(path, Mode::from_raw_mode(mode))
        .map_err(|error| Error::io("set the permissions of", path)(error.into()))
}

/// See [`super::Storage::check_access`].
pub(super) fn check(root: &Path) -> Result<()> {
    let metadata = match fs::metadata(root) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io("look at", root)(error)),
    };
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(Error::Foreign { path: root.to_owned(), owner: metadata.uid() });
    }
    // One's own group is often one's own alone; others are not.
    let is_own_group = metadata.gid() == rustix::process::getegid().as_raw();
    let forbidden = if is_own_group { 0o002 } else { 0o022 };
    if metadata.is_dir() && metadata.mode() & forbidden != 0 {
        return Err(Error::WritableByOthers(root.to_owned()));
    }
    Ok(())
}

/// The number of a group in the text of a group file (group(5)).
fn number_of(text: &str, name: &str) -> Option<u32> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let found = fields.next()? == name;
        let number = fields.nth(1)?.parse().ok()?;
        found.then_some(number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_found_by_name_and_number() {
        let text = "root:x:0:\nbroken\nwww-data:x:33:a,b\n";
        assert_eq!(number_of(text, "www-data"), Some(33));
        assert_eq!(number_of(text, "broken"), None);
        assert_eq!(number_of(text, "nobody"), None);
        assert_eq!(KeyGroup::find("1234").unwrap(), KeyGroup(Gid::from_raw(1234)));
        assert!(matches!(KeyGroup::find("no such group"), Err(Error::NoGroup(_))));
        assert!(matches!(KeyGroup::find("4294967295"), Err(Error::NoGroup(_))));
    }

    #[test]
    fn a_state_that_is_not_ours_alone_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        check(&dir.path().join("missing")).unwrap();
        check(dir.path()).unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(check(dir.path()), Err(Error::WritableByOthers(_))));
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(dir.path(), Some(1), None).unwrap();
            assert!(matches!(check(dir.path()), Err(Error::Foreign { owner: 1, .. })));
        }
    }
}
