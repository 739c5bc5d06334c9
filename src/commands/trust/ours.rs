//! The CAs of certkit on this machine: in the CA folders, and in the stores also when no folder has them any more.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::survey::Survey;
use crate::ca::{Ledger, ROOT_FILES};
use crate::chain::Located;
use crate::operands::ca_lookup::{folders, tidy};
use crate::report::{Role, TrustedCa, TrustedStore};
use crate::sys::fs::read_limited;
use crate::trust::{Anchor, Holding, Store, certificates_in, is_ours, name_without_date};
use crate::x509::Certificate;

/// What CA folders know: roots by their files, and the keys of CAs by the ledgers.
pub(super) struct KnownCas {
    files: Vec<(String, Certificate)>,
    keys: BTreeSet<String>,
}

/// More than a CA's file has.
const MAX_BYTES: u64 = 1 << 20;

impl KnownCas {
    /// In the folders where certkit looks for a CA.
    pub(super) fn everywhere() -> Self {
        Self::of(folders().collect())
    }

    /// In the folder of a CA's file.
    pub(super) fn beside(file: &Path) -> Self {
        Self::of(vec![file.parent().unwrap_or_else(|| Path::new("")).to_path_buf()])
    }

    fn of(folders: Vec<PathBuf>) -> Self {
        let mut known = Self { files: Vec::new(), keys: BTreeSet::new() };
        for folder in folders {
            known.keys.extend(Ledger::beside(&folder.join(ROOT_FILES.0)).authorities());
            let here = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
            let entries = fs::read_dir(&here).into_iter().flatten().flatten();
            let names = entries.filter(|entry| is_root_file(&entry.file_name().to_string_lossy()));
            let mut paths: Vec<_> = names.map(|entry| tidy(&entry.path())).collect();
            paths.sort();
            for path in paths {
                let held = certificates_in(&read_limited(&path, MAX_BYTES).unwrap_or_default());
                // A bundle is not a CA's own file.
                let Ok([certificate]) = <[_; 1]>::try_from(held) else { continue };
                if certificate.is_self_issued() && certificate.is_ca() {
                    known.files.push((path.display().to_string(), certificate));
                }
            }
        }
        known
    }

    /// Whether a certificate is a root of these folders. That a file or a ledger says so is not enough to take an older
    /// one out of a store: anybody may have written them. The mark in its name cannot be put on another CA's.
    fn includes(&self, certificate: &Certificate) -> bool {
        let files = self.files_of(certificate);
        let is_current = files.iter().any(|file| Path::new(file).ends_with(ROOT_FILES.0));
        let is_recorded = !files.is_empty() || self.keys.contains(&certificate.spki_sha256());
        is_current || (is_recorded && is_ours("", certificate))
    }

    fn files_of(&self, certificate: &Certificate) -> Vec<String> {
        let same = self.files.iter().filter(|(_, other)| other == certificate);
        same.map(|(file, _)| file.clone()).collect()
    }
}

/// `ca.crt`, and what mkca keeps of those before it: `ca.crt.bak`, `ca.crt.bak.2`, `ca.old-2026-11-29.crt`.
fn is_root_file(name: &str) -> bool {
    name == ROOT_FILES.0
        || name.starts_with("ca.crt.bak")
        || (name.starts_with("ca.old-") && name.ends_with(".crt"))
}

/// A CA of certkit, and what stores say about it: each by its index.
pub(super) struct OurCa {
    pub(super) anchor: Anchor,
    pub(super) files: Vec<String>,
    pub(super) holdings: Vec<(usize, Holding)>,
    /// Whether the folders know it by a file or a ledger.
    pub(super) is_known: bool,
}

impl OurCa {
    /// Every CA of certkit in these stores, and those that only have a file.
    pub(super) fn all(known: &KnownCas, stores: &[Box<dyn Store>], survey: &mut Survey) -> Vec<Self> {
        let mut cas: Vec<Self> = Vec::new();
        for (_, certificate) in &known.files {
            Self::of(&mut cas, known, certificate);
        }
        for (index, store) in stores.iter().enumerate() {
            match store.certificates(&|name, one| is_ours(name, one) || known.includes(one)) {
                Ok(stored) => {
                    for one in stored {
                        Self::of(&mut cas, known, &one.certificate).holdings.push((index, one.holding));
                    }
                }
                Err(error) => survey.failed(&**store, &error),
            }
        }
        cas
    }

    /// The one of this certificate, which is added where it is new.
    fn of<'a>(cas: &'a mut Vec<Self>, known: &KnownCas, certificate: &Certificate) -> &'a mut Self {
        let at = cas.iter().position(|ca| ca.anchor.certificate == *certificate).unwrap_or_else(|| {
            cas.push(Self {
                anchor: Anchor::new(certificate.clone()),
                files: known.files_of(certificate),
                holdings: Vec::new(),
                is_known: known.includes(certificate),
            });
            cas.len() - 1
        });
        #[allow(clippy::indexing_slicing, reason = "a position in the list, or its last one")]
        &mut cas[at]
    }

    /// Whether a user made both on one machine without naming them, as `mkca --force` of older versions did.
    pub(super) fn resembles(&self, certificate: &Certificate) -> bool {
        let own = name_without_date(&self.anchor.certificate);
        own.is_some() && own == name_without_date(certificate) && self.anchor.certificate != *certificate
    }

    /// Enough of its fingerprint to name it.
    pub(super) fn short_fingerprint(&self) -> String {
        let sha256 = self.anchor.certificate.sha256();
        sha256.get(..16).unwrap_or(&sha256).to_owned()
    }

    pub(super) fn report(self, stores: Vec<TrustedStore>) -> TrustedCa {
        let Anchor { certificate, name } = self.anchor;
        let certificate = Located::from(certificate).summary(Role::Root);
        TrustedCa { certificate, name, files: self.files, stores }
    }

    /// What the stores say, as reports have it.
    pub(super) fn stores(&self, stores: &[Box<dyn Store>]) -> Vec<TrustedStore> {
        let with = |(index, holding): &(usize, Holding)| {
            let store = stores.get(*index)?;
            let (state, steps) = match holding {
                Holding::Absent => ("absent", Vec::new()),
                Holding::Pending(command) => ("pending", vec![command.clone()]),
                Holding::Trusted => ("trusted", Vec::new()),
                Holding::Untrusted => ("untrusted", Vec::new()),
            };
            let path = store.path().display().to_string();
            Some(TrustedStore { kind: store.kind().as_str(), path, state, steps })
        };
        self.holdings.iter().filter_map(with).collect()
    }
}
