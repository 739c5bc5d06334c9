//! What another ACME client keeps on disk, taken over: accounts, certificates with their keys, and settings, as far as
//! certkit has the same. Only read here, and no server is asked; [`take_over()`] puts it into our own state.

mod acme_sh;
mod certbot;
mod certbot_dns;
mod certbot_hooks;
mod chosen;
mod error;
mod foreign_file;
mod jwk;
mod lego;
pub mod settings;
mod take_over;

use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

pub use self::error::ImportError;
pub use self::take_over::{ImportState, ImportedAccount, ImportedCertificate, take_over};
use super::challenge::ChallengeMethod;
use super::storage::Storage;
use crate::acme::order::order_key::OrderKey;
use crate::acme::plan::life_settings::LifeSettings;
use crate::x509::{Certificate, PrivateKey};

/// The section of certbot's settings of a renewal.
const SECTION: &str = "renewalparams";

/// A client whose files are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignClient {
    AcmeSh,
    Certbot,
    Lego,
}

/// What the user says besides, for all certificates.
#[derive(Clone, Debug, Default)]
pub struct ImportChoice {
    /// How to prove the names, instead of what the other client does.
    pub challenge: Option<ChallengeMethod>,
    /// The address of the server's directory, where the other client does not keep it.
    pub server: Option<String>,
    pub ca_roots: Option<PathBuf>,
    pub deploy_hook: Option<String>,
}

/// What was read.
#[derive(Debug)]
pub struct ForeignState {
    pub client: ForeignClient,
    pub accounts: Vec<ForeignAccount>,
    /// Each with its name there; or why it cannot be read.
    pub certificates: Vec<(String, Result<ForeignCertificate, String>)>,
    /// What is left behind besides.
    pub omissions: Vec<Omission>,
}

/// An account of another client.
#[derive(Debug)]
pub struct ForeignAccount {
    /// The file of its key.
    pub file: PathBuf,
    /// The address of the server's directory.
    pub server: String,
    /// The account's own address, if it is kept.
    pub url: Option<String>,
    pub email: Option<String>,
    pub key: PrivateKey,
}

/// A certificate of another client.
#[derive(Debug)]
pub struct ForeignCertificate {
    /// The name that comes first, if its client says so.
    pub first_name: Option<String>,
    /// The address of the server's directory.
    pub server: String,
    /// The file of the key of the account that ordered it, where that is known.
    pub account: Option<PathBuf>,
    pub key: OrderKey,
    pub chain: Vec<Certificate>,
    /// How its names are proved, or why that cannot be taken over.
    pub challenge: Result<ChallengeMethod, String>,
    /// What the challenge needs in a file, which has no path yet.
    pub credentials: Option<ForeignCredentials>,
    pub deploy_hook: Option<String>,
    pub preferred_chain: Option<String>,
    pub profile: Option<String>,
    /// Commands around an order, and the key from one to the next.
    pub life: LifeSettings,
    pub omissions: Vec<Omission>,
}

/// Credentials of a DNS provider in our form.
pub struct ForeignCredentials {
    /// Of the file's name.
    pub stem: String,
    /// What is in the file.
    pub text: Zeroizing<String>,
}

impl fmt::Debug for ForeignCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForeignCredentials({})", self.stem)
    }
}

/// Something that is not taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Omission {
    /// What, as a sentence.
    pub what: String,
    /// What to do instead.
    pub instead: Option<&'static str>,
}

impl ForeignClient {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AcmeSh => "acme.sh",
            Self::Certbot => "certbot",
            Self::Lego => "lego",
        }
    }

    /// The client whose folder this is.
    fn of(folder: &Path) -> Option<Self> {
        let has = |name: &str| folder.join(name).exists();
        // certbot keeps nothing of a certificate for a request (--csr), but the account.
        let is_certbots = has("renewal") && (has("live") || has("archive"));
        if is_certbots || (has("renewal-hooks") && has("accounts")) {
            Some(Self::Certbot)
        } else if has("certificates") && has("accounts") {
            Some(Self::Lego)
        } else if has("account.conf") || has("ca") {
            Some(Self::AcmeSh)
        } else {
            None
        }
    }
}

impl Omission {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), instead: None }
    }

    fn instead(self, instead: &'static str) -> Self {
        Self { instead: Some(instead), ..self }
    }
}

/// Reads the folder of another client. Its hooks will be run and its keys used, so it must be ours alone.
///
/// # Errors
/// [`ImportError`].
pub fn read(folder: &Path, choice: &ImportChoice) -> Result<ForeignState, ImportError> {
    if !folder.is_dir() {
        return Err(ImportError::NoFolder(folder.to_owned()));
    }
    Storage::new(folder).check_access()?;
    let client = ForeignClient::of(folder).ok_or_else(|| ImportError::UnknownClient(folder.to_owned()))?;
    match client {
        ForeignClient::AcmeSh => acme_sh::read(folder),
        ForeignClient::Certbot => certbot::read(folder),
        ForeignClient::Lego => lego::read(folder, choice),
    }
}
