//! Reading PKCS#12 (.p12, .pfx): certificates and private keys behind a password (RFC 7292).
//!
//! Files in BER are read as well: Firefox writes them. The MAC, where there is one, is verified before anything is
//! decrypted, so that a wrong password is distinguished from an old cipher.

use aws_lc_rs::constant_time;
use zeroize::Zeroizing;

use super::BlockKind;
use super::cipher::{self, Budget, LockedError};
use super::identify::identify;
use super::kdf::{Stretch, wide_password};
use crate::der::{
    self, BMP_STRING, CONTEXT_0, Element, INTEGER, Malformed, OCTET_STRING, OID, Reader, SEQUENCE, SET,
    context, oid,
};

/// What is in the file.
#[derive(Default)]
pub(super) struct SafeContents {
    /// In the order of the file.
    pub(super) certificates: Vec<Bag>,
    /// As PKCS#8.
    pub(super) keys: Vec<Bag>,
    /// Keys of symmetric ciphers, which only Java keeps in such files.
    pub(super) secrets: Vec<Zeroizing<Vec<u8>>>,
}

/// One object in the file, and the name that it has there.
pub(super) struct Bag {
    pub(super) name: Option<String>,
    pub(super) der: Zeroizing<Vec<u8>>,
}

/// Opens a file with `password`; the empty one is tried as well, since many exports have it. `budget` is for everything
/// that is read: hundreds of such files may stand one after another in one.
pub(super) fn read(
    input: &[u8],
    password: Option<&str>,
    budget: &mut Budget,
) -> Result<SafeContents, LockedError> {
    let (whole, _) = der::to_definite(input).ok_or(LockedError::Damaged)?;
    let pfx = Pfx::parse(&whole)?;
    let error = match pfx.open(password.unwrap_or_default(), budget) {
        Err(LockedError::WrongPassword) => match password {
            None => LockedError::PasswordNeeded,
            Some(_) => LockedError::WrongPassword,
        },
        other => return other,
    };
    match password {
        None | Some("") => Err(error),
        // The first error says more: it belongs to the password that the user meant.
        Some(_) => pfx.open("", budget).map_err(|_| error),
    }
}

/// Decrypts an EncryptedPrivateKeyInfo (RFC 5958 section 3), which is also what a key bag holds.
pub(super) fn decrypt_key(
    input: &[u8],
    password: &str,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>, LockedError> {
    let mut parts = Reader::inside(input, SEQUENCE)?;
    let algorithm = parts.next()?;
    let key = cipher::decrypt(algorithm, parts.expect(OCTET_STRING)?, password, budget)?;
    // A wrong password passes the padding once in 256 times, but what comes out is then no key.
    if is_private_key(&key) { Ok(key) } else { Err(LockedError::WrongPassword) }
}

fn is_private_key(der: &[u8]) -> bool {
    identify(der) == Some(BlockKind::PrivateKey) && der::first(der).is_some_and(|(_, rest)| rest.is_empty())
}

/// PFX (RFC 7292 section 4).
struct Pfx<'a> {
    /// The AuthenticatedSafe as the MAC covers it.
    covered: &'a [u8],
    /// The same in DER.
    safe: Vec<u8>,
    mac: Option<Mac<'a>>,
}

impl<'a> Pfx<'a> {
    fn parse(whole: &'a [u8]) -> Result<Self, LockedError> {
        let mut parts = Reader::inside(whole, SEQUENCE)?;
        if parts.expect(INTEGER)? != [3] {
            return Err(LockedError::Damaged);
        }
        let covered = data(parts.next()?)?.ok_or(LockedError::Damaged)?;
        let mac = if parts.is_at_end() { None } else { Some(Mac::parse(parts.next()?)?) };
        parts.end()?;
        let (safe, _) = der::to_definite(covered).ok_or(LockedError::Damaged)?;
        Ok(Self { covered, safe, mac })
    }

    fn open(&self, password: &str, budget: &mut Budget) -> Result<SafeContents, LockedError> {
        if let Some(mac) = &self.mac {
            mac.verify(self.covered, password, budget)?;
        }
        let mut opening =
            Opening { password, budget, contents: SafeContents::default(), unparsable: LockedError::Damaged };
        match opening.safe(&self.safe) {
            Ok(()) => Ok(opening.contents),
            // The MAC has proved the password.
            Err(LockedError::WrongPassword) if self.mac.is_some() => Err(LockedError::Damaged),
            // Without a MAC, a wrong password shows as DER that does not parse after decrypting.
            Err(LockedError::Damaged) if self.mac.is_none() => Err(opening.unparsable),
            Err(error) => Err(error),
        }
    }
}

