//! The driver with a codec that does what uwsgi does not: framed answers, several requests on a connection.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use http::response::Parts;
use tokio::net::UnixStream;

use super::codec::{BodyProgress, CountedBody};
use super::*;
use crate::protocol::cgi_vars::Variable;
use crate::protocol::fastcgi::{self, BeginRequest, RecordType, encode_record};
use crate::protocol::{scgi, uwsgi};
use crate::serve::config::{AccessLogTarget, Limits, Root, ServeConfig};
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

    fn new(_: CodecLimits) -> Self {
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
    let config = ServeConfig {
        max_connections: 7,
        limits: Limits { buffer_size: LIMIT, ..Limits::default() },
        root: Root::StartPage("page".into()),
        access_log: AccessLogTarget::Off,
        ..ServeConfig::default()
    };
    let log =
        AccessLog::open(&config.access_log, config.log_format.clone(), None, OwnRights::shared()).unwrap();
    let snapshot = Snapshot::build(&config, HttpChallenges::default(), log, None).unwrap();
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
    let mut params = fastcgi::ParamsWriter::default();
    params.insert(b"PATH_INFO", b"/");
    params.insert(b"X", &value(9 + 1 + 1 + 2 + 1 + 4));
    let params = params.finish();
    assert_eq!((packet.len() - uwsgi::HEADER_LENGTH, params.len()), (length, length));
    let mut records = begin(1, 1, false);
    for piece in params.chunks(100).chain([&[][..]]) {
        encode_record(&mut records, RecordType::Params, 1, piece);
    }
    encode_record(&mut records, RecordType::Stdin, 1, b"");
    [packet, head.finish().unwrap(), records]
}

fn begin(id: u16, role: u16, keep_connection: bool) -> Vec<u8> {
    let mut out = Vec::new();
    encode_record(&mut out, RecordType::BeginRequest, id, &BeginRequest { role, keep_connection }.encode());
    out
}

fn record(record_type: RecordType, id: u16, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode_record(&mut out, record_type, id, content);
    out
}

/// The records that a server sends, as text.
fn records(mut said: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    while let Some((header, rest)) = said.split_first_chunk() {
        let header = fastcgi::RecordHeader::decode(*header).unwrap();
        let (content, rest) = rest.split_at(header.length.into());
        found.push(format!("{:?} {} {}", header.record_type, header.id, content.escape_ascii()));
        said = &rest[header.padding.into()..];
    }
    found
}

/// A whole request for `/`, with these further variables, a body, and the end of it.
fn request(id: u16, keep_connection: bool, variables: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut params = fastcgi::ParamsWriter::default();
    params.insert(b"PATH_INFO", b"/");
    variables.iter().for_each(|(name, value)| params.insert(name.as_bytes(), value.as_bytes()));
    let mut out = begin(id, 1, keep_connection);
    fastcgi::encode_stream(&mut out, RecordType::Params, id, &params.finish());
    fastcgi::encode_stream(&mut out, RecordType::Stdin, id, body);
    out
}

fn page_and_end(id: u16) -> [String; 3] {
    let head = r"Status: 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: 4\r\n\r\n";
    [
        format!("Stdout {id} {head}"),
        format!("Stdout {id} "),
        format!(r"EndRequest {id} \x00\x00\x00\x00\x00\x00\x00\x00"),
    ]
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

#[tokio::test]
async fn fastcgi_connections_are_kept_as_asked() {
    let [head, end, status] = page_and_end(1);
    let whole = |id| {
        let [head, end, status] = page_and_end(id);
        [head, format!("Stdout {id} page"), end, status]
    };
    let page = [head, "Stdout 1 page".to_owned(), end, status];
    let two = [request(1, true, &[], b""), request(1, true, &[], b"")].concat();
    assert_eq!(records(&said_to::<FastCgi>(&two).await), [page.clone(), page.clone()].concat());
    let two = [request(7, true, &[], b""), request(1, false, &[], b""), request(1, false, &[], b"")].concat();
    assert_eq!(
        records(&said_to::<FastCgi>(&two).await),
        [whole(7), whole(1)].concat(),
        "the second is the last"
    );
}

#[tokio::test]
async fn fastcgi_management_and_what_is_not_taken() {
    let asked = record(RecordType::GetValues, 0, b"\x0e\x00FCGI_MAX_CONNS\x0f\x00FCGI_MPXS_CONNS\x01\x00X");
    let strange = record(RecordType::Unknown(77), 0, b"what?");
    let told = records(&said_to::<FastCgi>(&[asked.clone(), strange].concat()).await);
    let values = r"GetValuesResult 0 \x0e\x01FCGI_MAX_CONNS7\x0f\x01FCGI_MPXS_CONNS0";
    assert_eq!(told, [values, r"UnknownType 0 M\x00\x00\x00\x00\x00\x00\x00"]);

    // An authorizer: status 3, and the connection goes on if it is to be kept.
    let authorizer = |keep| {
        let mut out = begin(2, 2, keep);
        out.extend(record(RecordType::Params, 2, b""));
        out
    };
    let [head, end, status] = page_and_end(1);
    let page = [head, "Stdout 1 page".to_owned(), end, status];
    let refused = r"EndRequest 2 \x00\x00\x00\x00\x03\x00\x00\x00".to_owned();
    let next = request(1, false, &[], b"");
    let told = records(&said_to::<FastCgi>(&[authorizer(true), next.clone()].concat()).await);
    assert_eq!(told, [vec![refused.clone()], page.to_vec()].concat());
    assert_eq!(records(&said_to::<FastCgi>(&[authorizer(false), next].concat()).await), [refused]);

    // While a request runs: another one, and a question.
    let mut sent = begin(1, 1, false);
    sent.extend(record(RecordType::Params, 1, b"\x09\x01PATH_INFO/"));
    sent.extend(begin(3, 1, true));
    sent.extend(record(RecordType::Params, 3, b"\x09\x01PATH_INFO/"));
    sent.extend(record(RecordType::Params, 1, b""));
    sent.extend(asked);
    sent.extend(record(RecordType::Stdin, 3, b"not this"));
    sent.extend(record(RecordType::Stdin, 1, b""));
    let told = records(&said_to::<FastCgi>(&sent).await);
    assert!(told.contains(&r"EndRequest 3 \x00\x00\x00\x00\x01\x00\x00\x00".to_owned()), "{told:?}");
    assert!(told.contains(&values.to_owned()), "{told:?}");
    assert!(told.contains(&page[1]) && !told.iter().any(|record| record.contains("not this")), "{told:?}");
}

#[tokio::test]
async fn a_fastcgi_request_may_be_aborted() {
    let ended = r"EndRequest 1 \x00\x00\x00\x00\x00\x00\x00\x00";
    let abort = record(RecordType::AbortRequest, 1, b"");
    let next = request(9, false, &[], b"");
    let told = records(&said_to::<FastCgi>(&[begin(1, 1, true), abort, next].concat()).await);
    assert_eq!((told[0].as_str(), told.len()), (ended, 5), "before its variables: {told:?}");
}

#[tokio::test]
async fn malformed_records_end_the_connection() {
    for sent in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[begin(1, 1, true), begin(1, 1, true)].concat(),
        &[begin(1, 1, true), record(RecordType::Stdin, 1, b"x")].concat(),
        &[begin(1, 1, true), record(RecordType::Params, 1, b"\x01"), record(RecordType::Params, 1, b"")]
            .concat(),
        &record(RecordType::BeginRequest, 1, b"short"),
    ] {
        assert_eq!(said_to::<FastCgi>(sent).await, b"", "{}", sent.escape_ascii());
    }
}
