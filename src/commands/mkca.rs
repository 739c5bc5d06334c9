//! `certkit mkca`: a root, and an intermediate if wanted.

use std::path::{Path, PathBuf};

use super::issuing::{browser_warning, cannot_issue, new_key, subject};
use super::{Context, Result};
use crate::ca::{CaProfile, Constraint, Event, Ledger, Subject, issue_intermediate, make_root};
use crate::chain::Located;
use crate::cli::{CaArgs, MkcaArgs};
use crate::finding::{Code, Finding, Location};
use crate::operands::ca_lookup::{INTERMEDIATE, ROOT, ca_words, data_folder, tidy};
use crate::operands::output::{Output, create_folder, shell_word};
use crate::operands::password::Passwords;
use crate::operands::seal::encrypted_key_pem;
use crate::report::{FileRole, Outcome, Report, Role};
use crate::sys::clock::date;
use crate::x509::PrivateKey;

/// Runs the command.
pub(super) fn run(args: &MkcaArgs, context: &Context<'_>) -> Result {
    let now = context.clock.now();
    let (permitted, excluded) =
        (constraints("--permit", &args.permit)?, constraints("--exclude", &args.exclude)?);
    let limits = permitted.clone();
    let typed = args.subject.as_deref().map(subject).transpose()?;
    let folder = folder(args)?;
    refuse_odd_name(args.name.as_deref())?;
    let path = |file: &str| tidy(&folder.join(file));
    let has_intermediate = args.intermediate || args.throwaway_root;
    if !has_intermediate {
        refuse_foreign_intermediate(args, &folder)?;
    }
    let subject = |kind: &str, key: &PrivateKey| {
        let name = common_name(args.name.as_deref(), kind, &date(now), key);
        match &typed {
            None => Subject::common_name(&name),
            // Root and intermediate must not have one name.
            Some(typed) if kind == "CA" && typed.name().is_some() => typed.clone(),
            Some(typed) => match typed.name() {
                Some(name) => typed.clone().renamed(&format!("{} {kind}", cut(name, 64 - kind.len() - 1))),
                None => typed.clone().with_common_name(&name),
            },
        }
    };

    let password = args.encrypt.then(|| {
        Passwords::new("--password-file", args.password_file.as_deref()).fresh("the CA's private key")
    });
    let password = password.transpose()?;
    let mut output = Output::default();
    let role = FileRole::CaKey;
    let add_key = |output: &mut Output, file: &str, key: &PrivateKey, what: &str| -> Result<()> {
        match &password {
            None => output.key(&path(file), role, key, what, args.force),
            Some(password) => {
                let text = encrypted_key_pem(key, password)?;
                output.private(&path(file), role, text.as_bytes().to_vec(), what, args.force);
            }
        }
        Ok(())
    };

    let key = new_key(args.key_kind)?;
    let profile = CaProfile::new(subject("CA", &key), args.days, u8::from(has_intermediate))
        .limited(permitted.clone(), excluded.clone());
    let root = make_root(&profile, key, now).map_err(cannot_issue)?;
    output.certificates(
        &path(ROOT.0),
        FileRole::CaCertificate,
        root.chain(),
        "the CA's certificate: clients that trust it trust all it signs",
        args.force,
    );
    if !args.throwaway_root {
        add_key(&mut output, ROOT.1, root.key(), "its private key: keep it secret")?;
    }
    let ledger = Ledger::beside(&path(ROOT.0));
    let mut events = Vec::new();
    if has_intermediate {
        let key = new_key(args.key_kind)?;
        let profile =
            CaProfile::new(subject("intermediate CA", &key), args.days, 0).limited(permitted, excluded);
        let intermediate = issue_intermediate(&profile, key, &root, now).map_err(cannot_issue)?;
        let certificate = path(INTERMEDIATE.0);
        output.certificates(
            &certificate,
            FileRole::CaCertificate,
            intermediate.chain(),
            "the intermediate's certificate: servers send it along",
            args.force,
        );
        let what = if args.throwaway_root {
            "its private key: this one signs; the root's was thrown away"
        } else {
            "its private key: this one signs; ca.key can go into a safe"
        };
        add_key(&mut output, INTERMEDIATE.1, intermediate.key(), what)?;
        // A root whose key is gone revokes nothing, so nobody will ask its ledger.
        if !args.throwaway_root {
            events.push(Event::issued(root.leaf(), intermediate.leaf(), Some(&certificate)));
        }
    }
    if !folder.as_os_str().is_empty() {
        create_folder(&folder)?;
    }
    let mut created =
        if events.is_empty() { output.create()? } else { output.create_issued(&ledger, &events)? };
    created.certificate = Some(Located::from(root.leaf().clone()).summary(Role::Root));
    let mut report = Report::new(Outcome::Created(created));
    report.findings.extend(browser_warning(args.key_kind));
    report.findings.extend(free_names(&limits));
    report.next.push(next(args, has_intermediate));
    Ok(report)
}

