//! One line of a batch: what it says, and judging it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::chain::{
    CheckInput, Located, Origin, Profile, RevocationListError, TrustStore, read_revocation_lists, reasons,
};
use crate::container::{self, BlockKind};
use crate::finding::{Finding, Location};
use crate::x509::{Certificate, CertificateError, Crl, HostName, InvalidName, Purpose};

/// What a line says. Members that are not listed here are ignored, so that lines can carry notes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Case {
    /// Given back as it is.
    pub(super) id: Value,
    chain: Option<Texts>,
    chain_pem: Option<Texts>,
    roots: Option<Texts>,
    roots_pem: Option<Texts>,
    crls: Option<Texts>,
    crls_pem: Option<Texts>,
    at: Option<String>,
    host: Option<String>,
    emails: Option<Texts>,
    purpose: Option<String>,
    profile: Option<String>,
    max_depth: Option<usize>,
}

/// One text or a list of them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Several(Vec<String>),
}

/// Reads the files that lines name. An error is a sentence for the user.
pub trait CaseFiles {
    /// What is trusted where a line names no roots.
    fn default_trust(&self) -> TrustStore;

    /// # Errors
    /// When the file cannot be read or holds no certificate.
    fn certificates(&self, file: &str) -> Result<ReadCertificates, String>;

    /// # Errors
    /// When the file cannot be read or holds no list.
    fn revocation_lists(&self, file: &str) -> Result<Vec<Crl>, String>;
}

/// Certificates that were read, and why the others could not be decoded.
#[derive(Debug, Default)]
pub struct ReadCertificates {
    pub certificates: Vec<Located>,
    pub malformed: Vec<CaseReason>,
}

/// Why a chain does not hold.
#[derive(Clone, Debug)]
pub enum CaseReason {
    /// What a rule found.
    Found(Box<Finding>),
    /// A certificate cannot be decoded; `location` is `None` for one in the line itself.
    Malformed { error: CertificateError, location: Option<Location> },
    /// A revocation list in the line cannot be used.
    RevocationList(Arc<RevocationListError>),
}

/// Why a case could not be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    #[error("{0}")]
    Line(String),
    #[error("this is not a valid case: {0}")]
    Json(#[source] serde_json::Error),
    #[error("`at` must be a time such as 2026-11-20T12:00:00Z, not `{0}`")]
    Time(String),
    #[error("`purpose` must be server or client, not `{0}`")]
    Purpose(String),
    #[error("`profile` must be tls, webpki or rfc5280, not `{0}`")]
    Profile(String),
    #[error("`host` must be a host name or address, not `{}`: {}", .0.text, .0.reason)]
    Host(InvalidName),
    #[error("a case needs either `chain` (a file) or `chain_pem` (the text)")]
    Chain,
    #[error("a case may have either `roots` or `roots_pem`")]
    Roots,
    #[error("there is no certificate in the chain")]
    NoCertificate,
    #[error("{0}")]
    Container(container::Error),
    #[error("{0}")]
    File(String),
    #[error("certkit failed on this case; please report it")]
    Panicked,
}

/// What all lines share.
pub(super) struct Shared<'a> {
    files: &'a (dyn CaseFiles + Sync),
    now: OffsetDateTime,
    /// Read when the first line without roots comes.
    default_trust: OnceLock<TrustStore>,
}

/// Roots that a thread has read: neighbouring lines often have the same.
#[derive(Default)]
pub(super) struct RootStores {
    roots: HashMap<(bool, Vec<String>), Arc<Roots>>,
}

/// Stores kept by each thread.
const MAX_STORES: usize = 16;

struct Roots {
    trust: TrustStore,
    /// Roots that cannot be decoded. They matter only if the chain does not hold.
    malformed: Vec<CaseReason>,
}

impl<'a> Shared<'a> {
    pub(super) fn new(files: &'a (dyn CaseFiles + Sync), now: OffsetDateTime) -> Self {
        Self { files, now, default_trust: OnceLock::new() }
    }
}

impl Texts {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Several(texts) => texts,
        }
    }
}

impl Case {
    /// Reads a line.
    ///
    /// # Errors
    /// When it is not a JSON object, or a member is of the wrong kind.
    pub(super) fn read(line: &[u8]) -> Result<Self, CaseError> {
        serde_json::from_slice(line).map_err(CaseError::Json)
    }

