//! `certkit show`: what is in a file, or what a server sends, in words.

use std::collections::HashMap;
use std::path::Path;

use aws_lc_rs::digest;
use time::OffsetDateTime;

use super::{Context, Result};
use crate::advice::files::{damage_notes, form_notes, malformed};
use crate::cli::ShowArgs;
use crate::container::{Block, BlockKind, LockedError};
use crate::finding::{Code, Finding, Location};
use crate::operands::input::{decrypted, location, read_contents};
use crate::operands::password::Passwords;
use crate::operands::server_target::{self, Place, Subject};
use crate::report::{Fact, FactValue, Failure, Outcome, Report, ServerSummary, Shown, ShownItem, TreeLine};
use crate::x509::{
    Certificate, CertificateDetails, CrlDetails, PrivateKey, Request, SignatureCheck, SubjectAltName,
    key_description, key_summary, signature_description, subject_name,
};

pub(super) fn run(args: &ShowArgs, context: &Context<'_>) -> Result {
    let at = args.at.unwrap_or_else(|| context.clock.now());
    if let Subject::Server(place) = server_target::subject(&args.file, &args.live)? {
        return of_server(&place, args, at);
    }
    if args.host.is_some() {
        let message =
            format!("--host is for servers, and {} is a file", crate::operands::input::name(&args.file));
        return Err(Finding::error(Code::InvalidSetting, message).fix("name a server: HOST:PORT").into());
    }
    of_file(&args.file, args.password_file.as_deref(), at)
}

/// What is in a file; days are counted from `at`.
pub(super) fn of_file(file: &str, password_file: Option<&Path>, at: OffsetDateTime) -> Result {
    let mut passwords = Passwords::new("--password-file", password_file);
    let (_, contents) = read_contents(file, &mut passwords)?;
    let mut findings = form_notes(file, &contents.notes);
    findings.extend(damage_notes(file, &contents.damages));
    if contents.blocks.is_empty() {
        return Err(nothing(file));
    }
    let mut items = Vec::new();
    let mut certificates = Vec::new();
    for block in &contents.blocks {
        match describe(file, block, &mut passwords, &mut certificates) {
            Ok((kind, title, facts)) => {
                items.push(ShownItem { kind, title, facts, location: location(file, block) });
            }
            Err(failure) => findings.extend(failure.findings),
        }
    }
    let shown = Shown { file: file.to_owned(), at, items, tree: tree(&certificates) };
    Ok(Report { outcome: Outcome::Shown(shown), findings, next: Vec::new() })
}

/// The server with what was agreed upon, then each certificate as it was sent.
fn of_server(place: &Place, args: &ShowArgs, at: OffsetDateTime) -> Result {
    let host = args
        .host
        .as_deref()
        .map(server_target::parse_host)
        .transpose()?
        .unwrap_or_else(|| place.host.clone());
    let seen = place.look(&host, &args.live, "show", None)?;
    let server = ShownItem {
        kind: "server",
        title: host.to_string(),
        facts: server_facts(&place.summary(&host, &seen)),
        location: Location::file(place.label()),
    };
    let mut items = vec![server];
    let mut certificates = Vec::new();
    for located in seen.certificates {
        items.push(ShownItem {
            kind: "certificate",
            title: located.certificate.label(),
            facts: certificate_facts(&located.certificate),
            location: located.location.unwrap_or_default(),
        });
        certificates.push(located.certificate);
    }
    let shown = Shown { file: place.label(), at, items, tree: tree(&certificates) };
    Ok(Report { outcome: Outcome::Shown(shown), findings: seen.malformed, next: Vec::new() })
}

fn server_facts(server: &ServerSummary) -> Vec<Fact> {
    let mut facts = Facts::default();
    facts.text("address", server.address.to_string());
    facts.maybe("sni", server.sni.clone());
    facts.maybe("starttls", server.starttls.map(str::to_owned));
    facts.text("protocol", server.protocol.to_owned());
    facts.text("cipher", server.cipher.clone());
    facts.maybe("group", server.group.clone());
    facts.push("ocsp_stapled", FactValue::Flag(server.is_stapled));
    facts.push("client_certificate", FactValue::Flag(server.wants_client_certificate));
    if let Some(is_proved) = server.is_key_proved {
        facts.push("key_proved", FactValue::Flag(is_proved));
    }
    facts.0
}

