//! FastCGI: everything goes in records; connections may be kept.

use std::borrow::Cow;

use bytes::{Buf, Bytes, BytesMut};
use http::response::Parts;

use super::cgi_response::write_document_head;
use super::codec::{
    BodyProgress, CodecSettings, GatewayCodec, HEAD_TOO_LARGE, HeadProgress, ResponseEncoder,
};
use crate::protocol::cgi_vars::Variable;
use crate::protocol::fastcgi::{
    BODY_LENGTH, BeginRequest, HEADER_LENGTH, LONGEST_ALIGNED, ProtocolStatus, RecordHeader, RecordType,
    decode_params, encode_end, encode_record, encode_unknown_type, encode_values,
};

pub(in crate::serve::front) struct FastCgi {
    settings: CodecSettings,
    /// The record that is being read.
    record: Option<RecordHeader>,
    /// Bytes of padding that follow.
    padding: usize,
    request: RequestState,
    /// The request that is running.
    id: u16,
    keeps_connection: bool,
    params: Vec<u8>,
    /// Bytes of the body that CONTENT_LENGTH promised.
    promised: Option<u64>,
}

/// How much has come of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RequestState {
    /// None has begun.
    Idle,
    Params,
    Stdin,
    /// All of it.
    Received,
}

/// What comes of the records.
enum RecordEvent {
    Incomplete(usize),
    Head,
    TooLarge,
    Data(Bytes),
    End,
    Aborted,
    /// A request was refused that was to be the connection's last.
    Refused,
}

pub(in crate::serve::front) struct FastCgiEncoder {
    id: u16,
    keeps_connection: bool,
}

impl FastCgi {
    fn next(
        &mut self,
        received: &mut BytesMut,
        replies: &mut Vec<u8>,
    ) -> Result<RecordEvent, Cow<'static, str>> {
        loop {
            let padding = self.padding.min(received.len());
            received.advance(padding);
            self.padding -= padding;
            if self.padding > 0 {
                return Ok(RecordEvent::Incomplete(self.padding));
            }
            let record = match self.record {
                Some(record) => record,
                None => {
                    let Some(header) = received.first_chunk::<HEADER_LENGTH>() else {
                        return Ok(RecordEvent::Incomplete(HEADER_LENGTH - received.len()));
                    };
                    let record = RecordHeader::decode(*header).map_err(|error| error.to_string())?;
                    received.advance(HEADER_LENGTH);
                    *self.record.insert(record)
                }
            };
            let length = usize::from(record.length);
            if self.is_body(record) && length > 0 {
                // Handed on as it comes.
                if received.is_empty() {
                    return Ok(RecordEvent::Incomplete(length));
                }
                let data = received.split_to(length.min(received.len())).freeze();
                let left = record.length.saturating_sub(u16::try_from(data.len()).unwrap_or(u16::MAX));
                if left == 0 {
                    self.end_record(record);
                } else {
                    self.record = Some(RecordHeader { length: left, ..record });
                }
                return Ok(RecordEvent::Data(data));
            }
            if let Some(needed @ 1..) = length.checked_sub(received.len()) {
                return Ok(RecordEvent::Incomplete(needed));
            }
            let content = received.split_to(length);
            self.end_record(record);
            if let Some(event) = self.record(record, &content, replies)? {
                return Ok(event);
            }
        }
    }

    fn is_body(&self, record: RecordHeader) -> bool {
        record.record_type == RecordType::Stdin && self.request == RequestState::Stdin && record.id == self.id
    }

    fn end_record(&mut self, record: RecordHeader) {
        self.record = None;
        self.padding = record.padding.into();
    }

    /// A record that is complete.
    fn record(
        &mut self,
        record: RecordHeader,
        content: &[u8],
        replies: &mut Vec<u8>,
    ) -> Result<Option<RecordEvent>, Cow<'static, str>> {
        let RecordHeader { record_type, id, .. } = record;
        if id == 0 {
            match record_type {
                RecordType::GetValues => encode_values(replies, content, self.settings.connections)
                    .map_err(|error| error.to_string())?,
                unknown => encode_unknown_type(replies, unknown),
            }
            return Ok(None);
        }
        let is_running = self.request != RequestState::Idle && id == self.id;
        match record_type {
            RecordType::BeginRequest if is_running => Err("a request begins twice".into()),
            RecordType::BeginRequest => self.begin(id, content, replies),
            RecordType::AbortRequest if is_running => Ok(self.abort(replies)),
            RecordType::Params if is_running => match (self.request, content) {
                (RequestState::Params, []) => {
                    self.request = RequestState::Stdin;
                    Ok(Some(RecordEvent::Head))
                }
                (RequestState::Params, more) if self.params.len() + more.len() > self.settings.head => {
                    Ok(Some(RecordEvent::TooLarge))
                }
                (RequestState::Params, more) => {
                    self.params.extend_from_slice(more);
                    Ok(None)
                }
                _ => Err("variables follow the last variable".into()),
            },
            RecordType::Stdin if is_running => match self.request {
                RequestState::Stdin => {
                    self.request = RequestState::Received;
                    Ok(Some(RecordEvent::End))
                }
                _ => Err("the body is not behind the variables".into()),
            },
            // What else there is belongs to requests that were refused, or to roles that are not taken.
            _ => Ok(None),
        }
    }

    fn begin(
        &mut self,
        id: u16,
        content: &[u8],
        replies: &mut Vec<u8>,
    ) -> Result<Option<RecordEvent>, Cow<'static, str>> {
        let content =
            <[u8; BODY_LENGTH]>::try_from(content).map_err(|_| "a request begins with a wrong length")?;
        let BeginRequest { role, keep_connection } = BeginRequest::decode(content);
        if self.request != RequestState::Idle {
            encode_end(replies, id, 0, ProtocolStatus::CannotMultiplex);
            return Ok(None);
        }
        if role != BeginRequest::RESPONDER {
            encode_end(replies, id, 0, ProtocolStatus::UnknownRole);
            return Ok((!keep_connection).then_some(RecordEvent::Refused));
        }
        (self.request, self.id, self.keeps_connection) = (RequestState::Params, id, keep_connection);
        self.params.clear();
        Ok(None)
    }

    fn abort(&mut self, replies: &mut Vec<u8>) -> Option<RecordEvent> {
        let had_variables = self.request != RequestState::Params;
        self.request = RequestState::Idle;
        if had_variables {
            return Some(RecordEvent::Aborted);
        }
        encode_end(replies, self.id, 0, ProtocolStatus::RequestComplete);
        // The next request may follow, if there is to be one.
        (!self.keeps_connection).then_some(RecordEvent::Refused)
    }
}

