//! `certkit csr`: a request for another CA to sign.

use std::path::Path;

use super::{Context, Result};
use crate::advice::ca::refused_by_browsers;
use crate::ca::{LeafProfile, Subject, certificate_names, make_request, new_key};
use crate::cli::CsrArgs;
use crate::operands::ca_lookup::CaChoice;
use crate::operands::destination::StdoutError;
use crate::operands::input::read_private_key_with;
use crate::operands::output::{Output, Overwrite, beside};
use crate::operands::password::Passwords;
use crate::pem;
use crate::report::{FileRole, Outcome, Report};
use crate::sys::shell::path_word;
use crate::x509::Purpose;

pub(super) fn run(args: &CsrArgs, context: &Context<'_>) -> Result {
    let to_stdout = args.output == Path::new("-");
    if to_stdout && args.key.is_none() {
        return Err(StdoutError::NewKey.into());
    }
    if to_stdout {
        context.require_free_stdout()?;
    }
    // A request says nothing of validity.
    let profile = LeafProfile::new(certificate_names(&args.names)?, Purpose::Server, 1);
    let first = profile.subject();
    let subject = match &args.subject {
        None => first,
        Some(text) => {
            let typed = Subject::parse(text)?;
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
    let request = make_request(&subject, &profile.names, &key)?;
    let mut text = String::new();
    pem::write(&mut text, "CERTIFICATE REQUEST", &request);
    if to_stdout {
        return Ok(Report::new(Outcome::Data(text.into_bytes().into())));
    }
    let overwrite = Overwrite::forced(args.force);
    let mut output = Output::default();
    let what = format!("the signing request for {}", args.names.join(", "));
    output.text(&args.output, FileRole::Request, text.into_bytes(), &what, overwrite);
    if args.key.is_none() {
        let what = "its private key: keep it secret, the CA does not need it";
        output.key(&beside(&args.output, "key"), FileRole::PrivateKey, &key, what, overwrite);
    }
    let mut report = Report::new(Outcome::Created(output.create()?));
    report.findings.extend(refused_by_browsers(args.key_kind));
    let command = if CaChoice::default().is_found() { "sign" } else { "show" };
    report.next.push(format!("certkit {command} {}", path_word(&args.output)));
    Ok(report)
}
