//! The key derivation of PKCS#12 (RFC 7292 appendix B), and the MAC that is made with it.

use hmac::{KeyInit, Mac, SimpleHmac};
use sha1::Sha1;
use sha2::digest::common::BlockSizeUser;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use zeroize::Zeroizing;

use crate::der::oid::{self, Oid};

/// What a derived key is for: the "ID" of appendix B.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Encryption = 1,
    InitialVector = 2,
    Mac = 3,
}

/// How keys are stretched: the password as [`wide_password`] makes it, a salt, and rounds of the hash.
#[derive(Clone, Copy)]
pub(super) struct Stretch<'a> {
    pub(super) password: &'a [u8],
    pub(super) salt: &'a [u8],
    pub(super) rounds: u32,
}

/// A password as appendix B.1 has it: two octets for each 16 bits, and two zeros at the end. Characters beyond 16 bits
/// become surrogate pairs, as OpenSSL writes them.
pub(super) fn wide_password(password: &str) -> Zeroizing<Vec<u8>> {
    // Room enough that the password is not moved, which would leave a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * password.len() + 2));
    for unit in password.encode_utf16() {
        bytes.extend(unit.to_be_bytes());
    }
    bytes.extend([0, 0]);
    bytes
}

impl Stretch<'_> {
    /// A key of `length` octets for a cipher; all schemes of PKCS#12 use SHA-1.
    pub(super) fn key(self, purpose: Use, length: usize) -> Zeroizing<Vec<u8>> {
        derive::<Sha1>(self, purpose, length)
    }

    /// HMAC of a message under a derived key. `None` when the hash is unknown.
    pub(super) fn mac(self, hash: Oid, message: &[u8]) -> Option<Vec<u8>> {
        Some(match hash {
            oid::SHA1 => hmac::<Sha1>(self, message),
            oid::SHA224 => hmac::<Sha224>(self, message),
            oid::SHA256 => hmac::<Sha256>(self, message),
            oid::SHA384 => hmac::<Sha384>(self, message),
            oid::SHA512 => hmac::<Sha512>(self, message),
            oid::SHA512_224 => hmac::<Sha512_224>(self, message),
            oid::SHA512_256 => hmac::<Sha512_256>(self, message),
            _ => return None,
        })
    }
}

fn hmac<D: Digest + BlockSizeUser>(stretch: Stretch<'_>, message: &[u8]) -> Vec<u8> {
    let key = derive::<D>(stretch, Use::Mac, <D as Digest>::output_size());
    // Keys of any length are allowed (RFC 2104 section 2); this one is as long as the hash.
    let Ok(mac) = SimpleHmac::<D>::new_from_slice(&key) else { return Vec::new() };
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

/// Appendix B.2, with its names.
fn derive<D: Digest + BlockSizeUser>(
    stretch: Stretch<'_>,
    purpose: Use,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let v = D::block_size();
    let fill = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().copied().cycle().take(bytes.len().next_multiple_of(v)).collect()
    };
    let mut i = Zeroizing::new([fill(stretch.salt), fill(stretch.password)].concat());
    let d = vec![purpose as u8; v];
    let mut out = Zeroizing::new(Vec::with_capacity(length + <D as Digest>::output_size()));
    while out.len() < length {
        let mut a = D::new().chain_update(&d).chain_update(&*i).finalize();
        for _ in 1..stretch.rounds {
            a = D::digest(&a);
        }
        out.extend_from_slice(&a);
        let b: Vec<u8> = a.iter().copied().cycle().take(v).collect();
        for block in i.chunks_exact_mut(v) {
            // block = block + b + 1, as big-endian numbers of v octets.
            let mut carry = 1u16;
            for (octet, &plus) in block.iter_mut().zip(&b).rev() {
                carry += u16::from(*octet) + u16::from(plus);
                *octet = carry.to_be_bytes()[1];
                carry >>= 8;
            }
        }
    }
    out.truncate(length);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_openssl() {
        // openssl kdf -keylen 40 -kdfopt digest:SHA1 -kdfopt hexpass:0067…0000 -kdfopt hexsalt:0102030405060708
        //     -kdfopt iter:3 -kdfopt id:3 PKCS12KDF
        let password = wide_password("ge@äheim");
        let stretch = Stretch { password: &password, salt: &[1, 2, 3, 4, 5, 6, 7, 8], rounds: 3 };
        let starts = |key: Zeroizing<Vec<u8>>, start: u64, end: u32| {
            assert_eq!(key.len(), 40);
            assert_eq!((&key[..8], &key[36..]), (&start.to_be_bytes()[..], &end.to_be_bytes()[..]));
        };
        starts(derive::<Sha1>(stretch, Use::Mac, 40), 0xB3C2_D16C_C6AA_04E8, 0x2ACB_3A60);
        starts(derive::<Sha256>(stretch, Use::Mac, 40), 0x7B55_1501_E404_75C4, 0x46C1_45A0);
        starts(derive::<Sha512>(stretch, Use::Mac, 40), 0x5FDA_8760_47BF_8AF7, 0x5BD1_281F);
    }

    #[test]
    fn passwords_are_wide() {
        assert_eq!(*wide_password(""), [0, 0]);
        assert_eq!(*wide_password("aé🔑"), [0, 0x61, 0, 0xe9, 0xd8, 0x3d, 0xdd, 0x11, 0, 0]);
    }

    #[test]
    fn unknown_hashes_are_not_guessed() {
        let stretch = Stretch { password: &[0, 0], salt: &[], rounds: 1 };
        assert_eq!(stretch.mac(oid::MD5, b""), None);
        assert_eq!(stretch.mac(oid::SHA512_224, b"").map(|mac| mac.len()), Some(28));
    }
}
