//! The path must not stop at an issuer that is not there. Browsers may know it from elsewhere; curl, Python, Java
//! and phones do not, which is why this fault is so often seen late.

use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::path::PathEnd;
use crate::finding::{Code, Finding};

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    if !matches!(judged.path.end, PathEnd::Missing) {
        return Vec::new();
    }
    let Some(last) = judged.all().pop() else { return Vec::new() };
    let certificate = last.certificate;
    let issuer = certificate.issuer.label();
    let file = judged.input.file;
    // Above an intermediate it may be an intermediate or a root that is missing; above a leaf it should not be a root.
    let ca = if last.index == 0 { "intermediate CA" } else { "CA" };
    let mut message = format!(
        "the certificate of the {ca} `{issuer}`, which issued `{}`, is missing, and no trusted root has that name; curl, \
         Python, Java and phones refuse this",
        last.label()
    );
    for url in &certificate.issuer_urls {
        message.push_str(&format!("\nthe CA offers it at {url}"));
    }
    let merge = match certificate.issuer_urls.first() {
        Some(_) => super::merge_command(judged.input, " --fetch"),
        None => format!(
            "{}\n(ca-bundle.ca stands for the file with the intermediate that the CA sent along)",
            super::merge_command(judged.input, " ca-bundle.ca")
        ),
    };
    let fix = format!(
        "{merge}\nif `{issuer}` is a root of your own, name it: certkit check {file} --roots ca.crt\n{}",
        super::where_to_install("ca.crt")
    );
    vec![last.found(Finding::error(Code::MissingIntermediate, message).fix(fix))]
}
