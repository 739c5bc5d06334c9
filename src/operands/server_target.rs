//! Servers in place of files: which argument is which, and looking at the server.

use std::path::Path;

use super::output::shell_word;
use crate::chain::Located;
use crate::cli::{LiveArgs, StarttlsProtocol};
use crate::finding::{Code, Finding, Location};
use crate::probe::{self, Peer, Possession, Server, Starttls, Target};
use crate::report::{Failure, ServerSummary};
use crate::x509::{Certificate, HostName};

/// What an argument names.
#[derive(Debug, PartialEq)]
pub enum Subject {
    /// A file, or standard input.
    File,
    /// A server.
    Server(Place),
}

/// A server by the user's words.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Its name or address.
    pub host: HostName,
    pub port: u16,
    /// What was typed.
    typed: String,
    /// Of an https server: the path to ask for.
    pub path: Option<String>,
    pub starttls: Option<Starttls>,
}

/// Tells files from servers: an existing file wins.
///
/// # Errors
/// When it can be neither, or an option for servers stands beside a file.
pub fn subject(text: &str, live: &LiveArgs) -> Result<Subject, Failure> {
    let starttls = live.starttls.map(starttls);
    let is_file = text == "-" || Path::new(text).symlink_metadata().is_ok();
    if !is_file && let Some(place) = place(text, starttls) {
        return Ok(Subject::Server(place?));
    }
    if starttls.is_some() || live.timeout.is_some() {
        let option = if starttls.is_some() { "--starttls" } else { "--timeout" };
        let message = format!("{option} is for servers, and {} is a file", super::input::name(text));
        let fix = "name a server: HOST:PORT";
        return Err(Finding::error(Code::InvalidSetting, message).fix(fix).into());
    }
    if !is_file && looks_like_a_host(text) {
        return Err(Finding::error(Code::NotFound, format!("there is no file {text}"))
            .at(Location::file(text))
            .fix(format!("if it is a server, name its port too: {text}:443"))
            .into());
    }
    Ok(Subject::File)
}

/// The name in `--host`.
///
/// # Errors
/// When it is none.
pub fn parse_host(text: &str) -> Result<HostName, Failure> {
    HostName::parse(text).map_err(|error| {
        Finding::error(
            Code::InvalidName,
            format!("--host: `{}` is no host name: {}", error.text, error.reason),
        )
        .fix("--host takes a name or address such as test.example or 127.0.0.1")
        .into()
    })
}

/// What a server showed.
#[derive(Debug)]
pub struct Seen {
    pub server: Server,
    pub peer: Peer,
    /// The certificates that parse, in the order they were sent.
    pub certificates: Vec<Located>,
    /// Those that do not.
    pub malformed: Vec<Finding>,
}

impl Place {
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

    /// Connects, and fetches the chain; the server is asked for `host`. `command` is what the user runs, `request` the path
    /// of a page whose headers are wanted too.
    ///
    /// # Errors
    /// When there is no chain to be had.
    pub fn look(
        &self,
        host: &HostName,
        live: &LiveArgs,
        command: &str,
        request: Option<&str>,
    ) -> Result<Seen, Failure> {
        let target = Target {
            host: self.host.to_string(),
            port: self.port,
            server_name: match host {
                HostName::Dns(name) => Some(name.clone()),
                HostName::Ip(_) => None,
            },
            starttls: self.starttls,
            timeout: live.timeout(),
        };
        let failed = |error: probe::Error| crate::advice::server::failure(self, &error, command);
        let server = Server::find(target).map_err(failed)?;
        let peer = server.fetch(request).map_err(failed)?;
        let (mut certificates, mut malformed) = (Vec::new(), Vec::new());
        for (number, der) in (1..).zip(&peer.certificates) {
            let location = Location::sent(self.label(), number);
            match Certificate::from_der(der.clone()) {
                Ok(certificate) => certificates.push(Located { certificate, location: Some(location) }),
                Err(error) => malformed.push(crate::advice::files::malformed(&error, location)),
            }
        }
        if certificates.is_empty() && malformed.is_empty() {
            return Err(Finding::error(Code::NoCertificate, "the server shows no certificate at all")
                .at(Location::file(self.label()))
                .fix("it takes anonymous cipher suites only; give it a certificate")
                .into());
        }
        Ok(Seen { server, peer, certificates, malformed })
    }

