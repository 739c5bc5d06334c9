//! The response that has a file, or parts of it, as its body.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, header};
use http_body_util::BodyExt;

use super::body::{BodyPart, FileBody};
use super::file::FileReader;
use super::insert;
use super::ranges::RangeChoice;
use crate::serve::request::Request;
use crate::serve::response::body::OutgoingBody;
use crate::serve::response::pages::error_page;

/// Bytes read before the response begins; a file up to this size is sent whole.
const BEGINNING: usize = 64 * 1024;
/// The same on HTTP/2, where a client may ask for 128 files and take none: about as much as the stream itself costs.
const STREAM_BEGINNING: usize = 4 * 1024;

/// The head of a response besides the version of its file.
pub(super) struct FileHead {
    pub(super) media_type: HeaderValue,
    /// Content-Encoding.
    pub(super) coding: Option<&'static str>,
    /// Whether another client may get another variant.
    pub(super) varies: bool,
    /// Further fields.
    pub(super) fields: HeaderMap,
}

impl Default for FileHead {
    fn default() -> Self {
        let media_type = HeaderValue::from_static("application/octet-stream");
        Self { media_type, coding: None, varies: false, fields: HeaderMap::new() }
    }
}

/// Answers with a file: 200, 206, 304 or 416.
pub(super) async fn respond(
    file: FileReader,
    request: &Request,
    head: FileHead,
) -> io::Result<Response<OutgoingBody>> {
    let version = file.version();
    let ((seconds, nanoseconds), length) = (version.modified, version.length);
    let coding = head.coding.map(|coding| format!("-{coding}")).unwrap_or_default();
    let etag = format!("\"{seconds:x}.{nanoseconds:x}-{length:x}{coding}\"");
    let modified = version.modified_time();
    let mut response = Response::new(OutgoingBody::Empty);
    *response.headers_mut() = head.fields;
    let headers = response.headers_mut();
    insert(headers, header::ETAG, &etag);
    insert(headers, header::LAST_MODIFIED, &httpdate::fmt_http_date(modified));
    if head.varies {
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    if is_known(&request.fields, &etag, modified) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    headers.insert(header::CONTENT_TYPE, head.media_type.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(coding) = head.coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    headers.insert(header::CONTENT_LENGTH, length.into());
    // RFC 9110 section 14.2: ranges are defined for GET only.
    if request.method == Method::HEAD {
        return Ok(response);
    }
    match RangeChoice::of(&request.fields, length, &etag, modified) {
        RangeChoice::Whole => whole(file, request, response).await,
        RangeChoice::Parts(ranges) => Ok(partial(file, response, &head.media_type, &ranges)),
        RangeChoice::Unsatisfiable => {
            let mut page =
                error_page(StatusCode::RANGE_NOT_SATISFIABLE, "the file does not have these bytes");
            insert(page.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{length}"));
            Ok(page)
        }
    }
}

async fn whole(
    mut file: FileReader,
    request: &Request,
    mut response: Response<OutgoingBody>,
) -> io::Result<Response<OutgoingBody>> {
    if let Some(kept) = file.kept() {
        *response.body_mut() = OutgoingBody::text(kept.clone());
        return Ok(response);
    }
    let whole = usize::try_from(file.version().length).unwrap_or(usize::MAX);
    let room = file.room();
    let beginning = match request.version {
        // What is kept in memory takes none of its own.
        Version::HTTP_2 if whole > STREAM_BEGINNING && room.is_none() => 0,
        _ => whole.min(BEGINNING),
    };
    let mut piece = Vec::new();
    if beginning > 0 {
        piece = match file.read_now(0, beginning) {
            Some(piece) => piece,
            None => {
                let (reader, piece) = file.read_later(0, beginning).await??;
                file = reader;
                piece
            }
        };
    }
    *response.body_mut() = match room {
        Some(room) if piece.len() == whole => OutgoingBody::text(file.keep(piece, room)),
        None if piece.len() == whole => OutgoingBody::text(piece),
        _ => OutgoingBody::Stream(FileBody::new(file, piece).boxed_unsync()),
    };
    Ok(response)
}

/// RFC 9110 section 15.3.7: one range as it is, several as `multipart/byteranges` (section 14.6).
fn partial(
    file: FileReader,
    mut response: Response<OutgoingBody>,
    media_type: &HeaderValue,
    ranges: &[Range<u64>],
) -> Response<OutgoingBody> {
    let length = file.version().length;
    let place =
        |range: &Range<u64>| format!("bytes {}-{}/{length}", range.start, range.end.saturating_sub(1));
    let mut parts = VecDeque::new();
    let headers = response.headers_mut();
    if let [range] = ranges {
        insert(headers, header::CONTENT_RANGE, &place(range));
        parts.push_back(BodyPart::File(range.clone()));
    } else {
        // A file cannot contain what is chosen by chance for each response.
        let chance = || RandomState::new().build_hasher().finish();
        let boundary = format!("{:016x}{:016x}", chance(), chance());
        insert(headers, header::CONTENT_TYPE, &format!("multipart/byteranges; boundary={boundary}"));
        for range in ranges {
            let mut text = format!("\r\n--{boundary}\r\ncontent-type: ").into_bytes();
            text.extend_from_slice(media_type.as_bytes());
            text.extend_from_slice(format!("\r\ncontent-range: {}\r\n\r\n", place(range)).as_bytes());
            parts.push_back(BodyPart::Text(text.into()));
            parts.push_back(BodyPart::File(range.clone()));
        }
        parts.push_back(BodyPart::Text(Bytes::from(format!("\r\n--{boundary}--\r\n"))));
    }
    let body = FileBody::of_parts(file, parts);
    response.headers_mut().insert(header::CONTENT_LENGTH, body.length().into());
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    *response.body_mut() = OutgoingBody::Stream(body.boxed_unsync());
    response
}

/// Whether the client has this version (RFC 9110 section 13.2.2: If-None-Match before
/// If-Modified-Since).
fn is_known(request: &HeaderMap, etag: &str, modified: SystemTime) -> bool {
    let text = |name| request.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(tags) = text(header::IF_NONE_MATCH) {
        let is_same = |tag: &str| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag;
        return tags.split(',').map(str::trim).any(is_same);
    }
    let since = text(header::IF_MODIFIED_SINCE).and_then(|date| httpdate::parse_http_date(date).ok());
    // HTTP dates have whole seconds.
    since.is_some_and(|since| modified < since + Duration::from_secs(1))
}
