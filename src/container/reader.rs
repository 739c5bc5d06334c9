//! Walking through a file: which form begins where, and what is inside it.

use zeroize::Zeroizing;

use super::cipher::Budget;
use super::{Block, BlockKind, Contents, Error, Lines, Note, identify, pkcs7, pkcs12, text};
use crate::der;
use crate::pem::{self, MAX_BLOCKS};

/// As [`read`](super::read), with what is left to spend on passwords.
pub(super) fn read_within(bytes: &[u8], password: Option<&str>, budget: &mut Budget) -> Contents {
    let has_pem = pem::has_block(bytes);
    let mut reader =
        Reader { password, has_pem, budget, contents: Contents::default(), found: 0, streamed: 0 };
    reader.read(bytes);
    reader.contents
}

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
            self.no_pem(part, lines_before, after_object);
            return;
        }
        self.damages(scan.damages);
        self.errors(scan.errors.into_iter().map(Error::Pem));
        for block in scan.blocks {
            self.pem_block(block);
        }
    }

    /// Text without a block: base64 alone or as part of other text, or nothing at all.
    fn no_pem(&mut self, part: &[u8], lines_before: usize, after_object: bool) {
        if let Some(inner) = text::bare_base64(part).filter(|inner| object_at(inner).is_some()) {
            self.note(Note::BareBase64);
            self.encoded(&inner, None);
            return;
        }
        let mut is_any = false;
        for (start, inner) in text::encoded_pem(part) {
            is_any = true;
            self.note(Note::EncodedPem);
            let line = 1 + lines_before + part[..start].iter().filter(|&&byte| byte == b'\n').count();
            self.encoded(&inner, Some((line, line)));
        }
        if !is_any
            && after_object
            && !part.iter().all(|byte| byte.is_ascii_whitespace() || matches!(byte, 0 | 0x1a))
        {
            self.error(Error::TrailingBytes(part.len()));
        }
    }

    /// What was in base64. More base64 in it is not followed: what is inside has an armour or is binary.
    fn encoded(&mut self, inner: &[u8], lines: Lines) {
        let read = read_within(inner, self.password, self.budget);
        self.contents.notes.extend(read.notes.into_iter().filter(|note| *note != Note::Der));
        self.damages(read.damages);
        self.errors(read.errors);
        for block in read.blocks {
            self.add(Block { lines, ..block });
        }
    }

    fn pem_block(&mut self, block: pem::PemBlock) {
        let claimed = BlockKind::of_label(&block.label);
        let lines = Some(block.lines);
        let is_legacy =
            block.headers.iter().any(|(name, value)| name == "Proc-Type" && value.ends_with("ENCRYPTED"));
        if claimed == BlockKind::PrivateKey && is_legacy {
            let kind = BlockKind::EncryptedPrivateKey;
            self.add(Block { headers: block.headers, ..Block::new(kind, block.label, block.der, lines) });
            return;
        }
        let kind = identify(&block.der).unwrap_or(claimed);
        // Bytes that have the shape of a certificate only because they are signed are better named by their label.
        if kind != claimed && claimed != BlockKind::Parameters {
            let label = block.label.clone();
            self.note(Note::WrongLabel { label, kind, lines: block.lines });
        }
        match kind {
            BlockKind::Pkcs7 => self.pkcs7(&block.der, lines),
            BlockKind::Pkcs12 => self.pkcs12(&block.der, lines),
            BlockKind::Certificate => {
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

    fn object(&mut self, kind: BlockKind, object: &[u8]) {
        match kind {
            BlockKind::Pkcs7 => self.pkcs7(object, None),
            BlockKind::Pkcs12 => self.pkcs12(object, None),
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
                    self.push_kind(BlockKind::Certificate, certificate, lines);
                }
                for crl in contents.crls {
                    self.push_kind(BlockKind::Crl, crl, lines);
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
                    [(BlockKind::Certificate, contents.certificates), (BlockKind::PrivateKey, contents.keys)]
                {
                    for bag in bags {
                        let (label, name) = (kind.label().into(), bag.name);
                        self.add(Block { name, ..Block::new(kind, label, bag.der, lines) });
                    }
                }
                for secret in contents.secrets {
                    self.push(BlockKind::Other, "SECRET KEY".into(), secret, lines);
                }
            }
            Err(error) => self.error(Error::Pkcs12(error)),
        }
    }

    fn push_kind(&mut self, kind: BlockKind, der: Vec<u8>, lines: Lines) {
        self.push(kind, kind.label().into(), Zeroizing::new(der), lines);
    }

    fn push(&mut self, kind: BlockKind, label: String, der: Zeroizing<Vec<u8>>, lines: Lines) {
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
pub(super) const MAX_ERRORS: usize = 20;

/// What the bytes of one object are, in DER or BER.
fn identify(bytes: &[u8]) -> Option<BlockKind> {
    if der::is_indefinite(bytes) { object_at(bytes).map(|(kind, _)| kind) } else { identify::identify(bytes) }
}

/// The kind and length of a known object that begins right here, complete.
fn object_at(bytes: &[u8]) -> Option<(BlockKind, usize)> {
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
fn definite_object_at(bytes: &[u8]) -> Option<(BlockKind, usize)> {
    let (object, _) = der::first(bytes)?;
    // A whole object of a kind that is not known is not searched for others inside: they are not what the file is.
    let kind = identify::identify(bytes).or_else(|| is_long(object.whole).then_some(BlockKind::Other))?;
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
    // A SEQUENCE with a long length: its second byte is not ASCII.
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
