//! `certkit check`: read the chain, judge it.

use super::ca_lookup::trust_local_ca;
use super::input::{read_certificates, read_certificates_with, read_private_key_with};
use super::input_words::form_notes;
use super::output::shell_word;
use super::password::Passwords;
use super::{Context, Result};
use crate::chain::{self, CheckInput, Origin, TrustStore};
use crate::cli::{self, CheckArgs};
use crate::container::Note;
use crate::finding::{Code, Finding, Location, Severity};
use crate::pem::{Damage, DamageKind};
use crate::report::{Checked, Failure, Outcome, Report};
use crate::x509::{HostName, Purpose};

/// Runs the command.
pub(super) fn run(args: &CheckArgs, context: &Context<'_>) -> Result {
    let host = args.host.as_deref().map(parse_host).transpose()?;
    let mut passwords = Passwords::new("--key-password-file", args.key_password_file.as_deref());
    let file = read_certificates_with(&args.file, &mut passwords)?;
    let key = args.key.as_deref().map(|key| read_private_key_with(key, &mut passwords)).transpose()?;
    let trust = trust(args)?;
    let at = args.at.unwrap_or_else(|| context.clock.now());
    let word = shell_word(&args.file);
    let mut findings = damage_findings(&args.file, &file.damages);
    findings.extend(form_warnings(&args.file, &file.forms));
    findings.extend(file.malformed);
    let judgement = chain::check(&CheckInput {
        certificates: &file.certificates,
        trust: &trust,
        at,
        host: host.as_ref(),
        key: key.as_ref(),
        min_days: args.min_days,
        purpose: match args.purpose {
            cli::Purpose::Client => Purpose::Client,
            cli::Purpose::Server => Purpose::Server,
        },
        file: &word,
    });
    findings.extend(judgement.findings);
    let checked = Checked {
        file: args.file.clone(),
        host: host.map(|host| host.to_string()),
        at,
        path: judgement.path,
        trusted_by: judgement.trusted_by,
    };
    let holds = findings.iter().all(|finding| finding.severity != Severity::Error);
    let mut next = Vec::new();
    if holds
        && args.file != "-"
        && let Some(key) = &args.key
    {
        next.push(format!("certkit serve --cert {word} --key {}", shell_word(&key.display().to_string())));
    }
    Ok(Report { outcome: Outcome::Checked(checked), findings, next })
}

/// A server reads the file as it is, with openssl's reader or one like it. What that one cannot read is an error here,
/// though certkit can.
fn damage_findings(file: &str, damages: &[Damage]) -> Vec<Finding> {
    let error = |damage: &Damage| {
        let code = if damage.kind == DamageKind::Glued { Code::PemGlued } else { Code::PemMalformed };
        let message = format!("{}: openssl and most servers cannot read this", damage.kind.as_str());
        let fix = format!(
            "certkit merge {} -o chain.pem puts each BEGIN and END on a line of its own",
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

fn parse_host(text: &str) -> Result<HostName> {
    HostName::parse(text).map_err(|error| {
        Finding::error(
            Code::InvalidName,
            format!("--host: `{}` is no host name: {}", error.text, error.reason),
        )
        .fix("--host takes a name or address such as test.example or 127.0.0.1")
        .into()
    })
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
            return Err(Failure { findings: read.malformed, status: 2 });
        }
        for located in read.certificates {
            trust.add(located.certificate, Origin::File(name.clone()));
        }
    }
    Ok(trust)
}
