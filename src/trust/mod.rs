//! The trust stores of this machine: finding them, asking them, and putting a CA into them or taking it out.
//!
//! ```text
//! find(kinds, surroundings) ──> [Store] ──> holds / install / uninstall / plan
//! ```
//!
//! Programs on this machine trust a CA in one of four places: the system's own store, the databases of NSS (Chromium), the
//! profiles of Firefox (also NSS, one each), and Java's `cacerts`. Each is changed with its own tool, and afterwards asked
//! whether it worked. A certificate is always recognised by its bytes, never by the name it has in a store.

mod apple;
mod java;
mod nss;
mod program;
mod system;

use std::fmt;
use std::path::PathBuf;

pub use apple::mobileconfig;

use crate::pem;
use crate::x509::Certificate;

/// Where to look for stores. Tests look into folders of their own.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The folder that stands for `/`, if it is not the real one.
    pub root: Option<PathBuf>,
    /// The user's folder.
    pub home: Option<PathBuf>,
    /// The Java that `$JAVA_HOME` names.
    pub java_home: Option<PathBuf>,
    /// The folders of programs.
    pub path: Vec<PathBuf>,
}

/// The kinds of stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The store of the operating system: curl, Python, Go and most others.
    System,
    /// The user's NSS database: Chromium, Chrome and what is built on them.
    Nss,
    /// A profile of Firefox.
    Firefox,
    /// Java's `cacerts`.
    Java,
}

/// A CA certificate to be trusted.
#[derive(Debug)]
pub struct Anchor {
    /// The certificate.
    pub certificate: Certificate,
    /// What it is called in stores: its common name and enough of its fingerprint to tell two apart.
    pub name: String,
}

/// What a store says about a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holding {
    /// It is not there.
    Absent,
    /// It is there and not in force yet; the command makes it so.
    Pending(String),
    /// It is there and trusted.
    Trusted,
    /// It is there, but not trusted as a CA for servers.
    Untrusted,
}

/// One trust store.
pub trait Store {
    /// What kind it is.
    fn kind(&self) -> Kind;

    /// Where it is.
    fn place(&self) -> PathBuf;

    /// Asks it.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn holds(&self, anchor: &Anchor) -> Result<Holding, Trouble>;

    /// Puts the certificate in.
    ///
    /// # Errors
    /// When it cannot be changed; it is then as it was before.
    fn install(&self, anchor: &Anchor) -> Result<(), Trouble>;

    /// Takes exactly this certificate out, whatever its name there.
    ///
    /// # Errors
    /// When it cannot be changed.
    fn uninstall(&self, anchor: &Anchor) -> Result<(), Trouble>;

    /// What would be done, as commands and sentences.
    fn plan(&self, anchor: &Anchor, action: Action) -> Vec<String>;
}

/// What to do with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Put the certificate in.
    Install,
    /// Take it out.
    Uninstall,
}

/// Why a store could not be asked or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// The system refused, or the tool failed.
    #[error("{0}")]
    Failed(String),
    /// A tool is not installed.
    #[error("the program {program} is not installed")]
    MissingProgram {
        /// Its name.
        program: &'static str,
        /// What installs it.
        install: String,
    },
    /// Only the administrator may change it.
    #[error("you may not change it")]
    Rights,
    /// Other certificates have the same name in it, and its tool cannot tell them apart.
    #[error("{0} certificates have the name `{1}` in it, and certutil cannot tell them apart")]
    SharedName(usize, String),
}

impl Anchor {
    /// A certificate under the name that stores show.
    pub fn new(certificate: Certificate) -> Self {
        let sha256 = certificate.sha256();
        let name = format!("{} [{}]", certificate.label(), sha256.get(..12).unwrap_or(&sha256));
        // Java separates the columns of its lists with commas, certutil with blanks at the end of a name.
        let name = name.chars().map(|c| if c.is_control() || c == ',' { ' ' } else { c }).collect();
        Self { certificate, name }
    }

    /// The certificate as PEM.
    pub fn pem(&self) -> String {
        let mut text = String::new();
        pem::write(&mut text, "CERTIFICATE", &self.certificate.der);
        text
    }

    /// Where in some PEM the certificate stands: the lines of each copy.
    fn lines_in(&self, text: &[u8]) -> Vec<(usize, usize)> {
        let same = |block: &&pem::PemBlock| block.is_certificate() && *block.der == *self.certificate.der;
        pem::scan(text).blocks.iter().filter(same).map(|block| block.lines).collect()
    }

    /// Whether it is in some PEM.
    fn is_in(&self, text: &[u8]) -> bool {
        !self.lines_in(text).is_empty()
    }
}

impl Kind {
    /// All kinds, in the order to show them.
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

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The stores of a kind that are here. `is_asked_for` says that the user named the kind: then one that can be made is.
pub fn find(kind: Kind, surroundings: &Surroundings, is_asked_for: bool) -> Vec<Box<dyn Store>> {
    match kind {
        Kind::System => system::find(surroundings),
        Kind::Nss | Kind::Firefox => nss::find(kind, surroundings, is_asked_for),
        Kind::Java => java::find(surroundings),
    }
}

impl Surroundings {
    /// A path of the machine, such as `/etc/ssl`, below the folder that stands for `/`.
    fn below_root(&self, path: &str) -> PathBuf {
        match &self.root {
            Some(root) => root.join(path.trim_start_matches('/')),
            None => path.into(),
        }
    }

    /// An installed program.
    fn program(&self, name: &str) -> Option<PathBuf> {
        // Users' paths often lack the folders of system programs.
        let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
        self.path.iter().chain(&system).map(|folder| folder.join(name)).find(|path| path.is_file())
    }
}