type Description = (&'static str, String, Vec<Fact>);

/// What one block is. Certificates are also put aside for the tree.
fn describe(
    file: &str,
    block: &Block,
    passwords: &mut Passwords,
    certificates: &mut Vec<Certificate>,
) -> Result<Description> {
    let damaged = |error: &dyn std::fmt::Display| -> Failure {
        Finding::error(Code::DerMalformed, error.to_string())
            .at(location(file, block))
            .fix("get it again from where it came from")
            .into()
    };
    match block.kind {
        BlockKind::Certificate => {
            let certificate = Certificate::from_der(block.der.to_vec())
                .map_err(|error| Failure::from(malformed(&error, location(file, block))))?;
            let description = ("certificate", certificate.label(), certificate_facts(&certificate));
            certificates.push(certificate);
            Ok(description)
        }
        BlockKind::CertificateRequest => {
            let request = Request::from_der(&block.der).map_err(|error| damaged(&error))?;
            Ok(("certificate_request", request.subject.label(), request_facts(&request)))
        }
        BlockKind::Crl => {
            let crl = CrlDetails::from_der(&block.der).map_err(|error| damaged(&error))?;
            Ok(("crl", crl.issuer.label(), crl_facts(&crl)))
        }
        BlockKind::EncryptedPrivateKey if cannot_open(block, passwords)? => {
            Ok(("private_key", "encrypted".into(), vec![Fact::new("encrypted", FactValue::Flag(true))]))
        }
        BlockKind::PrivateKey | BlockKind::EncryptedPrivateKey => {
            let key = decrypted(file, block, passwords)?;
            Ok(("private_key", key.description(), private_key_facts(&key, block)))
        }
        BlockKind::PublicKey => Ok(("public_key", key_description(&block.der), public_key_facts(&block.der))),
        BlockKind::Parameters => Ok(("parameters", block.label.to_lowercase(), size_facts(block))),
        BlockKind::Other | BlockKind::Pkcs7 | BlockKind::Pkcs12 => {
            Ok(("other", block.label.clone(), size_facts(block)))
        }
    }
}

/// Whether there is no password for an encrypted key. That is no failure: that it is encrypted is what it shows.
fn cannot_open(block: &Block, passwords: &mut Passwords) -> Result<bool> {
    let is_locked = matches!(block.private_key(None), Err(LockedError::PasswordNeeded));
    Ok(is_locked && passwords.of("the key")?.is_none())
}

fn nothing(file: &str) -> Failure {
    let name = crate::operands::input::name(file);
    Finding::error(
        Code::NotACertificate,
        format!("{name} holds nothing that certkit knows: no certificate, no key"),
    )
    .at(Location::file(file))
    .fix("such a file has a line -----BEGIN CERTIFICATE----- or the like, or is DER, PKCS#7 or PKCS#12")
    .into()
}

fn certificate_facts(certificate: &Certificate) -> Vec<Fact> {
    let details = CertificateDetails::of(&certificate.der);
    let mut facts = Facts::default();
    facts.text("subject", certificate.subject.to_string());
    facts.text("issuer", certificate.issuer.to_string());
    facts.names(certificate.subject_alt_names.iter().flatten());
    facts.push("not_before", FactValue::Time(certificate.not_before));
    facts.push("not_after", FactValue::End(certificate.not_after));
    facts.push("key", FactValue::Key(key_summary(&certificate.spki)));
    facts.text("signature", signature_description(&certificate.signature_algorithm));
    facts.push("ca", FactValue::Flag(certificate.is_ca()));
    if let Some(length) = certificate.basic_constraints.and_then(|constraints| constraints.path_length) {
        facts.push("path_length", FactValue::Number(length.into()));
    }
    facts.list("key_usage", certificate.key_usage.iter().flat_map(|usage| key_usages(usage.bits)));
    facts.list("extended_key_usage", certificate.extended_key_usage.iter().flatten().map(|oid| purpose(oid)));
    if let Some((permitted, excluded)) = details.name_constraints {
        facts.list("permitted_names", permitted.into_iter());
        facts.list("excluded_names", excluded.into_iter());
    }
    facts.list("policies", details.policies.into_iter());
    facts.push("version", FactValue::Number(certificate.version.into()));
    facts.text("serial", certificate.serial_hex());
    facts.maybe("subject_key_id", certificate.subject_key_id.as_deref().map(hex));
    facts.maybe("authority_key_id", certificate.authority_key_id.as_deref().map(hex));
    facts.list("issuer_urls", certificate.issuer_urls.iter().cloned());
    facts.list("ocsp_urls", details.ocsp_urls.into_iter());
    facts.list("crl_urls", details.crl_urls.into_iter());
    facts.list("unknown_critical_extensions", certificate.unknown_critical.iter().cloned());
    facts.text("sha256", certificate.sha256());
    facts.text("sha1", hex(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &certificate.der).as_ref()));
    facts.text("public_key_sha256", certificate.spki_sha256());
    facts.0
}

fn request_facts(request: &Request) -> Vec<Fact> {
    let mut facts = Facts::default();
    facts.text("subject", request.subject.to_string());
    facts.names(request.names.iter());
    facts.text("signature", request.signature.clone());
    facts.0.extend(public_key_facts(&request.spki));
    facts.0
}

fn crl_facts(crl: &CrlDetails) -> Vec<Fact> {
    let mut facts = Facts::default();
    facts.text("issuer", crl.issuer.to_string());
    facts.push("this_update", FactValue::Time(crl.this_update));
    if let Some(next) = crl.next_update {
        facts.push("next_update", FactValue::End(next));
    }
    facts.maybe("number", crl.number.clone());
    facts.text("signature", crl.signature.clone());
    facts.push("revoked", FactValue::Number(i64::try_from(crl.revoked).unwrap_or(i64::MAX)));
    if !crl.first_revoked.is_empty() {
        facts.push("first_revoked", FactValue::Revoked(crl.first_revoked.clone()));
    }
    facts.0
}

