//! PKCS#12 (.p12, .pfx): certificates and a private key behind a password (RFC 7292).
//!
//! The crate `p12-keystore` decrypts. What it cannot tell is found out here first: which ciphers are used, so that an
//! old one is not taken for a wrong password. Files in BER (Firefox writes them) are made DER for it.

use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error as P12Error;
use zeroize::Zeroizing;

use super::ber;
use super::cipher::{Cipher, LockedError as Error, MAX_ROUNDS, numbers};
use super::der::{self, CONTEXT_0, Element, INTEGER, OCTET_STRING, OID, PKCS7, SEQUENCE};

/// What is in the file.
pub(super) struct Contents {
    /// Certificates, in order.
    pub(super) certificates: Vec<Bag>,
    /// Private keys as PKCS#8.
    pub(super) keys: Vec<Bag>,
    /// Keys of symmetric ciphers, which only Java keeps in such files.
    pub(super) secrets: Vec<Zeroizing<Vec<u8>>>,
}

/// One thing in the file, and the name that it has there.
pub(super) struct Bag {
    pub(super) name: Option<String>,
    pub(super) der: Zeroizing<Vec<u8>>,
}

/// Opens a file with `password`; the empty one is tried as well, since many exports have it. `rounds` is the work that
/// may still be done, and is counted down: hundreds of such files may stand one after another in one.
pub(super) fn read(input: &[u8], password: Option<&str>, rounds: &mut u64) -> Result<Contents, Error> {
    let (whole, layout) = Layout::find(input).ok_or(Error::Damaged)?;
    if let Some(cipher) = layout.unsupported_mac {
        return Err(Error::UnsupportedCipher(cipher));
    }
    let mut candidates = vec![password.unwrap_or_default()];
    if password.is_some_and(|password| !password.is_empty()) {
        candidates.push("");
    }
    *rounds = rounds.checked_sub(layout.rounds()).ok_or(Error::TooMuchWork)?;
    let mut error = Error::Damaged;
    for (index, candidate) in candidates.into_iter().enumerate() {
        match Pkcs12Archive::from_pkcs12(&whole, candidate) {
            Ok(archive) => return Ok(archive.into()),
            // The first candidate says more: it is the one that the user meant.
            Err(found) if index == 0 => error = layout.explain(&found),
            Err(_) => {}
        }
        if error != Error::WrongPassword {
            break;
        }
    }
    Err(if error == Error::WrongPassword && password.is_none() { Error::PasswordNeeded } else { error })
}

/// Decrypts an EncryptedPrivateKeyInfo (RFC 5958 section 3). It is the same as a key bag of PKCS#12 (RFC 7292 section
/// 4.2.2), so a file with that one bag is made and opened.
pub(super) fn decrypt_key(input: &[u8], password: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (key, _) = der::first(input).ok_or(Error::Damaged)?;
    let (algorithm, _) = der::first(key.contents).ok_or(Error::Damaged)?;
    let cipher = Cipher::of(algorithm);
    if !cipher.supported {
        return Err(Error::UnsupportedCipher(cipher.name));
    }
    if cipher.rounds > MAX_ROUNDS {
        return Err(Error::TooMuchWork);
    }
    let bag_kind = der::wrap(OID, SHROUDED_KEY_BAG);
    let bag = der::wrap(SEQUENCE, &[bag_kind, der::wrap(CONTEXT_0, key.whole)].concat());
    let file = pfx(&content_info(1, &der::wrap(OCTET_STRING, &der::wrap(SEQUENCE, &bag))));
    let archive = Pkcs12Archive::from_pkcs12(&file, password).map_err(|error| match error {
        P12Error::InvalidParameters => Error::TooMuchWork,
        _ => Error::WrongPassword,
    })?;
    archive.keys.first().map(|bag| Zeroizing::new(bag.key.as_der().to_vec())).ok_or(Error::Damaged)
}

/// pkcs8ShroudedKeyBag, 1.2.840.113549.1.12.10.1.2.
const SHROUDED_KEY_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x02];

/// What can be seen of a file without the password.
struct Layout {
    /// The ciphers in use, as far as they show.
    ciphers: Vec<Cipher>,
    /// Whether the password is proved before anything is decrypted.
    has_mac: bool,
    /// Rounds of a hash for that proof.
    mac_rounds: u64,
    /// A proof of a kind that is not known here.
    unsupported_mac: Option<String>,
}

