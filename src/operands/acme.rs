//! What users name for ACME: names, the server, the mail address, the external account, the challenge,
//! the state directory.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::acme::challenge::ChallengeMethod;
use crate::acme::challenge::listen::ListenAddress;
use crate::acme::{self, ExternalAccount};
use crate::cli::ChallengeArgs;
use crate::sys::fs::{plain, read_limited};
use crate::x509::InvalidName;

/// Servers give secrets of 32 or 64 bytes.
const MAX_SECRET_BYTES: u64 = 4096;

/// Why something cannot be used as it was named.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcmeOperandError {
    #[error("{option}={text}: {reason}")]
    ListenAddress { option: &'static str, text: String, reason: String },
    #[error("`{0}` is not a valid mail address")]
    MailAddress(String),
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error("the file holds no secret in base64url")]
    NoSecret(PathBuf),
    #[error("cannot find the state directory: neither XDG_STATE_HOME nor HOME is set")]
    NoState,
    #[error("cannot read the secret of the external account: {}", plain(.source))]
    Secret {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{0}` is not the address of an ACME server")]
    Server(String),
}

type Result<T> = std::result::Result<T, AcmeOperandError>;

/// Certificate names in the form of [`acme::certificate_name`], each once.
///
/// # Errors
/// [`AcmeOperandError::Name`].
pub fn certificate_names<'a>(typed: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for name in typed {
        let name = acme::certificate_name(name)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// The address of a server's directory; RFC 8555 section 6.1 allows https only.
///
/// # Errors
/// [`AcmeOperandError::Server`].
pub fn server_address(url: &str) -> Result<String> {
    url.parse::<http::Uri>()
        .ok()
        .filter(|uri| uri.scheme_str() == Some("https") && uri.host().is_some())
        .map(|uri| uri.to_string())
        .ok_or_else(|| AcmeOperandError::Server(url.to_owned()))
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

/// The external account of key identifier `kid`, whose secret is in the file `path`.
///
/// # Errors
/// [`AcmeOperandError::Secret`], [`AcmeOperandError::NoSecret`].
pub fn external_account(kid: &str, path: &Path) -> Result<ExternalAccount> {
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
/// [`AcmeOperandError::ListenAddress`].
pub fn challenge_method(args: &ChallengeArgs, before: Option<ChallengeMethod>) -> Result<ChallengeMethod> {
    if let Some(folder) = &args.webroot {
        return Ok(ChallengeMethod::Webroot(folder.clone()));
    }
    if let Some(command) = &args.dns_hook {
        return Ok(ChallengeMethod::DnsHook(command.clone()));
    }
    if let Some(file) = &args.rfc2136 {
        return Ok(ChallengeMethod::Rfc2136(file.clone()));
    }
    if let Some(tls_alpn) = &args.tls_alpn {
        return Ok(ChallengeMethod::TlsAlpn(address("--tls-alpn", tls_alpn)?));
    }
    match (&args.http, before) {
        (None, Some(before)) => Ok(before),
        (http, _) => Ok(ChallengeMethod::Http(address("--http", http.as_deref().unwrap_or(":80"))?)),
    }
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
        assert_eq!(server_address("https://ca.test/dir").unwrap(), "https://ca.test/dir");
        for wrong in ["", "ca.test", "http://ca.test/dir", "https://"] {
            assert!(server_address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_listed_once() {
        let names = certificate_names(["A.test.x", "b.test.x", "a.test.x"]).unwrap();
        assert_eq!(names, ["a.test.x", "b.test.x"]);
        assert!(certificate_names(["localhost"]).is_err());
    }
}
