//! `certkit mkca --intermediate` where there is a root already: the root stays as it is.

use super::super::Result;
use super::parts::Parts;
use crate::advice::ca::{clamped, refused_by_browsers};
use crate::advice::ca_life::{no_room_below, root_key_away};
use crate::ca::{INTERMEDIATE_FILES, ROOT_FILES, allows_below};
use crate::chain::Located;
use crate::operands::output::{Output, Overwrite};
use crate::report::{Outcome, Report, Role};

pub(super) fn add(mut parts: Parts<'_>) -> Result {
    if !parts.path(ROOT_FILES.1).exists() {
        return Err(root_key_away(&parts.path(ROOT_FILES.0), &parts.options()));
    }
    let root = parts.choice(ROOT_FILES).find()?;
    if !allows_below(root.certified.leaf(), 1) {
        return Err(no_room_below(&root.path, &parts.options()));
    }
    parts.follow(root.certified.leaf());
    parts.ask_password()?;
    let (issued, key) = parts.intermediate(&root.issuer(parts.now)?, Some(root.certified.leaf()))?;
    let mut output = Output::default();
    let what = "the intermediate certificate: servers send it along";
    let file = parts.path(INTERMEDIATE_FILES.0);
    output.ca_certificates(&file, std::slice::from_ref(&issued.certificate), what, Overwrite::Refuse);
    let what = "its private key, which signs certificates; ca.key can be kept offline";
    parts.add_key(&mut output, INTERMEDIATE_FILES.1, &key, what, Overwrite::Refuse)?;
    let mut created = output.create_issued(&root.ledger, &[issued.event])?;
    created.at = Some(parts.now);
    let end = issued.certificate.not_after;
    created.certificate = Some(Located::from(issued.certificate).summary(Role::Intermediate));
    let mut report = Report::new(Outcome::Created(created));
    report.findings.extend(issued.clamped.then(|| clamped(end, &root.path)));
    report.findings.extend(refused_by_browsers(parts.args.key_kind));
    report.next = vec![parts.mkcert(INTERMEDIATE_FILES)];
    Ok(report)
}
