//! A certificate is DER, which has one way to write each value (RFC 5280 section 4.1, X.690 section 10), and its times
//! have one form (section 4.1.2.5). Not all clients mind.

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::x509::EncodingFault;

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
    ],
    judge,
};

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut found = Vec::new();
    for member in judged.all() {
        for fault in &member.certificate.encoding_faults {
            let message = format!("the encoding of `{}` is not DER: {fault}", member.label());
            let fix = "Have it issued again by a program that writes DER, as `certkit mkcert` does.";
            found.extend(judged.report(&diagnostic(*fault), &member, message, fix));
        }
    }
    found
}

const fn diagnostic(fault: EncodingFault) -> Diagnostic {
    match fault {
        EncodingFault::CaFalseWritten => CA_FALSE,
        EncodingFault::CriticalFalseWritten => CRITICAL_FALSE,
        EncodingFault::LongLength => LONG_LENGTH,
        EncodingFault::LongNumber => LONG_NUMBER,
        EncodingFault::LongSerial => LONG_SERIAL,
        EncodingFault::OddBoolean => ODD_BOOLEAN,
        EncodingFault::TimeFraction => FRACTION,
        EncodingFault::TimeGeneralizedBefore2050 => GENERALIZED,
        EncodingFault::TimeOffset => OFFSET,
        EncodingFault::TimeWithoutSeconds => NO_SECONDS,
        EncodingFault::TrailingBytes => TRAILING_BYTES,
        EncodingFault::Version1Written => VERSION_1,
    }
}
