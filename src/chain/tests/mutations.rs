//! Certificates and lists with bytes changed: whatever comes of them, judging ends with a verdict.

use proptest::prelude::*;
use rcgen::{CertificateRevocationListParams, GeneralSubtree, KeyIdMethod, NameConstraints, SerialNumber};

use super::*;
use crate::chain::Profile;
use crate::x509::Crl;

/// Leaf, intermediate with name constraints, root, list of the intermediate: as DER.
fn made() -> [Vec<u8>; 4] {
    let root = root("R");
    let mut params = ca_params("I");
    params.key_usages.push(KeyUsagePurpose::CrlSign);
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("test".into()),
            GeneralSubtree::Rfc822Name("a.test".into()),
        ],
        excluded_subtrees: vec![GeneralSubtree::DnsName("bad.test".into())],
    });
    let middle = intermediate(params, &root);
    let list = CertificateRevocationListParams {
        this_update: NOW - Duration::DAY,
        next_update: NOW + Duration::DAY,
        crl_number: SerialNumber::from(vec![1]),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let leaf = leaf(&leaf_params("www.test"), &middle).certificate.der.to_vec();
    let list = list.signed_by(&middle).unwrap().der().to_vec();
    [leaf, middle.der().to_vec(), root.der().to_vec(), list]
}

/// What the signature of a certificate does not cover is its outer header and what follows the signed part.
#[test]
fn no_changed_bit_around_the_signed_part_goes_unnoticed() {
    let made = made();
    let mut trust = TrustStore::default();
    trust.add(Certificate::from_der(made[2].as_slice()).unwrap(), Origin::System);
    let host = HostName::parse("www.test").unwrap();
    let holds = |chain: &[Vec<u8>]| {
        let read = |der: &Vec<u8>| Certificate::from_der(der.as_slice()).map(Located::from);
        let Ok(certificates) = chain.iter().map(read).collect::<Result<Vec<_>, _>>() else { return false };
        let input = CheckInput {
            host: Some(&host),
            profile: Profile::Webpki,
            ..CheckInput::new(&certificates, &trust, NOW, "t.pem")
        };
        check(&input).findings.iter().all(|finding| finding.severity != Severity::Error)
    };
    assert!(holds(&made[..2]));
    for part in 0..2 {
        // Two headers of four octets, `30 82` and the length.
        let [0x30, 0x82, _, _, 0x30, 0x82, high, low, ..] = made[part][..] else { panic!("other headers") };
        let behind = 8 + usize::from(u16::from_be_bytes([high, low]));
        for at in (0..4).chain(behind..made[part].len()) {
            for bit in 0..8 {
                let mut changed = made.clone();
                changed[part][at] ^= 1 << bit;
                assert!(!holds(&changed[..2]), "bit {bit} of byte {at} of certificate {part}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn changed_bytes_do_not_panic(
        changes in proptest::collection::vec((0..4_usize, any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        thread_local! {
            static MADE: [Vec<u8>; 4] = made();
        }
        let mut made = MADE.with(Clone::clone);
        for (part, place, byte) in changes {
            let bytes = &mut made[part];
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let located = |der: &Vec<u8>| Certificate::from_der(der.as_slice()).ok().map(Located::from);
        let certificates: Vec<_> = made[..2].iter().filter_map(located).collect();
        let mut trust = TrustStore::default();
        if let Ok(root) = Certificate::from_der(made[2].as_slice()) {
            trust.add(root, Origin::System);
        }
        let crls: Vec<_> = Crl::from_der(&made[3]).into_iter().collect();
        let host = HostName::parse("www.test").unwrap();
        for profile in [Profile::Tls, Profile::Webpki, Profile::Rfc5280] {
            let input = CheckInput {
                host: Some(&host),
                crls: &crls,
                profile,
                ..CheckInput::new(&certificates, &trust, NOW, "t.pem")
            };
            let judgement = check(&input);
            // A changed byte of anything that is signed cannot go unnoticed.
            let is_whole = made[..2] == MADE.with(|made| made[..2].to_vec());
            let holds = judgement.findings.iter().all(|finding| finding.severity != Severity::Error);
            prop_assert!(is_whole || !holds || certificates.is_empty(), "{:?}", judgement.findings);
        }
    }
}
