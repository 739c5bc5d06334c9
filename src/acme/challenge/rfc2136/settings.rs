//! The file of `--rfc2136`: where updates go, and the key that signs them.
//!
//! ```toml
//! server = "ns1.example.com"       # takes the updates; HOST, HOST:PORT or [ADDRESS]:PORT
//! key_name = "acme"
//! secret = "base64"                # or secret_file = "/path/of/a/file/with/the/base64"
//! algorithm = "hmac-sha256"        # or hmac-sha384, hmac-sha512
//! zone = "example.com"             # without it the server is asked
//! resolver = "127.0.0.1"           # follows CNAMEs from other zones; without it that of /etc/resolv.conf
//! wait_seconds = 120               # at most, until all name servers show the record
//! ```

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hickory_proto::rr::rdata::tsig::TsigAlgorithm;
use hickory_proto::rr::{Name, TSigner};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::super::Error;
use super::super::credentials::is_missing;
use super::super::resolver::{dns_address, first_resolver, resolv_conf};
use crate::sys::fs::{plain, read_limited};

const DNS_PORT: u16 = 53;
const MAX_FILE_BYTES: u64 = 64 * 1024;
/// What the clocks may differ by, in seconds (RFC 8945 section 10).
const FUDGE: u16 = 300;
const DEFAULT_WAIT: Duration = Duration::from_secs(120);

/// Everything from the file, decided.
pub(super) struct Settings {
    /// Host and port of the server that takes updates.
    pub server: (String, u16),
    /// The zone, if it is given.
    pub zone: Option<Name>,
    pub key: TSigner,
    /// Follows CNAMEs from zones that the server does not have.
    pub resolver: Option<SocketAddr>,
    /// How long to wait at most until all name servers show the record.
    pub wait: Duration,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    server: String,
    key_name: String,
    secret: Option<String>,
    secret_file: Option<PathBuf>,
    #[serde(default)]
    algorithm: Algorithm,
    zone: Option<String>,
    resolver: Option<String>,
    wait_seconds: Option<u64>,
}

#[derive(Clone, Copy, Default, Deserialize)]
enum Algorithm {
    #[default]
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    #[serde(rename = "hmac-sha384")]
    HmacSha384,
    #[serde(rename = "hmac-sha512")]
    HmacSha512,
}

impl Settings {
    /// Reads the file, and the one that it names for the secret.
    ///
    /// # Errors
    /// [`Error::NoFile`], or [`Error::UpdateSettings`] with what is wrong; the secret is in no message.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let bad = |reason: String| Error::UpdateSettings { path: path.to_owned(), reason };
        if is_missing(path) {
            return Err(Error::NoFile { what: "the settings for DNS updates", path: path.to_owned() });
        }
        let text = Zeroizing::new(read_limited(path, MAX_FILE_BYTES).map_err(|error| bad(plain(&error)))?);
        let text = std::str::from_utf8(&text).map_err(|error| bad(error.to_string()))?;
        Self::of_text(text, path)
    }

    /// The same of what is in the file.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn of_text(text: &str, path: &Path) -> Result<Self, Error> {
        let bad = |reason| Error::UpdateSettings { path: path.to_owned(), reason };
        Self::parse(text, path, &resolv_conf()).map_err(bad)
    }

    fn parse(text: &str, path: &Path, resolv_conf: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| {
            // `error` itself would show the line, with the secret in it perhaps.
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            format!("line {}: {}", before.matches('\n').count() + 1, error.message())
        })?;
        let secret = match (file.secret, &file.secret_file) {
            (Some(secret), None) => Zeroizing::new(secret),
            (None, Some(secret_file)) => {
                let place = path.parent().unwrap_or_else(|| Path::new("")).join(secret_file);
                let text = Zeroizing::new(
                    read_limited(&place, MAX_FILE_BYTES)
                        .map_err(|error| format!("{}: {}", place.display(), plain(&error)))?,
                );
                Zeroizing::new(String::from_utf8_lossy(&text).into_owned())
            }
            _ => return Err("it needs either `secret` or `secret_file`".to_owned()),
        };
        let secret = STANDARD.decode(secret.trim()).map_err(|_| "the secret is not base64".to_owned())?;
        if secret.is_empty() {
            return Err("the secret is empty".to_owned());
        }
        let algorithm = match file.algorithm {
            Algorithm::HmacSha256 => TsigAlgorithm::HmacSha256,
            Algorithm::HmacSha384 => TsigAlgorithm::HmacSha384,
            Algorithm::HmacSha512 => TsigAlgorithm::HmacSha512,
        };
        let key = TSigner::new(secret, algorithm, name(&file.key_name)?, FUDGE)
            .map_err(|error| format!("the key cannot be used: {error}"))?;
        let resolver = match &file.resolver {
            Some(text) => {
                Some(dns_address(text).ok_or_else(|| format!("`resolver = {text:?}` is not an address"))?)
            }
            None => first_resolver(resolv_conf),
        };
        Ok(Self {
            server: host_and_port(&file.server)
                .ok_or_else(|| format!("`server = {:?}` is not a host", file.server))?,
            zone: file.zone.as_deref().map(name).transpose()?,
            key,
            resolver,
            wait: file.wait_seconds.map_or(DEFAULT_WAIT, Duration::from_secs),
        })
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("server", &self.server)
            .field("zone", &self.zone)
            .field("key", &self.key.signer_name())
            .field("resolver", &self.resolver)
            .field("wait", &self.wait)
            .finish()
    }
}