fn private_key_facts(key: &PrivateKey, block: &Block) -> Vec<Fact> {
    let mut facts = vec![Fact::new("encrypted", FactValue::Flag(block.is_encrypted_key()))];
    facts.extend(public_key_facts(key.spki()));
    facts
}

fn public_key_facts(spki: &[u8]) -> Vec<Fact> {
    let sha256 = hex(digest::digest(&digest::SHA256, spki).as_ref());
    vec![
        Fact::new("key", FactValue::Key(key_summary(spki))),
        Fact::new("public_key_sha256", FactValue::Text(sha256)),
    ]
}

fn size_facts(block: &Block) -> Vec<Fact> {
    let size = i64::try_from(block.der.len()).unwrap_or(i64::MAX);
    vec![Fact::new("bytes", FactValue::Number(size))]
}

/// Facts in the order to show them; empty ones are left out.
#[derive(Default)]
struct Facts(Vec<Fact>);

impl Facts {
    fn push(&mut self, name: &'static str, value: FactValue) {
        self.0.push(Fact::new(name, value));
    }

    fn text(&mut self, name: &'static str, text: String) {
        self.push(name, FactValue::Text(text));
    }

    fn names<'a>(&mut self, names: impl Iterator<Item = &'a SubjectAltName>) {
        let names: Vec<_> = names.map(subject_name).collect();
        if !names.is_empty() {
            self.push("names", FactValue::Names(names));
        }
    }

    fn maybe(&mut self, name: &'static str, text: Option<String>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    fn list(&mut self, name: &'static str, items: impl Iterator<Item = impl Into<String>>) {
        let items: Vec<String> = items.map(Into::into).collect();
        if !items.is_empty() {
            self.push(name, FactValue::List(items));
        }
    }
}

/// The words of RFC 5280 section 4.2.1.3.
fn key_usages(bits: u16) -> impl Iterator<Item = &'static str> {
    const WORDS: [&str; 9] = [
        "digitalSignature",
        "contentCommitment",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];
    WORDS.into_iter().enumerate().filter(move |(bit, _)| bits & (1 << bit) != 0).map(|(_, word)| word)
}

/// The word of RFC 5280 section 4.2.1.12; the object identifier of any other purpose.
fn purpose(oid: &str) -> String {
    match oid {
        "2.5.29.37.0" => "any",
        "1.3.6.1.5.5.7.3.1" => "serverAuth",
        "1.3.6.1.5.5.7.3.2" => "clientAuth",
        "1.3.6.1.5.5.7.3.3" => "codeSigning",
        "1.3.6.1.5.5.7.3.4" => "emailProtection",
        "1.3.6.1.5.5.7.3.8" => "timeStamping",
        "1.3.6.1.5.5.7.3.9" => "OCSPSigning",
        other => other,
    }
    .to_owned()
}

/// Every certificate below the one that signed it, roots first. Empty for a single one, and for more than a person
/// would look at.
fn tree(certificates: &[Certificate]) -> Vec<TreeLine> {
    if !(2..=MAX_TREE).contains(&certificates.len()) {
        return Vec::new();
    }
    let mut by_subject: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (index, certificate) in certificates.iter().enumerate() {
        by_subject.entry(&certificate.subject.der).or_default().push(index);
    }
    let parent = |index: usize| {
        let certificate = &certificates[index];
        by_subject.get(certificate.issuer.der.as_slice()).into_iter().flatten().copied().find(|&issuer| {
            certificates[issuer] != *certificate
                && certificate.signature_by(&certificates[issuer]) != SignatureCheck::Invalid
        })
    };
    let parents: Vec<_> = (0..certificates.len())
        .map(|index| parent(index).filter(|_| !certificates[index].is_self_signed()))
        .collect();
    let mut lines = Vec::with_capacity(certificates.len());
    let mut seen = vec![false; certificates.len()];
    // What is left after the first round signed each other in a circle; each such one begins a tree of its own.
    let tops = (0..certificates.len()).filter(|&index| parents[index].is_none()).chain(0..certificates.len());
    for top in tops {
        let mut pending = vec![(top, 0)];
        while let Some((index, depth)) = pending.pop() {
            if std::mem::replace(&mut seen[index], true) {
                continue;
            }
            let certificate = &certificates[index];
            let missing = depth == 0 && !certificate.is_self_issued();
            lines.push(TreeLine {
                depth,
                label: certificate.label(),
                missing_issuer: missing.then(|| certificate.issuer.label()),
            });
            let children = (0..certificates.len()).rev().filter(|&child| parents[child] == Some(index));
            pending.extend(children.map(|child| (child, depth + 1)));
        }
    }
    lines
}

/// Beyond this a tree says nothing any more, and costs signatures to draw.
const MAX_TREE: usize = 200;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
