//! Credentials of DNS providers that were taken over from another client: `credentials/PROVIDER.toml`, which only their
//! owner may read.

use std::path::PathBuf;

use super::{Result, Storage};

impl Storage {
    /// The file for these credentials: one that holds the same already, else a new one.
    ///
    /// # Errors
    /// When a file is there and cannot be read.
    pub fn credentials_file(&self, stem: &str, text: &str) -> Result<PathBuf> {
        Ok(self.location(&self.credentials_key(stem, text)?.0))
    }

    /// Keeps credentials, and gives their file.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save_credentials(&self, stem: &str, text: &str) -> Result<PathBuf> {
        let (key, is_new) = self.credentials_key(stem, text)?;
        if is_new {
            self.backend.put(&key, text.as_bytes())?;
        }
        Ok(self.location(&key))
    }

    /// Where they are kept or to be kept, and whether nothing is there.
    fn credentials_key(&self, stem: &str, text: &str) -> Result<(String, bool)> {
        let mut number = 1;
        loop {
            let suffix = if number == 1 { String::new() } else { format!("-{number}") };
            let key = format!("credentials/{stem}{suffix}.toml");
            match self.backend.get(&key)? {
                Some(there) if there == text.as_bytes() => return Ok((key, false)),
                Some(_) => number += 1,
                None => return Ok((key, true)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_same_is_kept_once_and_nothing_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::new(dir.path().join("state"));
        let first = storage.save_credentials("ovh", "a = \"1\"\n").unwrap();
        assert_eq!(fs::metadata(&first).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(storage.save_credentials("ovh", "a = \"1\"\n").unwrap(), first);
        let second = storage.save_credentials("ovh", "a = \"2\"\n").unwrap();
        assert!(second.ends_with("credentials/ovh-2.toml"), "{}", second.display());
        assert_eq!(fs::read_to_string(&first).unwrap(), "a = \"1\"\n");
    }
}
