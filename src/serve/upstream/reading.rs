//! Reading from an upstream, within the time that it has.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, ReadHalf};

use super::connect::Duplex;
use super::error::UpstreamError;
use crate::serve::address::Scheme;

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// A response that is over when the connection is.
pub(super) struct PlainReader {
    pub(super) stream: ReadHalf<Box<dyn Duplex>>,
    pub(super) timeout: Duration,
    pub(super) protocol: Scheme,
}

impl PlainReader {
    /// The next bytes; `None` at the end.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, UpstreamError> {
        let mut piece = BytesMut::with_capacity(PIECE);
        read(&mut self.stream, &mut piece, self.timeout).await?;
        Ok((!piece.is_empty()).then(|| piece.freeze()))
    }
}

/// Reads what is there, but waits for something; nothing at the end.
pub(super) async fn read<R: AsyncRead + Unpin>(
    stream: &mut R,
    into: &mut BytesMut,
    timeout: Duration,
) -> Result<usize, UpstreamError> {
    match tokio::time::timeout(timeout, stream.read_buf(into)).await {
        Ok(Ok(length)) => Ok(length),
        Ok(Err(error)) => Err(UpstreamError::Broken(crate::sys::fs::plain(&error))),
        Err(_) => Err(UpstreamError::TooSlow(timeout)),
    }
}
