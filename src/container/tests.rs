//! Every form, read into blocks: numbers, lines, and nothing that panics. What whole files must give is in
//! `testdata/manifest.json`.

use proptest::prelude::*;

use super::reader::MAX_ERRORS;
use super::*;
use crate::der::{self, element, oid};
use crate::pem::MAX_BLOCKS;

/// A certificate's shape with `filling` inside: signed part, algorithm, signature.
fn signed(filling: u8) -> Vec<u8> {
    let part = element(der::SEQUENCE, &[&element(der::OCTET_STRING, &[&[filling; 150]])]);
    let algorithm = element(der::SEQUENCE, &[&element(der::OID, &[&[42]])]);
    element(der::SEQUENCE, &[&part, &algorithm, &element(der::BIT_STRING, &[&[0, filling]])])
}

fn armoured(label: &str, der: &[u8]) -> Vec<u8> {
    let mut text = String::new();
    pem::write(&mut text, label, der);
    text.into_bytes()
}

/// Number, kind and lines of every block; there must be no error.
fn found(bytes: &[u8]) -> Vec<(usize, BlockKind, Lines)> {
    let contents = read(bytes, None);
    assert_eq!(contents.errors, []);
    contents.blocks.iter().map(|block| (block.number, block.kind, block.lines)).collect()
}

#[test]
fn binary_and_text_in_any_order_keep_numbers_and_lines() {
    let (binary, text) = (signed(1), armoured("CERTIFICATE", &signed(2)));
    let certificate = |number, lines| (number, BlockKind::Certificate, lines);
    let lines = text.iter().filter(|&&byte| byte == b'\n').count();
    assert_eq!(found(&[&binary[..], &binary].concat()), [certificate(1, None), certificate(2, None)]);
    let mixed = [&text[..], &binary, b"\n", &text].concat();
    assert_eq!(
        found(&mixed),
        [
            certificate(1, Some((1, lines))),
            certificate(2, None),
            certificate(3, Some((lines + 2, 2 * lines + 1)))
        ]
    );
}

#[test]
fn what_is_inside_a_binary_object_that_is_unknown_or_cut_off_is_not_taken_for_the_file() {
    // An OCSP answer, say: a certificate is in it, but it is none.
    let other = element(der::SEQUENCE, &[&element(der::SEQUENCE, &[&signed(1), &signed(2)])]);
    assert_eq!(found(&other), [(1, BlockKind::Other, None)]);
    let cut = &other[..other.len() - 1];
    let errors = read(cut, None).errors;
    assert_eq!(errors, [Error::DerTruncated { expected: other.len(), found: cut.len() }]);
}

#[test]
fn a_label_is_believed_only_where_the_bytes_say_nothing() {
    let label = |text: &[u8]| {
        let contents = read(text, None);
        let wrong = contents.notes.iter().any(|note| matches!(note, Note::WrongLabel { .. }));
        (contents.blocks[0].kind, wrong)
    };
    assert_eq!(label(&armoured("CERTIFICATE", &signed(1))), (BlockKind::Certificate, false));
    assert_eq!(label(&armoured("PKCS7", &signed(1))), (BlockKind::Certificate, true));
    assert_eq!(label(&armoured("CERTIFICATE", b"no DER")), (BlockKind::Certificate, false));
    assert_eq!(label(&armoured("THING", b"no DER")), (BlockKind::Other, false));
    assert_eq!(label(&armoured("EC PARAMETERS", &[6, 1, 42])), (BlockKind::Parameters, false));
}

#[test]
fn trust_settings_behind_a_certificate_are_cut_off_under_their_own_label_only() {
    let mut der = signed(1);
    let length = der.len();
    der.extend([0x30, 2, 5, 0]);
    assert_eq!(read(&armoured("TRUSTED CERTIFICATE", &der), None).blocks[0].der.len(), length);
    assert_eq!(read(&armoured("CERTIFICATE", &der), None).blocks[0].der.len(), length + 4);
}

#[test]
fn a_flood_of_blocks_is_one_error() {
    let block = armoured("CERTIFICATE", &signed(1));
    let contents = read(&block.repeat(MAX_BLOCKS + 5), None);
    assert_eq!(
        (contents.blocks.len(), contents.errors),
        (MAX_BLOCKS, vec![Error::TooManyBlocks(MAX_BLOCKS)])
    );
}

#[test]
fn a_file_of_many_parts_costs_little() {
    let empty = [oid::SIGNED_DATA.der(), &element(der::CONTEXT_0, &[&[0; 150]])].concat();
    // A container of nothing, then what might be a streamed one and never ends; each look for it, or for PEM
    // behind it, costs as much as the file is long.
    let part = [element(der::SEQUENCE, &[&empty]), [0x30, 0x80].repeat(8)].concat();
    let mut file = part.repeat(30_000);
    file.extend(armoured("CERTIFICATE", &signed(1)));
    let started = std::time::Instant::now();
    let contents = read(&file, None);
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "took {:?}", started.elapsed());
    // Errors of all parts together are bounded, not those of each.
    assert_eq!(contents.errors.len(), MAX_ERRORS);
    let broken = [b"-----BEGIN X-----\n!\n-----END X-----\n".repeat(3), signed(1)].concat();
    let contents = read(&broken.repeat(20), None);
    assert_eq!((contents.errors.len(), contents.blocks.len()), (MAX_ERRORS, 20));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        read(&bytes, Some("secret"));
    }

    #[test]
    fn no_mixture_panics_and_numbers_rise(picks in proptest::collection::vec((0usize..12, any::<prop::sample::Index>()), 0..8)) {
        let whole = signed(7);
        let pieces: [Vec<u8>; 12] = [
            whole.clone(), armoured("CERTIFICATE", &whole), armoured("PKCS7", &whole), b"\n".to_vec(), b"words\n".to_vec(),
            vec![0x30, 0x80], vec![0, 0], vec![0xff, 0xfe], b"-----BEGIN CERTIFICATE-----\n".to_vec(),
            armoured("CERTIFICATE", &whole).iter().flat_map(|&byte| [byte, 0]).collect(),
            element(der::SEQUENCE, &[&element(der::INTEGER, &[&[3]]), &element(der::SEQUENCE, &[oid::DATA.der()])]),
            element(der::SEQUENCE, &[oid::SIGNED_DATA.der(), &element(der::CONTEXT_0, &[&whole])]),
        ];
        let mut bytes = Vec::new();
        for (pick, cut) in picks {
            let piece = &pieces[pick];
            // Every third piece is cut off somewhere.
            let length = if pick % 3 == 0 { piece.len() } else { cut.index(piece.len()) + 1 };
            bytes.extend_from_slice(&piece[..length]);
        }
        let contents = read(&bytes, Some("secret"));
        let numbers: Vec<_> = contents.blocks.iter().map(|block| block.number).collect();
        prop_assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", numbers);
        for block in &contents.blocks {
            let _ = block.private_key(Some("secret"));
        }
    }
}
