//! One worker thread's stream, seen from the front: answers, streamed bodies, bodies that are asked
//! for.
//!
//! A [`Link`] lives as long as its worker. It reads frames and hands their contents on; when a
//! client does not take its answer as fast as it comes, the link stops reading, and the worker's
//! send waits. What a thread that is busy could not say itself comes over its worker's control
//! stream ([`listen`]). A frame about a request that the worker does not have is an error, after
//! which nothing that the worker says counts any more.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::Notify;
use tokio::sync::mpsc::error::TrySendError;

use super::frame::{Frame, FrameReader, PIECE_LIMIT, body_head, client_gone};
use super::pool_state::PoolState;
use super::queue::{Foreign, WorkerId};
use super::response::{self, PieceSender, ResponseBody, Violation};
use super::{CallError, RequestBody};

/// One worker thread's stream.
pub(super) struct Link {
    pub(super) shared: Arc<PoolState>,
    pub(super) worker: WorkerId,
    pub(super) stream: UnixStream,
    /// Asks for the worker to be killed.
    pub(super) kill: Arc<Notify>,
}

impl Link {
    /// Serves until the worker has died and all that it had sent is delivered.
    pub(super) async fn run(mut self) {
        let (reader, writer) = self.stream.split();
        let (shared, worker) = (&*self.shared, self.worker);
        let mut lane = Lane { shared, worker, frames: FrameReader::new(reader), writer, exchange: None };
        if let Err(error) = lane.serve().await
            && !error.is_its_end()
        {
            tracing::error!("protocol error from a worker; killing it: {error}");
            self.kill.notify_one();
            // Only a dead worker begins no more requests.
            while lane.frames.discard().await {}
        }
    }
}

/// Hands on what comes over the control stream of a loaded worker until it dies: answers that are
/// finished and requests that have not begun, of threads that were asked for them.
pub(super) async fn listen(
    shared: Arc<PoolState>,
    worker: WorkerId,
    control: OwnedReadHalf,
    kill: Arc<Notify>,
) {
    let mut frames = FrameReader::new(control);
    let delivered: Result<(), ProtocolError> = async {
        while let Some(frame) = frames.next().await? {
            match Frame::parse(frame).ok_or(ProtocolError::Frame)? {
                Frame::Answers(list) => deliver(&shared, worker, &list)?,
                Frame::NotBegun(id) => shared.queue().not_begun(worker, id)?,
                _ => return Err(ProtocolError::Frame),
            }
            shared.send_waiting();
        }
        Ok(())
    }
    .await;
    if let Err(error) = delivered
        && !error.is_its_end()
    {
        tracing::error!("protocol error from a worker; killing it: {error}");
        kill.notify_one();
        while frames.discard().await {}
    }
}

/// Hands on whole answers.
fn deliver(shared: &PoolState, worker: WorkerId, list: &Bytes) -> Result<(), ProtocolError> {
    let now = Instant::now();
    response::read_answers(list, |answer| {
        let mut queue = shared.queue();
        let id = answer.id;
        let response = answer.response(queue.method(worker, id)?)?;
        if let Some(reply) = queue.finish(worker, id, now)? {
            // The client may be gone.
            let _ = reply.send(Ok(response));
        }
        Ok(())
    })
}

