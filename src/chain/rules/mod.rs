//! One rule, one file: each looks at the path and says what it finds, with the words that mend it. A rule knows what
//! it means in each [`Profile`](super::Profile).

mod bad_signature;
mod basic_constraints;
mod certificate_version;
mod common_name;
mod critical_extension;
mod duplicate;
mod email_mismatch;
mod empty_name;
mod expired;
mod expires_soon;
mod extension_criticality;
mod host_mismatch;
mod invalid_name;
mod key_identifier;
mod key_mismatch;
mod key_usage;
mod last_word;
mod missing_intermediate;
mod name_constraint;
mod no_san;
mod not_a_ca;
mod path_length;
mod policy;
mod public_suffix;
mod revoked;
mod root_included;
mod serial_number;
mod trusted_locally;
mod unneeded;
mod untrusted_root;
mod validity_too_long;
mod weak_key;
mod weak_signature;
mod wrong_order;
mod wrong_usage;

use super::check_input::CheckInput;
use super::judged_path::{JudgedPath, PathFinding};
use crate::finding::{Code, Finding, Severity};

/// A rule.
pub(super) type Rule = fn(&JudgedPath<'_>) -> Vec<PathFinding>;

/// The rules that can say "no" to the leaf, whatever the way up from it.
pub(super) const LEAF: &[Rule] = &[
    key_mismatch::rule,
    wrong_order::rule,
    no_san::rule,
    host_mismatch::rule,
    public_suffix::rule,
    email_mismatch::rule,
    invalid_name::rule,
    common_name::rule,
];

/// The rules that can say "no" to a path: how far it goes, each certificate, all together.
pub(super) const PATH: &[Rule] = &[
    missing_intermediate::rule,
    untrusted_root::rule,
    bad_signature::rule,
    weak_signature::rule,
    weak_key::rule,
    not_a_ca::rule,
    path_length::rule,
    critical_extension::rule,
    expired::rule,
    expires_soon::rule,
    revoked::rule,
    wrong_usage::rule,
    key_usage::rule,
    name_constraint::rule,
    policy::rule,
    certificate_version::rule,
    serial_number::rule,
    empty_name::rule,
    basic_constraints::rule,
    key_identifier::rule,
    extension_criticality::rule,
];

/// Asked of a path that all others let pass.
pub(super) const LAST_WORD: &[Rule] = &[last_word::rule];

/// The rules that never say "no": what is worth a word on the path that is reported.
pub(super) const REMARKS: &[Rule] = &[
    expires_soon::remark,
    wrong_order::remark,
    validity_too_long::rule,
    trusted_locally::rule,
    duplicate::rule,
    root_included::rule,
    revoked::remark,
    unneeded::rule,
];

/// A finding of the severity that the profile gives it.
fn finding(severity: Severity, code: Code, message: impl Into<String>) -> Finding {
    Finding { severity, ..Finding::error(code, message) }
}

/// The command that makes the one right chain of the file and `more`. It does not write over its own input. What a server
/// sends is mended in the file that it reads.
fn merge_command(input: &CheckInput<'_>, more: &str) -> String {
    if input.is_live {
        return format!(
            "certkit merge server.crt{more} -o chain.pem   (server.crt stands for the file that the server reads now)\n\
             then let it read the new one: nginx: ssl_certificate chain.pem;  Apache: SSLCertificateFile chain.pem  and reload it"
        );
    }
    let file = input.file;
    let output = if file == "chain.pem" { "mended.pem" } else { "chain.pem" };
    format!("certkit merge {file}{more} -o {output}")
}

/// Where the certificates are, as the end of a sentence.
fn place(input: &CheckInput<'_>) -> &'static str {
    if input.is_live { "in what the server sends" } else { "in the file" }
}

/// How clients come to trust a root of one's own.
fn where_to_install(file: &str) -> String {
    format!(
        "and have each client trust it:\n\
         \x20 certkit trust install {file}   (the system, browsers and Java on this machine)\n\
         \x20 curl --cacert {file}"
    )
}
