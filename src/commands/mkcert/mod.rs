//! `certkit mkcert`: a key and a certificate from the CA that is found.

mod bulk;
mod existing;

use std::path::Path;

use existing::{Existing, look_at};

use super::issuing::{
    BUNDLE, asked_days, browser_warning, cannot_issue, clamped, issued_event, issuer, names, new_key, prove,
    validity_warning, with_ending,
};
use super::{Context, Result};
use crate::ca::{End, LeafProfile, make_request};
use crate::chain::Located;
use crate::cli::MkcertArgs;
use crate::container::write::Pkcs12Cipher;
use crate::finding::{Code, Finding};
use crate::operands::ca_lookup::{SigningCa, signing_ca};
use crate::operands::input::read_private_key_with;
use crate::operands::output::{Output, shell_word};
use crate::operands::password::Passwords;
use crate::operands::seal::pkcs12_identity;
use crate::pem;
use crate::report::{Created, FileRole, Outcome, Report, Role};
use crate::sys::clock::date;
use crate::x509::{CertificateName, PrivateKey, Purpose};

/// Runs the command.
pub(super) fn run(args: &MkcertArgs, context: &Context<'_>) -> Result {
    let now = context.clock.now();
    let days = asked_days(args.days, args.until, now)?;
    let warning = validity_warning(days, purpose(args), args.force)?;
    if let Some(file) = &args.from {
        let mut report = bulk::run(args, file, context)?;
        report.findings.extend(warning);
        return Ok(report);
    }
    refuse_no_base(&args.output)?;
    let profile = profile(args, names(&args.names)?);
    let ca = signing_ca(&args.ca)?;
    let (certificate_path, key_path) = (with_ending(&args.output, "crt"), with_ending(&args.output, "key"));
    let (mut replace, mut found_key) = (args.force, None);
    if args.if_needed {
        let used_key = args.key.as_deref().unwrap_or(&key_path);
        match look_at(&certificate_path, used_key, &profile, &ca, now) {
            Existing::Fine(certificate) => {
                context.talk.say(&format!(
                    "{} is there and holds until {}: nothing to do",
                    certificate_path.display(),
                    date(certificate.not_after)
                ));
                let certificate = Some(Located::from(*certificate).summary(Role::Leaf));
                return Ok(Report::new(Outcome::Created(Created { certificate, ..Created::default() })));
            }
            Existing::KeyOnly(key) => found_key = Some(key),
            Existing::Ours => replace = true,
            Existing::NoneOrForeign => {}
        }
    }
    let p12_path = with_ending(&args.output, "p12");
    let p12_password = args.p12.then(|| {
        Passwords::new("--p12-password-file", args.p12_password_file.as_deref())
            .fresh(&p12_path.display().to_string())
    });
    let p12_password = p12_password.transpose()?;
    let writes_key = args.key.is_none() && found_key.is_none();
    let key = match found_key {
        Some(key) => key,
        None => key(args)?,
    };
    let issued = issuer(&ca, context)?.issue_leaf(&profile, key.spki(), now).map_err(cannot_issue)?;
    let certificate = issued.certificate;
    prove(&certificate, &ca, purpose(args), now)?;

    let mut output = Output::default();
    let what = format!("the certificate for {}", args.names.join(", "));
    output.certificates(
        &certificate_path,
        FileRole::Certificate,
        std::slice::from_ref(&certificate),
        &what,
        replace,
    );
    if writes_key {
        output.key(&key_path, FileRole::PrivateKey, &key, "its private key: keep it secret", replace);
    }
    if args.csr {
        let request = make_request(&profile.subject(), &profile.names, &key).map_err(cannot_issue)?;
        let mut text = String::new();
        pem::write(&mut text, "CERTIFICATE REQUEST", &request);
        let what = "the signing request, in case another CA shall sign";
        output.text(&with_ending(&args.output, "csr"), FileRole::Request, text.into_bytes(), what, replace);
    }
    if let Some(password) = p12_password {
        let chain: Vec<_> = std::iter::once(&certificate).chain(&ca.bundle).cloned().collect();
        let bytes = pkcs12_identity(&key, &chain, &password, Pkcs12Cipher::Modern)?;
        output.private(
            &p12_path,
            FileRole::Pkcs12,
            bytes,
            "key and certificates, for browsers: keep it secret",
            replace,
        );
    }
    let bundle = args.output.with_file_name(BUNDLE);
    if !ca.bundle.is_empty() {
        // It serves other certificates of the folder too, so it is not this one's to replace.
        output.certificates(
            &bundle,
            FileRole::Intermediates,
            &ca.bundle,
            "the intermediates, for certkit merge",
            args.force,
        );
    }
    ca.spare(output.paths())?;
    let event = issued_event(&ca, &certificate, Some(&certificate_path));
    let mut created = output.create_issued(&ca.ledger, &[event])?;
    created.certificate = Some(Located::from(certificate.clone()).summary(Role::Leaf));
    let mut report = Report::new(Outcome::Created(created));
    report.findings.extend(warning);
    report.findings.extend(browser_warning(args.key_kind));
    if issued.clamped {
        report.findings.push(clamped(&certificate, &ca));
    }
    report.next = next(args, &ca, &bundle);
    Ok(report)
}

