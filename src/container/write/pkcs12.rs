//! Writing PKCS#12 (RFC 7292): keys and certificates behind a password, with the names that they are shown under.
//!
//! The crate that reads PKCS#12 can write it too, but sorts the entries and renames the certificates after their
//! subjects. Here the order and every name are kept.

use aws_lc_rs::{digest, hmac};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use des::TdesEde3;
use zeroize::Zeroizing;

use super::{Error, content_info, pbes2, random};
use crate::container::der::{self, CONTEXT_0, INTEGER, OCTET_STRING, OID, PKCS7, SEQUENCE, SET};

/// A private key to put in.
#[derive(Debug)]
pub struct Pkcs12Key<'a> {
    /// As PKCS#8.
    pub pkcs8: &'a [u8],
    /// The name that it is shown under; Java calls it the alias.
    pub name: Option<&'a str>,
    /// Any bytes; the certificate with the same ones is the key's own.
    pub key_id: Option<&'a [u8]>,
}

/// A certificate to put in.
#[derive(Debug)]
pub struct Pkcs12Certificate<'a> {
    /// Its DER.
    pub der: &'a [u8],
    /// The name that it is shown under; Java calls it the alias.
    pub name: Option<&'a str>,
    /// Those of its key, if that is in the file.
    pub key_id: Option<&'a [u8]>,
    /// Whether Java shall trust it: an entry of a trust store. Without this Java does not show a certificate that
    /// belongs to no key.
    pub trusted: bool,
}

/// How the file is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pkcs12Cipher {
    /// AES-256 (PBES2, PBKDF2-HMAC-SHA-256), checked by HMAC-SHA-256: what openssl 3 and Java since 8u301 write.
    Modern,
    /// Triple DES checked by HMAC-SHA-1: read by everything, also by what is older.
    Legacy,
}

