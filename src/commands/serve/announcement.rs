//! The lines that say where the server is, and how to reach it.

use std::path::Path;

use super::start_page;
use crate::console::Console;
use crate::operands::output::shell_word;
use crate::serve::address::{Endpoint, ListenAddress, Scheme};
use crate::sources::ServerIdentity;

/// The page for a server that has nothing else to serve.
pub(super) fn start_page(addresses: &[ListenAddress], identity: &ServerIdentity) -> String {
    start_page::html(identity.ca.as_deref(), &next(addresses, identity).unwrap_or_default())
}

/// Prints what is served, its URLs, and the next commands where it `has_next`: a site on uWSGI
/// runs already, and nobody knows here where clients have the certificates that they need.
pub(super) fn print(
    console: &Console,
    what: &str,
    addresses: &[ListenAddress],
    identity: &ServerIdentity,
    has_next: bool,
) {
    console.say(&format!("certkit: {what}"));
    for url in urls(addresses, identity) {
        console.say(&format!("  {url}"));
    }
    if let Some(ca) = &identity.ca {
        console.say(&format!("clients must trust {}", ca.display()));
    }
    if let Some(next) = next(addresses, identity).filter(|_| has_next) {
        console.say("next:");
        console.say(&format!("  {next}"));
        if let Some(ca) = &identity.ca {
            console.say(&format!("  {}", trust(ca)));
        }
    }
}

/// The command after which the programs of this machine trust the CA, browsers too.
fn trust(ca: &Path) -> String {
    format!("certkit trust install {}", shell_word(&ca.display().to_string()))
}

fn urls(addresses: &[ListenAddress], identity: &ServerIdentity) -> Vec<String> {
    let mut urls: Vec<_> = addresses.iter().map(|address| url(address, identity)).collect();
    urls.dedup();
    urls
}

fn url(address: &ListenAddress, identity: &ServerIdentity) -> String {
    match (&address.endpoint, address.scheme) {
        (Endpoint::Tcp { port, .. }, Scheme::Https | Scheme::Http) => {
            let name = host(address, identity);
            let default = if address.scheme == Scheme::Https { 443 } else { 80 };
            let port = if *port == default { String::new() } else { format!(":{port}") };
            format!("{}://{name}{port}/", address.scheme.as_str())
        }
        _ => address.to_string(),
    }
}

/// The name that the certificate is for; without one, the address itself.
fn host(address: &ListenAddress, identity: &ServerIdentity) -> String {
    if address.scheme == Scheme::Https
        && let Some(name) = &identity.name
    {
        return name.clone();
    }
    match &address.endpoint {
        Endpoint::Tcp { host, .. } if host.is_empty() => "localhost".to_owned(),
        Endpoint::Tcp { host, .. } if host.contains(':') => format!("[{host}]"),
        Endpoint::Tcp { host, .. } => host.clone(),
        Endpoint::Unix(_) | Endpoint::Fd(_) => "localhost".to_owned(),
    }
}

/// A command that sends a request to the server.
fn next(addresses: &[ListenAddress], identity: &ServerIdentity) -> Option<String> {
    // What an inherited socket is bound to, somebody else knows.
    let known = addresses.iter().filter(|address| !matches!(address.endpoint, Endpoint::Fd(_)));
    let address = known.min_by_key(|address| match address.scheme {
        Scheme::Https => 0,
        Scheme::Http => 1,
        Scheme::Uwsgi | Scheme::Suwsgi | Scheme::Fcgi | Scheme::Scgi => 2,
        Scheme::Ajp => 3,
    })?;
    let word = match address.scheme {
        Scheme::Https | Scheme::Http => None,
        Scheme::Uwsgi | Scheme::Suwsgi => Some("uwsgi"),
        Scheme::Fcgi => Some("fastcgi"),
        Scheme::Scgi => Some("scgi"),
        Scheme::Ajp => {
            return match &address.endpoint {
                Endpoint::Tcp { .. } => Some(format!("in Apache: ProxyPass / {}/", address)),
                Endpoint::Unix(_) | Endpoint::Fd(_) => None,
            };
        }
    };
    if let Some(word) = word {
        let endpoint = match &address.endpoint {
            Endpoint::Tcp { .. } => address.endpoint.to_string(),
            Endpoint::Unix(path) => format!("unix:{}", path.display()),
            Endpoint::Fd(_) => return None,
        };
        let tls = if address.scheme == Scheme::Suwsgi { "suwsgi://" } else { "" };
        return Some(format!(
            "in nginx: location / {{ include {word}_params; {word}_pass {tls}{endpoint}; }}"
        ));
    }
    let mut command = "curl".to_owned();
    if let (Some(ca), Scheme::Https) = (&identity.ca, address.scheme) {
        command += &format!(" --cacert {}", shell_word(&ca.display().to_string()));
    }
    let name = host(address, identity);
    match &address.endpoint {
        Endpoint::Unix(path) => {
            command += &format!(" --unix-socket {}", shell_word(&path.display().to_string()))
        }
        Endpoint::Tcp { host, port }
            if address.scheme == Scheme::Https && name != "localhost" && *host != name =>
        {
            let to = match host.as_str() {
                "" => "127.0.0.1".to_owned(),
                host if host.contains(':') => format!("[{host}]"),
                host => host.to_owned(),
            };
            command += &format!(" --resolve {name}:{port}:{to}");
        }
        Endpoint::Tcp { .. } | Endpoint::Fd(_) => {}
    }
    let url = match &address.endpoint {
        Endpoint::Tcp { .. } => url(address, identity),
        Endpoint::Unix(_) | Endpoint::Fd(_) => format!("{}://{name}/", address.scheme.as_str()),
    };
    Some(format!("{command} {url}"))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn next_of(address: &str, name: Option<&str>, ca: Option<&str>) -> String {
        let identity = ServerIdentity { name: name.map(str::to_owned), ca: ca.map(PathBuf::from) };
        next(&[address.parse().unwrap()], &identity).unwrap()
    }

    #[test]
    fn a_path_is_one_word() {
        assert_eq!(trust(Path::new("/my ca/ca.crt")), "certkit trust install '/my ca/ca.crt'");
    }

    #[test]
    fn the_next_command_reaches_the_server() {
        assert_eq!(
            next_of("127.0.0.1:8443", Some("localhost"), Some("/d/ca.crt")),
            "curl --cacert /d/ca.crt https://localhost:8443/"
        );
        assert_eq!(
            next_of("127.0.0.1:8443", Some("test.example"), Some("ca.crt")),
            "curl --cacert ca.crt --resolve test.example:8443:127.0.0.1 https://test.example:8443/"
        );
        assert_eq!(
            next_of(":443", Some("test.example"), None),
            "curl --resolve test.example:443:127.0.0.1 https://test.example/"
        );
        assert_eq!(next_of("http:[::1]:8000", None, None), "curl http://[::1]:8000/");
        assert_eq!(next_of("http+unix:/a b", None, None), "curl --unix-socket '/a b' http://localhost/");
        assert!(next_of("uwsgi+unix:/run/a", None, None).contains("uwsgi_pass unix:/run/a;"));
    }
}
