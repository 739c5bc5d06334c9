//! `acme delete` and `import`.

use serde::Serialize;

use super::rfc3339;
use crate::report::{Deleted, Import, ImportedItem};

/// `acme delete`: the certificate that is not kept any more.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct AcmeDeleteResult<'a> {
    /// The name that its files were under.
    name: &'a str,
    /// All its names; none when its record could not be read.
    names: &'a [String],
    /// End of validity, RFC 3339; absent when there was no certificate that can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_after: Option<String>,
    /// Whether it was revoked before; deleting does not revoke.
    revoked: bool,
    /// The folder with its files and settings.
    copy: &'a str,
}

impl<'a> AcmeDeleteResult<'a> {
    pub(super) fn new(deleted: &'a Deleted) -> Self {
        Self {
            name: &deleted.name,
            names: &deleted.names,
            not_after: deleted.not_after.map(rfc3339),
            revoked: deleted.is_revoked,
            copy: &deleted.copy,
        }
    }
}

/// `acme import`: what another client has.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct AcmeImportResult<'a> {
    /// `acme.sh`, `certbot` or `lego`.
    client: &'a str,
    /// Whether nothing was written.
    dry_run: bool,
    /// Accounts, one at each server.
    accounts: Vec<AcmeImportedAccount<'a>>,
    /// Certificates, by their name at the other client.
    certificates: Vec<AcmeImportedCertificate<'a>>,
}

/// An account of another client.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct AcmeImportedAccount<'a> {
    /// The address of the server's directory.
    server: &'a str,
    /// The account's address, if the other client keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    /// `taken`, `already_here` or `left_out`.
    state: &'a str,
    /// Why it was left out, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// A certificate of another client.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct AcmeImportedCertificate<'a> {
    /// The name that its files are under; of one that is left out its name at the other client.
    name: &'a str,
    /// All its names; none when it cannot be read.
    names: &'a [String],
    /// The address of the server's directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'a str>,
    /// End of validity, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_after: Option<String>,
    /// The challenge that will prove its names, such as `http-01`.
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<&'a str>,
    /// The file for servers: certificate and intermediates.
    #[serde(skip_serializing_if = "Option::is_none")]
    fullchain: Option<&'a str>,
    /// The file of its key; absent where the key is elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    /// The file with the credentials of its DNS provider, as certkit reads them.
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials: Option<&'a str>,
    /// The commands of the other client that certkit runs from now on, in their order.
    commands: Vec<AcmeImportedCommand<'a>>,
    /// `taken`, `already_here` or `left_out`.
    state: &'a str,
    /// Why it was left out, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// A command that is run at each renewal.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct AcmeImportedCommand<'a> {
    /// `pre`, `dns`, `post` or `deploy`.
    hook: &'a str,
    /// The command; of `dns` as `--dns-hook` takes it.
    command: &'a str,
}

impl<'a> AcmeImportResult<'a> {
    pub(super) fn new(import: &'a Import) -> Self {
        Self {
            client: import.client,
            dry_run: import.is_dry_run,
            accounts: import.accounts.iter().map(AcmeImportedAccount::new).collect(),
            certificates: import.certificates.iter().map(AcmeImportedCertificate::new).collect(),
        }
    }
}

impl<'a> AcmeImportedAccount<'a> {
    fn new(item: &'a ImportedItem) -> Self {
        let (account, reason) = (item.url.as_deref(), item.reason.as_deref());
        Self { server: &item.name, account, state: item.state, reason }
    }
}

impl<'a> AcmeImportedCertificate<'a> {
    fn new(item: &'a ImportedItem) -> Self {
        Self {
            name: &item.name,
            names: &item.names,
            server: item.server.as_deref(),
            not_after: item.not_after.map(rfc3339),
            challenge: item.challenge.as_deref(),
            fullchain: item.fullchain.as_deref(),
            key: item.key.as_deref(),
            credentials: item.credentials.as_deref(),
            commands: item
                .commands
                .iter()
                .map(|(hook, command)| AcmeImportedCommand { hook, command })
                .collect(),
            state: item.state,
            reason: item.reason.as_deref(),
        }
    }
}