/// A file with these keys and certificates, in this order.
///
/// # Errors
/// [`Error::Character`] when the password or a name holds a character beyond 16 bits, as emoji.
pub fn pkcs12(
    keys: &[Pkcs12Key<'_>],
    certificates: &[Pkcs12Certificate<'_>],
    password: &str,
    cipher: Pkcs12Cipher,
) -> Result<Vec<u8>, Error> {
    pkcs12_with(keys, certificates, password, cipher, ROUNDS)
}

/// Rounds of the hash, three times over: for the check, the certificates and the key. Since June 2023 .NET refuses files
/// of more than 600,000 in all (Microsoft's KB5025823), so that this leaves room for three more keys.
const ROUNDS: u32 = 100_000;

fn pkcs12_with(
    keys: &[Pkcs12Key<'_>],
    certificates: &[Pkcs12Certificate<'_>],
    password: &str,
    cipher: Pkcs12Cipher,
    rounds: u32,
) -> Result<Vec<u8>, Error> {
    let wide = wide_password(password)?;
    let lock = Lock { password, wide: &wide, cipher, rounds };
    let mut safe = Vec::new();
    if !certificates.is_empty() {
        let mut bags = Vec::new();
        for certificate in certificates {
            bags.extend(certificate_bag(certificate)?);
        }
        safe.extend(encrypted_data(&der::wrap(SEQUENCE, &bags), &lock)?);
    }
    if !keys.is_empty() {
        let mut bags = Vec::new();
        for key in keys {
            bags.extend(key_bag(key, &lock)?);
        }
        safe.extend(data(&der::wrap(SEQUENCE, &bags)));
    }
    let safe = der::wrap(SEQUENCE, &safe);
    let parts = [der::wrap(INTEGER, &[3]), data(&safe), mac(&safe, &lock)?];
    Ok(der::wrap(SEQUENCE, &parts.concat()))
}

/// What encrypts and proves: one password for both.
struct Lock<'a> {
    password: &'a str,
    /// As PKCS#12's own key derivation takes it.
    wide: &'a [u8],
    cipher: Pkcs12Cipher,
    rounds: u32,
}

impl Lock<'_> {
    /// The AlgorithmIdentifier, and what it makes of `plain`.
    fn encrypt(&self, plain: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> {
        match self.cipher {
            Pkcs12Cipher::Modern => pbes2(plain, self.password, self.rounds),
            Pkcs12Cipher::Legacy => self.triple_des(plain),
        }
    }

    /// pbeWithSHAAnd3-KeyTripleDES-CBC (RFC 7292 appendix C).
    fn triple_des(&self, plain: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let salt: [u8; 8] = random()?;
        let derive = |purpose, length| derive(&SHA1, purpose, self.wide, &salt, self.rounds, length);
        let (key, iv) = (derive(FOR_KEY, 24), derive(FOR_IV, 8));
        let encryptor = cbc::Encryptor::<TdesEde3>::new_from_slices(&key, &iv).map_err(|_| Error::Encrypt)?;
        let parameters = der::wrap(SEQUENCE, &[der::wrap(OCTET_STRING, &salt), number(self.rounds)].concat());
        let algorithm = der::wrap(SEQUENCE, &[der::wrap(OID, PBE_3DES), parameters].concat());
        Ok((algorithm, encryptor.encrypt_padded_vec::<Pkcs7>(plain)))
    }
}

/// MacData (RFC 7292 section 4) over the whole content.
fn mac(safe: &[u8], lock: &Lock<'_>) -> Result<Vec<u8>, Error> {
    let (hash, oid, algorithm) = match lock.cipher {
        Pkcs12Cipher::Modern => (&SHA256, SHA256_OID, hmac::HMAC_SHA256),
        Pkcs12Cipher::Legacy => (&SHA1, SHA1_OID, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
    };
    let salt: [u8; 16] = random()?;
    let key = derive(hash, FOR_MAC, lock.wide, &salt, lock.rounds, hash.0.output_len);
    let tag = hmac::sign(&hmac::Key::new(algorithm, &key), safe);
    let algorithm = der::wrap(SEQUENCE, &[der::wrap(OID, oid), vec![0x05, 0]].concat());
    let info = der::wrap(SEQUENCE, &[algorithm, der::wrap(OCTET_STRING, tag.as_ref())].concat());
    Ok(der::wrap(SEQUENCE, &[info, der::wrap(OCTET_STRING, &salt), number(lock.rounds)].concat()))
}

/// A ContentInfo of type data.
fn data(content: &[u8]) -> Vec<u8> {
    content_info(1, &der::wrap(OCTET_STRING, content))
}

/// A ContentInfo of type encryptedData (RFC 5652 section 8).
fn encrypted_data(content: &[u8], lock: &Lock<'_>) -> Result<Vec<u8>, Error> {
    let (algorithm, encrypted) = lock.encrypt(content)?;
    let kind = der::wrap(OID, &[PKCS7, &[1]].concat());
    let info = [kind, algorithm, der::wrap(0x80, &encrypted)].concat();
    let parts = [der::wrap(INTEGER, &[0]), der::wrap(SEQUENCE, &info)];
    Ok(content_info(6, &der::wrap(SEQUENCE, &parts.concat())))
}

/// A pkcs8ShroudedKeyBag (RFC 7292 section 4.2.2).
fn key_bag(key: &Pkcs12Key<'_>, lock: &Lock<'_>) -> Result<Vec<u8>, Error> {
    let (algorithm, encrypted) = lock.encrypt(key.pkcs8)?;
    let info = der::wrap(SEQUENCE, &[algorithm, der::wrap(OCTET_STRING, &encrypted)].concat());
    bag(2, &info, &attributes(key.name, key.key_id, false)?)
}

/// A certBag (RFC 7292 section 4.2.3).
fn certificate_bag(certificate: &Pkcs12Certificate<'_>) -> Result<Vec<u8>, Error> {
    let value = der::wrap(CONTEXT_0, &der::wrap(OCTET_STRING, certificate.der));
    let inner = der::wrap(SEQUENCE, &[der::wrap(OID, X509_CERTIFICATE), value].concat());
    bag(3, &inner, &attributes(certificate.name, certificate.key_id, certificate.trusted)?)
}

fn bag(kind: u8, value: &[u8], attributes: &[u8]) -> Result<Vec<u8>, Error> {
    let kind = der::wrap(OID, &[BAGS, &[kind]].concat());
    Ok(der::wrap(SEQUENCE, &[&kind, &der::wrap(CONTEXT_0, value), attributes].concat()))
}

/// PKCS12Attributes (RFC 7292 section 4.2), sorted as DER wants a set.
fn attributes(name: Option<&str>, key_id: Option<&[u8]>, trusted: bool) -> Result<Vec<u8>, Error> {
    let attribute = |oid: &[u8], value: Vec<u8>| {
        der::wrap(SEQUENCE, &[der::wrap(OID, oid), der::wrap(SET, &value)].concat())
    };
    let mut found = Vec::new();
    if let Some(name) = name {
        found.push(attribute(FRIENDLY_NAME, der::wrap(BMP_STRING, &wide(name)?)));
    }
    if let Some(key_id) = key_id {
        found.push(attribute(LOCAL_KEY_ID, der::wrap(OCTET_STRING, key_id)));
    }
    if trusted {
        found.push(attribute(JAVA_TRUSTED, der::wrap(OID, ANY_PURPOSE)));
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    found.sort();
    Ok(der::wrap(SET, &found.concat()))
}

/// A hash with the length of its blocks.
type Hash = (&'static digest::Algorithm, usize);

static SHA1: Hash = (&digest::SHA1_FOR_LEGACY_USE_ONLY, 64);
static SHA256: Hash = (&digest::SHA256, 64);

/// What a derived key is for: the "ID" of RFC 7292 appendix B.3.
const FOR_KEY: u8 = 1;
const FOR_IV: u8 = 2;
const FOR_MAC: u8 = 3;

/// The key derivation of RFC 7292 appendix B.2, with its names.
fn derive(
    hash: &Hash,
    id: u8,
    password: &[u8],
    salt: &[u8],
    rounds: u32,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let &(algorithm, v) = hash;
    let fill = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().copied().cycle().take(bytes.len().next_multiple_of(v)).collect()
    };
    let mut i = Zeroizing::new([fill(salt), fill(password)].concat());
    let d = vec![id; v];
    let mut out = Zeroizing::new(Vec::with_capacity(length + algorithm.output_len));
    while out.len() < length {
        let mut a = digest::digest(algorithm, &[&d[..], &i].concat());
        for _ in 1..rounds {
            a = digest::digest(algorithm, a.as_ref());
        }
        out.extend_from_slice(a.as_ref());
        let b: Vec<u8> = a.as_ref().iter().copied().cycle().take(v).collect();
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

/// A password as appendix B.1 has it: two octets a character, and two zeroes behind.
fn wide_password(password: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut bytes = Zeroizing::new(wide(password)?);
    bytes.extend([0, 0]);
    Ok(bytes)
}

/// Text as a BMPString: two octets a character.
fn wide(text: &str) -> Result<Vec<u8>, Error> {
    // Room enough that a password is not moved, which would leave a copy behind.
    let mut bytes = Vec::with_capacity(2 * text.len() + 2);
    for character in text.chars() {
        let unit = u16::try_from(u32::from(character)).map_err(|_| Error::Character(character))?;
        bytes.extend(unit.to_be_bytes());
    }
    Ok(bytes)
}

/// A non-negative INTEGER.
fn number(value: u32) -> Vec<u8> {
    let octets = value.to_be_bytes();
    let zeroes = octets.iter().take_while(|&&octet| octet == 0).count().min(3);
    let mut contents = octets.get(zeroes..).unwrap_or_default().to_vec();
    if contents.first().is_some_and(|&first| first >= 0x80) {
        contents.insert(0, 0);
    }
    der::wrap(INTEGER, &contents)
}

const BMP_STRING: u8 = 0x1e;
/// 1.2.840.113549.1.12.10.1, without the last arc.
const BAGS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01];
/// 1.2.840.113549.1.9.22.1.
const X509_CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x16, 0x01];
/// 1.2.840.113549.1.9.20.
const FRIENDLY_NAME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x14];
/// 1.2.840.113549.1.9.21.
const LOCAL_KEY_ID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x15];
/// 2.16.840.1.113894.746875.1.1, Oracle's trustedKeyUsage.
const JAVA_TRUSTED: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf9, 0x66, 0xad, 0xca, 0x7b, 0x01, 0x01];
/// 2.5.29.37.0, anyExtendedKeyUsage.
const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
/// 1.2.840.113549.1.12.1.3.
const PBE_3DES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x03];
/// 1.3.14.3.2.26.
const SHA1_OID: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
/// 2.16.840.1.101.3.4.2.1.
const SHA256_OID: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];

