//! One handshake, and the chain that the server shows in it.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig, ClientConnection, ProtocolVersion};

use super::client_hello::ClientHello;
use super::flight::{FlightReader, Progress, ServerFlight};
use super::p521::P521;
use super::recorder::{Recorder, Shown};
use super::suites::{
    CURVES, Group, SECP521R1, SUITE_CODES, Strength, Suite, TLS13_CODES, USUAL_GROUPS, Version,
};
use super::wire::Wire;
use super::{Error, HttpAnswer, OtherProtocol, Peer, Possession, Server, Starttls, https};
use crate::tls::policy;
use crate::tls::server::openssl_name;

/// The longest wait for the answer to a hello made by hand: many servers do not answer what they refuse.
const QUESTION: Duration = Duration::from_secs(4);
/// The longest wait for an answer that should not come.
const UNASKED: Duration = Duration::from_secs(2);

impl Server {
    /// Fetches the chain. With `request`, the path of a page, its headers are asked for on the same connection.
    ///
    /// # Errors
    /// When there is no TLS at this place, or none that can be agreed upon.
    pub fn fetch(&self, request: Option<&str>) -> Result<Peer, Error> {
        let mut wire = self.open(false, self.time.left())?;
        let (mut connection, recorder) = self.client(policy::provider())?;
        match connection.complete_io(&mut wire) {
            Ok(_) if recorder.shown().certificates.is_empty() => Err(Error::NoCertificate),
            Ok(_) => {
                let mut peer = agreed(&connection, recorder.shown());
                if let Some(path) = request {
                    peer.http = Some(self.ask(&mut connection, &mut wire, path));
                    // With TLS 1.3 the server may ask for a client certificate only now.
                    peer.wants_client_certificate = recorder.shown().wants_client_certificate;
                }
                Ok(peer)
            }
            Err(error) => self.after_failure(&error, &wire, recorder.shown(), &connection),
        }
    }

