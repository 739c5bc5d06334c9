//! Finding the CA: `--ca`/`--ca-key`, `$CERTKIT_CA_DIR`, the current folder,
//! `$XDG_DATA_HOME/certkit`.
//!
//! In a folder intermediate.crt and intermediate.key sign if they are there, else ca.crt and
//! ca.key. For trust ca.crt alone is enough.

use std::path::{Path, PathBuf};

use super::ca_folder::{CaFolder, cas_put_aside};
use super::input::{InputError, certificates_if_any, read_certificates, read_private_key_with};
use super::ledger_choice::LedgerChoice;
use super::output::beside;
use super::password::Passwords;
use crate::ca::{CROSS_FILE, INTERMEDIATE_FILES, Ledger, LedgerError, ROOT_FILES, Records, SigningCa};
use crate::chain::{Origin, TrustStore};
use crate::sys::fs::{heal_folder_of, remove_leftovers};
use crate::sys::shell::path_word;
use crate::x509::{Certificate, CertifiedKey, Mismatch, PrivateKey};

/// Which CA signs, as far as the user says it.
#[derive(Clone, Debug, Default)]
pub struct CaChoice {
    /// Certificate and key; without them the CA is looked for.
    pub files: Option<(PathBuf, PathBuf)>,
    /// The file with the password of the key; `-` is standard input.
    pub password_file: Option<PathBuf>,
    pub ledger: LedgerChoice,
}

/// Why there is no CA to sign with, or to trust.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LookupError {
    #[error("`{}` is not the key of `{}`: {mismatch}", .key.display(), .certificate.display())]
    KeyMismatch { certificate: PathBuf, key: PathBuf, mismatch: Mismatch },
    #[error("there is no CA certificate here (ca.crt)")]
    NoRoot,
    #[error("there is no CA here to sign with (ca.crt and ca.key)")]
    NoSigningCa,
    #[error(transparent)]
    Input(Box<InputError>),
}

impl From<InputError> for LookupError {
    fn from(error: InputError) -> Self {
        Self::Input(Box::new(error))
    }
}

impl CaChoice {
    /// Finds and reads the CA that signs.
    ///
    /// # Errors
    /// When there is none, or its files cannot be used.
    pub fn find(&self) -> Result<SigningCa, LookupError> {
        let mut passwords = Passwords::new("--password-file", self.password_file.as_deref());
        let mut ca = match &self.files {
            Some((certificate, key)) => read_ca(certificate, key, &mut passwords)?,
            None => {
                let (certificate, key) = signing_files().ok_or(LookupError::NoSigningCa)?;
                read_ca(&certificate, &key, &mut passwords)?
            }
        };
        ca.ledger = self.ledger.of(ca.ledger);
        let leaf = ca.certified.leaf();
        if !leaf.is_self_issued() {
            ca.revoked = CaFolder::of(&ca.path, ca.ledger.clone()).revocation_of(leaf);
        }
        Ok(ca)
    }

    /// The same CA choice for another certificate, with the key beside it.
    #[must_use]
    pub fn of_file(&self, certificate: &Path) -> Self {
        let files = Some((certificate.to_path_buf(), key_beside(certificate)));
        Self { files, password_file: self.password_file.clone(), ledger: self.ledger.clone() }
    }

    /// Whether there is a CA to sign with; its files are not read.
    pub fn is_found(&self) -> bool {
        self.files.is_some() || signing_files().is_some()
    }

    /// The options that name this CA again, for the next command: ` --ca F --ca-key F
    /// --password-file F`.
    pub fn options(&self) -> String {
        let (ca, key) = self.files.as_ref().map(|(ca, key)| (ca.as_path(), key.as_path())).unzip();
        // What came through standard input is not there a second time.
        let password_file = self.password_file.as_deref().filter(|file| *file != Path::new("-"));
        [("--ca", ca), ("--ca-key", key), ("--password-file", password_file)]
            .into_iter()
            .filter_map(|(option, file)| Some(format!(" {option} {}", path_word(file?))))
            .chain([self.ledger.option()])
            .collect()
    }
}

/// A ledger to read, without the CA's key.
pub struct LedgerSource {
    pub ledger: Ledger,
    /// The certificate of a CA in the folder.
    path: PathBuf,
    /// The CA that was named.
    ca: Option<Certificate>,
}

impl LedgerSource {
    /// From what `--ca` and `--ledger` name; else that of the CA that is found.
    ///
    /// # Errors
    /// When there is no CA, or the one that is named cannot be read.
    pub fn find(ca: Option<&Path>, ledger: Option<&Path>) -> Result<Self, LookupError> {
        let certificate = ca.map(|ca| read_certificates(&ca.display().to_string())).transpose()?;
        let certificate = certificate.and_then(|read| read.certificates.into_iter().next());
        let path = match ca {
            Some(ca) => ca.to_path_buf(),
            None => match (folders().find(|folder| has_ca(folder)), ledger) {
                (Some(folder), _) => tidy(&folder.join(ROOT_FILES.0)),
                (None, Some(ledger)) => ledger.with_file_name(ROOT_FILES.0),
                (None, None) => return Err(LookupError::NoRoot),
            },
        };
        let beside = Ledger::beside(&path);
        let ledger = match ledger {
            Some(ledger) => beside.moved_to(ledger.to_path_buf()),
            None => beside,
        };
        Ok(Self { ledger, path, ca: certificate.map(|located| located.certificate) })
    }

