//! Putting what another client has into our own state: accounts first, then certificates.

use std::fs;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{
    ForeignAccount, ForeignCertificate, ForeignClient, ForeignCredentials, ForeignState, ImportChoice,
    Omission,
};
use crate::acme::challenge::{ChallengeMethod, Error as ChallengeError};
use crate::acme::client::signed::Signer;
use crate::acme::error::Error;
use crate::acme::order::next_key::kind_of;
use crate::acme::order::order_key::OrderKey;
use crate::acme::plan::Plan;
use crate::acme::plan::names::certificate_name;
use crate::acme::storage::pem_files::chain_text;
use crate::acme::storage::{AccountRecord, LiveFiles, RenewRecord, Storage, VersionFiles, absolute};
use crate::x509::{Certificate, KeyKind, PrivateKey, SubjectAltName};

/// What came of it.
#[derive(Debug)]
pub struct ImportedState {
    pub client: ForeignClient,
    pub accounts: Vec<ImportedAccount>,
    pub certificates: Vec<ImportedCertificate>,
    /// What was left behind besides.
    pub omissions: Vec<Omission>,
}

/// What came of an account.
#[derive(Debug)]
pub struct ImportedAccount {
    /// The address of the server's directory.
    pub server: String,
    pub url: Option<String>,
    pub state: ImportState,
    /// Whether renewals have another account at this server.
    pub has_other: bool,
}