/// A DNS name that ends at the root, whether it was written so or not.
fn name(text: &str) -> Result<Name, String> {
    let mut name = Name::from_ascii(text).map_err(|_| format!("`{text}` is not a DNS name"))?;
    name.set_fqdn(true);
    Ok(name)
}

fn host_and_port(text: &str) -> Option<(String, u16)> {
    if let Some(address) = dns_address(text) {
        return Some((address.ip().to_string(), address.port()));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (text, DNS_PORT),
    };
    let is_name =
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    is_name.then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "c2VjcmV0IHNlY3JldCBzZWNyZXQ=";

    fn parse(text: &str) -> Result<Settings, String> {
        Settings::parse(
            text,
            Path::new("/etc/certkit/dns.toml"),
            "# no\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n",
        )
    }

    #[test]
    fn a_short_and_a_long_file() {
        let short =
            parse(&format!("server = \"ns1.a.test\"\nkey_name = \"acme\"\nsecret = \"{SECRET}\"")).unwrap();
        assert_eq!(short.server, ("ns1.a.test".to_owned(), 53));
        assert_eq!((short.zone.is_none(), short.wait), (true, DEFAULT_WAIT));
        assert_eq!(short.resolver, Some("192.0.2.53:53".parse().unwrap()));
        assert_eq!(short.key.signer_name().to_ascii(), "acme.");
        assert_eq!(short.key.key(), b"secret secret secret");

        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("secret"), format!("{SECRET}\n")).unwrap();
        let path = dir.path().join("dns.toml");
        let text = "server = \"[::1]:5353\"\nkey_name = \"acme.\"\nsecret_file = \"secret\"\nzone = \"a.test\"\n\
                    algorithm = \"hmac-sha512\"\nresolver = \"127.0.0.1:5300\"\nwait_seconds = 3\n";
        std::fs::write(&path, text).unwrap();
        let long = Settings::read(&path).unwrap();
        assert_eq!(long.server, ("::1".to_owned(), 5353));
        assert_eq!(long.zone.unwrap().to_ascii(), "a.test.");
        assert_eq!(long.key.algorithm(), &TsigAlgorithm::HmacSha512);
        assert_eq!(long.resolver, Some("127.0.0.1:5300".parse().unwrap()));
        assert_eq!(long.wait, Duration::from_secs(3));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secret() {
        let base = |more: &str| format!("server = \"192.0.2.1\"\nkey_name = \"acme\"\n{more}");
        for (text, why) in [
            (base(""), "either `secret` or"),
            (base(&format!("secret = \"{SECRET}\"\nsecret_file = \"x\"")), "either `secret` or"),
            (base("secret = \"c2Vj*cmV0\""), "not base64"),
            (base("secret = \"\""), "empty"),
            (base(&format!("secret = \"{SECRET}")), "line 3"),
            (base(&format!("secret = \"{SECRET}\"\nsecrets = 1")), "line 4"),
            (base(&format!("secret = \"{SECRET}\"\nalgorithm = \"hmac-md5\"")), "line 4"),
            (base(&format!("secret = \"{SECRET}\"\nresolver = \"dns.test\"")), "is not an address"),
            (base("secret_file = \"/no/such/file\""), "/no/such/file"),
            (format!("server = \"a b\"\nkey_name = \"acme\"\nsecret = \"{SECRET}\""), "is not a host"),
        ] {
            let reason = parse(&text).unwrap_err();
            assert!(reason.contains(why), "{reason}");
            assert!(!reason.contains("c2Vj"), "{reason}");
        }
        let settings = parse(&base(&format!("secret = \"{SECRET}\""))).unwrap();
        let shown = format!("{settings:?}");
        assert!(!shown.contains(SECRET) && !shown.contains("115, 101"), "{shown}");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,200}") {
            let _ = parse(&text);
            let _ = host_and_port(&text);
            let _ = first_resolver(&text);
        }
    }
}
