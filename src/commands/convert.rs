//! `certkit convert`: the same certificates and keys in another form.

mod gather;
mod pkcs12;
mod plain;

use std::path::Path;

use zeroize::Zeroizing;

use self::gather::{Item, gather};
use super::{Context, Result};
use crate::cli::{ConvertArgs, Form};
use crate::finding::{Code, Finding, Location, Severity};
use crate::operands::destination::{Destination, Product, ProductKind};
use crate::operands::output::{Overwrite, shell_word};
use crate::operands::password::Passwords;
use crate::report::{Converted, ConvertedItem, FileRole, Outcome};

/// Runs the command.
pub(super) fn run(args: &ConvertArgs, context: &Context<'_>) -> Result {
    let form = form(args)?;
    let destination = Destination::new(args.output.as_deref(), context.global.format)?;
    let is_key = matches!(form, Form::Pkcs8 | Form::Pkcs1 | Form::Sec1);
    destination.admits(match form {
        Form::Der | Form::P12 => ProductKind::Binary,
        _ if is_key => ProductKind::SecretText,
        _ => ProductKind::PublicText,
    })?;
    let mut passwords = Passwords::new("--password-file", args.password_file.as_deref());
    let mut gathered = gather(args, &mut passwords)?;
    let made = match form {
        Form::Pem => plain::pem(gathered.items, &mut passwords)?,
        Form::Der => plain::der(gathered.items, args, &mut passwords)?,
        Form::P7b => plain::pkcs7(gathered.items)?,
        Form::P12 => pkcs12::write(gathered.items, args, &mut passwords)?,
        Form::Pkcs8 | Form::Pkcs1 | Form::Sec1 => plain::keys(gathered.items, form, &mut passwords)?,
    };
    let holds_open_key = made.items.iter().any(|item| item.kind == "private_key" && !item.encrypted);
    if holds_open_key {
        destination.admits(ProductKind::SecretText)?;
    }
    let product = Product {
        bytes: made.bytes,
        has_key: made.items.iter().any(|item| item.kind == "private_key"),
        role: if form == Form::P12 { FileRole::Pkcs12 } else { FileRole::Other },
        description: description(form, &made.items),
    };
    let (words, has_key) = (product.description.clone(), product.has_key);
    let mut report = destination.deliver(product, Overwrite::forced(args.force))?;
    if let Destination::File(path) = &destination {
        report.outcome = Outcome::Converted(Converted {
            output: destination.name(),
            mode: Some(if has_key { crate::sys::fs::PRIVATE } else { crate::sys::fs::PUBLIC }),
            form: word(form),
            description: words,
            items: made.items,
        });
        report.next.push(next(path, form));
    }
    report.findings.append(&mut gathered.notes);
    report.findings.extend(made.left_out);
    if holds_open_key && gathered.was_locked {
        let fix =
            format!("to protect it: certkit key encrypt {} -o locked.key", shell_word(&destination.name()));
        report.findings.push(
            Finding::note(Code::LeftOut, "left out: the password; the private key in the new file is open")
                .fix(fix),
        );
    }
    Ok(report)
}

/// A new file in memory.
struct Made {
    bytes: Zeroizing<Vec<u8>>,
    items: Vec<ConvertedItem>,
    /// What has no place in it.
    left_out: Vec<Finding>,
}

/// What `--to` says, or the ending of the new file; PEM where neither says anything.
fn form(args: &ConvertArgs) -> Result<Form> {
    let form = match (args.to, args.output.as_deref().filter(|output| *output != "-")) {
        (Some(form), _) => form,
        (None, None) => Form::Pem,
        (None, Some(output)) => form_of_ending(output)?,
    };
    if args.legacy && form != Form::P12 {
        return Err(Finding::error(Code::InvalidSetting, "--legacy is about the encryption of PKCS#12")
            .fix("leave it away, or add --to p12")
            .into());
    }
    Ok(form)
}

fn form_of_ending(output: &str) -> Result<Form> {
    let ending = Path::new(output).extension().map(|ending| ending.to_string_lossy().to_lowercase());
    Ok(match ending.as_deref().unwrap_or_default() {
        "pem" | "crt" | "csr" | "ca" => Form::Pem,
        "der" => Form::Der,
        "p12" | "pfx" => Form::P12,
        "p7b" | "p7c" => Form::P7b,
        "key" | "p8" => Form::Pkcs8,
        "jks" => {
            let message =
                "certkit writes no JKS; Java reads PKCS#12 under any name since version 9 and 8u301";
            return Err(Finding::error(Code::InvalidSetting, message)
                .fix(format!(
                    "name it {}",
                    shell_word(&Path::new(output).with_extension("p12").display().to_string())
                ))
                .into());
        }
        // .cer and .crl are text on one system and binary on another.
        _ => {
            let message = format!("the name {output} does not tell the form");
            return Err(Finding::error(Code::InvalidSetting, message)
                .at(Location::file(output))
                .fix("say it with --to: pem, der, p12, p7b, pkcs8, pkcs1 or sec1")
                .into());
        }
    })
}

/// The word of `--to`.
fn word(form: Form) -> &'static str {
    match form {
        Form::Pem => "pem",
        Form::Der => "der",
        Form::P12 => "p12",
        Form::P7b => "p7b",
        Form::Pkcs8 => "pkcs8",
        Form::Pkcs1 => "pkcs1",
        Form::Sec1 => "sec1",
    }
}

/// As `PKCS#12, 1 private key and 2 certificates`.
fn description(form: Form, items: &[ConvertedItem]) -> String {
    let name = match form {
        Form::Pem => "PEM",
        Form::Der => "DER",
        Form::P12 => "PKCS#12",
        Form::P7b => "PKCS#7",
        Form::Pkcs8 => "PKCS#8",
        Form::Pkcs1 => "PKCS#1",
        Form::Sec1 => "SEC1",
    };
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for item in items {
        match kinds.iter_mut().find(|(kind, _)| *kind == item.kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((item.kind, 1)),
        }
    }
    let counts = kinds.into_iter().map(|(kind, count)| {
        let kind = kind.replace('_', " ");
        if count == 1 { format!("1 {kind}") } else { format!("{count} {kind}s") }
    });
    format!("{name}: {}", counts.collect::<Vec<_>>().join(" and "))
}

fn next(path: &Path, form: Form) -> String {
    let file = shell_word(&path.display().to_string());
    if form == Form::P12 {
        format!("certkit show {file} --password-file FILE")
    } else {
        format!("certkit show {file}")
    }
}

/// Something that has no place in the new file. `severity` says how surprising that is.
fn left_out(item: &Item, why: &str, severity: Severity) -> Finding {
    let message = format!("left out: the {} {}; {why}", item.kind_word().replace('_', " "), item.title);
    let finding = match severity {
        Severity::Note => Finding::note(Code::LeftOut, message),
        _ => Finding::warning(Code::LeftOut, message),
    };
    finding.at(item.location.clone())
}
