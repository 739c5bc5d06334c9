//! The driver with a codec that does what uwsgi does not: framed answers, several requests on a connection; and each
//! protocol's own codec.

mod ajp;
mod fastcgi;
mod pieces;

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use http::response::Parts;
use tokio::net::UnixStream;

use super::codec::{BodyProgress, CountedBody};
use super::*;
use crate::protocol::cgi_vars::Variable;
use crate::protocol::fastcgi::{ParamsWriter, RecordType, encode_record};
use crate::protocol::{scgi, uwsgi};
use crate::serve::config::{AccessLogTarget, Limits, Root, ServeConfig, SiteConfig};
use crate::serve::connection::ConnectionRole;
use crate::serve::connection::activity::Activity;
use crate::serve::connection::client_stream::{ClientStream, Socket};
use crate::serve::response::access_log::AccessLog;
use crate::serve::shutdown::ShutdownSender;
use crate::serve::site::http_challenges::HttpChallenges;
use crate::sys::opener::OwnRights;

/// A request is a line, the path and the length of its body; an answer is the status, pieces behind their lengths, and
/// a dot.
struct Lines(BytesMut, CountedBody);

struct LinesEncoder;

/// Bytes of variables.
const LIMIT: usize = 300;

impl GatewayCodec for Lines {
    type Encoder = LinesEncoder;

    fn new(_: CodecSettings) -> Self {
        Self(BytesMut::new(), CountedBody::default())
    }

    fn decode_head(
        &mut self,
        received: &mut BytesMut,
        replies: &mut Vec<u8>,
    ) -> std::result::Result<HeadProgress, Cow<'static, str>> {
        let Some(end) = received.iter().position(|&byte| byte == b'\n') else {
            return Ok(HeadProgress::Incomplete { needed: 1 });
        };
        self.0 = received.split_to(end + 1);
        if &self.0[..] == b"ping\n" {
            replies.extend_from_slice(b"pong");
            return Ok(HeadProgress::End);
        }
        Ok(HeadProgress::Request { under_script_name: false })
    }

    fn variables(&self) -> std::result::Result<Vec<Variable<'_>>, Cow<'static, str>> {
        let line = &self.0[..self.0.len() - 1];
        let at = line.iter().position(|&byte| byte == b' ').ok_or("no space")?;
        Ok(vec![(&b"PATH_INFO"[..], &line[..at]), (b"CONTENT_LENGTH", &line[at + 1..])])
    }

    fn begin_body(&mut self, length: Option<u64>) {
        self.1.begin(length);
    }

    fn decode_body(
        &mut self,
        received: &mut BytesMut,
        _: &mut Vec<u8>,
    ) -> std::result::Result<BodyProgress, Cow<'static, str>> {
        Ok(self.1.decode(received))
    }

    fn unread(&self, received: usize) -> u64 {
        self.1.unread(received)
    }

    fn encoder(&self) -> LinesEncoder {
        LinesEncoder
    }
}

impl ResponseEncoder for LinesEncoder {
    fn keeps_connection(&self) -> bool {
        true
    }

    fn head(&self, response: &Parts, length: Option<u64>, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{} {length:?}\n", response.status.as_u16()).as_bytes());
    }

    fn before_piece(&self, length: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{length}:").as_bytes());
    }

    fn end(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b".\n");
    }
}

/// What a server with a start page says to these bytes until it closes the connection.
async fn said_to<C: GatewayCodec + Unpin>(sent: &[u8]) -> Vec<u8> {
    said_to_with::<C>(sent, |_| {}).await
}

