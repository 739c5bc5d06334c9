//! `certkit mkca`: a root, and an intermediate if wanted; and what becomes of them later.

mod arguments;
pub(super) mod ends_soon;
mod intermediate;
mod parts;
pub(super) mod renewal;
mod request;
mod rollover;

use std::path::{Path, PathBuf};

use self::arguments::refuse_addresses;
use self::parts::Parts;
use super::{Context, Result};
use crate::advice::ca::{domains_not_limited, foreign_intermediate, refused_by_browsers};
use crate::advice::ca_life::replaced_root;
use crate::ca::{
    CaLevel, CaProfile, Constraint, Event, INTERMEDIATE_FILES, Issuer, Ledger, ROOT_FILES, make_root, new_key,
};
use crate::chain::Located;
use crate::cli::MkcaArgs;
use crate::operands::input::read_certificates;
use crate::operands::output::{Output, Overwrite};
use crate::report::{Outcome, Report, Role};
use crate::sys::fs::{create_folder, free_backup_name};
use crate::sys::shell::path_word;

pub(super) fn run(args: &MkcaArgs, context: &Context<'_>) -> Result {
    let parts = Parts::new(args, context)?;
    if args.life.rollover {
        return rollover::run(parts);
    }
    if args.life.csr {
        return request::make(parts);
    }
    if let Some(file) = &args.life.take {
        return request::take(&parts, file);
    }
    if args.intermediate && !args.force && parts.path(ROOT_FILES.0).exists() {
        return intermediate::add(parts);
    }
    make(parts)
}

/// A whole new CA.
fn make(mut parts: Parts<'_>) -> Result {
    let (args, now) = (parts.args, parts.now);
    let has_intermediate = args.intermediate || args.throwaway_root;
    if !has_intermediate {
        refuse_foreign_intermediate(&parts)?;
        refuse_addresses(args)?;
    }
    parts.ask_password()?;
    let overwrite = Overwrite::forced(args.force);
    let mut output = Output::default();

    let key = new_key(args.key_kind)?;
    let mut profile: CaProfile = parts.profile(CaLevel::Root, &key, None);
    if args.throwaway_root {
        profile.path_length = Some(1);
    }
    let root = make_root(&profile, key, now)?;
    let what = "the CA certificate: install this on clients";
    let root_file = parts.path(ROOT_FILES.0);
    output.ca_certificates(&root_file, root.chain(), what, overwrite);
    if !args.throwaway_root {
        let what = "its private key: keep it secret";
        parts.add_key(&mut output, ROOT_FILES.1, root.key(), what, overwrite)?;
    }
    // The ledger knows every root that was made here: trust stores may have it for years.
    let mut events = vec![parts.root_filed(|filed| Event::issued(root.leaf(), root.leaf(), filed))];
    if has_intermediate {
        let (issued, key) = parts.intermediate(&Issuer::new(&root, now)?, None)?;
        events.push(issued.event);
        let what = "the intermediate certificate: servers send it along";
        let file = parts.path(INTERMEDIATE_FILES.0);
        output.ca_certificates(&file, std::slice::from_ref(&issued.certificate), what, overwrite);
        let what = if args.throwaway_root {
            "its private key, which signs certificates; the root's key was discarded"
        } else {
            "its private key, which signs certificates; ca.key can be kept offline"
        };
        parts.add_key(&mut output, INTERMEDIATE_FILES.1, &key, what, overwrite)?;
    }
    if !parts.folder.as_os_str().is_empty() {
        create_folder(&parts.folder)?;
    }
    let replaced = replaced(&root_file);
    let mut created = output.create_issued(&Ledger::beside(&root_file), &events)?;
    created.at = Some(now);
    created.certificate = Some(Located::from(root.leaf().clone()).summary(Role::Root));
    let mut report = Report::new(Outcome::Created(created));
    report.findings.extend(replaced.map(|(label, backup)| replaced_root(&label, &backup)));
    report.findings.extend(refused_by_browsers(args.key_kind));
    let is_address = |constraint: &Constraint| matches!(constraint, Constraint::Addresses(_));
    if !parts.permitted.is_empty() && parts.permitted.iter().all(is_address) {
        report.findings.push(domains_not_limited());
    }
    let files = if has_intermediate { INTERMEDIATE_FILES } else { ROOT_FILES };
    report.next = vec![parts.mkcert(files), format!("certkit trust install {}", path_word(&root_file))];
    Ok(report)
}

/// The root that is replaced, by its name, and where its certificate is kept.
fn replaced(root: &Path) -> Option<(String, PathBuf)> {
    if !root.exists() {
        return None;
    }
    let read = read_certificates(&root.display().to_string()).ok()?;
    let label = read.certificates.first()?.certificate.label();
    Some((label, free_backup_name(root)))
}

fn refuse_foreign_intermediate(parts: &Parts<'_>) -> Result<()> {
    let (certificate, key) = (parts.path(INTERMEDIATE_FILES.0), parts.path(INTERMEDIATE_FILES.1));
    if !certificate.exists() || !key.exists() {
        return Ok(());
    }
    Err(foreign_intermediate(&certificate, &key, &parts.options()))
}
