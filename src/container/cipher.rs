//! Encryption by password: which ciphers can be decrypted, how much work that is, and doing it.

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use des::TdesEde3;
use pkcs5::der::Decode;
use pkcs5::pbes2::Parameters;
use rc2::Rc2;
use zeroize::Zeroizing;

use super::kdf::{Stretch, Use, wide_password};
use crate::der::oid::{self, Oid};
use crate::der::{self, Element, OCTET_STRING, Reader, SEQUENCE};

/// Why something encrypted cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockedError {
    #[error("it is damaged or cut off")]
    Damaged,
    /// No password was given, and it does not open without one.
    #[error("it is encrypted and needs its password")]
    PasswordNeeded,
    #[error("its password protection asks for more rounds than certkit computes")]
    TooMuchWork,
    #[error("it is encrypted with {0}, which certkit does not read")]
    UnsupportedCipher(String),
    #[error("the password is wrong")]
    WrongPassword,
}

/// The work that may still be spent on passwords, in rounds of a hash.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    rounds: u64,
}

impl Default for Budget {
    /// What is worth doing for one file. Today's programs ask for up to a million rounds for the key and as many for the
    /// MAC; the empty password is tried as well.
    fn default() -> Self {
        Self { rounds: 5_000_000 }
    }
}

impl Budget {
    /// Takes the rounds of one derivation off, before they are done; a little more for the parsing around it.
    pub(super) fn spend(&mut self, rounds: u64) -> Result<(), LockedError> {
        let left = self.rounds.checked_sub(rounds.saturating_add(PARSING));
        let left = left.filter(|_| rounds <= MAX_ROUNDS_AT_ONCE);
        self.rounds = left.ok_or(LockedError::TooMuchWork)?;
        Ok(())
    }
}

/// What parsing costs, in rounds: a file may hold thousands of objects that ask for one round each.
const PARSING: u64 = 500;
/// Rounds of one derivation.
const MAX_ROUNDS_AT_ONCE: u64 = 1_000_000;
/// Memory for scrypt, in octets: 128 times cost and block size (RFC 7914 section 2).
const MAX_SCRYPT_MEMORY: u64 = 1 << 30;

