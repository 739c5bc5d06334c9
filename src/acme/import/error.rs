//! Why the folder of another client cannot be read at all.

use std::io;
use std::path::PathBuf;

use crate::acme::storage;
use crate::sys::fs::plain;

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    #[error("cannot read {}: {}", .path.display(), plain(.source))]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} is not a folder", .0.display())]
    NoFolder(PathBuf),
    #[error(transparent)]
    Storage(#[from] storage::Error),
    #[error("{} is not a folder of certbot, lego or acme.sh", .0.display())]
    UnknownClient(PathBuf),
}
