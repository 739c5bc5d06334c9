//! Variables from a folder, as daemontools' envdir(8) and uWSGI have them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::serve::worker::WorkerConfig;
use crate::sys::fs::plain;
use crate::sys::read::read_regular;

/// Bytes of the value of a variable.
const LONGEST: u64 = 128 * 1024;

/// The name of each file with what it holds; `None` for an empty one. Blanks and line breaks at the end do not count,
/// and zero bytes are line breaks.
pub(super) fn folder_variables(folder: &Path) -> Result<Vec<(OsString, Option<OsString>)>, String> {
    let mut variables = Vec::new();
    for entry in folder.read_dir().map_err(|error| plain(&error))? {
        let entry = entry.map_err(|error| plain(&error))?;
        let (name, path) = (entry.file_name(), entry.path());
        if name.as_bytes().starts_with(b".") || !path.is_file() {
            continue;
        }
        let contents = read_regular(&path, LONGEST)
            .map_err(|error| format!("{} cannot be read: {}", path.display(), plain(&error)))?;
        let text: Vec<_> =
            contents.trim_ascii_end().iter().map(|byte| if *byte == 0 { b'\n' } else { *byte }).collect();
        let value = (!contents.is_empty()).then(|| OsStr::from_bytes(&text).to_owned());
        variables.push((name, value));
    }
    variables.sort();
    Ok(variables)
}

/// Removes a variable; one that is set later is there.
pub(super) fn unset(worker: &mut WorkerConfig, name: OsString) {
    worker.env.retain(|(other, _)| *other != name);
    worker.unset.push(name);
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn each_file_is_a_variable() {
        let folder = tempfile::tempdir().unwrap();
        let files: [(&str, &[u8]); 4] =
            [("A", b"one two \n\n"), ("B", b"a\0b\n"), ("EMPTY", b""), (".hidden", b"x")];
        for (name, contents) in files {
            fs::write(folder.path().join(name), contents).unwrap();
        }
        fs::create_dir(folder.path().join("FOLDER")).unwrap();
        let expected = [("A", Some("one two")), ("B", Some("a\nb")), ("EMPTY", None)];
        let expected = expected.map(|(name, value)| (name.into(), value.map(OsString::from)));
        assert_eq!(folder_variables(folder.path()).unwrap(), expected);
        assert!(folder_variables(&folder.path().join("missing")).is_err());
    }
}
