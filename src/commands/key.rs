//! `certkit key`: keys made, shown, encrypted, decrypted, compared.

mod matching;

use std::path::Path;

use zeroize::Zeroizing;

use super::{Context, Result, show};
use crate::advice::ca::refused_by_browsers;
use crate::advice::files::{damage_notes, form_notes};
use crate::ca::new_key;
use crate::cli::{KeyArgs, KeyCommand, KeyDecryptArgs, KeyEncryptArgs, KeyNewArgs, KeyShowArgs};
use crate::container::Block;
use crate::finding::{Code, Finding, Location};
use crate::operands::destination::{Destination, Product, ProductKind};
use crate::operands::input::{decrypted, location, name, read_contents};
use crate::operands::output::{Overwrite, shell_word};
use crate::operands::password::Passwords;
use crate::operands::seal::encrypted_key_pem;
use crate::pem;
use crate::report::{FileRole, Outcome};
use crate::sys::fs::free_backup_name;
use crate::x509::PrivateKey;

/// Runs the command.
pub(super) fn run(args: &KeyArgs, context: &Context<'_>) -> Result {
    match &args.command {
        KeyCommand::New(args) => new(args, context),
        KeyCommand::Show(args) => show(args, context),
        KeyCommand::Encrypt(args) => encrypt(args, context),
        KeyCommand::Decrypt(args) => decrypt(args, context),
        KeyCommand::Match(args) => matching::run(args),
    }
}

fn new(args: &KeyNewArgs, context: &Context<'_>) -> Result {
    let destination = Destination::new(Some(&args.output), context.global.format)?;
    let key = new_key(args.key_kind)?;
    let (text, how) = if args.encrypt {
        let mut passwords = Passwords::new("--password-file", args.password_file.as_deref());
        (encrypted_key_pem(&key, &passwords.fresh(&args.output)?)?, "encrypted")
    } else {
        (key.to_pem(), "keep it secret")
    };
    let product = Product {
        bytes: bytes(&text),
        has_key: true,
        role: FileRole::PrivateKey,
        description: format!("a new private key, {}: {how}", key.description()),
    };
    let mut report = destination.deliver(product, Overwrite::forced(args.force))?;
    report.findings.extend(refused_by_browsers(args.key_kind));
    if let Destination::File(_) = destination {
        report.next.push(format!("certkit csr www.mysite.com --key {}", shell_word(&args.output)));
    }
    Ok(report)
}

/// As `certkit show`, of the keys alone.
fn show(args: &KeyShowArgs, context: &Context<'_>) -> Result {
    let mut report = show::of_file(&args.file, args.password_file.as_deref(), context.clock.now())?;
    if let Outcome::Shown(shown) = &mut report.outcome {
        shown.items.retain(|item| matches!(item.kind, "private_key" | "public_key"));
        shown.tree.clear();
        if shown.items.is_empty()
            && report.findings.iter().all(|finding| finding.severity < crate::finding::Severity::Error)
        {
            return Err(Finding::error(
                Code::NoPrivateKey,
                format!("there is no key in {}", name(&args.file)),
            )
            .at(Location::file(&args.file))
            .fix(format!("certkit show {} says what is in it", shell_word(&args.file)))
            .into());
        }
    }
    Ok(report)
}

