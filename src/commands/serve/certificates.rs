//! Which certificates the settings ask for.

use std::sync::Arc;

use crate::acme::ExternalAccount;
use crate::acme::challenge::{ChallengeKind, ChallengeMethod, DnsProvider, DnsView, ForeignHook};
use crate::advice::acme::refused_by_serve;
use crate::advice::certificate::CertificateError;
use crate::commands::Result;
use crate::config::values::AcmeMissing;
use crate::config::{AcmeChallenge, AcmeSettings, Origin, ServeSettings, Settings};
use crate::operands::acme::{AcmeOperandError, dns_persist, dns_view, given_account, with_account_label};
use crate::serve::address::{ListenAddress, Scheme};
use crate::sources::{AcmeRequest, CertificateChoice, CertificateFiles, OnDemandRequest};
use crate::sys::opener::Opener;

/// The option for dns-account-01.
const ACCOUNT_LABEL: &str = "--acme-dns-account";

/// What https listeners need; `None` if there is none. Files are opened by `opener`.
pub(super) fn certificate_choice(
    settings: &ServeSettings,
    opener: &Arc<dyn Opener>,
) -> Result<Option<CertificateChoice>> {
    chosen(settings, opener).map_err(refused_by_serve)
}

fn chosen(settings: &ServeSettings, opener: &Arc<dyn Opener>) -> Result<Option<CertificateChoice>> {
    let acme = &settings.acme;
    if !settings.server.listeners.iter().any(|address| address.scheme.is_tls()) {
        return if acme.names.is_empty() { Ok(None) } else { Err(CertificateError::AcmeWithoutHttps.into()) };
    }
    if !acme.names.is_empty() {
        if settings.sites.iter().any(|site| !site.cert.is_empty()) {
            return Err(CertificateError::AcmeWithFiles.into());
        }
        if has_staples(settings) || settings.sites.iter().any(has_staples) {
            return Err(CertificateError::StapleWithoutCertificate.into());
        }
        // It answers http-01 too.
        let redirect = settings.server.redirect_http.iter().cloned();
        let redirect = redirect.map(|endpoint| ListenAddress { scheme: Scheme::Http, endpoint });
        return Ok(Some(CertificateChoice::Acme(Box::new(AcmeRequest {
            names: acme.names.clone(),
            servers: acme.servers.clone(),
            email: acme.email.clone(),
            external_account: external_account(acme)?,
            agrees_to_terms: acme.agree_tos,
            ca_roots: acme.ca_roots.clone(),
            state: acme.state.clone(),
            on_demand: (acme.ask.is_some() || !acme.on_demand.is_empty()).then(|| OnDemandRequest {
                names: acme.on_demand.clone(),
                ask: acme.ask.clone(),
                limit: acme.on_demand_limit,
            }),
            has_placeholder: acme.missing == AcmeMissing::Local,
            challenge: challenge(&acme.challenge)?,
            listeners: settings.server.listeners.iter().cloned().chain(redirect).collect(),
        }))));
    }
    let named = certificate_files(settings, &settings.sites)?;
    if named.is_empty() {
        return Ok(Some(CertificateChoice::Localhost { opener: Arc::clone(opener) }));
    }
    Ok(Some(CertificateChoice::Files { named, force: settings.force, opener: Arc::clone(opener) }))
}

/// Options of this command line that would do nothing; a file may keep them.
///
/// # Errors
/// One that goes with `--acme`, where no layer has that.
pub(super) fn no_acme_option_alone(settings: &Settings) -> Result<()> {
    if !settings.serve.acme.names.is_empty() {
        return Ok(());
    }
    let typed = settings.assignments.iter().filter(|one| matches!(one.origin, Origin::Flag));
    let mut words = typed.flat_map(|one| &one.sets).map(|(setting, _)| setting.word);
    match words.find(|word| word.starts_with("acme-")) {
        Some(word) => Err(CertificateError::AcmeOptionAlone(word).into()),
        None => Ok(()),
    }
}

fn external_account(acme: &AcmeSettings) -> Result<Option<ExternalAccount>> {
    let (kid, secret) = (acme.eab_kid.as_deref(), acme.eab_hmac_file.as_deref());
    if kid.is_some() != secret.is_some() {
        return Err(CertificateError::HalfAnExternalAccount.into());
    }
    Ok(given_account(kid, secret)?)
}

