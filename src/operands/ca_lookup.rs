//! Finding the CA: `--ca`/`--ca-key`, `$CERTKIT_CA_DIR`, the current folder,
//! `$XDG_DATA_HOME/certkit`.
//!
//! In a folder intermediate.crt and intermediate.key sign if they are there, else ca.crt and
//! ca.key. For trust ca.crt alone is enough.

use std::path::{Path, PathBuf};

use super::input::{InputError, read_certificates, read_private_key_with};
use super::password::Passwords;
use crate::ca::{INTERMEDIATE_FILES, ROOT_FILES, SigningCa};
use crate::chain::{Origin, TrustStore};
use crate::sys::shell::path_word;
use crate::x509::{CertifiedKey, Mismatch};

/// Which CA signs, as far as the user says it.
#[derive(Clone, Debug, Default)]
pub struct CaChoice {
    /// Certificate and key; without them the CA is looked for.
    pub files: Option<(PathBuf, PathBuf)>,
    /// The file with the password of the key; `-` is standard input.
    pub password_file: Option<PathBuf>,
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
        if let Some((certificate, key)) = &self.files {
            return read_ca(certificate, key, &mut passwords);
        }
        let (certificate, key) = signing_files().ok_or(LookupError::NoSigningCa)?;
        read_ca(&certificate, &key, &mut passwords)
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
            .collect()
    }
}

/// Trusts the CA that certkit finds by itself, if there is one. A broken one is skipped: the user
/// did not ask about it.
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
        return;
    }
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

/// `./ca.crt` is `ca.crt`.
pub fn tidy(path: &Path) -> PathBuf {
    path.strip_prefix(".").map_or_else(|_| path.to_path_buf(), Path::to_path_buf)
}

fn folders() -> impl Iterator<Item = PathBuf> {
    let chosen = std::env::var_os("CERTKIT_CA_DIR").map(PathBuf::from);
    chosen.into_iter().chain([PathBuf::from(".")]).chain(data_folder())
}

/// Certificate and key of the CA that is found without being named.
fn signing_files() -> Option<(PathBuf, PathBuf)> {
    let pairs = folders().flat_map(|folder| {
        [INTERMEDIATE_FILES, ROOT_FILES].map(|(ca, key)| (folder.join(ca), folder.join(key)))
    });
    pairs.into_iter().find(|(certificate, key)| certificate.exists() && key.exists())
}

fn read_ca(certificate: &Path, key: &Path, passwords: &mut Passwords) -> Result<SigningCa, LookupError> {
    let (path, key_path) = (tidy(certificate), tidy(key));
    let file = path.display().to_string();
    let mut read = read_certificates(&file)?;
    if !read.malformed.is_empty() {
        return Err(InputError::Malformed { file, malformed: read.malformed }.into());
    }
    let ca = read.certificates.remove(0).certificate;
    let others = read.certificates.into_iter().map(|located| located.certificate).collect();
    let key = read_private_key_with(&key_path, passwords)?;
    match CertifiedKey::new(ca, others, key) {
        Ok(certified) => Ok(SigningCa::new(certified, path, key_path)),
        Err(mismatch) => Err(LookupError::KeyMismatch { certificate: path, key: key_path, mismatch }),
    }
}
