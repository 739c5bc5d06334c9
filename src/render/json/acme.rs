//! `acme list`, `renew`, `revoke` and `account`; `acme obtain` writes files as other commands do.

use serde::Serialize;
use time::OffsetDateTime;

use super::finding::Finding;
use super::rfc3339;
use crate::report::{
    DnsRecord, DnsRecords, Kept, KeptCertificates, ListedProvider, Renewal, Renewals, Revoked, ShownAccount,
};

/// `acme account`: an account at an ACME server.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct AccountResult<'a> {
    /// The address of the server's directory.
    server: &'a str,
    /// The account's address.
    account: &'a str,
    /// The status that the server gives it (RFC 8555 section 7.1.2).
    status: &'a str,
    /// Where the server may write to.
    contacts: &'a [String],
    /// The address of the terms of service that were agreed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    terms_agreed: Option<&'a str>,
    /// The file of its key.
    key: &'a str,
}

/// `acme dns-record`: records to be set in the DNS.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct DnsRecordsResult<'a> {
    /// One for each name.
    records: Vec<TextRecord<'a>>,
}

/// A TXT record.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct TextRecord<'a> {
    /// Its name, without a dot at its end.
    name: &'a str,
    /// Its type.
    r#type: &'static str,
    /// Its whole value.
    value: &'a str,
    /// The value in the pieces that a record can hold, of 255 bytes at most.
    strings: &'a [String],
}

/// `acme list`: the certificates in the state directory.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct AcmeListResult<'a> {
    /// The time that days are counted from, RFC 3339.
    at: String,
    /// By name.
    certificates: Vec<ListedCertificate<'a>>,
}

/// `acme dns-providers`: the providers that `--dns` takes.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct DnsProvidersResult<'a> {
    /// By name.
    providers: Vec<ListedDnsProvider<'a>>,
}

/// A provider of DNS with an API.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ListedDnsProvider<'a> {
    /// The word for `--dns`.
    name: &'a str,
    /// What people call it.
    title: &'a str,
    /// The fields that its file of credentials must have.
    required: &'a [&'a str],
    /// Those that it may have.
    optional: &'a [&'a str],
    /// The address where they are explained.
    documentation: &'a str,
}

impl<'a> DnsProvidersResult<'a> {
    pub(super) fn new(providers: &'a [ListedProvider]) -> Self {
        let one = |provider: &'a ListedProvider| ListedDnsProvider {
            name: provider.name,
            title: provider.title,
            required: &provider.required,
            optional: &provider.optional,
            documentation: provider.documentation,
        };
        Self { providers: providers.iter().map(one).collect() }
    }
}

/// A certificate in the state directory.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ListedCertificate<'a> {
    /// The name that its files are under.
    name: &'a str,
    /// All its names.
    names: Vec<AcmeName<'a>>,
    /// The address of the server's directory.
    server: &'a str,
    /// Kind of its key: a word that `-k` takes, where certkit makes such keys.
    key_type: &'a str,
    /// Whether names and key are from a signing request.
    signing_request: bool,
    /// The certificate profile at the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
    /// Start of validity, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<String>,
    /// End of validity, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_after: Option<String>,
    /// Whole days until the end; negative after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    days_left: Option<i64>,
    /// When it is renewed, RFC 3339; absent where it is not, or by another program.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_renewal: Option<String>,
    /// Whether the server chose that time (RFC 9773).
    chosen_by_server: bool,
    /// When it was revoked, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<String>,
    /// How many renewals have failed in a row.
    failures: u32,
    /// The last failure since the last success.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_failure: Option<LastFailure<'a>>,
    /// When the next one is tried, after a failure, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_try: Option<String>,
    /// The data of TLSA records (RFC 6698): of the key in use, then of the next one. None where each renewal makes a
    /// new key.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tlsa: &'a [String],
    /// Why the deploy hook failed; it will be run again.
    #[serde(skip_serializing_if = "Option::is_none")]
    hook_failure: Option<&'a str>,
    /// The file for servers: certificate and intermediates.
    fullchain: &'a str,
    /// The file of its key; absent where the key is elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

/// A name of an ACME certificate.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct AcmeName<'a> {
    /// `dns` or `ip`.
    kind: &'static str,
    /// The name.
    value: &'a str,
}

/// A renewal that failed.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LastFailure<'a> {
    /// When, RFC 3339.
    at: String,
    /// Why, for people.
    message: &'a str,
}