/// What came of a certificate.
#[derive(Debug)]
pub struct ImportedCertificate {
    /// Its name at the other client.
    pub foreign_name: String,
    /// The name that its files are under here; there as well, if it was left out.
    pub name: String,
    pub names: Vec<String>,
    pub server: Option<String>,
    pub not_after: Option<OffsetDateTime>,
    /// How its names will be proved.
    pub challenge: Option<ChallengeMethod>,
    /// Where its files are here.
    pub files: Option<LiveFiles>,
    pub state: ImportState,
    /// Whether its key is here, too.
    pub is_key_here: bool,
    /// The file that its DNS provider's credentials are in here, in our form.
    pub credentials: Option<PathBuf>,
    /// The commands that certkit runs from now on, with when: `pre`, `dns`, `post` or `deploy`.
    pub commands: Vec<(&'static str, String)>,
    pub omissions: Vec<Omission>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportState {
    /// It is here already, and stays as it is.
    AlreadyHere,
    /// It was not taken over, and why.
    LeftOut(String),
    Taken,
}

/// Takes over what was read; with `is_dry_run` only says what would be.
///
/// # Errors
/// [`Error::Storage`].
pub fn take_over(
    storage: &Storage,
    foreign: ForeignState,
    choice: &ImportChoice,
    is_dry_run: bool,
) -> Result<ImportedState, Error> {
    storage.check_access()?;
    let ForeignState { client, accounts, mut certificates, omissions } = foreign;
    // The one that is valid the longest has the first choice of a name.
    let end = |one: &(String, Result<ForeignCertificate, String>)| {
        one.1.as_ref().ok().and_then(|one| one.chain.first()).map(|leaf| leaf.not_after)
    };
    certificates.sort_by_key(|one| std::cmp::Reverse(end(one)));
    let ordering: Vec<_> =
        certificates.iter().filter_map(|(_, one)| one.as_ref().ok()?.account.clone()).collect();
    let mut accounts = accounts;
    // Where a server has several, the one that ordered is taken over.
    accounts.sort_by_key(|account| !ordering.contains(&account.file));
    let mut imported_accounts: Vec<ImportedAccount> = Vec::new();
    for account in accounts {
        let is_second = imported_accounts.iter().any(|other| other.server == account.server);
        imported_accounts.push(take_account(storage, account, choice, is_second, is_dry_run)?);
    }
    let mut imported: Vec<ImportedCertificate> = Vec::new();
    for (foreign_name, certificate) in certificates {
        let taken: Vec<_> = imported.iter().map(|one| one.name.clone()).collect();
        let certificate = match certificate {
            Ok(certificate) => {
                take_certificate(storage, &foreign_name, certificate, choice, &taken, is_dry_run)?
            }
            Err(reason) => left_out(&foreign_name, reason),
        };
        imported.push(certificate);
    }
    imported.sort_by(|a, b| a.foreign_name.cmp(&b.foreign_name));
    Ok(ImportedState { client, accounts: imported_accounts, certificates: imported, omissions })
}

fn take_account(
    storage: &Storage,
    account: ForeignAccount,
    choice: &ImportChoice,
    is_second: bool,
    is_dry_run: bool,
) -> Result<ImportedAccount, Error> {
    let ForeignAccount { server, url, email, key, .. } = account;
    let done =
        |state, has_other| Ok(ImportedAccount { server: server.clone(), url: url.clone(), state, has_other });
    let left_out = |reason: &str| done(ImportState::LeftOut(reason.to_owned()), false);
    let superfluous = |reason: &str| done(ImportState::LeftOut(reason.to_owned()), true);
    if is_second {
        return superfluous("certkit has one account at each server");
    }
    if Signer::bare(&key).is_err() {
        return left_out("its key is of a kind that signs no requests");
    }
    // The library for orders reads no other form.
    let Some(key) = key.pkcs8().ok().and_then(|der| PrivateKey::from_der(der).ok()) else {
        return left_out("its key is damaged");
    };
    let store = storage.account(&server);
    // Under the lock: a first order makes an account. A dry run writes nothing, not even a lock.
    let _lock = if is_dry_run { None } else { Some(store.lock(|| {})?) };
    let here = store.load()?.filter(|record| !record.deactivated).and(store.key()?);
    match here {
        Some(here) if here.spki() == key.spki() => return done(ImportState::AlreadyHere, false),
        Some(_) => return superfluous("another account at this server is here already and stays in use"),
        None => {}
    }
    if !is_dry_run {
        // In this order an old record is never next to a new key.
        store.forget()?;
        store.save_key(&key)?;
        let mut record = AccountRecord::new(&server, None);
        record.url.clone_from(&url);
        record.email = email;
        record.ca_roots = choice.ca_roots.as_deref().map(absolute);
        store.save(&record)?;
    }
    done(ImportState::Taken, false)
}

fn take_certificate(
    storage: &Storage,
    foreign_name: &str,
    certificate: ForeignCertificate,
    choice: &ImportChoice,
    taken: &[String],
    is_dry_run: bool,
) -> Result<ImportedCertificate, Error> {
    let ForeignCertificate { first_name, server, key, chain, mut omissions, .. } = certificate;
    let Some(leaf) = chain.first() else { return Ok(left_out(foreign_name, "it has no certificate".into())) };
    let mut one = left_out(foreign_name, String::new());
    one.server = Some(server.clone());
    one.not_after = Some(leaf.not_after);
    one.names = names(leaf);
    let mut refuse = |reason: &str| {
        one.state = ImportState::LeftOut(reason.to_owned());
        Ok(std::mem::replace(&mut one, left_out(foreign_name, String::new())))
    };
    if leaf.spki != *key.spki() {
        return refuse("its key belongs to another certificate");
    }
    let mut challenge = match choice.challenge.clone().map_or(certificate.challenge, Ok) {
        Ok(challenge) => challenge,
        Err(reason) => return refuse(&reason),
    };
    let credentials = certificate.credentials.filter(|_| choice.challenge.is_none());
    let all = names(leaf);
    let first = first_name.and_then(|name| certificate_name(&name).ok()).filter(|name| all.contains(name));
    let free = first.iter().chain(&all).find(|name| !taken.contains(name)).cloned();
    let Some(name) = free else {
        return refuse("another certificate with the same names is taken over, which is valid longer");
    };
    if let Some(name) = all.iter().find(|name| challenge.can_prove(name).is_err()) {
        return refuse(&format!("{} does not prove {name}", challenge.kind()));
    }
    let checked = match &credentials {
        Some(credentials) => {
            challenge.use_file(&storage.credentials_file(&credentials.stem, &credentials.text)?);
            challenge.check_settings(&credentials.text).map_err(|error| error.to_string())
        }
        None => check_challenge(&challenge),
    };
    if let Err(reason) = checked {
        return refuse(&reason);
    }
    let mut planned = all;
    planned.retain(|other| *other != name);
    planned.insert(0, name.clone());
    let (key_kind, request) = match &key {
        OrderKey::Given(request) => (request.key_kind().unwrap_or(KeyKind::EcdsaP256), Some(request.clone())),
        OrderKey::Ours(key) => {
            let unknown = || {
                let (its, next) = (key.description(), KeyKind::EcdsaP256);
                let what = format!("certkit makes no keys as this one ({its}); the next one is {next}");
                omissions.push(Omission::new(what));
                next
            };
            (kind_of(key).unwrap_or_else(unknown), None)
        }
    };
    let plan = Plan {
        names: planned.clone(),
        server: server.clone(),
        ca_roots: choice.ca_roots.clone(),
        key_kind,
        request,
        profile: certificate.profile,
        preferred_chain: certificate.preferred_chain,
        life: certificate.life,
        deploy_hook: choice.deploy_hook.clone().or(certificate.deploy_hook).filter(|hook| !hook.is_empty()),
        ..Plan::new(challenge.clone())
    };
    let store = storage.certificate(&name);
    one.challenge = Some(challenge);
    one.is_key_here = key.private().is_some();
    one.files = Some(store.live_files());
    one.names = planned;
    one.name = name;
    one.omissions = omissions;
    // A dry run writes nothing, not even a lock.
    let _lock = if is_dry_run { None } else { Some(store.lock(|| {})?) };
    if store.is_in_use() {
        one.state = ImportState::AlreadyHere;
        let kept = store.record()?.and_then(|record| record.challenge);
        one.omissions.extend(credentials.and_then(|found| changed(&found, kept.as_ref()?.secret_file()?)));
        return Ok(one);
    }
    one.state = ImportState::Taken;
    one.commands = commands(&plan);
    one.credentials = match &credentials {
        Some(found) if is_dry_run => Some(storage.credentials_file(&found.stem, &found.text)?),
        Some(found) => Some(storage.save_credentials(&found.stem, &found.text)?),
        None => None,
    };
    if is_dry_run {
        return Ok(one);
    }
    let (leaf, rest) = chain.split_at(1);
    let files = VersionFiles {
        key: key.private().map(|key| Zeroizing::new(key.to_pem().as_bytes().to_vec())).unwrap_or_default(),
        cert: chain_text(leaf),
        chain: chain_text(rest),
        fullchain: chain_text(&chain),
    };
    store.install(&files, RenewRecord::new(&plan), None)?;
    Ok(one)
}

/// Credentials that the other client has changed since they were taken over into this file.
fn changed(found: &ForeignCredentials, file: &Path) -> Option<Omission> {
    if fs::read(file).is_ok_and(|kept| kept == found.text.as_bytes()) {
        return None;
    }
    let what = format!("its credentials differ from those in {}, which renewals use", file.display());
    Some(Omission::new(what).instead("If the new ones are right, write them into that file."))
}

fn left_out(foreign_name: &str, reason: String) -> ImportedCertificate {
    ImportedCertificate {
        foreign_name: foreign_name.to_owned(),
        name: foreign_name.to_owned(),
        names: Vec::new(),
        server: None,
        not_after: None,
        challenge: None,
        files: None,
        state: ImportState::LeftOut(reason),
        is_key_here: false,
        credentials: None,
        commands: Vec::new(),
        omissions: Vec::new(),
    }
}

/// The commands of a plan, in the order that they are run in.
fn commands(plan: &Plan) -> Vec<(&'static str, String)> {
    let dns = match &plan.challenge {
        ChallengeMethod::DnsHook(command) => Some(command),
        ChallengeMethod::ForeignHook(hook) => Some(&hook.hook),
        _ => None,
    };
    let (pre, post) = (plan.life.pre_hook.as_ref(), plan.life.post_hook.as_ref());
    [("pre", pre), ("dns", dns), ("post", post), ("deploy", plan.deploy_hook.as_ref())]
        .into_iter()
        .filter_map(|(hook, command)| Some((hook, command?.clone())))
        .collect()
}

/// Looks for the hooks and credentials of a challenge. Not for ports, which the other client's server may have until
/// renewals are ours, nor for webroots, which are tried by writing.
fn check_challenge(challenge: &ChallengeMethod) -> Result<(), String> {
    match challenge {
        ChallengeMethod::Embedded(_)
        | ChallengeMethod::Http(_)
        | ChallengeMethod::TlsAlpn(_)
        | ChallengeMethod::Webroot(_) => Ok(()),
        _ => match challenge.prepare() {
            Err(ChallengeError::HookUnusable { command, reason }) => {
                Err(format!("the hook of its challenge, `{command}`, cannot be run: {reason}"))
            }
            prepared => prepared.map(drop).map_err(|error| error.to_string()),
        },
    }
}

/// The names of a certificate that a server can validate.
fn names(leaf: &Certificate) -> Vec<String> {
    let names = leaf.extensions.subject_alt_names.iter().flatten().filter_map(|name| match name {
        SubjectAltName::Dns(name) => certificate_name(name).ok(),
        SubjectAltName::Ip(address) => Some(address.to_string()),
        _ => None,
    });
    names.collect()
}