    /// What it says of the CA that was named, or of all.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn records(&self) -> Result<Records, LedgerError> {
        match &self.ca {
            Some(ca) => self.ledger.read(ca),
            None => self.ledger.read_all(),
        }
    }

    pub fn folder(&self) -> CaFolder {
        CaFolder::of(&self.path, self.ledger.clone())
    }
}

/// Whether certificates of CAs are in a folder.
fn has_ca(folder: &Path) -> bool {
    [ROOT_FILES.0, INTERMEDIATE_FILES.0].iter().any(|name| folder.join(name).exists())
}

/// Trusts the CA that certkit finds by itself, if there is one, and those that it has replaced. A broken one is skipped:
/// the user did not ask about it.
pub fn trust_local_ca(store: &mut TrustStore) {
    for folder in folders() {
        let path = tidy(&folder.join(ROOT_FILES.0));
        if !path.exists() {
            continue;
        }
        if let Ok(read) = read_certificates(&path.display().to_string()) {
            for located in read.certificates {
                store.add(located.certificate, Origin::LocalCa(path.display().to_string()));
            }
        }
        for (old, certificate) in cas_put_aside(&path) {
            if certificate.is_self_issued() {
                store.add(certificate, Origin::OldCa(old.display().to_string()));
            }
        }
        return;
    }
}

/// What a chain may end in: the roots that are named, else the system's and the CA that certkit finds by itself.
///
/// # Errors
/// When a file cannot be read.
pub fn trusted_roots(files: &[PathBuf]) -> Result<TrustStore, InputError> {
    if files.is_empty() {
        let mut trust = TrustStore::system();
        trust_local_ca(&mut trust);
        return Ok(trust);
    }
    let mut trust = TrustStore::default();
    for path in files {
        let file = path.display().to_string();
        let read = read_certificates(&file)?;
        if !read.malformed.is_empty() {
            return Err(InputError::Malformed { file, malformed: read.malformed });
        }
        for located in read.certificates {
            trust.add(located.certificate, Origin::File(file.clone()));
        }
    }
    Ok(trust)
}

/// The certificate of the CA that certkit finds by itself; for trusting it the key is not needed.
///
/// # Errors
/// When there is none.
pub fn root_file() -> Result<PathBuf, LookupError> {
    let mut candidates = folders().map(|folder| tidy(&folder.join(ROOT_FILES.0)));
    candidates.find(|path| path.exists()).ok_or(LookupError::NoRoot)
}

/// `$XDG_DATA_HOME/certkit`, or `~/.local/share/certkit`.
pub fn data_folder() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data =
        absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")))?;
    Some(data.join("certkit"))
}

/// The key of a CA that is named by its certificate alone: `ca.crt` has `ca.key`.
pub fn key_beside(certificate: &Path) -> PathBuf {
    beside(certificate, "key")
}

/// `./ca.crt` is `ca.crt`.
pub fn tidy(path: &Path) -> PathBuf {
    path.strip_prefix(".").map_or_else(|_| path.to_path_buf(), Path::to_path_buf)
}

/// Where a CA is looked for, in this order.
pub fn folders() -> impl Iterator<Item = PathBuf> {
    let chosen = std::env::var_os("CERTKIT_CA_DIR").map(PathBuf::from);
    let folders = chosen.into_iter().chain([PathBuf::from(".")]).chain(data_folder());
    // What a killed run left there is finished before anybody looks.
    folders.inspect(|folder| heal_folder_of(&folder.join(ROOT_FILES.0)))
}

/// Certificate and key of the CA that is found without being named.
fn signing_files() -> Option<(PathBuf, PathBuf)> {
    let pairs = folders().flat_map(|folder| {
        [INTERMEDIATE_FILES, ROOT_FILES].map(|(ca, key)| (folder.join(ca), folder.join(key)))
    });
    pairs.into_iter().find(|(certificate, key)| certificate.exists() && key.exists())
}

fn read_ca(certificate: &Path, key: &Path, passwords: &mut Passwords) -> Result<SigningCa, LookupError> {
    if let Some(folder) = certificate.parent() {
        remove_leftovers(if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    }
    with_key(tidy(certificate), tidy(key), |key| read_private_key_with(key, passwords))
}

/// A CA again whose certificate has changed on disk; its key is the one that is known.
///
/// # Errors
/// When it cannot be read, or has another key.
pub fn read_again(ca: &SigningCa) -> Result<SigningCa, LookupError> {
    let key = ca.certified.key().clone();
    let mut again = with_key(ca.path.clone(), ca.key_path().to_path_buf(), |_| Ok(key))?;
    (again.ledger, again.revoked) = (ca.ledger.clone(), ca.revoked);
    Ok(again)
}

fn with_key(
    path: PathBuf,
    key_path: PathBuf,
    read_key: impl FnOnce(&Path) -> Result<PrivateKey, InputError>,
) -> Result<SigningCa, LookupError> {
    let file = path.display().to_string();
    let mut read = read_certificates(&file)?;
    if !read.malformed.is_empty() {
        return Err(InputError::Malformed { file, malformed: read.malformed }.into());
    }
    let ca = read.certificates.remove(0).certificate;
    let others = read.certificates.into_iter().map(|located| located.certificate).collect();
    let key = read_key(&key_path)?;
    match CertifiedKey::new(ca, others, key) {
        Ok(certified) => {
            let cross = path.with_file_name(CROSS_FILE);
            Ok(SigningCa::new(certified, path, key_path).with_cross(certificates_if_any(&cross)))
        }
        Err(mismatch) => Err(LookupError::KeyMismatch { certificate: path, key: key_path, mismatch }),
    }
}
