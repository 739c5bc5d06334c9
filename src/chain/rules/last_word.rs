//! Under the profile `tls`, rustls-webpki judges every chain that all other rules accept, unless one of them has said already that rustls refuses
//! it. The rules check all that webpki checks, so that it only confirms: webpki stops at its first error, and what is
//! behind that would be lost. Where the two differ, what is known to be of rustls alone is a warning; anything else is an
//! error, and a gap in the rules.

use webpki::Error;

use super::super::clients::{Client, Clients};
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::path::PathEnd;
use super::super::rule::Rule;
use super::super::verify::verify;
use crate::chain::Profile;
use crate::finding::Code;

pub(super) const RULE: Rule = Rule { diagnostics: DIAGNOSTICS, judge };

const DIAGNOSTICS: &[Diagnostic] = &[
    refusal(Code::BadSignature),
    refusal(Code::DerMalformed),
    refusal(Code::Expired),
    refusal(Code::HostMismatch),
    refusal(Code::NotACa),
    refusal(Code::NotYetValid),
    refusal(Code::PathLength),
    refusal(Code::UnknownIssuer),
    refusal(Code::WeakSignature),
    refusal(Code::WrongUsage),
    of_rustls_alone(Code::CaAsLeaf),
    of_rustls_alone(Code::CertificateVersion),
    of_rustls_alone(Code::CriticalExtension),
    of_rustls_alone(Code::NameConstraint),
    of_rustls_alone(Code::PathLength),
    of_rustls_alone(Code::SerialNumber),
    of_rustls_alone(Code::TooComplex),
];

const fn refusal(code: Code) -> Diagnostic {
    Diagnostic::error(code).except(Profile::Webpki).except(Profile::Rfc5280)
}

const fn of_rustls_alone(code: Code) -> Diagnostic {
    Diagnostic::warning(code).except(Profile::Webpki).except(Profile::Rfc5280)
}

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let PathEnd::Anchor(anchor) = judged.path.end else { return Vec::new() };
    let input = judged.input;
    if input.profile != Profile::Tls {
        return Vec::new();
    }
    let leaf = judged.leaf();
    let issuers: Vec<_> = judged.own().skip(1).map(|located| located.certificate.der.clone()).collect();
    let verdict =
        verify(leaf.certificate, &issuers, &anchor.certificate, input.at, input.purpose, input.host);
    let Err(error) = verdict else { return Vec::new() };
    let code = code(&error);
    let diagnostic = if is_of_rustls_alone(&error) { of_rustls_alone(code) } else { refusal(code) };
    let message = format!("rustls refuses this chain: {}", reason(&error));
    let fix = "Have the certificate issued again by a current CA, or by `certkit mkcert`.";
    let found = judged.report(&diagnostic, &leaf, message, fix);
    found
        .into_iter()
        .map(|found| PathFinding { refused_by: Clients::of(&[Client::Rustls]), ..found })
        .collect()
}

/// Why, in words of certkit: those of the library are for programmers.
fn reason(error: &Error) -> &'static str {
    use Error::*;
    match error {
        BadDer
        | ExtensionValueInvalid
        | InvalidCertValidity
        | MalformedDnsIdentifier
        | MalformedExtensions
        | TrailingData(_) => "a certificate is not encoded as it requires",
        BadDerTime => "a time is not encoded as it requires",
        CaUsedAsEndEntity => "a CA certificate is used as a server certificate",
        CertExpired { .. } => "a certificate has expired",
        CertNotValidForName(_) | UnsupportedNameType => "the certificate is not for this name",
        CertNotValidYet { .. } => "a certificate is not valid yet",
        EmptyEkuExtension | RequiredEkuNotFoundContext(_) => "a certificate is not for this purpose",
        EndEntityUsedAsCa => "an issuer is not a CA",
        InvalidSerialNumber => "a serial number is not valid",
        InvalidSignatureForPublicKey => "a signature does not verify",
        MalformedNameConstraint | NameConstraintViolation => {
            "a name does not keep to name constraints, or rustls cannot tell"
        }
        MaximumNameConstraintComparisonsExceeded
        | MaximumPathBuildCallsExceeded
        | MaximumPathDepthExceeded
        | MaximumSignatureChecksExceeded => "checking it is more work than rustls does",
        PathLenConstraintViolated => "there are more intermediates than a path length allows",
        SignatureAlgorithmMismatch => "a certificate names two different signature algorithms",
        UnsupportedCertVersion => "a certificate is not of version 3",
        UnsupportedCriticalExtension => "rustls does not know a critical extension",
        UnsupportedSignatureAlgorithmContext(_) | UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            "it cannot verify a signature of this kind"
        }
        _ => "it finds no path to the trusted certificate",
    }
}

/// What rustls refuses, but openssl and browsers accept.
fn is_of_rustls_alone(error: &Error) -> bool {
    matches!(
        error,
        // It does not know constraints on distinguished names or mail addresses; certkit's rule has judged them.
        Error::NameConstraintViolation
            | Error::MaximumNameConstraintComparisonsExceeded
            | Error::MalformedNameConstraint
            // Its limits of depth and work are lower than others'.
            | Error::MaximumPathDepthExceeded
            | Error::MaximumPathBuildCallsExceeded
            | Error::MaximumSignatureChecksExceeded
            | Error::InvalidSerialNumber
            | Error::CaUsedAsEndEntity
            | Error::UnsupportedCertVersion
            // It does not know policies; certkit's rule `critical_extension` has refused what nobody knows.
            | Error::UnsupportedCriticalExtension
    )
}

fn code(error: &Error) -> Code {
    use Error::*;
    match error {
        BadDer
        | BadDerTime
        | ExtensionValueInvalid
        | MalformedExtensions
        | MalformedDnsIdentifier
        | InvalidCertValidity
        | TrailingData(_) => Code::DerMalformed,
        CaUsedAsEndEntity => Code::CaAsLeaf,
        CertExpired { .. } => Code::Expired,
        CertNotValidForName(_) | UnsupportedNameType => Code::HostMismatch,
        CertNotValidYet { .. } => Code::NotYetValid,
        EndEntityUsedAsCa => Code::NotACa,
        InvalidSerialNumber => Code::SerialNumber,
        InvalidSignatureForPublicKey | SignatureAlgorithmMismatch => Code::BadSignature,
        MalformedNameConstraint | NameConstraintViolation => Code::NameConstraint,
        MaximumNameConstraintComparisonsExceeded
        | MaximumPathBuildCallsExceeded
        | MaximumSignatureChecksExceeded => Code::TooComplex,
        PathLenConstraintViolated | MaximumPathDepthExceeded => Code::PathLength,
        RequiredEkuNotFoundContext(_) | EmptyEkuExtension => Code::WrongUsage,
        UnsupportedCertVersion => Code::CertificateVersion,
        UnsupportedCriticalExtension => Code::CriticalExtension,
        UnsupportedSignatureAlgorithmContext(_) | UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            Code::WeakSignature
        }
        _ => Code::UnknownIssuer,
    }
}
