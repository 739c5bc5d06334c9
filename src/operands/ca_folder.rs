//! The CAs of one folder together: who issued whom, and what their ledger and their lists say of a certificate.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::input::{certificates_if_any, read_private_key_with};
use super::output::beside;
use super::password::Passwords;
use super::revocation_list::read_revocation_list_file;
use crate::ca::{
    CaAbove, INTERMEDIATE_FILES, Ledger, ListFiles, ListsInPlace, ROOT_FILES, Reason, SigningCa, is_list_of,
    put_aside, root_beside,
};
use crate::chain::{KnownRevocation, Located};
use crate::x509::{Certificate, CertifiedKey, Crl, SignatureCheck};

/// What is known in a folder. What cannot be read is left out: nobody has asked about it.
pub struct CaFolder {
    path: PathBuf,
    cas: Vec<Certificate>,
    ledger: Ledger,
}

impl CaFolder {
    /// The folder of a CA, whose certificate has this path.
    pub fn of(ca: &Path, ledger: Ledger) -> Self {
        let files = [root_beside(ca).0, ca.with_file_name(INTERMEDIATE_FILES.0)];
        let mut cas = certificates_if_any(ca);
        cas.extend(files.iter().filter(|file| *file != ca).flat_map(|file| certificates_if_any(file)));
        Self { path: ca.to_path_buf(), cas, ledger }
    }

    /// The same folder with the CAs that a roll-over put aside.
    fn with_aside(mut self) -> Self {
        self.cas.extend(cas_put_aside(&self.path).into_iter().map(|(_, ca)| ca));
        self
    }

    /// The CA that issued a certificate, if it is here and not the certificate itself.
    fn issuer(&self, certificate: &Certificate) -> Option<&Certificate> {
        if certificate.is_self_issued() {
            return None;
        }
        self.cas
            .iter()
            .find(|ca| certificate.names_issuer(ca) && certificate.signature_by(ca) == SignatureCheck::Valid)
    }

    /// What the ledger says of a certificate, or else the list of its CA in this folder; with the file that says so.
    fn revocation(&self, certificate: &Certificate) -> Option<(OffsetDateTime, Reason, PathBuf)> {
        let issuer = self.issuer(certificate)?;
        let entry = self.ledger.revocation(issuer, &certificate.serial_hex()).ok().flatten();
        if let Some((at, reason)) = entry {
            return Some((at, reason, self.ledger.path().to_path_buf()));
        }
        let own = [ROOT_FILES.0, INTERMEDIATE_FILES.0].map(|name| self.path.with_file_name(name));
        own.into_iter().chain(put_aside(&self.path)).find_map(|path| {
            let path = path.with_extension("crl");
            let ListsInPlace::Lists(lists) = ListsOnDisk.lists(&path) else { return None };
            let is_issuers = |list: &&Crl| {
                list.issuer.der == issuer.subject.der && list.signature_by(issuer) == SignatureCheck::Valid
            };
            let revocation = lists.iter().filter(is_issuers).find_map(|list| list.revocation(certificate))?;
            Some((revocation.date, Reason::from_code(revocation.reason_code), path))
        })
    }

    /// The same as the chain rules want it.
    fn known_revocation(&self, certificate: &Certificate) -> Option<KnownRevocation> {
        let (at, reason, file) = self.revocation(certificate)?;
        let file = file.display().to_string();
        Some(KnownRevocation { sha256: certificate.sha256(), at, reason: reason.phrase(), file })
    }

    /// When and why the CA, or one above it, was revoked.
    pub fn revocation_of(&self, ca: &Certificate) -> Option<(OffsetDateTime, Reason)> {
        let mut certificate = ca;
        for _ in 0..MAX_DEPTH {
            if let Some((at, reason, _)) = self.revocation(certificate) {
                return Some((at, reason));
            }
            certificate = self.issuer(certificate)?;
        }
        None
    }

