//! PKCS#12 out of keys and certificates, or a trust store for Java out of certificates alone.

use std::collections::HashSet;

use zeroize::Zeroizing;

use super::Made;
use super::gather::{Content, Item};
use super::plain::{no_room, none_of};
use crate::advice::convert::{ConvertError, Wanted};
use crate::advice::key::unusable;
use crate::cli::ConvertArgs;
use crate::commands::Result;
use crate::container::BlockKind;
use crate::container::write::{Pkcs12Certificate, Pkcs12Cipher, Pkcs12Key, key_id, pkcs12};
use crate::operands::password::Passwords;
use crate::report::ConvertedItem;
use crate::x509::{Certificate, PrivateKey};

struct KeyEntry {
    key: PrivateKey,
    pkcs8: Zeroizing<Vec<u8>>,
    id: Vec<u8>,
    name: Option<String>,
}

struct CertificateEntry {
    certificate: Certificate,
    name: Option<String>,
    id: Option<Vec<u8>>,
    trusted: bool,
}

pub(super) fn write(items: Vec<Item>, args: &ConvertArgs, passwords: &mut Passwords) -> Result<Made> {
    let mut findings = Vec::new();
    let mut keys = Vec::new();
    let mut entries = Vec::new();
    let mut others = Vec::new();
    for item in items {
        match &item.content {
            Content::Key(_) => keys.push(open(&item, passwords)?),
            Content::Certificate(certificate) => entries.push(CertificateEntry {
                certificate: (**certificate).clone(),
                name: item.block.name.clone(),
                id: None,
                trusted: false,
            }),
            _ if item.block.kind == BlockKind::Parameters => {}
            _ => {
                findings.push(no_room(&item));
                others.push(item);
            }
        }
    }
    if keys.is_empty() && entries.is_empty() {
        return Err(none_of(Wanted::Certificate, &others));
    }
    join(&mut keys, &mut entries)?;
    name_trusted(&mut entries);
    let cipher = if args.legacy { Pkcs12Cipher::Legacy } else { Pkcs12Cipher::Modern };
    let password = password(args, passwords)?;
    let bags: Vec<_> = keys
        .iter()
        .map(|key| Pkcs12Key { pkcs8: &key.pkcs8, name: key.name.as_deref(), key_id: Some(&key.id) })
        .collect();
    let certificates: Vec<_> = entries
        .iter()
        .map(|entry| Pkcs12Certificate {
            der: &entry.certificate.der,
            name: entry.name.as_deref(),
            key_id: entry.id.as_deref(),
            trusted: entry.trusted,
        })
        .collect();
    let bytes = pkcs12(&bags, &certificates, &password, cipher)?;
    let keys = keys.into_iter().map(|key| ConvertedItem {
        kind: "private_key",
        title: key.key.description(),
        name: key.name,
        encrypted: true,
    });
    let certificates = entries.into_iter().map(|entry| ConvertedItem {
        kind: "certificate",
        title: entry.certificate.label(),
        name: entry.name,
        encrypted: true,
    });
    Ok(Made { bytes: Zeroizing::new(bytes), items: keys.chain(certificates).collect(), left_out: findings })
}

fn open(item: &Item, passwords: &mut Passwords) -> Result<KeyEntry> {
    let key = item.open_key(passwords)?;
    let pkcs8 = key.pkcs8().map_err(|error| unusable(&error, Some(item.location.clone())))?;
    Ok(KeyEntry { pkcs8, id: key_id(key.spki()), name: item.block.name.clone(), key })
}

/// Ties every key to its certificate, which goes in front. Certificates of no key's chain are there to be trusted.
fn join(keys: &mut [KeyEntry], entries: &mut Vec<CertificateEntry>) -> Result<()> {
    let mut own = Vec::new();
    for key in keys {
        let Some(at) = entries.iter().position(|entry| entry.certificate.spki == key.key.spki()) else {
            if entries.is_empty() && own.is_empty() {
                continue;
            }
            let (description, sha256) = (key.key.description(), key.key.spki_sha256());
            return Err(ConvertError::ForeignKey { description, sha256 }.into());
        };
        let mut entry = entries.remove(at);
        let name =
            key.name.take().or_else(|| entry.name.clone()).unwrap_or_else(|| entry.certificate.label());
        entry.name.get_or_insert_with(|| name.clone());
        entry.id = Some(key.id.clone());
        key.name = Some(name);
        own.push(entry);
    }
    let mut chain: HashSet<Vec<u8>> = HashSet::new();
    let mut pending: Vec<Certificate> = own.iter().map(|entry| entry.certificate.clone()).collect();
    while let Some(certificate) = pending.pop() {
        for entry in entries.iter() {
            if certificate.names_issuer(&entry.certificate) && chain.insert(entry.certificate.der.to_vec()) {
                pending.push(entry.certificate.clone());
            }
        }
    }
    for entry in entries.iter_mut() {
        entry.trusted = !chain.contains(entry.certificate.der.as_ref());
    }
    own.append(entries);
    *entries = own;
    Ok(())
}

/// Java tells the entries of a trust store apart by their names alone, whatever their case.
fn name_trusted(entries: &mut [CertificateEntry]) {
    let mut taken = HashSet::new();
    for entry in entries.iter_mut() {
        if !entry.trusted {
            continue;
        }
        let wanted = entry.name.take().unwrap_or_else(|| entry.certificate.label());
        let mut name = wanted.clone();
        let mut number = 2u32;
        while !taken.insert(name.to_lowercase()) {
            name = format!("{wanted} {number}");
            number += 1;
        }
        entry.name = Some(name);
    }
}

/// The password of the new file: its own, else the one that opened the old.
fn password(args: &ConvertArgs, passwords: &mut Passwords) -> Result<Zeroizing<String>> {
    match &args.new_password_file {
        Some(file) => Ok(Passwords::new("--new-password-file", Some(file)).fresh("the new file")?),
        None => Ok(passwords.fresh("the new file")?),
    }
}