/// Decrypts by an AlgorithmIdentifier: PBES2 (RFC 8018 appendix A.4), or a scheme of PKCS#12 (RFC 7292 appendix C).
///
/// A wrong password mostly shows as [`LockedError::WrongPassword`]; once in 256 times it passes, and the result does not parse.
pub(super) fn decrypt(
    algorithm: Element<'_>,
    encrypted: &[u8],
    password: &str,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>, LockedError> {
    let mut parts = der::elements(algorithm.contents);
    let kind = parts.next().ok_or(LockedError::Damaged)?.contents;
    let parameters = parts.next();
    match (oid::find(kind), parameters) {
        (Some(oid::PBES2), Some(parameters)) => pbes2(parameters, encrypted, password, budget),
        (Some(oid::PBE_TRIPLE_DES), Some(parameters)) => {
            pkcs12_scheme::<TdesEde3>(24, parameters, encrypted, password, budget)
        }
        (Some(oid::PBE_RC2_40), Some(parameters)) => {
            pkcs12_scheme::<Rc2>(5, parameters, encrypted, password, budget)
        }
        (Some(oid::PBES2 | oid::PBE_TRIPLE_DES | oid::PBE_RC2_40), None) => Err(LockedError::Damaged),
        _ => Err(unsupported(kind)),
    }
}

fn unsupported(kind: &[u8]) -> LockedError {
    LockedError::UnsupportedCipher(match oid::find(kind) {
        Some(known) => known.name.to_owned(),
        None => format!("an unknown cipher ({})", oid::to_text(kind)),
    })
}

/// PBES2-params: key derivation, encryption; each an AlgorithmIdentifier.
fn pbes2(
    parameters: Element<'_>,
    encrypted: &[u8],
    password: &str,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>, LockedError> {
    const SUPPORTED: [Oid; 6] = [
        oid::TRIPLE_DES,
        oid::AES_128_CBC,
        oid::AES_128_GCM,
        oid::AES_192_CBC,
        oid::AES_256_CBC,
        oid::AES_256_GCM,
    ];
    let mut parts = der::elements(parameters.contents);
    let derivation = parts.next().ok_or(LockedError::Damaged)?;
    let cipher = parts.next().and_then(|cipher| der::contents(cipher.contents)).unwrap_or_default();
    if !SUPPORTED.iter().any(|known| known.is(cipher)) {
        return Err(unsupported(cipher));
    }
    budget.spend(derivation_rounds(derivation)?)?;
    let parameters = Parameters::from_der(parameters.whole).map_err(|_| LockedError::Damaged)?;
    let plain = parameters.decrypt(password, encrypted).map_err(|_| LockedError::WrongPassword)?;
    Ok(Zeroizing::new(plain))
}

/// The work of a key derivation: PBKDF2 (RFC 8018 appendix A.2: salt, rounds, perhaps the key's length), or scrypt
/// (RFC 7914 section 7: salt, cost, block size, parallelization), whose blocks cost about as much as rounds.
fn derivation_rounds(derivation: Element<'_>) -> Result<u64, LockedError> {
    let mut parts = der::elements(derivation.contents);
    let (Some(kind), Some(parameters)) = (parts.next(), parts.next()) else {
        return Err(LockedError::Damaged);
    };
    let mut numbers = der::unsigned_integers(parameters.contents);
    let rounds = numbers.next().ok_or(LockedError::Damaged)?;
    if !oid::SCRYPT.is(kind.contents) {
        return Ok(rounds);
    }
    let blocks = numbers.next().map_or(rounds, |size| rounds.saturating_mul(size));
    if blocks.saturating_mul(128) > MAX_SCRYPT_MEMORY {
        return Err(LockedError::TooMuchWork);
    }
    Ok(numbers.next().map_or(blocks, |parallel| blocks.saturating_mul(parallel)))
}

/// pkcs-12PbeParams: salt, rounds. The cipher `C` has a key of `key_length` octets and blocks of eight.
fn pkcs12_scheme<C: BlockCipherDecrypt + KeyInit>(
    key_length: usize,
    parameters: Element<'_>,
    encrypted: &[u8],
    password: &str,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>, LockedError> {
    let mut reader = Reader::inside(parameters.whole, SEQUENCE).map_err(|_| LockedError::Damaged)?;
    let salt = reader.expect(OCTET_STRING).map_err(|_| LockedError::Damaged)?;
    let rounds = der::unsigned_integers(parameters.contents).next().ok_or(LockedError::Damaged)?;
    budget.spend(rounds)?;
    let rounds = u32::try_from(rounds).map_err(|_| LockedError::TooMuchWork)?;
    let password = wide_password(password);
    let stretch = Stretch { password: &password, salt, rounds };
    let (key, iv) = (stretch.key(Use::Encryption, key_length), stretch.key(Use::InitialVector, 8));
    cbc::<C>(&key, &iv, encrypted)
}

/// Decrypts in CBC mode with the padding of PKCS#7.
pub(super) fn cbc<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    encrypted: &[u8],
) -> Result<Zeroizing<Vec<u8>>, LockedError> {
    let decryptor = cbc::Decryptor::<C>::new_from_slices(key, iv).map_err(|_| LockedError::Damaged)?;
    let plain = decryptor.decrypt_padded_vec::<Pkcs7>(encrypted).map_err(|_| LockedError::WrongPassword)?;
    Ok(Zeroizing::new(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_counted_before_it_is_done() {
        let mut budget = Budget { rounds: 2500 };
        assert_eq!(budget.spend(1000), Ok(()));
        assert_eq!(budget.spend(1000), Err(LockedError::TooMuchWork));
        assert_eq!(budget.spend(500), Ok(()));
        assert_eq!(budget.spend(0), Err(LockedError::TooMuchWork));
        let mut budget = Budget::default();
        assert_eq!(budget.spend(MAX_ROUNDS_AT_ONCE + 1), Err(LockedError::TooMuchWork));
        assert_eq!(budget.spend(u64::MAX), Err(LockedError::TooMuchWork));
        assert_eq!(budget.spend(MAX_ROUNDS_AT_ONCE), Ok(()));
    }
}
