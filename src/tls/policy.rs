//! Which versions, cipher suites and key exchanges are offered.
//!
//! Mozilla's guideline 6.0, "intermediate": TLS 1.2 and 1.3, forward secrecy and authenticated
//! encryption only. That is everything that rustls has, except its order: the provider's own
//! (post-quantum hybrid first) is kept.

use std::str::FromStr;
use std::sync::Arc;

use rustls::SupportedProtocolVersion;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};

/// The lowest version of TLS that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MinVersion {
    /// TLS 1.2, which clients since about 2014 have.
    #[default]
    Tls12,
    /// TLS 1.3, which clients since about 2019 have.
    Tls13,
}

impl FromStr for MinVersion {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "1.2" => Ok(Self::Tls12),
            "1.3" => Ok(Self::Tls13),
            _ => Err("expected 1.2 or 1.3"),
        }
    }
}

impl MinVersion {
    /// The versions from this one on.
    pub(super) fn versions(self) -> &'static [&'static SupportedProtocolVersion] {
        static TLS13_ONLY: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];
        match self {
            Self::Tls12 => rustls::ALL_VERSIONS,
            Self::Tls13 => TLS13_ONLY,
        }
    }
}

/// The one cryptography provider, with the groups of the guideline.
pub fn provider() -> Arc<CryptoProvider> {
    let groups = vec![kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];
    Arc::new(CryptoProvider { kx_groups: groups, ..default_provider() })
}

/// Asks for the first random bytes, in a thread of its own. Unless it was built not to, aws-lc
/// gathers entropy for about 30 ms then, and the first handshake would wait for it.
pub fn prepare_random() {
    std::thread::spawn(|| {
        // An error shows again where random bytes are needed.
        let _ = provider().secure_random.fill(&mut [0; 1]);
    });
}
