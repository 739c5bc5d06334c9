//! lego's folder, `.lego`: `accounts/SERVER/EMAIL` holds an account, `certificates` the files of each certificate. How a
//! certificate is got is on lego's command line and kept nowhere, nor is the address of the server's directory.

use std::path::Path;

use serde::Deserialize;

use super::chosen::directory_of;
use super::error::ImportError;
use super::foreign_file::{chain, folders_with, inside, key, settings, stem};
use super::{ForeignAccount, ForeignCertificate, ForeignClient, ForeignState, ImportChoice, Omission};
use crate::acme::order::order_key::OrderKey;
use crate::acme::plan::life_settings::LifeSettings;

/// `accounts/SERVER/EMAIL`.
const ACCOUNT_DEPTH: usize = 2;
const NO_DIRECTORY: &str = "Add `--server URL`, the address of the server's directory.";

pub(super) fn read(folder: &Path, choice: &ImportChoice) -> Result<ForeignState, ImportError> {
    let mut omissions = Vec::new();
    let mut accounts = Vec::new();
    for path in folders_with(&folder.join("accounts"), "account.json", ACCOUNT_DEPTH)? {
        match account(&path, choice) {
            Ok(account) => accounts.push(account),
            Err(reason) => {
                let what = format!("account {}: {reason}", path.display());
                omissions.push(Omission::new(what).instead(NO_DIRECTORY));
            }
        }
    }
    let mut certificates = Vec::new();
    let below = folder.join("certificates");
    for path in inside(&below)? {
        if let Some(name) = stem(&path, ".json") {
            certificates.push((name.clone(), certificate(&below, &name, &path, choice)));
        }
    }
    Ok(ForeignState { client: ForeignClient::Lego, accounts, certificates, omissions })
}

fn account(folder: &Path, choice: &ImportChoice) -> Result<ForeignAccount, String> {
    #[derive(Deserialize)]
    struct LegoAccount {
        #[serde(default)]
        email: String,
        registration: Registration,
    }
    #[derive(Deserialize)]
    struct Registration {
        uri: String,
    }
    let kept: LegoAccount = serde_json::from_str(&settings(&folder.join("account.json"))?)
        .map_err(|error| format!("account.json: {error}"))?;
    let server = directory_of(&kept.registration.uri, choice.server.as_deref());
    let server =
        server.ok_or_else(|| format!("lego does not keep the directory of {}", kept.registration.uri))?;
    let email = Some(kept.email).filter(|email| email.contains('@'));
    let id = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let file = folder.join("keys").join(format!("{id}.key"));
    Ok(ForeignAccount { key: key(&file)?, server, url: Some(kept.registration.uri), email, file })
}

fn certificate(
    below: &Path,
    name: &str,
    path: &Path,
    choice: &ImportChoice,
) -> Result<ForeignCertificate, String> {
    #[derive(Deserialize)]
    struct LegoCertificate {
        domain: String,
        #[serde(rename = "certUrl")]
        url: String,
    }
    let kept: LegoCertificate =
        serde_json::from_str(&settings(path)?).map_err(|error| format!("{}: {error}", path.display()))?;
    let server = directory_of(&kept.url, choice.server.as_deref());
    let server = server
        .ok_or_else(|| format!("lego does not keep the directory of {}; --server URL names it", kept.url))?;
    let key_file = below.join(format!("{name}.key"));
    if !key_file.exists() {
        let reason = "lego got it for a signing request, and keeps neither the request nor the key; \
                      `certkit acme obtain --csr FILE` continues with the request";
        return Err(reason.to_owned());
    }
    Ok(ForeignCertificate {
        first_name: Some(kept.domain),
        server,
        account: None,
        key: OrderKey::Ours(key(&key_file)?),
        chain: whole(chain(&below.join(format!("{name}.crt")))?, || {
            chain(&below.join(format!("{name}.issuer.crt")))
        }),
        challenge: Err("lego keeps no challenge".to_owned()),
        credentials: None,
        deploy_hook: None,
        preferred_chain: None,
        profile: None,
        life: LifeSettings::default(),
        omissions: Vec::new(),
    })
}

/// With `--no-bundle` lego writes the leaf alone, and the intermediates to another file.
fn whole<T>(mut chain: Vec<T>, rest: impl FnOnce() -> Result<Vec<T>, String>) -> Vec<T> {
    if chain.len() == 1 {
        chain.extend(rest().unwrap_or_default());
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_leaf_gets_its_intermediates() {
        assert_eq!(whole(vec![1], || Ok(vec![2, 3])), [1, 2, 3]);
        assert_eq!(whole(vec![1], || Err("no file".into())), [1]);
        assert_eq!(whole(vec![1, 2], || Ok(vec![3])), [1, 2]);
    }
}