    /// Whether a command that was sent unencrypted is answered inside TLS (CVE-2011-0411 and similar).
    ///
    /// # Errors
    /// When no connection can be made.
    pub(super) fn answers_stuffed_command(&self) -> Result<bool, Error> {
        let mut wire = match self.open(true, self.time.share(QUESTION)) {
            Ok(wire) => wire,
            // It refuses such a packet, or answers unencrypted: in both cases it does not treat the command as protected.
            Err(Error::Starttls(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        let (mut connection, _) = self.client(policy::provider())?;
        if connection.complete_io(&mut wire).is_err() {
            return Ok(false);
        }
        wire.renew(self.time.share(UNASKED));
        let mut stream = rustls::Stream::new(&mut connection, &mut wire);
        Ok(matches!(stream.read(&mut [0; 64]), Ok(1..)))
    }

    /// A client that accepts any certificate, and the recorder of what it sees.
    fn client(&self, provider: Arc<CryptoProvider>) -> Result<(ClientConnection, Arc<Recorder>), Error> {
        let (config, recorder) = self.client_config(provider)?;
        let connection = ClientConnection::new(Arc::new(config), self.rustls_name()).map_err(Error::Setup)?;
        Ok((connection, recorder))
    }

    /// The configuration of such a client.
    pub(super) fn client_config(
        &self,
        provider: Arc<CryptoProvider>,
    ) -> Result<(ClientConfig, Arc<Recorder>), Error> {
        let recorder = Recorder::new(provider.clone());
        Ok((self.config_with(provider, recorder.clone())?, recorder))
    }

    /// A configuration in which `recorder` sees what the server shows.
    pub(super) fn config_with(
        &self,
        provider: Arc<CryptoProvider>,
        recorder: Arc<Recorder>,
    ) -> Result<ClientConfig, Error> {
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::Setup)?
            .dangerous()
            .with_custom_certificate_verifier(recorder.clone())
            .with_client_cert_resolver(recorder);
        config.enable_sni = self.target.server_name.is_some();
        Ok(config)
    }

    /// A name that rustls accepts. Where none is sent, any will do.
    pub(super) fn rustls_name(&self) -> ServerName<'static> {
        let name = self.target.server_name.clone().and_then(|name| ServerName::try_from(name).ok());
        name.unwrap_or_else(|| self.address.ip().into())
    }

    fn ask(
        &self,
        connection: &mut ClientConnection,
        wire: &mut Wire,
        path: &str,
    ) -> Result<HttpAnswer, String> {
        // Of a page that never comes the other questions must not suffer.
        let longest = self.time.left() / 2;
        wire.renew(longest);
        let host = self.authority(self.target.port, 443);
        let mut stream = rustls::Stream::new(connection, wire);
        https::ask(&mut stream, &host, path).map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => {
                format!("it did not come within {} s", (longest.as_secs_f64() * 10.0).round() / 10.0)
            }
            _ => self.reason(&error),
        })
    }

    /// The chain may have arrived before the handshake failed. If not, a hello made by hand may get it.
    fn after_failure(
        &self,
        error: &io::Error,
        wire: &Wire,
        shown: Shown,
        connection: &ClientConnection,
    ) -> Result<Peer, Error> {
        let reason = self.reason(error);
        if !shown.certificates.is_empty() {
            return Ok(Peer { broken_off: Some(reason), ..agreed(connection, shown) });
        }
        if let Some(error) = not_tls(wire.seen()) {
            return Err(error);
        }
        match error.kind() {
            io::ErrorKind::TimedOut if wire.seen().is_empty() => {
                return Err(Error::Silent(self.time.whole));
            }
            _ => {}
        }
        let alert = match rustls_error(error) {
            Some(rustls::Error::AlertReceived(alert)) => Some(*alert),
            _ => None,
        };
        let is_unknown_name = alert == Some(AlertDescription::UnrecognisedName);
        let mut asked_group = None;
        for version in [Version::Tls13, Version::Tls12, Version::Tls10] {
            let Ok(HelloOutcome::Answered(answer)) = self.say(&everything(version, self.server_name()))
            else {
                continue;
            };
            let group = answer.hello.as_ref().and_then(|hello| hello.group).or(answer.group);
            if group == Some(SECP521R1)
                && let Some(peer) = self.fetch_by_p521()
            {
                return Ok(peer);
            }
            if let Some(peer) = by_hand(answer, &reason) {
                return Ok(peer);
            }
            asked_group = asked_group.or_else(|| group.filter(|code| !USUAL_GROUPS.contains(code)));
        }
        if let Some(group) = asked_group {
            let reason = format!(
                "it requires the group {} for the key exchange, which certkit, browsers, Go and Rust do not have",
                Group::name_of(group)
            );
            return Err(Error::Handshake { reason, is_unknown_name: false });
        }
        if wire.seen().is_empty() {
            return Err(Error::Broken(io::Error::new(error.kind(), reason)));
        }
        Err(Error::Handshake { reason, is_unknown_name })
    }

    /// The handshake again, with the group that rustls does not have.
    fn fetch_by_p521(&self) -> Option<Peer> {
        let mut provider = (*policy::provider()).clone();
        provider.kx_groups.push(&P521);
        let mut wire = self.open(false, self.time.left()).ok()?;
        let (mut connection, recorder) = self.client(Arc::new(provider)).ok()?;
        connection.complete_io(&mut wire).ok()?;
        let shown = recorder.shown();
        let has_chain = !shown.certificates.is_empty();
        has_chain.then(|| Peer { has_unusual_groups_only: true, ..agreed(&connection, shown) })
    }

    /// Sends one hello made by hand and reads the unencrypted part of the answer.
    ///
    /// # Errors
    /// When no connection can be made, or when what comes is something else: a server that limits connections, or another
    /// one behind the same address, has not refused what was asked.
    pub(super) fn say(&self, hello: &ClientHello<'_>) -> Result<HelloOutcome, Error> {
        let mut random = [0; 64];
        aws_lc_rs::rand::fill(&mut random)
            .map_err(|_| Error::Setup(rustls::Error::FailedToGetRandomBytes))?;
        let mut wire = self.open(false, self.time.share(QUESTION))?;
        if let Err(error) = wire.write_all(&hello.encode(&random)) {
            return Ok(HelloOutcome::Unanswered(error));
        }
        let mut flight = FlightReader::default();
        let mut chunk = [0; 4096];
        loop {
            let read = wire.read(&mut chunk);
            let count = *read.as_ref().unwrap_or(&0);
            let progress = flight.feed(chunk.get(..count).unwrap_or_default());
            let ended = match (progress, read) {
                (Progress::Invalid, _) if flight.answer.hello.is_none() => {
                    let reason = "what it sends is not an answer to a hello".to_owned();
                    let handshake = Error::Handshake { reason, is_unknown_name: false };
                    return Err(not_tls(wire.seen()).unwrap_or(handshake));
                }
                (Progress::Done | Progress::Invalid, _) => None,
                (Progress::More, Ok(1..)) => continue,
                (Progress::More, Ok(0)) => Some(io::ErrorKind::UnexpectedEof.into()),
                (Progress::More, Err(error)) => Some(error),
            };
            return Ok(match ended {
                _ if flight.answer.hello.is_some() => HelloOutcome::Answered(flight.answer),
                Some(error) => HelloOutcome::Unanswered(error),
                None => HelloOutcome::Refused,
            });
        }
    }

    /// Name and port as the Host header has them; `usual` is the port that is left out.
    pub(super) fn authority(&self, port: u16, usual: u16) -> String {
        let name = self.target.server_name.as_deref().unwrap_or(&self.target.host);
        let name = if name.contains(':') { format!("[{name}]") } else { name.to_owned() };
        if port == usual { name } else { format!("{name}:{port}") }
    }

    /// The name to ask for.
    pub(super) fn server_name(&self) -> Option<&str> {
        self.target.server_name.as_deref()
    }

    /// An error of a handshake as part of a sentence.
    pub(super) fn reason(&self, error: &io::Error) -> String {
        match (rustls_error(error), error.kind()) {
            (Some(rustls::Error::AlertReceived(alert)), _) => alert_reason(*alert),
            (Some(error), _) => error.to_string(),
            (None, io::ErrorKind::TimedOut) => {
                format!("it was not finished within {} s", self.time.whole.as_secs())
            }
            (None, io::ErrorKind::UnexpectedEof) => "the server closed the connection".into(),
            (None, _) => crate::sys::fs::plain(error),
        }
    }
}

