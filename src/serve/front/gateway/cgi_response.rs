//! The head of a response as CGI has it (RFC 3875 section 6): header fields behind a status.

use http::header::{self, HeaderName};
use http::response::Parts;
use hyper::ext::ReasonPhrase;

/// `Status: 200 OK` and the fields: what SCGI and FastCGI send.
pub(super) fn write_document_head(response: &Parts, length: Option<u64>, out: &mut Vec<u8>) {
    write_head(b"Status: ", response, length, out);
}

/// The same behind a status line: what uwsgi sends.
pub(super) fn write_http_head(response: &Parts, length: Option<u64>, out: &mut Vec<u8>) {
    write_head(b"HTTP/1.1 ", response, length, out);
}

/// The words behind a status.
pub(super) fn reason(response: &Parts) -> &[u8] {
    let usual = response.status.canonical_reason().unwrap_or("Unknown").as_bytes();
    response.extensions.get::<ReasonPhrase>().map_or(usual, ReasonPhrase::as_bytes)
}

/// The fields that a front server may have: no framing, which it does not decode here, and nothing that is about this
/// connection.
pub(super) fn fields(response: &Parts) -> impl Iterator<Item = (&str, &[u8])> {
    let passed =
        |(name, _): &(&HeaderName, _)| **name != header::TRANSFER_ENCODING && **name != header::CONNECTION;
    response.headers.iter().filter(passed).map(|(name, value)| (name.as_str(), value.as_bytes()))
}

/// The length of the body, if it is known and no field says it.
pub(super) fn missing_length(response: &Parts, length: Option<u64>) -> Option<String> {
    let length = length.filter(|_| !response.headers.contains_key(header::CONTENT_LENGTH))?;
    Some(length.to_string())
}

fn write_head(before_status: &[u8], response: &Parts, length: Option<u64>, out: &mut Vec<u8>) {
    out.extend_from_slice(before_status);
    out.extend_from_slice(response.status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(reason(response));
    out.extend_from_slice(b"\r\n");
    for (name, value) in fields(response) {
        write_field(out, name, value);
    }
    if let Some(length) = missing_length(response, length) {
        write_field(out, "content-length", length.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

fn write_field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
