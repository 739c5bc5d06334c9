//! certbot's folder, `/etc/letsencrypt`: `renewal/NAME.conf` says where the files of a certificate are and how it is
//! renewed; `accounts/SERVER/ID` holds the accounts.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::certbot_dns;
use super::certbot_hooks::{HookFolder, VARIABLES};
use super::chosen;
use super::error::ImportError;
use super::foreign_file::{bytes, chain, folders_with, inside, key, settings, stem};
use super::jwk;
use super::settings::{ForeignSettings, list};
use super::{ForeignAccount, ForeignCertificate, ForeignClient, ForeignState, Omission, SECTION};
use crate::acme::challenge::ChallengeMethod;
use crate::acme::order::order_key::OrderKey;
use crate::acme::plan::life_settings::{KeyRotation, LifeSettings};
use crate::acme::plan::public_server::LETS_ENCRYPT;

/// `accounts/SERVER/PATH/ID`, where the path may have several parts.
const ACCOUNT_DEPTH: usize = 8;

pub(super) fn read(folder: &Path) -> Result<ForeignState, ImportError> {
    let mut omissions = Vec::new();
    let mut accounts = Vec::new();
    let below = folder.join("accounts");
    for path in folders_with(&below, "private_key.json", ACCOUNT_DEPTH)? {
        match account(&below, &path) {
            Ok(account) => accounts.push(account),
            Err(reason) => omissions.push(Omission::new(format!("account {}: {reason}", path.display()))),
        }
    }
    let hooks = HookFolder::read(folder)?;
    omissions.extend(hooks.omissions.iter().cloned());
    let mut certificates = Vec::new();
    for path in inside(&folder.join("renewal"))? {
        if let Some(name) = stem(&path, ".conf") {
            let mut certificate = certificate(folder, &name, &path);
            if let Ok(certificate) = &mut certificate {
                hooks.add_to(certificate);
            }
            certificates.push((name, certificate));
        }
    }
    Ok(ForeignState { client: ForeignClient::Certbot, accounts, certificates, omissions })
}

/// An account; its server is in the path, without the scheme.
fn account(below: &Path, folder: &Path) -> Result<ForeignAccount, String> {
    #[derive(Deserialize)]
    struct Registration {
        uri: Option<String>,
    }
    let file = folder.join("private_key.json");
    let key = jwk::parse(&bytes(&file)?).map_err(|reason| format!("its key: {reason}"))?;
    let registration: Option<Registration> = serde_json::from_str(&settings(&folder.join("regr.json"))?).ok();
    let server = folder.parent().and_then(|server| server.strip_prefix(below).ok()).map(Path::display);
    let server = server.ok_or("its folder names no server")?;
    let url = registration.and_then(|registration| registration.uri);
    Ok(ForeignAccount { server: format!("https://{server}"), url, email: None, key, file })
}

fn certificate(folder: &Path, name: &str, path: &Path) -> Result<ForeignCertificate, String> {
    let settings = ForeignSettings::of_configobj(&settings(path)?);
    let get = |setting: &str| settings.of(SECTION, setting);
    // The folder may be a copy: what is in it comes before the paths that its files name.
    let file = |setting: &str| -> Result<PathBuf, String> {
        let here = folder.join("live").join(name).join(format!("{setting}.pem"));
        let named = settings.get(setting).map(PathBuf::from);
        Some(here).filter(|path| path.exists()).or(named).ok_or_else(|| format!("no file {setting}.pem"))
    };
    let server = get("server").unwrap_or(LETS_ENCRYPT).to_owned();
    let account = get("account").map(|id| {
        let server = server.trim_start_matches("https://");
        folder.join("accounts").join(server).join(id).join("private_key.json")
    });
    let mut omissions = Vec::new();
    if get("must_staple") == Some("True") {
        omissions.push(Omission::new("OCSP Must-Staple is not taken over"));
    }
    if let Some(installer) = get("installer").filter(|installer| *installer != "None") {
        omissions.push(
            Omission::new(format!(
                "certbot also configured and reloaded {installer}, which certkit does not"
            ))
            .instead("Add `--deploy-hook 'systemctl reload nginx'`, or what reloads your server."),
        );
    }
    // The variables that certbot(1) has for hooks; ours have other names.
    let hook = get("renew_hook").or_else(|| get("deploy_hook")).filter(|hook| *hook != "None");
    let deploy_hook = hook.map(|hook| format!("{VARIABLES} {hook}"));
    let life = LifeSettings {
        pre_hook: get("pre_hook").filter(|hook| *hook != "None").map(str::to_owned),
        post_hook: get("post_hook").filter(|hook| *hook != "None").map(str::to_owned),
        key_rotation: (get("reuse_key") == Some("True")).then_some(KeyRotation::Reused),
        ..LifeSettings::default()
    };
    let (challenge, credentials) = match get("authenticator").and_then(certbot_dns::plugin) {
        Some(plugin) => certbot_dns::challenge(&settings, plugin)
            .map_or_else(|reason| (Err(reason), None), |(challenge, found)| (Ok(challenge), found)),
        None => (challenge(&settings), None),
    };
    let or_none = |text: Option<&str>| text.filter(|text| *text != "None").map(str::to_owned);
    Ok(ForeignCertificate {
        first_name: Some(name.to_owned()),
        server,
        account,
        key: OrderKey::Ours(key(&file("privkey")?)?),
        chain: chain(&file("fullchain")?)?,
        challenge,
        credentials,
        deploy_hook,
        preferred_chain: or_none(get("preferred_chain")),
        profile: or_none(get("required_profile").or_else(|| get("preferred_profile"))),
        life,
        omissions,
    })
}

