//! A certificate is DER, which has one way to write each value (RFC 5280 section 4.1, X.690 section 10), and its times
//! have one form (section 4.1.2.5). Not all clients mind.

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::finding::Code;
use crate::x509::{EncodingFault, ExtensionFault};

const FRACTION: Diagnostic = Diagnostic::of_clients(Defect::TimeFraction);
const OFFSET: Diagnostic = Diagnostic::of_clients(Defect::TimeOffset);
const NO_SECONDS: Diagnostic = Diagnostic::of_clients(Defect::TimeWithoutSeconds);
const GENERALIZED: Diagnostic = Diagnostic::of_clients(Defect::TimeGeneralizedBefore2050);
const LONG_LENGTH: Diagnostic = Diagnostic::of_clients(Defect::LongLengthOfSerial);
const CRITICAL_FALSE: Diagnostic = Diagnostic::of_clients(Defect::CriticalFalseWritten);
const CA_FALSE: Diagnostic = Diagnostic::of_clients(Defect::CaFalseWritten);
const VERSION_1: Diagnostic = Diagnostic::of_clients(Defect::Version1Written);
const LONG_SERIAL: Diagnostic = Diagnostic::of_clients(Defect::SerialPadded);
const LONG_NUMBER: Diagnostic = Diagnostic::of_clients(Defect::PathLengthPadded);
const TRAILING_BYTES: Diagnostic = Diagnostic::of_clients(Defect::NamesWithTrailingBytes);
const ODD_BOOLEAN: Diagnostic = Diagnostic::of_clients(Defect::TrueAs1);
const LONG_LENGTH_OF_BODY: Diagnostic = Diagnostic::of_clients(Defect::LongLengthOfBody);
/// Clients accept it.
const VERSION_1_BARE: Diagnostic = Diagnostic::error(Code::DerMalformed).except(Profile::Tls);
const ECDSA_NULL: Diagnostic = Diagnostic::of_clients(Defect::EcdsaWithNull);
const RSA_WITHOUT_NULL: Diagnostic = Diagnostic::of_clients_alone(Defect::RsaWithoutNull);
/// Old CAs write such strings, and the names are compared all the same.
const PRINTABLE: Diagnostic = Diagnostic::of_clients_alone(Defect::PrintableStringCharacters);
const UTF8: Diagnostic = Diagnostic::of_clients_alone(Defect::Utf8StringBroken);
const SINCE_1951: Diagnostic = Diagnostic::of_clients_alone(Defect::ValidSince1951);
const OF_ROOT: [Diagnostic; 7] = [
    Diagnostic::of_clients(Defect::RootLongLength),
    Diagnostic::of_clients(Defect::RootTimeFraction),
    Diagnostic::of_clients(Defect::RootTimeOffset),
    Diagnostic::of_clients(Defect::RootTimeWithoutSeconds),
    Diagnostic::of_clients(Defect::RootTrueAs1),
    Diagnostic::of_clients(Defect::RootPathLengthPadded),
    Diagnostic::of_clients(Defect::RootVersion1Written),
];
const AUTHORITY_ACCESS: Diagnostic = Diagnostic::of_clients(Defect::AuthorityAccessBroken);
const NO_AUTHORITY_ACCESS: Diagnostic = Diagnostic::of_clients(Defect::AuthorityAccessEmpty);
const POLICIES: Diagnostic = Diagnostic::of_clients(Defect::PoliciesBroken);
const AUTHORITY_KEY: Diagnostic = Diagnostic::of_clients(Defect::AuthorityKeyBroken);
const SUBJECT_KEY: Diagnostic = Diagnostic::of_clients(Defect::SubjectKeyBroken);
/// Not of RFC 5280, and no client minds.
const TIMESTAMPS: Diagnostic = Diagnostic::of_clients_alone(Defect::TimestampsBroken);
const TWICE: Diagnostic = Diagnostic::of_clients(Defect::ExtensionTwice);

