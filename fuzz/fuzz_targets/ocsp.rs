//! OCSP responses: parsed or refused, and none is believed that its issuer has not signed.
#![no_main]

use certkit::internals::x509::{Certificate, OcspResponse};
use certkit_fuzz::{chains, der};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use time::macros::datetime;

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed % 8 > 0
        && let Some(mutated) = der::mutate(&data[..size], max_size, seed)
    {
        data[..mutated.len()].copy_from_slice(&mutated);
        return mutated.len();
    }
    fuzzer_mutate(data, size, max_size)
});

fuzz_target!(|data: &[u8]| {
    let Ok(response) = OcspResponse::from_der(data) else { return };
    if let Ok(certificate) = Certificate::from_der(chains::leaf(Vec::new())) {
        let _ = response.names(&certificate);
        assert!(response.staple(&certificate, &certificate, datetime!(2026-11-28 12:00 UTC)).is_err());
    }
});
