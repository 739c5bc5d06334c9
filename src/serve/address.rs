//! Where to listen: `[SCHEME[+unix|+fd]:[//]]ADDRESS`.

use std::fmt;
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::str::FromStr;

/// A protocol and the endpoint that speaks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress {
    pub scheme: Scheme,
    pub endpoint: Endpoint,
}

/// The protocol of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
    /// The uwsgi protocol, as nginx's `uwsgi_pass` speaks it.
    Uwsgi,
    /// The same inside TLS.
    Suwsgi,
    /// FastCGI.
    Fcgi,
    Scgi,
    /// AJP 1.3.
    Ajp,
}

/// Where a listener stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A TCP port. An empty host is every address of this machine; IPv6 addresses stand without
    /// brackets.
    Tcp {
        /// Host name or address.
        host: String,
        /// Port; 0 lets the system choose.
        port: u16,
    },
    Unix(PathBuf),
    /// A socket that listens already, which this program inherited under this number.
    Fd(RawFd),
}

impl Scheme {
    /// The word in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Uwsgi => "uwsgi",
            Self::Suwsgi => "suwsgi",
            Self::Fcgi => "fcgi",
            Self::Scgi => "scgi",
            Self::Ajp => "ajp",
        }
    }

    /// Whether it needs a certificate.
    pub fn is_tls(self) -> bool {
        matches!(self, Self::Https | Self::Suwsgi)
    }

    fn default_port(self) -> Option<u16> {
        match self {
            Self::Http => Some(80),
            Self::Https => Some(443),
            Self::Uwsgi | Self::Suwsgi | Self::Fcgi | Self::Scgi | Self::Ajp => None,
        }
    }
}

/// Why a text is not a valid listen address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// A scheme that is not known here.
    #[error(
        "`{0}` is not supported; use https, http, uwsgi, suwsgi, fcgi, scgi or ajp, each also with +unix or +fd"
    )]
    Scheme(String),
    /// A TCP address without a usable port.
    #[error("`{0}` has no valid port; write ADDRESS:PORT, with IPv6 addresses in brackets")]
    Port(String),
    /// A unix socket without a path.
    #[error("a unix socket needs a path, as in uwsgi+unix:/run/app.sock")]
    Path,
    /// An inherited socket without its number.
    #[error("`{0}` has no number of a descriptor; write it as in fcgi+fd:0")]
    Fd(String),
}

impl FromStr for ListenAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (word, kind, address) = split_scheme(text);
        let scheme = match word {
            "" | "https" => Scheme::Https,
            "http" => Scheme::Http,
            "uwsgi" => Scheme::Uwsgi,
            "suwsgi" => Scheme::Suwsgi,
            "fcgi" => Scheme::Fcgi,
            "scgi" => Scheme::Scgi,
            "ajp" => Scheme::Ajp,
            other => return Err(AddressError::Scheme(other.to_owned())),
        };
        match kind {
            "" => {}
            "unix" if address.is_empty() => return Err(AddressError::Path),
            "unix" => return Ok(Self { scheme, endpoint: Endpoint::Unix(address.into()) }),
            _ => {
                let number = address.parse().ok().filter(|number| *number >= 0);
                let number = number.ok_or_else(|| AddressError::Fd(text.to_owned()))?;
                return Ok(Self { scheme, endpoint: Endpoint::Fd(number) });
            }
        }
        let port_error = || AddressError::Port(text.to_owned());
        let address = address.strip_suffix('/').unwrap_or(address);
        let (host, port) = match address.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']').ok_or_else(port_error)?;
                (host, rest.strip_prefix(':'))
            }
            None => match address.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (address, None),
            },
        };
        if host.contains(':') && !address.starts_with('[') {
            return Err(port_error());
        }
        let port = match port {
            Some(port) => port.parse().map_err(|_| port_error())?,
            None => scheme.default_port().ok_or_else(port_error)?,
        };
        let host = if host == "*" { "" } else { host };
        Ok(Self { scheme, endpoint: Endpoint::Tcp { host: host.to_owned(), port } })
    }
}

impl FromStr for Endpoint {
    type Err = AddressError;

