//! acme.sh's folder, `~/.acme.sh`: `NAME/NAME.conf` and `NAME_ecc/NAME.conf` with the files of a certificate beside, and
//! `ca/HOST/PATH` with the account at each server.

use std::path::Path;

use super::chosen;
use super::error::ImportError;
use super::foreign_file::{chain, folders_with, inside, key, request, settings, settings_if_any};
use super::settings::{ForeignSettings, list};
use super::{ForeignAccount, ForeignCertificate, ForeignClient, ForeignState, Omission};
use crate::acme::challenge::ChallengeMethod;
use crate::acme::order::order_key::OrderKey;
use crate::acme::plan::life_settings::LifeSettings;
use crate::acme::storage::absolute;

/// `ca/HOST/PATH`, where the path may have several parts.
const ACCOUNT_DEPTH: usize = 6;

pub(super) fn read(folder: &Path) -> Result<ForeignState, ImportError> {
    let mut certificates = Vec::new();
    for path in inside(folder)?.iter().filter(|path| path.is_dir()) {
        let id = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let name = id.strip_suffix("_ecc").unwrap_or(id);
        let file = path.join(format!("{name}.conf"));
        if file.is_file() {
            certificates.push((id.to_owned(), certificate(folder, path, name, &file)));
        }
    }
    let mut omissions = Vec::new();
    let mut accounts = Vec::new();
    let below = folder.join("ca");
    let servers = certificates.iter().filter_map(|(_, one)| Some(one.as_ref().ok()?.server.clone()));
    let servers: Vec<_> = servers.collect();
    for path in folders_with(&below, "account.key", ACCOUNT_DEPTH)? {
        match account(&below, &path, &servers) {
            Ok(account) => accounts.push(account),
            Err(reason) => omissions.push(Omission::new(format!("account {}: {reason}", path.display()))),
        }
    }
    match settings_if_any(&folder.join("account.conf")) {
        Ok(text) if ForeignSettings::of_shell(&text).get("NOTIFY_HOOK").is_some() => {
            omissions.push(Omission::new("notifications (NOTIFY_HOOK) are not taken over"));
        }
        Ok(_) => {}
        Err(reason) => omissions.push(Omission::new(reason)),
    }
    Ok(ForeignState { client: ForeignClient::AcmeSh, accounts, certificates, omissions })
}

/// An account; its folder is the server's address without the scheme and the port.
fn account(below: &Path, folder: &Path, servers: &[String]) -> Result<ForeignAccount, String> {
    let file = folder.join("account.key");
    let key = key(&file)?;
    let settings = ForeignSettings::of_shell(&settings_if_any(&folder.join("ca.conf"))?);
    let path = folder.strip_prefix(below).ok().and_then(Path::to_str).unwrap_or_default();
    let known = servers.iter().find(|server| without_port(server).as_deref() == Some(path));
    let server = known.cloned().unwrap_or_else(|| format!("https://{path}"));
    let text = |name: &str| settings.get(name).map(str::to_owned);
    Ok(ForeignAccount { server, url: text("ACCOUNT_URL"), email: text("CA_EMAIL"), key, file })
}

/// `HOST/PATH` of an address, as acme.sh names folders.
fn without_port(url: &str) -> Option<String> {
    let url: http::Uri = url.parse().ok()?;
    Some(format!("{}{}", url.host()?, url.path()))
}

