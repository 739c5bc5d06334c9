//! Putting keys and certificates behind a password: encrypted PKCS#8, and PKCS#12.

use zeroize::Zeroizing;

use crate::container::write::{self, Pkcs12Certificate, Pkcs12Cipher, Pkcs12Key};
use crate::finding::{Code, Finding};
use crate::pem;
use crate::report::Failure;
use crate::x509::{Certificate, PrivateKey};

/// A key as encrypted PKCS#8 in PEM.
pub fn encrypted_key_pem(key: &PrivateKey, password: &str) -> Result<Zeroizing<String>, Failure> {
    let pkcs8 = key.pkcs8().map_err(|error| unusable(&error))?;
    let mut text = Zeroizing::new(String::new());
    pem::write(
        &mut text,
        "ENCRYPTED PRIVATE KEY",
        &write::encrypt_key(&pkcs8, password).map_err(cannot_seal)?,
    );
    Ok(text)
}

/// PKCS#12 for a browser or server: a key, its certificate and that certificate's issuers, shown under the name of the
/// certificate.
pub fn pkcs12_identity(
    key: &PrivateKey,
    chain: &[Certificate],
    password: &str,
    cipher: Pkcs12Cipher,
) -> Result<Vec<u8>, Failure> {
    let name = chain.first().map(Certificate::label);
    let id = key_id(key.spki());
    let certificates: Vec<_> = chain
        .iter()
        .enumerate()
        .map(|(index, certificate)| Pkcs12Certificate {
            der: &certificate.der,
            name: name.as_deref().filter(|_| index == 0),
            key_id: (index == 0).then_some(&id[..]),
            trusted: false,
        })
        .collect();
    let pkcs8 = key.pkcs8().map_err(|error| unusable(&error))?;
    let keys = [Pkcs12Key { pkcs8: &pkcs8, name: name.as_deref(), key_id: Some(&id) }];
    write::pkcs12(&keys, &certificates, password, cipher).map_err(cannot_seal)
}

/// What ties a key to its certificate in PKCS#12. Any bytes will do; these are the same every time.
pub fn key_id(spki: &[u8]) -> Vec<u8> {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, spki);
    digest.as_ref().iter().copied().take(20).collect()
}

/// Why nothing could be encrypted, in words.
pub fn cannot_seal(error: write::Error) -> Failure {
    match error {
        write::Error::Character(_) => Finding::error(Code::InvalidSetting, error.to_string())
            .fix("choose a password of letters, digits and signs; a name is that of the input"),
        _ => Finding::error(Code::Io, error.to_string()),
    }
    .into()
}

fn unusable(error: &crate::x509::PrivateKeyError) -> Failure {
    Finding::error(Code::NotAPrivateKey, error.to_string())
        .fix("get the key again from where it came from")
        .into()
}
