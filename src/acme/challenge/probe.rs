//! After a failed validation: what can be seen from here at the place where the server looked. It is a hint at the
//! likely cause and no more, since the server sees the network from elsewhere.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{ChallengeAnswer, ChallengeKind, http01};
use crate::sys::fs::plain;
use crate::x509::HostName;

/// For everything that is asked about one name.
const TIME_LIMIT: Duration = Duration::from_secs(3);
const MAX_ADDRESSES: usize = 4;
const MAX_ANSWER_BYTES: u64 = 8 * 1024;

/// What was seen at one address of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clue {
    Closed {
        address: SocketAddr,
        reason: String,
    },
    /// The name has no address.
    NoAddress,
    /// Something takes connections; what it is was not tried.
    Open {
        address: SocketAddr,
    },
    /// Somebody answers, but not with the wanted text.
    OtherServer {
        address: SocketAddr,
        /// With which HTTP status, if it speaks HTTP.
        status: Option<u16>,
    },
    /// The answer is there, as seen from here.
    Reached {
        address: SocketAddr,
    },
}

/// Looks where the server looked for `answer`. Nothing for dns-01, and nothing when the time is over.
///
/// Names of a server on this very machine are not looked up: it may see names that nobody else sees.
pub(crate) async fn observe(
    answer: &ChallengeAnswer,
    kind: ChallengeKind,
    server_is_here: bool,
) -> Vec<Clue> {
    // RFC 8555 section 8.3 and RFC 8737 section 3 leave no other ports.
    let port = match kind {
        ChallengeKind::Dns01 | ChallengeKind::DnsAccount01 | ChallengeKind::DnsPersist01 => {
            return Vec::new();
        }
        ChallengeKind::Http01 => 80,
        ChallengeKind::TlsAlpn01 => 443,
    };
    let looking = async {
        let addresses = match &answer.host {
            HostName::Ip(address) => vec![SocketAddr::new(*address, port)],
            HostName::Dns(_) if server_is_here => return Vec::new(),
            HostName::Dns(name) => match tokio::net::lookup_host((name.as_str(), port)).await {
                Ok(addresses) => addresses.take(MAX_ADDRESSES).collect(),
                Err(_) => Vec::new(),
            },
        };
        if addresses.is_empty() {
            return vec![Clue::NoAddress];
        }
        let clues = addresses.into_iter().map(|address| at(address, answer, kind));
        stream::iter(clues).buffered(MAX_ADDRESSES).collect().await
    };
    // One address that swallows everything must not hide what the others say, so each has its own limit, too.
    tokio::time::timeout(TIME_LIMIT * 2, looking).await.unwrap_or_default()
}

/// Whether an ACME server's address is one of this machine.
pub(crate) fn is_here(directory: &str) -> bool {
    let Ok(uri) = directory.parse::<http::Uri>() else { return false };
    match uri.host() {
        Some("localhost") => true,
        Some(host) => {
            host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

async fn at(address: SocketAddr, answer: &ChallengeAnswer, kind: ChallengeKind) -> Clue {
    let seen = async {
        let mut stream = TcpStream::connect(address).await?;
        if kind != ChallengeKind::Http01 {
            return Ok(Clue::Open { address });
        }
        Ok(match ask(&mut stream, answer).await {
            Ok(text) => read(address, &text, answer),
            // It took the connection, so somebody is there.
            Err(_) => Clue::OtherServer { address, status: None },
        })
    };
    match tokio::time::timeout(TIME_LIMIT, seen).await {
        Ok(Ok(clue)) => clue,
        Ok(Err(error)) => {
            let error: std::io::Error = error;
            Clue::Closed { address, reason: plain(&error) }
        }
        Err(_) => Clue::Closed { address, reason: "no answer in time".to_owned() },
    }
}

async fn ask(stream: &mut TcpStream, answer: &ChallengeAnswer) -> std::io::Result<String> {
    let host = match &answer.host {
        HostName::Ip(IpAddr::V6(address)) => format!("[{address}]"),
        host => host.to_string(),
    };
    let path = http01::path(&answer.token);
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: certkit\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.take(MAX_ANSWER_BYTES).read_to_end(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn read(address: SocketAddr, text: &str, answer: &ChallengeAnswer) -> Clue {
    let status =
        text.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)).and_then(|status| status.parse().ok());
    if status == Some(200) && text.contains(&answer.key_authorization) {
        Clue::Reached { address }
    } else {
        Clue::OtherServer { address, status }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;
    use crate::sys::testing::ClosedPort;

    fn answer() -> ChallengeAnswer {
        ChallengeAnswer {
            host: HostName::parse("127.0.0.1").unwrap(),
            token: "tok".into(),
            key_authorization: "tok.thumb".into(),
            scope: crate::acme::challenge::RecordScope::Name,
        }
    }

    /// What is seen of a server that answers with `text`.
    async fn seen(text: &'static str) -> (SocketAddr, Clue) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(text.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let clue = at(address, &answer(), ChallengeKind::Http01).await;
        let request = server.join().unwrap();
        assert!(request.starts_with("GET /.well-known/acme-challenge/tok HTTP/1.1\r\nHost: 127.0.0.1\r\n"));
        (address, clue)
    }

    #[tokio::test]
    async fn who_answers_is_told_apart() {
        let (address, clue) = seen("HTTP/1.1 200 OK\r\n\r\ntok.thumb").await;
        assert_eq!(clue, Clue::Reached { address });
        let (address, clue) = seen("HTTP/1.1 404 Not Found\r\n\r\nno").await;
        assert_eq!(clue, Clue::OtherServer { address, status: Some(404) });
        let (address, clue) = seen("220 mail.test ESMTP").await;
        assert_eq!(clue, Clue::OtherServer { address, status: None });
        let closed = ClosedPort::bind();
        let clue = at(closed.address, &answer(), ChallengeKind::Http01).await;
        assert_eq!(clue, Clue::Closed { address: closed.address, reason: "connection refused".into() });
    }

    #[tokio::test]
    async fn names_of_a_server_here_are_not_looked_up() {
        let answer = ChallengeAnswer { host: HostName::Dns("a.test".into()), ..answer() };
        assert_eq!(observe(&answer, ChallengeKind::Http01, true).await, []);
        assert_eq!(observe(&answer, ChallengeKind::Dns01, false).await, []);
        for here in ["https://localhost:14000/dir", "https://127.0.0.1/dir", "https://[::1]:1/dir"] {
            assert!(is_here(here), "{here}");
        }
        for elsewhere in ["https://ca.example/dir", "https://192.0.2.1/dir", "x"] {
            assert!(!is_here(elsewhere), "{elsewhere}");
        }
    }
}
