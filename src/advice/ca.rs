//! Certificates that cannot be issued, renewed or revoked, and what is worth saying of those that
//! were.

use std::io::ErrorKind;
use std::path::Path;

use time::{Duration, OffsetDateTime};

use super::ca_life::no_room_below_root;
use crate::ca::{
    BrokenLine, BulkError, Error, InvalidCaName, InvalidSubject, LedgerError, LineError, LineProblem,
    LongValidity, NotIssuedHereError, OwnFileError, PublishError, RenewalError, RequestError, ValidityError,
};
use crate::finding::{Code, Finding, Location};
use crate::operands::ca_lookup::LookupError;
use crate::operands::read::{MAX_BYTES, ReadError};
use crate::report::Failure;
use crate::sys::clock::date;
use crate::sys::shell::{input_word, path_word, shell_word};
use crate::x509::{InvalidName, KeyKind, SubjectAltName};

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (code, fix) = match error {
            Error::Refused(findings) => return Self { findings, status: 2 },
            Error::IssuerNotValid { .. } => (
                Code::Expired,
                "Renew the CA's own certificate with `certkit renew FILE`: it keeps its key, and what it issued holds.",
            ),
            Error::CompromisedKey => (Code::Revoked, "Use a new key."),
            Error::IssuerRevoked { .. } => (
                Code::Revoked,
                "Move intermediate.crt and intermediate.key away, then make a new intermediate with the root's key: \
                 `certkit mkca --intermediate`",
            ),
            Error::NotACa(_) => {
                (Code::NotACa, "Name a CA certificate with --ca; `certkit mkca -o DIR` makes one.")
            }
            Error::NotAsRequested(_) => (
                Code::InvalidSetting,
                "Use a CA made by certkit's mkca; certkit cannot reproduce a part of this CA's certificate.",
            ),
            Error::CannotSignLists(_) => (
                Code::KeyUsage,
                "Use a CA whose key usage has cRLSign; those made by certkit's mkca have it.",
            ),
            Error::Sign(_) => (
                Code::WeakKey,
                "Use a key of P-256, P-384, P-521, Ed25519 or RSA with at least \
                                 2048 bits.",
            ),
            _ => (Code::Io, "Run the command again; if it fails again, report this message."),
        };
        Finding::error(code, error.to_string()).fix(fix).into()
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::File(error) => error.into(),
            PublishError::Ledger(error) => error.into(),
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        let message = error.to_string();
        let finding = match &error {
            LedgerError::Io { path, source, .. } => {
                let is_full = matches!(
                    source.kind(),
                    ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
                );
                let code = match source.kind() {
                    ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Code::Permission,
                    _ => Code::Io,
                };
                let fix = if is_full {
                    "Make room on the disk, then run the command again."
                } else {
                    "Name a ledger that you may write to with `--ledger FILE`, or record nothing with `--ledger \
                     none`: such a certificate cannot be found in a list or revoked by its name."
                };
                Finding::error(code, message).at(Location::file(path.display().to_string())).fix(fix)
            }
            LedgerError::Locked { path, .. } => Finding::error(Code::Io, message)
                .at(Location::file(path.display().to_string()))
                .fix("Wait for the other process or end it, then run the command again."),
            LedgerError::NotKept => Finding::error(Code::InvalidSetting, message)
                .fix("Omit `--ledger none`, or name a ledger that you may write to with `--ledger FILE`."),
        };
        finding.into()
    }
}

/// Lines of the ledger that say nothing: the first ones are named.
pub fn broken_lines(broken: &[BrokenLine]) -> Vec<Finding> {
    const SHOWN: usize = 3;
    let mut findings: Vec<_> = broken.iter().take(SHOWN).map(broken_line).collect();
    if let (Some(next), more @ 1..) = (broken.get(SHOWN), broken.len().saturating_sub(SHOWN)) {
        let lines = if more == 1 { "1 more line" } else { &format!("{more} more lines") };
        let message = format!("{lines} of the ledger {} are not ledger entries", next.path.display());
        findings.push(Finding::warning(Code::InvalidSetting, message));
    }
    findings
}

fn broken_line(broken: &BrokenLine) -> Finding {
    Finding::warning(Code::InvalidSetting, broken.to_string())
        .at(Location::line(broken.path.display().to_string(), broken.line))
        .fix("Restore the line from a backup, or remove it.")
}

