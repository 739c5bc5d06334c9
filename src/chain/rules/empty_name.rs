//! An issuer has a name, and so has every CA (RFC 5280 sections 4.1.2.4 and 4.1.2.6).

use super::super::judged_path::{JudgedPath, PathFinding};
use super::finding;
use crate::chain::Profile;
use crate::finding::Code;

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let severity = judged.severity(&[Profile::Rfc5280, Profile::Webpki]);
    let mut found = Vec::new();
    for place in judged.all() {
        let what = match () {
            () if place.certificate.is_ca() && place.certificate.subject.is_empty() => "a CA without a name",
            () if place.certificate.issuer.is_empty() => "a certificate that does not name its issuer",
            () => continue,
        };
        let message =
            format!("`{}` is {what}; Python 3.13 and openssl -x509_strict refuse that", place.label());
        let fix = "make the CA again with a name (certkit mkca NAME) and have the certificate issued by it";
        found.push(place.found(finding(severity, Code::EmptyName, message).fix(fix)));
    }
    found
}
