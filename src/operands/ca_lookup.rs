//! Finding the CA: `--ca`/`--ca-key`, `$CERTKIT_CA_DIR`, the current folder, `$XDG_DATA_HOME/certkit`.
//!
//! In a folder intermediate.crt and intermediate.key sign if they are there, else ca.crt and ca.key. For trust ca.crt
//! alone is enough.

use std::path::{Path, PathBuf};

use super::input::{read_certificates, read_private_key_with};
use super::output::shell_word;
use super::password::Passwords;
use crate::ca::Ledger;
use crate::chain::{Origin, TrustStore};
use crate::cli::CaArgs;
use crate::finding::{Code, Finding, Location};
use crate::report::Failure;
use crate::x509::{Certificate, CertifiedKey};

/// File names of a CA folder.
pub const ROOT: (&str, &str) = ("ca.crt", "ca.key");
/// The same, of the intermediate.
pub const INTERMEDIATE: (&str, &str) = ("intermediate.crt", "intermediate.key");

/// A CA that can sign.
pub struct SigningCa {
    /// Certificate and key.
    pub certified: CertifiedKey,
    /// The intermediates that a server must send besides its own certificate.
    pub bundle: Vec<Certificate>,
    /// The certificate's file.
    pub path: PathBuf,
    /// The key's file.
    key_path: PathBuf,
    /// What it issued.
    pub ledger: Ledger,
}

impl SigningCa {
    /// Refuses the places of the CA's own files: not even `--force` means to lose the CA for one of its certificates.
    ///
    /// # Errors
    /// When one of the files to be written would take the place of the CA's certificate, key or ledger.
    pub fn spare<'a>(&self, files: impl IntoIterator<Item = &'a Path>) -> Result<(), Failure> {
        // Where an intermediate signs, its root is beside it.
        let root = [ROOT.0, ROOT.1].map(|name| self.path.with_file_name(name));
        let own = [&self.path, &self.key_path, self.ledger.path(), &root[0], &root[1]];
        for file in files {
            let Ok(place) = file.canonicalize() else { continue };
            if own.iter().any(|own| own.canonicalize().is_ok_and(|own| own == place)) {
                let message = format!("{} belongs to the CA, and is not replaced", file.display());
                return Err(Finding::error(Code::OutputExists, message)
                    .at(Location::file(file.display().to_string()))
                    .fix("write elsewhere with -o")
                    .into());
            }
        }
        Ok(())
    }
}

/// Finds and reads the CA that signs.
///
/// # Errors
/// When there is none, or its files cannot be used.
pub fn signing_ca(args: &CaArgs) -> Result<SigningCa, Failure> {
    let mut passwords = Passwords::new("--password-file", args.password_file.as_deref());
    if let (Some(certificate), Some(key)) = (&args.ca, &args.ca_key) {
        return read_ca(certificate, key, &mut passwords);
    }
    for folder in folders() {
        for (certificate, key) in [INTERMEDIATE, ROOT] {
            let (certificate, key) = (folder.join(certificate), folder.join(key));
            if certificate.exists() && key.exists() {
                return read_ca(&certificate, &key, &mut passwords);
            }
        }
    }
    Err(Finding::error(Code::CaNotFound, "there is no CA here to sign with (ca.crt and ca.key)")
        .fix("certkit mkca            makes one in this folder\ncertkit mkca --global   makes one for all folders")
        .into())
}

/// The options that name the CA, as they were typed, for the next command: ` --ca F --ca-key F --password-file F`.
pub fn ca_words(args: &CaArgs) -> String {
    // What came through standard input is not there a second time.
    let password_file = args.password_file.as_deref().filter(|file| *file != Path::new("-"));
    [("--ca", args.ca.as_deref()), ("--ca-key", args.ca_key.as_deref()), ("--password-file", password_file)]
        .into_iter()
        .filter_map(|(option, file)| Some(format!(" {option} {}", shell_word(&file?.display().to_string()))))
        .collect()
}

/// Trusts the CA that certkit finds by itself, if there is one. A broken one is passed over: it is not what the user
/// asked about.
pub fn trust_local_ca(store: &mut TrustStore) {
    for folder in folders() {
        let path = tidy(&folder.join(ROOT.0));
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
pub fn root_file() -> Result<PathBuf, Failure> {
    folders().map(|folder| tidy(&folder.join(ROOT.0))).find(|path| path.exists()).ok_or_else(|| {
        Finding::error(Code::CaNotFound, "there is no CA here (ca.crt)")
            .fix("name its certificate, or make one: certkit mkca")
            .into()
    })
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

fn read_ca(certificate: &Path, key_path: &Path, passwords: &mut Passwords) -> Result<SigningCa, Failure> {
    let path = tidy(certificate);
    let file = path.display().to_string();
    let mut read = read_certificates(&file)?;
    if !read.malformed.is_empty() {
        return Err(read.malformed.into());
    }
    let ca = read.certificates.remove(0).certificate;
    let others: Vec<_> = read.certificates.into_iter().map(|located| located.certificate).collect();
    let bundle = std::iter::once(&ca).chain(&others).filter(|ca| !ca.is_self_issued()).cloned().collect();
    let key = read_private_key_with(&tidy(key_path), passwords)?;
    let certified = CertifiedKey::new(ca, others, key).map_err(|mismatch| {
        Finding::error(
            Code::KeyMismatch,
            format!("{} is not the key of {file}: {mismatch}", key_path.display()),
        )
        .at(Location::file(key_path.display().to_string()))
        .fix("name a CA certificate and the key that was made together with it: --ca and --ca-key")
    })?;
    Ok(SigningCa { certified, bundle, ledger: Ledger::beside(&path), path, key_path: tidy(key_path) })
}