fn encrypt(args: &KeyEncryptArgs, context: &Context<'_>) -> Result {
    let destination = Destination::new(args.output.as_deref(), context.global.format)?;
    let mut passwords = Passwords::new("--password-file", args.password_file.as_deref());
    let (key, was_encrypted, notes) = the_key(&args.file, &mut passwords)?;
    let password = match &args.new_password_file {
        Some(file) => Passwords::new("--new-password-file", Some(file)).fresh("the new key")?,
        None if was_encrypted => {
            let file = shell_word(&args.file);
            return Err(Finding::error(Code::KeyEncrypted, format!("{} has a password already", name(&args.file)))
                .at(Location::file(&args.file))
                .fix(format!(
                    "to change it: certkit key encrypt {file} -o NEW --password-file OLD-PASSWORD --new-password-file NEW-PASSWORD"
                ))
                .into());
        }
        None => passwords.fresh("the new key")?,
    };
    let product = Product {
        bytes: bytes(&encrypted_key_pem(&key, &password)?),
        has_key: true,
        role: FileRole::PrivateKey,
        description: format!("the private key, {}: encrypted", key.description()),
    };
    // Where the open key is afterwards: where it was, or in the backup of it.
    let open = match &destination {
        Destination::File(path) if same_file(path, &args.file) => {
            free_backup_name(path).display().to_string()
        }
        _ => args.file.clone(),
    };
    let mut report = destination.deliver(product, Overwrite::forced(args.force))?;
    report.findings.extend(notes);
    if let Destination::File(_) = &destination {
        report.next.push(format!("certkit key show {}", shell_word(&destination.name())));
        if !was_encrypted && args.file != "-" {
            report.next.push(format!("rm {}      (it still holds the open key)", shell_word(&open)));
        }
    }
    Ok(report)
}

/// Whether a path leads to the file, however it is written.
fn same_file(path: &Path, file: &str) -> bool {
    path.canonicalize().is_ok_and(|path| Path::new(file).canonicalize().is_ok_and(|file| path == file))
}

fn decrypt(args: &KeyDecryptArgs, context: &Context<'_>) -> Result {
    let destination = Destination::new(args.output.as_deref(), context.global.format)?;
    destination.admits(ProductKind::SecretText)?;
    let mut passwords = Passwords::new("--password-file", args.password_file.as_deref());
    let (key, was_encrypted, notes) = the_key(&args.file, &mut passwords)?;
    let mut text = Zeroizing::new(String::new());
    pem::write(
        &mut text,
        "PRIVATE KEY",
        &key.pkcs8().map_err(|error| {
            Finding::error(Code::NotAPrivateKey, error.to_string()).at(Location::file(&args.file))
        })?,
    );
    let product = Product {
        bytes: bytes(&text),
        has_key: true,
        role: FileRole::PrivateKey,
        description: format!(
            "the private key, {}: {}, keep it secret",
            key.description(),
            if was_encrypted { "open" } else { "open as before" }
        ),
    };
    let mut report = destination.deliver(product, Overwrite::forced(args.force))?;
    report.findings.extend(notes);
    Ok(report)
}

/// The one key of a file, whether a password protected it, and what to say about the rest of the file.
fn the_key(file: &str, passwords: &mut Passwords) -> Result<(PrivateKey, bool, Vec<Finding>)> {
    let (_, contents) = read_contents(file, passwords)?;
    let mut notes = form_notes(file, &contents.notes);
    notes.extend(damage_notes(file, &contents.damages));
    let mut keys = contents.blocks.iter().filter(|block| block.is_private_key());
    let Some(block) = keys.next() else {
        return Err(crate::operands::input::InputError::without_key(file, &contents.blocks).into());
    };
    if let Some(second) = keys.next() {
        return Err(several(file, second).into());
    }
    notes.extend(contents.blocks.iter().filter_map(|block| left_out(file, block)));
    let key = decrypted(file, block, passwords)?;
    let from_pkcs12 = contents.notes.iter().any(|note| matches!(note, crate::container::Note::Pkcs12 { .. }));
    Ok((key, block.is_encrypted_key() || from_pkcs12, notes))
}

fn several(file: &str, second: &Block) -> Finding {
    Finding::error(Code::NotAPrivateKey, format!("there are several private keys in {}", name(file)))
        .at(location(file, second))
        .fix("put each into a file of its own")
}

/// What else is in a file of which only the key is taken.
fn left_out(file: &str, block: &Block) -> Option<Finding> {
    use crate::container::Kind;
    if block.is_private_key() || block.kind == Kind::Parameters {
        return None;
    }
    let message = format!("left out: a {}; only the key is taken", block.kind.as_str());
    Some(Finding::note(Code::LeftOut, message).at(location(file, block)))
}

/// Text as the bytes of a file.
fn bytes(text: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.as_bytes().to_vec())
}
