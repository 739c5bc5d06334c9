//! One line of `check --batch`: what it says, and judging it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::chain::{CheckInput, Located, Origin, Profile, TrustStore, reasons};
use crate::commands::check::{parse_host, revocation};
use crate::container::{self, BlockKind};
use crate::finding::{Code, Finding};
use crate::operands::ca_lookup::trust_local_ca;
use crate::operands::input::read_certificates;
use crate::x509::{Certificate, Crl, Purpose};

/// What a line says. Members that are not listed here are passed over, so that lines can carry notes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Case {
    /// Given back as it stands there.
    pub(super) id: Value,
    chain: Option<Many>,
    chain_pem: Option<Many>,
    roots: Option<Many>,
    roots_pem: Option<Many>,
    crls: Option<Many>,
    crls_pem: Option<Many>,
    at: Option<String>,
    host: Option<String>,
    emails: Option<Many>,
    purpose: Option<String>,
    profile: Option<String>,
    max_depth: Option<usize>,
}

/// One text or a list of them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Many {
    One(String),
    List(Vec<String>),
}

/// What all lines share.
pub(super) struct Shared {
    now: OffsetDateTime,
    /// The system's store, read when the first line without roots comes.
    system: OnceLock<TrustStore>,
}

/// Roots that a thread has read: neighbouring lines often have the same.
#[derive(Default)]
pub(super) struct Store {
    roots: HashMap<(bool, Vec<String>), Arc<Roots>>,
}

/// Stores kept by each thread.
const MAX_STORES: usize = 16;

#[derive(Default)]
struct Roots {
    trust: TrustStore,
    /// Roots that do not parse. That matters only where nothing else is trusted.
    malformed: Vec<Finding>,
}

impl Shared {
    pub(super) fn new(now: OffsetDateTime) -> Self {
        Self { now, system: OnceLock::new() }
    }

    fn system(&self) -> &TrustStore {
        self.system.get_or_init(|| {
            let mut trust = TrustStore::system();
            trust_local_ca(&mut trust);
            trust
        })
    }
}

impl Many {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::List(texts) => texts,
        }
    }
}

impl Case {
    /// Reads a line.
    ///
    /// # Errors
    /// When it is no JSON object, or a member is of the wrong kind.
    pub(super) fn read(line: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(line).map_err(|error| format!("this is no case: {error}"))
    }

    /// Judges the case: the reasons why the chain does not hold.
    ///
    /// # Errors
    /// Why it cannot be judged.
    pub(super) fn judge(&self, shared: &Shared, store: &mut Store) -> Result<Vec<Finding>, String> {
        let at = match &self.at {
            Some(text) => OffsetDateTime::parse(text, &Rfc3339)
                .map_err(|_| format!("`at` must be a time such as 2026-11-20T12:00:00Z, not `{text}`"))?,
            None => shared.now,
        };
        let purpose = match self.purpose.as_deref() {
            None | Some("server") => Purpose::Server,
            Some("client") => Purpose::Client,
            Some(other) => return Err(format!("`purpose` must be server or client, not `{other}`")),
        };
        let profile = match self.profile.as_deref() {
            None | Some("tls") => Profile::Tls,
            Some("webpki") => Profile::Webpki,
            Some("rfc5280") => Profile::Rfc5280,
            Some(other) => return Err(format!("`profile` must be tls, webpki or rfc5280, not `{other}`")),
        };
        let host = self
            .host
            .as_deref()
            .map(parse_host)
            .transpose()
            .map_err(|failure| in_words(&failure.findings))?;
        let roots = self.roots(store)?;
        let (mut certificates, malformed) = self.certificates()?;
        let (crls, bad_crls) = self.crls()?;
        if !malformed.is_empty() {
            return Ok(malformed);
        }
        if certificates.is_empty() {
            return Err("there is no certificate in the chain".into());
        }
        certificates.shrink_to_fit();
        let trust = roots.as_ref().map_or_else(|| shared.system(), |roots| &roots.trust);
        let mut found = reasons(&CheckInput {
            host: host.as_ref(),
            emails: self.emails.as_ref().map_or(&[], Many::as_slice),
            crls: &crls,
            max_depth: self.max_depth,
            purpose,
            profile,
            ..CheckInput::new(&certificates, trust, at, "chain.pem")
        });
        found.extend(bad_crls);
        if let Some(roots) = roots.filter(|_| !found.is_empty()) {
            found.extend(roots.malformed.iter().cloned());
        }
        Ok(found)
    }

