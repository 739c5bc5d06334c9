//! A file of secrets: lines `name = "value"` in TOML, which nobody but its owner may read.
//!
//! `NAME_file = "PATH"` takes the value from another file, for keys of many lines. No message holds a value.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use toml::Value;
use zeroize::Zeroizing;

use super::Error;
use super::redaction::redacted;
use crate::sys::fs::{plain, read_limited_from};

const MAX_FILE_BYTES: u64 = 64 * 1024;
/// Group and others.
const OTHERS_MAY: u32 = 0o077;
/// Ends the name of a value that is in a file of its own.
const IN_A_FILE: &str = "_file";
/// These are not secrets, and help in a message.
const PUBLIC: [&str; 9] =
    ["base_url", "domain", "endpoint", "environment", "host", "region", "server_url", "ttl", "zone"];
/// A shorter value is too common in a message to be taken out of it.
const SHORTEST_SECRET: usize = 4;
/// The same for a line of a value that has several.
const SHORTEST_LINE: usize = 16;

/// The file that is to blame, if it is another one than was read, and why.
type Wrong = (Option<PathBuf>, String);

/// The values, by their names.
#[derive(Default)]
pub(super) struct Credentials(Vec<(String, Zeroizing<String>)>);

impl Credentials {
    /// Reads the file.
    ///
    /// # Errors
    /// [`Error::NoFile`], or [`Error::Credentials`] with what is wrong.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let bad = |(file, reason): Wrong| Error::Credentials {
            path: file.unwrap_or_else(|| path.to_owned()),
            reason,
        };
        if is_missing(path) {
            return Err(Error::NoFile { what: "the credentials for DNS", path: path.to_owned() });
        }
        let bytes = private(path).map_err(|reason| bad((None, reason)))?;
        let text =
            std::str::from_utf8(&bytes).map_err(|_| bad((None, "it is not text in UTF-8".to_owned())))?;
        Self::parse(text, path.parent().unwrap_or_else(|| Path::new(""))).map_err(bad)
    }

    pub(super) fn parse(text: &str, folder: &Path) -> Result<Self, Wrong> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            // `error` itself would show the line, with a secret in it perhaps.
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            (None, format!("line {line}: it is not `name = \"value\"`"))
        })?;
        let mut values = Vec::new();
        for (name, value) in table {
            let value = match value {
                Value::String(text) => text,
                Value::Integer(number) => number.to_string(),
                Value::Boolean(is) => is.to_string(),
                _ => return Err((None, format!("`{name}` is not a string"))),
            };
            let value = Zeroizing::new(value);
            values.push(match name.strip_suffix(IN_A_FILE) {
                Some(short) if !short.is_empty() => {
                    let place = folder.join(value.as_str());
                    let bytes = private(&place).map_err(|reason| {
                        let reason = format!("{}: {reason}", place.display());
                        (Some(place.clone()), reason)
                    })?;
                    (short.to_owned(), Zeroizing::new(String::from_utf8_lossy(&bytes).trim().to_owned()))
                }
                _ => (name, value),
            });
        }
        Ok(Self(values))
    }

    /// A value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The names of all values.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Names and values, as variables of a program's environment.
    pub(super) fn variables(&self) -> Vec<(String, String)> {
        self.0.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
    }

    /// A message of somebody else without the values and these others, and without the queries of URLs.
    pub(super) fn redact(&self, message: &str, others: &[&str]) -> String {
        let is_secret = |name: &str, value: &str| value.len() >= SHORTEST_SECRET && !PUBLIC.contains(&name);
        let values = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let values = values.filter(|(name, value)| is_secret(name, value)).map(|(_, value)| value);
        // A part of a key of many lines may be shown, too.
        let lines = values.clone().filter(|value| value.contains('\n')).flat_map(str::lines);
        let lines = lines.filter(|line| line.len() >= SHORTEST_LINE && !line.starts_with("-----"));
        let secrets: Vec<&str> = values.chain(lines).chain(others.iter().copied()).collect();
        redacted(message, &secrets)
    }
}

/// The bytes of a file that only its owner may read; the error says what is wrong with it.
fn private(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let file = File::open(path).map_err(|error| plain(&error))?;
    let mode = file.metadata().map_err(|error| plain(&error))?.mode();
    if mode & OTHERS_MAY != 0 {
        return Err(format!("others may read it (its mode is {:o})", mode & 0o777));
    }
    read_limited_from(file, MAX_FILE_BYTES).map(Zeroizing::new).map_err(|error| plain(&error))
}

/// Whether there is no such file.
pub(super) fn is_missing(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_read_also_from_other_files() {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("key.pem");
        write(&key, "one\ntwo\n").unwrap();
        set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
        let text = "token = \"abc def\"\nport = 53\nsandbox = true\nkey_file = \"key.pem\"\n";
        let read = Credentials::parse(text, dir.path()).unwrap();
        let values = ["token", "port", "sandbox", "key", "other"].map(|name| read.get(name));
        assert_eq!(values, [Some("abc def"), Some("53"), Some("true"), Some("one\ntwo"), None]);
        assert!(!format!("{read:?}").contains("abc"));
        set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
        let (file, reason) = Credentials::parse(text, dir.path()).unwrap_err();
        assert!(file.as_ref() == Some(&key) && reason.contains("others may read it"), "{reason}");
    }

    #[test]
    fn what_is_wrong_is_said_without_a_value() {
        for (text, why) in [
            ("token = \"secret", "line 1"),
            ("a = 1\ntoken = secret", "line 2"),
            ("token = [\"secret\"]", "`token` is not a string"),
            ("key_file = \"/no/such/file\"", "/no/such/file: no such file"),
        ] {
            let (_, reason) = Credentials::parse(text, Path::new("")).unwrap_err();
            assert!(reason.contains(why) && !reason.contains("secret"), "{reason}");
        }
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dns.toml");
        write(&path, "token = \"secret\"").unwrap();
        for (mode, is_fine) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert_eq!(Credentials::read(&path).is_ok(), is_fine, "{mode:o}");
        }
    }

    #[test]
    fn values_are_taken_out_of_messages() {
        let text = "token = \"Tr0ub-4!\"\nlong = \"Tr0ub-4!and-more\"\nid = \"no\"\nzone = \"api.test\"";
        let read = Credentials::parse(text, Path::new("")).unwrap();
        let message = "no: https://api.test/x/Tr0ub-4%21and-more?key=1 Tr0ub-4! other";
        assert_eq!(read.redact(message, &["other"]), "no: https://api.test/x/***?*** *** ***");
        let text = "key = '''\n-----BEGIN KEY-----\nMIIBVgIBADANBgkq\n-----END KEY-----\n'''";
        let read = Credentials::parse(text, Path::new("")).unwrap();
        assert_eq!(read.redact("-----BEGIN KEY----- MIIBVgIBADANBgkq", &[]), "-----BEGIN KEY----- ***");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,200}") {
            let _ = Credentials::parse(&text, Path::new("/nonexistent"));
        }
    }
}
