//! Which versions, cipher suites and key exchanges are offered.
//!
//! Mozilla's guideline 6.0, "intermediate": TLS 1.2 and 1.3, forward secrecy and authenticated
//! encryption only. That is everything that rustls has, except its order: the provider's own
//! (post-quantum hybrid first) is kept.

use std::str::FromStr;
use std::sync::Arc;
use std::thread::JoinHandle;

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
pub fn prepare_random() -> RandomPreparation {
    let thread = std::thread::Builder::new().name(RANDOM_THREAD.to_owned()).spawn(|| {
        // An error shows again where random bytes are needed.
        let _ = provider().secure_random.fill(&mut [0; 1]);
    });
    RandomPreparation { thread: thread.ok() }
}

const RANDOM_THREAD: &str = "random";

/// The thread of [`prepare_random`]. Dropping this waits for its end: aws-lc clears the random state of every
/// thread when the process exits (`rand_thread_local_state_clear_all` in its rand.c), and a thread that is just
/// making its own then aborts the process.
#[must_use = "the process must not end before this thread has"]
pub struct RandomPreparation {
    thread: Option<JoinHandle<()>>,
}

impl Drop for RandomPreparation {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_preparing_thread_has_ended_when_it_is_dropped() {
        for _ in 0..20 {
            drop(prepare_random());
            let running = std::fs::read_dir("/proc/self/task")
                .unwrap()
                .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
                .any(|name| name.trim() == RANDOM_THREAD);
            assert!(!running);
        }
    }
}
