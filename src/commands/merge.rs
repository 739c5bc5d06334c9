//! `certkit merge`: read everything, put it in order, prove it, write it.

use std::path::Path;

use super::{Context, Result};
use crate::chain::{Located, Order, OrderError, TrustStore, order};
use crate::cli::MergeArgs;
use crate::finding::{Code, Finding, Location, Severity};
use crate::operands::ca_lookup::trust_local_ca;
use crate::operands::fetch;
use crate::operands::input::{
    CertificateFile, certificates_in, read_certificates_with, read_private_key_with,
};
use crate::operands::output::shell_word;
use crate::operands::password::Passwords;
use crate::pem;
use crate::report::{Dropped, Failure, Merged, Outcome, Report, Role, SubjectName};
use crate::sys::clock::date;
use crate::sys::fs::{Existing, NewFile, PUBLIC, create_all};
use crate::x509::{Certificate, PrivateKey, SignatureCheck};
use time::OffsetDateTime;

/// Runs the command.
pub(super) fn run(args: &MergeArgs, context: &Context<'_>) -> Result {
    if args.output == "-" && context.global.format == crate::cli::Format::Json {
        let message = "the chain and the JSON report cannot both go to standard output";
        return Err(Finding::error(Code::InvalidSetting, message).fix("name a file with -o").into());
    }
    let at = args.at.unwrap_or_else(|| context.clock.now());
    let mut passwords = Passwords::new("--password-file", args.password_file.as_deref());
    let (files, mut findings) = read_files(&args.files, &mut passwords)?;
    let key = args.key.as_deref().map(|key| read_private_key_with(key, &mut passwords)).transpose()?;
    let mut pool: Vec<_> = files.into_iter().flat_map(|file| file.certificates).collect();
    let mut trust = TrustStore::system();
    trust_local_ca(&mut trust);

    if args.fetch {
        fetch_missing(&mut pool, key.as_ref(), &trust, at, &mut findings, context);
    }
    let order = match order(pool, key.as_ref(), &trust, at) {
        Ok(order) => order,
        Err(error) => {
            findings.push(no_chain(&error, args, key.as_ref()));
            return Err(Failure { findings, status: 1 });
        }
    };
    if order.reordered {
        let message = "put into order: the server certificate first, each one followed by its issuer";
        findings.push(Finding::note(Code::Reordered, message));
    }
    findings.extend(validity_findings(&order, at));
    if !order.complete {
        let finding = incomplete(&order, args);
        if finding.severity == Severity::Error {
            findings.push(finding);
            return Err(Failure { findings, status: 1 });
        }
        findings.push(finding);
    }
    write(args, order, findings, at)
}

/// Reads every file before complaining, so that all troubles are told at once.
fn read_files(names: &[String], passwords: &mut Passwords) -> Result<(Vec<CertificateFile>, Vec<Finding>)> {
    let mut files = Vec::with_capacity(names.len());
    let mut findings = Vec::new();
    let mut troubles = Vec::new();
    for name in names {
        match read_certificates_with(name, passwords) {
            Ok(file) => {
                troubles.extend(file.malformed.iter().cloned().map(Finding::from));
                findings.extend(crate::advice::files::notes(name, &file));
                findings.extend(file.private_keys.iter().map(|place| {
                    Finding::warning(
                        Code::PrivateKeyInInput,
                        format!("{name} holds a private key; it is not in the new file, which everybody may read"),
                    )
                    .at(place.clone())
                }));
                files.push(file);
            }
            Err(error) => troubles.extend(Failure::from(error).findings.into_iter().map(|mut finding| {
                if finding.code == Code::NotFound
                    && let Some(first) = names.first().filter(|first| *first != name)
                {
                    finding.fix = Some(format!(
                        "check the spelling and the folder you are in; if no bundle is needed: certkit merge {}",
                        shell_word(first)
                    ));
                }
                finding
            })),
        }
    }
    if troubles.is_empty() { Ok((files, findings)) } else { Err(Failure { findings: troubles, status: 2 }) }
}

/// Adds the issuers that the files lack, from the addresses that the certificates name, one after the other.
fn fetch_missing(
    pool: &mut Vec<Located>,
    key: Option<&PrivateKey>,
    trust: &TrustStore,
    at: OffsetDateTime,
    findings: &mut Vec<Finding>,
    context: &Context<'_>,
) {
    for _ in 0..MAX_FETCHED {
        let Ok(order) = order(pool.clone(), key, trust, at) else { return };
        let Some(last) =
            order.chain.last().filter(|last| !order.complete && !last.certificate.is_self_issued())
        else {
            return;
        };
        let Some(fetched) = fetch_issuer(&last.certificate, findings, context) else { return };
        pool.push(fetched);
    }
}

