//! Commands that write files, and those that print text.

use serde::Serialize;

use super::certificate::Certificate;
use super::rfc3339;
use crate::report::{Converted, Created, CreatedFile};

/// Commands that write files: `mkca`, `mkcert`, `csr`, `sign`, `renew`, `revoke`, `crl`, `key`, `acme obtain` and others.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct FilesResult<'a> {
    /// The files that were written, in the order of the text. Empty where everything was as wanted already.
    files: Vec<File<'a>>,
    /// The certificate that the files are about.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<Certificate<'a>>,
    /// `mkcert --from`: how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    bulk: Option<Bulk>,
    /// `revoke`: what the ledger says of the certificate now.
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation: Option<Revocation<'a>>,
    /// `crl`: the list that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<List<'a>>,
    /// `renew`: each certificate that was renewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    renewed: Option<Vec<RenewedFile<'a>>>,
    /// `renew`: how many certificates were checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    checked: Option<usize>,
}

/// A file that was written.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct File<'a> {
    /// The path as the user would type it.
    path: &'a str,
    /// What it holds: `ca_certificate`, `ca_key`, `certificate`, `chain`, `crl`, `folder`, `intermediates`, `ledger`,
    /// `other`, `pkcs12`, `private_key`, `request` or `timer`.
    role: &'static str,
    /// Its permission bits, octal; absent where certkit did not set them.
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
}

/// How many certificates `mkcert --from` made.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Bulk {
    /// Certificates that were made.
    made: usize,
    /// Certificates that were there already and are still valid (`--if-needed`).
    kept: usize,
    /// How long it took.
    seconds: f64,
}

/// A certificate that its CA has revoked.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Revocation<'a> {
    /// Serial number, hexadecimal.
    serial: &'a str,
    /// Why, by the name of RFC 5280 section 5.3.1.
    reason: &'a str,
    /// Since when, RFC 3339.
    revoked_at: String,
    /// Whether it was revoked before this command.
    already: bool,
}

/// A certificate revocation list.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct List<'a> {
    /// The list's number; it only grows.
    number: u64,
    /// How many certificates it names.
    revoked: usize,
    /// When the next list is due, RFC 3339.
    next_update: String,
    /// The list's file.
    path: &'a str,
}

/// A certificate that `renew` renewed.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RenewedFile<'a> {
    /// Its file.
    file: &'a str,
    /// The new certificate.
    certificate: Certificate<'a>,
}

/// `convert`: the file that was written.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct ConvertResult<'a> {
    /// Its path.
    output: &'a str,
    /// Its permission bits, octal.
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    /// Its form: a word that `--to` takes.
    form: &'static str,
    /// What is in it, in order.
    items: Vec<ConvertedItem<'a>>,
}

/// One object in the new file.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ConvertedItem<'a> {
    /// `certificate`, `certificate_request`, `crl`, `parameters`, `private_key`, `public_key` or `other`.
    kind: &'static str,
    /// What to call it by.
    title: &'a str,
    /// The name that PKCS#12 gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// Whether a password protects it.
    encrypted: bool,
}

/// Commands that print text: `check --explain`, `acme install-timer` (its `--dry-run`, or a line for `crontab -e`),
/// `serve --show-config`, `completions`, `man`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct TextResult<'a> {
    /// The text as it is without `--format json`.
    text: &'a str,
}

impl<'a> FilesResult<'a> {
    pub(super) fn new(created: &'a Created) -> Self {
        Self {
            files: created.files.iter().map(File::new).collect(),
            certificate: created.certificate.as_ref().map(|one| Certificate::new(one, created.at)),
            bulk: created.bulk.as_ref().map(|bulk| Bulk {
                made: bulk.made,
                kept: bulk.kept,
                seconds: (bulk.duration.as_secs_f64() * 1000.0).round() / 1000.0,
            }),
            revocation: created.revocation.as_ref().map(|one| Revocation {
                serial: &one.serial,
                reason: &one.reason,
                revoked_at: rfc3339(one.revoked_at),
                already: one.already,
            }),
            list: created.list.as_ref().map(|list| List {
                number: list.number,
                revoked: list.revoked,
                next_update: rfc3339(list.next_update),
                path: &list.path,
            }),
            renewed: created.renewal.as_ref().map(|renewal| {
                let renewed = |(file, certificate): &'a (String, _)| RenewedFile {
                    file,
                    certificate: Certificate::new(certificate, created.at),
                };
                renewal.renewed.iter().map(renewed).collect()
            }),
            checked: created.renewal.as_ref().map(|renewal| renewal.checked),
        }
    }
}

impl<'a> File<'a> {
    fn new(file: &'a CreatedFile) -> Self {
        Self { path: &file.path, role: file.role.as_str(), mode: file.mode.map(octal) }
    }
}

impl<'a> ConvertResult<'a> {
    pub(super) fn new(converted: &'a Converted) -> Self {
        Self {
            output: &converted.output,
            mode: converted.mode.map(octal),
            form: converted.form,
            items: converted
                .items
                .iter()
                .map(|item| ConvertedItem {
                    kind: item.kind,
                    title: &item.title,
                    name: item.name.as_deref(),
                    encrypted: item.encrypted,
                })
                .collect(),
        }
    }
}

impl<'a> TextResult<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text }
    }
}

/// `0600`.
pub(super) fn octal(mode: u32) -> String {
    format!("{mode:04o}")
}