    /// Judges the case: the reasons why the chain does not hold.
    ///
    /// # Errors
    /// Why it cannot be judged.
    pub(super) fn judge(
        &self,
        shared: &Shared<'_>,
        stores: &mut RootStores,
    ) -> Result<Vec<CaseReason>, CaseError> {
        let at = match &self.at {
            Some(text) => OffsetDateTime::parse(text, &Rfc3339).map_err(|_| CaseError::Time(text.clone()))?,
            None => shared.now,
        };
        let purpose = match self.purpose.as_deref() {
            None | Some("server") => Purpose::Server,
            Some("client") => Purpose::Client,
            Some(other) => return Err(CaseError::Purpose(other.to_owned())),
        };
        let profile = match self.profile.as_deref() {
            None | Some("tls") => Profile::Tls,
            Some("webpki") => Profile::Webpki,
            Some("rfc5280") => Profile::Rfc5280,
            Some(other) => return Err(CaseError::Profile(other.to_owned())),
        };
        let host = self.host.as_deref().map(HostName::parse).transpose().map_err(CaseError::Host)?;
        let roots = self.roots(shared, stores)?;
        let ReadCertificates { mut certificates, malformed } = self.certificates(shared)?;
        let (crls, bad_crls) = self.crls(shared)?;
        if !malformed.is_empty() {
            return Ok(malformed);
        }
        if certificates.is_empty() {
            return Err(CaseError::NoCertificate);
        }
        certificates.shrink_to_fit();
        let trust = match &roots {
            Some(roots) => &roots.trust,
            None => shared.default_trust.get_or_init(|| shared.files.default_trust()),
        };
        let rules = reasons(&CheckInput {
            host: host.as_ref(),
            emails: self.emails.as_ref().map_or(&[], Texts::as_slice),
            crls: &crls,
            max_depth: self.max_depth,
            purpose,
            profile,
            ..CheckInput::new(&certificates, trust, at, "chain.pem")
        });
        let mut found: Vec<_> =
            rules.into_iter().map(|finding| CaseReason::Found(Box::new(finding))).collect();
        found.extend(bad_crls);
        if let Some(roots) = roots.filter(|_| !found.is_empty()) {
            found.extend(roots.malformed.iter().cloned());
        }
        Ok(found)
    }

    fn certificates(&self, shared: &Shared<'_>) -> Result<ReadCertificates, CaseError> {
        match (&self.chain, &self.chain_pem) {
            (Some(files), None) => from_files(files.as_slice(), shared),
            (None, Some(texts)) => from_texts(texts.as_slice()),
            _ => Err(CaseError::Chain),
        }
    }

    /// The trusted certificates; `None` when the case names none.
    fn roots(&self, shared: &Shared<'_>, stores: &mut RootStores) -> Result<Option<Arc<Roots>>, CaseError> {
        let (is_text, names) = match (&self.roots, &self.roots_pem) {
            (None, None) => return Ok(None),
            (Some(files), None) => (false, files.as_slice()),
            (None, Some(texts)) => (true, texts.as_slice()),
            (Some(_), Some(_)) => return Err(CaseError::Roots),
        };
        let key = (is_text, names.to_vec());
        if let Some(roots) = stores.roots.get(&key) {
            return Ok(Some(Arc::clone(roots)));
        }
        let read = if is_text { from_texts(names)? } else { from_files(names, shared)? };
        let mut roots = Roots { trust: TrustStore::default(), malformed: read.malformed };
        for located in read.certificates {
            roots.trust.add(located.certificate, Origin::File("the case".into()));
        }
        if stores.roots.len() >= MAX_STORES {
            stores.roots.clear();
        }
        let roots = Arc::new(roots);
        stores.roots.insert(key, Arc::clone(&roots));
        Ok(Some(roots))
    }

    /// The revocation lists, and what is wrong with those that cannot be decoded.
    fn crls(&self, shared: &Shared<'_>) -> Result<(Vec<Crl>, Vec<CaseReason>), CaseError> {
        let mut lists = Vec::new();
        let mut malformed = Vec::new();
        for file in self.crls.iter().flat_map(Texts::as_slice) {
            lists.extend(shared.files.revocation_lists(file).map_err(CaseError::File)?);
        }
        for text in self.crls_pem.iter().flat_map(Texts::as_slice) {
            match read_revocation_lists(text.as_bytes()) {
                Ok(read) => lists.extend(read),
                Err(RevocationListError::Container(error)) => return Err(CaseError::Container(error)),
                Err(error) => malformed.push(CaseReason::RevocationList(Arc::new(error))),
            }
        }
        Ok((lists, malformed))
    }
}

fn from_files(files: &[String], shared: &Shared<'_>) -> Result<ReadCertificates, CaseError> {
    let mut all = ReadCertificates::default();
    for file in files {
        let read = shared.files.certificates(file).map_err(CaseError::File)?;
        all.certificates.extend(read.certificates);
        all.malformed.extend(read.malformed);
    }
    Ok(all)
}

fn from_texts(texts: &[String]) -> Result<ReadCertificates, CaseError> {
    let mut all = ReadCertificates::default();
    for text in texts {
        let contents = container::read(text.as_bytes(), None);
        if let Some(error) = contents.errors.into_iter().next() {
            return Err(CaseError::Container(error));
        }
        for block in contents.blocks.iter().filter(|block| block.kind == BlockKind::Certificate) {
            match Certificate::from_der(block.der.to_vec()) {
                Ok(certificate) => all.certificates.push(Located::from(certificate)),
                Err(error) => all.malformed.push(CaseReason::Malformed { error, location: None }),
            }
        }
    }
    Ok(all)
}
