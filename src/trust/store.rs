//! What every trust store can do, whatever its kind.

use std::fmt;
use std::path::PathBuf;

use super::anchor::{Action, Anchor};
use crate::x509::Certificate;

/// The kinds of stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// The store of the operating system: curl, Python, Go and most others.
    System,
    /// The user's NSS database: Chromium, Chrome and what is built on them.
    Nss,
    /// A profile of Firefox.
    Firefox,
    /// Java's `cacerts`.
    Java,
}

/// What a store says about a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holding {
    Absent,
    /// It is there and not effective yet; the command makes it so.
    Pending(String),
    Trusted,
    /// It is there, but not trusted as a CA for servers.
    Untrusted,
}

/// A certificate in a store.
#[derive(Debug)]
pub struct StoredCertificate {
    pub certificate: Certificate,
    pub holding: Holding,
}

/// Picks certificates of a store by what it calls them and by what they are.
pub type Filter<'a> = &'a dyn Fn(&str, &Certificate) -> bool;

pub trait Store {
    fn kind(&self) -> StoreKind;

    /// Its file or folder.
    fn path(&self) -> PathBuf;

    /// What it says about a certificate.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn holds(&self, anchor: &Anchor) -> Result<Holding, StoreError>;

    /// Installs the certificate.
    ///
    /// # Errors
    /// When it cannot be changed; it is then as it was before.
    fn install(&self, anchor: &Anchor) -> Result<(), StoreError>;

    /// Removes exactly this certificate, whatever its name there.
    ///
    /// # Errors
    /// When it cannot be changed.
    fn uninstall(&self, anchor: &Anchor) -> Result<(), StoreError>;

    /// What would be done, as commands and sentences.
    fn plan(&self, anchor: &Anchor, action: Action) -> Vec<String>;

    /// The certificates in it that pass the filter, each once.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn certificates(&self, filter: Filter<'_>) -> Result<Vec<StoredCertificate>, StoreError>;

    /// What the user must know of this kind of store.
    fn caution(&self) -> Option<&'static str> {
        None
    }
}

/// Why a store could not be asked or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The system refused, or the tool failed.
    #[error("{0}")]
    Failed(String),
    #[error("the program {program} is not installed")]
    MissingProgram { program: &'static str, install: String },
    #[error("only root can change it")]
    NeedsRoot,
    #[error("the certificate is still there: the system gets it from another source")]
    StillThere,
    #[error("the certificate was installed, but is still not trusted")]
    StillUntrusted,
}

impl StoreKind {
    /// In the order to show them.
    pub const ALL: [Self; 4] = [Self::System, Self::Nss, Self::Firefox, Self::Java];

    /// The word on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Nss => "nss",
            Self::Firefox => "firefox",
            Self::Java => "java",
        }
    }
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
