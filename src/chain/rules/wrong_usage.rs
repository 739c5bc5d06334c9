//! The extended key usage, where there is one, must name the purpose: of the leaf (RFC 5280 section 4.2.1.12), and, as
//! all clients implement it, of the intermediates too; OpenSSL looks at the root as well. "Any purpose" is enough under
//! the bare RFC. The TLS BR require the extension in a leaf, without "any purpose" (7.1.2.7.10), and forbid it in a root
//! (7.1.2.1.2).

use super::super::clients::Defect;
use super::super::diagnostic::Diagnostic;
use super::super::judged_path::{JudgedPath, PathCertificate, PathFinding};
use super::super::rule::Rule;
use crate::chain::Profile;
use crate::finding::Code;
use crate::x509::Purpose;

const OTHER: Diagnostic = Diagnostic::of_clients(Defect::LeafOtherPurpose);
const OTHER_OF_CA: Diagnostic = Diagnostic::of_clients(Defect::IntermediatePurpose);
const ANY_OF_LEAF: Diagnostic = Diagnostic::of_clients(Defect::LeafAnyPurpose).except(Profile::Rfc5280);
const ANY_OF_CA: Diagnostic = Diagnostic::of_clients(Defect::IntermediateAnyPurpose).except(Profile::Rfc5280);
/// RFC 5280 section 6 takes nothing from a root but its name and key.
const OTHER_OF_ROOT: Diagnostic = of_root(Defect::RootPurpose);
const ANY_OF_ROOT: Diagnostic = of_root(Defect::RootAnyPurpose);
const STEP_UP_OF_ROOT: Diagnostic = of_root(Defect::RootStepUp);
const NOTHING_OF_ROOT: Diagnostic = of_root(Defect::RootWithoutAPurpose);
const STEP_UP: Diagnostic = Diagnostic::of_clients(Defect::LeafStepUp);
const STEP_UP_OF_CA: Diagnostic = Diagnostic::of_clients(Defect::IntermediateStepUp);
const NETSCAPE_STEP_UP_OF_CA: Diagnostic = Diagnostic::of_clients(Defect::IntermediateNetscapeStepUp);
const NOTHING: Diagnostic = Diagnostic::of_clients(Defect::LeafWithoutAPurpose);
const NOTHING_OF_CA: Diagnostic = Diagnostic::of_clients(Defect::IntermediateWithoutAPurpose);
/// The standards do not have it.
const NETSCAPE_TYPE: Diagnostic = Diagnostic::of_clients_alone(Defect::NetscapeTypeForClients)
    .except(Profile::Webpki)
    .except(Profile::Rfc5280);
const MISSING: Diagnostic = Diagnostic::of_clients(Defect::LeafWithoutPurpose).except(Profile::Rfc5280);
/// TLS BR 7.1.2.1.2.
const ROOT_WITH_USAGE: Diagnostic =
    Diagnostic::error(Code::WrongUsage).except(Profile::Tls).except(Profile::Rfc5280);

const fn of_root(defect: Defect) -> Diagnostic {
    Diagnostic::of_clients_alone(defect).except(Profile::Webpki).except(Profile::Rfc5280)
}

pub(super) const RULE: Rule = Rule {
    diagnostics: &[
        OTHER,
        OTHER_OF_CA,
        ANY_OF_LEAF,
        ANY_OF_CA,
        ANY_OF_ROOT,
        OTHER_OF_ROOT,
        STEP_UP,
        STEP_UP_OF_CA,
        NETSCAPE_STEP_UP_OF_CA,
        STEP_UP_OF_ROOT,
        NOTHING,
        NOTHING_OF_CA,
        NOTHING_OF_ROOT,
        NETSCAPE_TYPE,
        MISSING,
        ROOT_WITH_USAGE,
    ],
    judge,
};

const ANY: &str = "2.5.29.37.0";
/// Server-gated cryptography, of the time when browsers outside the USA had short keys; OpenSSL takes both for serverAuth.
const MICROSOFT_STEP_UP: &str = "1.3.6.1.4.1.311.10.3.3";
const NETSCAPE_STEP_UP: &str = "2.16.840.1.113730.4.1";
const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";

