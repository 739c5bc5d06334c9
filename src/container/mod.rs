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
//! is believed only where the bytes do not say otherwise. Nothing is dropped in silence: what cannot be read is an
//! [`Error`] with its place. [`mod@write`] makes new containers.

mod cipher;
mod identify;
mod kdf;
mod legacy_key;
mod pkcs12;
mod pkcs7;
mod text;
pub mod write;

#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

pub use cipher::LockedError;
pub use pkcs7::Error as Pkcs7Error;

use self::cipher::Budget;
use crate::der;
use crate::pem::{self, MAX_BLOCKS};

/// What a file holds.
#[derive(Debug, Default)]
pub struct Contents {
    /// What was found, in order. What came out of a container stands in its place.
    pub blocks: Vec<Block>,
    /// What was mended in PEM.
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
    pub kind: Kind,
    /// The words of its PEM armour; those it would have, if it came without.
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

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
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
    /// Binary.
    Der,
    /// PKCS#12, and how many keys and certificates came out of it.
    Pkcs12 {
        /// How many certificates.
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
        /// The label.
        label: String,
        /// What it is.
        kind: Kind,
        /// Its lines.
        lines: (usize, usize),
    },
}

/// Why something cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Binary data that ends too early.
    #[error("the binary data is cut off: it says that it has {expected} bytes, and {found} are there")]
    DerTruncated {
        /// What its header says.
        expected: usize,
        /// What is there.
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
        /// Why.
        error: Pkcs7Error,
        /// Lines of its armour, if it had one.
        lines: Option<(usize, usize)>,
    },
    /// More blocks than any honest file has.
    #[error("there are more than {0} blocks in it; no certificate file has as many")]
    TooManyBlocks(usize),
    /// Bytes behind a binary object that are nothing.
    #[error("behind the binary data stand {0} more bytes that cannot be read")]
    TrailingBytes(usize),
}

/// Reads everything in `bytes`. The password, if there is one, is for PKCS#12; encrypted keys stay encrypted until
/// [`Block::private_key`] is asked.
pub fn read(bytes: &[u8], password: Option<&str>) -> Contents {
    read_within(bytes, password, &mut Budget::default())
}

/// As [`read`], with what is left to spend on passwords.
fn read_within(bytes: &[u8], password: Option<&str>, budget: &mut Budget) -> Contents {
    let has_pem = pem::has_block(bytes);
    let mut reader =
        Reader { password, has_pem, budget, contents: Contents::default(), found: 0, streamed: 0 };
    reader.read(bytes);
    reader.contents
}

impl Kind {
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
    fn new(kind: Kind, label: String, der: Zeroizing<Vec<u8>>, lines: Lines) -> Self {
        Self { kind, label, der, headers: Vec::new(), number: 0, lines, name: None }
    }

    /// Whether it is a private key that a password protects.
    pub fn is_encrypted_key(&self) -> bool {
        self.kind == Kind::EncryptedPrivateKey
    }

    /// Whether it is a private key, encrypted or not.
    pub fn is_private_key(&self) -> bool {
        matches!(self.kind, Kind::PrivateKey | Kind::EncryptedPrivateKey)
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

/// Where a block stands, or stood before its container was opened.
type Lines = Option<(usize, usize)>;

struct Reader<'a> {
    password: Option<&'a str>,
    /// Whether there is PEM anywhere. Asked once: each look costs as much as the file is long.
    has_pem: bool,
    budget: &'a mut Budget,
    contents: Contents,
    /// Blocks so far, those inside containers included.
    found: usize,
    /// How often a streamed object (BER) was looked for.
    streamed: usize,
}

impl Reader<'_> {
    fn read(&mut self, bytes: &[u8]) {
        let mut lines_before = 0;
        let mut rest = bytes;
        while !rest.is_empty() {
            let at = if der::is_indefinite(rest) && self.streamed < MAX_STREAMED {
                self.streamed += 1;
                object_at(rest)
            } else {
                definite_object_at(rest)
            };
            let (part, behind) = if let Some((kind, length)) = at {
                let (object, behind) = rest.split_at(length);
                self.object(kind, object);
                (object, behind)
            } else if let Some((expected, found)) = cut_off(rest) {
                self.error(Error::DerTruncated { expected, found });
                return;
            } else {
                let (text, behind) = rest.split_at(if self.has_pem { next_object(rest) } else { rest.len() });
                self.text(text, lines_before, rest.len() < bytes.len());
                (text, behind)
            };
            rest = behind;
            lines_before += part.iter().filter(|&&byte| byte == b'\n').count();
        }
    }