/// A name that trust stores cannot show would not tell this CA from another.
fn refuse_odd_name(name: Option<&str>) -> Result<()> {
    let is_odd = |name: &str| name.trim().is_empty() || name.chars().any(char::is_control);
    match name.filter(|name| is_odd(name)) {
        None => Ok(()),
        Some(name) => {
            let message = format!("`{name}` is no name for a CA: it is empty, or has control characters");
            Err(Finding::error(Code::InvalidName, message)
                .fix("name it as in: certkit mkca 'Our team'")
                .into())
        }
    }
}

/// The options that say where, as they were typed.
fn place(args: &MkcaArgs) -> String {
    match () {
        () if args.global => " --global".into(),
        () if args.output.as_os_str() == "." => String::new(),
        () => format!(" -o {}", shell_word(&args.output.display().to_string())),
    }
}

fn constraints(option: &str, texts: &[String]) -> Result<Vec<Constraint>> {
    let constraints = texts.iter().map(|text| Constraint::parse(text)).collect::<std::result::Result<_, _>>();
    constraints.map_err(|error| {
        Finding::error(Code::InvalidName, error.to_string())
            .fix(format!("{option} takes a domain (test) or an address range (10.0.0.0/8)"))
            .into()
    })
}

/// "If no name of the type is in the list, the certificate is acceptable" (RFC 5280 section 4.2.1.10), and no constraint
/// on DNS names forbids all of them in a form that every client reads (Java refuses an empty one).
fn free_names(permitted: &[Constraint]) -> Option<Finding> {
    let only_addresses = !permitted.is_empty()
        && permitted.iter().all(|constraint| matches!(constraint, Constraint::Addresses(_)));
    only_addresses.then(|| {
        let message = "only addresses are limited: the CA may speak for every domain";
        Finding::note(Code::NameConstraint, message).fix("limit domains too: --permit test")
    })
}

/// Where the files go.
fn folder(args: &MkcaArgs) -> Result<PathBuf> {
    if args.output == Path::new("-") {
        let message = "a CA is several files, and standard output is one";
        return Err(Finding::error(Code::InvalidSetting, message).fix("name a folder with -o").into());
    }
    if !args.global {
        return Ok(args.output.clone());
    }
    data_folder().ok_or_else(|| {
        Finding::error(Code::InvalidSetting, "neither XDG_DATA_HOME nor HOME is set")
            .fix("name a folder with -o")
            .into()
    })
}

/// An intermediate signs where there is one: that of an older CA would go on signing beside the new root.
fn refuse_foreign_intermediate(args: &MkcaArgs, folder: &Path) -> Result<()> {
    let (certificate, key) = (folder.join(INTERMEDIATE.0), folder.join(INTERMEDIATE.1));
    if !certificate.exists() || !key.exists() {
        return Ok(());
    }
    let (certificate, key) = (tidy(&certificate).display().to_string(), tidy(&key).display().to_string());
    let message = format!("{certificate} is another CA's, and would go on signing instead of the new one");
    Err(Finding::error(Code::OutputExists, message)
        .at(Location::file(certificate.clone()))
        .fix(format!(
            "make a new one as well: certkit mkca{} --intermediate --force; or move it away: {} {}",
            place(args),
            shell_word(&certificate),
            shell_word(&key)
        ))
        .into())
}

/// `NAME user@host 2026-11-20 1a2b3c4d`: two CAs in a trust store must be told apart, and iOS hides roots without a
/// name. The end is the beginning of the public key's SHA-256, so that two CAs of one day have two names (a path is
/// looked for by names, and the same name with another key leads astray), while one key always has the same.
pub(crate) fn common_name(name: Option<&str>, kind: &str, date: &str, key: &PrivateKey) -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "user".into());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let who = match name {
        Some(name) if kind == "CA" => name.to_owned(),
        Some(name) => format!("{name} {kind}"),
        None => format!("certkit {kind}"),
    };
    let fingerprint = key.spki_sha256();
    let end = format!("{date} {}", cut(&fingerprint, 8));
    // The end is what tells two apart, so the rest gives way (RFC 5280: at most 64 characters).
    let who = format!("{who} {user}@{host}");
    format!("{} {end}", cut(&who, 64 - end.chars().count() - 1))
}

/// The first characters.
fn cut(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| text.get(..end).unwrap_or(text)).trim_end()
}

fn next(args: &MkcaArgs, has_intermediate: bool) -> String {
    let (certificate, key) = if has_intermediate { INTERMEDIATE } else { ROOT };
    let is_found = args.global || args.output.as_os_str() == ".";
    let path = |file| (!is_found).then(|| args.output.join(file));
    let ca = CaArgs { ca: path(certificate), ca_key: path(key), password_file: args.password_file.clone() };
    format!("certkit mkcert test.example{}", ca_words(&ca))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::KeyKind;

    #[test]
    fn names_of_cas_end_with_what_tells_them_apart() {
        let key = || PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let (one, other) = (key(), key());
        let long = "ä".repeat(80);
        let name = |key| common_name(Some(&long), "intermediate CA", "2026-11-20", key);
        assert_ne!(name(&one), name(&other));
        assert_eq!(name(&one), name(&one));
        assert_eq!(name(&one).chars().count(), 64);
        assert!(name(&one).ends_with(&format!(" 2026-11-20 {}", &one.spki_sha256()[..8])));
    }
}
