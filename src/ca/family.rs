//! The CAs of one folder that came before the one that signs now: its root, those that a roll-over
//! or a renewal put aside. What they issued is renewed by the one that signs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::ledger::{Error as LedgerError, Records};
use super::plan::names_issuer_by_serial;
use super::signing_ca::{INTERMEDIATE_FILES, NotIssuedHereError, ROOT_FILES, SigningCa};
use crate::pem;
use crate::sys::fs::read_limited;
use crate::x509::{Certificate, SignatureCheck};

/// Stands between the name of a file that a roll-over put aside and its date: `ca.old-2026-11-20.crt`.
const OLD: &str = ".old-";
/// A CA's certificate is a few kilobytes.
const MAX_BYTES: u64 = 1 << 20;

/// The path that a CA's file is put aside under; `copy` counts from 1 those of one day.
pub fn old_path(path: &Path, date: &str, copy: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let copy = if copy < 2 { String::new() } else { format!("-{copy}") };
    path.with_file_name(format!("{stem}{OLD}{date}{copy}.{ending}"))
}

/// The certificate files beside a CA that a roll-over put aside, the last one first.
pub fn put_aside(ca: &Path) -> Vec<PathBuf> {
    let folder = match ca.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let is_old =
        |name: &OsString| name.to_str().is_some_and(|name| name.contains(OLD) && name.ends_with(".crt"));
    let mut paths: Vec<_> = names.filter(is_old).map(|name| ca.with_file_name(name)).collect();
    paths.sort_by(|one, other| other.cmp(one));
    paths
}

/// Certificate and key of the root beside a CA: `ca.crt`, or the one that was put aside with it.
pub fn root_beside(ca: &Path) -> (PathBuf, PathBuf) {
    let name = ca.file_name().unwrap_or_default().to_string_lossy();
    let aside = name.split_once(OLD).and_then(|(_, rest)| rest.strip_suffix(".crt"));
    match aside {
        Some(date) => {
            let file = |ending: &str| ca.with_file_name(format!("ca{OLD}{date}.{ending}"));
            (file("crt"), file("key"))
        }
        None => (ca.with_file_name(ROOT_FILES.0), ca.with_file_name(ROOT_FILES.1)),
    }
}

impl SigningCa {
    /// The other CAs of its folder: the root beside an intermediate, and those that were put aside.
    pub fn family(&self) -> &[Certificate] {
        self.family.get_or_init(|| self.find_family())
    }

    /// Where certificates of its family may be.
    fn family_files(&self) -> Vec<PathBuf> {
        let mut paths = vec![self.path.with_file_name(ROOT_FILES.0)];
        paths.extend(put_aside(&self.path));
        paths.sort();
        paths
    }

    fn find_family(&self) -> Vec<Certificate> {
        let own = self.certified.leaf();
        let mut family: Vec<Certificate> =
            self.family_files().iter().flat_map(|path| certificates(path)).collect();
        family.retain(|ca| ca.is_ca() && ca.spki != own.spki);
        family
    }

    /// What the ledger says about this CA and its family together.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn family_records(&self) -> Result<Records, LedgerError> {
        self.ledger.read_family(&self.with_family())
    }

    fn with_family(&self) -> Vec<&Certificate> {
        std::iter::once(self.certified.leaf()).chain(self.family()).collect()
    }

    /// The one of this CA and its family that issued the certificate.
    pub fn issuer_of(&self, certificate: &Certificate) -> Option<&Certificate> {
        let is_issuer = |ca: &&Certificate| {
            certificate.names_issuer(ca) && certificate.signature_by(ca) == SignatureCheck::Valid
        };
        // The others are read from the disk only when they are needed.
        Some(self.certified.leaf()).filter(is_issuer).or_else(|| self.family().iter().find(is_issuer))
    }

    /// The same, where there is to be one; `file` is the certificate's.
    ///
    /// # Errors
    /// When it is of another CA.
    pub fn require_issued(
        &self,
        certificate: &Certificate,
        file: &str,
    ) -> Result<&Certificate, NotIssuedHereError> {
        self.issuer_of(certificate).ok_or_else(|| {
            let issuer = certificate.issuer.label();
            NotIssuedHereError { file: file.to_owned(), ca: self.path.clone(), issuer }
        })
    }

    /// This CA and every other one in its folder, whose certificates a revocation may be about, with their files. An
    /// intermediate counts for its root too: both may have certified one key.
    pub fn relatives(&self) -> Vec<(PathBuf, Certificate)> {
        let own = self.certified.leaf();
        let mut relatives = vec![(self.path.clone(), own.clone())];
        let intermediate = self.path.with_file_name(INTERMEDIATE_FILES.0);
        for path in self.family_files().into_iter().chain([intermediate]) {
            for ca in certificates(&path).into_iter().filter(Certificate::is_ca) {
                if relatives.iter().all(|(_, known)| known.spki != ca.spki) {
                    relatives.push((path.clone(), ca));
                }
            }
        }
        relatives
    }

    /// Whether a file holds intermediates that this CA or its family had before, and nothing else: then
    /// the intermediates of today may take its place.
    pub fn outdates(&self, file: &Path) -> bool {
        let (intermediates, family) = (certificates(file), self.family());
        let is_known = |ca: &Certificate| {
            let mut known = self.bundle.iter().chain(family);
            known.any(|known| known.spki == ca.spki && known.subject.der == ca.subject.der)
        };
        let is_older = intermediates.iter().any(|ca| !self.bundle.contains(ca));
        is_older && intermediates.iter().all(|ca| !ca.is_self_issued() && is_known(ca))
    }
}

/// A file beside a CA's whose certificate names the CA's by its serial number: the CA's own, or one that it issued.
pub fn named_by_serial(ca: &Certificate, path: &Path) -> Option<PathBuf> {
    if ca.is_self_issued() && names_issuer_by_serial(ca) {
        return Some(path.to_path_buf());
    }
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let is_certificate = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ["crt", "cer", "pem"].iter().any(|known| ending == *known))
            && path.is_file()
    };
    let names_it = |path: &PathBuf| {
        certificates(path).iter().any(|one| {
            names_issuer_by_serial(one)
                && one.names_issuer(ca)
                && one.signature_by(ca) == SignatureCheck::Valid
        })
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| path.with_file_name(entry.file_name()));
    paths.filter(is_certificate).find(names_it)
}

/// The certificates of a file in PEM; none when it cannot be read.
fn certificates(path: &Path) -> Vec<Certificate> {
    let Ok(text) = read_limited(path, MAX_BYTES) else { return Vec::new() };
    let blocks = pem::scan(&text).blocks;
    blocks.into_iter().filter_map(|block| Certificate::from_der(block.der.to_vec()).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_put_aside_beside_themselves() {
        let old = |copy| old_path(Path::new("pki/ca.crt"), "2026-11-20", copy);
        assert_eq!(old(1), Path::new("pki/ca.old-2026-11-20.crt"));
        assert_eq!(old(2), Path::new("pki/ca.old-2026-11-20-2.crt"));
        let root = |ca: &str| root_beside(Path::new(ca)).0;
        assert_eq!(root("pki/intermediate.crt"), Path::new("pki/ca.crt"));
        assert_eq!(root("pki/intermediate.old-2026-11-20-2.crt"), old(2));
    }
}
