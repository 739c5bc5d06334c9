//! Certificates with extensions are of version 3 (RFC 5280 section 4.1.2.1), and certificates of the public web always
//! (TLS BR 7.1.1). A root of version 1 is an old root; whether it may issue is asked by `not_a_ca`.

use super::super::judged_path::{JudgedPath, PathFinding};
use super::finding;
use crate::chain::Profile;
use crate::finding::Code;

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut found = Vec::new();
    for place in judged.all() {
        let certificate = place.certificate;
        let is_old = certificate.version != 3;
        let is_wrong = is_old && certificate.count > 0;
        let severity = match judged.input.profile {
            _ if !is_old => continue,
            Profile::Rfc5280 if !is_wrong => continue,
            Profile::Tls if place.is_anchor => continue,
            _ => judged.severity(&[Profile::Rfc5280, Profile::Webpki]),
        };
        let message = format!(
            "`{}` is a certificate of version {}{}; rustls clients refuse it",
            place.label(),
            certificate.version,
            if is_wrong { ", which cannot have extensions, and has some" } else { "" }
        );
        let fix = "have it issued again as version 3: certkit mkcert makes no other";
        found.push(place.found(finding(severity, Code::CertificateVersion, message).fix(fix)));
    }
    found
}