fn certificate(home: &Path, folder: &Path, name: &str, path: &Path) -> Result<ForeignCertificate, String> {
    let settings = ForeignSettings::of_shell(&settings(path)?);
    let get = |name: &str| settings.get(name).filter(|value| *value != "no");
    let server = get("Le_API").ok_or("its settings name no server (Le_API)")?.to_owned();
    let mut omissions = Vec::new();
    for (setting, what) in [
        ("Le_DeployHook", "the deploy script"),
        ("Le_ChallengeAlias", "the alias for dns-01"),
        ("Le_OCSP_Staple", "OCSP Must-Staple"),
        ("Le_PFXPassword", "the PKCS#12 file"),
        ("Le_ExtKeyUsage", "the extended key usage"),
        ("Le_ExtKeyUse", "the extended key usage"),
    ] {
        if let Some(value) = get(setting) {
            let value = if setting == "Le_PFXPassword" { "set" } else { value };
            omissions.push(Omission::new(format!("{what} is not taken over: {setting} is {value}")));
        }
    }
    let challenge = challenge(&settings, home);
    if let Ok(ChallengeMethod::ForeignHook(_)) = &challenge {
        omissions.push(
            Omission::new(
                "certkit calls acme.sh's DNS script, which reads its credentials from acme.sh's folder",
            )
            .instead("Keep that folder."),
        );
    }
    Ok(ForeignCertificate {
        first_name: Some(name.to_owned()),
        server,
        account: None,
        key: order_key(folder, name)?,
        chain: chain(&folder.join("fullchain.cer"))?,
        challenge,
        credentials: None,
        deploy_hook: deploy_hook(&settings),
        preferred_chain: get("Le_Preferred_Chain").map(str::to_owned),
        profile: get("Le_Certificate_Profile").map(str::to_owned),
        life: LifeSettings {
            pre_hook: get("Le_PreHook").map(str::to_owned),
            post_hook: get("Le_PostHook").map(str::to_owned),
            ..LifeSettings::default()
        },
        omissions,
    })
}

/// The key, or the request of `--signcsr`: only then there is a request alone.
fn order_key(folder: &Path, name: &str) -> Result<OrderKey, String> {
    let (key_file, request_file) = (folder.join(format!("{name}.key")), folder.join(format!("{name}.csr")));
    if !key_file.exists() && request_file.exists() {
        return request(&request_file).map(OrderKey::Given);
    }
    key(&key_file).map(OrderKey::Ours)
}

/// How acme.sh proves the names, by `Le_Webroot`, which has one for each name or one for all.
fn challenge(settings: &ForeignSettings, home: &Path) -> Result<ChallengeMethod, String> {
    let mut methods = list(settings.get("Le_Webroot").unwrap_or_default());
    methods.sort_unstable();
    methods.dedup();
    let listening =
        |port: &str, usual| chosen::listening(settings.get("Le_LocalAddress"), settings.get(port), usual);
    match methods.as_slice() {
        ["no"] => listening("Le_HTTPPort", 80).map(ChallengeMethod::Http),
        ["alpn"] => listening("Le_TLSPort", 443).map(ChallengeMethod::TlsAlpn),
        [folder] if folder.starts_with('/') => Ok(ChallengeMethod::Webroot(folder.into())),
        // The script reads its credentials from acme.sh's own settings, which stay where they are.
        [script] if script.starts_with("dns_") => {
            let path = absolute(&home.join("dnsapi").join(format!("{script}.sh")));
            let named = if path.is_file() { path.display().to_string() } else { (*script).to_owned() };
            Ok(chosen::foreign_hook(format!("acmesh:{named}")))
        }
        [other] => Err(format!("acme.sh's `{other}` has no counterpart here")),
        [] => Err("acme.sh keeps no challenge (Le_Webroot)".to_owned()),
        _ => Err(format!("acme.sh used several challenges: {}", methods.join(", "))),
    }
}