/// What came of a hello made by hand.
#[derive(Debug)]
pub(super) enum HelloOutcome {
    /// The server agrees to something of it.
    Answered(ServerFlight),
    /// The server says that it does not, by an alert.
    Refused,
    /// The connection ends, or nothing comes. Some servers refuse in this way; a limit of connections looks the same.
    Unanswered(io::Error),
}

/// What was agreed upon by rustls, as far as it came.
fn agreed(connection: &ClientConnection, shown: Shown) -> Peer {
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => Version::Tls12,
        _ => Version::Tls13,
    };
    let group = connection.negotiated_key_exchange_group().map(|group| u16::from(group.name()));
    Peer {
        certificates: shown.certificates,
        version,
        cipher: connection
            .negotiated_cipher_suite()
            .map(|suite| openssl_name(suite.suite()).to_owned())
            .unwrap_or_default(),
        group: group.map(Group::name_of),
        has_unusual_groups_only: false,
        is_stapled: shown.is_stapled,
        wants_client_certificate: shown.wants_client_certificate,
        possession: shown.possession,
        broken_off: None,
        strength: Strength::Good,
        is_by_hand: false,
        http: None,
    }
}

/// What was agreed upon by a hello made by hand; nothing, unless the chain came.
fn by_hand(answer: ServerFlight, reason: &str) -> Option<Peer> {
    let hello = answer.hello?;
    let has_chain = !answer.certificates.is_empty();
    has_chain.then(|| Peer {
        certificates: answer.certificates,
        version: hello.version,
        cipher: Suite::name_of(hello.suite),
        group: answer.group.map(Group::name_of),
        has_unusual_groups_only: answer
            .group
            .is_some_and(|code| CURVES.contains(&code) && !USUAL_GROUPS.contains(&code)),
        is_stapled: answer.is_stapled,
        wants_client_certificate: answer.wants_client_certificate,
        possession: Possession::Unknown,
        broken_off: Some(reason.to_owned()),
        strength: Suite::of(hello.suite).map_or(Strength::Outdated, Suite::strength),
        is_by_hand: true,
        http: None,
    })
}

