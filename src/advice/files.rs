//! What to say about files: what they are instead, why they cannot be read, and what mends it.

use crate::container::{self, Block, BlockKind, LockedError, Note};
use crate::finding::{Code, Finding, Location};
use crate::operands::input::{CertificateFile, Other, location, name};
use crate::operands::output::shell_word;
use crate::pem;
use crate::x509::CertificateError;

/// A certificate in good armour that does not parse.
pub fn malformed(error: &CertificateError, location: Location) -> Finding {
    Finding::error(Code::DerMalformed, error.to_string())
        .at(location)
        .fix("get the certificate again from where it came from")
}

/// A request, a revocation list or another object that does not parse.
pub fn damaged(error: &dyn std::fmt::Display, location: Location) -> Finding {
    Finding::error(Code::DerMalformed, error.to_string())
        .at(location)
        .fix("Get it again from where it came from.")
}

/// A file with nothing in it that certkit knows.
pub fn nothing_known(file: &str) -> Finding {
    let message = format!("{} has nothing that certkit knows: no certificate, no key", name(file));
    Finding::error(Code::NotACertificate, message).at(Location::file(file)).fix(super::convert::KNOWN_FILES)
}

impl Other {
    /// What it is, with its article.
    fn words(&self) -> String {
        match self.kind {
            BlockKind::Other if !self.label.is_empty() => format!("a block called {}", self.label),
            kind => format!("{} {}", article(kind), kind.as_str()),
        }
    }

    /// It is told, so that nobody misses it later.
    pub fn note(&self) -> Finding {
        let message = format!("{} stands among the certificates; it was left alone", self.words());
        Finding::note(Code::NotACertificate, message).at(self.location.clone())
    }
}

fn article(kind: BlockKind) -> &'static str {
    match kind {
        BlockKind::EncryptedPrivateKey => "an",
        BlockKind::Other => "",
        _ => "a",
    }
}

/// What was mended in a file, as notes.
pub fn damage_notes(file: &str, damages: &[pem::Damage]) -> Vec<Finding> {
    let note = |damage: &pem::Damage| {
        let code = if damage.kind == pem::DamageKind::Glued { Code::PemGlued } else { Code::PemMended };
        Finding::note(code, format!("mended: {}", damage.kind.as_str())).at(Location::line(file, damage.line))
    };
    damages.iter().map(note).collect()
}

/// Which forms were read, as notes.
pub fn form_notes(file: &str, forms: &[Note]) -> Vec<Finding> {
    let name = name(file);
    let note = |form: &Note| {
        let at_lines = |lines: Option<(usize, usize)>| Location { lines, ..Location::file(file) };
        match form {
            Note::BareBase64 => Finding::note(
                Code::NotPem,
                format!("{name} is base64 without its BEGIN and END lines; it was read all the same"),
            )
            .at(at_lines(None)),
            Note::Der => {
                Finding::note(Code::NotPem, format!("{name} is binary (DER); it was read all the same"))
                    .at(at_lines(None))
            }
            Note::Pkcs12 { certificates, keys } => Finding::note(
                Code::NotPem,
                format!(
                    "{name} is a PKCS#12 file (.p12, .pfx); read {} and {} from it",
                    count(*certificates, "certificate"),
                    count(*keys, "private key")
                ),
            )
            .at(at_lines(None)),
            Note::Pkcs7 { certificates, lines } => Finding::note(
                Code::Pkcs7,
                format!(
                    "{name} is a PKCS#7 file (.p7b); read {} from it",
                    count(*certificates, "certificate")
                ),
            )
            .at(at_lines(*lines)),
            Note::Utf16 => {
                let message =
                    format!("{name} is UTF-16 text (Windows: \"Unicode\"); it was read all the same");
                Finding::note(Code::NotPem, message).at(at_lines(None))
            }
            Note::WrongLabel { label, kind, lines } => Finding::note(
                Code::WrongLabel,
                format!(
                    "the block says that it is a `{label}`; it is a {}, and was read as that",
                    kind.as_str()
                ),
            )
            .at(at_lines(Some(*lines))),
        }
    };
    // Binary objects one after the other are one remark.
    let mut notes: Vec<Finding> = Vec::new();
    for finding in forms.iter().map(note) {
        if !notes.contains(&finding) {
            notes.push(finding);
        }
    }
    notes
}

/// Something that cannot be read. `option` is the one that takes a password's file here.
pub fn unreadable(file: &str, error: &container::Error, option: &str) -> Finding {
    use container::Error::*;
    let again = "download or copy the file again; nothing of it was used";
    let message = error.to_string();
    match error {
        Pem(error) => {
            let code = match error {
                pem::Error::Truncated { .. } => Code::PemTruncated,
                _ => Code::PemMalformed,
            };
            Finding::error(code, message).at(Location::line(file, error.line())).fix(match error {
                pem::Error::Armour { .. } | pem::Error::Label { .. } => {
                    "the lines are -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----, five hyphens at each end: \
                     copy the file again without a word processor, or mend the line"
                }
                _ => again,
            })
        }
        Pkcs12(error) => locked(error, message, &open_old_pkcs12(file), option).at(Location::file(file)),
        Pkcs7 { error, lines } => {
            let code = match error {
                container::Pkcs7Error::OtherContent(_) => Code::NotACertificate,
                _ => Code::DerMalformed,
            };
            Finding::error(code, message).at(Location { lines: *lines, ..Location::file(file) }).fix(again)
        }
        TooManyBlocks(_) => {
            Finding::error(Code::TooLarge, message).at(Location::file(file)).fix("name the right file")
        }
        _ => Finding::error(Code::DerMalformed, message).at(Location::file(file)).fix(again),
    }
}

