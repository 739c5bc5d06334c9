//! `certkit csr`: a request for another CA to sign.

use std::path::Path;

use super::{Context, Result, next_command};
use crate::advice::ca::refused_by_browsers;
use crate::advice::names::remark;
use crate::ca::{LeafProfile, Subject, TypedNames, make_request, new_key};
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
    let typed = TypedNames::of_server(&args.names)?;
    let mut profile = LeafProfile::new(typed.names.clone(), Purpose::Server, 1);
    if let Some(subject) = &args.subject {
        profile = profile.with_subject(Subject::parse(subject)?);
    }
    let key = match &args.key {
        None => new_key(args.key_kind)?,
        Some(path) => {
            let mut passwords = Passwords::new("--key-password-file", args.key_password_file.as_deref());
            read_private_key_with(path, &mut passwords)?
        }
    };
    let request = make_request(&profile.subject(), &profile.names, &key)?;
    let mut text = String::new();
    pem::write(&mut text, "CERTIFICATE REQUEST", &request);
    if to_stdout {
        return Ok(Report::new(Outcome::Data(text.into_bytes().into())));
    }
    let overwrite = Overwrite::forced(args.force);
    let mut output = Output::default();
    // Without a CA of one's own the request is sent to another one.
    let has_ca = CaChoice::default().is_found();
    let send = if has_ca { "" } else { ": send it to a CA" };
    let what = format!("the signing request for {}{send}", typed.label());
    output.text(&args.output, FileRole::Request, text.into_bytes(), &what, overwrite);
    if args.key.is_none() {
        let what = "its private key: keep it secret, the CA does not need it";
        output.key(&beside(&args.output, "key"), FileRole::PrivateKey, &key, what, overwrite);
    }
    let mut report = Report::new(Outcome::Created(output.create()?));
    report.findings.extend(refused_by_browsers(args.key_kind));
    report.findings.extend(typed.remarks.iter().map(remark));
    let request = path_word(&args.output);
    report.next.push(if has_ca {
        format!("certkit sign {request}{}", next_command::output_option(&beside(&args.output, "crt")))
    } else {
        // Its certificate will belong to the same key.
        let key = args.key.clone().unwrap_or_else(|| beside(&args.output, "key"));
        format!("certkit key match {} {request}", path_word(&key))
    });
    Ok(report)
}