/// MacData (RFC 7292 section 4).
struct Mac<'a> {
    hash: oid::Oid,
    value: &'a [u8],
    salt: &'a [u8],
    rounds: u64,
}

impl<'a> Mac<'a> {
    fn parse(element: Element<'a>) -> Result<Self, LockedError> {
        let mut parts = Reader::inside(element.whole, SEQUENCE)?;
        let mut digest = Reader::new(parts.expect(SEQUENCE)?);
        let kind = Reader::new(digest.expect(SEQUENCE)?).expect(OID)?;
        let value = digest.expect(OCTET_STRING)?;
        let salt = parts.expect(OCTET_STRING)?;
        // One round is the default.
        let rounds = der::unsigned_integers(element.contents).next().unwrap_or(1);
        let unsupported = |kind| LockedError::UnsupportedCipher(format!("a check of kind {kind}"));
        match oid::find(kind) {
            // PBMAC1 (RFC 9579), and hashes that are too old.
            Some(hash @ (oid::PBMAC1 | oid::MD5)) => Err(unsupported(hash.name.to_owned())),
            Some(hash) => Ok(Self { hash, value, salt, rounds }),
            None => Err(unsupported(oid::to_text(kind))),
        }
    }

    fn verify(&self, covered: &[u8], password: &str, budget: &mut Budget) -> Result<(), LockedError> {
        budget.spend(self.rounds)?;
        let rounds = u32::try_from(self.rounds).map_err(|_| LockedError::TooMuchWork)?;
        let password = wide_password(password);
        let stretch = Stretch { password: &password, salt: self.salt, rounds };
        let made = stretch
            .mac(self.hash, covered)
            .ok_or_else(|| LockedError::UnsupportedCipher(format!("a check of kind {}", self.hash.name)))?;
        constant_time::verify_slices_are_equal(&made, self.value).map_err(|_| LockedError::WrongPassword)
    }
}

/// Taking everything out, with a password that may be wrong where there is no MAC.
struct Opening<'a> {
    password: &'a str,
    budget: &'a mut Budget,
    contents: SafeContents,
    /// What DER that does not parse means: damage, or once something was decrypted the wrong password.
    unparsable: LockedError,
}

