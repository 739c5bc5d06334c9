//! The lines of the ledger.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::bytes;
use crate::ca::reason::Reason;
use crate::x509::Certificate;

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A certificate was issued.
    Issued(Box<IssuedRecord>),
    /// A certificate was issued, but its file could not get its name: nobody has it.
    Discarded {
        /// As in `Issued`.
        ca: String,
        /// As in `Issued`.
        serial: String,
    },
    /// A certificate was revoked.
    Revoked {
        /// As in `Issued`.
        ca: String,
        /// As in `Issued`.
        serial: String,
        #[serde(with = "rfc3339")]
        at: OffsetDateTime,
        #[serde(default)]
        reason: Reason,
        /// Whether it was found on a revocation list, without a line here before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        imported: bool,
    },
    /// A revocation list was made.
    Listed {
        /// As in `Issued`.
        ca: String,
        number: u64,
        #[serde(with = "rfc3339")]
        at: OffsetDateTime,
    },
}

/// A certificate that was issued. Lines of the first version end with `file`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct IssuedRecord {
    /// SHA-256 of the CA's public key (SubjectPublicKeyInfo), in hexadecimal.
    pub ca: String,
    /// Serial number in hexadecimal.
    pub serial: String,
    /// The names it is for; of a CA its subject.
    pub names: Vec<String>,
    #[serde(with = "rfc3339")]
    pub not_before: OffsetDateTime,
    #[serde(with = "rfc3339")]
    pub not_after: OffsetDateTime,
    /// SHA-256 of its DER, in hexadecimal.
    pub sha256: String,
    /// Its file; missing when it went to standard output.
    #[serde(default, serialize_with = "path_text::one", skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// SHA-256 of its own public key (SubjectPublicKeyInfo), in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_sha256: Option<String>,
    /// The file of its private key, where certkit wrote or read that.
    #[serde(default, serialize_with = "path_text::one", skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// Other files that hold it: full chain, PKCS#12.
    #[serde(default, serialize_with = "path_text::many", skip_serializing_if = "Vec::is_empty")]
    pub other_files: Vec<PathBuf>,
    /// What asked for it, such as `mkcert` or `sign server.csr`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// The certificate of the same CA that an order of ACME replaced by it (RFC 9773 section 5): its serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// Its DER.
    #[serde(default, with = "base64_text", skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Vec<u8>>,
}

/// Where a certificate is kept, and what asked for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filed<'a> {
    /// Its file; `None` is standard output.
    pub file: Option<&'a Path>,
    /// The file of its private key, where that is known.
    pub key_file: Option<&'a Path>,
    /// Other files that hold it: full chain, PKCS#12.
    pub other_files: &'a [PathBuf],
    /// What asked for it, such as `mkcert` or `sign server.csr`.
    pub requested_by: Option<&'a str>,
}

impl Event {
    /// The line for a certificate that `ca` issued.
    pub fn issued(ca: &Certificate, certificate: &Certificate, filed: Filed<'_>) -> Self {
        let names = certificate.subject_alt_names.iter().flatten().map(ToString::to_string);
        let mut names: Vec<_> = names.collect();
        // A person is known by the common name.
        if let Some(person) = certificate.subject.common_name().filter(|_| !names.is_empty())
            && !names.iter().any(|name| name.eq_ignore_ascii_case(person))
        {
            names.push(person.to_owned());
        }
        Self::Issued(Box::new(IssuedRecord {
            ca: ca.spki_sha256(),
            serial: certificate.serial_hex(),
            names: if names.is_empty() { vec![certificate.subject.to_string()] } else { names },
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            sha256: certificate.sha256(),
            file: filed.file.map(absolute),
            key_sha256: Some(certificate.spki_sha256()),
            key_file: filed.key_file.map(absolute),
            other_files: filed.other_files.iter().map(|file| absolute(file)).collect(),
            requested_by: filed.requested_by.map(ToOwned::to_owned),
            replaces: None,
            certificate: Some(certificate.der.to_vec()),
        }))
    }

    /// The same line of a certificate that replaces one with this serial number.
    #[must_use]
    pub fn replacing(mut self, serial: Option<&str>) -> Self {
        if let Self::Issued(record) = &mut self {
            record.replaces = serial.map(ToOwned::to_owned);
        }
        self
    }

    /// The line of the ledger, with its end.
    ///
    /// # Errors
    /// For a time outside the years 0 to 9999, which no certificate has.
    pub fn line(&self) -> io::Result<Vec<u8>> {
        let mut line = Vec::with_capacity(1600);
        serde_json::to_writer(&mut line, self)?;
        line.push(b'\n');
        Ok(line)
    }

    /// Whether a list can be made from it: an entry without a serial number would be omitted
    /// silently, and no number follows the largest one.
    pub(super) fn is_sound(&self) -> bool {
        match self {
            Self::Revoked { serial, .. } => bytes(serial).is_some_and(|bytes| !bytes.is_empty()),
            Self::Listed { number, .. } => *number < u64::MAX,
            Self::Issued(_) | Self::Discarded { .. } => true,
        }
    }

    pub(super) fn ca(&self) -> &str {
        match self {
            Self::Issued(record) => &record.ca,
            Self::Discarded { ca, .. } | Self::Revoked { ca, .. } | Self::Listed { ca, .. } => ca,
        }
    }
}

/// A ledger outlives the current folder.
fn absolute(file: &Path) -> PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf())
}

/// Times as text, `2026-11-20T12:00:00Z`.
mod rfc3339 {
    use serde::{Deserialize, Deserializer, Serializer, de, ser};
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;

    pub(super) fn serialize<S: Serializer>(time: &OffsetDateTime, to: S) -> Result<S::Ok, S::Error> {
        let text =
            time.replace_nanosecond(0).unwrap_or(*time).format(&Rfc3339).map_err(ser::Error::custom)?;
        to.serialize_str(&text)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<OffsetDateTime, D::Error> {
        let text = String::deserialize(from)?;
        OffsetDateTime::parse(&text, &Rfc3339).map_err(de::Error::custom)
    }
}

/// Paths as text. JSON is Unicode and a path any bytes: what is not text in one is replaced (U+FFFD), since the certificate
/// must be recorded all the same.
mod path_text {
    use std::path::PathBuf;

    use serde::{Serialize, Serializer};

    pub(super) fn one<S: Serializer>(path: &Option<PathBuf>, to: S) -> Result<S::Ok, S::Error> {
        path.as_ref().map(|path| path.to_string_lossy()).serialize(to)
    }

    pub(super) fn many<S: Serializer>(paths: &[PathBuf], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
    }
}

/// Bytes as Base64 text (RFC 4648 section 4).
mod base64_text {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => to.serialize_str(&STANDARD.encode(bytes)),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| STANDARD.decode(text).map_err(de::Error::custom)).transpose()
    }
}
