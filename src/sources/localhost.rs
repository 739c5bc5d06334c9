//! A certificate for localhost, made once and renewed automatically, from a CA that can issue for this machine only.
//!
//! The CA is constrained to localhost, .test and the loopback addresses: a stolen key endangers nothing else. It has a folder
//! of its own, apart from the CA of `mkca --global`.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::named_file::NamedFile;
use crate::advice::certificate::CertificateError;
use crate::ca::{
    CaLevel, CaProfile, Constraint, Issuance, Issuer, LeafProfile, ROOT_FILES, Subject, SubjectKey,
    ca_common_name, certificate_names, certificate_text, make_root, new_key,
};
use crate::finding::Finding;
use crate::operands::ca_lookup::data_folder;
use crate::operands::password::Passwords;
use crate::report::Failure;
use crate::sys::clock::{Clock, SystemClock, date};
use crate::sys::fs::{Error, Existing, NewFile, PRIVATE, PUBLIC, create_all};
use crate::sys::opener::Opener;
use crate::tls::{CertificateSet, CertificateSource};
use crate::x509::{Certificate, CertifiedKey, KeyKind, PrivateKey, Purpose, RenewalPolicy};

const SERVER: (&str, &str) = ("server.crt", "server.key");
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
const PERMITTED: [&str; 4] = ["localhost", "test", "127.0.0.0/8", "::1"];
const CA_DAYS: u32 = 3650;
const DAYS: u32 = 397;
/// A certificate is renewed when it has no more time than this left.
const RENEWAL: RenewalPolicy = RenewalPolicy::Within(time::Duration::days(30));
/// How often a running server looks.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

/// The folder with the CA and the certificate.
#[derive(Clone)]
pub(super) struct Localhost {
    folder: PathBuf,
    opener: Arc<dyn Opener>,
}

impl Localhost {
    /// In `$XDG_DATA_HOME/certkit/localhost`. What is there is opened by `opener`.
    ///
    /// # Errors
    /// When neither `XDG_DATA_HOME` nor `HOME` is set.
    pub(super) fn new(opener: Arc<dyn Opener>) -> Result<Self, CertificateError> {
        let folder = folder().ok_or(CertificateError::NoFolder)?;
        Ok(Self { folder, opener })
    }

    /// The CA's certificate: what clients must trust.
    pub(super) fn ca_file(&self) -> PathBuf {
        self.folder.join(ROOT_FILES.0)
    }

    /// Reads the certificate, or makes it, and the CA too if need be.
    ///
    /// # Errors
    /// When the files are there and cannot be read, or cannot be written.
    pub(super) fn read_or_make(&self) -> Result<CertifiedKey, Failure> {
        let now = SystemClock.now();
        if let Some(pair) = self.read(SERVER)?
            && !is_due(pair.leaf(), now)
        {
            return Ok(pair);
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(|source| Error::Io {
            action: "make the folder",
            path: self.folder.clone(),
            source,
        })?;
        let ca = match self.read(ROOT_FILES)? {
            Some(ca) if !is_due(ca.leaf(), now) => ca,
            _ => self.make_ca(now)?,
        };
        let profile = LeafProfile::new(certificate_names(&NAMES)?, Purpose::Server, DAYS);
        let key = SubjectKey::New(KeyKind::EcdsaP256);
        let issued = Issuer::new(&ca, now)?.issue(Issuance::leaf(&profile, key, now))?;
        let pair = issued.into_certified()?;
        self.write(SERVER, pair.leaf(), pair.key(), Existing::Replace)?;
        Ok(pair)
    }

    fn make_ca(&self, now: OffsetDateTime) -> Result<CertifiedKey, Failure> {
        let key = new_key(KeyKind::EcdsaP256)?;
        let name = ca_common_name(Some("certkit localhost"), CaLevel::Root, &date(now), &key);
        let permitted = PERMITTED.iter().filter_map(|text| Constraint::parse(text).ok()).collect();
        let profile = CaProfile::new(Subject::common_name(&name), CA_DAYS, 0).limited(permitted, Vec::new());
        let ca = make_root(&profile, key, now)?;
        // An expired one is replaced.
        self.write(ROOT_FILES, ca.leaf(), ca.key(), Existing::Replace)?;
        Ok(ca)
    }

    /// A pair of files; `None` when one of them is not there, or they do not fit (a start was killed between the two).
    fn read(&self, (certificate, key): (&str, &str)) -> Result<Option<CertifiedKey>, Failure> {
        let (certificate, key) = (self.folder.join(certificate), self.folder.join(key));
        let is_there = |path: &Path| self.opener.metadata(path).is_ok();
        if !is_there(&certificate) || !is_there(&key) {
            return Ok(None);
        }
        let own = |path: PathBuf| NamedFile::own(path, Arc::clone(&self.opener));
        let read = own(certificate).certificates(&mut Passwords::unattended())?;
        let key = own(key).private_key(&mut Passwords::unattended())?;
        let certificate = read.certificates.into_iter().next().map(|located| located.certificate);
        Ok(certificate.and_then(|certificate| CertifiedKey::new(certificate, Vec::new(), key).ok()))
    }

    fn write(
        &self,
        names: (&str, &str),
        certificate: &Certificate,
        key: &PrivateKey,
        existing: Existing,
    ) -> Result<(), Failure> {
        let text = certificate_text(std::slice::from_ref(certificate));
        let file =
            |name: &str, contents, mode| NewFile { path: self.folder.join(name), contents, mode, existing };
        let files = [file(names.1, key.to_pem().as_bytes().to_vec(), PRIVATE), file(names.0, text, PUBLIC)];
        Ok(create_all(&files)?)
    }
}

#[async_trait]
impl CertificateSource for Localhost {
    fn load(&self) -> Result<CertificateSet, Vec<Finding>> {
        let pair = self.read_or_make().map_err(|failure| failure.findings)?;
        CertificateSet::new([&pair])
            .map_err(|error| Failure::from(CertificateError::Unusable(error)).findings)
    }

    async fn changed(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let localhost = self.clone();
            let read = tokio::task::spawn_blocking(move || localhost.read(SERVER).ok().flatten());
            if let Ok(Some(pair)) = read.await
                && is_due(pair.leaf(), SystemClock.now())
            {
                return;
            }
        }
    }
}

/// The files of the server's certificate, which a running server reads again.
pub(super) fn server_files() -> Vec<PathBuf> {
    let names = [SERVER.0, SERVER.1];
    folder().into_iter().flat_map(|folder| names.map(|name| folder.join(name))).collect()
}

fn folder() -> Option<PathBuf> {
    Some(data_folder()?.join("localhost"))
}

/// Whether a certificate has expired or soon will.
fn is_due(certificate: &Certificate, now: OffsetDateTime) -> bool {
    !certificate.is_valid_at(now) || RENEWAL.is_due(certificate.not_before, certificate.not_after, now)
}
