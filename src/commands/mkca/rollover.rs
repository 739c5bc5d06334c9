//! `certkit mkca --rollover`: a new root beside the old one.
//!
//! The old root certifies the new one (ca.cross.crt). Servers send that certificate along, so clients
//! that trust only the old root take their chains, and so do those that trust only the new one.
//!
//! An intermediate is made anew too, with its own key, rather than signed again: one intermediate with
//! certificates of two roots would leave clients to choose between them, and OpenSSL does not try the
//! second one when the first leads nowhere. What the old intermediate signed stays as it is.

use std::path::{Path, PathBuf};

use super::super::Result;
use super::arguments::refuse_addresses;
use super::parts::Parts;
use crate::advice::ca::refused_by_browsers;
use crate::advice::ca_life::{not_a_root, not_cross_signed, old_root_stays, same_root_name};
use crate::ca::{
    CROSS_FILE, CaLevel, Event, Filed, INTERMEDIATE_FILES, Issuer, ROOT_FILES, allows_below,
    certificate_text, make_root, new_key, old_path,
};
use crate::chain::Located;
use crate::operands::output::{Output, Overwrite};
use crate::operands::seal::is_encrypted_key;
use crate::report::{CreatedFile, FileRole, Outcome, Report, Role};
use crate::sys::clock::date;
use crate::sys::fs::{self, read_limited};
use crate::sys::shell::path_word;
use crate::x509::Certificate;

/// A CA's file is a few kilobytes.
const MAX_BYTES: u64 = 1 << 20;

pub(super) fn run(mut parts: Parts<'_>) -> Result {
    let now = parts.now;
    let old = parts.choice(ROOT_FILES).find()?;
    if !old.certified.leaf().is_self_signed() {
        return Err(not_a_root(&old.path));
    }
    let is_there = [INTERMEDIATE_FILES.0, INTERMEDIATE_FILES.1].iter().any(|file| parts.path(file).exists());
    let has_intermediate = parts.args.intermediate || is_there;
    if !has_intermediate {
        refuse_addresses(parts.args)?;
    }
    let issuer = old.issuer(now)?;
    parts.follow(old.certified.leaf());
    // An encrypted key is not followed by an open one.
    parts.encrypt |=
        [ROOT_FILES.1, INTERMEDIATE_FILES.1].iter().any(|key| is_encrypted_key(&parts.path(key)));
    parts.ask_password()?;

    let key = new_key(parts.args.key_kind)?;
    let root = make_root(&parts.profile(CaLevel::Root, &key, Some(old.certified.leaf())), key, now)?;
    if root.leaf().subject.der == old.certified.leaf().subject.der {
        return Err(same_root_name(&root.leaf().label()));
    }
    let has_room = allows_below(old.certified.leaf(), 1 + u32::from(has_intermediate));
    let cross = has_room.then(|| issuer.certify_again(root.leaf(), now)).transpose()?;

    let aside = Aside::new(&parts, has_intermediate);
    let mut output = Output::default();
    let what = "the new CA certificate: install this on clients";
    output.replacing(&old.path, FileRole::CaCertificate, text_of(root.leaf()), what);
    let what = "its private key: keep it secret";
    output.replacing(&parts.path(ROOT_FILES.1), FileRole::CaKey, parts.key_text(root.key())?, what);
    let mut events = vec![parts.root_filed(|filed| Event::issued(root.leaf(), root.leaf(), filed))];
    if has_intermediate {
        let (issued, key) = parts.intermediate(&Issuer::new(&root, now)?, Some(root.leaf()))?;
        events.push(issued.event);
        let what = "the new intermediate certificate: servers send it along";
        let file = parts.path(INTERMEDIATE_FILES.0);
        output.replacing(&file, FileRole::CaCertificate, text_of(&issued.certificate), what);
        let what = "its private key, which signs certificates";
        output.replacing(&parts.path(INTERMEDIATE_FILES.1), FileRole::CaKey, parts.key_text(&key)?, what);
    }
    let cross_path = parts.path(CROSS_FILE);
    if let Some((cross, _)) = &cross {
        let filed =
            Filed { file: Some(&cross_path), requested_by: Some("mkca --rollover"), ..Filed::default() };
        events.push(Event::issued(old.certified.leaf(), cross, filed));
        let what = "the new CA, certified by the old one: servers send it to clients that know the old one";
        output.ca_certificates(&cross_path, std::slice::from_ref(cross), what, Overwrite::Replace);
    }
    // The old files have their second names before the first is replaced: no kill can lose a key.
    let kept = aside.keep()?;
    let mut created = output.create_issued(&old.ledger, &events)?;
    created.files.extend(kept);
    created.at = Some(now);
    created.certificate = Some(Located::from(root.leaf().clone()).summary(Role::Root));

    let mut report = Report::new(Outcome::Created(created));
    let (old_file, label) = (&aside.root, old.certified.leaf().label());
    report.findings.push(match &cross {
        Some((cross, _)) => old_root_stays(&label, old_file, cross.not_after, &cross_path),
        None => not_cross_signed(&label, old_file),
    });
    report.findings.extend(refused_by_browsers(parts.args.key_kind));
    let files = if has_intermediate { INTERMEDIATE_FILES } else { ROOT_FILES };
    report.next = vec![format!("certkit trust install {}", path_word(&old.path)), parts.mkcert(files)];
    if parts.path(files.0).with_extension("crl").exists() {
        report.next.push(format!("certkit crl{}", parts.ca_options(files)));
    }
    Ok(report)
}

