//! The forms without a password of their own: PEM, DER, PKCS#7, and keys alone.

use zeroize::Zeroizing;

use super::Made;
use super::gather::{Content, Item};
use crate::advice::convert::{ConvertError, LeftOut, Wanted, reencrypted};
use crate::advice::key::unusable;
use crate::cli::{ConvertArgs, Form};
use crate::commands::Result;
use crate::container::{BlockKind, write};
use crate::finding::Finding;
use crate::operands::password::Passwords;
use crate::pem;
use crate::report::{ConvertedItem, Failure};

/// Everything as text, in the order it was read.
pub(super) fn pem(items: Vec<Item>, passwords: &mut Passwords) -> Result<Made> {
    let mut text = Zeroizing::new(String::new());
    let mut made = Made { bytes: Zeroizing::default(), items: Vec::new(), left_out: Vec::new() };
    for item in items {
        let (label, der) = single(&item, passwords, &mut made.left_out)?;
        let Some(label) = label else {
            let object = item.described();
            made.left_out.push(LeftOut::UnknownKind { object }.at(item.location.clone()));
            continue;
        };
        pem::write(&mut text, &label, &der);
        made.left_out.extend(lost_name(&item));
        made.items.push(done(&item, item.block.is_encrypted_key()));
    }
    made.bytes = Zeroizing::new(text.as_bytes().to_vec());
    Ok(made)
}

pub(super) fn der(items: Vec<Item>, args: &ConvertArgs, passwords: &mut Passwords) -> Result<Made> {
    // Parameters of a curve precede a key that names the curve itself.
    let mut items = items.into_iter().filter(|item| item.block.kind != BlockKind::Parameters);
    let first = items.next();
    let more = items.count();
    let Some(item) = first.filter(|_| more == 0) else {
        let input = args.input.clone();
        return Err(ConvertError::SeveralObjects { input, count: more + 1 }.into());
    };
    let mut left_out: Vec<_> = lost_name(&item).into_iter().collect();
    let (_, bytes) = single(&item, passwords, &mut left_out)?;
    Ok(Made { bytes, items: vec![done(&item, item.block.is_encrypted_key())], left_out })
}

/// Certificates and revocation lists; PEM, which openssl, GnuTLS, Java and Windows all read without an option.
pub(super) fn pkcs7(items: Vec<Item>) -> Result<Made> {
    let is_held = |item: &Item| matches!(item.content, Content::Certificate(_) | Content::Crl);
    let (taken, left): (Vec<_>, Vec<_>) = items.into_iter().partition(is_held);
    let of = |kind| -> Vec<&[u8]> {
        taken.iter().filter(|item| item.block.kind == kind).map(|item| item.block.der.as_slice()).collect()
    };
    if taken.is_empty() {
        return Err(none_of(Wanted::Certificate, &left));
    }
    let mut text = String::new();
    pem::write(&mut text, "PKCS7", &write::pkcs7(&of(BlockKind::Certificate), &of(BlockKind::Crl)));
    let mut findings: Vec<_> = left.iter().map(no_room).collect();
    findings.extend(taken.iter().filter_map(lost_name));
    let items = taken.iter().map(|item| done(item, false)).collect();
    Ok(Made { bytes: Zeroizing::new(text.into_bytes()), items, left_out: findings })
}

/// The private keys as PEM in one of their forms, open.
pub(super) fn keys(items: Vec<Item>, form: Form, passwords: &mut Passwords) -> Result<Made> {
    let (keys, others): (Vec<_>, Vec<_>) =
        items.into_iter().partition(|item| matches!(item.content, Content::Key(_)));
    if keys.is_empty() {
        return Err(none_of(Wanted::PrivateKey, &others));
    }
    let mut text = Zeroizing::new(String::new());
    let mut made = Made { bytes: Zeroizing::default(), items: Vec::new(), left_out: Vec::new() };
    for item in &keys {
        let key = item.open_key(passwords)?;
        let (label, der) = match form {
            Form::Pkcs1 => ("RSA PRIVATE KEY", key.pkcs1()),
            Form::Sec1 => ("EC PRIVATE KEY", key.sec1()),
            _ => ("PRIVATE KEY", key.pkcs8().ok()),
        };
        let Some(der) = der else {
            let (form, owners) = match form {
                Form::Pkcs1 => ("PKCS#1", "RSA keys"),
                _ => ("SEC1", "keys on elliptic curves such as P-256"),
            };
            let (key, location) = (key.description(), item.location.clone());
            return Err(ConvertError::KeyForm { form, owners, key, location }.into());
        };
        pem::write(&mut text, label, &der);
        made.left_out.extend(lost_name(item));
        made.items.push(ConvertedItem { title: key.description(), ..done(item, false) });
    }
    // A request for keys is not one for what is next to them.
    let others = others.iter().filter(|item| item.block.kind != BlockKind::Parameters);
    made.left_out
        .extend(others.map(|item| LeftOut::NotAKey { object: item.described() }.at(item.location.clone())));
    made.bytes = Zeroizing::new(text.as_bytes().to_vec());
    Ok(made)
}

/// Label and DER of one object as it goes into PEM or DER. An encrypted key stays encrypted; OpenSSL's own old format
/// (`Proc-Type`), which is weak and has no DER, becomes PKCS#8 with the same password.
fn single(
    item: &Item,
    passwords: &mut Passwords,
    notes: &mut Vec<Finding>,
) -> Result<(Option<String>, Zeroizing<Vec<u8>>)> {
    if let Content::Key(Some(key)) = &item.content {
        // Its own form, under the label of that form.
        let text = key.to_pem();
        let block = pem::scan(text.as_bytes()).blocks.into_iter().next();
        return Ok(match block {
            Some(block) => (Some(block.label), block.der),
            None => (item.label(), item.block.der.clone()),
        });
    }
    if item.block.is_encrypted_key() && !item.block.headers.is_empty() {
        let key = item.open_key(passwords)?;
        let pkcs8 = key.pkcs8().map_err(|error| unusable(&error, Some(item.location.clone())))?;
        let password = passwords.of(&item.location.file)?.unwrap_or_default();
        let sealed = write::encrypt_key(&pkcs8, &password)?;
        notes.push(reencrypted(item.location.clone()));
        return Ok((item.label(), Zeroizing::new(sealed)));
    }
    if item.block.label == "TRUSTED CERTIFICATE" {
        notes.push(LeftOut::TrustSettings.at(item.location.clone()));
    }
    Ok((item.label(), item.block.der.clone()))
}

fn done(item: &Item, encrypted: bool) -> ConvertedItem {
    ConvertedItem { kind: item.kind_word(), title: item.title.clone(), name: None, encrypted }
}

/// The name that an object had in PKCS#12, which no other form can hold.
fn lost_name(item: &Item) -> Option<Finding> {
    let name = item.block.name.as_ref()?;
    Some(LeftOut::Name { name, title: &item.title }.at(item.location.clone()))
}

/// Something that the new form cannot hold.
pub(super) fn no_room(item: &Item) -> Finding {
    LeftOut::NoRoom { object: item.described() }.at(item.location.clone())
}

/// Nothing that was read can go into the form.
pub(super) fn none_of(wanted: Wanted, items: &[Item]) -> Failure {
    let first = items.first();
    let found = first.map(|item| item.kind_word().replace('_', " ")).unwrap_or_default();
    ConvertError::NoneOf { wanted, found, location: first.map(|item| item.location.clone()) }.into()
}