impl Opening<'_> {
    /// AuthenticatedSafe (RFC 7292 section 4.1).
    fn safe(&mut self, safe: &[u8]) -> Result<(), LockedError> {
        let mut infos = Reader::inside(safe, SEQUENCE)?;
        while !infos.is_at_end() {
            let info = infos.next()?;
            match data(info)? {
                Some(bags) => self.bags(bags)?,
                None => {
                    let (algorithm, encrypted) = encrypted_data(info)?;
                    let bags = self.decrypt(algorithm, encrypted)?;
                    self.bags(&bags)?;
                }
            }
        }
        Ok(())
    }

    fn decrypt(
        &mut self,
        algorithm: Element<'_>,
        encrypted: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, LockedError> {
        self.unparsable = LockedError::WrongPassword;
        cipher::decrypt(algorithm, encrypted, self.password, self.budget)
    }

    /// SafeContents (RFC 7292 section 4.2).
    fn bags(&mut self, bags: &[u8]) -> Result<(), LockedError> {
        let mut bags = Reader::inside(bags, SEQUENCE)?;
        while !bags.is_at_end() {
            self.bag(bags.expect(SEQUENCE)?)?;
        }
        Ok(())
    }

    fn bag(&mut self, bag: &[u8]) -> Result<(), LockedError> {
        let mut parts = Reader::new(bag);
        let kind = parts.expect(OID)?;
        let value = parts.expect(CONTEXT_0)?;
        let name = parts.optional(SET)?.and_then(friendly_name);
        parts.end()?;
        match oid::find(kind) {
            Some(oid::CERT_BAG) => {
                let der = Zeroizing::new(certificate(value)?.to_vec());
                self.contents.certificates.push(Bag { name, der });
            }
            Some(oid::KEY_BAG) if is_private_key(value) => {
                self.contents.keys.push(Bag { name, der: Zeroizing::new(value.to_vec()) });
            }
            Some(oid::KEY_BAG) => return Err(LockedError::Damaged),
            Some(oid::SHROUDED_KEY_BAG) => {
                self.unparsable = LockedError::WrongPassword;
                let der = decrypt_key(value, self.password, self.budget)?;
                self.contents.keys.push(Bag { name, der });
            }
            // Keys of symmetric ciphers are of no use here: those that do not open are passed over.
            Some(oid::SECRET_BAG) => {
                let secret = self.secret(value)?;
                self.contents.secrets.extend(secret);
            }
            _ => {}
        }
        Ok(())
    }

    /// The secret in a secretBag, if it opens.
    fn secret(&mut self, value: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, LockedError> {
        let Ok(shrouded) = shrouded_secret(value) else { return Ok(None) };
        match decrypt_key(shrouded, self.password, self.budget) {
            Ok(key) => Ok(private_octets(&key).ok().map(|octets| Zeroizing::new(octets.to_vec()))),
            Err(LockedError::TooMuchWork) => Err(LockedError::TooMuchWork),
            Err(_) => Ok(None),
        }
    }
}

/// What Java puts into a secretBag: the type pkcs8ShroudedKeyBag, and such a key in an octet string.
fn shrouded_secret(value: &[u8]) -> Result<&[u8], Malformed> {
    let mut parts = Reader::inside(value, SEQUENCE)?;
    if !oid::SHROUDED_KEY_BAG.is(parts.expect(OID)?) {
        return Err(Malformed);
    }
    Reader::new(parts.expect(CONTEXT_0)?).expect(OCTET_STRING)
}

/// The octets of the key in a PrivateKeyInfo (RFC 5958 section 2).
fn private_octets(pkcs8: &[u8]) -> Result<&[u8], Malformed> {
    let mut parts = Reader::inside(pkcs8, SEQUENCE)?;
    parts.expect(INTEGER)?;
    parts.expect(SEQUENCE)?;
    parts.expect(OCTET_STRING)
}

/// The octets inside a ContentInfo of type data; `None` when it has another type.
fn data(info: Element<'_>) -> Result<Option<&[u8]>, Malformed> {
    let mut parts = Reader::inside(info.whole, SEQUENCE)?;
    if !oid::DATA.is(parts.expect(OID)?) {
        return Ok(None);
    }
    let mut content = Reader::new(parts.expect(CONTEXT_0)?);
    content.expect(OCTET_STRING).map(Some)
}

/// Algorithm and encrypted octets of a ContentInfo of type encryptedData (RFC 5652 section 8).
fn encrypted_data(info: Element<'_>) -> Result<(Element<'_>, &[u8]), Malformed> {
    let mut parts = Reader::inside(info.whole, SEQUENCE)?;
    if !oid::ENCRYPTED_DATA.is(parts.expect(OID)?) {
        return Err(Malformed);
    }
    let mut data = Reader::inside(parts.expect(CONTEXT_0)?, SEQUENCE)?;
    data.expect(INTEGER)?;
    let mut info = Reader::new(data.expect(SEQUENCE)?);
    info.expect(OID)?;
    let algorithm = info.next()?;
    Ok((algorithm, info.optional(context(0))?.unwrap_or_default()))
}

/// The certificate in a certBag (RFC 7292 section 4.2.3).
fn certificate(value: &[u8]) -> Result<&[u8], Malformed> {
    let mut parts = Reader::inside(value, SEQUENCE)?;
    if !oid::X509_CERTIFICATE.is(parts.expect(OID)?) {
        return Err(Malformed);
    }
    Reader::new(parts.expect(CONTEXT_0)?).expect(OCTET_STRING)
}

/// The name among the attributes of a bag, if it has one that can be read and is not empty.
fn friendly_name(attributes: &[u8]) -> Option<String> {
    let value = der::elements(attributes).find_map(|attribute| {
        let mut parts = Reader::new(attribute.contents);
        let is_name = parts.expect(OID).is_ok_and(|kind| oid::FRIENDLY_NAME.is(kind));
        if is_name { Reader::new(parts.expect(SET).ok()?).expect(BMP_STRING).ok() } else { None }
    })?;
    let units: Vec<_> = value.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    String::from_utf16(&units).ok().filter(|name| !name.is_empty())
}

impl From<Malformed> for LockedError {
    fn from(Malformed: Malformed) -> Self {
        Self::Damaged
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::container::write::{Pkcs12Certificate, Pkcs12Cipher, pkcs12_with};
    use crate::der::element;

    /// By openssl: certificates under 40-bit RC2, the key under triple DES, checked by HMAC-SHA-1.
    const RC2: &[u8] = include_bytes!("../../testdata/files/rc2.pfx");

    /// A file with one certificate, and few rounds.
    fn file(cipher: Pkcs12Cipher, password: &str) -> Vec<u8> {
        let der = element(SEQUENCE, &[&[INTEGER, 1, 1]]);
        let certificate = Pkcs12Certificate { der: &der, name: None, key_id: None, trusted: false };
        pkcs12_with(&[], &[certificate], password, cipher, 10).unwrap()
    }

    fn open(file: &[u8], password: Option<&str>) -> Result<SafeContents, LockedError> {
        read(file, password, &mut Budget::default())
    }

    /// The same file without its MAC.
    fn without_mac(file: &[u8]) -> Vec<u8> {
        let parts: Vec<_> = der::elements(der::contents(file).unwrap()).collect();
        element(SEQUENCE, &[parts[0].whole, parts[1].whole])
    }

    #[test]
    fn wrong_passwords_differ_from_missing_ones() {
        for cipher in [Pkcs12Cipher::Modern, Pkcs12Cipher::Legacy] {
            let whole = file(cipher, "secret");
            for file in [whole.clone(), without_mac(&whole)] {
                assert_eq!(open(&file, Some("secret")).map(|read| read.certificates.len()), Ok(1));
                assert_eq!(open(&file, Some("wrong")).err(), Some(LockedError::WrongPassword));
                assert_eq!(open(&file, None).err(), Some(LockedError::PasswordNeeded));
                assert_eq!(open(&file[..file.len() - 9], None).err(), Some(LockedError::Damaged));
            }
        }
        let unlocked = file(Pkcs12Cipher::Modern, "");
        assert!(open(&unlocked, None).is_ok());
        assert!(open(&unlocked, Some("for another file")).is_ok());
    }

    #[test]
    fn rc2_is_read() {
        let read = open(RC2, Some("correct horse")).unwrap();
        assert_eq!((read.certificates.len(), read.keys.len()), (2, 1));
        assert_eq!(open(RC2, Some("wrong horse")).err(), Some(LockedError::WrongPassword));
    }

    #[test]
    fn what_was_changed_is_not_believed() {
        let mut changed = file(Pkcs12Cipher::Modern, "secret");
        // In the MAC's value: it stands before the salt and the rounds at the end.
        let at = changed.len() - 30;
        changed[at] ^= 1;
        assert_eq!(open(&changed, Some("secret")).err(), Some(LockedError::WrongPassword));
    }

    #[test]
    fn a_key_that_wants_a_gigabyte_is_refused() {
        let number = |value: u32| der::unsigned(&value.to_be_bytes());
        let algorithm = |kind: oid::Oid, parameters: &[&[u8]]| {
            element(SEQUENCE, &[kind.der(), &element(SEQUENCE, parameters)])
        };
        let decrypt = |cost: u32| {
            let salt = element(OCTET_STRING, &[&[7; 16]]);
            let scrypt = algorithm(oid::SCRYPT, &[&salt, &number(cost), &number(8), &number(1)]);
            let aes = element(SEQUENCE, &[oid::AES_256_CBC.der(), &element(OCTET_STRING, &[&[0; 16]])]);
            let pbes2 = algorithm(oid::PBES2, &[&scrypt, &aes]);
            let key = element(SEQUENCE, &[&pbes2, &element(OCTET_STRING, &[&[0; 64]])]);
            decrypt_key(&key, "", &mut Budget::default()).err()
        };
        assert_eq!(decrypt(1 << 21), Some(LockedError::TooMuchWork));
        assert_eq!(decrypt(1 << 4), Some(LockedError::WrongPassword));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn no_damage_panics(place: prop::sample::Index, byte: u8, mac: bool) {
            let mut file = file(Pkcs12Cipher::Legacy, "");
            if !mac {
                file = without_mac(&file);
            }
            let place = place.index(file.len());
            file[place] = byte;
            let _ = open(&file, Some(""));
            let _ = decrypt_key(&file, "", &mut Budget::default());
        }
    }
}
