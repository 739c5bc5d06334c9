//! webpki judges what no other rule here objects to: name constraints, and whatever else a rustls client refuses.

use super::super::check::Judged;
use super::super::path::PathEnd;
use super::super::verify::verify;
use super::placed;
use crate::finding::{Code, Finding};

pub(in super::super) fn last_word(judged: &Judged<'_>) -> Vec<Finding> {
    let PathEnd::Anchor(anchor) = judged.path.end else { return Vec::new() };
    let input = judged.input;
    let leaf = judged.leaf();
    let issuers: Vec<_> = judged.own().skip(1).map(|located| located.certificate.der.clone()).collect();
    let verdict =
        verify(&leaf.certificate, &issuers, &anchor.certificate, input.at, input.purpose, input.host);
    let finding = match verdict {
        Ok(()) => return Vec::new(),
        // The rule `key_usage` warns of this: not every client minds.
        Err(webpki::Error::CaUsedAsEndEntity) => return Vec::new(),
        Err(webpki::Error::NameConstraintViolation) => {
            let constrained = judged.all().into_iter().skip(1).map(|(certificate, _)| certificate.label());
            Finding::error(
                Code::NameConstraint,
                format!(
                    "a CA of this chain ({}) is limited to other names than the certificate's",
                    constrained.collect::<Vec<_>>().join(", ")
                ),
            )
            .fix("have the certificate issued for a name that the CA may speak for, or by a CA without that limit")
        }
        Err(error) => Finding::error(
            code(&error),
            format!("rustls clients refuse this chain: {error}"),
        )
        .fix("have the certificate issued again by a CA of today; certkit mkcert makes one that every client takes"),
    };
    vec![placed(finding, leaf.location.as_ref())]
}

fn code(error: &webpki::Error) -> Code {
    use webpki::Error::*;
    match error {
        BadDer
        | BadDerTime
        | ExtensionValueInvalid
        | MalformedExtensions
        | MalformedDnsIdentifier
        | MalformedNameConstraint
        | InvalidSerialNumber
        | InvalidCertValidity
        | TrailingData(_) => Code::DerMalformed,
        CertExpired { .. } => Code::Expired,
        CertNotValidForName(_) | UnsupportedNameType => Code::HostMismatch,
        CertNotValidYet { .. } => Code::NotYetValid,
        EndEntityUsedAsCa => Code::NotACa,
        InvalidSignatureForPublicKey | SignatureAlgorithmMismatch => Code::BadSignature,
        PathLenConstraintViolated | MaximumPathDepthExceeded => Code::PathLength,
        RequiredEkuNotFoundContext(_) | EmptyEkuExtension => Code::WrongUsage,
        UnsupportedCriticalExtension | UnsupportedCertVersion => Code::CriticalExtension,
        UnsupportedSignatureAlgorithmContext(_) | UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            Code::WeakSignature
        }
        _ => Code::UnknownIssuer,
    }
}
