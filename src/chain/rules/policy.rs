//! Certificate policies (RFC 5280 section 6.1): where a CA requires an explicit policy (policyConstraints), every
//! certificate below must have one that goes through the whole path. Any policy will do, since the user asks for none in
//! particular; so it is enough to follow the set of policies that are valid so far (RFC 9618 shows that the tree of the
//! older text adds nothing but work). Some clients look at policies, openssl only when asked (`-policy_check`).

use std::collections::HashSet;

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use crate::x509::Certificate;

const BROKEN: Diagnostic = Diagnostic::of_clients(Defect::PolicyRequired);

pub(super) const RULE: Rule = Rule { diagnostics: &[BROKEN], judge };

const ANY: &str = "2.5.29.32.0";

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let all = judged.all();
    if all.iter().all(|member| member.certificate.policies.require_explicit.is_none()) {
        return Vec::new(); // nobody asks
    }
    let mut path: Vec<_> = judged.below_anchor().collect();
    path.reverse(); // from the CA next to the anchor down to the leaf
    let certificates: Vec<_> = path.iter().map(|member| member.certificate).collect();
    let Some(broken) = first_broken(&certificates) else { return Vec::new() };
    let member = &path[broken];
    let message = format!(
        "a CA of this path requires a certificate policy, and `{}` has none that its issuers allow",
        member.label()
    );
    let fix = "Have the certificate issued again with one of the CA's certificate policies.";
    judged.report(&BROKEN, member, message, fix).into_iter().collect()
}

/// The first certificate, counted from the one below the anchor, at which no valid policy is left though one is
/// required.
fn first_broken(path: &[&Certificate]) -> Option<usize> {
    let length = u32::try_from(path.len()).unwrap_or(u32::MAX);
    // RFC 5280 section 6.1.2 (d), (e), (f) with all inputs unset: each counts down to zero.
    let (mut explicit, mut inhibit_any, mut mapping) = (length + 1, length + 1, length + 1);
    // The policies that are valid so far; `None` when there are none at all (the tree is NULL).
    let mut valid: Option<HashSet<&str>> = Some(HashSet::from([ANY]));
    for (index, certificate) in path.iter().enumerate() {
        let is_last = index + 1 == path.len();
        let is_self_issued = certificate.is_self_issued();
        let policies = &certificate.policies;
        // Section 6.1.3 (d), (e).
        let asserted = policies.policies.as_ref();
        valid = match (valid, asserted) {
            (Some(valid), Some(asserted)) => {
                let any_counts = inhibit_any > 0 || (!is_last && is_self_issued);
                let below_any = valid.contains(ANY);
                let mut next: HashSet<&str> = (asserted.iter().map(String::as_str))
                    .filter(|policy| *policy != ANY && (below_any || valid.contains(policy)))
                    .collect();
                if any_counts && asserted.iter().any(|policy| policy == ANY) {
                    next.extend(valid);
                }
                (!next.is_empty()).then_some(next)
            }
            _ => None,
        };
        // Section 6.1.3 (f), and for the leaf section 6.1.5 (a), (b).
        if is_last {
            explicit = explicit.saturating_sub(1);
            if policies.require_explicit == Some(0) {
                explicit = 0;
            }
        }
        if explicit == 0 && valid.is_none() {
            return Some(index);
        }
        // Section 6.1.4 (b): mappings turn the issuer's policies into the subject's.
        if let Some(valid) = &mut valid {
            let mapped: Vec<_> = policies
                .mappings
                .iter()
                .filter(|(from, _)| valid.contains(from.as_str()) || valid.contains(ANY))
                .map(|(from, to)| (from.as_str(), to.as_str()))
                .collect();
            for (from, _) in &mapped {
                valid.remove(from);
            }
            if mapping > 0 {
                valid.extend(mapped.iter().map(|(_, to)| *to));
            }
        }
        if valid.as_ref().is_some_and(HashSet::is_empty) {
            valid = None;
        }
        // Section 6.1.4 (h), (i), (j).
        if !is_self_issued {
            explicit = explicit.saturating_sub(1);
            mapping = mapping.saturating_sub(1);
            inhibit_any = inhibit_any.saturating_sub(1);
        }
        explicit = explicit.min(policies.require_explicit.unwrap_or(u32::MAX));
        mapping = mapping.min(policies.inhibit_mapping.unwrap_or(u32::MAX));
        inhibit_any = inhibit_any.min(policies.inhibit_any.unwrap_or(u32::MAX));
    }
    None
}
