//! Names are read from the subject alternative names only (RFC 9525 section 6.1; CA/Browser baseline requirements
//! 7.1.4.3).

use super::super::judged_path::{JudgedPath, PathFinding};
use crate::chain::Profile;
use crate::finding::{Code, Finding};
use crate::x509::{HostName, Purpose};

pub(super) fn rule(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf();
    let has_names = leaf.certificate.subject_alt_names.as_ref().is_some_and(|names| !names.is_empty());
    if has_names || judged.input.purpose != Purpose::Server {
        return Vec::new();
    }
    // RFC 5280 knows certificates for no host in particular.
    if judged.input.profile == Profile::Rfc5280 && judged.input.host.is_none() {
        return Vec::new();
    }
    // The command is there to be pasted: nothing but a host name may stand in it.
    let is_host = |name: &&str| HostName::parse(name).is_ok();
    let name = leaf.certificate.subject.common_name().filter(is_host).unwrap_or("NAME");
    let version =
        if leaf.certificate.version < 3 { " (it is of version 1, which cannot have any)" } else { "" };
    let message = format!(
        "the certificate names its host in the CN only and has no subject alternative names{version}; browsers, Go and \
         Python refuse it, whatever the CN says"
    );
    let finding = Finding::error(Code::NoSan, message).fix(format!(
        "have it issued again with the names in subjectAltName: certkit mkcert {name} makes such a certificate"
    ));
    vec![leaf.found(finding)]
}
