//! Every form in which certificates and keys come, read into the same [`Block`]s.
//!
//! ```text
//! bytes ──> text ──> pem::scan ──┐
//!      └──> der  ────────────────┼──> Block ──> x509
//!                 pkcs7, pkcs12 ─┘
//! ```
//!
//! [`read`] tells the forms apart by what the bytes are, never by a file name: PEM in all its damages, DER (several
//! objects one after the other, mixed with PEM as well), PKCS#7, PKCS#12, UTF-16, base64 without its armour. A label
//! is believed only where the bytes do not contradict it. Nothing is dropped silently: what cannot be read is an
//! [`Error`] with its location. [`mod@write`] makes new containers.

mod cipher;
mod identify;
mod kdf;
mod legacy_key;
mod pkcs12;
mod pkcs7;
mod reader;
mod text;
pub mod write;

#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

pub use cipher::LockedError;
pub use pkcs7::Error as Pkcs7Error;

use self::cipher::Budget;
use crate::pem;

/// What a file holds.
#[derive(Debug, Default)]
pub struct Contents {
    /// What was found, in order. The contents of a container take its place.
    pub blocks: Vec<Block>,
    /// What was repaired in PEM.
    pub damages: Vec<pem::Damage>,
    /// What else is worth knowing: which forms these were.
    pub notes: Vec<Note>,
    /// What cannot be read.
    pub errors: Vec<Error>,
}

/// One certificate, key or other object, and where it stood.
#[derive(Clone, Debug)]
pub struct Block {
    /// What it is, by its bytes; by its label where they say nothing.
    pub kind: BlockKind,
    /// Its PEM label; the one that it would have, if it came without.
    pub label: String,
    /// Its DER. It may be a private key, so it is wiped after use.
    pub der: Zeroizing<Vec<u8>>,
    /// `Proc-Type` and the like.
    pub headers: Vec<(String, String)>,
    /// Its place in the file, counted from 1.
    pub number: usize,
    /// First and last line, counted from 1; `None` where there are no lines.
    pub lines: Option<(usize, usize)>,
    /// The name that PKCS#12 gives it.
    pub name: Option<String>,
}

/// First and last line of a block, or of the container that it was in; counted from 1.
type Lines = Option<(usize, usize)>;

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// A certificate (RFC 5280 section 4.1).
    Certificate,
    /// A request for one (RFC 2986).
    CertificateRequest,
    /// A revocation list (RFC 5280 section 5.1).
    Crl,
    /// A private key behind a password.
    EncryptedPrivateKey,
    /// Something else; its label says what.
    Other,
    /// EC or DH parameters; EC ones often stand before a key and say nothing that the key does not.
    Parameters,
    /// PKCS#12 that could not be opened.
    Pkcs12,
    /// PKCS#7 that could not be opened.
    Pkcs7,
    /// A private key in any of its forms.
    PrivateKey,
    /// A public key alone.
    PublicKey,
}

/// Which form something had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Base64 without BEGIN and END lines.
    BareBase64,
    Der,
    /// PEM in base64 once more, as the values of a Kubernetes Secret.
    EncodedPem,
    /// PKCS#12, and how many keys and certificates came out of it.
    Pkcs12 {
        certificates: usize,
        /// How many private keys.
        keys: usize,
    },
    /// PKCS#7.
    Pkcs7 {
        /// How many certificates came out of it.
        certificates: usize,
        /// Lines of its armour, if it had one.
        lines: Option<(usize, usize)>,
    },
    /// Text of 16 bits a character.
    Utf16,
    /// A block that is something else than its label says.
    WrongLabel {
        label: String,
        kind: BlockKind,
        lines: (usize, usize),
    },
}

/// Why something cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Binary data that ends too early.
    #[error("the binary data is cut off: its header declares {expected} bytes, but there are {found}")]
    DerTruncated {
        /// What its header says.
        expected: usize,
        found: usize,
    },
    /// PEM that cannot be read.
    #[error(transparent)]
    Pem(pem::Error),
    /// PKCS#12 that cannot be opened.
    #[error("this is a PKCS#12 file (.p12, .pfx), but {0}")]
    Pkcs12(LockedError),
    /// PKCS#7 that cannot be opened.
    #[error("{error}")]
    Pkcs7 {
        error: Pkcs7Error,
        /// Lines of its armour, if it had one.
        lines: Option<(usize, usize)>,
    },
    /// More blocks than any honest file has.
    #[error("it has more than {0} blocks, which is too many for a certificate file")]
    TooManyBlocks(usize),
    /// Bytes behind a binary object that are nothing.
    #[error("after the binary data there are {0} more bytes that cannot be read")]
    TrailingBytes(usize),
}

