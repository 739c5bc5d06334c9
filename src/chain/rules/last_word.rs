//! Under the profile `tls`, rustls-webpki is asked about what no other rule objects to. Where it is known to be stricter
//! than openssl and the browsers, its "no" is a warning that names rustls; anything else it refuses is refused.

use webpki::Error;

use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::path::PathEnd;
use super::super::verify::verify;
use super::finding;
use crate::chain::Profile;
use crate::finding::{Code, Severity};

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
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
    let severity = if is_of_rustls_alone(&error) { Severity::Warning } else { Severity::Error };
    let fix = "have the certificate issued again by a CA of today; certkit mkcert makes one that every client takes";
    let message = format!("rustls clients refuse this chain: {error}");
    vec![leaf.found(finding(severity, code(&error), message).fix(fix))]
}

/// What rustls refuses and openssl and browsers take.
fn is_of_rustls_alone(error: &Error) -> bool {
    matches!(
        error,
        // It knows no constraints on distinguished names or mail addresses; certkit's rule has judged them.
        Error::NameConstraintViolation
            | Error::MaximumNameConstraintComparisonsExceeded
            | Error::MalformedNameConstraint
            // Its limits of depth and work are lower than others'.
            | Error::MaximumPathDepthExceeded
            | Error::MaximumPathBuildCallsExceeded
            | Error::MaximumSignatureChecksExceeded
            | Error::InvalidSerialNumber
            // It knows no policies; certkit's rule `critical_extension` has refused what nobody knows.
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
        UnsupportedCertVersion => Code::CertificateVersion,
        UnsupportedCriticalExtension => Code::CriticalExtension,
        UnsupportedSignatureAlgorithmContext(_) | UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            Code::WeakSignature
        }
        _ => Code::UnknownIssuer,
    }
}
