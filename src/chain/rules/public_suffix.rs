//! A wildcard over everybody's domains (`*.com`, `*.co.uk`) stands for nobody in particular. Public CAs may not issue
//! one (TLS BR 3.2.2.6), and clients that follow the list should refuse them all. The list is Mozilla's Public Suffix List with its private section (`s3.amazonaws.com`).

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::rule::Rule;
use super::fixes;
use crate::chain::Profile;
use crate::x509::{HostName, SubjectAltName};

/// RFC 5280 knows neither wildcards nor suffixes.
const OVER_SUFFIX: Diagnostic = Diagnostic::of_clients(Defect::WildcardOverSuffix).except(Profile::Rfc5280);
const OVER_LABEL: Diagnostic = Diagnostic::of_clients(Defect::WildcardBelowSuffix).except(Profile::Rfc5280);

pub(super) const RULE: Rule = Rule { diagnostics: &[OVER_SUFFIX, OVER_LABEL], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let leaf = judged.leaf();
    let Some(names) = leaf.certificate.subject_alt_names.as_ref() else { return Vec::new() };
    let Some(host @ HostName::Dns(_)) = judged.input.host else { return Vec::new() };
    // If another name matches too, the wildcard does not matter: large providers have both.
    let (over_suffix, others): (Vec<_>, Vec<_>) =
        names.iter().filter(|name| host.matches(name)).partition(|name| is_over_public_suffix(name));
    let (Some(name), []) = (over_suffix.first(), others.as_slice()) else { return Vec::new() };
    let message = format!(
        "only the wildcard `{name}` matches `{host}`, and it covers a public suffix, under which anyone \
         may have a domain, so public CAs may not issue it"
    );
    let issue = fixes::issue_command(judged, &host.to_string());
    let fix = format!("Have a certificate issued for the name itself: {issue}");
    let is_below_label = host.to_string().matches('.').count() == 1;
    let diagnostic = if is_below_label { OVER_LABEL } else { OVER_SUFFIX };
    judged.report(&diagnostic, &leaf, message, fix).into_iter().collect()
}

fn is_over_public_suffix(name: &SubjectAltName) -> bool {
    let SubjectAltName::Dns(name) = name else { return false };
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let Some(parent) = name.strip_prefix("*.") else { return false };
    psl::suffix(parent.as_bytes()).is_some_and(|suffix| suffix.as_bytes() == parent.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_over_suffixes() {
        let over = |name: &str| is_over_public_suffix(&SubjectAltName::Dns(name.into()));
        for name in ["*.com", "*.CO.UK", "*.s3.amazonaws.com", "*.github.io", "*.unknown-tld", "*.com."] {
            assert!(over(name), "{name}");
        }
        for name in ["*.example.com", "com", "example.co.uk", "*.example.co.uk", "*.example.test"] {
            assert!(!over(name), "{name}");
        }
    }
}
