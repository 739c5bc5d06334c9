//! One request and its response.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, WriteHalf};
use tokio::sync::oneshot;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::body::{GatewayBody, Incoming, Replies};
use super::codec::{GatewayCodec, ResponseEncoder};
use super::{DRAIN_BYTES, Halves, Result, end};
use crate::serve::connection::Connection;
use crate::serve::pipeline;
use crate::serve::request::Request;
use crate::serve::response::body::TrackedBody;
use crate::serve::site::snapshot::Snapshot;

/// Bytes of framed pieces that are collected before they are written.
const COLLECTED: usize = 64 * 1024;

/// Between the last bytes of an answer that breaks off and the end of the connection. Apache and lighttpd take an
/// answer for complete that breaks off in the same instant, and do not when it is 5 ms later (measured).
pub(in crate::serve::front) const BREAK_OFF_PAUSE: Duration = Duration::from_millis(20);

/// Why a response could not be sent.
#[derive(Debug, thiserror::Error)]
enum SendError {
    /// The front server must learn of it.
    #[error("the response broke off: {0}")]
    Response(#[source] io::Error),
    #[error(transparent)]
    Socket(#[from] io::Error),
    #[error("the front server does not take the response")]
    Timeout(#[from] Elapsed),
}

/// How a request ended.
enum Outcome {
    Sent(std::result::Result<(), SendError>),
    /// The front server wants no response any more: it says so, or is gone.
    Abandoned(io::Result<()>),
}

/// Sends a request through the pipeline and its response back; the connection, if another may follow on it.
pub(super) async fn exchange<C, S>(
    halves: Halves<C, S>,
    connection: &Arc<Connection>,
    snapshot: Arc<Snapshot>,
    request: Request,
    length: Option<u64>,
) -> Result<Option<Halves<C, S>>>
where
    C: GatewayCodec + Unpin,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Halves { incoming, mut writer } = halves;
    let encoder = incoming.codec.encoder();
    let replies = C::REPLIES.then(|| Arc::new(Replies::default()));
    let (body, given_back) = GatewayBody::new(incoming, length, replies.clone());
    let method = request.method.clone();
    let write_timeout = snapshot.limits.write_timeout;
    let response = pipeline::respond(snapshot, connection, request, body);
    let mut given_back = GivenBack { receiver: Some(given_back), incoming: None };
    let mut out = ResponseWriter {
        writer: &mut writer,
        replies: replies.as_deref(),
        timeout: write_timeout,
        is_writing: false,
    };
    let send = async {
        let Ok(response) = out.wait(response).await?;
        out.response(&encoder, &method, response).await
    };
    let outcome = tokio::select! {
        biased;
        sent = send => Outcome::Sent(sent),
        abandoned = given_back.abandoned(connection, replies.as_deref()), if C::ABORTS => {
            Outcome::Abandoned(abandoned)
        }
    };
    let is_writing = out.is_writing;
    match outcome {
        Outcome::Sent(Ok(())) => {}
        Outcome::Sent(Err(error)) => {
            // Front servers take a plain end for the end of the answer; only a reset breaks the
            // client's message too.
            connection.activity.break_off();
            if matches!(error, SendError::Response(_)) {
                tokio::time::sleep(BREAK_OFF_PAUSE).await;
            }
            return Err(error.into());
        }
        // Half a piece is sent, and nothing can follow it.
        Outcome::Abandoned(Ok(())) if is_writing => return Ok(None),
        Outcome::Abandoned(Ok(())) => {
            let mut bytes = Vec::new();
            encoder.aborted(&mut bytes);
            writer.write_all(&bytes).await?;
        }
        Outcome::Abandoned(Err(error)) => return Err(error.into()),
    }
    let Some(incoming) = given_back.incoming().await else {
        // The application still reads although its response has ended: the rest of the body is
        // dropped.
        writer.shutdown().await?;
        return Ok(None);
    };
    if encoder.keeps_connection() && !incoming.is_broken() {
        return Ok(Some(Halves { incoming, writer }));
    }
    let left = incoming.codec.unread(incoming.received.len()).min(DRAIN_BYTES);
    end(incoming.reader, writer, left).await.map(|()| None)
}

/// The reading half of a connection, which the body gives back when it is dropped.
struct GivenBack<C, S> {
    receiver: Option<oneshot::Receiver<Incoming<C, S>>>,
    incoming: Option<Incoming<C, S>>,
}

impl<C: GatewayCodec + Unpin, S: AsyncRead + Unpin> GivenBack<C, S> {
    /// `None` if it is not.
    async fn incoming(mut self) -> Option<Incoming<C, S>> {
        self.receive().await;
        self.incoming
    }

    async fn receive(&mut self) {
        if let Some(receiver) = &mut self.receiver {
            self.incoming = receiver.await.ok();
            self.receiver = None;
        }
    }

    /// Waits, once the body has ended, until the front server wants no response any more.
    async fn abandoned(&mut self, connection: &Connection, replies: Option<&Replies>) -> io::Result<()> {
        self.receive().await;
        connection.activity.receives(true);
        match &mut self.incoming {
            Some(incoming) if !incoming.is_broken() => incoming.abandoned(replies).await,
            // There is a response nevertheless, which says what is wrong.
            _ => std::future::pending().await,
        }
    }
}

/// Writes a response, and replies in between.
struct ResponseWriter<'a, S> {
    writer: &'a mut WriteHalf<S>,
    replies: Option<&'a Replies>,
    timeout: Duration,
    /// Whether a part may have been written of what must be written whole.
    is_writing: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> ResponseWriter<'_, S> {
    /// Waits for something that does not write.
    async fn wait<F: Future>(&mut self, future: F) -> std::result::Result<F::Output, SendError> {
        let Some(replies) = self.replies else { return Ok(future.await) };
        let mut future = pin!(future);
        loop {
            tokio::select! {
                biased;
                output = &mut future => return Ok(output),
                () = replies.arrive() => self.write(&replies.take()).await?,
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), SendError> {
        self.is_writing = true;
        timeout(self.timeout, self.writer.write_all(bytes)).await??;
        self.is_writing = false;
        Ok(())
    }

    async fn response<E: ResponseEncoder>(
        &mut self,
        encoder: &E,
        method: &Method,
        response: Response<TrackedBody>,
    ) -> std::result::Result<(), SendError> {
        let (head, body) = response.into_parts();
        let mut bytes = Vec::with_capacity(512);
        let has_no_body = *method == Method::HEAD
            || head.status == StatusCode::NO_CONTENT
            || head.status == StatusCode::NOT_MODIFIED;
        let length = body.size_hint().exact().filter(|_| !has_no_body);
        encoder.head(&head, length, &mut bytes);
        let mut body = pin!(body);
        // The head goes out with the first bytes of the body, if they are there at once.
        let mut is_first = true;
        loop {
            let frame = if is_first && !body.is_end_stream() {
                is_first = false;
                match frame_now(body.as_mut()).await {
                    Some(frame) => frame,
                    None => {
                        self.write(&bytes).await?;
                        bytes.clear();
                        self.wait(body.frame()).await?
                    }
                }
            } else {
                self.wait(body.frame()).await?
            };
            let Some(frame) = frame else { break };
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    // What was before it is the client's.
                    self.write(&bytes).await?;
                    return Err(SendError::Response(error));
                }
            };
            let Ok(data) = frame.into_data() else { continue };
            self.pieces(encoder, &data, &mut bytes).await?;
        }
        encoder.end(&mut bytes);
        if let Some(replies) = self.replies {
            bytes.append(&mut replies.take());
        }
        self.write(&bytes).await?;
        Ok(timeout(self.timeout, self.writer.flush()).await??)
    }

    /// Writes `bytes` and behind it a part of the body.
    async fn pieces<E: ResponseEncoder>(
        &mut self,
        encoder: &E,
        data: &[u8],
        bytes: &mut Vec<u8>,
    ) -> std::result::Result<(), SendError> {
        for piece in data.chunks(E::LONGEST_PIECE) {
            encoder.before_piece(piece.len(), bytes);
            if bytes.is_empty() {
                self.write(piece).await?;
                continue;
            }
            bytes.extend_from_slice(piece);
            encoder.after_piece(bytes);
            if bytes.len() >= COLLECTED {
                self.write(bytes).await?;
                bytes.clear();
            }
        }
        if !bytes.is_empty() {
            self.write(bytes).await?;
            bytes.clear();
        }
        Ok(())
    }
}

/// The next frame, if it is there already.
async fn frame_now(mut body: Pin<&mut TrackedBody>) -> Option<Option<io::Result<Frame<Bytes>>>> {
    std::future::poll_fn(|cx| {
        Poll::Ready(match body.as_mut().poll_frame(cx) {
            Poll::Ready(frame) => Some(frame),
            Poll::Pending => None,
        })
    })
    .await
}
