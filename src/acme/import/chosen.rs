//! Settings that several clients have in forms of their own.

use std::net::{IpAddr, SocketAddr};

use crate::acme::challenge::listen::ListenAddress;
use crate::acme::challenge::{ChallengeMethod, DnsView, ForeignHook};
use crate::acme::plan::public_server::{LETS_ENCRYPT, LETS_ENCRYPT_STAGING};

/// The directories of public servers, which lego does not keep.
const DIRECTORIES: [&str; 7] = [
    LETS_ENCRYPT,
    LETS_ENCRYPT_STAGING,
    "https://acme.zerossl.com/v2/DV90",
    "https://dv.acme-v02.api.pki.goog/directory",
    "https://dv.acme-v02.test-api.pki.goog/directory",
    "https://api.buypass.com/acme/directory",
    "https://acme.ssl.com/sslcom-dv-ecc",
];

/// The address that another client's own server listens on.
pub(super) fn listening(
    address: Option<&str>,
    port: Option<&str>,
    usual: u16,
) -> Result<ListenAddress, String> {
    let port = match port {
        Some(text) => text.parse().map_err(|_| format!("`{text}` is not a port"))?,
        None => usual,
    };
    match address {
        Some(text) => {
            let ip: IpAddr = text.parse().map_err(|_| format!("`{text}` is not an address"))?;
            Ok(ListenAddress::Only(SocketAddr::new(ip, port)))
        }
        None => Ok(ListenAddress::Everywhere(port)),
    }
}

/// A DNS hook of another client, as `--dns-hook` takes it.
pub(super) fn foreign_hook(hook: String) -> ChallengeMethod {
    ChallengeMethod::ForeignHook(ForeignHook { hook, credentials: None, view: DnsView::default() })
}

/// A command that was written for a shell, as a program with arguments.
pub(super) fn for_shell(command: &str) -> Option<String> {
    // Words of these are the same to a shell and to us; an assignment is not.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " _@%+:,./-".contains(c);
    if command.chars().all(is_plain) {
        return Some(command.to_owned());
    }
    shlex::try_join(["/bin/sh", "-c", command]).ok()
}

/// The directory of the server that `url` belongs to: the one that was named, if it is at the same host, else a public one.
pub(super) fn directory_of(url: &str, named: Option<&str>) -> Option<String> {
    let host = |url: &str| url.parse::<http::Uri>().ok()?.authority().map(ToString::to_string);
    let wanted = host(url)?;
    let mut all = named.into_iter().chain(DIRECTORIES);
    all.find(|directory| host(directory).as_ref() == Some(&wanted)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_known_by_their_hosts() {
        let of = |url| directory_of(url, Some("https://ca.test:14000/dir"));
        assert_eq!(of("https://ca.test:14000/acct/1").as_deref(), Some("https://ca.test:14000/dir"));
        assert_eq!(of("https://acme-v02.api.letsencrypt.org/acme/acct/1").as_deref(), Some(LETS_ENCRYPT));
        assert_eq!(of("https://ca.test/acct/1"), None);
        assert_eq!(of("no url"), None);
    }

    #[test]
    fn commands_keep_their_shell() {
        for plain in ["/etc/auth.sh", "auth -v --zone a.test"] {
            assert_eq!(for_shell(plain).as_deref(), Some(plain));
        }
        for command in
            ["cd /srv && ./auth", "auth $CERTBOT_DOMAIN", "KEY=v auth", "echo 'a b'; auth", "~/auth"]
        {
            let words = shlex::split(&for_shell(command).unwrap()).unwrap();
            assert_eq!(words, ["/bin/sh", "-c", command]);
        }
    }

    #[test]
    fn ports_and_addresses_are_read() {
        assert_eq!(listening(None, None, 80), Ok(ListenAddress::Everywhere(80)));
        let v6 = ListenAddress::Only("[::1]:81".parse().unwrap());
        assert_eq!(listening(Some("::1"), Some("81"), 80), Ok(v6));
        assert!(listening(Some("x"), None, 80).is_err());
        assert!(listening(None, Some("0x50"), 80).is_err());
    }
}
