//! From pieces of bytes, whatever they came in, to a response: first its head, then its body.

use std::io;

use ::http::{Response, StatusCode};
use bytes::{Bytes, BytesMut};
use futures_util::stream::try_unfold;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

use super::ajp::AjpExchange;
use super::error::UpstreamError;
use super::fastcgi::StdoutReader;
use super::reading::PlainReader;
use super::sending::Sending;
use super::server::Busy;
use super::{UpstreamBody, fields};
use crate::protocol::cgi_response::{self, ResponseHead};
use crate::serve::address::Scheme;

/// Bytes of a response's head, at most.
pub(super) const LONGEST_HEAD: usize = 64 * 1024;

/// Where the bytes of a response come from: its head, unless AJP has sent it already, then its body.
pub(super) enum ResponseSource {
    Ajp(AjpExchange),
    FastCgi(StdoutReader),
    Plain(PlainReader),
}

impl ResponseSource {
    /// The next bytes; `None` at the proper end of the response.
    async fn piece(&mut self) -> Result<Option<Bytes>, UpstreamError> {
        match self {
            Self::Ajp(exchange) => exchange.piece().await,
            Self::FastCgi(reader) => reader.piece().await,
            Self::Plain(reader) => reader.piece().await,
        }
    }

    /// What to look at when the response ends before it begins.
    fn hint(&self) -> &'static str {
        match self {
            // Its default is 4096 bytes, and it says nothing to the front server.
            Self::Plain(PlainReader { protocol: Scheme::Uwsgi | Scheme::Suwsgi, .. }) => {
                "; uWSGI does this when a request is longer than its buffer-size"
            }
            _ => "",
        }
    }
}

/// Reads the head; the body comes from `source` as it is read, and `kept` is dropped behind it.
pub(super) async fn respond(
    mut source: ResponseSource,
    kept: (Option<Sending>, Busy),
) -> Result<Response<UpstreamBody>, UpstreamError> {
    let mut received = BytesMut::new();
    let (head, length) = loop {
        if let Some(head) = cgi_response::decode_head(&received, LONGEST_HEAD)? {
            break head;
        }
        match source.piece().await {
            Ok(Some(piece)) => received.extend_from_slice(&piece),
            Ok(None) if received.is_empty() => return Err(UpstreamError::Closed(source.hint())),
            Ok(None) => return Err(UpstreamError::Broken("it ends in its head".to_owned())),
            // A reset is an end as well.
            Err(UpstreamError::Broken(_)) if received.is_empty() => {
                return Err(UpstreamError::Closed(source.hint()));
            }
            Err(error) => return Err(error),
        }
    };
    let first = received.freeze().slice(length..);
    Ok(response(head, first, source, kept))
}

/// A response whose body begins with `first`.
pub(super) fn response(
    head: ResponseHead,
    first: Bytes,
    source: ResponseSource,
    kept: (Option<Sending>, Busy),
) -> Response<UpstreamBody> {
    let mut head_fields = head.fields;
    fields::remove_hop_by_hop(&mut head_fields);
    fields::remove_orders(&mut head_fields);
    let no_body = head.status == StatusCode::NO_CONTENT || head.status == StatusCode::NOT_MODIFIED;
    let left = if no_body { Some(0) } else { head.content_length };
    let reading = Reading { source, first, left, _kept: kept };
    let frames = try_unfold(reading, |mut reading| async move {
        let piece = reading.piece().await?;
        Ok::<_, io::Error>(piece.map(|piece| (Frame::data(piece), reading)))
    });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    *response.status_mut() = head.status;
    *response.headers_mut() = head_fields;
    response
}

/// A body that is not complete yet.
struct Reading {
    source: ResponseSource,
    /// What came with the head.
    first: Bytes,
    /// Bytes until its end, if the head said it.
    left: Option<u64>,
    _kept: (Option<Sending>, Busy),
}

impl Reading {
    /// The next piece. What is longer than the head said is cut there; what is shorter breaks off.
    async fn piece(&mut self) -> io::Result<Option<Bytes>> {
        if self.left == Some(0) {
            return Ok(None);
        }
        let mut piece = std::mem::take(&mut self.first);
        while piece.is_empty() {
            match self.source.piece().await? {
                Some(next) => piece = next,
                None if self.left.is_none() => return Ok(None),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        if let Some(left) = &mut self.left {
            piece.truncate(usize::try_from(*left).unwrap_or(usize::MAX).min(piece.len()));
            *left -= piece.len() as u64;
        }
        Ok(Some(piece))
    }
}