impl Layout {
    /// Looks at a file; gives it back in DER.
    fn find(input: &[u8]) -> Option<(Vec<u8>, Self)> {
        let (whole, _) = ber::to_definite(input)?;
        let (outer, _) = der::first(&whole)?;
        // Version, the content, and the MAC over it (RFC 7292 section 4).
        let parts: Vec<_> = der::elements(outer.contents).take(3).collect();
        let (&info, mac) = (parts.get(1)?, parts.get(2).copied());
        let safe = data_of(info)?;
        let unsupported_mac = mac.and_then(unsupported_mac);
        // Contents in BER are covered by the MAC as they are, which the decrypting crate does not read. Without the MAC
        // it reads them in DER; a wrong password then shows when decrypting.
        if ber::is_indefinite(safe) {
            let (safe, _) = ber::to_definite(safe)?;
            let whole = pfx_around(&safe);
            let ciphers = ciphers(&safe);
            return Some((whole, Self { ciphers, has_mac: false, mac_rounds: 0, unsupported_mac: None }));
        }
        // MacData: digest, salt, rounds (1 where they are left out).
        let mac_rounds = mac.map_or(0, |mac| numbers(mac).next().unwrap_or(1));
        let layout = Self { ciphers: ciphers(safe), has_mac: mac.is_some(), mac_rounds, unsupported_mac };
        Some((whole, layout))
    }

    /// The work of opening it, as far as it shows; objects that parse cost something as well.
    fn rounds(&self) -> u64 {
        let ciphers = self.ciphers.iter().map(|cipher| cipher.rounds);
        ciphers.fold(self.mac_rounds, u64::saturating_add).saturating_add(1000)
    }

    /// An error of the decrypting crate in terms of the user.
    fn explain(&self, error: &P12Error) -> Error {
        let unsupported = self.ciphers.iter().find(|cipher| !cipher.supported);
        match error {
            P12Error::MacError(_) => Error::WrongPassword,
            P12Error::InvalidParameters => Error::TooMuchWork,
            _ if let Some(cipher) = unsupported => Error::UnsupportedCipher(cipher.name.clone()),
            P12Error::UnsupportedEncryptionScheme => Error::UnsupportedCipher("an unknown cipher".into()),
            // Without a MAC a wrong password shows as nonsense after decrypting.
            _ if !self.has_mac && !self.ciphers.is_empty() => Error::WrongPassword,
            // A password with characters beyond the 16 bits that PKCS#12 has for each cannot be the right one.
            _ => Error::Damaged,
        }
    }
}

impl From<Pkcs12Archive> for Contents {
    fn from(archive: Pkcs12Archive) -> Self {
        let bag = |name: &Option<String>, der: &[u8]| Bag {
            name: name.clone().filter(|name| !name.is_empty()),
            der: Zeroizing::new(der.to_vec()),
        };
        Self {
            certificates: archive.certs.iter().map(|it| bag(&it.friendly_name, it.cert.as_der())).collect(),
            keys: archive.keys.iter().map(|it| bag(&it.friendly_name, it.key.as_der())).collect(),
            secrets: archive.secrets.iter().map(|it| Zeroizing::new(it.key.key().to_vec())).collect(),
        }
    }
}

/// The octets inside a ContentInfo of type data.
fn data_of(info: Element<'_>) -> Option<&[u8]> {
    let mut parts = der::elements(info.contents);
    let (kind, content) = (parts.next()?, parts.next()?);
    if kind.contents.strip_prefix(PKCS7) != Some(&[1]) {
        return None;
    }
    let (octets, _) = der::first(content.contents)?;
    (octets.tag == OCTET_STRING).then_some(octets.contents)
}

/// The ciphers of an AuthenticatedSafe (RFC 7292 section 4.1) that show without decrypting.
fn ciphers(safe: &[u8]) -> Vec<Cipher> {
    let mut found = Vec::new();
    let Some((safe, _)) = der::first(safe) else { return found };
    for info in der::elements(safe.contents) {
        if let Some(bags) = data_of(info).and_then(der::first) {
            let bags = der::elements(bags.0.contents);
            found.extend(bags.filter_map(shrouded_key).map(Cipher::of));
        } else {
            found.extend(encrypted_data_algorithm(info).map(Cipher::of));
        }
    }
    found
}

