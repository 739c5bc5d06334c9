//! The path must not stop at an issuer that is not there. Browsers may know it from elsewhere; curl, Python, Java
//! and phones do not, which is why this fault is so often noticed late.

use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::path::PathEnd;
use super::super::rule::Rule;
use super::fixes;
use crate::finding::Code;
use crate::x509::{Certificate, SignatureCheck};

const MISSING: Diagnostic = Diagnostic::error(Code::MissingIntermediate);

pub(super) const RULE: Rule = Rule { diagnostics: &[MISSING], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    if !matches!(judged.path.end, PathEnd::Missing) {
        return Vec::new();
    }
    let Some(last) = judged.all().pop() else { return Vec::new() };
    let certificate = last.certificate;
    let issuer = certificate.issuer.label();
    // Above an intermediate it may be an intermediate or a root that is missing; above a leaf it should not be a root.
    let ca = if last.index == 0 { "intermediate CA" } else { "CA" };
    let message = format!(
        "the certificate of the {ca} `{issuer}`, which issued `{}`, is missing, and no trusted root has \
         that name; curl, Python, Java and phones refuse the chain{}",
        last.label(),
        fixes::download_lines(&certificate.issuer_urls)
    );
    let aside = judged.input.aside.iter().find(|(_, ca)| {
        certificate.names_issuer(ca) && certificate.signature_by(ca) == SignatureCheck::Valid
    });
    let fix = match aside {
        Some((file, ca)) if ca.is_self_issued() => format!(
            "{}\n{file} is the CA that a roll-over has replaced; for clients that still trust it: {}.",
            fixes::renew_command(judged.input),
            fixes::check_with_roots(judged.input, file)
        ),
        Some((file, _)) => format!(
            "{}\n{file} is the intermediate that a roll-over has replaced.",
            fixes::merge_command(judged.input, &format!(" {file}"))
        ),
        None => unknown_issuer(judged, certificate),
    };
    judged.report(&MISSING, &last, message, fix).into_iter().collect()
}

/// The fix where nothing is known of the issuer.
fn unknown_issuer(judged: &JudgedPath<'_>, certificate: &Certificate) -> String {
    let merge = match certificate.issuer_urls.first() {
        Some(_) => fixes::merge_command(judged.input, " --fetch"),
        None => format!(
            "{}\nca-bundle.ca is the file with the intermediate that came from the CA.",
            fixes::merge_command(judged.input, " ca-bundle.ca")
        ),
    };
    format!(
        "{merge}\n\
         If `{}` is a root of your own, name its certificate: {}.",
        certificate.issuer.label(),
        fixes::check_with_roots(judged.input, "FILE")
    )
}
