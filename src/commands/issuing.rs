//! What the commands that issue have in common: names, validity, the proof, and what goes wrong, in words.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use time::{Duration, OffsetDateTime};

use super::{Context, Result};
use crate::ca::{Event, Issuer, Subject};
use crate::chain::{self, CheckInput, Located, Origin, TrustStore};
use crate::finding::{Code, Finding, Severity};
use crate::operands::ca_lookup::SigningCa;
use crate::report::Failure;
use crate::sys::clock::date;
use crate::x509::{
    Certificate, CertificateName, KeyKind, PrivateKey, Purpose, SignatureCheck, SubjectAltName,
};

/// Apple's systems refuse server certificates of more days, also from private CAs (support article 103769).
const MAX_DAYS: i64 = 825;
/// What a public CA may give (CA/Browser baseline requirements 6.3.2); private CAs are free to give more.
const USUAL_DAYS: i64 = 398;

/// The file of intermediates that `certkit merge` takes.
pub(super) const BUNDLE: &str = "ca-bundle.ca";

pub(crate) fn new_key(kind: KeyKind) -> Result<PrivateKey> {
    PrivateKey::generate(kind).map_err(|error| Finding::error(Code::Io, error.to_string()).into())
}

/// The names to certify, each once.
///
/// # Errors
/// When one is no name.
pub(super) fn names(texts: &[impl AsRef<str>]) -> Result<Vec<CertificateName>> {
    let mut names = Vec::with_capacity(texts.len());
    for text in texts {
        let name = CertificateName::parse(text.as_ref()).map_err(|error| {
            Finding::error(Code::InvalidName, error.to_string())
                .fix("names look like test.example, *.test.example, 127.0.0.1, ::1 or me@test.example")
        })?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// Reads a subject as it was typed.
pub(super) fn subject(text: &str) -> Result<Subject> {
    let subject = Subject::parse(text).map_err(|error| {
        Finding::error(Code::InvalidName, error.to_string())
            .fix("a subject looks like 'O=Our team,OU=A,OU=B,CN=Our CA'")
    })?;
    if subject.is_empty() {
        let message = "the subject has no attribute";
        return Err(Finding::error(Code::InvalidName, message)
            .fix("write it as 'O=Our team,CN=Our CA'")
            .into());
    }
    Ok(subject)
}

/// The name that a certificate or request has, as one to certify; `None` for forms that certkit does not issue.
pub(super) fn certificate_name(name: &SubjectAltName) -> Option<CertificateName> {
    match name {
        SubjectAltName::Dns(name) | SubjectAltName::Mail(name) | SubjectAltName::Uri(name) => {
            CertificateName::parse(name).ok()
        }
        SubjectAltName::Ip(address) => Some(CertificateName::Ip(*address)),
        SubjectAltName::Directory(_) | SubjectAltName::Malformed { .. } | SubjectAltName::Other { .. } => {
            None
        }
    }
}

/// The same name as a certificate has it.
pub(super) fn alternative_name(name: &CertificateName) -> SubjectAltName {
    match name {
        CertificateName::Dns(name) => SubjectAltName::Dns(name.clone()),
        CertificateName::Ip(address) => SubjectAltName::Ip(*address),
        CertificateName::Mail(mail) => SubjectAltName::Mail(mail.clone()),
        CertificateName::Uri(uri) => SubjectAltName::Uri(uri.clone()),
    }
}

/// How many days a certificate is asked to hold.
///
/// # Errors
/// When they are over already.
pub(super) fn asked_days(days: u32, until: Option<OffsetDateTime>, now: OffsetDateTime) -> Result<i64> {
    let Some(until) = until else { return Ok(days.into()) };
    if until <= now {
        let message = format!("{} has passed already", date(until));
        return Err(Finding::error(Code::InvalidSetting, message)
            .fix("name a later day with --until")
            .into());
    }
    Ok((until - now).whole_days() + 1)
}

/// What is to be said of the days that were asked for.
///
/// # Errors
/// When they are so many that whole families of clients refuse, and nobody insists.
pub(super) fn validity_warning(days: i64, purpose: Purpose, force: bool) -> Result<Option<Finding>> {
    if purpose == Purpose::Client || days <= USUAL_DAYS {
        return Ok(None);
    }
    if days > MAX_DAYS && !force {
        let message = format!("{days} days are too many: iPhones and Macs refuse more than {MAX_DAYS}");
        return Err(Finding::error(Code::ValidityTooLong, message)
            .fix("leave --days away (397), or insist with --force")
            .into());
    }
    let message = format!("{days} days are more than the {USUAL_DAYS} that clients are used to");
    Ok(Some(Finding::warning(Code::ValidityTooLong, message)))
}

/// The CA, ready to sign.
///
/// # Errors
/// When it may not issue now.
pub(super) fn issuer<'a>(ca: &'a SigningCa, context: &Context<'_>) -> Result<Issuer<'a>> {
    Issuer::new(&ca.certified, context.clock.now()).map_err(cannot_issue)
}

/// What clients would refuse is not written: names that the CA may not speak for above all.
pub(super) fn prove(
    certificate: &Certificate,
    ca: &SigningCa,
    purpose: Purpose,
    now: OffsetDateTime,
) -> Result<()> {
    let path = ca.path.display().to_string();
    let mut trust = TrustStore::default();
    trust.add(ca.certified.leaf().clone(), Origin::File(path.clone()));
    let judgement = chain::check(&CheckInput {
        purpose,
        ..CheckInput::new(&[Located::from(certificate.clone())], &trust, now, &path)
    });
    let mut errors = judgement.findings;
    errors.retain(|finding| finding.severity == Severity::Error);
    if errors.is_empty() { Ok(()) } else { Err(Failure { findings: errors, status: 2 }) }
}

/// The certificate's line for the ledger.
pub(super) fn issued_event(ca: &SigningCa, certificate: &Certificate, file: Option<&Path>) -> Event {
    Event::issued(ca.certified.leaf(), certificate, file)
}

/// Whether this CA's key signed the certificate.
pub(super) fn is_issued_by(certificate: &Certificate, ca: &SigningCa) -> bool {
    let issuer = ca.certified.leaf();
    certificate.names_issuer(issuer) && certificate.signature_by(issuer) == SignatureCheck::Valid
}

/// The refusal where it did not.
pub(super) fn not_issued_here(file: &str, certificate: &Certificate, ca: &SigningCa) -> Failure {
    let message = format!(
        "{file} was not issued by this CA ({}), but by `{}`",
        ca.path.display(),
        certificate.issuer.label()
    );
    Finding::error(Code::UnknownIssuer, message)
        .at(crate::finding::Location::file(file))
        .fix("name the CA that issued it: --ca CERTIFICATE --ca-key KEY")
        .into()
}

/// Whether no more than the last third of its time is left.
pub(super) fn is_in_last_third(certificate: &Certificate, now: OffsetDateTime) -> bool {
    let lifetime = certificate.not_after - certificate.not_before;
    (certificate.not_after - now) * 3 <= lifetime
}

pub(super) fn clamped(certificate: &Certificate, ca: &SigningCa) -> Finding {
    let end = certificate.not_after + Duration::SECOND;
    let message = format!("the certificate ends on {}, because its CA {} does", date(end), ca.path.display());
    Finding::note(Code::ExpiresSoon, message)
}

/// Ed25519 and P-521 are fine keys that browsers do not take.
pub(super) fn browser_warning(kind: KeyKind) -> Option<Finding> {
    matches!(kind, KeyKind::Ed25519 | KeyKind::EcdsaP521).then(|| {
        Finding::warning(
            Code::BrowserUnsupported,
            format!("browsers refuse keys of kind {kind}; curl and Python take them"),
        )
        .fix("for browsers use -k p256")
    })
}

/// `BASE.crt`; unlike `with_extension` this keeps the dots of `www.example.com`.
pub(super) fn with_ending(base: &Path, ending: &str) -> PathBuf {
    let mut path = OsString::from(base);
    path.push(".");
    path.push(ending);
    path.into()
}

/// Why nothing could be issued, in words.
pub(crate) fn cannot_issue(error: crate::ca::Error) -> Failure {
    use crate::ca::Error::*;
    let (code, fix) = match &error {
        IssuerNotValid { .. } => {
            (Code::Expired, "make a new CA: certkit mkca --force, and have clients trust it")
        }
        NotACa(_) => (Code::NotACa, "name a CA certificate with --ca, or make one: certkit mkca"),
        NotAsMeant(_) => (
            Code::InvalidSetting,
            "this CA certificate has a form that certkit cannot issue from exactly; use one made by certkit mkca",
        ),
        NoLists(_) => (Code::KeyUsage, "revocation lists need a CA made for them, as certkit mkca makes it"),
        Sign(_) => {
            (Code::WeakKey, "use a key of P-256, P-384, P-521, Ed25519 or RSA with at least 2048 bits")
        }
        _ => (Code::Io, "if it happens again, report it with this message"),
    };
    let finding = match &error {
        IssuerNotValid { label, not_before, not_after } => Finding::error(
            code,
            format!(
                "the CA `{label}` is valid from {} to {} only; it cannot issue now",
                date(*not_before),
                date(*not_after)
            ),
        ),
        _ => Finding::error(code, error.to_string()),
    };
    finding.fix(fix).into()
}
