//! What the commands of `acme` did that end a certificate's life here or begin it.

use time::OffsetDateTime;

/// A certificate that is not kept any more.
#[derive(Debug)]
pub struct Deleted {
    /// The name that its files were under.
    pub name: String,
    pub names: Vec<String>,
    /// `None` when there was none that can be read.
    pub not_after: Option<OffsetDateTime>,
    pub is_revoked: bool,
    /// The folder with all that was kept of it.
    pub copy: String,
}

/// What was taken over from another client.
#[derive(Debug)]
pub struct Import {
    /// The client's name.
    pub client: &'static str,
    pub is_dry_run: bool,
    /// By the address of the server's directory.
    pub accounts: Vec<ImportedItem>,
    pub certificates: Vec<ImportedItem>,
}

/// An account or a certificate of another client.
#[derive(Debug)]
pub struct ImportedItem {
    /// Of an account the address of the server's directory; of a certificate the name that its files are under.
    pub name: String,
    /// Of a certificate all its names.
    pub names: Vec<String>,
    pub server: Option<String>,
    /// Of an account its own address.
    pub url: Option<String>,
    pub not_after: Option<OffsetDateTime>,
    /// The challenge that will prove the names.
    pub challenge: Option<String>,
    /// The file for servers, certificate and intermediates.
    pub fullchain: Option<String>,
    /// The file of a certificate's key.
    pub key: Option<String>,
    /// The file of its DNS provider's credentials, as they were converted.
    pub credentials: Option<String>,
    /// The commands that certkit runs from now on, with when: `pre`, `dns`, `post` or `deploy`.
    pub commands: Vec<(&'static str, String)>,
    /// `taken`, `already_here` or `left_out`.
    pub state: &'static str,
    /// Why it was left out.
    pub reason: Option<String>,
}
