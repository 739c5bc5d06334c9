//! Servers in place of files: which argument is which, and asking the server for its chain.

use std::path::Path;
use std::time::Duration;

use super::input::Malformed;
use super::output::shell_word;
use crate::chain::Located;
use crate::finding::Location;
use crate::probe::{self, Peer, Possession, Server, Starttls, Target};
use crate::report::ServerSummary;
use crate::x509::{Certificate, HostName, InvalidName};

/// How long everything may take where the user gives no time.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// The same where the server is to name all it has, which takes some dozens of connections.
const DEEP_TIMEOUT: Duration = Duration::from_secs(60);

/// The options about servers, as they were typed.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServerOptions {
    pub starttls: Option<Starttls>,
    pub timeout: Option<Duration>,
    /// Whether the server is to name all it has.
    pub is_deep: bool,
    /// The port on which an https server is asked for unencrypted HTTP.
    pub http_port: Option<u16>,
}

/// What an argument names.
#[derive(Debug, PartialEq)]
pub enum FileOrServer {
    File,
    Server(ServerTarget),
}

/// A server, as the user named it.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerTarget {
    pub host: HostName,
    pub port: u16,
    typed: String,
    /// Of an https server: the path to ask for.
    pub path: Option<String>,
    pub starttls: Option<Starttls>,
}

/// Why an argument does not name a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    #[error("an IPv6 address with a port needs brackets: `[{0}]:443`")]
    BareIpv6(String),
    #[error("`{option}` is for servers, and `{file}` is a file")]
    ForServersOnly { option: &'static str, file: String },
    #[error("`{}` is not a host name: {}", .0.text, .0.reason)]
    Host(InvalidName),
    #[error("`--host`: `{}` is not a host name: {}", .0.text, .0.reason)]
    HostOption(InvalidName),
    /// A host name without a port.
    #[error("there is no file `{0}`")]
    NoSuchFile(String),
    #[error("`{0}` is not a port")]
    Port(String),
    #[error("only https:// URLs can be checked, not `{0}://`")]
    Scheme(String),
    #[error("`--starttls` and https:// cannot be combined")]
    StarttlsWithUrl,
}

/// Tells files from servers: an existing file wins.
///
/// # Errors
/// When it can be neither, or an option for servers comes with a file.
pub fn file_or_server(text: &str, options: &ServerOptions) -> Result<FileOrServer, TargetError> {
    let is_file = text == "-" || Path::new(text).symlink_metadata().is_ok();
    if !is_file && let Some(target) = parse(text, options.starttls) {
        return target.map(FileOrServer::Server);
    }
    let option = options.starttls.map(|_| "--starttls").or_else(|| options.timeout.map(|_| "--timeout"));
    if let Some(option) = option {
        return Err(for_servers_only(option, text));
    }
    if !is_file && looks_like_a_host(text) {
        return Err(TargetError::NoSuchFile(text.to_owned()));
    }
    Ok(FileOrServer::File)
}

/// An option for servers that came with a file.
pub fn for_servers_only(option: &'static str, file: &str) -> TargetError {
    TargetError::ForServersOnly { option, file: super::input::name(file).to_owned() }
}

/// The name in `--host`.
///
/// # Errors
/// When it is not a host name or address.
pub fn parse_host(text: &str) -> Result<HostName, TargetError> {
    HostName::parse(text).map_err(TargetError::HostOption)
}

/// What a server showed.
#[derive(Debug)]
pub struct ProbedServer {
    pub server: Server,
    pub peer: Peer,
    /// The certificates that can be decoded, in the order they were sent.
    pub certificates: Vec<Located>,
    pub malformed: Vec<Malformed>,
}

impl ServerTarget {
    /// `test.example:443`.
    pub fn label(&self) -> String {
        match &self.host {
            HostName::Ip(address) if address.is_ipv6() => format!("[{address}]:{}", self.port),
            host => format!("{host}:{}", self.port),
        }
    }

    /// The words that name it in another command.
    pub fn words(&self) -> String {
        let starttls = self.starttls.map(|protocol| format!(" --starttls {}", protocol.as_str()));
        format!("{}{}", shell_word(&self.typed), starttls.unwrap_or_default())
    }