/// Why a worker is killed: it does not keep to the protocol.
#[derive(Debug, thiserror::Error)]
enum ProtocolError {
    #[error(transparent)]
    Response(#[from] Violation),
    #[error(transparent)]
    Foreign(#[from] Foreign),
    #[error("a malformed or unexpected frame")]
    Frame,
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ProtocolError {
    /// Whether it only says that the worker has died: a stream is reset when its other end dies with
    /// bytes unread (unix(7)).
    fn is_its_end(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() != io::ErrorKind::InvalidData)
    }
}

/// The halves of the stream, and the one request of the thread that is more than a whole answer.
struct Lane<'a, R, W> {
    shared: &'a PoolState,
    worker: WorkerId,
    frames: FrameReader<R>,
    writer: W,
    exchange: Option<Exchange>,
}

/// A request whose answer is streamed or whose body is asked for.
struct Exchange {
    id: u64,
    /// What is left of the request's body: `spare` first. An error or the client's end makes it
    /// `None`.
    body: Option<(Bytes, Option<RequestBody>)>,
    /// Where the answer's pieces go.
    answer: Option<PieceSender>,
    /// The worker knows that the client has disconnected.
    gone: bool,
}

impl Exchange {
    fn new(id: u64) -> Self {
        Self { id, body: None, answer: None, gone: false }
    }
}

impl<R, W> Lane<'_, R, W>
where
    R: tokio::io::AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    /// Handles frames until the stream ends.
    async fn serve(&mut self) -> Result<(), ProtocolError> {
        loop {
            let frame = match self.frames.buffered()? {
                Some(frame) => frame,
                None => {
                    // All that came at once is delivered: now the worker may get more to do.
                    self.shared.send_waiting();
                    match self.next().await? {
                        Some(frame) => frame,
                        None => return Ok(()),
                    }
                }
            };
            match Frame::parse(frame).ok_or(ProtocolError::Frame)? {
                Frame::Answers(list) => self.answers(&list)?,
                Frame::Finished(id, list) => {
                    self.answers(&list)?;
                    self.shared.queue().release(self.worker, id)?;
                }
                Frame::Head(id, head) => self.head(id, &head)?,
                Frame::Data(id, piece) => self.piece(id, piece).await?,
                Frame::End(id) => {
                    // The end marker; without a receiver it is not needed.
                    self.piece(id, Bytes::new()).await?;
                    self.finish(id)?;
                }
                Frame::Failed(id) => self.failed(id)?,
                Frame::NotBegun(id) => self.shared.queue().not_begun(self.worker, id)?,
                Frame::Pull(id, limit) => {
                    if !self.pull(id, limit.min(PIECE_LIMIT)).await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// The next frame. Meanwhile it is noticed when the client of a streamed answer disconnects.
    async fn next(&mut self) -> Result<Option<Bytes>, ProtocolError> {
        loop {
            let Some(Exchange { id, answer: Some(answer), gone: false, .. }) = &self.exchange else {
                return Ok(self.frames.next().await?);
            };
            let id = *id;
            tokio::select! {
                frame = self.frames.next() => return Ok(frame?),
                () = answer.closed() => self.tell_gone(id).await,
            }
        }
    }

    fn answers(&mut self, list: &Bytes) -> Result<(), ProtocolError> {
        if let Some(exchange) = self.exchange.take()
            && exchange.answer.is_some()
        {
            return Err(ProtocolError::Frame);
        }
        deliver(self.shared, self.worker, list)
    }

    /// The head of a streamed answer.
    fn head(&mut self, id: u64, head: &Bytes) -> Result<(), ProtocolError> {
        let (shared, worker) = (self.shared, self.worker);
        let exchange = self.exchange(id)?;
        if exchange.answer.is_some() {
            return Err(ProtocolError::Frame);
        }
        let (sender, body) = ResponseBody::channel();
        let response = response::read_head(head)?.map(|()| body);
        let reply = shared.queue().begin_answer(worker, id)?.ok_or(ProtocolError::Frame)?;
        exchange.answer = Some(sender);
        // Without a taker the response is dropped here, which counts as a client that has disconnected.
        let _ = reply.send(Ok(response));
        Ok(())
    }

    /// A piece of a streamed answer; waits for room.
    async fn piece(&mut self, id: u64, piece: Bytes) -> Result<(), ProtocolError> {
        match &self.exchange {
            Some(Exchange { id: current, answer: Some(answer), gone, .. }) if *current == id => {
                if *gone {
                    return Ok(());
                }
                match answer.try_send(piece) {
                    Ok(()) => return Ok(()),
                    Err(TrySendError::Closed(_)) => {}
                    Err(TrySendError::Full(piece)) => {
                        if answer.send(piece).await.is_ok() {
                            return Ok(());
                        }
                    }
                }
            }
            _ => return Err(ProtocolError::Frame),
        }
        self.tell_gone(id).await;
        Ok(())
    }

    /// The application failed, or stopped because its client is gone.
    fn failed(&mut self, id: u64) -> Result<(), ProtocolError> {
        // Dropping the sender without an end breaks a begun answer.
        self.exchange(id)?;
        if let Some(reply) = self.finish(id)? {
            let _ = reply.send(Err(CallError::Failed));
        }
        Ok(())
    }

    /// Sends a piece of the request's body; false if the worker died in the meantime.
    async fn pull(&mut self, id: u64, limit: usize) -> Result<bool, ProtocolError> {
        let (shared, worker) = (self.shared, self.worker);
        let exchange = self.exchange(id)?;
        if exchange.body.is_none() {
            exchange.body = Some(shared.queue().take_body(worker, id)?);
        }
        let body = exchange.body.take();
        tokio::select! {
            biased;
            piece = next_piece(body, limit) => match piece {
                Some((piece, rest)) => {
                    if let Some(exchange) = &mut self.exchange {
                        exchange.body = Some(rest);
                    }
                    let head = body_head(id, piece.len());
                    // An error here is the worker's death, which reading will show.
                    let _ = write_both(&mut self.writer, &head, &piece).await;
                }
                // The worker's read raises; the application may still answer.
                None => {
                    let _ = self.writer.write_all(&client_gone(id)).await;
                }
            },
            more = self.frames.more() => match more? {
                // It has asked and can only wait.
                true => return Err(ProtocolError::Frame),
                false => return Ok(false),
            },
        }
        Ok(true)
    }

    async fn tell_gone(&mut self, id: u64) {
        if let Some(exchange) = &mut self.exchange {
            exchange.gone = true;
        }
        let _ = self.writer.write_all(&client_gone(id)).await;
    }

    /// The thread's exchange, which must be of this request, or begins now.
    fn exchange(&mut self, id: u64) -> Result<&mut Exchange, ProtocolError> {
        // The answer of one that only asked for its body may have come over the control stream.
        let is_over = |exchange: &mut Exchange| exchange.id != id && exchange.answer.is_none();
        self.exchange.take_if(is_over);
        match self.exchange.get_or_insert_with(|| Exchange::new(id)) {
            exchange if exchange.id == id => Ok(exchange),
            _ => Err(ProtocolError::Frame),
        }
    }

    fn finish(&mut self, id: u64) -> Result<Option<super::queue::Reply>, Foreign> {
        self.exchange = None;
        self.shared.queue().finish(self.worker, id, Instant::now())
    }
}

/// At most `limit` bytes of a body, and what is left of it; an empty piece is its end, `None` that
/// it broke off.
async fn next_piece(
    body: Option<(Bytes, Option<RequestBody>)>,
    limit: usize,
) -> Option<(Bytes, (Bytes, Option<RequestBody>))> {
    let (mut spare, mut rest) = body?;
    while spare.is_empty() {
        let Some(stream) = &mut rest else { break };
        match stream.frame().await {
            Some(frame) => spare = frame.ok()?.into_data().unwrap_or_default(),
            None => rest = None,
        }
    }
    let piece = spare.split_to(spare.len().min(limit));
    Some((piece, (spare, rest)))
}

/// Writes head and body, together if the socket takes them.
async fn write_both(writer: &mut (impl AsyncWrite + Unpin), head: &[u8], body: &[u8]) -> io::Result<()> {
    let sent = writer.write_vectored(&[io::IoSlice::new(head), io::IoSlice::new(body)]).await?;
    match body.get(sent.saturating_sub(head.len())..) {
        Some(rest) if sent >= head.len() => writer.write_all(rest).await,
        _ => {
            writer.write_all(head.get(sent..).unwrap_or_default()).await?;
            writer.write_all(body).await
        }
    }
}
