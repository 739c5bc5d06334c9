//! One certificate, its names and its key; and the server that sent it.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;

use super::finding::{Location, Severity};
use super::rfc3339;
use crate::report::{
    CertificateSummary, KeySummary, PlainSummary, Role, ServerSummary, SubjectName, UnnamedSummary,
};

/// A certificate.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Certificate<'a> {
    /// Its part in the chain.
    role: CertificateRole,
    /// What to call it by: the common name, else the first name, else the whole subject.
    label: &'a str,
    /// The subject's distinguished name.
    subject: &'a str,
    /// The issuer's distinguished name.
    issuer: &'a str,
    /// Serial number, hexadecimal.
    serial: &'a str,
    /// The names in subjectAltName.
    names: Vec<Name<'a>>,
    /// Start of validity, RFC 3339.
    not_before: String,
    /// End of validity, RFC 3339.
    not_after: String,
    /// Whole days until the end; negative after it. Counted from `at` of the result where there is one, else from now.
    #[serde(skip_serializing_if = "Option::is_none")]
    days_left: Option<i64>,
    /// The public key.
    key: Key<'a>,
    /// Kind of its signature, as `ECDSA with SHA-256`.
    signature: &'a str,
    /// SHA-256 of the certificate, hexadecimal.
    sha256: &'a str,
    /// The worst that was found on it; absent where it is fine or was not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Severity>,
    /// Addresses of its revocation lists.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    crl_urls: &'a [String],
    /// Addresses of its OCSP responders.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    ocsp_urls: &'a [String],
    /// Where it was read from, or where it is in the file that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location<'a>>,
}

/// The part of a certificate in a chain.
#[derive(Clone, Copy, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum CertificateRole {
    Intermediate,
    Leaf,
    Root,
}

/// A name in a subjectAltName.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Name<'a> {
    /// `directory`, `dns`, `email`, `ip`, `other` or `uri`.
    kind: &'static str,
    /// The name.
    value: &'a str,
}

/// A public key.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Key<'a> {
    /// `dsa`, `ecdsa`, `ed25519`, `ed448`, `other`, `rsa` or `unreadable`.
    kind: &'static str,
    /// Bits of the RSA modulus or of the curve's field.
    #[serde(skip_serializing_if = "Option::is_none")]
    bits: Option<u32>,
    /// The curve's name, or its object identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    curve: Option<&'a str>,
}

/// A server that was looked at.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Server<'a> {
    /// The name or address that it was found by.
    name: &'a str,
    /// Its port.
    port: u16,
    /// The address and port that answered.
    address: String,
    /// The name that was asked for in the handshake.
    #[serde(skip_serializing_if = "Option::is_none")]
    sni: Option<&'a str>,
    /// The protocol that began before TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    starttls: Option<&'static str>,
    /// The TLS version that was agreed on, by OpenSSL's name.
    protocol: &'static str,
    /// The cipher suite that was agreed on, by OpenSSL's name.
    cipher: &'a str,
    /// The group of the key exchange, by OpenSSL's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    /// Every version that it was seen to speak, oldest first.
    protocols: &'a [&'static str],
    /// Whether it sent an OCSP response.
    ocsp_stapled: bool,
    /// Whether it asked for a client certificate.
    client_certificate: bool,
    /// Whether it proved that it has the key of its certificate; null where that could not be verified.
    key_proved: Option<bool>,
    /// Its Strict-Transport-Security header.
    #[serde(skip_serializing_if = "Option::is_none")]
    hsts: Option<&'a str>,
    /// All its cipher suites by version; with `--deep` only.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    suites: BTreeMap<&'static str, &'a [String]>,
    /// Whose order decides among them, by version: `client`, `server` or `server_except_chacha20`; only where it has several.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    cipher_order: BTreeMap<&'static str, &'static str>,
    /// All its groups; with `--deep` only.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    groups: &'a [String],
    /// The protocol chosen of HTTP/2 and HTTP/1.1; with `--deep` only, like the next five.
    #[serde(skip_serializing_if = "Option::is_none")]
    alpn: Option<&'a str>,
    /// Whether it resumes sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    resumption: Option<bool>,
    /// Whether it accepts early data.
    #[serde(skip_serializing_if = "Option::is_none")]
    early_data: Option<bool>,
    /// Whether it refuses a client that fell back to TLS 1.2 (RFC 7507).
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback_refused: Option<bool>,
    /// Whether it supports the extended master secret (RFC 7627).
    #[serde(skip_serializing_if = "Option::is_none")]
    extended_master_secret: Option<bool>,
    /// The renegotiation that clients may start: `secure`, `insecure` or `none`; absent where TLS 1.2 with AES-GCM is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_renegotiation: Option<&'static str>,
    /// What a client gets that sends no name in the handshake; with `--deep` only, like the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    without_sni: Option<Unnamed<'a>>,
    /// What a client gets that asks for a name that the server does not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong_sni: Option<Unnamed<'a>>,
    /// What its ports answer without TLS; with `--deep` or `--http-port`, over https only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    plain_http: Vec<PlainHttp<'a>>,
    /// What was asked without an answer.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    unanswered: &'a [String],
}