/// A key that stays encrypted.
pub fn encrypted_key(file: &str, block: &Block, error: &LockedError, option: &str) -> Finding {
    let finding = match error {
        // The word for a PKCS#12 file without a password is password_needed; keys have had one of their own.
        LockedError::PasswordNeeded => Finding::error(Code::KeyEncrypted, "the private key is encrypted")
            .fix(format!("write its password into a file and name that: {}", take_password(option))),
        _ => {
            let message = format!("the private key cannot be read: {error}");
            locked(error, message, &open_old_key(file), option)
        }
    };
    finding.at(location(file, block))
}

/// Something encrypted that cannot be opened, by its reason. `command` opens it where certkit does not know the cipher.
fn locked(error: &LockedError, message: String, command: &str, option: &str) -> Finding {
    match error {
        LockedError::PasswordNeeded => Finding::error(Code::PasswordNeeded, message)
            .fix(format!("write its password into a file and name that: {}", take_password(option))),
        LockedError::WrongPassword => Finding::error(Code::WrongPassword, message)
            .fix("ask whoever made the file for its password; capital letters count"),
        LockedError::UnsupportedCipher(_) => Finding::error(Code::UnsupportedCipher, message)
            .fix(format!("{command}   (asks for the password; then use the new file)")),
        LockedError::TooMuchWork => Finding::error(Code::TooLarge, message).fix("get the file again"),
        _ => Finding::error(Code::DerMalformed, message).fix("download or copy the file again"),
    }
}

/// Only openssl still reads the oldest ciphers, and only when asked for its "legacy" ones.
fn open_old_pkcs12(file: &str) -> String {
    format!("openssl pkcs12 -legacy -nodes -in {} -out opened.pem", shell_word(file))
}

/// The same for a key.
fn open_old_key(file: &str) -> String {
    format!("openssl pkey -provider legacy -provider default -in {} -out opened.key", shell_word(file))
}

/// How a password is given, by the name of the option or variable.
fn take_password(option: &str) -> String {
    if option.starts_with("--") {
        format!("{option} FILE; or set CERTKIT_PASSWORD")
    } else {
        format!("{option}=$(cat FILE)")
    }
}

/// Says what a file holds instead of certificates.
pub fn no_certificate(file: &str, bytes: &[u8], read: &CertificateFile) -> Finding {
    let name = name(file);
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(512)]).to_lowercase();
    let other = |wanted| read.others.iter().find(|other: &&Other| other.kind == wanted);
    let not_a =
        |what: &str| Finding::error(Code::NotACertificate, format!("{name} holds {what}, not a certificate"));
    let finding = if !read.private_keys.is_empty() {
        not_a("a private key")
            .fix("name the file that begins with -----BEGIN CERTIFICATE-----; the key goes behind --key")
    } else if let Some(other) = other(BlockKind::CertificateRequest) {
        not_a(&other.words()).fix("send it to the CA; what the CA sends back is the certificate")
    } else if let Some(other) = other(BlockKind::Crl) {
        not_a(&other.words()).fix("name the certificate file; certkit show prints what the list holds")
    } else if let Some(other) = other(BlockKind::PublicKey) {
        not_a(&other.words()).fix("name the certificate file; it holds the public key as well")
    } else if let Some(other) = read.others.first() {
        Finding::error(Code::NotACertificate, format!("{name} holds no certificate, but {}", other.words()))
            .fix("name the file that begins with -----BEGIN CERTIFICATE-----")
    } else if read.forms.iter().any(|form| matches!(form, Note::Pkcs7 { .. } | Note::Pkcs12 { .. })) {
        Finding::error(Code::NoCertificate, format!("{name} is an envelope without a certificate in it"))
            .fix("export it again, with all certificates")
    } else if start.contains("<html") || start.contains("<!doctype") {
        Finding::error(Code::NoCertificate, format!("{name} is a web page, not a certificate"))
            .fix("the download went wrong, perhaps a login page was saved: download it again in the browser")
    } else if matches!(bytes, [0xfe, 0xed, 0xfe, 0xed, ..] | [0xce, 0xce, 0xce, 0xce, ..]) {
        Finding::error(Code::NoCertificate, format!("{name} is an old Java keystore (JKS)")).fix(format!(
            "keytool -importkeystore -srckeystore {} -destkeystore new.p12 -deststoretype PKCS12",
            shell_word(file)
        ))
    } else if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0x1f, 0x8b]) {
        Finding::error(Code::NoCertificate, format!("{name} is an archive"))
            .fix("unpack it; the certificates are in it")
    } else {
        Finding::error(Code::NoCertificate, format!("there is no certificate in {name}"))
            .fix("a certificate file has a line -----BEGIN CERTIFICATE-----")
    };
    finding.at(Location::file(file))
}

/// Says what a file holds instead of a private key.
pub fn no_private_key(file: &str, blocks: &[Block]) -> Finding {
    let finding = match blocks.iter().find(|block| block.kind != BlockKind::Parameters) {
        Some(block) => {
            let what = match block.kind {
                BlockKind::Other if !block.label.is_empty() => block.label.to_lowercase(),
                kind => kind.as_str().to_owned(),
            };
            Finding::error(Code::NotAPrivateKey, format!("{} holds a {what}, not a private key", name(file)))
        }
        None => Finding::error(Code::NoPrivateKey, format!("there is no private key in {}", name(file))),
    };
    finding.at(Location::file(file)).fix(
        "name the file that begins with -----BEGIN PRIVATE KEY-----; it was made together with the certificate",
    )
}

/// `1 certificate`, `2 certificates`.
fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