/// `certs/` would give the hidden files `certs/.crt` and `certs/.key`, and several files have no place on standard output.
fn refuse_no_base(base: &Path) -> Result<()> {
    let is_folder = base.as_os_str().as_encoded_bytes().ends_with(b"/") || base.file_name().is_none();
    if !is_folder && base != Path::new("-") {
        return Ok(());
    }
    let message = format!("{} is no beginning of file names", base.display());
    let example = if is_folder { base.join("server") } else { "server".into() };
    let fix = format!("-o {0} gives {0}.crt and {0}.key", shell_word(&example.display().to_string()));
    Err(Finding::error(Code::InvalidSetting, message).fix(fix).into())
}

fn purpose(args: &MkcertArgs) -> Purpose {
    if args.client { Purpose::Client } else { Purpose::Server }
}

fn profile(args: &MkcertArgs, names: Vec<CertificateName>) -> LeafProfile {
    let mut profile = LeafProfile::new(names, purpose(args), args.days);
    if let Some(until) = args.until {
        profile.end = End::Until(until);
    }
    profile
}

/// The key that the user named, or a new one.
fn key(args: &MkcertArgs) -> Result<PrivateKey> {
    match &args.key {
        None => new_key(args.key_kind),
        Some(path) => {
            let mut passwords = Passwords::new("--key-password-file", args.key_password_file.as_deref());
            Ok(read_private_key_with(path, &mut passwords)?)
        }
    }
}

fn next(args: &MkcertArgs, ca: &SigningCa, bundle: &Path) -> Vec<String> {
    let word = |path: &Path| shell_word(&path.display().to_string());
    let certificate = with_ending(&args.output, "crt");
    let key = args.key.clone().unwrap_or_else(|| with_ending(&args.output, "key"));
    // A CA that was named is not found again by itself.
    let roots = args.ca.ca.as_deref().map(|ca| format!(" --roots {}", word(ca))).unwrap_or_default();
    if args.client {
        return vec![format!("certkit check {} --purpose client{roots}", word(&certificate))];
    }
    if !ca.bundle.is_empty() {
        return vec![format!("certkit merge {} {}", word(&certificate), word(bundle))];
    }
    let password = match args.key_password_file.as_deref() {
        Some(file) if file != Path::new("-") => format!(" --key-password-file {}", word(file)),
        _ => String::new(),
    };
    let (certificate, key) = (word(&certificate), word(&key) + &password);
    let serve = format!("certkit serve --cert {certificate} --key {key}");
    let first = args.names.first().map(String::as_str).unwrap_or_default();
    let asks_for = match CertificateName::parse(first) {
        // A wildcard is no name that a client asks for.
        Ok(CertificateName::Dns(name)) if name.contains('*') => return vec![serve],
        Ok(CertificateName::Mail(_)) => format!(" --email {}", shell_word(first)),
        Ok(CertificateName::Uri(_)) => String::new(),
        _ => format!(" --host {}", shell_word(first)),
    };
    vec![format!("certkit check {certificate}{asks_for} --key {key}{roots}"), serve]
}
