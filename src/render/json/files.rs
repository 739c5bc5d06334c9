//! Commands that write files, and those that print text.

use serde::Serialize;

use super::certificate::Certificate;
use super::rfc3339;
use crate::report::{self, CheckedCertificate, Converted, Created, CreatedFile};

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
    /// `revoke`: what the ledger says of the certificate that was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation: Option<Revocation<'a>>,
    /// `revoke`: the same of every certificate that is revoked now, that one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    revocations: Vec<Revocation<'a>>,
    /// `revoke`: certificates with a name or the key of a revoked one, which stay valid.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    still_valid: Vec<StillValid<'a>>,
    /// `crl`: the list that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<List<'a>>,
    /// `renew`: each certificate that was renewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    renewed: Option<Vec<RenewedFile<'a>>>,
    /// `renew`: each certificate that was checked and not refused, also with `--dry-run`.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificates: Option<Vec<CheckedFile<'a>>>,
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
    /// The names that it is for.
    names: &'a [String],
    /// Why, by the name of RFC 5280 section 5.3.1.
    reason: &'a str,
    /// Since when, RFC 3339.
    revoked_at: String,
    /// Whether it was revoked before this command.
    already: bool,
}

/// A certificate that stays valid.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StillValid<'a> {
    /// Serial number, hexadecimal.
    serial: &'a str,
    /// The names that it is for.
    names: &'a [String],
    /// End of validity, RFC 3339.
    not_after: String,
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
    /// How many revocations only the list in place knew; they are in the ledger now.
    imported: usize,
    /// The lists of the CAs above it in the same file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    above: Vec<ListAbove<'a>>,
}

/// The list of a CA above the one that made the file.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ListAbove<'a> {
    /// What to call the CA by.
    issuer: &'a str,
    /// The list's number, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    /// How many certificates it names.
    revoked: usize,
    /// When the next list is due, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_update: Option<String>,
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

/// A certificate that `renew` checked.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CheckedFile<'a> {
    /// Its file.
    file: &'a str,
    /// `due` (with `--dry-run`), `not_due` or `renewed`.
    state: &'static str,
    /// When it expires, or the new one, RFC 3339.
    not_after: String,
    /// When it is due, or the new one, RFC 3339.
    due_at: String,
    /// The files that are renewed as one with it, its own first.
    files: &'a [String],
    /// The files that still hold the old certificate, because certkit could not write them.
    left: &'a [String],
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
            revocation: created.revocations.first().map(Revocation::new),
            revocations: created.revocations.iter().map(Revocation::new).collect(),
            still_valid: created
                .still_valid
                .iter()
                .map(|one| StillValid {
                    serial: &one.serial,
                    names: &one.names,
                    not_after: rfc3339(one.not_after),
                })
                .collect(),
            list: created.list.as_ref().and_then(List::new),
            renewed: created.renewal.as_ref().map(|renewal| {
                let renewed = |(file, certificate): &'a (String, _)| RenewedFile {
                    file,
                    certificate: Certificate::new(certificate, created.at),
                };
                renewal.renewed.iter().map(renewed).collect()
            }),
            certificates: created.renewal.as_ref().map(|renewal| {
                let checked = |one: &'a CheckedCertificate| CheckedFile {
                    file: &one.file,
                    state: one.state.as_str(),
                    not_after: rfc3339(one.not_after),
                    due_at: rfc3339(one.due_at),
                    files: &one.files,
                    left: &one.left,
                };
                renewal.certificates.iter().map(checked).collect()
            }),
            checked: created.renewal.as_ref().map(|renewal| renewal.checked),
        }
    }
}

impl<'a> Revocation<'a> {
    fn new(one: &'a report::Revocation) -> Self {
        Self {
            serial: &one.serial,
            names: &one.names,
            reason: &one.reason,
            revoked_at: rfc3339(one.revoked_at),
            already: one.already,
        }
    }
}

impl<'a> List<'a> {
    fn new(file: &'a report::RevocationList) -> Option<Self> {
        let (own, above) = file.lists.split_first()?;
        let above = above.iter().map(|list| ListAbove {
            issuer: &list.issuer,
            number: list.number,
            revoked: list.revoked,
            next_update: list.next_update.map(rfc3339),
        });
        Some(Self {
            number: own.number.unwrap_or_default(),
            revoked: own.revoked,
            next_update: rfc3339(own.next_update?),
            path: &file.path,
            imported: file.imported,
            above: above.collect(),
        })
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
