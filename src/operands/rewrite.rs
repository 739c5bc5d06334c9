//! A file written again with other certificates and another key, in the form that it has: PEM with all that stands
//! around, DER, PKCS#7 or PKCS#12.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::input::{InputError, decrypted, read_contents};
use super::password::Passwords;
use super::seal::{SealError, encrypted_key_pem};
use crate::container::write::{Pkcs12Certificate, Pkcs12Cipher, Pkcs12Key, key_id, pkcs7, pkcs12};
use crate::container::{self, Block, BlockKind, Contents, LockedError, Note};
use crate::der::oid;
use crate::pem::{self, DamageKind};
use crate::x509::{Certificate, PrivateKey};

/// What is written in place of what.
pub struct Replacements<'a> {
    /// Old certificates (DER), each with what takes its place: one certificate, several, or none.
    pub certificates: &'a [(Vec<u8>, Vec<Certificate>)],
    /// The public key of the old private key (SubjectPublicKeyInfo), with the new private key.
    pub key: Option<(&'a [u8], &'a PrivateKey)>,
}

/// A file that was read and can be written again.
pub struct RewritableFile {
    pub path: PathBuf,
    bytes: Zeroizing<Vec<u8>>,
    contents: Contents,
    form: Form,
    /// The private keys of PEM by the number of their block, if they were to be opened.
    keys: Vec<(usize, PrivateKey)>,
    password: Option<Zeroizing<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Der,
    /// In place, with all that stands around.
    Pem,
    /// Damaged PEM, which is written anew.
    CleanPem,
    Pkcs7 {
        in_pem: bool,
    },
    Pkcs12(Pkcs12Cipher),
}

/// Why a file cannot be written again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RewriteError {
    #[error("its form is not one that certkit writes")]
    Form,
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("it is a PKCS#12 file whose password was not given")]
    Locked,
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("it is a PKCS#12 file, and the password is wrong")]
    WrongPassword,
}

/// What can be fixed around a block without touching the block's own lines.
const HARMLESS: [DamageKind; 6] = [
    DamageKind::BlankLines,
    DamageKind::ByteOrderMark,
    DamageKind::CarriageReturns,
    DamageKind::LineLength,
    DamageKind::MissingFinalNewline,
    DamageKind::TextAround,
];

/// What tells that the certificates are part of something else, of YAML or a program for instance: written anew, the rest
/// would be lost.
const EMBEDDED: [DamageKind; 4] =
    [DamageKind::Escaped, DamageKind::Indented, DamageKind::LiteralEscapes, DamageKind::TextAround];

impl RewritableFile {
    /// Reads a file; with `opens_keys` encrypted keys are opened too, because they are to be replaced.
    ///
    /// # Errors
    /// When it cannot be read, a password is missing or wrong, or its form is not written by certkit.
    pub fn open(path: &Path, passwords: &mut Passwords, opens_keys: bool) -> Result<Self, RewriteError> {
        let file = path.display().to_string();
        let (bytes, contents) = match read_contents(&file, passwords) {
            Err(InputError::Unreadable { errors, .. }) if errors.iter().any(needs_password) => {
                return Err(RewriteError::Locked);
            }
            Err(InputError::Unreadable { errors, .. }) if errors.iter().any(has_wrong_password) => {
                return Err(RewriteError::WrongPassword);
            }
            read => read?,
        };
        let form = form(&bytes, &contents).ok_or(RewriteError::Form)?;
        let is_locked = contents.blocks.iter().any(Block::is_encrypted_key);
        let needs_password = matches!(form, Form::Pkcs12(_)) || (opens_keys && is_locked);
        let mut keys = Vec::new();
        for block in contents.blocks.iter().filter(|block| opens_keys && block.is_private_key()) {
            keys.push((block.number, decrypted(&file, block, passwords)?));
        }
        let password = if needs_password { passwords.of(&file).map_err(InputError::from)? } else { None };
        Ok(Self { path: path.to_path_buf(), bytes, contents, form, keys, password })
    }

    pub fn holds_key(&self) -> bool {
        self.contents.blocks.iter().any(Block::is_private_key)
    }

    /// Whether the private key of a public key (SubjectPublicKeyInfo) is among the opened ones.
    pub fn has_key_of(&self, spki: &[u8]) -> bool {
        self.keys.iter().any(|(_, key)| key.spki() == spki)
    }

    pub fn is_pkcs12(&self) -> bool {
        matches!(self.form, Form::Pkcs12(_))
    }

