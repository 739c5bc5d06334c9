//! OpenSSL does not look for all paths: it follows the first valid certificate that could be the issuer. Where that one is
//! self-signed and not trusted, the chain ends there for it, though another certificate of the same name and key leads to
//! something trusted.

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::located::Located;
use super::super::path::PathEnd;
use super::super::rule::Rule;
use super::fixes;
use super::key_identifier::names_certificate_of;
use crate::chain::Profile;
use crate::x509::Certificate;

/// The standards take any path.
const SELF_SIGNED_FIRST: Diagnostic = Diagnostic::of_clients_alone(Defect::SelfSignedCopyFirst)
    .except(Profile::Webpki)
    .except(Profile::Rfc5280);

pub(super) const RULE: Rule = Rule { diagnostics: &[SELF_SIGNED_FIRST], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    if !matches!(judged.path.end, PathEnd::Anchor(_)) {
        return Vec::new();
    }
    let Some(dead_end) = dead_end(judged) else { return Vec::new() };
    let message = format!(
        "the self-signed `{}`, which is not trusted, comes before the certificate of the same name that leads to a \
         trusted root",
        dead_end.certificate.label()
    );
    let fix = fixes::merge_command(judged.input, "");
    judged.report_input(&SELF_SIGNED_FIRST, dead_end.location.as_ref(), message, fix).into_iter().collect()
}

/// The certificate at which OpenSSL gives up (`build_chain` in crypto/x509/x509_vfy.c, with `X509_V_FLAG_TRUSTED_FIRST`).
fn dead_end<'a>(judged: &JudgedPath<'a>) -> Option<&'a Located> {
    let input = judged.input;
    let mut passed = vec![judged.leaf];
    let mut current = &input.certificates[judged.leaf];
    loop {
        let certificate = &current.certificate;
        let issued = |issuer: &Certificate| {
            certificate.names_issuer(issuer) && names_certificate_of(certificate, issuer)
        };
        let mut anchors = input.trust.named(&certificate.issuer);
        if input.trust.find(certificate).is_some() || anchors.any(|anchor| issued(&anchor.certificate)) {
            return None;
        }
        let candidates = || {
            let all = input.certificates.iter().enumerate();
            all.filter(|(index, located)| !passed.contains(index) && issued(&located.certificate))
        };
        let valid = candidates().find(|(_, located)| located.certificate.is_valid_at(input.at));
        let (index, next) = valid.or_else(|| candidates().next())?;
        let is_self_issued = next.certificate.is_self_issued();
        if is_self_issued && names_certificate_of(&next.certificate, &next.certificate) {
            return input.trust.find(&next.certificate).is_none().then_some(next);
        }
        passed.push(index);
        if passed.len() > MAX_DEPTH {
            return None;
        }
        current = next;
    }
}

/// Longer chains than any CA has.
const MAX_DEPTH: usize = 32;
