//! Mozilla's guideline for TLS on servers, version 6.0 (2026-04-06): which of its configurations a server meets, and what it lacks.

use super::ServerSight;
use crate::probe::{CipherOrder, Strength, Version};

/// A configuration of the guideline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guideline {
    /// TLS 1.3 only.
    Modern,
    /// TLS 1.2 and 1.3.
    Intermediate,
}

impl Guideline {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Modern => "modern",
            Self::Intermediate => "intermediate",
        }
    }

    /// What a server lacks, in a few words each; nothing when it meets the configuration.
    pub(super) fn missing(self, sight: &ServerSight<'_>) -> Vec<String> {
        let survey = sight.facts.survey;
        let oldest = match self {
            Self::Modern => Version::Tls13,
            Self::Intermediate => Version::Tls12,
        };
        let mut missing = Vec::new();
        let old: Vec<_> =
            survey.versions.iter().filter(|version| **version < oldest).map(ToString::to_string).collect();
        if !old.is_empty() {
            missing.push(format!("no {}", old.join(", ")));
        }
        if !survey.versions.contains(&Version::Tls13) {
            missing.push("TLS 1.3".to_owned());
        }
        if survey.poor_suites.iter().any(|suite| suite.strength() != Strength::Good) {
            missing.push("only suites with forward secrecy and AES-GCM or ChaCha20".to_owned());
        }
        if survey.orders.iter().any(|(_, order)| *order == CipherOrder::Server) {
            missing.push("the client's order of cipher suites".to_owned());
        }
        if survey.is_hybrid != Some(true) && survey.versions.contains(&Version::Tls13) {
            missing.push("X25519MLKEM768".to_owned());
        }
        if sight.lacks_hsts() {
            missing.push("Strict-Transport-Security for two years".to_owned());
        }
        if sight.hides_hsts() {
            missing.push("an answer over https, for Strict-Transport-Security".to_owned());
        }
        missing
    }
}