/// `acme renew`: how each certificate stands now.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct AcmeRenewResult<'a> {
    /// The time that days are counted from, RFC 3339.
    at: String,
    /// By name.
    certificates: Vec<RenewedCertificate<'a>>,
}

/// A certificate that was looked at.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RenewedCertificate<'a> {
    /// The name that its files are under.
    name: &'a str,
    /// `elsewhere`, `failed`, `held_back`, `not_due`, `renewed`, `revoked` or `try_later`.
    state: &'static str,
    /// Whether its deploy hook failed.
    hook_failed: bool,
    /// End of validity, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_after: Option<String>,
    /// When it is renewed or tried again, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Why it was not renewed, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// What was found on this certificate; also in `findings` of the envelope.
    findings: Vec<Finding<'a>>,
}

/// `acme revoke`: the certificate that was revoked.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct AcmeRevokeResult<'a> {
    /// The name that its files are under.
    name: &'a str,
    /// Serial number, hexadecimal.
    serial: &'a str,
    /// Why, by the name of RFC 5280 section 5.3.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> AccountResult<'a> {
    pub(super) fn new(account: &'a ShownAccount) -> Self {
        Self {
            server: &account.server,
            account: &account.url,
            status: &account.status,
            contacts: &account.contacts,
            terms_agreed: account.terms_agreed.as_deref(),
            key: &account.key,
        }
    }
}

impl<'a> DnsRecordsResult<'a> {
    pub(super) fn new(records: &'a DnsRecords) -> Self {
        let record = |record: &'a DnsRecord| TextRecord {
            name: &record.name,
            r#type: "TXT",
            value: &record.value,
            strings: &record.strings,
        };
        Self { records: records.records.iter().map(record).collect() }
    }
}

impl<'a> AcmeListResult<'a> {
    pub(super) fn new(kept: &'a KeptCertificates) -> Self {
        let certificate = |one| ListedCertificate::new(one, kept.at);
        Self { at: rfc3339(kept.at), certificates: kept.certificates.iter().map(certificate).collect() }
    }
}

impl<'a> ListedCertificate<'a> {
    fn new(kept: &'a Kept, at: OffsetDateTime) -> Self {
        Self {
            name: &kept.name,
            names: kept.names.iter().map(|name| AcmeName::new(name)).collect(),
            server: &kept.server,
            key_type: &kept.key_kind,
            signing_request: kept.is_requested,
            profile: kept.profile.as_deref(),
            not_before: kept.not_before.map(rfc3339),
            not_after: kept.not_after.map(rfc3339),
            days_left: kept.not_after.map(|end| (end - at).whole_days()),
            next_renewal: kept.next_renewal.map(rfc3339),
            chosen_by_server: kept.by_server,
            revoked: kept.revoked.map(rfc3339),
            failures: kept.failures,
            last_failure: kept
                .last_failure
                .as_ref()
                .map(|(at, message)| LastFailure { at: rfc3339(*at), message }),
            next_try: kept.next_try.map(rfc3339),
            tlsa: &kept.tlsa,
            hook_failure: kept.hook_failure.as_deref(),
            fullchain: &kept.fullchain,
            key: kept.key.as_deref(),
        }
    }
}

impl<'a> AcmeName<'a> {
    fn new(value: &'a str) -> Self {
        let is_address = value.parse::<std::net::IpAddr>().is_ok();
        Self { kind: if is_address { "ip" } else { "dns" }, value }
    }
}

impl<'a> AcmeRenewResult<'a> {
    pub(super) fn new(renewals: &'a Renewals) -> Self {
        let certificates = renewals.certificates.iter().map(RenewedCertificate::new).collect();
        Self { at: rfc3339(renewals.at), certificates }
    }
}

impl<'a> RenewedCertificate<'a> {
    fn new(renewal: &'a Renewal) -> Self {
        Self {
            name: &renewal.name,
            state: renewal.state.as_str(),
            hook_failed: renewal.hook_failed,
            not_after: renewal.not_after.map(rfc3339),
            next: renewal.next.map(rfc3339),
            reason: renewal.reason.as_deref(),
            findings: renewal.findings.iter().map(Finding::new).collect(),
        }
    }
}

impl<'a> AcmeRevokeResult<'a> {
    pub(super) fn new(revoked: &'a Revoked) -> Self {
        Self { name: &revoked.name, serial: &revoked.serial, reason: revoked.reason.as_deref() }
    }
}
