//! `certkit convert`: the same certificates and keys in another form.

mod gather;
mod pkcs12;
mod plain;

use std::path::Path;

use zeroize::Zeroizing;

use self::gather::gather;
use super::{Context, Result};
use crate::advice::convert::{ConvertError, without_password};
use crate::cli::{ConvertArgs, Form};
use crate::finding::Finding;
use crate::operands::destination::{Destination, Product, ProductKind};
use crate::operands::output::Overwrite;
use crate::operands::password::Passwords;
use crate::report::{Converted, ConvertedItem, FileRole, Outcome};
use crate::sys::shell::path_word;

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
    let (summary, has_key) = (product.description.clone(), product.has_key);
    let mut report = destination.deliver(product, Overwrite::forced(args.force))?;
    if let Destination::File(path) = &destination {
        report.outcome = Outcome::Converted(Converted {
            output: destination.name(),
            mode: Some(if has_key { crate::sys::fs::PRIVATE } else { crate::sys::fs::PUBLIC }),
            form: form_name(form),
            description: summary,
            items: made.items,
        });
        report.next.push(next(path, form, args));
    }
    report.findings.append(&mut gathered.notes);
    report.findings.extend(made.left_out);
    if holds_open_key && gathered.was_locked {
        report.findings.push(without_password(&destination.name()));
    }
    Ok(report)
}

/// A new file in memory.
struct Made {
    bytes: Zeroizing<Vec<u8>>,
    items: Vec<ConvertedItem>,
    /// What it does not hold.
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
        return Err(ConvertError::LegacyCipher.into());
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
        "jks" => return Err(ConvertError::Jks { output: output.to_owned() }.into()),
        // .cer and .crl are text on one system and binary on another.
        _ => return Err(ConvertError::UnknownEnding { output: output.to_owned() }.into()),
    })
}

/// What `--to` takes.
fn form_name(form: Form) -> &'static str {
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

fn next(path: &Path, form: Form, args: &ConvertArgs) -> String {
    let file = path_word(path);
    let password = args.new_password_file.as_deref().or(args.password_file.as_deref());
    // What came through standard input is not there a second time; `show` asks for it.
    match password.filter(|file| form == Form::P12 && *file != Path::new("-")) {
        Some(password) => format!("certkit show {file} --password-file {}", path_word(password)),
        None => format!("certkit show {file}"),
    }
}
