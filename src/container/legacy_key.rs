//! Keys that OpenSSL encrypted in its own way before PKCS#8: `Proc-Type: 4,ENCRYPTED` (RFC 1421 section 4.6.1.1).
//!
//! `openssl genrsa -aes256` of version 1 wrote them, so they are still everywhere. The key of the cipher is MD5 over
//! password and salt, which OpenSSL calls EVP_BytesToKey.

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::{BlockCipherDecrypt, KeyInit};
use des::TdesEde3;
use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::cipher::{self, LockedError as Error};

/// Decrypts the contents of a block whose header `DEK-Info` is `dek_info`, as `AES-256-CBC,0123…`.
pub(super) fn decrypt(contents: &[u8], dek_info: &str, password: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (cipher, iv) = dek_info.split_once(',').ok_or(Error::Damaged)?;
    let iv = unhex(iv.trim()).ok_or(Error::Damaged)?;
    let plain = match cipher.trim() {
        "AES-128-CBC" => cbc::<Aes128>(contents, &iv, password, 16),
        "AES-192-CBC" => cbc::<Aes192>(contents, &iv, password, 24),
        "AES-256-CBC" => cbc::<Aes256>(contents, &iv, password, 32),
        "DES-EDE3-CBC" => cbc::<TdesEde3>(contents, &iv, password, 24),
        other => return Err(Error::UnsupportedCipher(other.to_owned())),
    }?;
    // A wrong password passes the padding once in 256 times, but what comes out is then no key.
    match super::identify::identify(&plain) {
        Some(super::BlockKind::PrivateKey) => Ok(plain),
        _ => Err(Error::WrongPassword),
    }
}

fn cbc<C: BlockCipherDecrypt + KeyInit>(
    contents: &[u8],
    iv: &[u8],
    password: &str,
    key_length: usize,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    // The salt is the first half of the initial vector.
    let salt = iv.get(..8).ok_or(Error::Damaged)?;
    let key = stretch(password.as_bytes(), salt, key_length);
    cipher::cbc::<C>(&key, iv, contents)
}

/// EVP_BytesToKey with MD5 and one round.
fn stretch(password: &[u8], salt: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(length + 16));
    let mut last: Vec<u8> = Vec::new();
    while key.len() < length {
        last = Md5::new().chain_update(&last).chain_update(password).chain_update(salt).finalize().to_vec();
        key.extend_from_slice(&last);
    }
    key.truncate(length);
    key
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits?;
    digits
        .len()
        .is_multiple_of(2)
        .then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_key_is_that_of_openssl() {
        // openssl enc -aes-128-cbc -md md5 -k secret -S 0001020304050607 -P
        let key = stretch(b"secret", &[0, 1, 2, 3, 4, 5, 6, 7], 16);
        assert_eq!(*key, unhex("035FB8145B73CF111570DC936112BE9C").unwrap());
        assert_eq!(&stretch(b"secret", &[0, 1, 2, 3, 4, 5, 6, 7], 24)[..16], &key[..]);
    }

    #[test]
    fn what_cannot_be_done_is_named() {
        assert_eq!(decrypt(&[0; 16], "RC2-CBC,0011", "x"), Err(Error::UnsupportedCipher("RC2-CBC".into())));
        assert_eq!(decrypt(&[0; 16], "AES-128-CBC", "x"), Err(Error::Damaged));
        assert_eq!(decrypt(&[0; 16], "AES-128-CBC,00", "x"), Err(Error::Damaged));
        assert_eq!(
            decrypt(&[0; 15], "AES-128-CBC,00112233445566778899AABBCCDDEEFF", "x"),
            Err(Error::WrongPassword)
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(contents in proptest::collection::vec(any::<u8>(), 0..80), info in "[A-Z0-9-]{0,12},?[0-9a-f]{0,34}") {
            let _ = decrypt(&contents, &info, "secret");
            let _ = decrypt(&contents, &format!("DES-EDE3-CBC,{info}"), "secret");
        }
    }
}
