//! The certificate that is wanted, and the server to get it from.

use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::challenge::ChallengeMethod;
use crate::x509::KeyKind;

pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
/// Let's Encrypt's directory for tests: higher limits, certificates that no client trusts.
pub const LETS_ENCRYPT_STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";

/// The certificate that is wanted, and from whom.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Names as [`certificate_name`](super::certificate_name) gives them, at least one; the certificate is filed under the first.
    pub names: Vec<String>,
    /// The address of the server's directory.
    pub server: String,
    /// PEM file of the CA certificates to trust for the server itself; without one the system's. An empty path
    /// removes the setting.
    pub ca_roots: Option<PathBuf>,
    /// Mail address for the account.
    pub email: Option<String>,
    /// An account made elsewhere, that a new one is bound to.
    pub external_account: Option<ExternalAccount>,
    /// Kind of the certificate's key.
    pub key_kind: KeyKind,
    /// How to prove that the names are ours.
    pub challenge: ChallengeMethod,
    /// The kind of certificate, by the server's name for it; without one the server's default.
    pub profile: Option<String>,
    /// The common name of the root that the chain should lead to, where there are several chains.
    pub preferred_chain: Option<String>,
    /// The command to run when a new certificate is in use, by `sh -c`; an empty one is none.
    pub deploy_hook: Option<String>,
    /// The group that may read the key, by name or number.
    pub key_group: Option<String>,
    /// Get a new certificate even if the one in use is not due, and although it may be one too many.
    pub force: bool,
}

impl Plan {
    /// A plan without names, for Let's Encrypt and with an ECDSA key; the fields take the rest.
    pub fn new(challenge: ChallengeMethod) -> Self {
        Self {
            names: Vec::new(),
            server: LETS_ENCRYPT.to_owned(),
            ca_roots: None,
            email: None,
            external_account: None,
            key_kind: KeyKind::EcdsaP256,
            challenge,
            profile: None,
            preferred_chain: None,
            deploy_hook: None,
            key_group: None,
            force: false,
        }
    }
}

/// An account that was made at the server by other means (RFC 8555 section 7.3.4).
#[derive(Clone, PartialEq, Eq)]
pub struct ExternalAccount {
    pub kid: String,
    /// Its secret, as bytes.
    pub secret: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for ExternalAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExternalAccount({})", self.kid)
    }
}