/// The algorithm of a key bag.
fn shrouded_key(bag: Element<'_>) -> Option<Element<'_>> {
    let mut parts = der::elements(bag.contents);
    let (kind, value) = (parts.next()?, parts.next()?);
    let (info, _) = der::first(value.contents)?;
    (kind.contents == SHROUDED_KEY_BAG).then(|| der::first(info.contents))?.map(|(algorithm, _)| algorithm)
}

/// The algorithm of an EncryptedData (RFC 5652 section 8).
fn encrypted_data_algorithm(info: Element<'_>) -> Option<Element<'_>> {
    let content = der::elements(info.contents).nth(1)?;
    let (data, _) = der::first(content.contents)?;
    let encrypted = der::elements(data.contents).nth(1)?;
    der::elements(encrypted.contents).nth(1)
}

/// The name of a MAC that is not a plain HMAC over a hash, such as PBMAC1 (RFC 9579).
fn unsupported_mac(mac: Element<'_>) -> Option<String> {
    let (digest_info, _) = der::first(mac.contents)?;
    let (algorithm, _) = der::first(digest_info.contents)?;
    let (oid, _) = der::first(algorithm.contents)?;
    let oid = der::oid_text(oid.contents);
    match oid.as_str() {
        "1.2.840.113549.1.5.14" => Some("a check of kind PBMAC1".into()),
        "1.2.840.113549.2.5" => Some("a check of kind MD5".into()),
        _ => None,
    }
}

/// A file around one content, without a MAC.
fn pfx(info: &[u8]) -> Vec<u8> {
    pfx_around(&der::wrap(SEQUENCE, info))
}

/// A file around an AuthenticatedSafe, without a MAC.
fn pfx_around(safe: &[u8]) -> Vec<u8> {
    let info = content_info(1, &der::wrap(OCTET_STRING, safe));
    der::wrap(SEQUENCE, &[der::wrap(INTEGER, &[3]), info].concat())
}

/// ContentInfo of the type 1.2.840.113549.1.7.`kind`.
fn content_info(kind: u8, content: &[u8]) -> Vec<u8> {
    let kind = der::wrap(OID, &[PKCS7, &[kind]].concat());
    der::wrap(SEQUENCE, &[kind, der::wrap(CONTEXT_0, content)].concat())
}

#[cfg(test)]
mod tests {
    use p12_keystore::{EncryptionAlgorithm, KeyStore, KeyStoreEntry};
    use proptest::prelude::*;

    use super::*;

    /// A file with one certificate.
    fn file(algorithm: EncryptionAlgorithm, password: &str) -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate =
            rcgen::CertificateParams::new(vec!["p12.example".into()]).unwrap().self_signed(&key).unwrap();
        let mut store = KeyStore::new();
        let certificate = p12_keystore::Certificate::from_der(certificate.der()).unwrap();
        store.add_entry("it", KeyStoreEntry::Certificate(certificate));
        store
            .writer(password)
            .encryption_algorithm(algorithm)
            .encryption_iterations(10)
            .mac_iterations(10)
            .write()
            .unwrap()
    }

    #[test]
    fn passwords_are_told_from_ciphers() {
        use EncryptionAlgorithm::*;
        for algorithm in [PbeWithHmacSha256AndAes256, PbeWithShaAnd40BitRc4Cbc, PbeWithShaAnd3KeyTripleDesCbc]
        {
            let file = file(algorithm, "secret");
            let read = |file: &[u8], password| read(file, password, &mut MAX_ROUNDS.clone());
            assert_eq!(read(&file, Some("secret")).map(|read| read.certificates.len()), Ok(1));
            assert_eq!(read(&file, Some("wrong")).err(), Some(Error::WrongPassword));
            assert_eq!(read(&file, None).err(), Some(Error::PasswordNeeded));
            assert_eq!(read(&file[..file.len() - 9], None).err(), Some(Error::Damaged));
        }
        let open = file(PbeWithHmacSha256AndAes256, "");
        assert!(read(&open, None, &mut MAX_ROUNDS.clone()).is_ok());
        assert!(read(&open, Some("for another file"), &mut MAX_ROUNDS.clone()).is_ok());
    }

    #[test]
    fn work_is_counted_before_it_is_done() {
        let file = file(EncryptionAlgorithm::PbeWithHmacSha256AndAes256, "");
        // Ten for the proof, ten for the cipher.
        let mut rounds = 2500;
        assert!(read(&file, None, &mut rounds).is_ok());
        assert_eq!(rounds, 2500 - 1020);
        assert!(read(&file, None, &mut rounds).is_ok());
        assert_eq!(read(&file, None, &mut rounds).err(), Some(Error::TooMuchWork));
    }

    #[test]
    fn a_key_that_wants_a_gigabyte_is_refused() {
        let number = |value: u32| der::wrap(INTEGER, &value.to_be_bytes());
        let algorithm = |oid: &[u8], parameters: &[u8]| {
            let parameters = der::wrap(SEQUENCE, parameters);
            der::wrap(SEQUENCE, &[der::wrap(OID, oid), parameters].concat())
        };
        let key = |cost: u32| {
            let salt = der::wrap(OCTET_STRING, &[7; 16]);
            let scrypt = [salt, number(cost), number(8), number(1)].concat();
            let derivation = algorithm(&[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x04, 0x0b], &scrypt);
            let aes = algorithm(&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a], &[]);
            let pbes2 = algorithm(
                &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d],
                &[derivation, aes].concat(),
            );
            der::wrap(SEQUENCE, &[pbes2, der::wrap(OCTET_STRING, &[0; 64])].concat())
        };
        assert_eq!(decrypt_key(&key(1 << 20), "").err(), Some(Error::TooMuchWork));
        assert_eq!(decrypt_key(&key(1 << 4), "").err(), Some(Error::WrongPassword));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_damage_panics(place: prop::sample::Index, byte: u8) {
            let mut file = file(EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc, "");
            let place = place.index(file.len());
            file[place] = byte;
            let _ = read(&file, Some(""), &mut MAX_ROUNDS.clone());
            let _ = decrypt_key(&file, "");
        }
    }
}
