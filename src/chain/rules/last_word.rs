//! Under the profile `tls`, rustls-webpki judges every chain that all other rules accept. Where it is known to be stricter
//! than openssl and the browsers, its "no" is a warning that names rustls; anything else that it refuses is an error.

use webpki::Error;

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
    let error = match verdict {
        // The rules `key_usage` and `certificate_version` warn of these.
        Ok(()) | Err(Error::CaUsedAsEndEntity | Error::UnsupportedCertVersion) => return Vec::new(),
        Err(error) => error,
    };
    let code = code(&error);
    let diagnostic = if is_of_rustls_alone(&error) { of_rustls_alone(code) } else { refusal(code) };
    let message = format!("rustls clients refuse this chain: {error}");
    let fix = "Have the certificate issued again by a current CA, or by `certkit mkcert`.";
    judged.report(&diagnostic, &leaf, message, fix).into_iter().collect()
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
        UnsupportedCriticalExtension => Code::CriticalExtension,
        UnsupportedSignatureAlgorithmContext(_) | UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            Code::WeakSignature
        }
        _ => Code::UnknownIssuer,
    }
}