    /// Connects and fetches the chain; the server is asked for `host`. `request` is the path of a page whose headers are
    /// wanted too.
    ///
    /// # Errors
    /// When the server does not send a chain.
    pub fn probe(
        &self,
        host: &HostName,
        options: &ServerOptions,
        request: Option<&str>,
    ) -> Result<ProbedServer, probe::Error> {
        let target = Target {
            host: self.host.to_string(),
            port: self.port,
            server_name: sni(host),
            starttls: self.starttls,
            page: self.path.clone(),
            // Of other ports nobody knows where http would be.
            http_port: options
                .http_port
                .or_else(|| (options.is_deep && self.port == 443 && self.path.is_some()).then_some(80)),
            timeout: options.timeout.unwrap_or(if options.is_deep { DEEP_TIMEOUT } else { DEFAULT_TIMEOUT }),
        };
        let server = Server::find(target)?;
        let peer = server.fetch(request)?;
        let (certificates, malformed) = decode(&self.label(), &peer.certificates);
        Ok(ProbedServer { server, peer, certificates, malformed })
    }

    /// What was seen, for the report.
    pub fn summary(&self, host: &HostName, seen: &ProbedServer) -> ServerSummary {
        let peer = &seen.peer;
        ServerSummary {
            name: self.host.to_string(),
            port: self.port,
            address: seen.server.address,
            sni: sni(host),
            starttls: self.starttls.map(Starttls::as_str),
            protocol: peer.version.as_str(),
            cipher: peer.cipher.clone(),
            group: peer.group.clone(),
            protocols: vec![peer.version.as_str()],
            is_stapled: peer.is_stapled,
            wants_client_certificate: peer.wants_client_certificate,
            is_key_proved: match peer.possession {
                Possession::Proved => Some(true),
                Possession::Refuted => Some(false),
                Possession::Unknown => None,
            },
            hsts: peer.http.as_ref().and_then(|answer| answer.as_ref().ok()?.hsts().map(str::to_owned)),
            suites: Vec::new(),
            cipher_order: Vec::new(),
            groups: Vec::new(),
            unanswered: Vec::new(),
            alpn: None,
            resumes_sessions: None,
            accepts_early_data: None,
            refuses_fallback: None,
            has_extended_master_secret: None,
            unnamed: None,
            client_renegotiation: None,
            plain: Vec::new(),
        }
    }
}

/// The certificates that can be decoded, and those that cannot; `label` says who sent them.
pub fn decode(label: &str, sent: &[Vec<u8>]) -> (Vec<Located>, Vec<Malformed>) {
    let (mut certificates, mut malformed) = (Vec::new(), Vec::new());
    for (number, der) in (1..).zip(sent) {
        let location = Location::sent(label, number);
        match Certificate::from_der(der.clone()) {
            Ok(certificate) => certificates.push(Located { certificate, location: Some(location) }),
            Err(error) => malformed.push(Malformed { error, location }),
        }
    }
    (certificates, malformed)
}

/// The name to ask for in the handshake; addresses have none (RFC 6066 section 3).
fn sni(host: &HostName) -> Option<String> {
    match host {
        HostName::Dns(name) => Some(name.clone()),
        HostName::Ip(_) => None,
    }
}

/// The server that a text names; `None` when it does not name one.
fn parse(text: &str, starttls: Option<Starttls>) -> Option<Result<ServerTarget, TargetError>> {
    let mut authority = text;
    let mut path = None;
    let mut is_url = false;
    if let Some((scheme, rest)) = text.split_once("://") {
        if !scheme.eq_ignore_ascii_case("https") {
            return Some(Err(TargetError::Scheme(scheme.to_owned())));
        }
        if starttls.is_some() {
            return Some(Err(TargetError::StarttlsWithUrl));
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (before, after) = rest.split_at(end);
        authority = before.rsplit_once('@').map_or(before, |(_, host)| host);
        path = Some(request_path(after));
        is_url = true;
    }
    let (host, port) = split_port(authority);
    match port {
        None if is_url || starttls.is_some() || authority.starts_with('[') => {}
        None => {
            let is_bare_v6 = authority.parse::<std::net::Ipv6Addr>().is_ok();
            return is_bare_v6.then(|| Err(TargetError::BareIpv6(authority.to_owned())));
        }
        Some(_) if host.is_empty() || host.contains(['/', '\\']) => return None,
        Some(_) => {}
    }
    let port = match port.unwrap_or_default() {
        "" => starttls.map_or(443, Starttls::default_port),
        digits => match digits.parse() {
            Ok(port) if port > 0 => port,
            _ => return Some(Err(TargetError::Port(digits.to_owned()))),
        },
    };
    let host = match HostName::parse(host) {
        Ok(host) => host,
        Err(error) => return Some(Err(TargetError::Host(error))),
    };
    if path.is_none() && starttls.is_none() && port == 443 {
        path = Some("/".into());
    }
    Some(Ok(ServerTarget { host, port, typed: without_user(text, authority), path, starttls }))
}

/// What was typed, without the user and the password of a URL: it is printed.
fn without_user(text: &str, authority: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            format!("{scheme}://{authority}{}", &rest[end..])
        }
        None => text.to_owned(),
    }
}

