//! One line of a batch: what it says, and judging it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::case_words::CaseWords;
use super::error::CaseError;
use super::fields;
use crate::chain::{
    CheckInput, Located, Origin, Profile, RevocationListError, TrustStore, check, read_revocation_lists,
    reasons,
};
use crate::container::{self, BlockKind};
use crate::finding::{Finding, Location, Severity};
use crate::x509::{Certificate, CertificateError, Crl, HostName, PrivateKey, Purpose};

/// What a line says; [`fields`] has the same fields as a table.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Case {
    /// Given back as it is.
    pub(super) id: Value,
    chain: Option<Texts>,
    chain_pem: Option<Texts>,
    target: Option<String>,
    starttls: Option<String>,
    timeout: Option<u64>,
    roots: Option<Texts>,
    roots_pem: Option<Texts>,
    crls: Option<Texts>,
    crls_pem: Option<Texts>,
    key: Option<String>,
    key_pem: Option<String>,
    at: Option<String>,
    host: Option<String>,
    emails: Option<Texts>,
    purpose: Option<String>,
    profile: Option<String>,
    max_depth: Option<usize>,
    min_days: Option<u32>,
    warnings: Option<bool>,
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

    /// # Errors
    /// When the file cannot be read or holds no private key that can be used.
    fn private_key(&self, file: &str) -> Result<PrivateKey, String>;

    /// Fetches the chain of a server.
    ///
    /// # Errors
    /// When the text does not name a server, or the server does not send a chain.
    fn server(&self, server: &CaseServer<'_>) -> Result<SeenServer, String>;
}

/// A server that a line names, as the options of `check` would.
#[derive(Clone, Copy, Debug)]
pub struct CaseServer<'a> {
    pub target: &'a str,
    pub starttls: Option<&'a str>,
    pub timeout: Option<Duration>,
    /// The name to ask for, where it is not the target's own.
    pub host: Option<&'a HostName>,
}

/// What a server showed.
#[derive(Debug)]
pub struct SeenServer {
    pub sent: ReadCertificates,
    /// The name that it was asked for.
    pub host: HostName,
    /// What was found on the server itself.
    pub findings: Vec<Finding>,
    /// What names it in a command.
    pub words: String,
    /// `test.example:443`.
    pub label: String,
}

/// Certificates that were read, and why the others could not be decoded.
#[derive(Debug, Default)]
pub struct ReadCertificates {
    pub certificates: Vec<Located>,
    pub malformed: Vec<CaseReason>,
}

/// Why a chain does not hold, or what else is to say about it.
#[derive(Clone, Debug)]
pub enum CaseReason {
    /// What a rule found.
    Found(Box<Finding>),
    /// A certificate cannot be decoded; `location` is `None` for one in the line itself.
    Malformed { error: CertificateError, location: Option<Location> },
    /// A revocation list in the line cannot be used.
    RevocationList(Arc<RevocationListError>),
}

impl CaseReason {
    /// Whether the chain does not hold because of it.
    pub fn is_error(&self) -> bool {
        !matches!(self, Self::Found(finding) if finding.severity != Severity::Error)
    }
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
    /// Reads a line. `id` is set to the line's own, also where the rest cannot be used.
    ///
    /// # Errors
    /// When it is not a JSON object, has a field that is not known, or a value of the wrong kind.
    pub(super) fn read(line: &[u8], id: &mut Value) -> Result<Self, CaseError> {
        // Windows' programs put a mark in front of UTF-8.
        let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        let case = serde_json::from_slice::<Self>(line).map_err(|error| {
            let (line_id, wrong) = fields::wrong(line);
            *id = line_id;
            wrong.unwrap_or_else(|| CaseError::Json(fields::without_line(&error)))
        })?;
        id.clone_from(&case.id);
        fields::check_number("timeout", case.timeout)?;
        fields::check_number("min_days", case.min_days.map(u64::from))?;
        Ok(case)
    }