/// Longer chains than any CA has.
const MAX_FETCHED: usize = 8;

/// The certificate that signed `certificate`, from one of the addresses in it.
fn fetch_issuer(
    certificate: &Certificate,
    findings: &mut Vec<Finding>,
    context: &Context<'_>,
) -> Option<Located> {
    for url in &certificate.issuer_urls {
        context.talk.say(&format!("getting the issuer of `{}` from {url}", certificate.label()));
        let failed = |why: &str| {
            Finding::warning(Code::FetchFailed, format!("nothing could be got from {url}: {why}"))
                .fix("try again later, or download the bundle from the CA's page")
        };
        let bytes = match fetch::get(url) {
            Ok(bytes) => bytes,
            Err(error) => {
                findings.push(failed(&error.to_string()));
                continue;
            }
        };
        let certificates = match certificates_in(url, &bytes) {
            Ok(certificates) => certificates,
            Err(error) => {
                findings.push(failed(&error.to_string()));
                continue;
            }
        };
        let is_issuer = |located: &Located| {
            certificate.names_issuer(&located.certificate)
                && certificate.signature_by(&located.certificate) != SignatureCheck::Invalid
        };
        if let Some(issuer) = certificates.into_iter().find(is_issuer) {
            let message = format!("fetched `{}` from {url}", issuer.certificate.label());
            findings.push(Finding::note(Code::Fetched, message));
            return Some(issuer);
        }
        findings.push(failed("what is there did not sign this certificate"));
    }
    None
}

fn no_chain(error: &OrderError, args: &MergeArgs, key: Option<&PrivateKey>) -> Finding {
    let list = |leaves: &[Located]| {
        let line = |leaf: &Located| {
            let place = leaf.location.as_ref().map(|at| format!(" in {at}")).unwrap_or_default();
            format!(
                "\n{}{place}, public key SHA-256 {}",
                leaf.certificate.label(),
                leaf.certificate.spki_sha256()
            )
        };
        leaves.iter().map(line).collect::<String>()
    };
    let files = args.files.iter().map(|file| shell_word(file)).collect::<Vec<_>>().join(" ");
    match error {
        OrderError::NoLeaf => Finding::error(
            Code::NoLeaf,
            "there is no server certificate among these, only certificates of CAs",
        )
        .fix(format!("add the file with your own certificate: certkit merge server.crt {files}")),
        OrderError::MultipleLeaves(leaves) => Finding::error(
            Code::MultipleLeaves,
            format!("there are several server certificates:{}", list(leaves)),
        )
        .fix(format!(
            "leave all but one away, or let the key choose: certkit merge {files} --key server.key"
        )),
        OrderError::KeyMismatch(leaves) => {
            let key =
                key.map(|key| format!("{} ({})", key.spki_sha256(), key.description())).unwrap_or_default();
            Finding::error(
                Code::KeyMismatch,
                format!(
                    "the private key belongs to none of the server certificates:{}\nthe key's public key SHA-256 is {key}",
                    list(leaves)
                ),
            )
            .fix("use the key that was made together with the certificate")
        }
    }
}

/// Merging does not judge, but a chain that has ended is worth a word.
fn validity_findings(order: &Order, at: OffsetDateTime) -> Vec<Finding> {
    let mut findings = Vec::new();
    for located in &order.chain {
        let certificate = &located.certificate;
        let finding = if certificate.not_after < at {
            let message = format!("`{}` ended on {}", certificate.label(), date(certificate.not_after));
            Finding::warning(Code::Expired, message).fix("get the newer certificate and merge again")
        } else if certificate.not_before > at {
            let message =
                format!("`{}` is not valid before {}", certificate.label(), date(certificate.not_before));
            Finding::warning(Code::NotYetValid, message)
        } else {
            continue;
        };
        findings.push(match &located.location {
            Some(location) => finding.at(location.clone()),
            None => finding,
        });
    }
    findings
}

