//! Files and passwords: why they cannot be used, and what was repaired or left alone in them.

use crate::container::{self, LockedError, Note};
use crate::finding::{Code, Finding, Location, Snippet};
use crate::operands::input::{CertificateFile, InputError, Instead, Malformed, OtherBlock, ReadError, name};
use crate::operands::password::PasswordError;
use crate::pem;
use crate::report::Failure;
use crate::sys::shell::input_word;
use crate::x509::CertificateError;

const COPY_AGAIN: &str = "Download or copy the file again; nothing of it was used.";
const GET_AGAIN: &str = "Get it again from where it came from.";

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let file = error.file().to_owned();
        let (code, fix) = match &error {
            ReadError::Directory { .. } => (Code::IsDirectory, Some("Name a file in it.".to_owned())),
            ReadError::Empty { .. } => (Code::EmptyFile, Some("Download or copy it again.".to_owned())),
            ReadError::Io { .. } => (Code::Io, None),
            ReadError::NotFound { .. } => {
                (Code::NotFound, Some("Check the spelling and the current folder.".to_owned()))
            }
            ReadError::NoWriter { .. } => (
                Code::Io,
                Some("Start the program that writes to it, then run the command again.".to_owned()),
            ),
            ReadError::Silent { .. } => {
                (Code::Io, Some("Look whether the program that writes to it still runs.".to_owned()))
            }
            ReadError::NotRegular { .. } => (Code::Io, Some("Copy it into a file and name that.".to_owned())),
            ReadError::Permission { file } => {
                let command = format!("Check who may read it: `ls -l {}`.", input_word(file));
                (Code::Permission, Some(command))
            }
            ReadError::TooLarge { .. } => (Code::TooLarge, Some("Name the right file.".to_owned())),
        };
        let finding = Finding::error(code, error.to_string()).at(Location::file(file));
        Finding { fix, ..finding }.into()
    }
}

impl From<PasswordError> for Failure {
    fn from(error: PasswordError) -> Self {
        let message = error.to_string();
        match error {
            PasswordError::Ask { option, .. } => {
                Finding::error(Code::Io, message).fix(give_password(option)).into()
            }
            PasswordError::Differ => {
                Finding::error(Code::WrongPassword, message).fix("Run the command again.").into()
            }
            PasswordError::Empty { .. } => Finding::error(Code::InvalidSetting, message)
                .fix("Write a password into the first line of the file.")
                .into(),
            PasswordError::Needed { option, .. } => {
                Finding::error(Code::PasswordNeeded, message).fix(give_password(option)).into()
            }
            PasswordError::Read(error) => error.into(),
        }
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        let message = error.to_string();
        let finding = match error {
            InputError::KeyEncrypted { location, option, .. } => {
                Finding::error(Code::KeyEncrypted, message).at(*location).fix(give_password(option))
            }
            InputError::KeyLocked { file, location, error, option } => {
                locked(&error, message, &open_old_key(&file), option).at(*location)
            }
            InputError::KeyUnusable { location, .. } => {
                Finding::error(Code::NotAPrivateKey, message).at(*location).fix(GET_AGAIN)
            }
            InputError::Malformed { malformed, .. } => return malformed.into(),
            InputError::NoCertificate { file, holds } => no_certificate(&file, &holds, message),
            InputError::NoPrivateKey { file, holds } => {
                let code = if holds.is_some() { Code::NotAPrivateKey } else { Code::NoPrivateKey };
                Finding::error(code, message).at(Location::file(file)).fix(
                    "Name the file that begins with `-----BEGIN PRIVATE KEY-----`; it was made together with the \
                     certificate.",
                )
            }
            InputError::OpenSsh { file, location } => {
                let copy = format!("cp {0} {0}.copy", input_word(&file));
                let convert = format!("ssh-keygen -p -m PKCS8 -f {}", input_word(&file));
                Finding::error(Code::NotAPrivateKey, message)
                    .at(*location)
                    .fix(format!("Keep a copy, then convert it in place: `{copy} && {convert}`"))
            }
            InputError::Password(error) => return error.into(),
            InputError::Read(error) => return error.into(),
            InputError::StdinRepeated { .. } => Finding::error(Code::InvalidSetting, message)
                .fix("Save what comes through it into a file, and name that file."),
            InputError::StdinTwice { option } => Finding::error(Code::InvalidSetting, message)
                .fix(format!("Write the password into a file and name it with `{option} FILE`.")),
            InputError::Unreadable { file, errors, lines, option } => {
                let finding = |(error, line)| unreadable(&file, error, line, option);
                let findings = errors.iter().zip(lines).map(finding).collect();
                return Self { findings, status: 2 };
            }
        };
        finding.into()
    }
}

impl From<Malformed> for Finding {
    fn from(Malformed { error, location }: Malformed) -> Self {
        malformed(&error, location)
    }
}

