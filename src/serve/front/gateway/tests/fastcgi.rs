//! FastCGI: kept connections, management records, what is not taken.

use super::*;
use crate::protocol::fastcgi::{BeginRequest, RecordHeader, encode_stream};

pub(super) fn begin(id: u16, role: u16, keep_connection: bool) -> Vec<u8> {
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
        let header = RecordHeader::decode(*header).unwrap();
        let (content, rest) = rest.split_at(header.length.into());
        found.push(format!("{:?} {} {}", header.record_type, header.id, content.escape_ascii()));
        said = &rest[header.padding.into()..];
    }
    found
}

/// A whole request for `/`, with these further variables, a body, and the end of it.
pub(super) fn request(id: u16, keep_connection: bool, variables: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut params = ParamsWriter::default();
    params.insert(b"PATH_INFO", b"/");
    variables.iter().for_each(|(name, value)| params.insert(name.as_bytes(), value.as_bytes()));
    let mut out = begin(id, 1, keep_connection);
    encode_stream(&mut out, RecordType::Params, id, &params.finish());
    encode_stream(&mut out, RecordType::Stdin, id, body);
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
