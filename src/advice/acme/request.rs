//! A signing request that no certificate can be ordered for, and what of one is not issued.

use crate::advice::ca::request_refused;
use crate::finding::{Code, Finding, Location};
use crate::operands::acme_request::AcmeRequestError;
use crate::report::Failure;

/// Why nothing is ordered for the request in `file`: exit status 2.
pub fn refused(error: &AcmeRequestError, file: &str, location: Location) -> Failure {
    use AcmeRequestError as E;
    let (code, fix) = match error {
        E::Request(error) => return request_refused(error, file, location).status(2),
        E::Ca => (Code::InvalidSetting, "Make the request without `CA:TRUE`, or sign it with your own CA."),
        E::CommonName(_) => (
            Code::InvalidName,
            "Make the request with one of its DNS names as the common name, or without one: every name of a request \
             must be in the order.",
        ),
        E::Name(_) | E::OtherName(_) => (
            Code::InvalidName,
            "Make the request with public DNS names and addresses only; `certkit sign` issues for other names.",
        ),
        E::NoNames => {
            (Code::NoSan, "Make the request with its names, for example by `certkit csr NAME --key FILE`.")
        }
        E::Unreadable(_) => (Code::DerMalformed, "Get the request again from its owner."),
    };
    Failure::new(Finding::error(code, error.to_string()).at(location).fix(fix))
}

/// What a request asks for and the certificate will not have.
pub fn omitted(omitted: &[String], location: Location) -> Option<Finding> {
    if omitted.is_empty() {
        return None;
    }
    let message = format!(
        "the request also asks for {}; ACME servers take names and key from a request and choose all else themselves",
        omitted.join(", ")
    );
    Some(Finding::warning(Code::LeftOut, message).at(location))
}
