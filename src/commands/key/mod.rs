//! `certkit key`: keys made, shown, encrypted, decrypted, compared.

mod matching;

use std::path::Path;

use zeroize::Zeroizing;

pub(super) use self::matching::public_key_sha256;
use super::{Context, Result, next_command, show};
use crate::advice::ca::refused_by_browsers;
use crate::advice::files::{damage_notes, form_notes};
use crate::advice::key::{KeyError, not_a_key, unusable};
use crate::ca::new_key;
use crate::cli::{KeyArgs, KeyCommand, KeyDecryptArgs, KeyEncryptArgs, KeyNewArgs, KeyShowArgs};
use crate::container::{Block, BlockKind, Note};
use crate::finding::{Finding, Location, Severity};
use crate::operands::destination::{Destination, Product, ProductKind};
use crate::operands::input::{InputError, decrypted, location, read_contents};
use crate::operands::output::{Overwrite, shell_word};
use crate::operands::password::Passwords;
use crate::operands::seal::encrypted_key_pem;
use crate::pem;
use crate::report::{FileRole, Outcome};
use crate::sys::fs::free_backup_name;
use crate::x509::PrivateKey;

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
        (encrypted_key_pem(&key, &passwords.fresh(&format!("`{}`", args.output))?)?, "encrypted")
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
        let output = next_command::output_option(Path::new("server.csr"));
        report.next.push(format!("certkit csr www.mysite.com --key {}{output}", shell_word(&args.output)));
    }
    Ok(report)
}

/// As `certkit show`, of the keys alone.
fn show(args: &KeyShowArgs, context: &Context<'_>) -> Result {
    let mut report = show::of_file(&args.file, args.password_file.as_deref(), context.clock.now())?;
    if let Outcome::Shown(shown) = &mut report.outcome {
        shown.items.retain(|item| matches!(item.kind, "private_key" | "public_key"));
        shown.tree.clear();
        if shown.items.is_empty() && report.findings.iter().all(|finding| finding.severity < Severity::Error)
        {
            return Err(KeyError::NoKey { file: args.file.clone() }.into());
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
            return Err(KeyError::AlreadyEncrypted { file: args.file.clone() }.into());
        }
        None => passwords.fresh("the new key")?,
    };
    let product = Product {
        bytes: bytes(&encrypted_key_pem(&key, &password)?),
        has_key: true,
        role: FileRole::PrivateKey,
        description: format!("the private key, {}: encrypted", key.description()),
    };
    // Where the unencrypted key is afterwards: where it was, or in the backup of it.
    let unencrypted = match &destination {
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
            report
                .next
                .push(format!("rm {}      # it still holds the unencrypted key", shell_word(&unencrypted)));
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
        &key.pkcs8().map_err(|error| unusable(&error, Some(Location::file(&args.file))))?,
    );
    let product = Product {
        bytes: bytes(&text),
        has_key: true,
        role: FileRole::PrivateKey,
        description: format!(
            "the private key, {}: {}, keep it secret",
            key.description(),
            if was_encrypted { "no longer encrypted" } else { "not encrypted, as before" }
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
        return Err(InputError::without_key(file, &contents.blocks).into());
    };
    if let Some(second) = keys.next() {
        let location = location(file, second);
        return Err(KeyError::SeveralKeys { file: file.to_owned(), location }.into());
    }
    let is_other = |block: &&Block| !block.is_private_key() && block.kind != BlockKind::Parameters;
    let others = contents.blocks.iter().filter(is_other);
    notes.extend(others.map(|block| not_a_key(block.kind.as_str(), location(file, block))));
    let key = decrypted(file, block, passwords)?;
    let from_pkcs12 = contents.notes.iter().any(|note| matches!(note, Note::Pkcs12 { .. }));
    Ok((key, block.is_encrypted_key() || from_pkcs12, notes))
}

/// Text as the bytes of a file.
fn bytes(text: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.as_bytes().to_vec())
}