    /// The intermediates that a server sends along with a certificate.
    pub fn intermediates(&self, certificate: &Certificate) -> Vec<Certificate> {
        let mut found: Vec<Certificate> = Vec::new();
        let mut current = certificate;
        while found.len() < MAX_DEPTH
            && let Some(issuer) = self.issuer(current).filter(|issuer| !issuer.is_self_issued())
        {
            found.push(issuer.clone());
            current = issuer;
        }
        found
    }

    /// The CAs above one, up to the root, each with its key where that is here and can be read.
    pub fn above(&self, ca: &SigningCa, passwords: &mut Passwords) -> Vec<CaAbove> {
        let mut above = Vec::new();
        let mut certificate = ca.certified.leaf();
        while above.len() < MAX_DEPTH
            && let Some(issuer) = self.issuer(certificate)
        {
            above.push(with_key(issuer.clone(), &root_beside(&self.path).1, passwords));
            certificate = issuer;
        }
        above
    }
}

/// The other CAs of a folder whose lists are in a file, such as those that a roll-over put aside: servers that trust
/// them need their lists, so these go on in it.
pub fn listed_relatives(
    ca: &SigningCa,
    above: &[CaAbove],
    file: &Path,
    passwords: &mut Passwords,
) -> Vec<CaAbove> {
    let ListsInPlace::Lists(lists) = ListsOnDisk.lists(file) else { return Vec::new() };
    let is_listed = |relative: &Certificate| {
        relative.spki != ca.certified.leaf().spki
            && above.iter().all(|known| known.certificate().spki != relative.spki)
            && lists.iter().any(|list| is_list_of(list, relative))
    };
    let relatives = ca.relatives().into_iter().filter(|(_, relative)| is_listed(relative));
    relatives.map(|(path, relative)| with_key(relative, &beside(&path, "key"), passwords)).collect()
}

/// A CA, with its key where that is here and can be read.
fn with_key(ca: Certificate, key: &Path, passwords: &mut Passwords) -> CaAbove {
    let key = key.exists().then(|| read_private_key_with(key, passwords).ok()).flatten();
    let certified = key.and_then(|key| CertifiedKey::new(ca.clone(), Vec::new(), key).ok());
    match certified {
        Some(certified) => CaAbove::WithKey(certified),
        None => CaAbove::Certificate(Box::new(ca)),
    }
}

/// The CAs beside one that a roll-over put aside, with their files.
pub fn cas_put_aside(ca: &Path) -> Vec<(PathBuf, Certificate)> {
    let mut found = Vec::new();
    for path in put_aside(ca) {
        let cas = certificates_if_any(&path).into_iter().filter(Certificate::is_ca);
        found.extend(cas.map(|certificate| (path.clone(), certificate)));
    }
    found
}

/// What the CAs with these certificate files say of some certificates, in their ledgers and lists.
pub fn known_revocations(certificates: &[Located], cas: &[PathBuf]) -> Vec<KnownRevocation> {
    let folders: Vec<_> = cas.iter().map(|ca| CaFolder::of(ca, Ledger::beside(ca)).with_aside()).collect();
    let known = certificates.iter().filter_map(|located| {
        folders.iter().find_map(|folder| folder.known_revocation(&located.certificate))
    });
    known.collect()
}

/// CAs between a certificate and its root; nobody has more.
const MAX_DEPTH: usize = 8;

/// Lists in files.
pub struct ListsOnDisk;

impl ListFiles for ListsOnDisk {
    fn lists(&self, path: &Path) -> ListsInPlace {
        if path.symlink_metadata().is_err() {
            return ListsInPlace::Nothing;
        }
        // Reading a pipe would wait.
        if !path.is_file() {
            return ListsInPlace::Other;
        }
        read_revocation_list_file(&path.display().to_string())
            .map_or(ListsInPlace::Other, ListsInPlace::Lists)
    }
}