/// Everything that this version has.
fn everything(version: Version, server_name: Option<&str>) -> ClientHello<'_> {
    const TLS13_GROUPS: [u16; 11] = [29, 23, 24, 25, 30, 31, 32, 33, 256, 257, 258];
    let (suites, groups) = match version {
        Version::Tls13 => (&TLS13_CODES[..], &TLS13_GROUPS[..]),
        _ => (&SUITE_CODES[..], &CURVES[..]),
    };
    ClientHello::new(version, suites, groups, server_name)
}

fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

/// The alerts that servers really send to a hello (RFC 8446 section 6.2), as part of a sentence.
fn alert_reason(alert: AlertDescription) -> String {
    let why = match alert {
        AlertDescription::UnrecognisedName => "the server does not know the requested name",
        AlertDescription::HandshakeFailure => "the server and certkit have no parameters in common",
        AlertDescription::ProtocolVersion => "the server and certkit have no TLS version in common",
        AlertDescription::CertificateRequired | AlertDescription::BadCertificate => {
            "the server requires a client certificate"
        }
        AlertDescription::InternalError => "the server has an internal error",
        _ => "the server refuses",
    };
    format!("{why} (alert {}: {})", u8::from(alert), alert.as_str().unwrap_or("unknown"))
}

/// Which other protocol the first bytes of the server are from, unless they could be TLS.
fn not_tls(seen: &[u8]) -> Option<Error> {
    if seen.is_empty() || matches!(seen, [21 | 22, 3, ..] | [21 | 22]) {
        return None;
    }
    let text = String::from_utf8_lossy(seen);
    let upper = text.to_ascii_uppercase();
    let spoken = if upper.starts_with("HTTP/") || upper.trim_start().starts_with('<') {
        OtherProtocol::Http
    } else if upper.starts_with("SSH-") {
        OtherProtocol::Ssh
    } else if upper.starts_with("220") && upper.contains("FTP") {
        OtherProtocol::Ftp
    } else if ["220 ", "220-", "421 ", "554 "].iter().any(|status| upper.starts_with(status)) {
        OtherProtocol::Starttls(Starttls::Smtp)
    } else if upper.starts_with("* OK") || upper.starts_with("* PREAUTH") || upper.starts_with("* BYE") {
        OtherProtocol::Starttls(Starttls::Imap)
    } else if upper.starts_with("+OK") || upper.starts_with("-ERR") {
        OtherProtocol::Starttls(Starttls::Pop3)
    } else if matches!(seen, [_, _, _, 0, 10, ..]) {
        OtherProtocol::Mysql
    } else {
        OtherProtocol::Unknown
    };
    let said = text.lines().next().unwrap_or_default().chars().take(100).collect();
    Some(Error::NotTls { spoken, said })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_protocols_are_recognised_by_their_first_bytes() {
        let spoken = |said: &[u8]| match not_tls(said) {
            Some(Error::NotTls { spoken, .. }) => Some(spoken),
            _ => None,
        };
        for (said, wanted) in [
            (&b"HTTP/1.1 400 Bad Request\r\n"[..], Some(OtherProtocol::Http)),
            (b"<html>", Some(OtherProtocol::Http)),
            (b"220 mail.example ESMTP\r\n", Some(OtherProtocol::Starttls(Starttls::Smtp))),
            (b"220 (vsFTPd 3.0)\r\n", Some(OtherProtocol::Ftp)),
            (b"* OK IMAP4 ready\r\n", Some(OtherProtocol::Starttls(Starttls::Imap))),
            (b"+OK POP3 ready\r\n", Some(OtherProtocol::Starttls(Starttls::Pop3))),
            (b"SSH-2.0-OpenSSH\r\n", Some(OtherProtocol::Ssh)),
            (b"\x4a\x00\x00\x00\x0a8.0", Some(OtherProtocol::Mysql)),
            (b"what?", Some(OtherProtocol::Unknown)),
            (b"\x15\x03\x01\x00\x02\x02\x28", None),
            (b"", None),
        ] {
            assert_eq!(spoken(said), wanted, "{}", String::from_utf8_lossy(said));
        }
    }
}
