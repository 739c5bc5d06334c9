//! Reading all that is to be converted: the file, and what `--key` and `--chain` add to it.

use crate::advice::convert::{ConvertError, LeftOut};
use crate::advice::files::{damage_notes, damaged, form_notes, malformed};
use crate::cli::ConvertArgs;
use crate::commands::Result;
use crate::container::{Block, BlockKind, Note};
use crate::finding::{Finding, Location};
use crate::operands::input::{InputError, decrypted, location, read_contents};
use crate::operands::password::Passwords;
use crate::report::Failure;
use crate::x509::{Certificate, CrlDetails, PrivateKey, PublicKeyKind, Request, key_description};

/// Everything that was read.
pub(super) struct Gathered {
    /// In the order they were read.
    pub(super) items: Vec<Item>,
    /// What was repaired, and which forms there were.
    pub(super) notes: Vec<Finding>,
    /// Whether a password protected a key in it.
    pub(super) was_locked: bool,
}

/// One object, and where it stood.
pub(super) struct Item {
    pub(super) block: Block,
    pub(super) content: Content,
    pub(super) title: String,
    pub(super) location: Location,
}

/// What an object is. A large one is behind a pointer.
pub(super) enum Content {
    Certificate(Box<Certificate>),
    Request,
    Crl,
    /// A private key; `None` where it is still encrypted, or of a kind that is not known here.
    Key(Option<PrivateKey>),
    PublicKey,
    Other,
}

impl Item {
    /// As `private key ECDSA P-256`.
    pub(super) fn described(&self) -> String {
        format!("{} {}", self.kind_word().replace('_', " "), self.title)
    }

    /// The kind as reports name it.
    pub(super) fn kind_word(&self) -> &'static str {
        match self.block.kind {
            BlockKind::Certificate => "certificate",
            BlockKind::CertificateRequest => "certificate_request",
            BlockKind::Crl => "crl",
            BlockKind::PrivateKey | BlockKind::EncryptedPrivateKey => "private_key",
            BlockKind::PublicKey => "public_key",
            BlockKind::Parameters => "parameters",
            BlockKind::Other | BlockKind::Pkcs7 | BlockKind::Pkcs12 => "other",
        }
    }

    /// The label that it has in strict PEM (RFC 7468); `None` for something binary that is not known.
    pub(super) fn label(&self) -> Option<String> {
        Some(match &self.content {
            Content::Certificate(_) => "CERTIFICATE".into(),
            Content::Request => "CERTIFICATE REQUEST".into(),
            Content::Crl => "X509 CRL".into(),
            Content::Key(_) if self.block.is_encrypted_key() => "ENCRYPTED PRIVATE KEY".into(),
            // An RSA key alone, modulus and exponent, has an older label.
            Content::PublicKey if PublicKeyKind::new(&self.block.der) == PublicKeyKind::Unreadable => {
                "RSA PUBLIC KEY".into()
            }
            Content::PublicKey => "PUBLIC KEY".into(),
            Content::Key(_) | Content::Other if self.block.label.is_empty() => return None,
            Content::Key(_) | Content::Other => self.block.label.clone(),
        })
    }

    /// The private key, decrypted if it has to be.
    pub(super) fn open_key(&self, passwords: &mut Passwords) -> Result<PrivateKey> {
        Ok(decrypted(&self.location.file, &self.block, passwords)?)
    }
}

/// Reads the file, then the key, then the chain.
pub(super) fn gather(args: &ConvertArgs, passwords: &mut Passwords) -> Result<Gathered> {
    let mut gathered = Gathered { items: Vec::new(), notes: Vec::new(), was_locked: false };
    gathered.read(&args.input, passwords, |_| true)?;
    if let Some(file) = &args.key {
        let (before, blocks) = (gathered.items.len(), gathered.read(file, passwords, Block::is_private_key)?);
        if gathered.items.len() == before {
            return Err(InputError::without_key(file, &blocks).into());
        }
    }
    if let Some(file) = &args.chain {
        let is_certificate = |block: &Block| matches!(block.kind, BlockKind::Certificate | BlockKind::Crl);
        let before = gathered.items.len();
        gathered.read(file, passwords, is_certificate)?;
        if gathered.items.len() == before {
            return Err(nothing(file, "certificate"));
        }
    }
    gathered.drop_repeated();
    if gathered.items.is_empty() {
        return Err(nothing(&args.input, "certificate, key or other known object"));
    }
    Ok(gathered)
}

impl Gathered {
    /// Adds what is in a file as far as it is `wanted`; gives all of its blocks.
    fn read(
        &mut self,
        file: &str,
        passwords: &mut Passwords,
        wanted: impl Fn(&Block) -> bool,
    ) -> Result<Vec<Block>> {
        let (_, contents) = read_contents(file, passwords)?;
        self.notes.extend(form_notes(file, &contents.notes));
        self.notes.extend(damage_notes(file, &contents.damages));
        self.was_locked |= contents.notes.iter().any(|note| matches!(note, Note::Pkcs12 { .. }))
            || contents.blocks.iter().any(Block::is_encrypted_key);
        for block in &contents.blocks {
            if wanted(block) {
                self.items.push(item(file, block)?);
            } else if block.kind != BlockKind::Parameters {
                let left_out = LeftOut::NotRequested { kind: block.kind.as_str(), file };
                self.notes.push(left_out.at(location(file, block)));
            }
        }
        Ok(contents.blocks)
    }

    /// The same object twice is one, as when `--chain` names a file that has the certificate too.
    fn drop_repeated(&mut self) {
        let mut seen = std::collections::HashSet::new();
        let notes = &mut self.notes;
        self.items.retain(|item| {
            let is_new = seen.insert(item.block.der.to_vec());
            if !is_new {
                notes.push(LeftOut::SecondCopy { title: &item.title }.at(item.location.clone()));
            }
            is_new
        });
    }
}

fn item(file: &str, block: &Block) -> Result<Item> {
    let location = location(file, block);
    let damaged = |error: &dyn std::fmt::Display| Failure::from(damaged(error, location.clone()));
    let (content, title) = match block.kind {
        BlockKind::Certificate => {
            let certificate = Certificate::from_der(block.der.to_vec())
                .map_err(|error| Failure::from(malformed(&error, location.clone())))?;
            let label = certificate.label();
            (Content::Certificate(Box::new(certificate)), label)
        }
        BlockKind::CertificateRequest => {
            let request = Request::from_der(&block.der).map_err(|error| damaged(&error))?;
            (Content::Request, request.subject.label())
        }
        BlockKind::Crl => {
            let crl = CrlDetails::from_der(&block.der).map_err(|error| damaged(&error))?;
            (Content::Crl, crl.issuer.label())
        }
        BlockKind::EncryptedPrivateKey => (Content::Key(None), "encrypted".into()),
        BlockKind::PrivateKey => match PrivateKey::from_der(block.der.clone()) {
            Ok(key) => {
                let title = key.description();
                (Content::Key(Some(key)), title)
            }
            // DSA, X448 and the like: they can still be moved from PEM to DER and back.
            Err(_) => (Content::Key(None), "of a kind that TLS does not use".into()),
        },
        BlockKind::PublicKey => (Content::PublicKey, key_description(&block.der)),
        _ => (Content::Other, block.label.clone()),
    };
    Ok(Item { block: block.clone(), content, title, location })
}

fn nothing(file: &str, wanted: &'static str) -> Failure {
    ConvertError::Nothing { file: file.to_owned(), wanted }.into()
}
