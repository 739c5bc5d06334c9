//! Whether a new chain may go live: the rules of `certkit check`, for every name.

use time::OffsetDateTime;

use crate::acme::Remark;
use crate::chain::{CheckInput, Located, Origin, TrustStore, check};
use crate::finding::{Code, Finding, Severity};
use crate::x509::{Certificate, HostName, PrivateKey};

/// Judges a chain, leaf first, as a server would send it, and whether it fits the key, if that is here. `roots` are those that
/// the ACME server itself is trusted by.
///
/// The root of a private ACME server, or of a public one's test server, is in no system's store.
/// Such a chain is judged as by a client that trusts the issuer of its last certificate, with a
/// remark: an error that is still there then has nothing to do with trust.
///
/// # Errors
/// All findings, when one of them is an error.
pub(super) fn judge<'k>(
    chain: &[Certificate],
    key: impl Into<Option<&'k PrivateKey>>,
    names: &[String],
    roots: &[Certificate],
    mut trust: TrustStore,
    now: OffsetDateTime,
) -> Result<Vec<Remark>, Vec<Finding>> {
    let key = key.into();
    let chain: Vec<_> = chain.iter().cloned().map(Located::from).collect();
    let first = findings(&chain, key, names, &trust, now);
    if !has_error(&first) {
        return Ok(first.into_iter().map(Remark::Finding).collect());
    }
    let [_, between @ .., last] = chain.as_slice() else { return Err(first) };
    let last = &last.certificate;
    trust.add(last.clone(), Origin::File("the ACME server's word only".to_owned()));
    let findings = findings(&chain, key, names, &trust, now);
    if has_error(&findings) {
        return Err(findings);
    }
    // A root that was rolled over comes with the certificate that the old one gave it.
    let is_root = |known: &Certificate| known.spki == last.spki && known.subject.der == last.subject.der;
    let may_be_root = !between.is_empty() || roots.iter().any(is_root);
    let private_root = Remark::PrivateRoot {
        issuer: last.issuer.to_string(),
        below: (may_be_root && !last.is_self_issued()).then(|| last.subject.to_string()),
    };
    // That the last one is not a root was assumed for this question.
    let others = findings.into_iter().filter(|finding| finding.code != Code::PartialChain);
    Ok(others.map(Remark::Finding).chain([private_root]).collect())
}

fn has_error(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}

