//! A grade from A+ to F: each of the rules that applies sets the best grade that is still possible, and the worst of them counts.
//!
//! `docs/server-grade.md` has the same table; a test compares the two.

use std::fmt;
use std::str::FromStr;

use super::ServerSight;
use crate::finding::Code;
use crate::probe::{PlainHttp, Strength, Version, Weakness};

/// How good a server is, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    APlus,
    A,
    B,
    C,
    D,
    F,
}

impl Grade {
    pub const ALL: [Self; 6] = [Self::APlus, Self::A, Self::B, Self::C, Self::D, Self::F];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::APlus => "A+",
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::F => "F",
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Grade {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|grade| grade.as_str().eq_ignore_ascii_case(text));
        found.ok_or("expected A+, A, B, C, D or F")
    }
}

/// The best grade that is possible where something applies.
#[derive(Debug)]
pub(super) struct GradeRule {
    pub(super) best: Grade,
    /// What it is about, as the documentation has it.
    pub(super) about: &'static str,
    /// The code to look up; `None` where the chain's own findings say more.
    pub(super) code: Option<Code>,
    pub(super) applies: fn(&ServerSight<'_>) -> bool,
}

const fn rule(
    best: Grade,
    about: &'static str,
    code: Option<Code>,
    applies: fn(&ServerSight<'_>) -> bool,
) -> GradeRule {
    GradeRule { best, about, code, applies }
}

fn has_suite(sight: &ServerSight<'_>, strength: Strength) -> bool {
    let survey = sight.facts.survey.poor_suites.iter().any(|suite| suite.strength() == strength);
    survey || (sight.facts.peer.is_by_hand && sight.facts.peer.strength == strength)
}

fn has_weakness(sight: &ServerSight<'_>, weakness: Weakness) -> bool {
    sight.facts.survey.weaknesses.contains(&weakness)
}

fn has_version(sight: &ServerSight<'_>, version: Version) -> bool {
    sight.facts.survey.versions.contains(&version)
}

/// The worst first: what is to be fixed first.
pub(super) const RULES: &[GradeRule] = &[
    rule(Grade::F, "the chain does not hold", None, |sight| !sight.does_chain_hold),
    rule(Grade::F, "current clients cannot connect", Some(Code::HandshakeFailed), |sight| sight.is_refused),
    rule(
        Grade::F,
        "cipher suites without encryption or authentication, export ciphers, DES or RC4",
        Some(Code::WeakCipher),
        |sight| has_suite(sight, Strength::Broken),
    ),
    rule(
        Grade::F,
        "commands that were sent unencrypted are executed inside TLS",
        Some(Code::StarttlsInjection),
        |sight| sight.facts.survey.is_stuffable == Some(true),
    ),
    rule(Grade::F, "Heartbleed", Some(Code::Heartbleed), |sight| has_weakness(sight, Weakness::Heartbleed)),
    rule(Grade::F, "CCS injection", Some(Code::CcsInjection), |sight| {
        has_weakness(sight, Weakness::CcsInjection)
    }),
    rule(Grade::F, "ROBOT", Some(Code::Robot), |sight| has_weakness(sight, Weakness::Robot)),
    rule(
        Grade::F,
        "clients start renegotiation that is not secure",
        Some(Code::InsecureRenegotiation),
        |sight| sight.facts.survey.renegotiation.is_some_and(|granted| granted.is_insecure_granted),
    ),
    rule(Grade::F, "SSL 2.0", Some(Code::OldProtocol), |sight| has_weakness(sight, Weakness::Drown)),
    rule(Grade::F, "SSL 3.0", Some(Code::OldProtocol), |sight| has_version(sight, Version::Ssl3)),
    rule(Grade::D, "a Diffie-Hellman group below 2048 bits", Some(Code::WeakCipher), |sight| {
        sight.facts.survey.dh_bits.is_some_and(|bits| bits < 2048)
    }),
    rule(Grade::D, "renegotiation that is not secure", Some(Code::InsecureRenegotiation), |sight| {
        sight.facts.survey.is_renegotiation_safe == Some(false)
    }),
    rule(Grade::D, "compression inside TLS", Some(Code::TlsCompression), |sight| {
        sight.facts.survey.is_compressed
    }),
    rule(Grade::C, "TLS 1.0 or TLS 1.1", Some(Code::OldProtocol), |sight| {
        has_version(sight, Version::Tls10) || has_version(sight, Version::Tls11)
    }),
    rule(Grade::C, "3DES", Some(Code::WeakCipher), |sight| has_suite(sight, Strength::TripleDes)),
    rule(Grade::B, "RSA key exchange", Some(Code::WeakCipher), |sight| has_suite(sight, Strength::StaticRsa)),
    rule(Grade::B, "TLS 1.3 is missing", Some(Code::NoTls13), |sight| !has_version(sight, Version::Tls13)),
    rule(
        Grade::B,
        "a group for the key exchange that some browsers lack",
        Some(Code::UnusualGroup),
        |sight| sight.facts.peer.has_unusual_groups_only,
    ),
    rule(Grade::B, "questions without an answer", Some(Code::ConnectionFailed), |sight| {
        !sight.facts.survey.unanswered.is_empty()
    }),
    rule(
        Grade::A,
        "CBC, finite-field Diffie-Hellman, CCM, ARIA or Camellia",
        Some(Code::WeakCipher),
        |sight| has_suite(sight, Strength::Outdated) || has_suite(sight, Strength::Unusual),
    ),
    rule(Grade::A, "unencrypted HTTP leads to no https", Some(Code::PlainHttp), |sight| {
        sight.facts.survey.plain.iter().any(PlainHttp::is_open)
    }),
    rule(Grade::A, "clients may start renegotiation", Some(Code::ClientRenegotiation), |sight| {
        sight.facts.survey.renegotiation.is_some_and(|granted| granted.is_secure_granted)
    }),
    rule(Grade::A, "X25519MLKEM768 is missing", Some(Code::NoPostQuantum), |sight| {
        sight.facts.survey.is_hybrid == Some(false)
    }),
    rule(
        Grade::A,
        "over https, Strict-Transport-Security for two years is missing",
        Some(Code::Hsts),
        |sight| sight.lacks_hsts(),
    ),
    rule(
        Grade::A,
        "over https, HEAD gets no answer, so Strict-Transport-Security is not known",
        Some(Code::Hsts),
        |sight| sight.hides_hsts(),
    ),
];