/// What a port answers without TLS.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PlainHttp<'a> {
    /// The port.
    port: u16,
    /// `http`, `refused` (the connection was closed, or something else came), `silent` or `closed` (no connection).
    answer: &'static str,
    /// The status of the HTTP response.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Where the response leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
}

impl<'a> PlainHttp<'a> {
    fn new(plain: &'a PlainSummary) -> Self {
        let location = plain.location.as_deref();
        Self { port: plain.port, answer: plain.answer, status: plain.status, location }
    }
}

/// What a client gets that does not call the server by its name.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Unnamed<'a> {
    /// `same` certificate, `other` certificate or `refused`.
    answer: &'static str,
    /// The names that the other certificate is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<&'a [String]>,
    /// Why it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> Unnamed<'a> {
    fn new(summary: &'a UnnamedSummary) -> Self {
        match summary {
            UnnamedSummary::Same => Self { answer: "same", names: None, reason: None },
            UnnamedSummary::Other(names) => Self { answer: "other", names: Some(names), reason: None },
            UnnamedSummary::Refused(why) => Self { answer: "refused", names: None, reason: Some(why) },
        }
    }
}

impl<'a> Certificate<'a> {
    /// Days are counted from `at`.
    pub(super) fn new(summary: &'a CertificateSummary, at: Option<OffsetDateTime>) -> Self {
        Self {
            role: match summary.role {
                Role::Intermediate => CertificateRole::Intermediate,
                Role::Leaf => CertificateRole::Leaf,
                Role::Root => CertificateRole::Root,
            },
            label: &summary.label,
            subject: &summary.subject,
            issuer: &summary.issuer,
            serial: &summary.serial,
            names: summary.names.iter().map(Name::new).collect(),
            not_before: rfc3339(summary.not_before),
            not_after: rfc3339(summary.not_after),
            days_left: at.map(|at| (summary.not_after - at).whole_days()),
            key: Key::new(&summary.key),
            signature: &summary.signature,
            sha256: &summary.sha256,
            verdict: summary.verdict.map(Severity::from),
            crl_urls: &summary.crl_urls,
            ocsp_urls: &summary.ocsp_urls,
            location: summary.location.as_ref().map(Location::new),
        }
    }
}

impl<'a> Name<'a> {
    pub(super) fn new(name: &'a SubjectName) -> Self {
        Self { kind: name.kind, value: &name.value }
    }
}

impl<'a> Key<'a> {
    pub(super) fn new(key: &'a KeySummary) -> Self {
        Self { kind: key.kind, bits: key.bits, curve: key.curve.as_deref() }
    }
}

impl<'a> Server<'a> {
    pub(super) fn new(server: &'a ServerSummary) -> Self {
        Self {
            name: &server.name,
            port: server.port,
            address: server.address.to_string(),
            sni: server.sni.as_deref(),
            starttls: server.starttls,
            protocol: server.protocol,
            cipher: &server.cipher,
            group: server.group.as_deref(),
            protocols: &server.protocols,
            ocsp_stapled: server.is_stapled,
            client_certificate: server.wants_client_certificate,
            key_proved: server.is_key_proved,
            hsts: server.hsts.as_deref(),
            suites: server.suites.iter().map(|(version, suites)| (*version, suites.as_slice())).collect(),
            cipher_order: server.cipher_order.iter().copied().collect(),
            groups: &server.groups,
            alpn: server.alpn.as_deref(),
            resumption: server.resumes_sessions,
            early_data: server.accepts_early_data,
            fallback_refused: server.refuses_fallback,
            extended_master_secret: server.has_extended_master_secret,
            client_renegotiation: server.client_renegotiation,
            without_sni: server.unnamed.as_ref().map(|(without, _)| Unnamed::new(without)),
            wrong_sni: server.unnamed.as_ref().map(|(_, wrong)| Unnamed::new(wrong)),
            plain_http: server.plain.iter().map(PlainHttp::new).collect(),
            unanswered: &server.unanswered,
        }
    }
}
