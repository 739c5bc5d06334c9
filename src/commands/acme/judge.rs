//! Whether a new chain may go live: the rules of `certkit check`, for every name.

use time::OffsetDateTime;

use crate::chain::{CheckInput, Located, Origin, TrustStore, check};
use crate::finding::{Code, Finding, Severity};
use crate::x509::{Certificate, HostName, PrivateKey, Purpose};

/// Judges a chain, leaf first, as a server would send it. Gives what there is to remark on it.
///
/// A private ACME server's root, or that of a public one for tests, is in no system's store. Such a chain is judged
/// as by a client that trusts whoever issued its last certificate, with a remark.
///
/// # Errors
/// All findings, when one of them is an error.
pub(super) fn judge(
    chain: &[Certificate],
    key: &PrivateKey,
    names: &[String],
    trust: TrustStore,
    now: OffsetDateTime,
) -> Result<Vec<Finding>, Vec<Finding>> {
    let chain: Vec<_> = chain.iter().cloned().map(Located::from).collect();
    let findings = findings(&chain, key, names, &trust, now);
    if !findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Ok(findings);
    }
    let last = match chain.as_slice() {
        [_, .., last] if findings.iter().any(is_about_trust) => &last.certificate,
        _ => return Err(findings),
    };
    let mut trust = trust;
    trust.add(last.clone(), Origin::File("the ACME server's word only".to_owned()));
    let mut findings = self::findings(&chain, key, names, &trust, now);
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Err(findings);
    }
    findings.push(
        Finding::warning(
            Code::UntrustedRoot,
            format!(
                "clients take this certificate only if they trust `{}`; this system does not",
                last.issuer
            ),
        )
        .fix("give that root to your clients; for the public web use a public ACME server"),
    );
    Ok(findings)
}

fn findings(
    chain: &[Located],
    key: &PrivateKey,
    names: &[String],
    trust: &TrustStore,
    now: OffsetDateTime,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in names {
        // Names were read by the same rules when they were typed.
        let host = HostName::parse(name).ok();
        let judgement = check(&CheckInput {
            certificates: chain,
            trust,
            at: now,
            host: host.as_ref(),
            key: Some(key),
            min_days: None,
            purpose: Purpose::Server,
            file: "fullchain.pem",
        });
        for finding in judgement.findings {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    findings
}

fn is_about_trust(finding: &Finding) -> bool {
    matches!(
        finding.code,
        Code::IncompleteChain | Code::MissingIntermediate | Code::UnknownIssuer | Code::UntrustedRoot
    )
}