    /// Whether it holds one certificate and nothing else.
    pub fn is_one_certificate(&self) -> bool {
        matches!(self.contents.blocks.as_slice(), [block] if block.kind == BlockKind::Certificate)
            && matches!(self.form, Form::Der | Form::Pem | Form::CleanPem)
    }

    /// The certificates in it, in order.
    pub fn certificates(&self) -> impl Iterator<Item = Certificate> {
        let is_certificate = |block: &&Block| block.kind == BlockKind::Certificate;
        let blocks = self.contents.blocks.iter().filter(is_certificate);
        blocks.filter_map(|block| Certificate::from_der(block.der.to_vec()).ok())
    }

    /// The new contents.
    ///
    /// # Errors
    /// When a key cannot be encrypted.
    pub fn rewritten(&self, by: &Replacements<'_>) -> Result<Vec<u8>, RewriteError> {
        match self.form {
            Form::Der => {
                let block = self.contents.blocks.first().ok_or(RewriteError::Form)?;
                let new = by.certificates_for(block).and_then(<[Certificate]>::first);
                Ok(new.map_or_else(|| block.der.to_vec(), |new| new.der.to_vec()))
            }
            Form::Pem => self.pem_in_place(by),
            Form::CleanPem => {
                let mut text = String::new();
                for block in &self.contents.blocks {
                    match self.replaced_pem(block, by)? {
                        Some(new) => text.push_str(&new),
                        None => pem::write(&mut text, &block.label, &block.der),
                    }
                }
                Ok(text.into_bytes())
            }
            Form::Pkcs7 { in_pem } => {
                let of = |kind| self.contents.blocks.iter().filter(move |block| block.kind == kind);
                let certificates: Vec<&[u8]> =
                    of(BlockKind::Certificate).flat_map(|block| by.ders_for(block)).collect();
                let lists: Vec<&[u8]> = of(BlockKind::Crl).map(|block| block.der.as_slice()).collect();
                let der = pkcs7(&certificates, &lists);
                let mut text = String::new();
                pem::write(&mut text, "PKCS7", &der);
                Ok(if in_pem { text.into_bytes() } else { der })
            }
            Form::Pkcs12(cipher) => self.pkcs12(by, cipher),
        }
    }

    fn pem_in_place(&self, by: &Replacements<'_>) -> Result<Vec<u8>, RewriteError> {
        let has_carriage_returns =
            self.contents.damages.iter().any(|damage| damage.kind == DamageKind::CarriageReturns);
        let mut lines = self.bytes.split_inclusive(|&byte| byte == b'\n').zip(1..).peekable();
        let mut out = Vec::with_capacity(self.bytes.len() + 64);
        for block in &self.contents.blocks {
            let Some(new) = self.replaced_pem(block, by)? else { continue };
            let (first, last) = block.lines.ok_or(RewriteError::Form)?;
            while let Some((line, _)) = lines.next_if(|(_, number)| *number < first) {
                out.extend_from_slice(line);
            }
            while lines.next_if(|(_, number)| *number <= last).is_some() {}
            let new = if has_carriage_returns { new.replace('\n', "\r\n").into() } else { new };
            out.extend_from_slice(new.as_bytes());
        }
        lines.for_each(|(line, _)| out.extend_from_slice(line));
        Ok(out)
    }

    /// The new block where one is replaced.
    fn replaced_pem(
        &self,
        block: &Block,
        by: &Replacements<'_>,
    ) -> Result<Option<Zeroizing<String>>, RewriteError> {
        if let Some(new) = by.certificates_for(block) {
            let mut text = String::new();
            new.iter().for_each(|new| pem::write(&mut text, "CERTIFICATE", &new.der));
            return Ok(Some(text.into()));
        }
        let (Some((old, new)), Some(key)) = (by.key, self.key(block)) else { return Ok(None) };
        if key.spki() != old {
            return Ok(None);
        }
        match &self.password {
            Some(password) if block.is_encrypted_key() => Ok(Some(encrypted_key_pem(new, password)?)),
            _ => Ok(Some(new.to_pem())),
        }
    }

    fn key(&self, block: &Block) -> Option<&PrivateKey> {
        self.keys
            .iter()
            .find(|(number, _)| block.is_private_key() && *number == block.number)
            .map(|(_, key)| key)
    }