impl From<LookupError> for Failure {
    fn from(error: LookupError) -> Self {
        let message = error.to_string();
        let finding = match error {
            LookupError::Input(error) => return (*error).into(),
            LookupError::KeyMismatch { key, .. } => {
                Finding::error(Code::KeyMismatch, message).at(Location::file(key.display().to_string())).fix(
                    "Name a CA certificate with --ca and the key that belongs to it with \
                      --ca-key.",
                )
            }
            LookupError::NoRoot => Finding::error(Code::CaNotFound, message)
                .fix("Name the CA certificate, or run `certkit mkca` to make a CA."),
            LookupError::NoSigningCa => Finding::error(Code::CaNotFound, message).fix(
                "Run `certkit mkca` to make one in this folder.\n\
                 Run `certkit mkca --global` to make one for all folders.",
            ),
        };
        finding.into()
    }
}

impl From<OwnFileError> for Failure {
    fn from(error: OwnFileError) -> Self {
        own_file(&error).at(Location::file(error.0.display().to_string())).into()
    }
}

fn own_file(error: &OwnFileError) -> Finding {
    Finding::error(Code::OutputExists, error.to_string()).fix("Write to another file with -o.")
}

impl From<NotIssuedHereError> for Failure {
    fn from(error: NotIssuedHereError) -> Self {
        Finding::error(Code::UnknownIssuer, error.to_string())
            .at(Location::file(&error.file))
            .fix("Name the CA that issued it with --ca and --ca-key.")
            .into()
    }
}

impl From<RenewalError> for Failure {
    fn from(error: RenewalError) -> Self {
        let message = error.to_string();
        let (code, file, fix) = match error {
            RenewalError::NotIssuedHere(error) => return error.into(),
            RenewalError::StandardInput => {
                let finding = Finding::error(Code::InvalidSetting, message);
                return finding.fix("Name the certificate's file.").into();
            }
            RenewalError::CaCertificate(file) => {
                (Code::CaAsLeaf, file, "A CA is renewed alone: name its own file.".to_owned())
            }
            RenewalError::Container(file) => {
                let fix = format!(
                    "Run `certkit convert {} -o renewed.pem`, then renew that file.",
                    shell_word(&file)
                );
                (Code::NotPem, file, fix)
            }
            RenewalError::NameForm(file) => (Code::InvalidName, file, new_certificate()),
            RenewalError::Revoked(file) => (Code::Revoked, file, new_certificate()),
        };
        Finding::error(code, message).at(Location::file(file)).fix(fix).into()
    }
}

fn new_certificate() -> String {
    "Run `certkit mkcert NAME` to make a new certificate.".to_owned()
}

impl From<InvalidName> for Failure {
    fn from(error: InvalidName) -> Self {
        invalid_name(&error).into()
    }
}

fn invalid_name(error: &InvalidName) -> Finding {
    Finding::error(Code::InvalidName, error.to_string())
        .fix("Use a name such as test.example, *.test.example, 127.0.0.1, ::1 or me@test.example.")
}

/// A value of `--permit` or `--exclude`.
pub fn invalid_constraint(error: &InvalidName, option: &str) -> Failure {
    Finding::error(Code::InvalidName, error.to_string())
        .fix(format!("Give {option} a domain (test) or an address range (10.0.0.0/8)."))
        .into()
}

impl From<InvalidSubject> for Failure {
    fn from(error: InvalidSubject) -> Self {
        Finding::error(Code::InvalidName, error.to_string())
            .fix("Write the subject in a form such as `O=Our team,OU=A,OU=B,CN=Our CA`.")
            .into()
    }
}

impl From<InvalidCaName> for Failure {
    fn from(error: InvalidCaName) -> Self {
        Finding::error(Code::InvalidName, error.to_string())
            .fix(
                "Use a name such as `certkit mkca \
                                                                  'Our team'`.",
            )
            .into()
    }
}

impl From<ValidityError> for Failure {
    fn from(error: ValidityError) -> Self {
        let (code, fix) = match error {
            ValidityError::Passed(_) => (Code::InvalidSetting, "Name a later day with --until."),
            ValidityError::TooLong(_) => {
                (Code::ValidityTooLong, "Omit --days (default 397), or insist with --force.")
            }
        };
        Finding::error(code, error.to_string()).fix(fix).into()
    }
}

