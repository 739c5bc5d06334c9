//! Which responses are compressed, and what their heads say of it.

use http::response::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body::Body;
use tokio::sync::Semaphore;

use super::accept_encoding::{identity_weight, weight};
use super::body::OutgoingBody;
use super::encoder::{Coding, Encoded, encode};
use crate::serve::config::CompressionConfig;
use crate::serve::request::Request;

/// Bytes of the smallest body that is worth it: what fits into one packet takes as long without.
const SMALLEST: u64 = 1024;
/// Bytes of the largest body that is compressed at once if all of it is there: less than a millisecond, and its length
/// is known then.
const AT_ONCE: u64 = 32 * 1024;

/// Media types that gain from it, beside all of `text/`. Images, sounds, films, archives and PDF have compression of
/// their own; fonts in the formats of the web (woff, woff2) too.
const TEXT: [&str; 19] = [
    "application/ecmascript",
    "application/javascript",
    "application/json",
    "application/ndjson",
    "application/rtf",
    "application/sql",
    "application/toml",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/x-javascript",
    "application/x-ndjson",
    "application/xml",
    "application/yaml",
    "font/otf",
    "font/ttf",
    "image/bmp",
    "image/vnd.microsoft.icon",
    "image/x-icon",
    "model/obj",
];
/// Structured syntaxes that are text (RFC 6839 and its successors): `image/svg+xml`, `application/manifest+json`.
const TEXT_SUFFIXES: [&str; 4] = ["+json", "+text", "+xml", "+yaml"];

/// Fields that say what the bytes of a body are (RFC 9530, and what was before it); they would be wrong.
const DIGESTS: [HeaderName; 4] = [
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("repr-digest"),
];

/// Bodies that are compressed as their clients take them, of all sites: about 40 MiB of memory together.
static ENCODERS: Semaphore = Semaphore::const_new(128);

/// The codings of a site.
#[derive(Clone, Copy, Debug)]
pub(in crate::serve) struct Compression {
    config: CompressionConfig,
    encoders: &'static Semaphore,
}

impl Default for Compression {
    /// None.
    fn default() -> Self {
        Self::new(CompressionConfig::default())
    }
}

impl Compression {
    pub(in crate::serve) fn new(config: CompressionConfig) -> Self {
        Self { config, encoders: &ENCODERS }
    }

    /// Whether there are any.
    pub(in crate::serve) fn is_on(&self) -> bool {
        self.config.gzip || self.config.zstd
    }

    /// Compresses a response whose head is complete, if its client accepts that, and completes the head.
    pub(in crate::serve) fn apply(
        &self,
        request: &Request,
        head: &mut Parts,
        body: OutgoingBody,
    ) -> (OutgoingBody, Option<Encoded>) {
        if head.status == StatusCode::NOT_MODIFIED {
            not_modified(&request.fields, &mut head.headers);
            return (body, None);
        }
        // A part of the body as it is; the length of the whole one is not known here.
        let is_part = head.status == StatusCode::PARTIAL_CONTENT;
        let is_head = request.method == Method::HEAD;
        if request.websocket.is_some()
            || !may_be_encoded(head)
            || (!is_part && is_short(&head.headers, (!is_head).then_some(&body)))
        {
            return (body, None);
        }
        vary(&mut head.headers);
        let Some(coding) = self.chosen(&request.fields).filter(|_| !is_part) else { return (body, None) };
        let length = body.size_hint().exact().unwrap_or(0);
        let body = match is_head {
            // Its fields are those of a GET.
            true => Ok(OutgoingBody::Empty),
            false => match body.take_whole(AT_ONCE) {
                Ok(whole) => {
                    encode(coding, &whole).map(OutgoingBody::text).map_err(|_| OutgoingBody::text(whole))
                }
                Err(body) => body.encoded(coding, self.encoders),
            },
        };
        match body {
            Ok(body) => {
                set_coding(&mut head.headers, coding);
                (body, Some(Encoded { coding, length }))
            }
            Err(body) => (body, None),
        }
    }