/// The chain reaches no root that is known here. A leaf alone is then certainly not enough; an intermediate may well be
/// issued by the root of a private CA.
fn incomplete(order: &Order, args: &MergeArgs) -> Finding {
    let Some(last) = order.chain.last() else {
        return Finding::error(Code::IncompleteChain, "there is no chain");
    };
    let certificate = &last.certificate;
    let issuer = certificate.issuer.label();
    let label = certificate.label();
    if certificate.is_self_issued() {
        let message = format!("`{label}` is self-signed and trusted by nobody here");
        return Finding::warning(Code::SelfSigned, message)
            .fix("for your own machines make a CA and a certificate: certkit mkca, certkit mkcert NAME");
    }
    if order.chain.len() > 1 {
        let message = format!(
            "the chain ends at `{label}`. Its issuer `{issuer}` is in none of these files and not trusted here: fine, if it is \
             the root of a private CA; if not, an intermediate is missing"
        );
        return Finding::warning(Code::IncompleteChain, message)
            .fix(format!("add the certificate of `{issuer}` to the files, and it can be told"));
    }
    let can_fetch = !args.fetch && !certificate.issuer_urls.is_empty();
    let mut message = format!(
        "the intermediate certificate of `{issuer}`, which issued `{label}`, is in none of these files, and no trusted root \
         has that name"
    );
    for url in &certificate.issuer_urls {
        message.push_str(&format!("\nthe CA offers it at {url}"));
    }
    let mut fix = String::new();
    if can_fetch {
        let files: Vec<_> = args.files.iter().map(|file| shell_word(file)).collect();
        fix = format!("certkit merge {} --fetch gets it from there; or ", files.join(" "));
    }
    fix.push_str(
        "add the bundle that the CA sent along: certkit merge server.crt ca-bundle.ca; if it is your own CA, add its ca.crt",
    );
    Finding::error(Code::MissingIntermediate, message).fix(fix)
}

fn write(args: &MergeArgs, order: Order, mut findings: Vec<Finding>, at: OffsetDateTime) -> Result {
    let Order { mut chain, has_root, dropped, .. } = order;
    let mut left_out: Vec<_> = dropped
        .into_iter()
        .map(|(finding, located)| Dropped { finding, certificate: located.summary(located.role()) })
        .collect();
    if has_root
        && !args.include_root
        && let Some(root) = chain.pop()
    {
        let message = format!("left out: the root `{}`; clients have it already", root.certificate.label());
        let finding = Finding::note(Code::RootDropped, message);
        left_out.push(Dropped { finding, certificate: root.summary(Role::Root) });
    }
    findings.extend(left_out.iter().map(|dropped| dropped.finding.clone()));

    let mut text = String::new();
    let mut line = 1;
    let mut certificates = Vec::with_capacity(chain.len());
    for (index, located) in chain.iter().enumerate() {
        let role = if index == 0 { Role::Leaf } else { located.role() };
        let mut summary = located.summary(role);
        let length = pem::lines_of(located.certificate.der.len());
        summary.location = Some(Location::block(&args.output, index + 1, (line, line + length - 1)));
        line += length;
        certificates.push(summary);
        pem::write(&mut text, "CERTIFICATE", &located.certificate.der);
    }
    let mode = (args.output != "-").then_some(PUBLIC);
    let mut merged =
        Merged { output: args.output.clone(), mode, at, certificates, dropped: left_out, stdout: None };
    let mut next = Vec::new();
    if args.output == "-" {
        merged.stdout = Some(text.into_bytes());
    } else {
        let file = NewFile {
            path: Path::new(&args.output).to_path_buf(),
            contents: text.into_bytes(),
            mode: PUBLIC,
            existing: if args.force { Existing::Replace } else { Existing::Refuse },
        };
        create_all(&[file])?;
        next.push(check_command(args, &merged));
    }
    Ok(Report { outcome: Outcome::Merged(merged), findings, next })
}

fn check_command(args: &MergeArgs, merged: &Merged) -> String {
    let mut command = format!("certkit check {}", shell_word(&args.output));
    let names = merged.certificates.first().map(|leaf| leaf.names.as_slice()).unwrap_or_default();
    let is_host = |name: &&SubjectName| matches!(name.kind, "dns" | "ip") && !name.value.contains('*');
    if let Some(name) = names.iter().find(is_host) {
        command.push_str(&format!(" --host {}", shell_word(&name.value)));
    }
    if let Some(key) = &args.key {
        command.push_str(&format!(" --key {}", shell_word(&key.display().to_string())));
    }
    command
}