fn findings(
    chain: &[Located],
    key: Option<&PrivateKey>,
    names: &[String],
    trust: &TrustStore,
    now: OffsetDateTime,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in names {
        // The names were parsed by the same rules when they were typed. For a wildcard, any name
        // that it matches will do.
        let host = HostName::parse(&name.replacen('*', "any", 1)).ok();
        let judgement = check(&CheckInput {
            host: host.as_ref(),
            key,
            ..CheckInput::new(chain, trust, now, "fullchain.pem")
        });
        for finding in judgement.findings {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;
    use crate::ca::{CaProfile, Issuance, Issuer, LeafProfile, Subject, SubjectKey, make_root};
    use crate::x509::{CertificateName, CertifiedKey, KeyKind, Purpose};

    const NOW: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

    struct Made {
        root: Certificate,
        chain: Vec<Certificate>,
        key: PrivateKey,
    }

    fn key() -> PrivateKey {
        PrivateKey::generate(KeyKind::EcdsaP256).unwrap()
    }

    /// A root, an intermediate and a leaf for a.test and b.test.
    fn made() -> Made {
        let ca = |name: &str, path_length| CaProfile::new(Subject::common_name(name), 3650, path_length);
        let root = make_root(&ca("root", 1), key(), NOW).unwrap();
        let issue = |ca, request| Issuer::new(ca, NOW).unwrap().issue(request).unwrap();
        let (profile, given) = (ca("intermediate", 0), SubjectKey::Given(key()));
        let intermediate = issue(&root, Issuance::ca(&profile, given, NOW)).into_certified().unwrap();
        let names = ["a.test", "b.test"].map(|name| CertificateName::parse(name).unwrap());
        let profile = LeafProfile::new(names.into(), Purpose::Server, 90);
        let issued = issue(&intermediate, Issuance::leaf(&profile, SubjectKey::Given(key()), NOW));
        let chain = vec![issued.certificate, intermediate.leaf().clone()];
        Made { root: root.leaf().clone(), chain, key: issued.key.unwrap() }
    }

    fn trusting(root: &Certificate) -> TrustStore {
        let mut trust = TrustStore::default();
        trust.add(root.clone(), Origin::System);
        trust
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    /// The codes that forbid the chain.
    fn forbidden(made: &Made, key: &PrivateKey, of: &[&str], now: OffsetDateTime) -> Vec<Code> {
        let findings = judge(&made.chain, key, &names(of), &[], trusting(&made.root), now).unwrap_err();
        findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| finding.code)
            .collect()
    }

    #[test]
    fn a_good_chain_goes_live_without_a_remark() {
        let made = made();
        let remarks =
            judge(&made.chain, &made.key, &names(&["a.test", "b.test"]), &[], trusting(&made.root), NOW);
        assert!(remarks.unwrap().is_empty());
    }

    #[test]
    fn a_private_root_is_a_remark_and_excuses_nothing_else() {
        let made = made();
        let judge =
            |of: &[&str], now| judge(&made.chain, &made.key, &names(of), &[], TrustStore::default(), now);
        let remarks = judge(&["a.test"], NOW).unwrap();
        assert_eq!(remarks.len(), 1, "{remarks:?}");
        assert!(matches!(&remarks[0], Remark::PrivateRoot { issuer, below: None } if issuer == "CN=root"));
        assert!(judge(&["c.test"], NOW).is_err());
        assert!(judge(&["a.test"], NOW + Duration::days(91)).is_err());
    }

    #[test]
    fn a_root_that_was_rolled_over_is_named_beside_the_old_one() {
        let ca = |name: &str, path_length| CaProfile::new(Subject::common_name(name), 3650, path_length);
        let old = make_root(&ca("old", 2), key(), NOW).unwrap();
        let issue =
            |ca: &CertifiedKey, request: Issuance<'_>| Issuer::new(ca, NOW).unwrap().issue(request).unwrap();
        let below = |issuer: &CertifiedKey, profile: CaProfile| {
            issue(issuer, Issuance::ca(&profile, SubjectKey::Given(key()), NOW)).into_certified().unwrap()
        };
        let new = below(&old, ca("new", 1));
        let intermediate = below(&new, ca("intermediate", 0));
        let names_of_leaf = vec![CertificateName::parse("a.test").unwrap()];
        let profile = LeafProfile::new(names_of_leaf, Purpose::Server, 90);
        let issued = issue(&intermediate, Issuance::leaf(&profile, SubjectKey::Given(key()), NOW));
        let chain = [issued.certificate, intermediate.leaf().clone(), new.leaf().clone()];
        let key = issued.key.unwrap();
        let remarks = judge(&chain, &key, &names(&["a.test"]), &[], TrustStore::default(), NOW).unwrap();
        assert!(
            matches!(&remarks[..], [Remark::PrivateRoot { issuer, below: Some(new) }] if issuer == "CN=old" && new == "CN=new"),
            "{remarks:?}"
        );
        // Without an intermediate only what the user trusts the server by says that it is a root.
        let issued = issue(&new, Issuance::leaf(&profile, SubjectKey::Given(self::key()), NOW));
        let (chain, key) = ([issued.certificate, new.leaf().clone()], issued.key.unwrap());
        for (roots, is_named) in [(&[][..], false), (&chain[1..], true)] {
            let remarks =
                judge(&chain, &key, &names(&["a.test"]), roots, TrustStore::default(), NOW).unwrap();
            assert!(
                matches!(&remarks[..], [Remark::PrivateRoot { issuer, below }] if issuer == "CN=old" && below.is_some() == is_named),
                "{remarks:?}"
            );
        }
    }

    #[test]
    fn a_bad_chain_does_not_go_live() {
        let made = made();
        assert_eq!(forbidden(&made, &key(), &["a.test"], NOW), [Code::KeyMismatch]);
        assert_eq!(forbidden(&made, &made.key, &["a.test", "c.test"], NOW), [Code::HostMismatch]);
        assert_eq!(forbidden(&made, &made.key, &["a.test"], NOW + Duration::days(91)), [Code::Expired]);
        let alone = Made { chain: made.chain[..1].to_vec(), ..self::made() };
        assert!(
            judge(&alone.chain, &made.key, &names(&["a.test"]), &[], TrustStore::default(), NOW).is_err()
        );
        let strangers =
            Made { chain: vec![made.chain[0].clone(), self::made().chain[1].clone()], ..self::made() };
        assert!(
            judge(&strangers.chain, &made.key, &names(&["a.test"]), &[], TrustStore::default(), NOW).is_err()
        );
    }
}
