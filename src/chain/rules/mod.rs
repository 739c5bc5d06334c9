//! One rule, one file: each looks at the path and reports what it finds, with the fix. A rule declares its codes and
//! their severity under each [`Profile`](super::Profile) as [`Diagnostic`](super::diagnostic::Diagnostic)s;
//! `docs/findings.md` has a heading for each code.

mod bad_signature;
mod basic_constraints;
mod certificate_version;
mod common_name;
mod critical_extension;
mod duplicate;
mod email_mismatch;
mod empty_name;
mod encoding;
mod expired;
mod expires_soon;
mod extension_criticality;
mod first_issuer;
mod fixes;
mod host_mismatch;
mod invalid_name;
mod issuer_name;
mod key_identifier;
mod key_mismatch;
mod key_usage;
mod last_word;
mod missing_intermediate;
mod name_constraint;
mod no_san;
mod not_a_ca;
mod partial_chain;
mod path_length;
mod policy;
mod public_suffix;
mod revoked;
mod root_included;
mod search;
mod serial_number;
mod trusted_locally;
mod unique_id;
mod unneeded;
mod untrusted_root;
mod validity_too_long;
mod weak_key;
mod weak_signature;
mod wrong_order;
mod wrong_usage;

pub(super) use search::{more_of, too_many_paths, why_not};

use super::rule::Rule;

/// The rules that can say "no" to the leaf, whatever the path from it.
pub(super) const LEAF: &[Rule] = &[
    key_mismatch::RULE,
    wrong_order::RULE,
    no_san::RULE,
    host_mismatch::RULE,
    public_suffix::RULE,
    email_mismatch::RULE,
    invalid_name::RULE,
    common_name::RULE,
];

/// The rules that can say "no" to a path: how far it goes, each certificate, all together.
pub(super) const PATH: &[Rule] = &[
    missing_intermediate::RULE,
    untrusted_root::RULE,
    bad_signature::RULE,
    weak_signature::RULE,
    weak_key::RULE,
    not_a_ca::RULE,
    path_length::RULE,
    critical_extension::RULE,
    expired::RULE,
    expires_soon::RULE,
    revoked::RULE,
    wrong_usage::RULE,
    key_usage::RULE,
    name_constraint::RULE,
    policy::RULE,
    certificate_version::RULE,
    serial_number::RULE,
    empty_name::RULE,
    basic_constraints::RULE,
    key_identifier::RULE,
    extension_criticality::RULE,
    encoding::RULE,
    unique_id::RULE,
    issuer_name::RULE,
    partial_chain::RULE,
    first_issuer::RULE,
    validity_too_long::RULE,
];

/// Asked about a path that all others accept.
pub(super) const LAST_WORD: &[Rule] = &[last_word::RULE];

/// The rules that never say "no": remarks on the path that is reported.
pub(super) const REMARKS: &[Rule] = &[
    expires_soon::REMARK,
    wrong_order::REMARK,
    validity_too_long::REMARK,
    trusted_locally::RULE,
    duplicate::RULE,
    root_included::RULE,
    revoked::REMARK,
    unneeded::RULE,
];
