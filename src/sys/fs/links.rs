//! Outputs that are symbolic links: the file behind the link is the one that is made or replaced, and the link stays.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Error, parent};

/// As many as Linux follows (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// The path of the file behind links, which need not exist. A link of another user is not followed: it could lead a
/// certkit that runs as root to any file.
///
/// # Errors
/// For such a link, and for a circle of links.
pub(super) fn behind_links(path: &Path) -> Result<PathBuf, Error> {
    let own = rustix::process::geteuid().as_raw();
    let error = |source| Error::Io { action: "write", path: path.to_path_buf(), source };
    let mut target = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        match fs::symlink_metadata(&target) {
            Ok(meta) if meta.is_symlink() => {
                // What root has set up everybody has to trust.
                if meta.uid() != own && meta.uid() != 0 {
                    return Err(error(io::Error::other(FOREIGN)));
                }
                let link = fs::read_link(&target).map_err(error)?;
                target = parent(&target).join(link);
            }
            _ => return Ok(target),
        }
    }
    Err(error(io::Error::other("too many symbolic links")))
}

const FOREIGN: &str = "it is a symbolic link of another user";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_to_what_need_not_exist() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("other")).unwrap();
        symlink("two", at("one")).unwrap();
        symlink("other/file", at("two")).unwrap();
        assert_eq!(behind_links(&at("one")).unwrap(), at("other/file"));
        assert_eq!(behind_links(&at("none")).unwrap(), at("none"));
        symlink("loop", at("loop")).unwrap();
        assert!(behind_links(&at("loop")).is_err());
    }
}
