//! Writing PKCS#12 (RFC 7292): keys and certificates behind a password, with the names that they are shown under.

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use des::TdesEde3;

use super::{Error, content_info, pbes2, random};
use crate::container::kdf::{Stretch, Use, wide_password};
use crate::der::oid::{self, Oid};
use crate::der::{BMP_STRING, CONTEXT_0, INTEGER, NULL, OCTET_STRING, SEQUENCE, SET, element, unsigned};

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
    pub der: &'a [u8],
    /// The name that it is shown under; Java calls it the alias.
    pub name: Option<&'a str>,
    /// Those of its key, if that is in the file.
    pub key_id: Option<&'a [u8]>,
    /// Whether Java is to trust it, as an entry of a trust store. Without this Java does not show a certificate that
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

/// A file for a browser or server: a key (PKCS#8, with its SubjectPublicKeyInfo), its certificate and that certificate's
/// issuers, shown under `name`.
///
/// # Errors
/// As [`pkcs12`].
pub fn pkcs12_identity(
    pkcs8: &[u8],
    spki: &[u8],
    chain: &[&[u8]],
    name: Option<&str>,
    password: &str,
    cipher: Pkcs12Cipher,
) -> Result<Vec<u8>, Error> {
    let id = key_id(spki);
    let certificates = chain.iter().enumerate().map(|(index, der)| Pkcs12Certificate {
        der,
        name: name.filter(|_| index == 0),
        key_id: (index == 0).then_some(&id[..]),
        trusted: false,
    });
    let keys = [Pkcs12Key { pkcs8, name, key_id: Some(&id) }];
    pkcs12(&keys, &certificates.collect::<Vec<_>>(), password, cipher)
}

/// What ties a key to its certificate in PKCS#12. Any bytes will do; these are the same every time.
pub fn key_id(spki: &[u8]) -> Vec<u8> {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, spki);
    digest.as_ref().iter().copied().take(20).collect()
}

/// Rounds of the hash, three times over: for the check, the certificates and the key. Since June 2023 .NET refuses files
/// of more than 600,000 in all (Microsoft's KB5025823), so that this leaves room for three more keys.
const ROUNDS: u32 = 100_000;