    /// The coding that the client wants most.
    fn chosen(&self, fields: &HeaderMap) -> Option<Coding> {
        let zstd = if self.config.zstd { weight(fields, &["zstd"]) } else { 0 };
        let gzip = if self.config.gzip { weight(fields, &["gzip", "x-gzip"]) } else { 0 };
        let best = zstd.max(gzip);
        if best == 0 || best < identity_weight(fields) {
            return None;
        }
        Some(if zstd == best { Coding::Zstd } else { Coding::Gzip })
    }
}

/// Whether the content of a response may be compressed for some client.
fn may_be_encoded(head: &Parts) -> bool {
    let headers = &head.headers;
    let has_content = !head.status.is_informational()
        && head.status != StatusCode::NO_CONTENT
        && head.status != StatusCode::RESET_CONTENT;
    has_content
        && headers.get(header::CONTENT_TYPE).is_some_and(|value| is_text(value.as_bytes()))
        && !headers.contains_key(header::CONTENT_ENCODING)
        && (head.status == StatusCode::PARTIAL_CONTENT || !headers.contains_key(header::CONTENT_RANGE))
        // RFC 9110 section 7.7.
        && !has_token(headers, header::CACHE_CONTROL, "no-transform")
        && !DIGESTS.iter().any(|name| headers.contains_key(name))
}

/// `body` is that of the response; `None` if only its head is asked for.
fn is_short(headers: &HeaderMap, body: Option<&OutgoingBody>) -> bool {
    let promised = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let length = promised.or_else(|| body?.size_hint().exact());
    length.is_some_and(|length: u64| length < SMALLEST)
}

/// A media type, with parameters or without.
fn is_text(value: &[u8]) -> bool {
    let bare = value.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    let Ok(bare) = std::str::from_utf8(bare) else { return false };
    let begins = |with: &str| bare.get(..with.len()).is_some_and(|part| part.eq_ignore_ascii_case(with));
    let ends = |with: &&str| {
        let part = bare.len().checked_sub(with.len()).and_then(|from| bare.get(from..));
        part.is_some_and(|part| part.eq_ignore_ascii_case(with))
    };
    begins("text/")
        || TEXT.iter().any(|kind| bare.eq_ignore_ascii_case(kind))
        || TEXT_SUFFIXES.iter().any(ends)
}

/// Whether a list of directives or names has this one.
fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let lists = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|one| one.trim().eq_ignore_ascii_case(token))
}

/// Says that another client may get another coding.
fn vary(headers: &mut HeaderMap) {
    if !has_token(headers, header::VARY, "accept-encoding") && !has_token(headers, header::VARY, "*") {
        // An application that fills the map by itself gets no more.
        let _ = headers.try_append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}

fn set_coding(headers: &mut HeaderMap, coding: Coding) {
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    headers.remove(header::CONTENT_LENGTH);
    // Ranges are of the body as it is.
    headers.remove(header::ACCEPT_RANGES);
    weaken(headers);
}

/// RFC 9110 section 8.8.1: a strong ETag is that of these very bytes, and no compressor promises the same ones twice.
fn weaken(headers: &mut HeaderMap) {
    if let Some(tag) = headers.get(header::ETAG).filter(|tag| tag.as_bytes().starts_with(b"\""))
        && let Ok(weak) = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat())
    {
        headers.insert(header::ETAG, weak);
    }
}

/// RFC 9110 section 15.4.5: the fields that a 200 would have. Its media type is not known here, and a field too much is
/// better than a cache that gives a compressed response to everybody.
fn not_modified(request: &HeaderMap, headers: &mut HeaderMap) {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return;
    }
    vary(headers);
    let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
    if tag.is_some_and(|tag| has_token(request, header::IF_NONE_MATCH, &format!("W/{tag}"))) {
        weaken(headers);
    }
}

#[cfg(test)]
mod tests;
