//! The secret that front servers send with requests by AJP.

use std::io;
use std::path::Path;

use zeroize::Zeroizing;

use crate::sys::opener::Opener;
use crate::sys::read::read_regular_from;

/// Longer files are not secrets.
const LONGEST: u64 = 4096;

/// What only this server and its front servers know.
pub(in crate::serve) struct AjpSecret(Zeroizing<Vec<u8>>);

impl AjpSecret {
    /// Reads the first line of a file.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::InvalidData`] if there is nothing in it, or too much.
    pub(in crate::serve) fn read(path: &Path, opener: &dyn Opener) -> io::Result<Self> {
        let text = Zeroizing::new(read_regular_from(opener.read(path)?, LONGEST)?);
        let line = text.split(|byte| b"\r\n".contains(byte)).next().unwrap_or_default();
        if line.is_empty() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Self(Zeroizing::new(line.to_vec())))
    }

    /// Whether it is this, in a time that does not depend on where the two differ.
    pub(in crate::serve) fn is(&self, sent: &[u8]) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(&self.0, sent).is_ok()
    }
}

impl std::fmt::Debug for AjpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AjpSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::opener::OwnRights;

    #[test]
    fn the_first_line_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text: &str| {
            let path = folder.path().join("secret");
            std::fs::write(&path, text).unwrap();
            AjpSecret::read(&path, &OwnRights)
        };
        for text in ["swordfish", "swordfish\n", "swordfish\r\nmore\n"] {
            let secret = read(text).unwrap();
            assert!(secret.is(b"swordfish"), "{text:?}");
            assert!(!secret.is(b"swordfisH") && !secret.is(b"swordfish ") && !secret.is(b""));
            assert!(!format!("{secret:?}").contains("sword"));
        }
        assert!(read("").is_err() && read("\nx").is_err() && read(&"x".repeat(5000)).is_err());
        assert!(AjpSecret::read(&folder.path().join("missing"), &OwnRights).is_err());
    }
}
