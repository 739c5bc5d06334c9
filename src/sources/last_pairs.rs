//! The certificates that a running server uses, by the files that they were read from: each stays in use while its file
//! cannot be used, whatever becomes of the others.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::x509::CertifiedKey;

/// The last good pairs by their files, and what clients got when all files were last read.
#[derive(Debug, Default)]
pub(super) struct LastPairs {
    pairs: Mutex<HashMap<FileNames, CertifiedKey>>,
    shown: Mutex<Vec<Shown>>,
}

/// The paths of certificate and key.
pub(super) type FileNames = (PathBuf, PathBuf);

/// What clients get of a pair: its chain, and the OCSP response.
type Shown = (Vec<Vec<u8>>, Option<Vec<u8>>);

impl LastPairs {
    /// The one that is in use for these files.
    pub(super) fn get(&self, files: &FileNames) -> Option<CertifiedKey> {
        self.pairs.lock().unwrap_or_else(PoisonError::into_inner).get(files).cloned()
    }

    /// Keeps what is in use now, and forgets the rest. Gives whether clients get something else than before.
    pub(super) fn keep(&self, files: &[FileNames], all: &[CertifiedKey]) -> bool {
        let without_staple = |pair: &CertifiedKey| pair.clone().without_staple();
        let now = files.iter().cloned().zip(all.iter().map(without_staple)).collect();
        *self.pairs.lock().unwrap_or_else(PoisonError::into_inner) = now;
        let now: Vec<_> = all.iter().map(shown).collect();
        let mut before = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = *before != now;
        *before = now;
        is_new
    }
}

fn shown(pair: &CertifiedKey) -> Shown {
    let chain = pair.chain().iter().map(|certificate| certificate.der.to_vec()).collect();
    (chain, pair.staple().map(|staple| staple.der.clone()))
}