#[cfg(test)]
mod tests {
    use p12_keystore::Pkcs12Archive;
    use proptest::prelude::*;

    use super::super::tests::key;
    use super::*;
    use crate::container::{Kind, LockedError, read};

    fn certificate(name: &str) -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn numbers_are_der() {
        assert_eq!(number(0), [2, 1, 0]);
        assert_eq!(number(128), [2, 2, 0, 128]);
        assert_eq!(number(100_000), [2, 3, 1, 0x86, 0xa0]);
    }

    #[test]
    fn trust_and_ids_are_there() {
        let der = certificate("trust.example");
        let entry = |trusted, key_id| Pkcs12Certificate { der: &der, name: Some("it"), key_id, trusted };
        let certificates = [entry(true, None), entry(false, Some(&b"id"[..]))];
        let file = pkcs12_with(&[], &certificates, "", Pkcs12Cipher::Modern, 9).unwrap();
        let read = Pkcs12Archive::from_pkcs12(&file, "").unwrap();
        let seen: Vec<_> = read.certs.iter().map(|bag| (bag.trusted, bag.local_key_id.clone())).collect();
        assert_eq!(seen, [(true, None), (false, Some(b"id".to_vec()))]);
    }

    #[test]
    fn what_has_no_place_is_refused() {
        assert_eq!(pkcs12(&[], &[], "🔑", Pkcs12Cipher::Modern), Err(Error::Character('🔑')));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn everything_comes_back_in_order_with_its_name(
            fillings in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..80), 0..3),
            names in proptest::collection::vec(proptest::option::of("[\u{20}-\u{d7ff}]{1,12}"), 0..3),
            (password, legacy) in ("[\u{1}-\u{2fff}]{0,70}", any::<bool>()),
        ) {
            let keys: Vec<_> = fillings.iter().map(|filling| key(filling)).collect();
            let ders: Vec<_> = names.iter().map(|_| certificate("p12.example")).collect();
            let key_entries: Vec<_> = keys.iter().zip(0u8..)
                .map(|(pkcs8, number)| Pkcs12Key { pkcs8, name: Some("κλειδί"), key_id: if number == 1 { Some(b"1") } else { None } })
                .collect();
            let certificates: Vec<_> = ders.iter().zip(&names)
                .map(|(der, name)| Pkcs12Certificate { der, name: name.as_deref(), key_id: None, trusted: legacy })
                .collect();
            let cipher = if legacy { Pkcs12Cipher::Legacy } else { Pkcs12Cipher::Modern };
            let file = pkcs12_with(&key_entries, &certificates, &password, cipher, 3).unwrap();
            let contents = read(&file, Some(&password));
            prop_assert_eq!(&contents.errors, &[]);
            let of = |kind| contents.blocks.iter().filter(move |block| block.kind == kind);
            prop_assert_eq!(of(Kind::PrivateKey).map(|block| block.der.to_vec()).collect::<Vec<_>>(), keys);
            prop_assert_eq!(of(Kind::Certificate).map(|block| block.der.to_vec()).collect::<Vec<_>>(), ders);
            prop_assert_eq!(of(Kind::Certificate).map(|block| block.name.clone()).collect::<Vec<_>>(), names);
            let wrong = read(&file, Some(&format!("{password}x"))).errors;
            if password.is_empty() {
                prop_assert_eq!(wrong, []); // the empty password is always tried too
            } else {
                prop_assert_eq!(wrong, [crate::container::Error::Pkcs12(LockedError::WrongPassword)]);
            }
        }
    }
}