/// The same with other settings.
async fn said_to_with<C: GatewayCodec + Unpin>(
    sent: &[u8],
    change: impl FnOnce(&mut ServeConfig),
) -> Vec<u8> {
    let mut config = ServeConfig {
        max_connections: 7,
        limits: Limits { buffer_size: LIMIT, ..Limits::default() },
        site: SiteConfig { root: Root::StartPage("page".into()), ..SiteConfig::default() },
        access_log: AccessLogTarget::Off,
        ..ServeConfig::default()
    };
    change(&mut config);
    let log =
        AccessLog::open(&config.access_log, config.log_format.clone(), None, OwnRights::shared()).unwrap();
    let snapshot =
        Snapshot::build(&config, HttpChallenges::default(), log, OwnRights::shared(), None, None).unwrap();
    let activity = Arc::new(Activity::new(&config.limits));
    let service = Arc::new(Service::new(snapshot));
    let connection = Connection {
        peer_address: Bytes::new(),
        peer_port: 0,
        server_port: Bytes::new(),
        server_address: None,
        tls: None,
        role: ConnectionRole::Serve,
        is_trusted: false,
        activity: Arc::clone(&activity),
        counters: Arc::default(),
    };
    let (mut front, back) = UnixStream::pair().unwrap();
    let stop = ShutdownSender::default();
    let stream = ClientStream::new(Socket::Unix(back), activity);
    let driver = tokio::spawn(serve::<C, _>(stream, connection, service, stop.subscribe()));
    // What it does not read of this does not matter to the test.
    let _ = front.write_all(sent).await;
    let _ = front.shutdown().await;
    let mut said = Vec::new();
    let _ = front.read_to_end(&mut said).await;
    drop(front);
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

/// A request by uwsgi, SCGI and FastCGI whose variables have so many bytes in all.
fn requests_of(length: usize) -> [Vec<u8>; 3] {
    // CONTENT_LENGTH 0 SCGI 1, each with the bytes around it.
    let value = |others: usize| vec![b'x'; length - others];
    let packet =
        uwsgi::encode_request([(&b"PATH_INFO"[..], &b"/"[..]), (b"X", &value(9 + 1 + 1 + 8))]).unwrap();
    let mut head = scgi::RequestWriter::new(0);
    head.insert(b"PATH_INFO", b"/");
    head.insert(b"X", &value(14 + 1 + 4 + 1 + 9 + 1 + 1 + 8));
    let mut params = ParamsWriter::default();
    params.insert(b"PATH_INFO", b"/");
    params.insert(b"X", &value(9 + 1 + 1 + 2 + 1 + 4));
    let params = params.finish();
    assert_eq!((packet.len() - uwsgi::HEADER_LENGTH, params.len()), (length, length));
    let mut records = fastcgi::begin(1, 1, false);
    for piece in params.chunks(100).chain([&[][..]]) {
        encode_record(&mut records, RecordType::Params, 1, piece);
    }
    encode_record(&mut records, RecordType::Stdin, 1, b"");
    [packet, head.finish().unwrap(), records]
}

#[tokio::test]
async fn heads_may_be_as_large_as_the_limit() {
    for (length, status) in [(LIMIT - 1, "200"), (LIMIT, "200"), (LIMIT + 1, "431")] {
        let [uwsgi, scgi, fastcgi] = requests_of(length);
        for (protocol, said) in [
            ("uwsgi", said_to::<Uwsgi>(&uwsgi).await),
            ("SCGI", said_to::<Scgi>(&scgi).await),
            ("FastCGI", said_to::<FastCgi>(&fastcgi).await),
        ] {
            let said = String::from_utf8_lossy(&said).into_owned();
            assert!(said.contains(&format!(" {status} ")), "{protocol}, {length} bytes: {said:?}");
        }
    }
}

#[tokio::test]
async fn scgi_has_a_document_for_a_netstring() {
    let mut head = scgi::RequestWriter::new(0);
    head.insert(b"PATH_INFO", b"/");
    let said = said_to::<Scgi>(&head.finish().unwrap()).await;
    let expected =
        "Status: 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: 4\r\n\r\npage";
    assert_eq!(String::from_utf8_lossy(&said), expected);
    assert_eq!(said_to::<Scgi>(b"GET / HTTP/1.1\r\n").await, b"");
    assert_eq!(said_to::<Scgi>(b"24:CONTENT_LENGTH").await, b"");
}