impl From<Vec<Malformed>> for Failure {
    fn from(malformed: Vec<Malformed>) -> Self {
        Self { findings: malformed.into_iter().map(Finding::from).collect(), status: 2 }
    }
}

/// A certificate in good armour that does not parse.
pub fn malformed(error: &CertificateError, location: Location) -> Finding {
    Finding::error(Code::DerMalformed, error.to_string()).at(location).fix(GET_AGAIN)
}

/// A request, a revocation list or another object that does not parse.
pub fn damaged(error: &dyn std::fmt::Display, location: Location) -> Finding {
    Finding::error(Code::DerMalformed, error.to_string()).at(location).fix(GET_AGAIN)
}

/// A file with nothing in it that certkit knows.
pub fn nothing_known(file: &str) -> Finding {
    let message = format!("`{}` holds neither a certificate nor a key that certkit can read", name(file));
    Finding::error(Code::NotACertificate, message).at(Location::file(file)).fix(super::convert::KNOWN_FILES)
}

fn no_certificate(file: &str, holds: &Instead, message: String) -> Finding {
    let code = match holds {
        Instead::Crl | Instead::Other(_) | Instead::PrivateKey | Instead::PublicKey | Instead::Request => {
            Code::NotACertificate
        }
        _ => Code::NoCertificate,
    };
    let fix = match holds {
        Instead::Archive => "Unpack it; the certificates are in it.".to_owned(),
        Instead::Crl => format!(
            "Name the certificate file. `certkit show {}` prints what the list holds.",
            input_word(file)
        ),
        Instead::EmptyContainer => "Export it again, with all certificates.".to_owned(),
        Instead::JavaKeystore => format!(
            "Run `keytool -importkeystore -srckeystore {} -destkeystore new.p12 -deststoretype PKCS12`, then use \
             new.p12.",
            input_word(file)
        ),
        Instead::Nothing => {
            "Name a certificate file; it has a line `-----BEGIN CERTIFICATE-----`.".to_owned()
        }
        Instead::Other(_) => "Name the file that begins with `-----BEGIN CERTIFICATE-----`.".to_owned(),
        Instead::PrivateKey => {
            "Name the file that begins with `-----BEGIN CERTIFICATE-----`, and the key with --key.".to_owned()
        }
        Instead::PublicKey => "Name the certificate file; it holds the public key as well.".to_owned(),
        Instead::Request => "Send it to the CA, and use the certificate that the CA sends back.".to_owned(),
        Instead::WebPage => {
            "Download it again in the browser; what was saved is perhaps a login page.".to_owned()
        }
    };
    Finding::error(code, message).at(Location::file(file)).fix(fix)
}

/// One thing in a file that cannot be read. `line` is the line of armour that it names.
fn unreadable(file: &str, error: &container::Error, line: Option<String>, option: &str) -> Finding {
    use container::Error::*;
    let message = error.to_string();
    let whole = Location::file(file);
    match error {
        Pem(error) => {
            let code = match error {
                pem::Error::Truncated { .. } => Code::PemTruncated,
                _ => Code::PemMalformed,
            };
            let fix = match error {
                pem::Error::Armour { .. } | pem::Error::Label { .. } => {
                    "Write the lines as `-----BEGIN CERTIFICATE-----` and `-----END CERTIFICATE-----`, with five \
                     hyphens at each end, or copy the file again without a word processor."
                }
                _ => COPY_AGAIN,
            };
            let number = error.line();
            let snippet = line.map(|text| whole_line(number, text));
            Finding::error(code, message).at(Location::line(file, number)).quoting(snippet).fix(fix)
        }
        Pkcs12(error) => locked(error, message, &open_old_pkcs12(file), option).at(whole),
        Pkcs7 { error, lines } => {
            let code = match error {
                container::Pkcs7Error::OtherContent(_) => Code::NotACertificate,
                _ => Code::DerMalformed,
            };
            Finding::error(code, message).at(Location { lines: *lines, ..whole }).fix(COPY_AGAIN)
        }
        TooManyBlocks(_) => Finding::error(Code::TooLarge, message).at(whole).fix("Name the right file."),
        _ => Finding::error(Code::DerMalformed, message).at(whole).fix(COPY_AGAIN),
    }
}

/// Something encrypted that cannot be opened, by its reason. `command` opens it where certkit does not know the cipher.
fn locked(error: &LockedError, message: String, command: &str, option: &str) -> Finding {
    match error {
        LockedError::PasswordNeeded => {
            Finding::error(Code::PasswordNeeded, message).fix(give_password(option))
        }
        LockedError::WrongPassword => Finding::error(Code::WrongPassword, message)
            .fix("Ask the person who made the file for its password; it is case-sensitive."),
        LockedError::UnsupportedCipher(_) => Finding::error(Code::UnsupportedCipher, message)
            .fix(format!("Run `{command}`, which asks for the password, and use the new file.")),
        LockedError::TooMuchWork => Finding::error(Code::TooLarge, message).fix(GET_AGAIN),
        _ => Finding::error(Code::DerMalformed, message).fix(COPY_AGAIN),
    }
}