/// How certbot proves the names, by its `authenticator`.
fn challenge(settings: &ForeignSettings) -> Result<ChallengeMethod, String> {
    let get = |name: &str| settings.of(SECTION, name).filter(|value| *value != "None");
    let is_dns = get("pref_challs").is_some_and(|list| list.contains("dns-01"));
    match get("authenticator").unwrap_or("none") {
        "standalone" => {
            chosen::listening(get("http01_address"), get("http01_port"), 80).map(ChallengeMethod::Http)
        }
        "webroot" => {
            let mapped = settings.section("webroot_map").map(|(_, folder)| folder);
            let mut folders: Vec<_> =
                mapped.chain(get("webroot_path").map(list).unwrap_or_default()).collect();
            folders.sort_unstable();
            folders.dedup();
            match folders.as_slice() {
                [folder] => Ok(ChallengeMethod::Webroot(folder.into())),
                [] => Err("certbot's webroot is not kept".to_owned()),
                _ => Err(format!("certbot used several webroots: {}", folders.join(", "))),
            }
        }
        "manual" if is_dns => {
            manual_hook(get("manual_auth_hook"), get("manual_cleanup_hook")).map(chosen::foreign_hook)
        }
        other => Err(format!("certbot's authenticator `{other}` has no counterpart here")),
    }
}

/// The hooks of certbot's manual challenge, which it runs in a shell, as `--dns-hook` takes them.
fn manual_hook(auth: Option<&str>, cleanup: Option<&str>) -> Result<String, String> {
    let auth = auth.ok_or("certbot's manual challenge has no hook")?;
    // A comma is what separates the two.
    if auth.contains(',') {
        return Err(format!(
            "its challenge is by a hook with a comma, which has no counterpart here: {auth}"
        ));
    }
    let in_shell = |hook| chosen::for_shell(hook).ok_or_else(|| format!("no shell takes its hook {hook}"));
    Ok(format!("certbot:{},{}", in_shell(auth)?, in_shell(cleanup.unwrap_or("true"))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acme::challenge::listen::ListenAddress;

    fn method(lines: &str) -> Result<ChallengeMethod, String> {
        challenge(&ForeignSettings::of_configobj(&format!("[renewalparams]\n{lines}\n")))
    }

    #[test]
    fn authenticators_are_told_apart() {
        let http = |address| Ok(ChallengeMethod::Http(address));
        assert_eq!(method("authenticator = standalone"), http(ListenAddress::Everywhere(80)));
        assert_eq!(
            method("authenticator = standalone\nhttp01_port = 5002\nhttp01_address = 127.0.0.1"),
            http(ListenAddress::Only(([127, 0, 0, 1], 5002).into()))
        );
        let webroot = |path: &str| Ok(ChallengeMethod::Webroot(path.into()));
        assert_eq!(method("authenticator = webroot\nwebroot_path = /srv,"), webroot("/srv"));
        assert_eq!(
            method("authenticator = webroot\n[[webroot_map]]\na.test = /a\nb.test = /a"),
            webroot("/a")
        );
        let two = method("authenticator = webroot\n[[webroot_map]]\na.test = /a\nb.test = /b");
        assert!(two.unwrap_err().contains("/a, /b"));
        for unknown in ["nginx", "apache"] {
            assert!(method(&format!("authenticator = {unknown}")).unwrap_err().contains(unknown));
        }
        assert!(method("").is_err());
    }

    #[test]
    fn manual_hooks_keep_their_shell() {
        let manual = |hooks| method(&format!("authenticator = manual\npref_challs = dns-01,\n{hooks}"));
        let hook = |hook: &str| Ok(chosen::foreign_hook(hook.to_owned()));
        assert_eq!(manual("manual_auth_hook = /etc/auth.sh"), hook("certbot:/etc/auth.sh,true"));
        assert_eq!(
            manual(
                "manual_auth_hook = cd /srv && ./auth $CERTBOT_DOMAIN\nmanual_cleanup_hook = rm a, b; true"
            ),
            hook("certbot:/bin/sh -c 'cd /srv && ./auth $CERTBOT_DOMAIN',/bin/sh -c 'rm a, b; true'")
        );
        assert!(manual("manual_auth_hook = auth a,b").unwrap_err().contains("comma"));
        assert!(manual("").unwrap_err().contains("no hook"));
    }
}
