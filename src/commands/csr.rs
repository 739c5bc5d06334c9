//! `certkit csr`: a request for another CA to sign.

use std::path::{Path, PathBuf};

use super::issuing::{browser_warning, cannot_issue, names, new_key, subject};
use super::{Context, Result};
use crate::ca::{LeafProfile, make_request};
use crate::cli::CsrArgs;
use crate::finding::{Code, Finding};
use crate::operands::destination::Destination;
use crate::operands::input::read_private_key_with;
use crate::operands::output::{Output, shell_word};
use crate::operands::password::Passwords;
use crate::pem;
use crate::report::{FileRole, Outcome, Report};
use crate::x509::Purpose;

/// Runs the command.
pub(super) fn run(args: &CsrArgs, context: &Context<'_>) -> Result {
    let to_stdout = args.output == Path::new("-");
    if to_stdout && args.key.is_none() {
        let message = "a new key cannot go to standard output";
        return Err(Finding::error(Code::InvalidSetting, message)
            .fix("name a key with --key, or a file with -o")
            .into());
    }
    refuse_json(to_stdout, context)?;
    let profile = LeafProfile::new(names(&args.names)?, Purpose::Server, 1);
    let subject = match &args.subject {
        None => profile.subject(),
        Some(text) => {
            let typed = subject(text)?;
            let first = profile.subject();
            match (typed.name(), first.name()) {
                (None, Some(name)) => typed.with_common_name(name),
                _ => typed,
            }
        }
    };
    let key = match &args.key {
        None => new_key(args.key_kind)?,
        Some(path) => {
            let mut passwords = Passwords::new("--key-password-file", args.key_password_file.as_deref());
            read_private_key_with(path, &mut passwords)?
        }
    };
    let request = make_request(&subject, &profile.names, &key).map_err(cannot_issue)?;
    let mut text = String::new();
    pem::write(&mut text, "CERTIFICATE REQUEST", &request);
    if to_stdout {
        return Ok(Report::new(Outcome::Data(text.into_bytes().into())));
    }
    let mut output = Output::default();
    let what = format!("the signing request for {}", args.names.join(", "));
    output.text(&args.output, FileRole::Request, text.into_bytes(), &what, args.force);
    if args.key.is_none() {
        let path = beside(&args.output, "key");
        output.key(
            &path,
            FileRole::PrivateKey,
            &key,
            "its private key: keep it secret, the CA does not need it",
            args.force,
        );
    }
    let mut report = Report::new(Outcome::Created(output.create()?));
    report.findings.extend(browser_warning(args.key_kind));
    report.next.push(format!("certkit sign {}", shell_word(&args.output.display().to_string())));
    Ok(report)
}

/// `server.csr` gives `server.key`; a name without such an ending gets one more.
pub(super) fn beside(request: &Path, ending: &str) -> PathBuf {
    let is_ending = request
        .extension()
        .and_then(|found| found.to_str())
        .is_some_and(|found| ["csr", "req", "p10", "pem", "der", "crt", "cer"].contains(&found));
    if is_ending { request.with_extension(ending) } else { super::issuing::with_ending(request, ending) }
}

/// Two kinds of data cannot share standard output.
pub(super) fn refuse_json(to_stdout: bool, context: &Context<'_>) -> Result<()> {
    if to_stdout { Destination::new(None, context.global.format).map(|_| ()) } else { Ok(()) }
}