impl GatewayCodec for FastCgi {
    type Encoder = FastCgiEncoder;

    const REPLIES: bool = true;
    const ABORTS: bool = true;

    fn new(settings: CodecSettings) -> Self {
        Self {
            settings,
            record: None,
            padding: 0,
            request: RequestState::Idle,
            id: 0,
            keeps_connection: false,
            params: Vec::new(),
            promised: None,
        }
    }

    fn decode_head(
        &mut self,
        received: &mut BytesMut,
        replies: &mut Vec<u8>,
    ) -> Result<HeadProgress, Cow<'static, str>> {
        // The one before has had its response.
        if matches!(self.request, RequestState::Stdin | RequestState::Received) {
            self.request = RequestState::Idle;
        }
        loop {
            return Ok(match self.next(received, replies)? {
                RecordEvent::Incomplete(needed) => HeadProgress::Incomplete { needed },
                RecordEvent::Head => HeadProgress::Request { under_script_name: false },
                RecordEvent::TooLarge => HEAD_TOO_LARGE,
                RecordEvent::Refused => HeadProgress::End,
                RecordEvent::Data(_) | RecordEvent::End | RecordEvent::Aborted => continue,
            });
        }
    }

    fn variables(&self) -> Result<Vec<Variable<'_>>, Cow<'static, str>> {
        let mut variables = decode_params(&self.params).map_err(|error| error.to_string())?;
        // What Caddy says of a chunked body. The records say where it ends.
        variables.retain(|variable| *variable != (&b"CONTENT_LENGTH"[..], &b"-1"[..]));
        Ok(variables)
    }

    fn begin_body(&mut self, length: Option<u64>) {
        self.promised = length;
    }

    fn decode_body(
        &mut self,
        received: &mut BytesMut,
        replies: &mut Vec<u8>,
    ) -> Result<BodyProgress, Cow<'static, str>> {
        loop {
            return Ok(match self.next(received, replies)? {
                RecordEvent::Data(mut data) => {
                    if let Some(promised) = &mut self.promised {
                        let length = usize::try_from(*promised).unwrap_or(usize::MAX);
                        if data.len() > length {
                            tracing::warn!(
                                "a request body is longer than CONTENT_LENGTH; the rest is ignored"
                            );
                            data.truncate(length);
                        }
                        *promised -= data.len() as u64;
                    }
                    if data.is_empty() {
                        continue;
                    }
                    BodyProgress::Data(data)
                }
                RecordEvent::End if self.promised.is_some_and(|left| left > 0) => {
                    return Err("the request body is shorter than CONTENT_LENGTH".into());
                }
                RecordEvent::End => BodyProgress::End,
                RecordEvent::Aborted => BodyProgress::Aborted,
                RecordEvent::Incomplete(needed) => BodyProgress::Incomplete { needed },
                RecordEvent::Head | RecordEvent::TooLarge | RecordEvent::Refused => continue,
            });
        }
    }

    fn unread(&self, _: usize) -> u64 {
        u64::MAX
    }

    fn encoder(&self) -> FastCgiEncoder {
        FastCgiEncoder { id: self.id, keeps_connection: self.keeps_connection }
    }
}

impl ResponseEncoder for FastCgiEncoder {
    const LONGEST_PIECE: usize = LONGEST_ALIGNED;

    fn keeps_connection(&self) -> bool {
        self.keeps_connection
    }

    fn head(&self, response: &Parts, length: Option<u64>, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; HEADER_LENGTH]);
        write_document_head(response, length, out);
        let head = out.len() - start - HEADER_LENGTH;
        if head > LONGEST_ALIGNED {
            let head = out.split_off(start);
            let pieces = head.get(HEADER_LENGTH..).unwrap_or_default().chunks(LONGEST_ALIGNED);
            pieces.for_each(|piece| encode_record(out, RecordType::Stdout, self.id, piece));
        } else if let Some(header) = out.get_mut(start..).and_then(|rest| rest.first_chunk_mut()) {
            *header = self.header(head);
        }
    }

    fn before_piece(&self, length: usize, out: &mut Vec<u8>) {
        // One without content would be the end.
        if length > 0 {
            out.extend_from_slice(&self.header(length));
        }
    }

    fn end(&self, out: &mut Vec<u8>) {
        encode_record(out, RecordType::Stdout, self.id, b"");
        encode_end(out, self.id, 0, ProtocolStatus::RequestComplete);
    }

    fn aborted(&self, out: &mut Vec<u8>) {
        encode_end(out, self.id, 0, ProtocolStatus::RequestComplete);
    }
}

impl FastCgiEncoder {
    /// Of a record with a part of the response.
    fn header(&self, length: usize) -> [u8; HEADER_LENGTH] {
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        RecordHeader { record_type: RecordType::Stdout, id: self.id, length, padding: 0 }.encode()
    }
}
