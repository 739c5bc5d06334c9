//! `certkit mkca`: a root, and an intermediate if wanted.

use std::path::{Path, PathBuf};

use super::{Context, Result};
use crate::advice::ca::{
    domains_not_limited, foreign_intermediate, invalid_constraint, no_data_folder, refused_by_browsers,
};
use crate::ca::{
    CaLevel, CaProfile, Constraint, INTERMEDIATE_FILES, Issuance, Issuer, Ledger, ROOT_FILES, Subject,
    SubjectKey, ca_common_name, ca_subject, check_ca_name, make_root, new_key,
};
use crate::chain::Located;
use crate::cli::MkcaArgs;
use crate::operands::ca_lookup::{CaChoice, data_folder, tidy};
use crate::operands::destination::StdoutError;
use crate::operands::output::{Output, Overwrite};
use crate::operands::password::Passwords;
use crate::operands::seal::encrypted_key_pem;
use crate::report::{FileRole, Outcome, Report, Role};
use crate::sys::clock::date;
use crate::sys::fs::create_folder;
use crate::sys::shell::path_word;
use crate::x509::PrivateKey;

pub(super) fn run(args: &MkcaArgs, context: &Context<'_>) -> Result {
    let now = context.clock.now();
    let permitted = constraints("--permit", &args.permit)?;
    let excluded = constraints("--exclude", &args.exclude)?;
    let typed = args.subject.as_deref().map(Subject::parse).transpose()?;
    let folder = folder(args)?;
    args.name.as_deref().map_or(Ok(()), check_ca_name)?;
    let path = |file: &str| tidy(&folder.join(file));
    let has_intermediate = args.intermediate || args.throwaway_root;
    if !has_intermediate {
        refuse_foreign_intermediate(args, &folder)?;
    }
    let password = args.encrypt.then(|| {
        Passwords::new("--password-file", args.password_file.as_deref()).fresh("the CA's private key")
    });
    let password = password.transpose()?;
    let overwrite = Overwrite::forced(args.force);
    let mut output = Output::default();
    let add_key = |output: &mut Output, file: &str, key: &PrivateKey, what: &str| -> Result<()> {
        match &password {
            None => output.key(&path(file), FileRole::CaKey, key, what, overwrite),
            Some(password) => {
                let text = encrypted_key_pem(key, password)?;
                output.private(&path(file), FileRole::CaKey, text.as_bytes().to_vec(), what, overwrite);
            }
        }
        Ok(())
    };
    let profile = |level: CaLevel, key: &PrivateKey, path_length| {
        let common_name = ca_common_name(args.name.as_deref(), level, &date(now), key);
        let subject = ca_subject(typed.as_ref(), level, &common_name);
        CaProfile::new(subject, args.days, path_length).limited(permitted.clone(), excluded.clone())
    };

    let key = new_key(args.key_kind)?;
    let root = make_root(&profile(CaLevel::Root, &key, u8::from(has_intermediate)), key, now)?;
    let what = "the CA certificate: install this on clients";
    output.certificates(&path(ROOT_FILES.0), FileRole::CaCertificate, root.chain(), what, overwrite);
    if !args.throwaway_root {
        add_key(&mut output, ROOT_FILES.1, root.key(), "its private key: keep it secret")?;
    }
    let mut events = Vec::new();
    if has_intermediate {
        let key = new_key(args.key_kind)?;
        let profile = profile(CaLevel::Intermediate, &key, 0);
        let file = path(INTERMEDIATE_FILES.0);
        let request = Issuance { file: Some(&file), ..Issuance::ca(&profile, SubjectKey::Given(key), now) };
        let mut issued = Issuer::new(&root, now)?.issue(request)?;
        // A root whose key is gone revokes nothing, so nobody will ask its ledger.
        if !args.throwaway_root {
            events.push(issued.event.clone());
        }
        let what = "the intermediate certificate: servers send it along";
        output.certificates(
            &file,
            FileRole::CaCertificate,
            std::slice::from_ref(&issued.certificate),
            what,
            overwrite,
        );
        let what = if args.throwaway_root {
            "its private key, which signs certificates; the root's key was discarded"
        } else {
            "its private key, which signs certificates; ca.key can be kept offline"
        };
        if let Some(key) = issued.key.take() {
            add_key(&mut output, INTERMEDIATE_FILES.1, &key, what)?;
        }
    }
    if !folder.as_os_str().is_empty() {
        create_folder(&folder)?;
    }
    let mut created = if events.is_empty() {
        output.create()?
    } else {
        output.create_issued(&Ledger::beside(&path(ROOT_FILES.0)), &events)?
    };
    created.at = Some(now);
    created.certificate = Some(Located::from(root.leaf().clone()).summary(Role::Root));
    let mut report = Report::new(Outcome::Created(created));
    report.findings.extend(refused_by_browsers(args.key_kind));
    let is_address = |constraint: &Constraint| matches!(constraint, Constraint::Addresses(_));
    if !permitted.is_empty() && permitted.iter().all(is_address) {
        report.findings.push(domains_not_limited());
    }
    report.next = next(args, &permitted, &path(ROOT_FILES.0));
    Ok(report)
}

fn constraints(option: &str, texts: &[String]) -> Result<Vec<Constraint>> {
    let constraints = texts.iter().map(|text| Constraint::parse(text)).collect::<std::result::Result<_, _>>();
    constraints.map_err(|error| invalid_constraint(&error, option))
}

/// The folder that the files go into.
fn folder(args: &MkcaArgs) -> Result<PathBuf> {
    if args.output == Path::new("-") {
        return Err(StdoutError::SeveralFiles.into());
    }
    if args.global { data_folder().ok_or_else(no_data_folder) } else { Ok(args.output.clone()) }
}

fn refuse_foreign_intermediate(args: &MkcaArgs, folder: &Path) -> Result<()> {
    let (certificate, key) = (folder.join(INTERMEDIATE_FILES.0), folder.join(INTERMEDIATE_FILES.1));
    if !certificate.exists() || !key.exists() {
        return Ok(());
    }
    let options = if args.global {
        " --global".to_owned()
    } else if args.output == Path::new(".") {
        String::new()
    } else {
        format!(" -o {}", path_word(&args.output))
    };
    Err(foreign_intermediate(&tidy(&certificate), &tidy(&key), &options))
}

fn next(args: &MkcaArgs, permitted: &[Constraint], root: &Path) -> Vec<String> {
    let has_intermediate = args.intermediate || args.throwaway_root;
    let (certificate, key) = if has_intermediate { INTERMEDIATE_FILES } else { ROOT_FILES };
    let is_found = args.global || args.output == Path::new(".");
    let files = (!is_found).then(|| (args.output.join(certificate), args.output.join(key)));
    let choice = CaChoice { files, password_file: args.password_file.clone() };
    // A name that this CA may issue for.
    let name = match permitted.first() {
        None => "test.example".to_owned(),
        Some(Constraint::Domain(domain)) if domain.contains('.') => domain.clone(),
        Some(Constraint::Domain(domain)) => format!("www.{domain}"),
        Some(Constraint::Addresses(range)) => range.address.to_string(),
    };
    vec![
        format!("certkit mkcert {name}{}", choice.options()),
        format!("certkit trust install {}", path_word(root)),
    ]
}
