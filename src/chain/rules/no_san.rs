//! Clients read names from the subject alternative names only (RFC 9525 section 6.1; CA/Browser baseline requirements
//! 7.1.4.3).

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use super::fixes;
use crate::chain::Profile;
use crate::x509::{HostName, Purpose};

const NONE: Diagnostic = Diagnostic::of_clients(Defect::NoNames);
const EMPTY: Diagnostic = Diagnostic::of_clients(Defect::EmptyNames);

pub(super) const RULE: Rule = Rule { diagnostics: &[NONE, EMPTY], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf();
    let has_names = leaf.certificate.subject_alt_names.as_ref().is_some_and(|names| !names.is_empty());
    if has_names || judged.input.purpose != Purpose::Server {
        return Vec::new();
    }
    // RFC 5280 knows certificates for no host in particular.
    if judged.input.profile == Profile::Rfc5280 && judged.input.host.is_none() {
        return Vec::new();
    }
    // The command is there to be pasted, so only a host name may appear in it.
    let is_host = |name: &&str| HostName::parse(name).is_ok();
    let name = leaf.certificate.subject.common_name().filter(is_host);
    let version =
        if leaf.certificate.version < 3 { " (a version 1 certificate cannot have any)" } else { "" };
    let message = format!(
        "the certificate has no subject alternative names{version}, and a common name is not a host name"
    );
    let is_missing = leaf.certificate.subject_alt_names.is_none();
    let diagnostic = if is_missing { NONE } else { EMPTY };
    let issue = match name {
        Some(name) => fixes::issue_command(judged, name),
        None => "`certkit mkcert NAME`.".to_owned(),
    };
    let fix = format!("Have it issued again with the name in subjectAltName: {issue}");
    judged.report(&diagnostic, &leaf, message, fix).into_iter().collect()
}