fn judge(judged: &JudgedPath<'_>) -> Vec<PathFinding> {
    let mut found = Vec::new();
    for member in judged.all() {
        let Some((diagnostic, message)) = wrong(judged, &member) else { continue };
        let fix = "Have it issued for this purpose: `certkit mkcert NAME` for a server, with --client for a client.";
        found.extend(judged.report(&diagnostic, &member, message, fix));
    }
    let leaf = judged.leaf();
    if leaf.certificate.is_netscape_type_of_others && judged.input.purpose == Purpose::Server {
        let message = format!("the Netscape certificate type of `{}` is not for servers", leaf.label());
        let fix = "Have it issued again without the Netscape certificate type, as `certkit mkcert` does.";
        found.extend(judged.report(&NETSCAPE_TYPE, &leaf, message, fix));
    }
    found
}

fn wrong(judged: &JudgedPath<'_>, member: &PathCertificate<'_>) -> Option<(Diagnostic, String)> {
    let (wanted, purpose) = match judged.input.purpose {
        Purpose::Client => (CLIENT_AUTH, "clients (clientAuth)"),
        Purpose::Server => (SERVER_AUTH, "servers (serverAuth)"),
    };
    let is_webpki = judged.input.profile == Profile::Webpki;
    let label = member.label();
    let is_leaf = member.index == 0;
    let Some(usages) = member.certificate.extended_key_usage.as_deref() else {
        let message = format!("`{label}` has no extended key usage, which the public web requires");
        return (is_leaf && judged.input.purpose == Purpose::Server).then_some((MISSING, message));
    };
    let has = |oid: &str| usages.iter().any(|usage| usage == oid);
    if member.is_anchor && is_webpki && member.certificate.is_self_issued() {
        let message =
            format!("the root `{label}` has an extended key usage, which the public web forbids in roots");
        return Some((ROOT_WITH_USAGE, message));
    }
    if has(ANY) && (is_webpki && is_leaf || !has(wanted) && !member.is_anchor) {
        let diagnostic = if is_leaf { ANY_OF_LEAF } else { ANY_OF_CA };
        let message = format!(
            "the extended key usage of `{label}` is \"any purpose\", which is not enough for {purpose}"
        );
        return Some((diagnostic, message));
    }
    if has(wanted) || has(ANY) && !member.is_anchor {
        return None;
    }
    let is_step_up = judged.input.purpose == Purpose::Server;
    let (is_microsoft, is_netscape) =
        (is_step_up && has(MICROSOFT_STEP_UP), is_step_up && has(NETSCAPE_STEP_UP));
    let of = |leaf, ca, root| match member {
        _ if is_leaf => leaf,
        _ if member.is_anchor => root,
        _ => ca,
    };
    let diagnostic = if has(ANY) {
        ANY_OF_ROOT
    } else if usages.is_empty() {
        of(NOTHING, NOTHING_OF_CA, NOTHING_OF_ROOT)
    } else if is_microsoft {
        of(STEP_UP, STEP_UP_OF_CA, STEP_UP_OF_ROOT)
    } else if is_netscape {
        of(STEP_UP, NETSCAPE_STEP_UP_OF_CA, STEP_UP_OF_ROOT)
    } else {
        of(OTHER, OTHER_OF_CA, OTHER_OF_ROOT)
    };
    let allowed: Vec<_> = usages.iter().map(|oid| name(oid)).collect();
    let allowed = if allowed.is_empty() { "nothing".into() } else { allowed.join(", ") };
    Some((diagnostic, format!("`{label}` is not for {purpose}; its extended key usage allows {allowed}")))
}

fn name(oid: &str) -> &str {
    match oid {
        ANY => "any purpose",
        SERVER_AUTH => "servers",
        CLIENT_AUTH => "clients",
        "1.3.6.1.5.5.7.3.3" => "code signing",
        "1.3.6.1.5.5.7.3.4" => "mail protection",
        "1.3.6.1.5.5.7.3.8" => "time stamping",
        "1.3.6.1.5.5.7.3.9" => "OCSP signing",
        other => other,
    }
}
