//! A certificate in a file of its own, for tools that read files only.

use std::fs;
use std::path::{Path, PathBuf};

use super::StoreError;
use crate::sys::fs::plain;

/// A file that a tool reads; removed when this is dropped.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new(text: &str) -> Result<Self, StoreError> {
        let mut random = [0; 8];
        aws_lc_rs::rand::fill(&mut random)
            .map_err(|_| StoreError::Failed("the system gives no random bytes".into()))?;
        let name = format!("certkit-{:016x}.crt", u64::from_be_bytes(random));
        let path = std::env::temp_dir().join(name);
        Self::write(&path, text).map_err(|error| {
            StoreError::Failed(format!("cannot write {}: {}", path.display(), plain(&error)))
        })?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// A new file only: another user may have put a link there.
    fn write(path: &Path, text: &str) -> std::io::Result<()> {
        use std::io::Write;
        fs::OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