/// What acme.sh does with a new certificate: it writes the copies of `--install-cert`, then runs the commands, for which
/// it sets the variables here.
fn deploy_hook(settings: &ForeignSettings) -> Option<String> {
    let copies = [
        ("Le_RealKeyPath", "CERTKIT_KEY"),
        ("Le_RealCertPath", "CERTKIT_CERT"),
        ("Le_RealCACertPath", "CERTKIT_CHAIN"),
        ("Le_RealFullChainPath", "CERTKIT_FULLCHAIN"),
    ];
    let copies = copies.iter().filter_map(|(name, variable)| {
        let to = settings.get(name)?.replace('\'', r"'\''");
        Some(format!("cat \"${variable}\" > '{to}'"))
    });
    let copies: Vec<_> = copies.collect();
    let commands: Vec<_> =
        ["Le_RenewHook", "Le_ReloadCmd"].iter().filter_map(|name| settings.get(name)).collect();
    let mut lines = Vec::new();
    if !copies.is_empty() {
        // In a shell of its own: the commands below have the usual umask.
        lines.push(format!("(umask 077 && {}) || exit 1", copies.join(" && ")));
    }
    if !commands.is_empty() {
        lines.push(
            "export Le_Domain=\"$CERTKIT_NAME\" CERT_KEY_PATH=\"$CERTKIT_KEY\" CERT_PATH=\"$CERTKIT_CERT\" \
             CA_CERT_PATH=\"$CERTKIT_CHAIN\" CERT_FULLCHAIN_PATH=\"$CERTKIT_FULLCHAIN\""
                .to_owned(),
        );
    }
    // Each on a line of its own: one may end in `&` or a comment.
    lines.extend(commands.into_iter().map(|command| command.trim().to_owned()));
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acme::challenge::listen::ListenAddress;

    #[test]
    fn webroots_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let method = |text: &str| challenge(&ForeignSettings::of_shell(text), dir.path());
        assert_eq!(method("Le_Webroot='no'"), Ok(ChallengeMethod::Http(ListenAddress::Everywhere(80))));
        let port = ListenAddress::Everywhere(5001);
        assert_eq!(method("Le_Webroot='alpn'\nLe_TLSPort='5001'"), Ok(ChallengeMethod::TlsAlpn(port)));
        assert_eq!(method("Le_Webroot='/srv,/srv'"), Ok(ChallengeMethod::Webroot("/srv".into())));
        assert_eq!(method("Le_Webroot='dns_cf'"), Ok(chosen::foreign_hook("acmesh:dns_cf".into())));
        let script = dir.path().join("dnsapi/dns_cf.sh");
        std::fs::create_dir(dir.path().join("dnsapi")).unwrap();
        std::fs::write(&script, "").unwrap();
        let hook = format!("acmesh:{}", script.display());
        assert_eq!(method("Le_Webroot='dns_cf'"), Ok(chosen::foreign_hook(hook)));
        for other in ["/a,/b", "nginx:", "apache", "stateless", "dns", ""] {
            assert!(method(&format!("Le_Webroot='{other}'")).is_err(), "{other}");
        }
    }

    #[test]
    fn copies_and_commands_become_a_hook() {
        assert_eq!(deploy_hook(&ForeignSettings::default()), None);
        let text = "Le_RealKeyPath='/etc/a b/key.pem'\nLe_ReloadCmd='nginx -s reload;'";
        let hook = deploy_hook(&ForeignSettings::of_shell(text)).unwrap();
        let lines: Vec<_> = hook.lines().collect();
        assert_eq!(lines[0], "(umask 077 && cat \"$CERTKIT_KEY\" > '/etc/a b/key.pem') || exit 1");
        assert_eq!(lines.last(), Some(&"nginx -s reload;"));
    }

    #[test]
    fn commands_run_as_a_shell_reads_them() {
        let dir = tempfile::tempdir().unwrap();
        let text =
            "Le_RealKeyPath='key copy'\nLe_RenewHook='true & # note'\nLe_ReloadCmd='echo $Le_Domain >> ran;'";
        let hook = deploy_hook(&ForeignSettings::of_shell(text)).unwrap();
        std::fs::write(dir.path().join("key"), "k").unwrap();
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &hook]).current_dir(dir.path()).env("CERTKIT_KEY", "key");
        let ran = shell.env("CERTKIT_NAME", "a.test").output().unwrap();
        assert!(ran.status.success() && ran.stderr.is_empty(), "{ran:?}");
        assert_eq!(std::fs::read_to_string(dir.path().join("ran")).unwrap(), "a.test\n");
        assert_eq!(std::fs::read_to_string(dir.path().join("key copy")).unwrap(), "k");
    }

    #[test]
    fn folders_have_no_port() {
        assert_eq!(without_port("https://localhost:14000/dir").as_deref(), Some("localhost/dir"));
        assert_eq!(
            without_port("https://acme.zerossl.com/v2/DV90").as_deref(),
            Some("acme.zerossl.com/v2/DV90")
        );
    }
}
