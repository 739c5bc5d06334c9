//! The driver with a codec that does what uwsgi does not: framed answers, several requests on a connection.

use std::borrow::Cow;

use http::response::Parts;
use tokio::net::UnixStream;

use super::*;
use crate::serve::config::{AccessLogTarget, Buffers, Limits, MinVersion, Root, ScriptName, ServeConfig};
use crate::serve::connection::ConnectionRole;
use crate::serve::connection::activity::Activity;
use crate::serve::connection::client_stream::Socket;
use crate::serve::log_format::LogFormat;
use crate::serve::shutdown::ShutdownSender;
use crate::serve::site::http_challenges::HttpChallenges;

/// A request is a line, the path and the length of its body; an answer is the status, pieces behind their lengths, and
/// a dot.
struct Lines;

impl GatewayCodec for Lines {
    const KEEPS_CONNECTION: bool = true;

    fn decode_head(received: &[u8]) -> std::result::Result<HeadProgress<'_>, Cow<'static, str>> {
        let Some(line) = received.strip_suffix(b"\n") else {
            return Ok(HeadProgress::Incomplete { needed: received.len() + 1 });
        };
        if line == b"ping" {
            return Ok(HeadProgress::Reply(b"pong"));
        }
        let at = line.iter().position(|&byte| byte == b' ').ok_or("no space")?;
        let variables = vec![(&b"PATH_INFO"[..], &line[..at]), (b"CONTENT_LENGTH", &line[at + 1..])];
        Ok(HeadProgress::Request { variables, under_script_name: false })
    }

    fn encode_head(response: &Parts, length: Option<u64>, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{} {length:?}\n", response.status.as_u16()).as_bytes());
    }

    fn encode_piece(length: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{length}:").as_bytes());
    }

    fn encode_end(out: &mut Vec<u8>) {
        out.extend_from_slice(b".\n");
    }
}

/// What a server with a start page says to these bytes until it closes the connection.
async fn said_to<C: GatewayCodec>(sent: &[u8]) -> Vec<u8> {
    let config = ServeConfig {
        listeners: Vec::new(),
        redirect_http: None,
        socket_mode: 0o600,
        backlog: 1,
        max_connections: 1,
        max_connections_per_address: None,
        front_threads: 1,
        tls_min: MinVersion::Tls12,
        hsts_seconds: None,
        limits: Limits::default(),
        buffers: Buffers::default(),
        script_name: ScriptName::default(),
        folders: Vec::new(),
        root: Root::StartPage("page".into()),
        access_log: AccessLogTarget::Off,
        log_format: LogFormat::default(),
        log_max_size: None,
        graceful_timeout: Duration::ZERO,
    };
    let snapshot = Snapshot::build(&config, HttpChallenges::default(), None).unwrap();
    let activity = Arc::new(Activity::new(&config.limits));
    let service = Arc::new(Service::new(snapshot));
    let connection = Connection {
        peer_address: Bytes::new(),
        peer_port: 0,
        server_port: Bytes::new(),
        tls: None,
        role: ConnectionRole::Serve,
        activity: Arc::clone(&activity),
    };
    let (mut front, back) = UnixStream::pair().unwrap();
    let stop = ShutdownSender::default();
    let stream = ClientStream::new(Socket::Unix(back), activity);
    let driver = tokio::spawn(serve::<C>(stream, connection, service, stop.subscribe()));
    front.write_all(sent).await.unwrap();
    front.shutdown().await.unwrap();
    let mut said = Vec::new();
    front.read_to_end(&mut said).await.unwrap();
    let _ = driver.await.unwrap();
    said
}

#[tokio::test]
async fn requests_follow_one_another_on_a_connection() {
    let said = said_to::<Lines>(b"/ 0\n/../x 0\n/ 0\nping\n/ 0\n").await;
    let expected = "200 Some(4)\n4:page.\n\
        400 Some(47)\n47:400 Bad Request: the path leads above the root\n.\n\
        200 Some(4)\n4:page.\n\
        pong";
    assert_eq!(String::from_utf8(said).unwrap(), expected);
}

#[tokio::test]
async fn a_body_that_was_not_read_ends_the_connection() {
    let said = said_to::<Lines>(b"/ 5\nbody!/ 0\n").await;
    assert_eq!(String::from_utf8(said).unwrap(), "200 Some(4)\n4:page.\n");
}

#[tokio::test]
async fn what_is_not_a_request_is_refused_as_its_codec_writes() {
    let said = String::from_utf8(said_to::<Lines>(b"/ x\n").await).unwrap();
    assert!(said.starts_with("400 Some(") && said.ends_with("CONTENT_LENGTH is not a number\n.\n"), "{said}");
    assert_eq!(said_to::<Lines>(b"nothing\n").await, b"");
    assert_eq!(said_to::<Lines>(b"/ 0").await, b"", "the head is not complete");
}
