//! `certkit merge`: read everything, put it in order, prove it, write it.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Context, Result};
use crate::advice::files::notes;
use crate::advice::merge as advice;
use crate::ca::create_files;
use crate::chain::{FetchIssuer, Located, MergeInput, MergedChain, OrderError, TrustStore, merge};
use crate::cli::{Format, MergeArgs};
use crate::finding::{Finding, Location, Severity, without_repeats};
use crate::operands::ca_lookup::trusted_roots;
use crate::operands::fetch::fetch_issuer;
use crate::operands::input::{
    CertificateFile, read_certificates_with, read_private_key_with, require_one_stdin,
};
use crate::operands::output::shell_word;
use crate::operands::password::Passwords;
use crate::pem;
use crate::report::{Dropped, Failure, Merged, Outcome, Report, Role, SubjectName};
use crate::sys::fs::{Existing, NewFile, PUBLIC};
use crate::sys::shell::path_word;
use crate::x509::{Certificate, PrivateKey};

pub(super) fn run(args: &MergeArgs, context: &Context<'_>) -> Result {
    if args.output == "-" && context.global.format == Format::Json {
        return Err(advice::two_outputs());
    }
    let named = args.roots.iter().chain(&args.key).map(PathBuf::as_path);
    require_one_stdin(args.files.iter().map(Path::new).chain(named))?;
    let at = args.at.unwrap_or_else(|| context.clock.now());
    let mut passwords = Passwords::new("--password-file", args.password_file.as_deref());
    let (files, mut findings) = read_files(&args.files, &mut passwords)?;
    let trust = trusted_roots(&args.roots)?;
    let key = args.key.as_deref().map(|key| read_private_key_with(key, &mut passwords)).transpose()?;
    let merged = match merge_files(args, files, key.as_ref(), &trust, at, context, &mut findings) {
        Ok(merged) => merged,
        Err(error) => {
            findings.push(advice::no_chain(&error, advice::MergeFiles(&args.files)));
            return Err(Failure { findings, status: 1 });
        }
    };
    if merged.is_reordered {
        findings.push(advice::reordered());
    }
    findings.extend(advice::validity_warnings(&merged.chain, at));
    if let (Some(gap), Some(last)) = (merged.gap, merged.chain.last()) {
        findings.push(advice::gap(gap, last, advice::MergeFiles(&args.files), args.fetch));
        if findings.iter().any(|finding| finding.severity == Severity::Error) {
            return Err(Failure { findings, status: 1 });
        }
    }
    write(args, &merged, findings, at)
}

/// Reads every file before reporting an error, so that all errors are reported at once.
fn read_files(names: &[String], passwords: &mut Passwords) -> Result<(Vec<CertificateFile>, Vec<Finding>)> {
    let mut files = Vec::with_capacity(names.len());
    let mut findings = Vec::new();
    let mut errors = Vec::new();
    for name in names {
        match read_certificates_with(name, passwords) {
            Ok(file) => {
                errors.extend(file.malformed.iter().cloned().map(Finding::from));
                findings.extend(notes(name, &file));
                let keys = file.private_keys.iter();
                findings.extend(keys.map(|location| advice::private_key_in_input(name, location)));
                files.push(file);
            }
            Err(error) => errors.extend(
                Failure::from(error)
                    .findings
                    .into_iter()
                    .map(|finding| advice::missing_input(finding, name, advice::MergeFiles(names))),
            ),
        }
    }
    if errors.is_empty() { Ok((files, findings)) } else { Err(Failure { findings: errors, status: 2 }) }
}

fn merge_files(
    args: &MergeArgs,
    files: Vec<CertificateFile>,
    key: Option<&PrivateKey>,
    trust: &TrustStore,
    at: OffsetDateTime,
    context: &Context<'_>,
    findings: &mut Vec<Finding>,
) -> std::result::Result<MergedChain, OrderError> {
    let input = MergeInput {
        pool: files.into_iter().flat_map(|file| file.certificates).collect(),
        key,
        trust,
        at,
        keeps_root: args.include_root,
    };
    let mut fetch = |certificate: &Certificate| fetch(certificate, context, findings);
    let fetch: Option<FetchIssuer<'_>> = if args.fetch { Some(&mut fetch) } else { None };
    merge(input, fetch)
}

