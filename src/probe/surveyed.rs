//! What a server would agree to, as the questions of a survey showed it.

use super::Error;
use super::cipher_order::CipherOrder;
use super::flight::ServerFlight;
use super::other_chain::OtherChain;
use super::plain_http::PlainHttp;
use super::renegotiation::Renegotiation;
use super::server_names::UnnamedAnswers;
use super::sessions::Sessions;
use super::suites::{Group, Strength, Suite, Version};
use super::weaknesses::Weakness;

/// How much to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Nine connections at most, unless some get no answer.
    Usual,
    /// Dozens: every cipher suite and group by name.
    Deep,
}

/// What a server would agree to.
#[derive(Debug, Default)]
pub struct Survey {
    /// The versions that it speaks, oldest first.
    pub versions: Vec<Version>,
    /// Cipher suites that it accepted though they are not good; one of each kind, or with [`Depth::Deep`] all.
    pub poor_suites: Vec<Suite>,
    /// Whether it supports secure renegotiation; `None` when it speaks TLS 1.3 only, which has none.
    pub is_renegotiation_safe: Option<bool>,
    pub is_compressed: bool,
    /// Whether it supports the extended master secret (RFC 7627); `None` when it speaks TLS 1.3 only.
    pub has_extended_master_secret: Option<bool>,
    /// Whether it refuses a client that fell back to an older version (RFC 7507); `None` unless [`Depth::Deep`] with several.
    pub refuses_fallback: Option<bool>,
    /// Which renegotiation it grants to a client that starts one; `None` unless [`Depth::Deep`] with TLS 1.2.
    pub renegotiation: Option<Renegotiation>,
    /// What it shows to clients that do not call it by its name; `None` unless [`Depth::Deep`] with a name.
    pub unnamed: Option<UnnamedAnswers>,
    /// The chain for clients that know only the other kind of key; `None` unless [`Depth::Deep`] and there is one.
    pub other_chain: Option<OtherChain>,
    /// What it answers without TLS; empty unless that was to be asked.
    pub plain: Vec<PlainHttp>,
    /// What two whole handshakes show; `None` unless [`Depth::Deep`].
    pub sessions: Option<Sessions>,
    /// Whether it accepts the hybrid group; `None` without TLS 1.3.
    pub is_hybrid: Option<bool>,
    /// The smallest finite-field group that it used, in bits.
    pub dh_bits: Option<usize>,
    /// All its cipher suites by version, in its order of preference; empty unless [`Depth::Deep`].
    pub suites: Vec<(Version, Vec<String>)>,
    /// Whose order decides among them, by version; only where it has several.
    pub orders: Vec<(Version, CipherOrder)>,
    /// Whether it answers inside TLS a command that was sent unencrypted; `None` unless [`Depth::Deep`] with a protocol of lines.
    pub is_stuffable: Option<bool>,
    /// The numbers of all its groups with TLS 1.3 and 1.2, in its order of preference; empty unless [`Depth::Deep`].
    pub(super) groups: Vec<(Version, u16)>,
    /// Weaknesses with a name; empty unless [`Depth::Deep`].
    pub weaknesses: Vec<Weakness>,
    /// What was asked without an answer, and why the first such question had none; then the survey is incomplete.
    pub unanswered: Vec<String>,
    pub failure: Option<Error>,
}

impl Survey {
    /// Enters what an answer shows.
    pub(super) fn take(&mut self, answer: &ServerFlight) {
        let Some(hello) = &answer.hello else { return };
        self.versions.push(hello.version);
        if let Some(suite) = Suite::of(hello.suite).filter(|suite| suite.strength() != Strength::Good) {
            self.poor_suites.push(suite);
        }
        self.dh_bits = [self.dh_bits, answer.dh_bits].into_iter().flatten().min();
    }

    /// The names of all its groups: those of TLS 1.3 first.
    pub fn groups(&self) -> Vec<String> {
        let mut names: Vec<_> = self.groups.iter().map(|(_, code)| Group::name_of(*code)).collect();
        let mut seen = Vec::new();
        names.retain(|name| {
            let is_new = !seen.contains(name);
            seen.push(name.clone());
            is_new
        });
        names
    }

    pub(super) fn sorted(mut self) -> Self {
        self.weaknesses.sort_unstable();
        self.groups.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
        self.versions.sort_unstable();
        self.versions.dedup();
        self.poor_suites.sort_by_key(|suite| (suite.strength(), suite.code));
        self.poor_suites.dedup();
        self.suites.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
        self.orders.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
        self
    }
}
