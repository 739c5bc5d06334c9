//! Certificates, keys and servers as facts of a report.

use aws_lc_rs::digest;

use crate::container::Block;
use crate::der::oid;
use crate::report::{Fact, FactValue, ServerSummary};
use crate::x509::{
    Certificate, CertificateDetails, CrlDetails, PrivateKey, Request, SubjectAltName, key_summary,
    signature_description, subject_name,
};

pub(super) fn server_facts(server: &ServerSummary) -> Vec<Fact> {
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

pub(super) fn certificate_facts(certificate: &Certificate) -> Vec<Fact> {
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
    facts.list(
        "extended_key_usage",
        certificate.extended_key_usage.iter().flatten().map(|purpose| oid::name_of(purpose)),
    );
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

pub(super) fn request_facts(request: &Request) -> Vec<Fact> {
    let mut facts = Facts::default();
    facts.text("subject", request.subject.to_string());
    facts.names(request.names.iter());
    facts.text("signature", request.signature.clone());
    facts.0.extend(public_key_facts(&request.spki));
    facts.0
}

pub(super) fn crl_facts(crl: &CrlDetails) -> Vec<Fact> {
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

pub(super) fn private_key_facts(key: &PrivateKey, block: &Block) -> Vec<Fact> {
    let mut facts = vec![Fact::new("encrypted", FactValue::Flag(block.is_encrypted_key()))];
    facts.extend(public_key_facts(key.spki()));
    facts
}

pub(super) fn public_key_facts(spki: &[u8]) -> Vec<Fact> {
    let sha256 = hex(digest::digest(&digest::SHA256, spki).as_ref());
    vec![
        Fact::new("key", FactValue::Key(key_summary(spki))),
        Fact::new("public_key_sha256", FactValue::Text(sha256)),
    ]
}

pub(super) fn size_facts(block: &Block) -> Vec<Fact> {
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

/// The names of RFC 5280 section 4.2.1.3.
fn key_usages(bits: u16) -> impl Iterator<Item = &'static str> {
    const NAMES: [&str; 9] = [
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
    NAMES.into_iter().enumerate().filter(move |(bit, _)| bits & (1 << bit) != 0).map(|(_, name)| name)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
