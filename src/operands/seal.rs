//! Encrypting keys and certificates of the user: PKCS#8, and PKCS#12.

use std::path::Path;

use zeroize::Zeroizing;

use super::input::read_contents;
use super::password::Passwords;
use crate::container::Block;
use crate::container::write::{self, Pkcs12Cipher};
use crate::x509::{Certificate, PrivateKey, PrivateKeyError};

/// Why nothing was encrypted.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
    #[error(transparent)]
    Write(#[from] write::Error),
}

/// A key as encrypted PKCS#8 in PEM.
pub fn encrypted_key_pem(key: &PrivateKey, password: &str) -> Result<Zeroizing<String>, SealError> {
    let pkcs8 = key.pkcs8()?;
    Ok(write::encrypted_key_pem(&pkcs8, password)?)
}

/// PKCS#12 for a browser or server: a key, its certificate and that certificate's issuers, shown under the name of the
/// certificate.
pub fn pkcs12_identity(
    key: &PrivateKey,
    chain: &[Certificate],
    password: &str,
    cipher: Pkcs12Cipher,
) -> Result<Vec<u8>, SealError> {
    let name = chain.first().map(Certificate::label);
    let chain: Vec<&[u8]> = chain.iter().map(|certificate| certificate.der.as_ref()).collect();
    let pkcs8 = key.pkcs8()?;
    Ok(write::pkcs12_identity(&pkcs8, key.spki(), &chain, name.as_deref(), password, cipher)?)
}

/// Whether a file holds an encrypted key. Nobody is asked for its password here.
pub fn is_encrypted_key(file: &Path) -> bool {
    let read = read_contents(&file.display().to_string(), &mut Passwords::unattended());
    read.is_ok_and(|(_, contents)| contents.blocks.iter().any(Block::is_encrypted_key))
}
