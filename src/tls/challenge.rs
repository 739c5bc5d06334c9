//! tls-alpn-01 (RFC 8737) on listeners that serve other clients too: an ACME server announces its
//! validation by ALPN, and gets the certificate of the challenge instead of the one in use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::server::ClientHello;
use rustls::sign::CertifiedKey as RustlsKey;

/// The protocol that a validating server asks for (RFC 8737 section 6.2).
pub const ACME_TLS: &[u8] = b"acme-tls/1";

/// The certificates of the challenges under way, by the name that is validated. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct AlpnChallenges {
    by_name: Arc<Mutex<HashMap<String, Challenge>>>,
}

#[derive(Debug)]
struct Challenge {
    certificate: Arc<RustlsKey>,
    was_asked: bool,
}

impl AlpnChallenges {
    /// Shows `certificate` to a server that validates `name` (as SNI has it: for an IP address the
    /// name in in-addr.arpa or ip6.arpa, RFC 8738 section 6).
    pub fn present(&self, name: &str, certificate: Arc<RustlsKey>) {
        self.with(|challenges| {
            challenges.insert(name.to_ascii_lowercase(), Challenge { certificate, was_asked: false })
        });
    }

    /// Shows nothing for `name` any more; whether anybody had asked.
    pub fn withdraw(&self, name: &str) -> bool {
        let removed = self.with(|challenges| challenges.remove(&name.to_ascii_lowercase()));
        removed.is_some_and(|challenge| challenge.was_asked)
    }

    /// Whether a server has come to validate `name`.
    pub fn was_asked(&self, name: &str) -> bool {
        self.with(|challenges| {
            challenges.get(&name.to_ascii_lowercase()).is_some_and(|challenge| challenge.was_asked)
        })
    }

    /// Whether there is something to show for `name`, in lower case.
    pub fn has(&self, name: &str) -> bool {
        self.with(|challenges| challenges.contains_key(name))
    }

    /// What to show to a client that validates; `None` for all others, and for names without a
    /// challenge.
    pub fn choose(&self, hello: &ClientHello<'_>) -> Option<Arc<RustlsKey>> {
        if !is_validation(hello) {
            return None;
        }
        let name = hello.server_name()?.to_ascii_lowercase();
        self.with(|challenges| {
            let challenge = challenges.get_mut(&name)?;
            challenge.was_asked = true;
            Some(Arc::clone(&challenge.certificate))
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<String, Challenge>) -> T) -> T {
        // A map is whole also after a panic elsewhere.
        act(&mut self.by_name.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether a client asks for nothing but validation (RFC 8737 section 3: exactly one protocol).
pub(super) fn is_validation(hello: &ClientHello<'_>) -> bool {
    hello.alpn().is_some_and(|mut offered| offered.next() == Some(ACME_TLS) && offered.next().is_none())
}