    /// Whether a server is asked, which takes time without taking this machine's.
    pub(super) const fn waits(&self) -> bool {
        self.target.is_some()
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
        let at = self
            .at
            .as_ref()
            .map(|text| OffsetDateTime::parse(text, &Rfc3339).map_err(|_| CaseError::Time(text.clone())));
        let at = at.transpose()?;
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
        let mut host = self.host.as_deref().map(HostName::parse).transpose().map_err(CaseError::Host)?;
        let roots = self.roots(shared, stores)?;
        let key = self.private_key(shared)?;
        let server = self.server(shared, host.as_ref())?;
        let is_live = server.is_some();
        let (read, mut words, of_server) = match server {
            Some(server) => {
                host = Some(server.host);
                (server.sent, CaseWords::of_server(server.words, &server.label), server.findings)
            }
            None => {
                let read = self.certificates(shared)?;
                let of_files = self.chain.as_ref().map(|files| CaseWords::of_files(files.as_slice()));
                (read, of_files.unwrap_or_else(CaseWords::of_text), Vec::new())
            }
        };
        words.set_time(at);
        words.set_roots(self.roots.as_ref().map_or(&[], Texts::as_slice), self.roots_pem.is_some());
        words.set_key(self.key.as_deref(), self.key_pem.is_some());
        let ReadCertificates { mut certificates, malformed } = read;
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
        let input = CheckInput {
            host: host.as_ref(),
            emails: self.emails.as_ref().map_or(&[], Texts::as_slice),
            key: key.as_ref(),
            crls: &crls,
            max_depth: self.max_depth,
            min_days: self.min_days,
            purpose,
            profile,
            is_live,
            typed: words.typed(),
            ..CheckInput::new(&certificates, trust, at.unwrap_or(shared.now), &words.chain)
        };
        let lowest = if self.warnings == Some(true) { Severity::Warning } else { Severity::Error };
        let of_chain = if lowest == Severity::Error { reasons(&input) } else { check(&input).findings };
        let found = of_chain.into_iter().chain(of_server).filter(|finding| finding.severity >= lowest);
        let mut found: Vec<_> =
            found.map(|finding| CaseReason::Found(Box::new(words.explained(finding)))).collect();
        found.extend(bad_crls);
        if let Some(roots) = roots.filter(|_| found.iter().any(CaseReason::is_error)) {
            found.extend(roots.malformed.iter().cloned());
        }
        Ok(found)
    }

    /// What the server shows; `None` when the case is about a file or a text.
    fn server(&self, shared: &Shared<'_>, host: Option<&HostName>) -> Result<Option<SeenServer>, CaseError> {
        let Some(target) = &self.target else {
            return match (&self.starttls, self.timeout) {
                (Some(_), _) => Err(CaseError::ForServersOnly("starttls")),
                (None, Some(_)) => Err(CaseError::ForServersOnly("timeout")),
                (None, None) => Ok(None),
            };
        };
        if self.chain.is_some() || self.chain_pem.is_some() {
            return Err(CaseError::Chain);
        }
        let timeout = self.timeout.map(Duration::from_secs);
        let server = CaseServer { target, starttls: self.starttls.as_deref(), timeout, host };
        shared.files.server(&server).map(Some).map_err(CaseError::File)
    }

    fn private_key(&self, shared: &Shared<'_>) -> Result<Option<PrivateKey>, CaseError> {
        match (&self.key, &self.key_pem) {
            (None, None) => Ok(None),
            (Some(file), None) => shared.files.private_key(file).map(Some).map_err(CaseError::File),
            (None, Some(text)) => key_from_text(text).map(Some),
            (Some(_), Some(_)) => Err(CaseError::Keys),
        }
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

fn key_from_text(text: &str) -> Result<PrivateKey, CaseError> {
    let contents = container::read(text.as_bytes(), None);
    if let Some(error) = contents.errors.into_iter().next() {
        return Err(CaseError::Container(error));
    }
    let block = contents.blocks.iter().find(|block| block.is_private_key());
    let block = block.ok_or_else(|| CaseError::Key("there is no private key in it".into()))?;
    let der = block.private_key(None).map_err(|error| CaseError::Key(error.to_string()))?;
    PrivateKey::from_der(der).map_err(|error| CaseError::Key(error.to_string()))
}
