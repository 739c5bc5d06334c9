//! Everything that walks DER: certificates and each of their extensions, requests, revocation lists, keys, containers.
//! The first byte says what the rest is taken for; lengths stay right under mutation.
#![no_main]

use certkit::internals::container;
use certkit::internals::der as room;
use certkit::internals::x509::{
    Certificate, CertificateDetails, Crl, CrlDetails, DistinguishedName, PrivateKey, Request, SubjectAltName,
    key_description, signature_description,
};
use certkit_fuzz::{chains, der};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

/// The extensions that certkit reads, and one that it does not know.
const EXTENSIONS: &[&[u8]] = &[
    &[0x55, 0x1d, 0x0e],
    &[0x55, 0x1d, 0x0f],
    &[0x55, 0x1d, 0x11],
    &[0x55, 0x1d, 0x13],
    &[0x55, 0x1d, 0x1e],
    &[0x55, 0x1d, 0x1f],
    &[0x55, 0x1d, 0x20],
    &[0x55, 0x1d, 0x21],
    &[0x55, 0x1d, 0x23],
    &[0x55, 0x1d, 0x24],
    &[0x55, 0x1d, 0x25],
    &[0x55, 0x1d, 0x36],
    &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01],
    &[0x2a, 0x03],
];

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if size > 1
        && seed % 8 > 0
        && let Some(mutated) = der::mutate(&data[1..size], max_size - 1, seed)
    {
        data[1..=mutated.len()].copy_from_slice(&mutated);
        return 1 + mutated.len();
    }
    fuzzer_mutate(data, size, max_size)
});

fuzz_target!(|data: &[u8]| {
    let Some((&kind, der)) = data.split_first() else { return };
    match kind {
        b'c' => certificate(der),
        b'r' => drop(Request::from_der(der)),
        b'l' => list(der),
        b'k' => key(der),
        b'f' => drop(container::read(der, Some(""))),
        b'b' => elements(der),
        b'd' => {
            let _ = (key_description(der), signature_description(der));
        }
        other => {
            let id = EXTENSIONS[usize::from(other >> 1) % EXTENSIONS.len()];
            certificate(&chains::with_extension(id, other & 1 == 1, der));
        }
    }
});

/// The room of DER itself: BER becomes DER that stays as it is, and every element is inside the input.
fn elements(ber: &[u8]) {
    if let Some((definite, taken)) = room::to_definite(ber) {
        assert!(taken <= ber.len());
        assert_eq!(room::to_definite(&definite), Some((definite.clone(), definite.len())));
    }
    let mut rest = ber;
    while let Some((element, behind)) = room::first(rest) {
        assert!(element.contents.len() < element.whole.len());
        assert_eq!(element.whole.len() + behind.len(), rest.len());
        if element.tag == room::OID {
            let text = room::oid::to_text(element.contents);
            let _ = (room::oid::from_text(&text), room::oid::name_of(&text));
        }
        let _ = room::unsigned_integers(element.contents).count();
        rest = behind;
    }
}

fn certificate(der: &[u8]) {
    CertificateDetails::of(der);
    let Ok(certificate) = Certificate::from_der(der) else { return };
    assert_eq!(certificate.der.as_ref(), der);
    let _ =
        (certificate.label(), certificate.is_self_signed(), certificate.is_ca(), certificate.serial_hex());
    let _ = (key_description(&certificate.spki), signature_description(&certificate.signature_algorithm));
    // Every name against every constraint, all of one certificate: any pair will do.
    let names = certificate.subject_alt_names.iter().flatten();
    if let Some(constraints) = &certificate.name_constraints {
        let mut comparisons = 10_000;
        for name in names.clone() {
            assert_eq!(constraints.judge(name, &mut comparisons), constraints.judge(name, &mut comparisons));
        }
        constraints.judge_directory(&certificate.subject, &mut comparisons);
        constraints.judge_mail("me@a.test", &mut comparisons);
        for host in ["a.test", "*.test", "*.a.test", "."] {
            constraints.judge(&SubjectAltName::Dns(host.into()), &mut comparisons);
        }
        constraints.judge(&SubjectAltName::Ip([127, 0, 0, 1].into()), &mut comparisons);
        constraints.judge(&SubjectAltName::Uri("https://a.test/".into()), &mut comparisons);
        let _ = constraints.malformed().count();
    }
    let _: Vec<_> = names.map(ToString::to_string).collect();
    let _: &DistinguishedName = &certificate.subject;
}

fn list(der: &[u8]) {
    let _ = CrlDetails::from_der(der);
    if let Ok(list) = Crl::from_der(der)
        && let Ok(certificate) = Certificate::from_der(chains::leaf(Vec::new()))
    {
        let _ = (list.revocation(&certificate), list.signature_by(&certificate));
    }
}

fn key(der: &[u8]) {
    if let Ok(key) = PrivateKey::from_der(der.to_vec().into()) {
        let again = PrivateKey::from_der(key.to_rustls().secret_der().to_vec().into());
        assert_eq!(again.expect("what certkit writes it reads").spki(), key.spki());
        let _ = (key.description(), key.to_pem());
    }
}