/// A file of names; `file` as typed.
pub fn bulk_failure(error: BulkError, file: &str) -> Failure {
    let message = error.to_string();
    match error {
        BulkError::NoNames => Finding::error(Code::EmptyFile, message)
            .at(Location::file(file))
            .fix("Write the names of one certificate on each line.")
            .into(),
        BulkError::Folder(error) => error.into(),
        BulkError::Issue(error) => error.into(),
        BulkError::Lines { errors, more } => {
            let mut findings: Vec<_> = errors.iter().map(|error| wrong_line(error, file)).collect();
            if more > 0 {
                let message = format!("{more} more lines are wrong; nothing was made");
                findings.push(Finding::error(Code::InvalidName, message));
            }
            Failure { findings, status: 2 }
        }
        BulkError::Publish(error) => error.into(),
        BulkError::Read(error) => ReadError::new(file, error, MAX_BYTES).into(),
        BulkError::Stopped { error, .. } => {
            let mut failure = bulk_failure(*error, file);
            let note = Finding::note(Code::Io, message);
            failure.findings.push(note.fix(
                "Solve the problem, then run the command again with \
                                            --if-needed.",
            ));
            failure
        }
    }
}

fn wrong_line(error: &LineError, file: &str) -> Finding {
    let message = error.problem.to_string();
    let finding = match &error.problem {
        LineProblem::Duplicate => Finding::error(Code::Duplicate, message).fix(
            "Put all names of one certificate on one line, or begin this line with another \
                  name.",
        ),
        LineProblem::Exists(_) => Finding::error(Code::OutputExists, message).fix(
            "Make only the missing ones with --if-needed, or replace all with --force (keys \
                  are kept as .bak).",
        ),
        LineProblem::Name(error) => invalid_name(error),
        LineProblem::NotAllowed(_) => Finding::error(Code::NameConstraint, message)
            .fix("Remove the name, or use a CA without this limit."),
        LineProblem::NotUtf8 => Finding::error(Code::InvalidName, message).fix("Save the file in UTF-8."),
        LineProblem::OwnFile(error) => own_file(error),
        LineProblem::TooLong => {
            Finding::error(Code::TooLarge, message).fix("Write the names of one certificate on each line.")
        }
        _ => Finding::error(Code::Io, message).fix("Check the file and its disk."),
    };
    finding.at(Location::line(file, error.number))
}

/// A request that is refused: exit status 1. `file` is as typed.
pub fn request_refused(error: &RequestError, file: &str, location: Location) -> Failure {
    let request_file = input_word(file);
    let (code, fix) = match error {
        RequestError::CaWithoutName => {
            (Code::EmptyName, "Make the request with a common name, for example `CN=Team CA`.".to_owned())
        }
        RequestError::NameOfIssuer(_) => {
            (Code::InvalidName, "Make the request with a different common name.".to_owned())
        }
        RequestError::NoNames => (
            Code::NoSan,
            format!(
                "Name them: `certkit sign {request_file} --san \
                                   www.test.example`."
            ),
        ),
        RequestError::OnlyCommonName(name) => {
            (Code::NoSan, format!("Run `certkit sign {request_file} --san {}`.", shell_word(name)))
        }
        RequestError::PathLength { ca, is_root: true } => return no_room_below_root(ca).status(1),
        RequestError::PathLength { .. } => (
            Code::PathLength,
            "Sign with the root, which allows one CA below it if it was made with --intermediate: add --ca ca.crt \
             --ca-key ca.key."
                .to_owned(),
        ),
        RequestError::NotItsKey => {
            (Code::BadSignature, "Have the owner of the key make the request again.".to_owned())
        }
        RequestError::UnverifiableSignature { .. } => (
            Code::WeakSignature,
            "Have the request signed again with SHA-256 (RSA-PSS: with a salt as long as the hash) \
             and a key of P-256, P-384, P-521, Ed25519 or RSA."
                .to_owned(),
        ),
        RequestError::WeakKey(_) => {
            (Code::WeakKey, "Run `certkit csr NAME` to make a new key and a request from it.".to_owned())
        }
    };
    Failure::new(Finding::error(code, error.to_string()).at(location).fix(fix)).status(1)
}

/// What the chain rules refuse here is the request's fault, its names or its key: exit status 1.
pub fn requested_certificate_refused(error: Error) -> Failure {
    let is_refused = matches!(error, Error::Refused(_));
    let failure = Failure::from(error);
    if is_refused { failure.status(1) } else { failure }
}

pub fn omitted_name(name: &SubjectAltName, location: Location) -> Finding {
    let message =
        format!("omitted: the request asks for `{name}`, a form of name that certkit does not issue");
    Finding::warning(Code::InvalidName, message).at(location)
}

pub fn omitted_common_name(name: &str) -> Finding {
    let message =
        format!("omitted: the request's common name `{name}`, which is not among its alternative names");
    Finding::note(Code::CommonName, message)
        .fix(format!("Add --san {} to certify this name too.", shell_word(name)))
}

