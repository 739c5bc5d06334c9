//! Writing containers: encrypted keys (PKCS#8), PKCS#12, PKCS#7. What is written here is read back by `container::read`.
//!
//! All functions take and give DER; [`crate::pem::write`] puts armour around it. They know nothing of certificates: who
//! belongs to whom is the caller's to say.

mod pkcs12;

use aws_lc_rs::rand;
use pkcs5::der::Encode;
use pkcs5::pbes2::Parameters;
#[cfg(test)]
pub(in crate::container) use pkcs12::pkcs12_with;
pub use pkcs12::{Pkcs12Certificate, Pkcs12Cipher, Pkcs12Key, key_id, pkcs12, pkcs12_identity};
use zeroize::Zeroizing;

use crate::der::oid::{self, Oid};
use crate::der::{CONTEXT_0, CONTEXT_1, INTEGER, OCTET_STRING, SEQUENCE, SET, element};
use crate::pem;

/// Why nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the system provides no random bytes")]
    Encrypt,
    /// PKCS#12 keeps passwords and names in 16 bits a character (RFC 7292 appendix B.1).
    #[error("PKCS#12 cannot store the character `{0}` in a password or name")]
    Character(char),
}

/// Rounds of PBKDF2 with HMAC-SHA-256 for a key that stands alone: what OWASP's password storage cheat sheet asks for
/// since 2023. A fraction of a second, once for the owner and once more for every guess.
const KEY_ROUNDS: u32 = 600_000;

/// Encrypts a PKCS#8 key: EncryptedPrivateKeyInfo (RFC 5958 section 3) with PBES2, PBKDF2-HMAC-SHA-256 and AES-256-CBC,
/// which openssl since 1.1, GnuTLS since 3.6, Java since 8u301 and NSS all read. (Not scrypt: GnuTLS 3.7 lacks it.)
///
/// # Errors
/// [`Error::Encrypt`] when the system gives no random bytes.
pub fn encrypt_key(pkcs8: &[u8], password: &str) -> Result<Vec<u8>, Error> {
    encrypt_key_with(pkcs8, password, KEY_ROUNDS)
}

/// The same as PEM.
///
/// # Errors
/// As [`encrypt_key`].
pub fn encrypted_key_pem(pkcs8: &[u8], password: &str) -> Result<Zeroizing<String>, Error> {
    let mut text = Zeroizing::new(String::new());
    pem::write(&mut text, "ENCRYPTED PRIVATE KEY", &encrypt_key(pkcs8, password)?);
    Ok(text)
}

fn encrypt_key_with(pkcs8: &[u8], password: &str, rounds: u32) -> Result<Vec<u8>, Error> {
    let (algorithm, encrypted) = pbes2(pkcs8, password, rounds)?;
    Ok(element(SEQUENCE, &[&algorithm, &element(OCTET_STRING, &[&encrypted])]))
}

/// The AlgorithmIdentifier of PBES2 (RFC 8018 appendix A.4), and what it makes of `plain`.
fn pbes2(plain: &[u8], password: &str, rounds: u32) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let parameters = Parameters::generate_pbkdf2_sha256_aes256cbc(rounds, &random::<16>()?, random()?)
        .map_err(|_| Error::Encrypt)?;
    let encrypted = parameters.encrypt(password, plain).map_err(|_| Error::Encrypt)?;
    let mut room = [0; 256]; // they take about 90
    let parameters = parameters.encode_to_slice(&mut room).map_err(|_| Error::Encrypt)?;
    let algorithm = element(SEQUENCE, &[oid::PBES2.der(), parameters]);
    Ok((algorithm, encrypted))
}

/// PKCS#7 with certificates and revocation lists and nothing signed (RFC 5652 section 5.1, version 1; what RFC 2315
/// section 9.1 calls the degenerate case). The order is kept, as openssl does, though DER would sort the set.
pub fn pkcs7(certificates: &[&[u8]], crls: &[&[u8]]) -> Vec<u8> {
    let mut signed = [
        element(INTEGER, &[&[1]]),
        element(SET, &[]),                     // no algorithms of hashes
        element(SEQUENCE, &[oid::DATA.der()]), // no content
    ]
    .concat();
    if !certificates.is_empty() {
        signed.extend(element(CONTEXT_0, &[&certificates.concat()]));
    }
    if !crls.is_empty() {
        signed.extend(element(CONTEXT_1, &[&crls.concat()]));
    }
    signed.extend(element(SET, &[])); // no signatures
    content_info(oid::SIGNED_DATA, &element(SEQUENCE, &[&signed]))
}

/// ContentInfo of a type (RFC 5652 section 3).
fn content_info(kind: Oid, content: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[kind.der(), &element(CONTEXT_0, &[content])])
}

fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| Error::Encrypt)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::container::{BlockKind, LockedError, read};

    /// What has the shape of a PKCS#8 key.
    pub(super) fn key(filling: &[u8]) -> Vec<u8> {
        let algorithm = element(SEQUENCE, &[oid::ED25519.der()]);
        let parts = [element(INTEGER, &[&[0]]), algorithm, element(OCTET_STRING, &[filling])];
        element(SEQUENCE, &[&parts.concat()])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn keys_come_back(filling in proptest::collection::vec(any::<u8>(), 1..300), password in ".{0,20}") {
            let key = key(&filling);
            let encrypted = encrypt_key_with(&key, &password, 3).unwrap();
            let contents = read(&encrypted, None);
            prop_assert_eq!(contents.blocks.len(), 1);
            prop_assert_eq!(contents.blocks[0].kind, BlockKind::EncryptedPrivateKey);
            prop_assert_eq!(contents.blocks[0].private_key(Some(&password)).unwrap().to_vec(), key);
            let wrong = contents.blocks[0].private_key(Some(&format!("{password}x")));
            prop_assert_eq!(wrong, Err(LockedError::WrongPassword));
        }

        #[test]
        fn pkcs7_comes_back_in_order(fillings in proptest::collection::vec(any::<[u8; 9]>(), 1..6)) {
            let signed = |filling: &[u8; 9]| {
                let part = element(SEQUENCE, &[&element(OCTET_STRING, &[filling])]);
                let algorithm = element(SEQUENCE, &[oid::ECDSA_SHA256.der()]);
                element(SEQUENCE, &[&part, &algorithm, &element(crate::der::BIT_STRING, &[&[0, 1]])])
            };
            let certificates: Vec<_> = fillings.iter().map(signed).collect();
            let parts: Vec<&[u8]> = certificates.iter().map(Vec::as_slice).collect();
            let contents = read(&pkcs7(&parts, &[]), None);
            prop_assert_eq!(contents.errors, []);
            let read: Vec<_> = contents.blocks.iter().map(|block| block.der.to_vec()).collect();
            prop_assert_eq!(read, certificates);
        }
    }
}
