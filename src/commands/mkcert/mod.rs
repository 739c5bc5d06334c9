//! `certkit mkcert`: keys and certificates from the CA that is found.

mod bulk;
mod files;
mod identity;

use self::files::Files;
use super::mkca::ends_soon::ends_soon_of;
use super::{Context, Result, next_command};
use crate::advice::ca::{clamped, long_validity, refused_by_browsers};
use crate::advice::names::remark;
use crate::ca::{
    End, ExistingCertificate, Filed, Issuance, Issued, LeafProfile, SigningCa, SubjectKey, TypedNames,
    ValidityLimit, make_request,
};
use crate::chain::Located;
use crate::cli::MkcertArgs;
use crate::operands::ca_lookup::CaChoice;
use crate::operands::input::{ReadFiles, read_private_key_with};
use crate::operands::output::{Output, Overwrite};
use crate::operands::password::Passwords;
use crate::operands::seal::pkcs12_identity;
use crate::pem;
use crate::report::{Created, FileRole, Outcome, Report, Role};
use crate::sys::clock::date;
use crate::sys::shell::path_word;
use crate::x509::{Certificate, Purpose};

pub(super) fn run(args: &MkcertArgs, context: &Context<'_>) -> Result {
    let now = context.clock.now();
    let mut profile = identity::purposes(args);
    profile.addresses = (&args.addresses).into();
    if let Some(until) = args.until {
        profile.end = End::Until(until);
    }
    let limit = if args.force { ValidityLimit::Unlimited } else { ValidityLimit::Clients };
    let long = profile.end.judge(profile.purpose, limit, now)?;
    let notes = identity::notes(&profile);
    let mut report = match &args.from {
        Some(names) => bulk::run(args, names, profile, context)?,
        None => {
            let typed = identity::take_names(args, &mut profile)?;
            let mut report = one(args, &profile, &typed, context)?;
            report.findings.extend(typed.remarks.iter().map(remark));
            report
        }
    };
    report.findings.extend(notes);
    report.findings.extend(long.map(long_validity));
    Ok(report)
}