/// How names are proved other than by the listeners.
fn challenge(chosen: &AcmeChallenge) -> Result<Option<ChallengeMethod>> {
    let given = [
        ("--acme-dns", chosen.dns.is_some()),
        ("--acme-dns-hook", chosen.dns_hook.is_some()),
        ("--acme-rfc2136", chosen.rfc2136.is_some()),
        ("--acme-dns-persist", chosen.dns_persist.is_some()),
    ];
    let mut given = given.into_iter().filter(|(_, is_given)| *is_given).map(|(option, _)| option);
    if let (Some(first), Some(second)) = (given.next(), given.next()) {
        return Err(CertificateError::SeveralChallenges(first, second).into());
    }
    let method = match by_others(chosen)? {
        Some(method) => Some(method),
        None => chosen.rfc2136.clone().map(ChallengeMethod::Rfc2136),
    };
    let method = match (&chosen.dns_persist, method) {
        (Some(resolver), None) => Some(dns_persist(resolver)?),
        (_, method) => method,
    };
    match (method, chosen.dns_account) {
        (Some(method), is_labelled) => Ok(Some(with_account_label(method, is_labelled, ACCOUNT_LABEL)?)),
        (None, false) => Ok(None),
        (None, true) => Err(AcmeOperandError::LabelWithoutRecord {
            option: ACCOUNT_LABEL,
            challenge: ChallengeKind::Http01,
        }
        .into()),
    }
}

/// dns-01 by a provider or a hook, with the settings that go with them.
fn by_others(chosen: &AcmeChallenge) -> Result<Option<ChallengeMethod>> {
    let credentials = chosen.dns_credentials.clone();
    // As `acme obtain` takes them: a hook of another client names it.
    let foreign_hook = chosen.dns_hook.clone().filter(|hook| ForeignHook::is_meant(hook));
    if chosen.dns.is_none() && foreign_hook.is_none() {
        let given = [
            ("--acme-dns-credentials", credentials.is_some()),
            ("--acme-dns-resolver", chosen.dns_resolver.is_some()),
            ("--acme-dns-wait", chosen.dns_wait.is_some()),
        ];
        if let Some((option, _)) = given.into_iter().find(|(_, is_given)| *is_given) {
            return Err(CertificateError::DnsOptionAlone(option).into());
        }
        return Ok(chosen.dns_hook.clone().map(ChallengeMethod::DnsHook));
    }
    let view: DnsView =
        dns_view("--acme-dns-resolver", chosen.dns_resolver.as_deref(), chosen.dns_wait.map(u64::from))?;
    if let Some(hook) = foreign_hook {
        return Ok(Some(ChallengeMethod::ForeignHook(ForeignHook { hook, credentials, view })));
    }
    let Some(credentials) = credentials else { return Err(CertificateError::NoDnsCredentials.into()) };
    let provider = |provider| ChallengeMethod::Dns(DnsProvider { provider, credentials, view });
    Ok(chosen.dns.clone().map(provider))
}

/// The files of the server itself, and those of its sites.
pub(super) fn certificate_files(
    own: &ServeSettings,
    sites: &[ServeSettings],
) -> Result<Vec<CertificateFiles>> {
    let mut named = Vec::new();
    for settings in std::iter::once(own).chain(sites) {
        match (settings.cert.is_empty(), settings.key.is_empty()) {
            (true, true) if has_staples(settings) => {
                return Err(CertificateError::StapleWithoutCertificate.into());
            }
            (true, true) if settings.key_password_file.is_some() => {
                return Err(CertificateError::PasswordWithoutCertificate.into());
            }
            (true, true) => {}
            (true, false) => return Err(CertificateError::KeyWithoutCertificate.into()),
            (false, _) => named.push(CertificateFiles {
                certificates: settings.cert.clone(),
                keys: settings.key.clone(),
                password: settings.key_password_file.clone(),
                staples: settings.ocsp_staples.clone(),
            }),
        }
    }
    Ok(named)
}

fn has_staples(settings: &ServeSettings) -> bool {
    !settings.ocsp_staples.is_empty()
}
