//! The trust stores of this machine: finding them, asking them, and installing or uninstalling a
//! CA.
//!
//! ```text
//! find(kind, surroundings) ──> [Store] ──> change / state ──> StoreState
//! ```
//!
//! Programs on this machine trust a CA in one of four stores: the system's own, the databases of
//! NSS (Chromium), the profiles of Firefox (also NSS, one each), and Java's `cacerts`. Each is
//! changed with its own tool, and afterwards asked whether it worked. A certificate is always
//! recognised by its bytes, never by the name it has in a store.
//!
//! Programs that ask none of them read a file that a variable names ([`environment()`]).

mod anchor;
mod apple;
mod bundle;
mod change;
mod environment;
mod java;
mod keychain;
mod mark;
mod nss;
mod program;
mod scratch;
mod store;
mod syntax;
mod system;
#[cfg(test)]
mod testing;
mod uncovered;
mod windows;

use std::path::{Path, PathBuf};

pub use anchor::{Action, Anchor, AnchorError};
pub use apple::mobileconfig;
pub use bundle::plain_file;
pub use change::{ChangeMode, StoreState, change, state};
pub use environment::{Effect, Variable, environment};
pub use mark::{certificates_in, is_ours, name_without_date};
pub use store::{Holding, Store, StoreError, StoreKind, StoredCertificate};
pub use syntax::{Syntax, dockerfile, lines};
pub use uncovered::uncovered;
pub use windows::{is_wsl, windows_command};

/// Where to look for stores. Tests use folders of their own.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The folder that stands for `/`, if it is not the real one.
    pub root: Option<PathBuf>,
    pub home: Option<PathBuf>,
    /// The Java that `$JAVA_HOME` names.
    pub java_home: Option<PathBuf>,
    /// The folders of programs.
    pub path: Vec<PathBuf>,
}

/// The stores of a kind that are on this machine. `wanted` says whether the user named the kind:
/// then one that can be made counts too.
pub fn find(kind: StoreKind, surroundings: &Surroundings, wanted: Wanted) -> Vec<Box<dyn Store>> {
    match kind {
        StoreKind::System => {
            let keychain = keychain::find(surroundings);
            keychain.map_or_else(|| system::find(surroundings), |keychain| vec![keychain])
        }
        StoreKind::Nss | StoreKind::Firefox => nss::find(kind, surroundings, wanted),
        StoreKind::Java => java::find(surroundings),
    }
}

/// Which stores are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Any,
    Named,
}

impl Surroundings {
    /// From the environment; `root` stands for `/`.
    pub fn from_environment(root: Option<&Path>) -> Self {
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        Self {
            root: root.filter(|root| *root != Path::new("/")).map(Path::to_path_buf),
            home: absolute("HOME"),
            java_home: absolute("JAVA_HOME"),
            path: std::env::var_os("PATH")
                .map(|path| std::env::split_paths(&path).collect())
                .unwrap_or_default(),
        }
    }

    /// A path of the machine, such as `/etc/ssl`, below the folder that stands for `/`.
    fn below_root(&self, path: &str) -> PathBuf {
        match &self.root {
            Some(root) => root.join(path.trim_start_matches('/')),
            None => path.into(),
        }
    }

    fn program(&self, name: &str) -> Option<PathBuf> {
        // Users' paths often lack the folders of system programs.
        let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
        self.path.iter().chain(&system).map(|folder| folder.join(name)).find(|path| path.is_file())
    }
}