/// Reads everything in `bytes`. The password, if there is one, is for PKCS#12; encrypted keys stay encrypted until
/// [`Block::private_key`] is asked.
pub fn read(bytes: &[u8], password: Option<&str>) -> Contents {
    reader::read_within(bytes, password, &mut Budget::default())
}

/// Whether bytes hold a private key, encrypted or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEvidence {
    None,
    /// A container that only its password opens.
    Possible,
    Certain,
}

impl KeyEvidence {
    /// Looks for a key in any form, damaged ones included.
    pub fn of(bytes: &[u8]) -> Self {
        let contents = read(bytes, None);
        let has = |kind| contents.blocks.iter().any(|block| block.kind == kind);
        let begins = b"PRIVATE KEY-----";
        if contents.blocks.iter().any(Block::is_private_key)
            || bytes.windows(begins.len()).any(|window| window == begins)
        {
            Self::Certain
        } else if has(BlockKind::Pkcs12)
            || contents.errors.iter().any(|error| matches!(error, Error::Pkcs12(_)))
        {
            Self::Possible
        } else {
            Self::None
        }
    }
}

impl BlockKind {
    /// What it is, in a few words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::CertificateRequest => "certificate signing request",
            Self::Crl => "certificate revocation list",
            Self::EncryptedPrivateKey => "encrypted private key",
            Self::Other => "something unknown",
            Self::Parameters => "set of key parameters",
            Self::Pkcs12 => "PKCS#12 file",
            Self::Pkcs7 => "PKCS#7 file",
            Self::PrivateKey => "private key",
            Self::PublicKey => "public key",
        }
    }

    /// What a PEM label says. RFC 7468 names today's; the others are older names that programs still write or wrote.
    fn of_label(label: &str) -> Self {
        match label {
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => Self::Certificate,
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Self::CertificateRequest,
            "X509 CRL" | "CRL" => Self::Crl,
            "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA" | "CERTIFICATE CHAIN" => Self::Pkcs7,
            "PKCS12" => Self::Pkcs12,
            "ENCRYPTED PRIVATE KEY" => Self::EncryptedPrivateKey,
            _ if label.ends_with("PRIVATE KEY") => Self::PrivateKey,
            _ if label.ends_with("PUBLIC KEY") => Self::PublicKey,
            _ if label.ends_with("PARAMETERS") => Self::Parameters,
            _ => Self::Other,
        }
    }

    /// The label that it has in PEM.
    const fn label(self) -> &'static str {
        match self {
            Self::Certificate => "CERTIFICATE",
            Self::CertificateRequest => "CERTIFICATE REQUEST",
            Self::Crl => "X509 CRL",
            Self::EncryptedPrivateKey => "ENCRYPTED PRIVATE KEY",
            Self::Other | Self::Parameters => "",
            Self::Pkcs12 => "PKCS12",
            Self::Pkcs7 => "PKCS7",
            Self::PrivateKey => "PRIVATE KEY",
            Self::PublicKey => "PUBLIC KEY",
        }
    }
}

impl Block {
    /// A block that has no number yet.
    fn new(kind: BlockKind, label: String, der: Zeroizing<Vec<u8>>, lines: Lines) -> Self {
        Self { kind, label, der, headers: Vec::new(), number: 0, lines, name: None }
    }

    /// Whether it is a private key that a password protects.
    pub fn is_encrypted_key(&self) -> bool {
        self.kind == BlockKind::EncryptedPrivateKey
    }

    /// Whether it is a private key, encrypted or not.
    pub fn is_private_key(&self) -> bool {
        matches!(self.kind, BlockKind::PrivateKey | BlockKind::EncryptedPrivateKey)
    }

    /// The DER of a private key, decrypted if it has to be.
    ///
    /// # Errors
    /// [`LockedError::PasswordNeeded`] when it is encrypted and `password` is `None`; else why it does not decrypt.
    pub fn private_key(&self, password: Option<&str>) -> Result<Zeroizing<Vec<u8>>, LockedError> {
        if !self.is_encrypted_key() {
            return Ok(self.der.clone());
        }
        let password = password.ok_or(LockedError::PasswordNeeded)?;
        match self.headers.iter().find(|(name, _)| name == "DEK-Info") {
            Some((_, dek_info)) => legacy_key::decrypt(&self.der, dek_info, password),
            None => pkcs12::decrypt_key(&self.der, password, &mut Budget::default()),
        }
    }
}
