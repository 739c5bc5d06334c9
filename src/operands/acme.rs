//! What users name for ACME: names, the server, the mail address, the external account, the challenge,
//! the state directory.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::acme::challenge::listen::ListenAddress;
use crate::acme::challenge::{
    ChallengeKind, ChallengeMethod, DnsProvider, DnsView, ForeignHook, dns_address,
};
use crate::acme::{self, ExternalAccount, KeyRotation, LifeSettings, PublicServer};
use crate::cli::{ChallengeArgs, DnsArgs, LifeArgs};
use crate::sys::fs::{plain, read_limited};
use crate::x509::InvalidName;

/// Servers give secrets of 32 or 64 bytes.
const MAX_SECRET_BYTES: u64 = 4096;

/// Why something cannot be used as it was named.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcmeOperandError {
    #[error("{0} needs `--dns PROVIDER` or a hook for another client, as in `--dns-hook lego:PROG`")]
    DnsOptionAlone(&'static str),
    #[error("{option}={text}: not an address")]
    DnsResolver { option: &'static str, text: String },
    #[error("{option}={text}: {reason}")]
    ListenAddress { option: &'static str, text: String, reason: String },
    #[error("{option} asks for a record in DNS, and {challenge} sets none")]
    LabelWithoutRecord { option: &'static str, challenge: ChallengeKind },
    #[error("`{0}` is not a valid mail address")]
    MailAddress(String),
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error("the file holds no secret in base64url")]
    NoSecret(PathBuf),
    #[error("cannot find the state directory: neither XDG_STATE_HOME nor HOME is set")]
    NoState,
    #[error("`{0}` is not the address of a resolver")]
    Resolver(String),
    #[error("cannot read the secret of the external account: {}", plain(.source))]
    Secret {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{text}` is not the address of an ACME server")]
    Server { text: String, option: &'static str },
}

type Result<T> = std::result::Result<T, AcmeOperandError>;

/// Certificate names in the form of [`acme::certificate_name`], each once, for the server of this directory.
///
/// # Errors
/// [`AcmeOperandError::Name`].
pub fn certificate_names<'a>(typed: impl IntoIterator<Item = &'a str>, server: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for name in typed {
        let name = acme::certificate_name(name)?;
        acme::check_public_name(&name, server)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// The address of a server's directory, by its word (`letsencrypt`, `zerossl`) or its URL; RFC 8555 section 6.1 allows
/// https only. `option` is where it was typed, for the error.
///
/// # Errors
/// [`AcmeOperandError::Server`].
pub fn server_address(url: &str, option: &'static str) -> Result<String> {
    if let Some(server) = PublicServer::by_word(url) {
        return Ok(server.directory.to_owned());
    }
    url.parse::<http::Uri>()
        .ok()
        .filter(|uri| uri.scheme_str() == Some("https") && uri.host().is_some())
        .map(|uri| uri.to_string())
        .ok_or_else(|| AcmeOperandError::Server { text: url.to_owned(), option })
}

/// The addresses of several servers, each once, in their order, as they were given to `option`.
///
/// # Errors
/// [`AcmeOperandError::Server`].
pub fn server_addresses(named: &[String], option: &'static str) -> Result<Vec<String>> {
    let mut servers = Vec::new();
    for server in named {
        let server = server_address(server, option)?;
        if !servers.contains(&server) {
            servers.push(server);
        }
    }
    Ok(servers)
}

/// Refuses what is not a mail address.
///
/// # Errors
/// [`AcmeOperandError::MailAddress`].
pub fn check_mail_address(text: &str) -> Result<()> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | '?' | '<' | '>');
    let is_address = matches!(text.split_once('@'), Some((user, host)) if !user.is_empty() && !host.is_empty())
        && !text.contains(bad);
    if is_address { Ok(()) } else { Err(AcmeOperandError::MailAddress(text.to_owned())) }
}

/// The external account of this key identifier, whose secret is in this file, if both are named.
///
/// # Errors
/// [`AcmeOperandError::Secret`], [`AcmeOperandError::NoSecret`].
pub fn given_account(kid: Option<&str>, secret: Option<&Path>) -> Result<Option<ExternalAccount>> {
    kid.zip(secret).map(|(kid, secret)| external_account(kid, secret)).transpose()
}

fn external_account(kid: &str, path: &Path) -> Result<ExternalAccount> {
    let text = read_limited(path, MAX_SECRET_BYTES)
        .map(Zeroizing::new)
        .map_err(|source| AcmeOperandError::Secret { path: path.to_owned(), source })?;
    // RFC 8555 section 7.3.4: "the MAC key in base64url-encoded form"; some sites pad it.
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decoded = GeneralPurpose::new(&URL_SAFE, lenient).decode(text.trim_ascii()).ok();
    let secret = decoded
        .filter(|secret| !secret.is_empty())
        .ok_or_else(|| AcmeOperandError::NoSecret(path.to_owned()))?;
    Ok(ExternalAccount { kid: kid.to_owned(), secret: Zeroizing::new(secret) })
}

/// The challenge that the options choose; without one that of `before`, else http-01 on port 80.
///
/// # Errors
/// [`AcmeOperandError::ListenAddress`], [`AcmeOperandError::DnsOptionAlone`],
/// [`AcmeOperandError::DnsResolver`].
pub fn challenge_method(
    args: &ChallengeArgs,
    dns: &DnsArgs,
    before: Option<ChallengeMethod>,
) -> Result<ChallengeMethod> {
    if let Some(hook) = args.dns_hook.as_ref().filter(|hook| ForeignHook::is_meant(hook)) {
        let hook = ForeignHook {
            hook: hook.clone(),
            credentials: dns.dns_credentials.clone(),
            view: given_view(dns)?,
        };
        return Ok(ChallengeMethod::ForeignHook(hook));
    }
    if let (Some(provider), Some(credentials)) = (&args.dns, &dns.dns_credentials) {
        return Ok(ChallengeMethod::Dns(DnsProvider {
            provider: provider.clone(),
            credentials: credentials.clone(),
            view: given_view(dns)?,
        }));
    }
    if let Some(option) = first_given(dns) {
        return Err(AcmeOperandError::DnsOptionAlone(option));
    }
    if let Some(folder) = &args.webroot {
        return Ok(ChallengeMethod::Webroot(folder.clone()));
    }
    if let Some(command) = &args.dns_hook {
        return Ok(ChallengeMethod::DnsHook(command.clone()));
    }
    if let Some(file) = &args.rfc2136 {
        return Ok(ChallengeMethod::Rfc2136(file.clone()));
    }
    if let Some(resolver) = &args.dns_persist {
        return dns_persist(resolver);
    }
    if let Some(tls_alpn) = &args.tls_alpn {
        return Ok(ChallengeMethod::TlsAlpn(address("--tls-alpn", tls_alpn)?));
    }
    match (&args.http, before) {
        (None, Some(before)) => Ok(before),
        (http, _) => Ok(ChallengeMethod::Http(address("--http", http.as_deref().unwrap_or(":80"))?)),
    }
}

/// What the options say of hooks and the key.
pub fn life_settings(args: &LifeArgs) -> LifeSettings {
    let rotation = |wish: Option<bool>, kept| wish.map(|wish| if wish { kept } else { KeyRotation::New });
    let key_rotation = rotation(args.reuse_key, KeyRotation::Reused)
        .or_else(|| rotation(args.prepare_key, KeyRotation::Prepared));
    LifeSettings {
        pre_hook: args.pre_hook.clone(),
        post_hook: args.post_hook.clone(),
        failure_hook: args.failure_hook.clone(),
        key_rotation,
    }
}

/// The challenge that the options choose, if they choose one.
///
/// # Errors
/// As of [`challenge_method`].
pub fn given_challenge(args: &ChallengeArgs, dns: &DnsArgs) -> Result<Option<ChallengeMethod>> {
    // No option chooses a command without words.
    let none = ChallengeMethod::DnsHook(String::new());
    Ok(Some(challenge_method(args, dns, Some(none.clone()))?).filter(|chosen| *chosen != none))
}

/// dns-persist-01, with the records as this resolver sees them: an address, or `system`.
///
/// # Errors
/// [`AcmeOperandError::Resolver`].
pub fn dns_persist(resolver: &str) -> Result<ChallengeMethod> {
    if resolver == "system" {
        return Ok(ChallengeMethod::DnsPersist(None));
    }
    let address = dns_address(resolver).ok_or_else(|| AcmeOperandError::Resolver(resolver.to_owned()))?;
    Ok(ChallengeMethod::DnsPersist(Some(address)))
}

/// The same challenge with the account's label in the name of its record, where `labelled`, which is set by `option`,
/// asks for that.
///
/// # Errors
/// [`AcmeOperandError::LabelWithoutRecord`].
pub fn with_account_label(
    challenge: ChallengeMethod,
    labelled: bool,
    option: &'static str,
) -> Result<ChallengeMethod> {
    match challenge.kind() {
        _ if !labelled => Ok(challenge),
        ChallengeKind::DnsAccount01 => Ok(challenge),
        ChallengeKind::Dns01 => Ok(ChallengeMethod::DnsAccount(Box::new(challenge))),
        challenge => Err(AcmeOperandError::LabelWithoutRecord { option, challenge }),
    }
}

/// An option that only goes with others.
fn first_given(dns: &DnsArgs) -> Option<&'static str> {
    let given = [
        ("--dns-credentials", dns.dns_credentials.is_some()),
        ("--dns-resolver", dns.dns_resolver.is_some()),
        ("--dns-wait", dns.dns_wait.is_some()),
    ];
    given.into_iter().find(|(_, is_given)| *is_given).map(|(option, _)| option)
}

fn given_view(args: &DnsArgs) -> Result<DnsView> {
    dns_view("--dns-resolver", args.dns_resolver.as_deref(), args.dns_wait)
}

/// Who is asked where records belong, by `option`, and how many seconds they may take to spread.
///
/// # Errors
/// [`AcmeOperandError::DnsResolver`].
pub fn dns_view(option: &'static str, resolver: Option<&str>, wait_seconds: Option<u64>) -> Result<DnsView> {
    let address = |text: &str| {
        dns_address(text).ok_or_else(|| AcmeOperandError::DnsResolver { option, text: text.to_owned() })
    };
    Ok(DnsView { resolver: resolver.map(address).transpose()?, wait_seconds })
}

fn address(option: &'static str, text: &str) -> Result<ListenAddress> {
    text.parse().map_err(|reason| AcmeOperandError::ListenAddress { option, text: text.to_owned(), reason })
}

/// The state directory: the one that was named, else `/var/lib/certkit` for root, else
/// `$XDG_STATE_HOME/certkit`, which is `~/.local/state/certkit` by default.
///
/// # Errors
/// [`AcmeOperandError::NoState`].
pub fn state_directory(named: Option<&Path>) -> Result<PathBuf> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    if rustix::process::geteuid().is_root() {
        return Ok("/var/lib/certkit".into());
    }
    let from = |variable, below: &str| {
        std::env::var_os(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .map(|path| path.join(below))
    };
    from("XDG_STATE_HOME", "certkit")
        .or_else(|| from("HOME", ".local/state/certkit"))
        .ok_or(AcmeOperandError::NoState)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_addresses() {
        assert!(check_mail_address("me@example.org").is_ok());
        for wrong in ["", "me", "@example.org", "me@", "me@a b", "<me@example.org>", "a@b,c@d"] {
            assert!(check_mail_address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn servers_have_https_addresses() {
        assert_eq!(server_address("https://ca.test/dir", "--server").unwrap(), "https://ca.test/dir");
        for wrong in ["", "ca.test", "http://ca.test/dir", "https://", "buypass"] {
            assert!(server_address(wrong, "--server").is_err(), "{wrong}");
        }
    }

    #[test]
    fn public_servers_have_words() {
        assert_eq!(server_address("letsencrypt", "--server").unwrap(), acme::LETS_ENCRYPT);
        assert_eq!(server_address("LetsEncrypt-Staging", "--server").unwrap(), acme::LETS_ENCRYPT_STAGING);
        assert!(server_address("zerossl", "--server").unwrap().contains("zerossl.com"));
        assert!(server_address("google", "--server").unwrap().contains("pki.goog"));
    }

    #[test]
    fn names_are_listed_once() {
        let names = certificate_names(["A.test.x", "b.test.x", "a.test.x"], acme::LETS_ENCRYPT).unwrap();
        assert_eq!(names, ["a.test.x", "b.test.x"]);
        assert!(certificate_names(["localhost"], acme::LETS_ENCRYPT).is_err());
        assert_eq!(certificate_names(["localhost"], "https://ca.test/dir").unwrap(), ["localhost"]);
    }
}