    /// Bytes that are text, if they are anything.
    fn text(&mut self, part: &[u8], lines_before: usize, after_object: bool) {
        let decoded = text::from_utf16(part);
        if decoded.is_some() {
            self.note(Note::Utf16);
        }
        let part = decoded.as_deref().unwrap_or(part);
        let scan = pem::scan_from(part, lines_before);
        if scan.blocks.is_empty() && scan.errors.is_empty() {
            self.no_pem(part, after_object);
            return;
        }
        self.damages(scan.damages);
        self.errors(scan.errors.into_iter().map(Error::Pem));
        for block in scan.blocks {
            self.pem_block(block);
        }
    }

    /// Text without a block: base64 alone, or nothing at all.
    fn no_pem(&mut self, part: &[u8], after_object: bool) {
        if let Some(inner) = text::bare_base64(part)
            && (object_at(&inner).is_some() || pem::has_block(&inner))
        {
            self.note(Note::BareBase64);
            // Base64 in base64 is not followed further: what is inside has an armour or is binary.
            let read = read_within(&inner, self.password, self.budget);
            self.contents.notes.extend(read.notes.into_iter().filter(|note| *note != Note::Der));
            self.damages(read.damages);
            self.errors(read.errors);
            for block in read.blocks {
                self.push(block.kind, block.label, block.der, None);
            }
        } else if after_object
            && !part.iter().all(|byte| byte.is_ascii_whitespace() || matches!(byte, 0 | 0x1a))
        {
            self.error(Error::TrailingBytes(part.len()));
        }
    }

    fn pem_block(&mut self, block: pem::PemBlock) {
        let claimed = Kind::of_label(&block.label);
        let lines = Some(block.lines);
        let is_legacy =
            block.headers.iter().any(|(name, value)| name == "Proc-Type" && value.ends_with("ENCRYPTED"));
        if claimed == Kind::PrivateKey && is_legacy {
            let kind = Kind::EncryptedPrivateKey;
            self.add(Block { headers: block.headers, ..Block::new(kind, block.label, block.der, lines) });
            return;
        }
        let kind = identify(&block.der).unwrap_or(claimed);
        // Bytes that have the shape of a certificate only because they are signed are better named by their label.
        if kind != claimed && claimed != Kind::Parameters {
            let label = block.label.clone();
            self.note(Note::WrongLabel { label, kind, lines: block.lines });
        }
        match kind {
            Kind::Pkcs7 => self.pkcs7(&block.der, lines),
            Kind::Pkcs12 => self.pkcs12(&block.der, lines),
            Kind::Certificate => {
                let mut der = block.der;
                // `openssl x509 -trustout` puts its own trust settings behind the certificate.
                if block.label == "TRUSTED CERTIFICATE"
                    && let Some(length) = der::first(&der).map(|(element, _)| element.whole.len())
                {
                    der.truncate(length);
                }
                self.push(kind, block.label, der, lines);
            }
            _ => self.push(kind, block.label, block.der, lines),
        }
    }

    /// A binary object.
    fn object(&mut self, kind: Kind, object: &[u8]) {
        match kind {
            Kind::Pkcs7 => self.pkcs7(object, None),
            Kind::Pkcs12 => self.pkcs12(object, None),
            _ => {
                self.note(Note::Der);
                self.push(kind, kind.label().into(), Zeroizing::new(object.to_vec()), None);
            }
        }
    }

    fn pkcs7(&mut self, object: &[u8], lines: Lines) {
        match pkcs7::read(object) {
            Ok(contents) => {
                self.note(Note::Pkcs7 { certificates: contents.certificates.len(), lines });
                for certificate in contents.certificates {
                    self.push_kind(Kind::Certificate, certificate, lines);
                }
                for crl in contents.crls {
                    self.push_kind(Kind::Crl, crl, lines);
                }
            }
            Err(error) => self.error(Error::Pkcs7 { error, lines }),
        }
    }

    fn pkcs12(&mut self, object: &[u8], lines: Lines) {
        match pkcs12::read(object, self.password, self.budget) {
            Ok(contents) => {
                let (certificates, keys) = (contents.certificates.len(), contents.keys.len());
                self.note(Note::Pkcs12 { certificates, keys });
                for (kind, bags) in
                    [(Kind::Certificate, contents.certificates), (Kind::PrivateKey, contents.keys)]
                {
                    for bag in bags {
                        let (label, name) = (kind.label().into(), bag.name);
                        self.add(Block { name, ..Block::new(kind, label, bag.der, lines) });
                    }
                }
                for secret in contents.secrets {
                    self.push(Kind::Other, "SECRET KEY".into(), secret, lines);
                }
            }
            Err(error) => self.error(Error::Pkcs12(error)),
        }
    }

