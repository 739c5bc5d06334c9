//! `certkit check`: read the chain of a file, or fetch that of a server ([`server`]), and judge it.

mod batch;
mod explain;
mod revocation;
mod server;
mod server_words;

use time::OffsetDateTime;

use super::{Context, Result};
use crate::advice::files::form_notes;
use crate::chain::{self, CheckInput, Judgement, Located, Origin, TrustStore};
use crate::cli::{self, CheckArgs};
use crate::container::Note;
use crate::finding::{Code, Finding, Location, Severity};
use crate::operands::ca_lookup::trust_local_ca;
use crate::operands::input::{
    name as input_name, read_certificates, read_certificates_with, read_private_key_with,
};
use crate::operands::output::shell_word;
use crate::operands::password::Passwords;
use crate::operands::server_target::{self, Subject, parse_host};
use crate::pem::{Damage, DamageKind};
use crate::report::{Checked, Failure, Outcome, Report};
use crate::x509::{Crl, HostName, PrivateKey, Purpose};

/// Runs the command.
pub(super) fn run(args: &CheckArgs, context: &Context<'_>) -> Result {
    if let Some(code) = &args.explain {
        return explain::explain(code);
    }
    if let Some(file) = &args.batch {
        return batch::run(file, context);
    }
    let name = args.file.as_deref().unwrap_or_default();
    match server_target::subject(name, &args.live)? {
        Subject::Server(place) => server::run(&place, args, context),
        Subject::File if args.deep => {
            let message = format!("--deep is for servers, and {} is a file", input_name(name));
            Err(Finding::error(Code::InvalidSetting, message).fix("name a server: HOST:PORT").into())
        }
        Subject::File => of_file(name, args, context),
    }
}

fn of_file(name: &str, args: &CheckArgs, context: &Context<'_>) -> Result {
    let host = args.host.as_deref().map(parse_host).transpose()?;
    let mut passwords = Passwords::new("--key-password-file", args.key_password_file.as_deref());
    let file = read_certificates_with(name, &mut passwords)?;
    let basis = Basis::read(args, host, &mut passwords, context)?;
    let word = shell_word(name);
    let damaged = damage_findings(name, &file.damages).into_iter();
    let mut findings: Vec<_> =
        damaged.map(|finding| crate::advice::files::quoting_glued(finding, &file)).collect();
    findings.extend(form_warnings(name, &file.forms));
    let judgement =
        basis.judge(args, &file.certificates, Failure::from(file.malformed).findings, &word, false);
    findings.extend(judgement.findings);
    let checked = Checked {
        file: name.to_owned(),
        host: basis.host.map(|host| host.to_string()),
        server: None,
        at: basis.at,
        path: judgement.path,
        missing_issuer: judgement.missing_issuer,
        trusted_by: judgement.trusted_by,
    };
    let holds = findings.iter().all(|finding| finding.severity != Severity::Error);
    let mut next = Vec::new();
    if holds
        && name != "-"
        && let Some(key) = &args.key
    {
        next.push(format!("certkit serve --cert {word} --key {}", shell_word(&key.display().to_string())));
    }
    Ok(Report { outcome: Outcome::Checked(checked), findings, next })
}

/// What a chain is judged by.
struct Basis {
    host: Option<HostName>,
    key: Option<PrivateKey>,
    trust: TrustStore,
    crls: Vec<Crl>,
    at: OffsetDateTime,
}

impl Basis {
    /// Reads the files that the arguments name.
    fn read(
        args: &CheckArgs,
        host: Option<HostName>,
        passwords: &mut Passwords,
        context: &Context<'_>,
    ) -> Result<Self> {
        let key = args.key.as_deref().map(|key| read_private_key_with(key, passwords)).transpose()?;
        let trust = trust(args)?;
        let mut crls = Vec::with_capacity(args.crl.len());
        for path in &args.crl {
            crls.extend(revocation::read(&path.display().to_string())?);
        }
        Ok(Self { host, key, trust, crls, at: args.at.unwrap_or_else(|| context.clock.now()) })
    }

    /// Judges a chain; `word` names its file or server in a command. One with a malformed certificate is not judged:
    /// without it the others make no sense.
    fn judge(
        &self,
        args: &CheckArgs,
        certificates: &[Located],
        malformed: Vec<Finding>,
        word: &str,
        is_live: bool,
    ) -> Judgement {
        if !malformed.is_empty() {
            return Judgement {
                path: Vec::new(),
                missing_issuer: None,
                trusted_by: None,
                findings: malformed,
            };
        }
        chain::check(&CheckInput {
            host: self.host.as_ref(),
            emails: &args.email,
            key: self.key.as_ref(),
            crls: &self.crls,
            min_days: args.min_days,
            max_depth: args.max_depth,
            purpose: purpose(args.purpose),
            profile: profile(args.profile),
            is_live,
            ..CheckInput::new(certificates, &self.trust, self.at, word)
        })
    }
}

fn purpose(purpose: cli::Purpose) -> Purpose {
    match purpose {
        cli::Purpose::Client => Purpose::Client,
        cli::Purpose::Server => Purpose::Server,
    }
}

fn profile(profile: cli::Profile) -> chain::Profile {
    match profile {
        cli::Profile::Rfc5280 => chain::Profile::Rfc5280,
        cli::Profile::Tls => chain::Profile::Tls,
        cli::Profile::Webpki => chain::Profile::Webpki,
    }
}

/// A server reads the file as it is, with openssl's reader or one like it. What that one cannot read is an error here,
/// though certkit can.
fn damage_findings(file: &str, damages: &[Damage]) -> Vec<Finding> {
    let error = |damage: &Damage| {
        let code = if damage.kind == DamageKind::Glued { Code::PemGlued } else { Code::PemMalformed };
        let message = format!("{}: openssl and most servers cannot read this", damage.kind.as_str());
        let output = if file == "chain.pem" { "mended.pem" } else { "chain.pem" };
        let fix = format!(
            "certkit merge {} -o {output} puts each BEGIN and END on a line of its own",
            shell_word(file)
        );
        Finding::error(code, message).at(Location::line(file, damage.line)).fix(fix)
    };
    damages.iter().filter(|damage| damage.kind.breaks_openssl()).map(error).collect()
}

/// The chain in another form than PEM may be right, and is judged. Yet few servers read such a file.
fn form_warnings(file: &str, forms: &[Note]) -> Vec<Finding> {
    let warning = |note: Finding| Finding {
        severity: Severity::Warning,
        message: format!("{}. Most servers want PEM", note.message),
        fix: Some(format!("certkit merge {} -o chain.pem", shell_word(file))),
        ..note
    };
    form_notes(file, forms).into_iter().map(warning).collect()
}

fn trust(args: &CheckArgs) -> Result<TrustStore> {
    if args.roots.is_empty() {
        let mut trust = TrustStore::system();
        trust_local_ca(&mut trust);
        return Ok(trust);
    }
    let mut trust = TrustStore::default();
    for path in &args.roots {
        let name = path.display().to_string();
        let read = read_certificates(&name)?;
        if !read.malformed.is_empty() {
            return Err(read.malformed.into());
        }
        for located in read.certificates {
            trust.add(located.certificate, Origin::File(name.clone()));
        }
    }
    Ok(trust)
}
