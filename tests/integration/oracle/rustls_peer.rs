//! rustls in this process: the verifier of its clients, with the provider and the roots that a client would have.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::assemble::Chain;
use super::blueprint::AT;
use super::keys::{self, KeyType, Signature};
use super::verdicts::Verdicts;

static PROVIDER: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));

pub(super) fn judge(chain: &Chain) -> Verdicts {
    Verdicts::from([("rustls".to_owned(), reason(chain).unwrap_or_default())])
}

/// Why it refuses the chain.
fn reason(chain: &Chain) -> Option<String> {
    let mut roots = RootCertStore::empty();
    for der in &chain.trusted {
        if let Err(error) = roots.add(CertificateDer::from(der.clone())) {
            return Some(format!("the trusted certificate cannot be parsed: {error}"));
        }
    }
    let verifier =
        match WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&PROVIDER)).build() {
            Ok(verifier) => verifier,
            Err(error) => return Some(error.to_string()),
        };
    let Ok(host) = ServerName::try_from(chain.host.clone()) else {
        return Some("not a host name".to_owned());
    };
    let sent: Vec<_> = chain.sent.iter().map(|der| CertificateDer::from(der.clone())).collect();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(AT.unsigned_abs()));
    match verifier.verify_server_cert(&sent[0], &sent[1..], &host, &[], at) {
        Ok(_) if !signs_handshakes(chain) => {
            Some("it cannot verify the signature of a handshake with this key".to_owned())
        }
        Ok(_) => None,
        Err(error) => Some(error.to_string()),
    }
}

/// Whether rustls can verify what a key of this kind signs in a handshake; asked once for each kind.
fn signs_handshakes(chain: &Chain) -> bool {
    static KNOWN: LazyLock<Mutex<HashMap<KeyType, bool>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap();
    *known.entry(chain.key.kind).or_insert_with(|| {
        let message = b"a handshake";
        let signature = keys::key(chain.key).sign(chain.key.kind, Signature::Usual, message);
        let leaf = CertificateDer::from(chain.sent[0].clone());
        let leaf = webpki::EndEntityCert::try_from(&leaf).unwrap();
        let algorithms = PROVIDER.signature_verification_algorithms.all;
        algorithms.iter().any(|&algorithm| leaf.verify_signature(algorithm, message, &signature).is_ok())
    })
}
