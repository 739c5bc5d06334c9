//! What speaks against serving a chain with a key.

use crate::chain::{self, CheckInput, Located, TrustStore};
use crate::finding::{Code, Finding};
use crate::operands::ca_lookup::trust_local_ca;
use crate::sys::clock::{Clock, SystemClock};
use crate::sys::shell::input_word;
use crate::x509::PrivateKey;

/// The findings of `certkit check`. The system's store is read only if the chain does not end in a
/// private CA: that takes longer than all the rest.
pub(super) fn judge(certificates: &[Located], key: &PrivateKey, file: &str) -> Vec<Finding> {
    let word = input_word(file);
    let check = |trust: &TrustStore| {
        chain::check(&CheckInput {
            key: Some(key),
            // The log of the server warns of the end by itself, from its own day on.
            min_days: Some(0),
            ..CheckInput::new(certificates, trust, SystemClock.now(), &word)
        })
    };
    let mut trust = TrustStore::default();
    trust_local_ca(&mut trust);
    let mut judgement = check(&trust);
    if judgement.trusted_by.is_none() {
        let mut trust = TrustStore::system();
        trust_local_ca(&mut trust);
        judgement = check(&trust);
    }
    // Whether clients trust the CA is up to them: a private one is not an error.
    let about_trust = [Code::SelfSigned, Code::TrustedLocally, Code::UntrustedRoot, Code::UnknownIssuer];
    judgement.findings.into_iter().filter(|finding| !about_trust.contains(&finding.code)).collect()
}