    /// What was seen, for the report.
    pub fn summary(&self, host: &HostName, seen: &Seen) -> ServerSummary {
        let peer = &seen.peer;
        ServerSummary {
            name: self.host.to_string(),
            port: self.port,
            address: seen.server.address,
            sni: match host {
                HostName::Dns(name) => Some(name.clone()),
                HostName::Ip(_) => None,
            },
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
            hsts: peer.http.as_ref().and_then(|answer| answer.as_ref().ok()?.hsts.clone()),
            suites: Vec::new(),
            groups: Vec::new(),
        }
    }
}

fn starttls(protocol: StarttlsProtocol) -> Starttls {
    match protocol {
        StarttlsProtocol::Imap => Starttls::Imap,
        StarttlsProtocol::Ldap => Starttls::Ldap,
        StarttlsProtocol::Pop3 => Starttls::Pop3,
        StarttlsProtocol::Postgres => Starttls::Postgres,
        StarttlsProtocol::Smtp => Starttls::Smtp,
    }
}

/// The server that a text names; `None` when it names none.
fn place(text: &str, starttls: Option<Starttls>) -> Option<Result<Place, Failure>> {
    let wrong = |message: String, fix: &str| -> Option<Result<Place, Failure>> {
        Some(Err(Finding::error(Code::InvalidSetting, message).fix(fix).into()))
    };
    let mut authority = text;
    let mut path = None;
    let mut is_url = false;
    if let Some((scheme, rest)) = text.split_once("://") {
        if !scheme.eq_ignore_ascii_case("https") {
            let fix = "name the server as HOST:PORT, with --starttls where TLS begins in the middle";
            return wrong(format!("{scheme}:// is not looked at, only https://"), fix);
        }
        if starttls.is_some() {
            return wrong(
                "--starttls and https:// do not go together".into(),
                "name the server as HOST:PORT",
            );
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
            let message = format!("an IPv6 address with a port is written in brackets: [{authority}]:443");
            return if is_bare_v6 { wrong(message, "write the brackets and the port") } else { None };
        }
        Some(_) if host.is_empty() || host.contains(['/', '\\']) => return None,
        Some(_) => {}
    }
    let port = match port.unwrap_or_default() {
        "" => starttls.map_or(443, Starttls::default_port),
        digits => match digits.parse() {
            Ok(port) if port > 0 => port,
            _ => return wrong(format!("{digits} is no port"), "a port is a number from 1 to 65535"),
        },
    };
    let host = match HostName::parse(host) {
        Ok(host) => host,
        Err(error) => {
            let fix = "name the server as HOST:PORT, such as test.example:443, or as https://test.example";
            return wrong(format!("`{}` is no host name: {}", error.text, error.reason), fix);
        }
    };
    if path.is_none() && starttls.is_none() && port == 443 {
        path = Some("/".into());
    }
    Some(Ok(Place { host, port, typed: text.to_owned(), path, starttls }))
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

/// The path and query of a URL as they may stand in a request line.
fn request_path(text: &str) -> String {
    let text = text.split('#').next().unwrap_or_default();
    let slash = if text.starts_with('/') { "" } else { "/" };
    let encoded = text.bytes().map(|byte| match byte {
        b'!'..=b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    slash.chars().map(String::from).chain(encoded).collect()
}

/// Whether a text that is no file was rather meant as a server.
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
        let place = place(text, starttls)?.ok()?;
        Some((place.host.to_string(), place.port, place.path))
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
            assert!(matches!(place(bad, None), Some(Err(_))), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_borne(text in "[a-z\\[\\]:/@?#.0-9é \u{0}-\u{7f}]{0,40}") {
            for protocol in [None, Some(Starttls::Imap)] {
                if let Some(Ok(place)) = place(&text, protocol) {
                    let is_clean = |path: &String| path.bytes().all(|byte| byte.is_ascii_graphic());
                    prop_assert!(place.path.iter().all(is_clean) && place.port > 0);
                }
            }
            let _ = looks_like_a_host(&text);
        }
    }

    #[test]
    fn with_starttls_the_port_may_be_left_out() {
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