/// The same with as many rounds.
pub(in crate::container) fn pkcs12_with(
    keys: &[Pkcs12Key<'_>],
    certificates: &[Pkcs12Certificate<'_>],
    password: &str,
    cipher: Pkcs12Cipher,
    rounds: u32,
) -> Result<Vec<u8>, Error> {
    check_characters(password)?;
    let wide = wide_password(password);
    let lock = Lock { password, wide: &wide, cipher, rounds };
    let mut safe = Vec::new();
    if !certificates.is_empty() {
        let mut bags = Vec::new();
        for certificate in certificates {
            bags.extend(certificate_bag(certificate)?);
        }
        safe.extend(encrypted_data(&element(SEQUENCE, &[&bags]), &lock)?);
    }
    if !keys.is_empty() {
        let mut bags = Vec::new();
        for key in keys {
            bags.extend(key_bag(key, &lock)?);
        }
        safe.extend(data(&element(SEQUENCE, &[&bags])));
    }
    let safe = element(SEQUENCE, &[&safe]);
    let parts = [element(INTEGER, &[&[3]]), data(&safe), mac(&safe, &lock)?];
    Ok(element(SEQUENCE, &[&parts.concat()]))
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
    fn stretch<'a>(&'a self, salt: &'a [u8]) -> Stretch<'a> {
        Stretch { password: self.wide, salt, rounds: self.rounds }
    }

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
        let stretch = self.stretch(&salt);
        let (key, iv) = (stretch.key(Use::Encryption, 24), stretch.key(Use::InitialVector, 8));
        let encryptor = cbc::Encryptor::<TdesEde3>::new_from_slices(&key, &iv).map_err(|_| Error::Encrypt)?;
        let parameters =
            element(SEQUENCE, &[&element(OCTET_STRING, &[&salt]), &unsigned(&self.rounds.to_be_bytes())]);
        let algorithm = element(SEQUENCE, &[oid::PBE_TRIPLE_DES.der(), &parameters]);
        Ok((algorithm, encryptor.encrypt_padded_vec::<Pkcs7>(plain)))
    }
}

/// MacData (RFC 7292 section 4) over the whole content.
fn mac(safe: &[u8], lock: &Lock<'_>) -> Result<Vec<u8>, Error> {
    let hash = match lock.cipher {
        Pkcs12Cipher::Modern => oid::SHA256,
        Pkcs12Cipher::Legacy => oid::SHA1,
    };
    let salt: [u8; 16] = random()?;
    let tag = lock.stretch(&salt).mac(hash, safe).ok_or(Error::Encrypt)?;
    let algorithm = element(SEQUENCE, &[hash.der(), &[NULL, 0]]);
    let info = element(SEQUENCE, &[&algorithm, &element(OCTET_STRING, &[&tag])]);
    let rounds = unsigned(&lock.rounds.to_be_bytes());
    Ok(element(SEQUENCE, &[&info, &element(OCTET_STRING, &[&salt]), &rounds]))
}

/// A ContentInfo of type data.
fn data(content: &[u8]) -> Vec<u8> {
    content_info(oid::DATA, &element(OCTET_STRING, &[content]))
}

/// A ContentInfo of type encryptedData (RFC 5652 section 8).
fn encrypted_data(content: &[u8], lock: &Lock<'_>) -> Result<Vec<u8>, Error> {
    let (algorithm, encrypted) = lock.encrypt(content)?;
    let info = [oid::DATA.der().to_vec(), algorithm, element(0x80, &[&encrypted])].concat();
    let parts = [element(INTEGER, &[&[0]]), element(SEQUENCE, &[&info])];
    Ok(content_info(oid::ENCRYPTED_DATA, &element(SEQUENCE, &[&parts.concat()])))
}

/// A pkcs8ShroudedKeyBag (RFC 7292 section 4.2.2).
fn key_bag(key: &Pkcs12Key<'_>, lock: &Lock<'_>) -> Result<Vec<u8>, Error> {
    let (algorithm, encrypted) = lock.encrypt(key.pkcs8)?;
    let info = element(SEQUENCE, &[&algorithm, &element(OCTET_STRING, &[&encrypted])]);
    bag(oid::SHROUDED_KEY_BAG, &info, &attributes(key.name, key.key_id, false)?)
}

/// A certBag (RFC 7292 section 4.2.3).
fn certificate_bag(certificate: &Pkcs12Certificate<'_>) -> Result<Vec<u8>, Error> {
    let value = element(CONTEXT_0, &[&element(OCTET_STRING, &[certificate.der])]);
    let inner = element(SEQUENCE, &[oid::X509_CERTIFICATE.der(), &value]);
    bag(oid::CERT_BAG, &inner, &attributes(certificate.name, certificate.key_id, certificate.trusted)?)
}

fn bag(kind: Oid, value: &[u8], attributes: &[u8]) -> Result<Vec<u8>, Error> {
    Ok(element(SEQUENCE, &[kind.der(), &element(CONTEXT_0, &[value]), attributes]))
}

/// PKCS12Attributes (RFC 7292 section 4.2), sorted as DER wants a set.
fn attributes(name: Option<&str>, key_id: Option<&[u8]>, trusted: bool) -> Result<Vec<u8>, Error> {
    let attribute = |kind: Oid, value: Vec<u8>| element(SEQUENCE, &[kind.der(), &element(SET, &[&value])]);
    let mut found = Vec::new();
    if let Some(name) = name {
        found.push(attribute(oid::FRIENDLY_NAME, element(BMP_STRING, &[&wide(name)?])));
    }
    if let Some(key_id) = key_id {
        found.push(attribute(oid::LOCAL_KEY_ID, element(OCTET_STRING, &[key_id])));
    }
    if trusted {
        found.push(attribute(oid::ORACLE_TRUSTED_KEY_USAGE, oid::ANY_PURPOSE.der().to_vec()));
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    found.sort();
    Ok(element(SET, &[&found.concat()]))
}

/// Text as a BMPString: two octets a character.
fn wide(text: &str) -> Result<Vec<u8>, Error> {
    check_characters(text)?;
    Ok(text.encode_utf16().flat_map(u16::to_be_bytes).collect())
}

/// Characters beyond 16 bits have no place in PKCS#12, though some programs write them as two.
fn check_characters(text: &str) -> Result<(), Error> {
    match text.chars().find(|character| character.len_utf16() > 1) {
        Some(character) => Err(Error::Character(character)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::key;
    use super::*;
    use crate::container::{BlockKind, LockedError, read};
    use crate::der;

    fn certificate(name: &str) -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn trust_and_ids_are_there() {
        let attributes = |key_id: Option<&[u8]>, trusted| {
            let entry = Pkcs12Certificate { der: &[5, 0], name: Some("it"), key_id, trusted };
            let bag = certificate_bag(&entry).unwrap();
            let set = der::elements(der::contents(&bag).unwrap()).nth(2).unwrap();
            let kinds = der::elements(set.contents).map(|it| oid::find(der::contents(it.contents).unwrap()));
            kinds.map(|kind| kind.unwrap().name).collect::<Vec<_>>()
        };
        assert_eq!(attributes(None, true), ["friendlyName", "trustedKeyUsage"]);
        assert_eq!(attributes(Some(b"id"), false), ["localKeyId", "friendlyName"]);
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
            prop_assert_eq!(of(BlockKind::PrivateKey).map(|block| block.der.to_vec()).collect::<Vec<_>>(), keys);
            prop_assert_eq!(of(BlockKind::Certificate).map(|block| block.der.to_vec()).collect::<Vec<_>>(), ders);
            prop_assert_eq!(of(BlockKind::Certificate).map(|block| block.name.clone()).collect::<Vec<_>>(), names);
            let wrong = read(&file, Some(&format!("{password}x"))).errors;
            if password.is_empty() {
                prop_assert_eq!(wrong, []); // the empty password is always tried too
            } else {
                prop_assert_eq!(wrong, [crate::container::Error::Pkcs12(LockedError::WrongPassword)]);
            }
        }
    }
}