    fn pkcs12(&self, by: &Replacements<'_>, cipher: Pkcs12Cipher) -> Result<Vec<u8>, RewriteError> {
        let mut keys = Vec::new();
        for block in self.contents.blocks.iter().filter(|block| block.is_private_key()) {
            let old = PrivateKey::from_der(block.der.clone()).map_err(SealError::from)?;
            let new = by.key.filter(|(spki, _)| old.spki() == *spki).map(|(_, new)| new);
            let key = new.unwrap_or(&old);
            keys.push((
                key.pkcs8().map_err(SealError::from)?,
                key_id(key.spki()),
                key.spki().to_vec(),
                block,
            ));
        }
        let mut certificates = Vec::new();
        for block in self.contents.blocks.iter().filter(|block| block.kind == BlockKind::Certificate) {
            for der in by.ders_for(block) {
                let spki = Certificate::from_der(der.to_vec()).map(|certificate| certificate.spki);
                let own = keys.iter().find(|key| spki.as_ref().is_ok_and(|spki| key.2 == *spki));
                certificates.push(Pkcs12Certificate {
                    der,
                    name: block.name.as_deref(),
                    key_id: own.map(|key| key.1.as_slice()),
                    trusted: keys.is_empty(),
                });
            }
        }
        let keys: Vec<_> = keys
            .iter()
            .map(|(pkcs8, id, _, block)| Pkcs12Key { pkcs8, name: block.name.as_deref(), key_id: Some(id) })
            .collect();
        let password = self.password.as_ref().map_or("", |password| password.as_str());
        Ok(pkcs12(&keys, &certificates, password, cipher).map_err(SealError::from)?)
    }
}

impl Replacements<'_> {
    /// What is in the file afterwards, as DER.
    fn ders_for<'b>(&'b self, block: &'b Block) -> Vec<&'b [u8]> {
        let new = self.certificates_for(block);
        new.map_or_else(|| vec![block.der.as_slice()], |new| new.iter().map(|new| new.der.as_ref()).collect())
    }

    /// What replaces a certificate.
    fn certificates_for(&self, block: &Block) -> Option<&[Certificate]> {
        if block.kind != BlockKind::Certificate {
            return None;
        }
        let new = self.certificates.iter().find(|(old, _)| *old == *block.der);
        new.map(|(_, new)| new.as_slice())
    }
}

fn needs_password(error: &container::Error) -> bool {
    matches!(error, container::Error::Pkcs12(LockedError::PasswordNeeded))
}

fn has_wrong_password(error: &container::Error) -> bool {
    matches!(error, container::Error::Pkcs12(LockedError::WrongPassword))
}

/// The form in which the file can be written again.
fn form(bytes: &[u8], contents: &Contents) -> Option<Form> {
    let blocks = &contents.blocks;
    let all = |kinds: &[BlockKind]| blocks.iter().all(|block| kinds.contains(&block.kind));
    match contents.notes.as_slice() {
        [] if blocks.iter().all(|block| block.lines.is_some()) => {
            let is_plain = contents.damages.iter().all(|damage| HARMLESS.contains(&damage.kind));
            // Written anew, a key would lose the headers that say how it is encrypted.
            let has_headers = blocks.iter().any(|block| !block.headers.is_empty());
            let is_embedded = contents.damages.iter().any(|damage| EMBEDDED.contains(&damage.kind));
            if is_plain { Some(Form::Pem) } else { (!has_headers && !is_embedded).then_some(Form::CleanPem) }
        }
        [Note::Der] if blocks.len() == 1 && all(&[BlockKind::Certificate]) => Some(Form::Der),
        notes if notes.iter().any(|note| matches!(note, Note::Pkcs7 { .. })) => {
            let others = notes.iter().filter(|note| !matches!(note, Note::Pkcs7 { .. } | Note::Der));
            let is_one = notes.iter().filter(|note| matches!(note, Note::Pkcs7 { .. })).count() == 1;
            let is_whole = is_one && others.count() == 0 && all(&[BlockKind::Certificate, BlockKind::Crl]);
            is_whole.then_some(Form::Pkcs7 { in_pem: pem::has_block(bytes) })
        }
        notes if notes.iter().any(|note| matches!(note, Note::Pkcs12 { .. })) => {
            let others = notes.iter().filter(|note| !matches!(note, Note::Pkcs12 { .. } | Note::Der));
            let is_whole = others.count() == 0
                && all(&[BlockKind::Certificate, BlockKind::PrivateKey])
                && bytes.first() == Some(&0x30);
            let pbes2 = oid::PBES2.der();
            let is_modern = bytes.windows(pbes2.len()).any(|window| window == pbes2);
            let cipher = if is_modern { Pkcs12Cipher::Modern } else { Pkcs12Cipher::Legacy };
            is_whole.then_some(Form::Pkcs12(cipher))
        }
        _ => None,
    }
}
