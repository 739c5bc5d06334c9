//! What is written for one renewal: the certificate's file, those that hold the same certificate, and with
//! `--rekey` those of its key.

use std::path::{Path, PathBuf};

use super::candidates::Due;
use crate::finding::Finding;
use crate::operands::rewrite::{RewritableFile, RewriteError};

/// What is decided before a certificate is issued.
pub(super) struct Plan<'a> {
    pub(super) due: Due<'a>,
    /// What is written again, the certificate's own file first.
    pub(super) files: Vec<RewritableFile>,
    /// What holds the old certificate and cannot be written again.
    pub(super) left: Vec<(PathBuf, RewriteError)>,
    /// Copies that stay as they are.
    pub(super) copies: Vec<PathBuf>,
    pub(super) key: KeyPlan,
    /// The file of the private key, where it is known.
    pub(super) key_file: Option<PathBuf>,
    pub(super) notes: Vec<Finding>,
}

impl Plan<'_> {
    /// The files that it writes, as they are without links.
    pub(super) fn written(&self) -> impl Iterator<Item = PathBuf> {
        let new = match &self.key {
            KeyPlan::New(path) => Some(path),
            KeyPlan::Kept | KeyPlan::Replaced => None,
        };
        let paths = self.files.iter().map(|file| &file.path).chain(new);
        paths.map(|path| plain_path(path))
    }
}

/// A path as it is without links.
pub(super) fn plain_path(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// What happens to the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeyPlan {
    Kept,
    /// A new one takes the place of the old one in the files of the plan.
    Replaced,
    /// A new one where there is none.
    New(PathBuf),
}