pub fn not_made_a_ca() -> Finding {
    Finding::note(Code::NotACa, "the request asks to become a CA, which was not granted")
        .fix("Add --profile ca if it is to become one.")
}

pub fn long_validity(validity: LongValidity) -> Finding {
    Finding::warning(Code::ValidityTooLong, validity.to_string())
}

/// `sign --profile ca --days 8h`.
pub fn hours_for_a_ca() -> Failure {
    Finding::error(Code::InvalidSetting, "a CA is valid for days, not for hours")
        .fix("Give --days a number of days.")
        .into()
}

/// `end` is the certificate's last second.
pub fn clamped(end: OffsetDateTime, ca: &Path) -> Finding {
    let end = date(end + Duration::SECOND);
    let message = format!("the certificate expires on {end}, together with its CA `{}`", ca.display());
    Finding::note(Code::ExpiresSoon, message)
}

/// Ed25519 and P-521 are good keys that browsers do not accept.
pub fn refused_by_browsers(kind: KeyKind) -> Option<Finding> {
    matches!(kind, KeyKind::Ed25519 | KeyKind::EcdsaP521).then(|| {
        let message = format!("browsers refuse keys of type {kind}; curl and Python accept them");
        Finding::warning(Code::BrowserUnsupported, message).fix("Use -k p256 for browsers.")
    })
}

/// The same of a request's key, which is not certkit's to choose.
pub fn requested_key_refused_by_browsers(kind: &str, location: Location) -> Finding {
    let message = format!("browsers refuse keys of type {kind}; curl and Python accept some of them");
    Finding::warning(Code::BrowserUnsupported, message).at(location)
}

/// "If no name of the type is in the list, the certificate is acceptable" (RFC 5280 section
/// 4.2.1.10), and no constraint on DNS names forbids all of them in a form that every client reads
/// (Java refuses an empty one).
pub fn domains_not_limited() -> Finding {
    let message = "only addresses are limited; the CA may issue for every domain";
    Finding::note(Code::NameConstraint, message).fix(
        "Limit domains too, for example with \
                                                      `--permit test`.",
    )
}

/// An intermediate signs where there is one: that of an older CA would go on signing beside the new
/// root. `options` are those that name the folder.
pub fn foreign_intermediate(certificate: &Path, key: &Path, options: &str) -> Failure {
    let file = certificate.display().to_string();
    let message = format!(
        "`{file}` belongs to another CA, and would still sign instead of the new \
                           one"
    );
    let fix = format!(
        "Run `certkit mkca{options} --intermediate --force` to make a new intermediate too,\n\
         or move the old one away: {} and {}.",
        path_word(certificate),
        path_word(key)
    );
    Finding::error(Code::OutputExists, message).at(Location::file(file)).fix(fix).into()
}

/// `--crl-url` or `--issuer-url` for a root alone: nobody revokes it, and nobody else issued it.
pub fn addresses_without_intermediate() -> Failure {
    let message = "a root's certificate names no revocation list and no issuer";
    Finding::error(Code::InvalidSetting, message)
        .fix("Give --crl-url and --issuer-url to `certkit mkcert` and `certkit sign`, or add --intermediate.")
        .into()
}

/// `-o` of mkcert, where it names no files.
pub fn not_a_prefix(example: &Path) -> Failure {
    let word = path_word(example);
    Finding::error(Code::InvalidSetting, "-o must be a file name prefix, for example certs/server")
        .fix(format!("Use -o {word}, which gives {word}.crt and {word}.key."))
        .into()
}

/// Where neither XDG_DATA_HOME nor HOME is set.
pub fn no_data_folder() -> Failure {
    Finding::error(Code::InvalidSetting, "neither XDG_DATA_HOME nor HOME is set")
        .fix("Name a folder with -o.")
        .into()
}

/// `found` are the kinds of blocks in the file.
pub fn not_one_request(file: &str, found: &[&str]) -> Failure {
    let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
    let name = if file == "-" { "standard input".to_owned() } else { format!("`{file}`") };
    let message = format!("expected one certificate signing request; {name} contains: {found}");
    Finding::error(Code::NotARequest, message)
        .at(Location::file(file))
        .fix("Run `certkit csr NAME --key FILE` to make a request from a key.")
        .into()
}

pub fn malformed_request(error: &impl ToString, location: Location) -> Failure {
    Finding::error(Code::DerMalformed, error.to_string())
        .at(location)
        .fix("Get the request again from its owner.")
        .into()
}
