//! Early data, stapling that the certificate requires, and the other addresses of the name.

use x509_parser::prelude::{FromDer, X509Certificate};

use super::configuration;
use super::server_rule::{ServerDiagnostic, ServerFacts, ServerRule};
use crate::finding::{Code, Finding};
use crate::probe::AddressState;

/// The TLS feature extension (RFC 7633), whose value 5 is status_request.
const TLS_FEATURE: &str = "1.3.6.1.5.5.7.1.24";

const REPLAYED: ServerDiagnostic = ServerDiagnostic::note(Code::EarlyData);
const NOT_STAPLED: ServerDiagnostic = ServerDiagnostic::warning(Code::MustStaple);
const DIFFER: ServerDiagnostic = ServerDiagnostic::warning(Code::ServerAddresses);

/// RFC 8470.
pub(super) const EARLY_DATA: ServerRule = ServerRule { diagnostics: &[REPLAYED], judge: early_data };

pub(super) const STAPLING: ServerRule = ServerRule { diagnostics: &[NOT_STAPLED], judge: stapling };

pub(super) const ADDRESSES: ServerRule = ServerRule { diagnostics: &[DIFFER], judge: addresses };

fn early_data(facts: &ServerFacts<'_>) -> Vec<Finding> {
    if !facts.survey.sessions.as_ref().is_some_and(|sessions| sessions.accepts_early_data) {
        return Vec::new();
    }
    let message = "the server accepts early data (0-RTT): an on-path attacker can send such a request again, so the \
                   application must answer unsafe methods with 425 (RFC 8470)";
    let fix = "nginx: ssl_early_data off;\nhaproxy: remove allow-0rtt from the bind line";
    vec![REPLAYED.finding(message).fix(configuration::own(facts, fix))]
}

fn stapling(facts: &ServerFacts<'_>) -> Vec<Finding> {
    if facts.peer.is_stapled || !facts.peer.certificates.first().is_some_and(|leaf| requires_stapling(leaf)) {
        return Vec::new();
    }
    let message = "the certificate requires a stapled OCSP response (must-staple, RFC 7633), and the server sends none; \
                   Firefox refuses it";
    let fix = "nginx: ssl_stapling on; with ssl_trusted_certificate\nApache: SSLUseStapling on\n\
               certkit serve: --ocsp-staple auto";
    vec![NOT_STAPLED.finding(message).fix(configuration::own(facts, fix))]
}

fn requires_stapling(leaf: &[u8]) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(leaf) else { return false };
    certificate.extensions().iter().any(|extension| {
        // SEQUENCE OF INTEGER; a number of one byte each.
        extension.oid.to_id_string() == TLS_FEATURE
            && extension.value.windows(3).any(|part| part == [2, 1, 5])
    })
}

fn addresses(facts: &ServerFacts<'_>) -> Vec<Finding> {
    let differ = facts.addresses.iter().filter_map(|(address, state)| match state {
        AddressState::Same => None,
        AddressState::OtherCertificate => Some(format!("{address} shows another certificate")),
        AddressState::Failed(why) => Some(format!("{address}: {why}")),
    });
    let differ: Vec<_> = differ.collect();
    if differ.is_empty() {
        return Vec::new();
    }
    let message = format!("not every address of the name does the same: {}", differ.join("; "));
    let fix = "Configure all of them alike, or remove from DNS those that do not serve it.";
    vec![DIFFER.finding(message).fix(fix)]
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, CustomExtension, KeyPair};

    use super::*;

    #[test]
    fn must_staple_is_read() {
        let certificate = |features: Option<&[u8]>| {
            let mut params = CertificateParams::new(vec!["test.example".to_owned()]).unwrap();
            let extension = |value: &[u8]| {
                CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], value.to_vec())
            };
            params.custom_extensions.extend(features.map(extension));
            params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
        };
        assert!(requires_stapling(&certificate(Some(&[0x30, 3, 2, 1, 5]))));
        assert!(!requires_stapling(&certificate(Some(&[0x30, 3, 2, 1, 17]))));
        assert!(!requires_stapling(&certificate(None)) && !requires_stapling(b"no certificate"));
    }
}