fn text_of(certificate: &Certificate) -> Vec<u8> {
    certificate_text(std::slice::from_ref(certificate))
}

/// The files of the old CA and where they are kept.
struct Aside {
    /// Of the root's certificate.
    root: PathBuf,
    files: Vec<(PathBuf, PathBuf)>,
}

impl Aside {
    fn new(parts: &Parts<'_>, has_intermediate: bool) -> Self {
        let mut files = vec![parts.path(ROOT_FILES.0), parts.path(ROOT_FILES.1)];
        if has_intermediate {
            files.extend([parts.path(INTERMEDIATE_FILES.0), parts.path(INTERMEDIATE_FILES.1)]);
        }
        // Their lists go on under their new names.
        let certificates = files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "crt"));
        let lists: Vec<_> = certificates.map(|file| file.with_extension("crl")).collect();
        files.extend(lists);
        files.retain(|file| file.exists());
        let day = date(parts.now);
        let same = |one: &Path, other: &Path| {
            read_limited(one, MAX_BYTES)
                .is_ok_and(|bytes| read_limited(other, MAX_BYTES).is_ok_and(|b| b == bytes))
        };
        let is_free = |copy: u32| {
            files.iter().all(|file| {
                let old = old_path(file, &day, copy);
                !old.exists() || same(file, &old)
            })
        };
        let copy = (1..).find(|copy| is_free(*copy)).unwrap_or(1);
        let root = old_path(&parts.path(ROOT_FILES.0), &day, copy);
        Self { root, files: files.into_iter().map(|file| (old_path(&file, &day, copy), file)).collect() }
    }

    fn keep(&self) -> Result<Vec<CreatedFile>> {
        let mut output = Output::default();
        for (old, file) in &self.files {
            let contents = read_limited(file, MAX_BYTES).map_err(|source| fs::Error::Io {
                action: "read",
                path: file.clone(),
                source,
            })?;
            let has_ending = |ending: &str| file.extension().is_some_and(|found| found == ending);
            if has_ending("crl") {
                output.text(old, FileRole::Crl, contents, "the old list", Overwrite::Refuse);
            } else if has_ending("key") {
                output.private(old, FileRole::CaKey, contents, "the old key", Overwrite::Refuse);
            } else {
                let what = "the old certificate";
                output.text(old, FileRole::CaCertificate, contents, what, Overwrite::Refuse);
            }
        }
        Ok(output.create()?.files)
    }
}