/// Only openssl still reads the oldest ciphers, and only when asked for its "legacy" ones.
fn open_old_pkcs12(file: &str) -> String {
    format!("openssl pkcs12 -legacy -nodes -in {} -out opened.pem", input_word(file))
}

/// The same for a key.
fn open_old_key(file: &str) -> String {
    format!("openssl pkey -provider legacy -provider default -in {} -out opened.key", input_word(file))
}

/// How a password is given, by the name of the option or variable.
fn give_password(option: &str) -> String {
    if option.starts_with("--") {
        format!("Write the password into a file and name it with `{option} FILE`, or set CERTKIT_PASSWORD.")
    } else {
        format!("Set {option}, for example `{option}=$(cat FILE)`.")
    }
}

/// What was repaired, which forms were read, and what was left alone: all as notes.
pub fn notes(file: &str, read: &CertificateFile) -> Vec<Finding> {
    let mut notes = form_notes(file, &read.forms);
    notes.extend(damage_notes(file, &read.damages).into_iter().map(|note| quoting_glued(note, read)));
    notes.extend(read.others.iter().map(left_alone));
    notes
}

fn left_alone(other: &OtherBlock) -> Finding {
    let message = format!("left alone: {} among the certificates", other.description());
    Finding::note(Code::NotACertificate, message).at(other.location.clone())
}

/// The same finding with the line on which END and BEGIN are glued, if it is about one.
pub fn quoting_glued(finding: Finding, read: &CertificateFile) -> Finding {
    let line = finding.location.as_ref().and_then(|location| location.lines).map(|(first, _)| first);
    let text = read.glued_lines.iter().find(|(number, _)| Some(*number) == line);
    let snippet = text.filter(|_| finding.code == Code::PemGlued).map(|(number, text)| {
        // The caret stands where the line break is missing.
        let column = text.find("----------").map_or(0, |start| start + "-----".len());
        Snippet { line: *number, text: text.clone(), column, length: 1 }
    });
    finding.quoting(snippet)
}

fn whole_line(line: usize, text: String) -> Snippet {
    let length = text.chars().count();
    Snippet { line, text, column: 0, length }
}

/// What was repaired in a file, as notes.
pub fn damage_notes(file: &str, damages: &[pem::Damage]) -> Vec<Finding> {
    let note = |damage: &pem::Damage| {
        let code = if damage.kind == pem::DamageKind::Glued { Code::PemGlued } else { Code::PemMended };
        Finding::note(code, format!("fixed: {}", damage.kind.as_str())).at(Location::line(file, damage.line))
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
                format!("`{name}` is base64 without BEGIN and END lines; certkit read it"),
            )
            .at(at_lines(None)),
            Note::EncodedPem => Finding::note(
                Code::NotPem,
                format!("`{name}` holds PEM in base64, as a Kubernetes Secret does; certkit read it"),
            )
            .at(at_lines(None)),
            Note::Der => Finding::note(Code::NotPem, format!("`{name}` is binary (DER); certkit read it"))
                .at(at_lines(None)),
            Note::Pkcs12 { certificates, keys } => Finding::note(
                Code::NotPem,
                format!(
                    "`{name}` is a PKCS#12 file (.p12, .pfx); read {} and {} from it",
                    count(*certificates, "certificate"),
                    count(*keys, "private key")
                ),
            )
            .at(at_lines(None)),
            Note::Pkcs7 { certificates, lines } => Finding::note(
                Code::Pkcs7,
                format!(
                    "`{name}` is a PKCS#7 file (.p7b); read {} from it",
                    count(*certificates, "certificate")
                ),
            )
            .at(at_lines(*lines)),
            Note::Utf16 => {
                let message =
                    format!("`{name}` is UTF-16 text (called \"Unicode\" on Windows); certkit read it");
                Finding::note(Code::NotPem, message).at(at_lines(None))
            }
            Note::WrongLabel { label, kind, lines } => Finding::note(
                Code::WrongLabel,
                format!(
                    "the block is labelled `{label}`, but it is a {}; certkit read it as that",
                    kind.as_str()
                ),
            )
            .at(at_lines(Some(*lines))),
        }
    };
    // Binary objects one after the other give one note.
    let mut notes: Vec<Finding> = Vec::new();
    for finding in forms.iter().map(note) {
        if !notes.contains(&finding) {
            notes.push(finding);
        }
    }
    notes
}

/// `1 certificate`, `2 certificates`.
fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