    fn push_kind(&mut self, kind: Kind, der: Vec<u8>, lines: Lines) {
        self.push(kind, kind.label().into(), Zeroizing::new(der), lines);
    }

    fn push(&mut self, kind: Kind, label: String, der: Zeroizing<Vec<u8>>, lines: Lines) {
        self.add(Block::new(kind, label, der, lines));
    }

    /// Adds a block and gives it its number.
    fn add(&mut self, block: Block) {
        self.found += 1;
        if self.found > MAX_BLOCKS {
            if self.found == MAX_BLOCKS + 1 {
                self.contents.errors.insert(0, Error::TooManyBlocks(MAX_BLOCKS));
            }
            return;
        }
        self.contents.blocks.push(Block { number: self.found, ..block });
    }

    fn note(&mut self, note: Note) {
        if self.contents.notes.last() != Some(&note) {
            self.contents.notes.push(note);
        }
    }

    /// Each kind once, as in PEM alone: a file of many parts may have the same damage in each.
    fn damages(&mut self, damages: Vec<pem::Damage>) {
        for damage in damages {
            if self.contents.damages.iter().all(|known| known.kind != damage.kind) {
                self.contents.damages.push(damage);
            }
        }
    }

    fn errors(&mut self, errors: impl IntoIterator<Item = Error>) {
        for error in errors {
            self.error(error);
        }
    }

    fn error(&mut self, error: Error) {
        if self.contents.errors.len() < MAX_ERRORS {
            self.contents.errors.push(error);
        }
    }
}

/// Streamed objects (BER) that are looked for: each look may cost as much as the file is long.
const MAX_STREAMED: usize = 100;
/// Errors kept; a file of broken objects is explained by its first ones.
const MAX_ERRORS: usize = 20;

/// What the bytes of one object are, in DER or BER.
fn identify(bytes: &[u8]) -> Option<Kind> {
    if der::is_indefinite(bytes) { object_at(bytes).map(|(kind, _)| kind) } else { identify::identify(bytes) }
}

/// The kind and length of a known object that begins right here, complete.
fn object_at(bytes: &[u8]) -> Option<(Kind, usize)> {
    if bytes.first() != Some(&der::SEQUENCE) {
        return None;
    }
    if der::is_indefinite(bytes) {
        let (definite, length) = der::to_definite(bytes)?;
        return identify::identify(&definite).map(|kind| (kind, length));
    }
    definite_object_at(bytes)
}

/// The same for DER alone, which costs nothing to look at.
fn definite_object_at(bytes: &[u8]) -> Option<(Kind, usize)> {
    let (object, _) = der::first(bytes)?;
    // A whole object of a kind that is not known is not searched for others inside: they are not what the file is.
    let kind = identify::identify(bytes).or_else(|| is_long(object.whole).then_some(Kind::Other))?;
    Some((kind, object.whole.len()))
}

/// A sequence around other elements, with a length that no text has by chance.
fn is_long(object: &[u8]) -> bool {
    der::header(object).is_some_and(|(tag, header, _)| {
        let inner = object.get(header).copied().unwrap_or_default();
        tag == der::SEQUENCE && header > 2 && matches!(inner, der::SEQUENCE | der::INTEGER | der::OID)
    })
}

/// Where behind PEM a binary object begins, as when `cat` put files of both kinds together; the end, if nowhere. In
/// other files (Java's old keystores, archives) such an object is a part that means nothing by itself.
fn next_object(bytes: &[u8]) -> usize {
    // A SEQUENCE with a long length: its second byte stands in no ASCII text.
    memchr::memchr_iter(der::SEQUENCE, bytes)
        .filter(|&at| at > 0 && matches!(bytes.get(at + 1), Some(0x81..=0x84)))
        .find(|&at| identify::identify(&bytes[at..]).is_some())
        .unwrap_or(bytes.len())
}

/// Whether a signed object or container begins here and does not end: what its header says, and what is there.
fn cut_off(bytes: &[u8]) -> Option<(usize, usize)> {
    let (_, header, length) = der::header(bytes)?;
    let expected = header.checked_add(length)?;
    (is_long(bytes) && expected > bytes.len()).then_some((expected, bytes.len()))
}