fn one(args: &MkcertArgs, profile: &LeafProfile, typed: &TypedNames, context: &Context<'_>) -> Result {
    let now = context.clock.now();
    let files = Files::new(args)?;
    let ca = CaChoice::from(&args.ca).find()?;
    let mut overwrite = Overwrite::forced(args.force);
    let mut found_key = None;
    if args.if_needed {
        let key = args.key.as_deref().unwrap_or(&files.key);
        let records = ca.family_records()?;
        match ExistingCertificate::find(&ReadFiles, &files.certificate, key, profile, &ca, &records, now) {
            ExistingCertificate::Fine(certificate) => return kept(*certificate, &files, &ca, context),
            ExistingCertificate::KeyOnly(key) => found_key = Some(key),
            ExistingCertificate::Ours => overwrite = Overwrite::Replace,
            ExistingCertificate::NoneOrForeign => {}
        }
    }
    let mut passwords = Passwords::new("--p12-password-file", args.p12_password_file.as_deref());
    let p12_password =
        args.p12.then(|| passwords.fresh(&format!("`{}`", files.p12.display()))).transpose()?;
    let writes_key = args.key.is_none() && found_key.is_none();
    let key = match (found_key, &args.key) {
        (Some(key), _) => SubjectKey::Given(key),
        (None, None) => SubjectKey::New(args.key_kind),
        (None, Some(path)) => {
            let mut passwords = Passwords::new("--key-password-file", args.key_password_file.as_deref());
            SubjectKey::Given(read_private_key_with(path, &mut passwords)?)
        }
    };
    let others = files.others(args, &ca);
    let filed = Filed {
        file: Some(&files.certificate),
        key_file: Some(args.key.as_ref().unwrap_or(&files.key)),
        other_files: &others,
        requested_by: Some("mkcert"),
    };
    let request = Issuance { filed, ..Issuance::leaf(profile, key, now) };
    let Issued { certificate, key, clamped: is_clamped, event } = ca.issuer(now)?.issue(request)?;
    if !writes_key {
        ca.require_safe_key(&certificate.spki)?;
    }

    let chain: Vec<_> = std::iter::once(&certificate).chain(&ca.bundle).cloned().collect();
    let mut output = Output::default();
    let what = format!("the certificate for {}", typed.label());
    output.certificates(
        &files.certificate,
        FileRole::Certificate,
        std::slice::from_ref(&certificate),
        &what,
        overwrite,
    );
    if let Some(key) = &key {
        if writes_key {
            output.key(&files.key, FileRole::PrivateKey, key, "its private key: keep it secret", overwrite);
        }
        if args.csr {
            let request = make_request(&profile.subject(), &profile.names, key)?;
            let mut text = String::new();
            pem::write(&mut text, "CERTIFICATE REQUEST", &request);
            let what = "the signing request, if another CA is to sign it";
            output.text(&files.request, FileRole::Request, text.into_bytes(), what, overwrite);
        }
        if let Some(password) = p12_password {
            let bytes = pkcs12_identity(key, &chain, &password, identity::pkcs12_cipher(args))?;
            output.private(
                &files.p12,
                FileRole::Pkcs12,
                bytes,
                "key and certificates for browsers: keep it secret",
                overwrite,
            );
        }
    }
    files.add_combined(&mut output, &chain, key.as_ref().filter(|_| args.bundle.is_some()), overwrite);
    if !ca.bundle.is_empty() {
        // Other certificates of the folder need it too, so it is replaced only when asked.
        let overwrite = Overwrite::forced(args.force || ca.outdates(&files.bundle));
        output.bundle(&files.bundle, &ca.bundle, overwrite);
    }
    ca.spare(output.paths())?;
    let mut created = output.create_issued(&ca.ledger, &[event])?;
    created.at = Some(now);
    let end = certificate.not_after;
    created.certificate = Some(Located::from(certificate).summary(Role::Leaf));
    let mut report = Report::new(Outcome::Created(created));
    report.findings.extend(refused_by_browsers(args.key_kind));
    report.findings.extend(is_clamped.then(|| clamped(end, &ca.path)));
    report.findings.extend(ends_soon_of(&ca, now));
    report.next = next(args, &ca, &files, profile);
    Ok(report)
}

/// `--if-needed`, and the certificate will do. Files with its intermediates that are missing are made.
fn kept(certificate: Certificate, files: &Files, ca: &SigningCa, context: &Context<'_>) -> Result {
    let (file, end) = (files.certificate.display(), date(certificate.not_after));
    let output = files.missing(&certificate, ca);
    ca.spare(output.paths())?;
    let created = output.create()?;
    let verdict = if created.files.is_empty() { "nothing to do" } else { "it stays" };
    context.console.say(&format!("{file} is valid until {end}: {verdict}"));
    let certificate = Some(Located::from(certificate).summary(Role::Leaf));
    Ok(Report::new(Outcome::Created(Created { certificate, at: Some(context.clock.now()), ..created })))
}

fn next(args: &MkcertArgs, ca: &SigningCa, files: &Files, profile: &LeafProfile) -> Vec<String> {
    let certificate = path_word(&files.certificate);
    let roots = next_command::roots_option(&CaChoice::from(&args.ca), ca);
    if !ca.bundle.is_empty() {
        return vec![next_command::merge(&files.certificate, &files.bundle, &roots)];
    }
    let key = path_word(args.key.as_deref().unwrap_or(&files.key));
    let password = next_command::password_option(args.key_password_file.as_deref());
    let serve = next_command::serve(&certificate, &key, &password);
    let key = format!("--key {key}{password}");
    if profile.purpose == Purpose::Client {
        return vec![format!("certkit check {certificate} --purpose client {key}{roots}")];
    }
    match next_command::asked_name(&profile.names) {
        Some(name) => vec![format!("certkit check {certificate}{name} {key}{roots}"), serve],
        None => vec![serve],
    }
}