    fn certificates(&self) -> Result<(Vec<Located>, Vec<Finding>), String> {
        match (&self.chain, &self.chain_pem) {
            (Some(files), None) => from_files(files.as_slice()),
            (None, Some(texts)) => from_texts(texts.as_slice()),
            _ => Err("a case has either `chain` (a file) or `chain_pem` (the text)".into()),
        }
    }

    /// The trusted certificates; `None` when the case names none.
    fn roots(&self, store: &mut Store) -> Result<Option<Arc<Roots>>, String> {
        let (is_text, names) = match (&self.roots, &self.roots_pem) {
            (None, None) => return Ok(None),
            (Some(files), None) => (false, files.as_slice()),
            (None, Some(texts)) => (true, texts.as_slice()),
            (Some(_), Some(_)) => return Err("a case has either `roots` or `roots_pem`".into()),
        };
        let key = (is_text, names.to_vec());
        if let Some(roots) = store.roots.get(&key) {
            return Ok(Some(Arc::clone(roots)));
        }
        let (certificates, malformed) = if is_text { from_texts(names)? } else { from_files(names)? };
        let mut roots = Roots { trust: TrustStore::default(), malformed };
        for located in certificates {
            roots.trust.add(located.certificate, Origin::File("the case".into()));
        }
        if store.roots.len() >= MAX_STORES {
            store.roots.clear();
        }
        let roots = Arc::new(roots);
        store.roots.insert(key, Arc::clone(&roots));
        Ok(Some(roots))
    }

    /// The revocation lists, and what is wrong with those that do not parse.
    fn crls(&self) -> Result<(Vec<Crl>, Vec<Finding>), String> {
        let mut lists = Vec::new();
        let mut malformed = Vec::new();
        for file in self.crls.iter().flat_map(Many::as_slice) {
            lists.extend(revocation::read(file).map_err(|failure| in_words(&failure.findings))?);
        }
        for text in self.crls_pem.iter().flat_map(Many::as_slice) {
            match revocation::lists(text.as_bytes()) {
                Ok(read) => lists.extend(read),
                Err(finding) if finding.code == Code::CrlInvalid => malformed.push(finding),
                Err(finding) => return Err(in_words(&[finding])),
            }
        }
        Ok((lists, malformed))
    }
}

fn from_files(files: &[String]) -> Result<(Vec<Located>, Vec<Finding>), String> {
    let mut certificates = Vec::new();
    let mut malformed = Vec::new();
    for file in files {
        let read = read_certificates(file).map_err(|failure| in_words(&failure.findings))?;
        certificates.extend(read.certificates);
        malformed.extend(read.malformed);
    }
    Ok((certificates, malformed))
}

fn from_texts(texts: &[String]) -> Result<(Vec<Located>, Vec<Finding>), String> {
    let mut certificates = Vec::new();
    let mut malformed = Vec::new();
    for text in texts {
        let contents = container::read(text.as_bytes(), None);
        if let Some(error) = contents.errors.first() {
            return Err(error.to_string());
        }
        for block in contents.blocks.iter().filter(|block| block.kind == BlockKind::Certificate) {
            match Certificate::from_der(block.der.to_vec()) {
                Ok(certificate) => certificates.push(Located::from(certificate)),
                Err(error) => malformed.push(
                    Finding::error(Code::DerMalformed, error.to_string())
                        .fix("get the certificate again from where it came from"),
                ),
            }
        }
    }
    Ok((certificates, malformed))
}

fn in_words(findings: &[Finding]) -> String {
    let message = |finding: &Finding| match &finding.location {
        Some(location) => format!("{location}: {}", finding.message),
        None => finding.message.clone(),
    };
    findings.iter().map(message).collect::<Vec<_>>().join("; ")
}
