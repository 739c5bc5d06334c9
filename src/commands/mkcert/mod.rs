//! `certkit mkcert`: keys and certificates from the CA that is found.

mod bulk;

use std::path::{Path, PathBuf};

use super::{Context, Result};
use crate::advice::ca::{clamped, long_validity, not_a_prefix, refused_by_browsers};
use crate::ca::{
    BUNDLE_FILE, End, ExistingCertificate, Issuance, Issued, LeafProfile, SigningCa, SubjectKey,
    ValidityLimit, certificate_names, make_request, with_ending,
};
use crate::chain::Located;
use crate::cli::MkcertArgs;
use crate::container::write::Pkcs12Cipher;
use crate::operands::ca_lookup::CaChoice;
use crate::operands::input::{ReadFiles, read_private_key_with};
use crate::operands::output::{Output, Overwrite};
use crate::operands::password::Passwords;
use crate::operands::seal::pkcs12_identity;
use crate::pem;
use crate::report::{Created, FileRole, Outcome, Report, Role};
use crate::sys::clock::date;
use crate::sys::shell::{path_word, shell_word};
use crate::x509::{Certificate, CertificateName, Purpose};

pub(super) fn run(args: &MkcertArgs, context: &Context<'_>) -> Result {
    let now = context.clock.now();
    let purpose = if args.client { Purpose::Client } else { Purpose::Server };
    let mut profile = LeafProfile::new(Vec::new(), purpose, args.days);
    if let Some(until) = args.until {
        profile.end = End::Until(until);
    }
    let limit = if args.force { ValidityLimit::Unlimited } else { ValidityLimit::Clients };
    let long = profile.end.judge(purpose, limit, now)?;
    let mut report = match &args.from {
        Some(names) => bulk::run(args, names, profile, context)?,
        None => {
            profile.names = certificate_names(&args.names)?;
            one(args, &profile, context)?
        }
    };
    report.findings.extend(long.map(long_validity));
    Ok(report)
}

fn one(args: &MkcertArgs, profile: &LeafProfile, context: &Context<'_>) -> Result {
    let now = context.clock.now();
    let files = Files::new(args)?;
    let ca = CaChoice::from(&args.ca).find()?;
    let mut overwrite = Overwrite::forced(args.force);
    let mut found_key = None;
    if args.if_needed {
        let key = args.key.as_deref().unwrap_or(&files.key);
        match ExistingCertificate::find(&ReadFiles, &files.certificate, key, profile, &ca, now) {
            ExistingCertificate::Fine(certificate) => return Ok(kept(*certificate, &files, context)),
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
    let request = Issuance { file: Some(&files.certificate), ..Issuance::leaf(profile, key, now) };
    let Issued { certificate, key, clamped: is_clamped, event } = ca.issuer(now)?.issue(request)?;

    let mut output = Output::default();
    let what = format!("the certificate for {}", args.names.join(", "));
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
            let chain: Vec<_> = std::iter::once(&certificate).chain(&ca.bundle).cloned().collect();
            let bytes = pkcs12_identity(key, &chain, &password, Pkcs12Cipher::Modern)?;
            output.private(
                &files.p12,
                FileRole::Pkcs12,
                bytes,
                "key and certificates for browsers: keep it secret",
                overwrite,
            );
        }
    }
    if !ca.bundle.is_empty() {
        // Other certificates of the folder need it too, so it is replaced only when asked.
        let overwrite = Overwrite::forced(args.force);
        output.certificates(
            &files.bundle,
            FileRole::Intermediates,
            &ca.bundle,
            "the intermediates, for certkit merge",
            overwrite,
        );
    }
    ca.spare(output.paths())?;
    let mut created = output.create_issued(&ca.ledger, &[event])?;
    created.at = Some(now);
    let end = certificate.not_after;
    created.certificate = Some(Located::from(certificate).summary(Role::Leaf));
    let mut report = Report::new(Outcome::Created(created));
    report.findings.extend(refused_by_browsers(args.key_kind));
    report.findings.extend(is_clamped.then(|| clamped(end, &ca.path)));
    report.next = next(args, &ca, &files);
    Ok(report)
}

/// `--if-needed`, and the certificate will do.
fn kept(certificate: Certificate, files: &Files, context: &Context<'_>) -> Report {
    let file = files.certificate.display();
    context.console.say(&format!("{file} is valid until {}: nothing to do", date(certificate.not_after)));
    let certificate = Some(Located::from(certificate).summary(Role::Leaf));
    Report::new(Outcome::Created(Created {
        certificate,
        at: Some(context.clock.now()),
        ..Created::default()
    }))
}

/// The files of one certificate.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    request: PathBuf,
    p12: PathBuf,
    bundle: PathBuf,
}

impl Files {
    /// `certs/` would give the hidden files `certs/.crt` and `certs/.key`, and several files cannot
    /// share standard output.
    fn new(args: &MkcertArgs) -> Result<Self> {
        let base = args.output.as_path();
        let is_folder = base.as_os_str().as_encoded_bytes().ends_with(b"/") || base.file_name().is_none();
        if is_folder || base == Path::new("-") {
            return Err(not_a_prefix(&if is_folder { base.join("server") } else { "server".into() }));
        }
        Ok(Self {
            certificate: with_ending(base, "crt"),
            key: with_ending(base, "key"),
            request: with_ending(base, "csr"),
            p12: with_ending(base, "p12"),
            bundle: base.with_file_name(BUNDLE_FILE),
        })
    }
}

fn next(args: &MkcertArgs, ca: &SigningCa, files: &Files) -> Vec<String> {
    let certificate = path_word(&files.certificate);
    // A CA that was named is not found again by itself.
    let roots = args.ca.ca.as_deref().map(|ca| format!(" --roots {}", path_word(ca))).unwrap_or_default();
    if !ca.bundle.is_empty() {
        return vec![format!("certkit merge {certificate} {}", path_word(&files.bundle))];
    }
    if args.client {
        return vec![format!("certkit check {certificate} --purpose client{roots}")];
    }
    let key = path_word(args.key.as_deref().unwrap_or(&files.key));
    let password = match args.key_password_file.as_deref() {
        Some(file) if file != Path::new("-") => format!(" --key-password-file {}", path_word(file)),
        _ => String::new(),
    };
    let key = format!("--key {key}{password}");
    let serve = format!("certkit serve --cert {certificate} {key}");
    let first = args.names.first().map(String::as_str).unwrap_or_default();
    let asks_for = match CertificateName::parse(first) {
        // A wildcard is not a name that a client asks for.
        Ok(CertificateName::Dns(name)) if name.contains('*') => return vec![serve],
        Ok(CertificateName::Mail(_)) => format!(" --email {}", shell_word(first)),
        Ok(CertificateName::Uri(_)) => String::new(),
        _ => format!(" --host {}", shell_word(first)),
    };
    vec![format!("certkit check {certificate}{asks_for} {key}{roots}"), serve]
}