/// Host and port of `host:port`, `[v6]:port`; no port where there is no colon for one, or no digits behind it.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    let end_of_address = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let (host, rest) = authority.split_at(end_of_address);
    let (host, port) = match rest.rsplit_once(':') {
        Some((before, port)) if end_of_address == 0 => (before, port),
        Some(("", port)) => (host, port),
        _ => return (authority, None),
    };
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
    let is_address = end_of_address == 0 && host.contains(':');
    if is_port && !is_address { (host, Some(port)) } else { (authority, None) }
}

/// The path and query of a URL as a request line has them.
fn request_path(text: &str) -> String {
    let text = text.split('#').next().unwrap_or_default();
    let slash = if text.starts_with('/') { "" } else { "/" };
    let encoded = text.bytes().map(|byte| match byte {
        b'!'..=b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    slash.chars().map(String::from).chain(encoded).collect()
}

/// Whether a text that does not name a file was probably meant as a server.
fn looks_like_a_host(text: &str) -> bool {
    const ENDINGS: [&str; 14] =
        ["ca", "cer", "cert", "crl", "crt", "csr", "der", "json", "key", "p12", "p7b", "pem", "pfx", "txt"];
    let ending = text.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let is_name =
        matches!(HostName::parse(text), Ok(HostName::Dns(name)) if name == text.to_ascii_lowercase());
    is_name && ending.is_some_and(|ending| !ENDINGS.contains(&ending.as_str()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str, starttls: Option<Starttls>) -> Option<(String, u16, Option<String>)> {
        let target = parse(text, starttls)?.ok()?;
        Some((target.host.to_string(), target.port, target.path))
    }

    #[test]
    fn servers_are_told_from_files() {
        let server = |host: &str, port, path: Option<&str>| Some((host.into(), port, path.map(String::from)));
        for (text, wanted) in [
            ("test.example:8443", server("test.example", 8443, None)),
            ("test.example:443", server("test.example", 443, Some("/"))),
            ("TEST.example.:", server("test.example", 443, Some("/"))),
            ("127.0.0.1:1", server("127.0.0.1", 1, None)),
            ("[::1]:8443", server("::1", 8443, None)),
            ("[::1]", server("::1", 443, Some("/"))),
            ("https://test.example", server("test.example", 443, Some("/"))),
            ("HTTPS://me@test.example:9?a b#c", server("test.example", 9, Some("/?a%20b"))),
            ("https://[::1]:9/x\r\nEvil: 1", server("::1", 9, Some("/x%0D%0AEvil:%201"))),
            ("https://bücher.example/ü", server("xn--bcher-kva.example", 443, Some("/%C3%BC"))),
            ("chain.pem", None),
            ("test.example", None),
            ("./a:1", None),
            ("a:b", None),
            ("C:\\x", None),
            ("", None),
        ] {
            assert_eq!(parsed(text, None), wanted, "{text}");
        }
        for bad in ["test.example:0", "test.example:65536", "http://x", "::1", "a b:1", "https://"] {
            assert!(matches!(parse(bad, None), Some(Err(_))), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_accepted(text in "[a-z\\[\\]:/@?#.0-9é \u{0}-\u{7f}]{0,40}") {
            for protocol in [None, Some(Starttls::Imap)] {
                if let Some(Ok(target)) = parse(&text, protocol) {
                    let is_clean = |path: &String| path.bytes().all(|byte| byte.is_ascii_graphic());
                    prop_assert!(target.path.iter().all(is_clean) && target.port > 0);
                }
            }
            let _ = looks_like_a_host(&text);
        }
    }

    #[test]
    fn with_starttls_the_port_may_be_omitted() {
        let mail = |text| parsed(text, Some(Starttls::Smtp)).map(|(_, port, path)| (port, path));
        assert_eq!(mail("mail.example"), Some((587, None)));
        assert_eq!(mail("mail.example:"), Some((587, None)));
        assert_eq!(mail("mail.example:443"), Some((443, None)));
        assert_eq!(mail("https://mail.example"), None);
    }

    #[test]
    fn names_without_a_port_are_told_from_missing_files() {
        assert!(looks_like_a_host("www.example.com") && looks_like_a_host("a.test"));
        assert!(["chain.pem", "x", "a/b.c", "a b.c"].into_iter().all(|text| !looks_like_a_host(text)));
    }
}