fn fetch(certificate: &Certificate, context: &Context<'_>, findings: &mut Vec<Finding>) -> Option<Located> {
    let (fetched, errors) = fetch_issuer(certificate, &|url| {
        context.console.say(&format!("fetching the issuer of `{}` from {url}", certificate.label()));
    });
    findings.extend(errors.iter().map(advice::not_fetched));
    findings.extend(fetched.iter().map(advice::fetched));
    fetched.map(|fetched| fetched.issuer)
}

fn write(args: &MergeArgs, merged: &MergedChain, mut findings: Vec<Finding>, at: OffsetDateTime) -> Result {
    let dropped = merged.dropped.iter().map(|(reason, located)| Dropped {
        finding: advice::left_out(reason, located),
        certificate: located.summary(located.role()),
    });
    let dropped: Vec<_> = dropped.collect();
    let notes: Vec<_> = dropped.iter().map(|dropped| dropped.finding.clone()).collect();
    let labels: Vec<_> = dropped.iter().map(|dropped| dropped.certificate.label.clone()).collect();
    findings.extend(advice::all_left_out(&notes, &labels));

    let mut text = String::new();
    let mut line = 1;
    let mut certificates = Vec::with_capacity(merged.chain.len());
    for (index, located) in merged.chain.iter().enumerate() {
        let role = if index == 0 { Role::Leaf } else { located.role() };
        let mut summary = located.summary(role);
        let length = pem::lines_of(located.certificate.der.len());
        summary.location = Some(Location::block(&args.output, index + 1, (line, line + length - 1)));
        line += length;
        certificates.push(summary);
        pem::write(&mut text, "CERTIFICATE", &located.certificate.der);
    }
    let is_file = args.output != "-";
    let mut report = Merged {
        output: args.output.clone(),
        mode: is_file.then_some(PUBLIC),
        at,
        certificates,
        dropped,
        stdout: None,
    };
    let mut next = Vec::new();
    if is_file {
        let file = NewFile {
            path: Path::new(&args.output).to_path_buf(),
            contents: text.into_bytes(),
            mode: PUBLIC,
            existing: if args.force { Existing::Replace } else { Existing::Refuse },
        };
        create_files(&mut [file])?;
        next.push(match merged.gap {
            // Other roots would judge otherwise, and what came through standard input is not there a second time.
            None if !args.roots.iter().any(|roots| is_stdin(roots)) => check_command(args, &report),
            _ => format!("certkit show {}", shell_word(&args.output)),
        });
    } else {
        report.stdout = Some(text.into_bytes());
    }
    Ok(Report { outcome: Outcome::Merged(report), findings: without_repeats(findings), next })
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

fn check_command(args: &MergeArgs, merged: &Merged) -> String {
    let mut command = format!("certkit check {}", shell_word(&args.output));
    let names = merged.certificates.first().map(|leaf| leaf.names.as_slice()).unwrap_or_default();
    let is_host = |name: &&SubjectName| matches!(name.kind, "dns" | "ip") && !name.value.contains('*');
    if merged.certificates.first().is_some_and(|leaf| leaf.is_for_clients_only) {
        command.push_str(" --purpose client");
    } else if let Some(name) = names.iter().find(is_host) {
        command.push_str(&format!(" --host {}", shell_word(&name.value)));
    }
    if let Some(key) = args.key.as_deref().filter(|key| !is_stdin(key)) {
        command.push_str(&format!(" --key {}", shell_word(&key.display().to_string())));
        if let Some(file) = args.password_file.as_deref().filter(|file| !is_stdin(file)) {
            command.push_str(&format!(" --key-password-file {}", path_word(file)));
        }
    }
    for roots in &args.roots {
        command.push_str(&format!(" --roots {}", path_word(roots)));
    }
    if let Some(at) = args.at.and_then(|at| at.format(&Rfc3339).ok()) {
        command.push_str(&format!(" --at {at}"));
    }
    command
}
