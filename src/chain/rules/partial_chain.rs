//! What is trusted is most often a root, which signs itself. Some clients build every path to such a one, so that an
//! intermediate that is trusted by itself, or the server's own certificate, is of no use to them (OpenSSL's
//! `X509_V_FLAG_PARTIAL_CHAIN`). RFC 5280 section 6.1.1 (d) takes a name and a key, wherever they are from.

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathFinding};
use super::super::path::PathEnd;
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::x509::{Certificate, SignatureCheck};

const CA: Diagnostic = of_some(Defect::AnchorNotSelfSigned);
const LEAF: Diagnostic = of_some(Defect::PinnedIssuedLeaf);
const SELF_SIGNED_LEAF: Diagnostic = of_some(Defect::PinnedLeaf);
const WITHOUT_AUTHORITY: Diagnostic = of_some(Defect::PinnedLeafWithoutAuthority);

const fn of_some(defect: Defect) -> Diagnostic {
    Diagnostic::of_clients_alone(defect).except(Profile::Webpki).except(Profile::Rfc5280)
}

pub(super) const RULE: Rule = Rule { diagnostics: &[CA, LEAF, SELF_SIGNED_LEAF, WITHOUT_AUTHORITY], judge };

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let PathEnd::Anchor(anchor) = judged.path.end else { return Vec::new() };
    let Some(last) = judged.all().pop() else { return Vec::new() };
    let label = last.label();
    let is_self_issued = anchor.certificate.is_self_issued();
    let (diagnostic, message) = match last.index {
        0 if !is_self_issued => (LEAF, format!("`{label}` itself is trusted, but not the CA that issued it")),
        0 if !anchor.certificate.is_ca() => {
            let has_authority = anchor.certificate.authority_key_id.is_some();
            let diagnostic = if has_authority { SELF_SIGNED_LEAF } else { WITHOUT_AUTHORITY };
            (diagnostic, format!("`{label}` is self-signed and trusted by itself, but is not a CA"))
        }
        0 => return Vec::new(),
        _ if is_self_issued || is_below_root(judged, &anchor.certificate) => return Vec::new(),
        _ => (CA, format!("the chain ends at `{label}`, which is trusted, but is not a root")),
    };
    let fix = "Trust the root of this CA instead, as `certkit mkca` makes it.";
    judged.report(&diagnostic, &last, message, fix).into_iter().collect()
}

/// Whether the root above is trusted too, so that no client ends the path here.
fn is_below_root(judged: &JudgedPath<'_>, certificate: &Certificate) -> bool {
    let mut roots =
        judged.input.trust.named(&certificate.issuer).filter(|root| root.certificate.is_self_issued());
    roots.next().is_some_and(|root| certificate.signature_by(&root.certificate) == SignatureCheck::Valid)
}
