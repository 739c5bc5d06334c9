//! The records of a FastCGI response.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::ReadHalf;

use super::connect::Duplex;
use super::error::UpstreamError;
use super::reading::read;
use crate::protocol::fastcgi::{HEADER_LENGTH, RecordHeader, RecordType};

/// The stream of standard output.
pub(super) struct StdoutReader {
    stream: ReadHalf<Box<dyn Duplex>>,
    received: BytesMut,
    timeout: Duration,
}

impl StdoutReader {
    pub(super) fn new(stream: ReadHalf<Box<dyn Duplex>>, timeout: Duration) -> Self {
        Self { stream, received: BytesMut::new(), timeout }
    }

    /// The next record. The connection does not end before the response does.
    async fn record(&mut self) -> Result<(RecordType, Bytes), UpstreamError> {
        loop {
            if let Some(&header) = self.received.first_chunk::<HEADER_LENGTH>() {
                let header = RecordHeader::decode(header)?;
                let length = usize::from(header.length);
                if self.received.len() >= HEADER_LENGTH + length + usize::from(header.padding) {
                    self.received.advance(HEADER_LENGTH);
                    let content = self.received.split_to(length).freeze();
                    self.received.advance(header.padding.into());
                    return Ok((header.record_type, content));
                }
            }
            if read(&mut self.stream, &mut self.received, self.timeout).await? == 0 {
                return Err(UpstreamError::Broken("the connection ended before the response did".to_owned()));
            }
        }
    }

    /// The next bytes; `None` at the end of the response.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, UpstreamError> {
        loop {
            let (record_type, content) = self.record().await?;
            match record_type {
                RecordType::Stdout if !content.is_empty() => return Ok(Some(content)),
                RecordType::Stderr if !content.is_empty() => {
                    // A line break in what a client sent must not begin a line of the log.
                    tracing::warn!("an upstream says: {}", content.trim_ascii_end().escape_ascii());
                }
                RecordType::EndRequest => {
                    // Section 5.5: whether the request was taken at all.
                    return match content.get(4) {
                        Some(0) => Ok(None),
                        _ => Err(UpstreamError::Broken("the request was refused (FastCGI)".to_owned())),
                    };
                }
                _ => {}
            }
        }
    }
}
