//! The certificate that is wanted, and the server to get it from.

pub mod given_request;
pub mod life_settings;
pub mod names;
pub mod public_server;

use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::challenge::ChallengeMethod;
use crate::acme::plan::given_request::GivenRequest;
use crate::acme::plan::life_settings::LifeSettings;
use crate::acme::plan::public_server::{LETS_ENCRYPT, PublicServer};
use crate::x509::KeyKind;

/// The certificate that is wanted, and from whom.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Names as [`certificate_name`](super::certificate_name) gives them, at least one; the certificate is filed under the first.
    pub names: Vec<String>,
    /// The address of the server's directory.
    pub server: String,
    /// All servers that may issue it, the preferred one first; empty for [`Self::server`] alone. Another one than the
    /// first is asked after that has failed for a day.
    pub servers: Vec<String>,
    /// PEM file of the CA certificates to trust for the server itself; without one the system's. An empty path
    /// removes the setting.
    pub ca_roots: Option<PathBuf>,
    /// Mail address for the account.
    pub email: Option<String>,
    /// An account made elsewhere, that a new one is bound to.
    pub external_account: Option<ExternalAccount>,
    /// Kind of the certificate's key.
    pub key_kind: KeyKind,
    /// The signing request that has names and key; `None` where certkit makes the key. Its [`Self::key_kind`] is that of
    /// its key, if certkit makes such keys.
    pub request: Option<GivenRequest>,
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
    /// Commands around an order, and the key from one to the next.
    pub life: LifeSettings,
    /// Get a new certificate even if the one in use is not due, and although it may be one too many.
    pub force: bool,
}

impl Plan {
    /// A plan without names, for Let's Encrypt and with an ECDSA key; the fields take the rest.
    pub fn new(challenge: ChallengeMethod) -> Self {
        Self {
            names: Vec::new(),
            server: LETS_ENCRYPT.to_owned(),
            servers: Vec::new(),
            ca_roots: None,
            email: None,
            external_account: None,
            key_kind: KeyKind::EcdsaP256,
            request: None,
            challenge,
            profile: None,
            preferred_chain: None,
            deploy_hook: None,
            key_group: None,
            life: LifeSettings::default(),
            force: false,
        }
    }

    /// The kind of the certificate's key in one word.
    pub(super) fn key_word(&self) -> String {
        self.request.as_ref().map_or_else(|| self.key_kind.as_str().to_owned(), GivenRequest::key_word)
    }

    /// Whether the server of this directory may issue the certificate.
    pub(super) fn may_issue(&self, server: &str) -> bool {
        self.server == server || self.servers.iter().any(|other| other == server)
    }

    /// The CA certificates to trust for the server itself.
    pub(super) fn roots(&self) -> Option<&Path> {
        roots_for(&self.server, &self.servers, self.ca_roots.as_deref())
    }
}

/// The CA certificates to trust for one of several servers. Those that are named are for servers of one's own; a public
/// server in the same list is known by the system's.
pub(super) fn roots_for<'a>(
    server: &str,
    servers: &[String],
    ca_roots: Option<&'a Path>,
) -> Option<&'a Path> {
    let is_public = |server: &str| PublicServer::at(server).is_some();
    let is_mixed = is_public(server) && servers.iter().any(|other| !is_public(other));
    ca_roots.filter(|_| !is_mixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_roots_are_not_for_a_public_server_beside_one_of_ones_own() {
        let own = "https://ca.test/dir".to_owned();
        let both = [LETS_ENCRYPT.to_owned(), own.clone()];
        let roots = Some(Path::new("ca.pem"));
        assert_eq!(roots_for(LETS_ENCRYPT, &both, roots), None);
        assert_eq!(roots_for(&own, &both, roots), roots);
        // Through a proxy that has a certificate of its own.
        assert_eq!(roots_for(LETS_ENCRYPT, &[], roots), roots);
        assert_eq!(roots_for(&own, &[], None), None);
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
