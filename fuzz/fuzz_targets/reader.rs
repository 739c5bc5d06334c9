//! Every form of file through the one reader, with no password, the empty one, and a wrong one. What it gives must be
//! readable again when certkit writes it.
#![no_main]

use certkit::internals::container::{self, BlockKind};
use certkit::internals::pem;
use certkit::internals::x509::{Certificate, Crl, CrlDetails, PrivateKey, Request};
use certkit_fuzz::der;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    // Binary files keep their lengths most of the time.
    let mutated = if seed % 4 > 0 { der::mutate(&data[..size], max_size, seed) } else { None };
    match mutated {
        Some(mutated) => {
            data[..mutated.len()].copy_from_slice(&mutated);
            mutated.len()
        }
        None => fuzzer_mutate(data, size, max_size),
    }
});

fuzz_target!(|data: &[u8]| {
    for password in [None, Some(""), Some("wrong")] {
        let contents = container::read(data, password);
        assert!(contents.errors.len() <= 21, "errors are bounded");
        for block in &contents.blocks {
            assert!(block.number > 0);
            if let Some((first, last)) = block.lines {
                assert!(0 < first && first <= last, "{first} to {last}");
            }
            read_block(block, password);
        }
        // A container opened with a password may hold other things than without.
        if contents.blocks.is_empty() && contents.errors.is_empty() {
            break;
        }
    }
});

fn read_block(block: &container::Block, password: Option<&str>) {
    match block.kind {
        BlockKind::Certificate => drop(Certificate::from_der(block.der.to_vec())),
        BlockKind::CertificateRequest => drop(Request::from_der(&block.der)),
        BlockKind::Crl => {
            let _ = (Crl::from_der(&block.der), CrlDetails::from_der(&block.der));
        }
        BlockKind::PrivateKey | BlockKind::EncryptedPrivateKey => {
            if let Ok(der) = block.private_key(password) {
                let _ = PrivateKey::from_der(der);
            }
        }
        _ => {}
    }
    if block.kind == BlockKind::Certificate && !block.der.is_empty() {
        let mut text = String::new();
        pem::write(&mut text, "CERTIFICATE", &block.der);
        assert_eq!(text.lines().count(), pem::lines_of(block.der.len()));
        let again = pem::scan(text.as_bytes());
        assert!(again.errors.is_empty() && again.damages.is_empty(), "{again:?}");
        assert_eq!(again.blocks[0].der, block.der);
    }
}
