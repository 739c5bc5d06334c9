//! `certkit check`: read the chain of a file, or fetch that of a server ([`server`]), and judge it.

mod batch;
mod explain;
mod server;
mod several;
mod typed;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use time::OffsetDateTime;

use self::typed::{Typed, output_of};
use super::{Context, Result, next_command, server_options};
use crate::advice::chain::{damage_errors, form_warnings, key_in_chain};
use crate::chain::{CheckInput, Judgement, TrustStore, check};
use crate::cli::CheckArgs;
use crate::finding::{Finding, Severity};
use crate::operands::ca_folder::{cas_put_aside, known_revocations};
use crate::operands::ca_lookup::{root_file, trusted_roots};
use crate::operands::input::{Malformed, read_certificates_with, read_private_key_with, require_one_stdin};
use crate::operands::password::Passwords;
use crate::operands::revocation_list::read_revocation_list_file;
use crate::operands::server_target::{FileOrServer, file_or_server, for_servers_only, parse_host};
use crate::report::{Checked, Outcome, Report, ServerState};
use crate::sys::shell::{input_word, path_word};
use crate::x509::{Crl, HostName, PrivateKey, Purpose};

pub(super) fn run(args: &CheckArgs, context: &Context<'_>) -> Result {
    if let Some(code) = &args.explain {
        return explain::explain(code);
    }
    if let Some(file) = &args.batch {
        return batch::run(file, context);
    }
    let named = args.roots.iter().chain(&args.key).chain(&args.crl).map(PathBuf::as_path);
    require_one_stdin(args.files.iter().map(Path::new).chain(named))?;
    match args.files.as_slice() {
        [name] => one(name, None, args, &Basis::read(args, context)?),
        names => several::run(names, args, &Basis::read(args, context)?),
    }
}

/// Checks one file or server. `output` is the file that the fixes write, where it is not one of the usual names.
fn one(name: &str, output: Option<&str>, args: &CheckArgs, basis: &Basis) -> Result {
    match file_or_server(name, &server_options(&args.live))? {
        // The server may be another machine, where other files are.
        FileOrServer::Server(target) => server::run(&target, output.unwrap_or("chain.pem"), args, basis),
        FileOrServer::File if args.deep => Err(for_servers_only("--deep", name).into()),
        FileOrServer::File if args.server.is_some() => Err(for_servers_only("--server", name).into()),
        FileOrServer::File if args.http_port.is_some() => Err(for_servers_only("--http-port", name).into()),
        FileOrServer::File if args.min_grade.is_some() => Err(for_servers_only("--min-grade", name).into()),
        FileOrServer::File => of_file(name, output.unwrap_or_else(|| output_of(name)), args, basis),
    }
}

fn of_file(name: &str, output: &str, args: &CheckArgs, basis: &Basis) -> Result {
    let host = args.host.as_deref().map(parse_host).transpose()?;
    let file = {
        // One at a time: a terminal or standard input is asked once.
        let mut passwords = basis.passwords.lock().unwrap_or_else(PoisonError::into_inner);
        read_certificates_with(name, &mut passwords)?
    };
    let word = input_word(name);
    let typed = Typed::new(args, output);
    let options = typed.options();
    let mut findings = damage_errors(name, &file, &options);
    findings.extend(form_warnings(name, &file.forms, &options, &typed.password));
    findings.extend(key_in_chain(name, &file, &options));
    let input =
        CheckInput { typed: options, ..CheckInput::new(&file.certificates, &basis.trust, basis.at, &word) };
    let judgement = basis.judge(args, host.as_ref(), input, file.malformed);
    findings.extend(judgement.findings);
    let holds = findings.iter().all(|finding| finding.severity != Severity::Error);
    let checked = Checked {
        file: name.to_owned(),
        host: host.map(|host| host.to_string()),
        server: None,
        does_chain_hold: holds,
        server_state: ServerState::Good,
        verdict: None,
        at: basis.at,
        path: judgement.path,
        missing_issuer: judgement.missing_issuer,
        trusted_by: judgement.trusted_by,
        other_chain: None,
    };
    let mut next = Vec::new();
    if holds
        && name != "-"
        && args.purpose == Purpose::Server
        && let Some(key) = args.key.as_deref().filter(|key| *key != Path::new("-"))
    {
        let password = next_command::password_option(args.key_password_file.as_deref());
        next.push(next_command::serve(&word, &path_word(key), &password));
    }
    Ok(Report { outcome: Outcome::Checked(checked), findings, next })
}

/// What a chain is judged by.
struct Basis {
    key: Option<PrivateKey>,
    trust: TrustStore,
    crls: Vec<Crl>,
    at: OffsetDateTime,
    /// Of the key and of the files.
    passwords: Mutex<Passwords>,
}

impl Basis {
    /// Reads the files that the arguments name.
    fn read(args: &CheckArgs, context: &Context<'_>) -> Result<Self> {
        let mut passwords = Passwords::new("--key-password-file", args.key_password_file.as_deref());
        let key = args.key.as_deref().map(|key| read_private_key_with(key, &mut passwords)).transpose()?;
        let trust = trusted_roots(&args.roots)?;
        let mut crls = Vec::with_capacity(args.crl.len());
        for path in &args.crl {
            crls.extend(read_revocation_list_file(&path.display().to_string())?);
        }
        let at = args.at.unwrap_or_else(|| context.clock.now());
        Ok(Self { key, trust, crls, at, passwords: Mutex::new(passwords) })
    }

    /// Judges a chain. One with a malformed certificate is not judged: findings about the others would mislead.
    fn judge(
        &self,
        args: &CheckArgs,
        host: Option<&HostName>,
        input: CheckInput<'_>,
        malformed: Vec<Malformed>,
    ) -> Judgement {
        if !malformed.is_empty() {
            return Judgement {
                path: Vec::new(),
                missing_issuer: None,
                trusted_by: None,
                findings: malformed.into_iter().map(Finding::from).collect(),
            };
        }
        let cas = if args.roots.is_empty() { root_file().into_iter().collect() } else { args.roots.clone() };
        let aside = cas.iter().flat_map(|ca| cas_put_aside(ca));
        let aside: Vec<_> = aside.map(|(path, ca)| (path_word(&path), ca)).collect();
        check(&CheckInput {
            aside: &aside,
            revoked: &known_revocations(input.certificates, &cas),
            host,
            emails: &args.email,
            key: self.key.as_ref(),
            crls: &self.crls,
            min_days: args.min_days,
            max_depth: args.max_depth,
            purpose: args.purpose,
            profile: args.profile,
            ..input
        })
    }
}
