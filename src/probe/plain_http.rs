//! What a server answers to unencrypted HTTP: on its own port, and on the port of http, from which people should be led to https.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::wire::{self, Wire};
use super::{Error, Server, https};

/// How long to wait for an answer.
const ANSWER: Duration = Duration::from_secs(2);

/// A port that was asked without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainHttp {
    pub port: u16,
    /// Whether it is the port on which the server speaks TLS.
    pub is_tls_port: bool,
    /// The name that it was asked for; none for an address.
    pub name: Option<String>,
    pub answer: PlainAnswer,
}

/// What was answered without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlainAnswer {
    /// A response, and where it leads to.
    Http { status: u16, location: Option<String> },
    /// The connection was closed, or something came that is not HTTP, such as an alert of TLS.
    Refused,
    /// Nothing in time.
    Silent,
    /// No connection.
    Closed,
}

impl PlainHttp {
    /// Whether a page came, or a redirect that does not lead to https: both are open to an on-path attacker.
    pub fn is_open(&self) -> bool {
        match &self.answer {
            PlainAnswer::Http { status: 200..=299, .. } => true,
            PlainAnswer::Http { status: 300..=399, location: Some(location) } => !is_https(location),
            _ => false,
        }
    }

    /// The host of the https URL that it leads to.
    pub fn https_host(&self) -> Option<&str> {
        let PlainAnswer::Http { status: 300..=399, location: Some(location) } = &self.answer else {
            return None;
        };
        let rest = location.get(8..).filter(|_| is_https(location))?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        if let Some(rest) = authority.strip_prefix('[') {
            return rest.split(']').next();
        }
        authority.split(':').next()
    }
}

fn is_https(location: &str) -> bool {
    location.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}

impl Server {
    /// The port of an https server.
    pub(super) fn page_port(&self) -> Option<u16> {
        self.target.page.is_some().then_some(self.target.port)
    }

    /// Asks each port for the page without TLS.
    ///
    /// # Errors
    /// When the port of TLS cannot be reached.
    pub(super) fn plain_http(&self, ports: &[u16]) -> Result<Vec<PlainHttp>, Error> {
        ports.iter().map(|port| self.plain_answer(*port)).collect()
    }

    fn plain_answer(&self, port: u16) -> Result<PlainHttp, Error> {
        let is_tls_port = port == self.target.port;
        let name = self.server_name().map(str::to_owned);
        let of = |answer| Ok(PlainHttp { port, is_tls_port, name: name.clone(), answer });
        let address = SocketAddr::new(self.address.ip(), port);
        let stream = match wire::connect(&[address], self.time.share(ANSWER)) {
            Ok((stream, _)) => stream,
            Err(error) if is_tls_port => return Err(error),
            Err(_) => return of(PlainAnswer::Closed),
        };
        let mut wire = Wire::new(stream, self.time.share(ANSWER));
        let path = self.target.page.as_deref().unwrap_or("/");
        of(match https::ask(&mut wire, &self.authority(port, 80), path) {
            Ok(answer) => PlainAnswer::Http {
                status: answer.status,
                location: answer.header("location").map(str::to_owned),
            },
            Err(error) if error.kind() == io::ErrorKind::TimedOut => PlainAnswer::Silent,
            Err(_) => PlainAnswer::Refused,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, location: Option<&str>) -> PlainHttp {
        let answer = PlainAnswer::Http { status, location: location.map(str::to_owned) };
        PlainHttp { port: 80, is_tls_port: false, name: None, answer }
    }

    #[test]
    fn where_it_leads() {
        for (status, location, is_open, host) in [
            (200, None, true, None),
            (301, Some("https://a.test/x"), false, Some("a.test")),
            (308, Some("HTTPS://me@a.test:8443?x"), false, Some("a.test")),
            (302, Some("https://[::1]:9/"), false, Some("::1")),
            (302, Some("http://a.test/"), true, None),
            (302, Some("/en"), true, None),
            (302, None, false, None),
            (404, Some("https://a.test/"), false, None),
        ] {
            let answer = answer(status, location);
            assert_eq!((answer.is_open(), answer.https_host()), (is_open, host), "{status} {location:?}");
        }
    }
}
