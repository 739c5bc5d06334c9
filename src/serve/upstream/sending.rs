//! A request by uwsgi, SCGI or FastCGI on its way, while its response may be coming already.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::io::{AsyncWriteExt, WriteHalf};
use tokio::task::JoinHandle;

use super::body::SentBody;
use super::connect::Duplex;
use crate::protocol::fastcgi::{self, RecordType};

/// The number of the one request on a FastCGI connection.
pub(super) const ID: u16 = 1;

/// Ends when the response is read, or nobody wants it.
pub(super) struct Sending(JoinHandle<()>);

impl Sending {
    /// Begins to send `head` and then the body.
    pub(super) fn start(
        mut stream: WriteHalf<Box<dyn Duplex>>,
        head: Vec<u8>,
        body: SentBody,
        is_fastcgi: bool,
        timeout: Duration,
    ) -> Self {
        Self(tokio::spawn(async move {
            // What is wrong shows in the response, which may have come before the whole body was sent.
            if let Err(error) = send(&mut stream, head, body, is_fastcgi, timeout).await {
                tracing::debug!("a request was not sent to its end: {error}");
                // The upstream must not wait for the rest.
                let _ = stream.shutdown().await;
            }
        }))
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn send(
    stream: &mut WriteHalf<Box<dyn Duplex>>,
    head: Vec<u8>,
    mut body: SentBody,
    is_fastcgi: bool,
    timeout: Duration,
) -> std::io::Result<()> {
    let mut record = Vec::new();
    write(stream, &head, timeout).await?;
    while let Some(frame) = body.frame().await {
        // A body that breaks off is not ended: what comes is not a request then.
        let Ok(data) = frame?.into_data() else { continue };
        if !is_fastcgi {
            write(stream, &data, timeout).await?;
            continue;
        }
        for piece in data.chunks(fastcgi::LONGEST_ALIGNED) {
            record.clear();
            fastcgi::encode_record(&mut record, RecordType::Stdin, ID, piece);
            write(stream, &record, timeout).await?;
        }
    }
    if is_fastcgi {
        record.clear();
        fastcgi::encode_record(&mut record, RecordType::Stdin, ID, &[]);
        write(stream, &record, timeout).await?;
    }
    stream.flush().await
}

/// Writes all, while some of it is taken now and then.
async fn write(
    stream: &mut WriteHalf<Box<dyn Duplex>>,
    bytes: &[u8],
    timeout: Duration,
) -> std::io::Result<()> {
    let mut rest = Bytes::copy_from_slice(bytes);
    while !rest.is_empty() {
        tokio::time::timeout(timeout, stream.write_buf(&mut rest)).await??;
    }
    Ok(())
}