    /// `ADDRESS:PORT` or `unix:PATH`, without a scheme.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = match text.strip_prefix("unix:") {
            Some(path) => format!("http+unix:{path}"),
            None if text.starts_with("http://") => text.to_owned(),
            None => format!("http://{text}"),
        };
        Ok(text.parse::<ListenAddress>()?.endpoint)
    }
}

/// Cuts off the scheme, if there is one: its word, what follows it (`unix`, `fd`), and the rest without `//`.
fn split_scheme(text: &str) -> (&str, &str, &str) {
    let Some((before, after)) = text.split_once(':') else {
        return ("", "", text);
    };
    let (word, kind) = before.split_once('+').unwrap_or((before, ""));
    // `localhost:8443` is an address. What has `//` behind it, or a kind, can only be meant as a
    // scheme.
    let known = ["https", "http", "uwsgi", "suwsgi", "fcgi", "scgi", "ajp"].contains(&word);
    let slashes = after.starts_with("//");
    if !known && !slashes && kind.is_empty() {
        return ("", "", text);
    }
    match kind {
        "unix" | "fd" | "" => (word, kind, after.strip_prefix("//").unwrap_or(after)),
        _ => (before, "", after),
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme.as_str();
        match &self.endpoint {
            Endpoint::Tcp { .. } => write!(f, "{scheme}://{}", self.endpoint),
            Endpoint::Unix(path) => write!(f, "{scheme}+unix:{}", path.display()),
            Endpoint::Fd(number) => write!(f, "{scheme}+fd:{number}"),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } if host.is_empty() => write!(f, "*:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Fd(number) => write!(f, "fd:{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> String {
        text.parse::<ListenAddress>()
            .map_or_else(|error| format!("error: {error}"), |address| address.to_string())
    }

    #[test]
    fn good_addresses() {
        for (text, meaning) in [
            ("127.0.0.1:8443", "https://127.0.0.1:8443"),
            ("localhost:0", "https://localhost:0"),
            (":443", "https://*:443"),
            ("*:443", "https://*:443"),
            ("[::1]:8443", "https://[::1]:8443"),
            ("[::]", "https://[::]:443"),
            ("http:127.0.0.1:80", "http://127.0.0.1:80"),
            ("http://example.com", "http://example.com:80"),
            ("http://example.com:81/", "http://example.com:81"),
            ("https", "https://https:443"),
            ("uwsgi:127.0.0.1:3031", "uwsgi://127.0.0.1:3031"),
            ("suwsgi:127.0.0.1:3032", "suwsgi://127.0.0.1:3032"),
            ("fcgi://127.0.0.1:9000", "fcgi://127.0.0.1:9000"),
            ("scgi:[::1]:4000", "scgi://[::1]:4000"),
            ("ajp://localhost:8009", "ajp://localhost:8009"),
            ("uwsgi+unix:/run/app.sock", "uwsgi+unix:/run/app.sock"),
            ("http+unix:///run/app.sock", "http+unix:/run/app.sock"),
            ("https+unix:app.sock", "https+unix:app.sock"),
            ("fcgi+fd://0", "fcgi+fd:0"),
            ("http+fd:3", "http+fd:3"),
        ] {
            assert_eq!(parse(text), meaning, "{text}");
        }
    }

    #[test]
    fn bad_addresses() {
        for (text, part) in [
            ("gopher://127.0.0.1:9000", "`gopher` is not supported"),
            ("ftp://a:1", "`ftp` is not supported"),
            ("http+udp:3", "`http+udp` is not supported"),
            ("fcgi+fd://-1", "has no number of a descriptor"),
            ("fcgi+fd:x", "has no number of a descriptor"),
            ("uwsgi://127.0.0.1", "no valid port"),
            ("a:b", "no valid port"),
            ("a:65536", "no valid port"),
            ("::1:8443", "no valid port"),
            ("[::1", "no valid port"),
            ("uwsgi+unix:", "needs a path"),
        ] {
            let found = parse(text);
            assert!(found.starts_with("error: ") && found.contains(part), "{text}: {found}");
        }
    }
}