pub(super) const RULE: Rule = Rule {
    diagnostics: &[
        FRACTION,
        OFFSET,
        NO_SECONDS,
        GENERALIZED,
        LONG_LENGTH,
        CRITICAL_FALSE,
        CA_FALSE,
        VERSION_1,
        LONG_SERIAL,
        LONG_NUMBER,
        ODD_BOOLEAN,
        TRAILING_BYTES,
        LONG_LENGTH_OF_BODY,
        VERSION_1_BARE,
        ECDSA_NULL,
        RSA_WITHOUT_NULL,
        PRINTABLE,
        UTF8,
        SINCE_1951,
        OF_ROOT[0],
        OF_ROOT[1],
        OF_ROOT[2],
        OF_ROOT[3],
        OF_ROOT[4],
        OF_ROOT[5],
        OF_ROOT[6],
        AUTHORITY_ACCESS,
        NO_AUTHORITY_ACCESS,
        POLICIES,
        AUTHORITY_KEY,
        SUBJECT_KEY,
        TIMESTAMPS,
        TWICE,
    ],
    judge,
};

const FIX: &str = "Have it issued again by a program that writes DER, as `certkit mkcert` does.";

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut found = Vec::new();
    for member in judged.all() {
        let label = member.label();
        for fault in &member.certificate.encoding_faults {
            // A root's own signature does not count.
            let is_of_signature = matches!(fault, EncodingFault::EcdsaNull | EncodingFault::RsaWithoutNull);
            if member.is_anchor && is_of_signature {
                continue;
            }
            let message = format!("the encoding of `{label}` is not DER: {fault}");
            found.extend(judged.report(&diagnostic(*fault, &member), &member, message, FIX));
        }
        for fault in &member.certificate.faults {
            let message = format!("`{label}` is malformed: {fault}");
            found.extend(judged.report(&of_extension(*fault), &member, message, FIX));
        }
        let begins = member.certificate.not_before;
        if begins.year() < 1970 && !member.is_anchor {
            let message = format!("`{label}` is valid since {}; some clients count from 1970", begins.date());
            let fix = "Have it issued again with a later begin.";
            found.extend(judged.report(&SINCE_1951, &member, message, fix));
        }
    }
    found
}

const fn diagnostic(fault: EncodingFault, member: &PathCertificate<'_>) -> Diagnostic {
    // Not all clients read everything in a root.
    if member.is_anchor {
        match fault {
            EncodingFault::LongLength | EncodingFault::LongLengthOfBody => return OF_ROOT[0],
            EncodingFault::TimeFraction => return OF_ROOT[1],
            EncodingFault::TimeOffset => return OF_ROOT[2],
            EncodingFault::TimeWithoutSeconds => return OF_ROOT[3],
            EncodingFault::OddBoolean => return OF_ROOT[4],
            EncodingFault::LongNumber => return OF_ROOT[5],
            EncodingFault::Version1Written => return OF_ROOT[6],
            _ => {}
        }
    }
    match fault {
        EncodingFault::CaFalseWritten => CA_FALSE,
        EncodingFault::CriticalFalseWritten => CRITICAL_FALSE,
        EncodingFault::EcdsaNull => ECDSA_NULL,
        EncodingFault::LongLength => LONG_LENGTH,
        EncodingFault::LongLengthOfBody => LONG_LENGTH_OF_BODY,
        EncodingFault::LongNumber => LONG_NUMBER,
        EncodingFault::LongSerial => LONG_SERIAL,
        EncodingFault::OddBoolean => ODD_BOOLEAN,
        EncodingFault::PrintableString => PRINTABLE,
        EncodingFault::RsaWithoutNull => RSA_WITHOUT_NULL,
        EncodingFault::TimeFraction => FRACTION,
        EncodingFault::TimeGeneralizedBefore2050 => GENERALIZED,
        EncodingFault::TimeOffset => OFFSET,
        EncodingFault::TimeWithoutSeconds => NO_SECONDS,
        EncodingFault::TrailingBytes => TRAILING_BYTES,
        EncodingFault::Utf8String => UTF8,
        EncodingFault::Version1Written if member.certificate.extensions.count == 0 => VERSION_1_BARE,
        EncodingFault::Version1Written => VERSION_1,
    }
}

const fn of_extension(fault: ExtensionFault) -> Diagnostic {
    match fault {
        ExtensionFault::AuthorityAccessBroken => AUTHORITY_ACCESS,
        ExtensionFault::AuthorityAccessEmpty => NO_AUTHORITY_ACCESS,
        ExtensionFault::AuthorityKeyBroken => AUTHORITY_KEY,
        ExtensionFault::PoliciesBroken => POLICIES,
        ExtensionFault::SubjectKeyBroken => SUBJECT_KEY,
        ExtensionFault::TimestampsBroken => TIMESTAMPS,
        ExtensionFault::Twice => TWICE,
    }
}
