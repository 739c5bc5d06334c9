//! One worker thread's stream, seen from the front: answers, streamed bodies, bodies that are asked
//! for.
//!
//! A [`Link`] lives as long as its worker. It reads frames and hands their contents on, and never
//! waits for a client to do so: a thread sends no more of an answer than it has credit for, and gets
//! more when the client has taken some. What a thread that is busy could not say itself comes over its worker's control
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

use super::body::{Change, Overdrawn, PieceSender, ResponseBody};
use super::frame::{Frame, FrameReader, PIECE_LIMIT, body_head, client_gone, credit};
use super::generation::Generation;
use super::in_flight::{Foreign, WorkerId};
use super::live::Pulse;
use super::response::{self, Violation};
use super::{CallError, RequestBody};

/// One worker thread's stream.
pub(super) struct Link {
    pub(super) generation: Arc<Generation>,
    pub(super) worker: WorkerId,
    pub(super) stream: UnixStream,
    /// Asks for the worker to be killed.
    pub(super) kill: Arc<Notify>,
    pub(super) pulse: Arc<Pulse>,
}

impl Link {
    /// Serves until the worker has died and all that it had sent is delivered.
    pub(super) async fn run(mut self) {
        let (reader, writer) = self.stream.split();
        let (shared, worker) = (&*self.generation, self.worker);
        let frames = FrameReader::new(reader);
        let mut lane = Lane { shared, worker, pulse: &self.pulse, frames, writer, exchange: None };
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
    shared: Arc<Generation>,
    worker: WorkerId,
    control: OwnedReadHalf,
    kill: Arc<Notify>,
    pulse: Arc<Pulse>,
) {
    let mut frames = FrameReader::new(control);
    let delivered: Result<(), ProtocolError> = async {
        while let Some(frame) = frames.next().await? {
            match Frame::parse(frame).ok_or(ProtocolError::Frame)? {
                Frame::Answers(list) => deliver(&shared, worker, &list, &pulse)?,
                Frame::NotBegun(id) => shared.queue().not_begun(worker, id)?,
                Frame::Reload(why) => shared.ask_for_reload(&why),
                // An answer whose head is too large.
                Frame::Failed(id) => {
                    let reply = shared.queue().finish(worker, id, Instant::now())?;
                    pulse.finished(1);
                    pulse.failed();
                    if let Some(reply) = reply {
                        let _ = reply.send(Err(CallError::Failed));
                    }
                }
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
fn deliver(shared: &Generation, worker: WorkerId, list: &Bytes, pulse: &Pulse) -> Result<(), ProtocolError> {
    let now = Instant::now();
    let mut count = 0;
    pulse.sent(list.len());
    let delivered = response::read_answers(list, |answer| {
        let mut queue = shared.queue();
        let id = answer.id;
        let response = answer.response(queue.method(worker, id)?, worker.pid)?;
        if let Some(reply) = queue.finish(worker, id, now)? {
            // The client may be gone.
            let _ = reply.send(Ok(response));
        }
        count += 1;
        Ok(())
    });
    pulse.finished(count);
    delivered
}

/// Why a worker is killed: it does not keep to the protocol.
#[derive(Debug, thiserror::Error)]
enum ProtocolError {
    #[error(transparent)]
    Response(#[from] Violation),
    #[error(transparent)]
    Foreign(#[from] Foreign),
    #[error(transparent)]
    Overdrawn(#[from] Overdrawn),
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
    shared: &'a Generation,
    worker: WorkerId,
    pulse: &'a Pulse,
    frames: FrameReader<R>,
    writer: W,
    exchange: Option<Exchange>,
}

/// A request whose answer is streamed or whose body is asked for.
struct Exchange {
    id: u64,
    /// The request's body, once it was asked for.
    body: Option<BodyReader>,
    /// The worker waits for so many bytes of it.
    wanted: Option<usize>,
    /// Where the answer's pieces go.
    answer: Option<PieceSender>,
    /// The worker knows that the client has disconnected.
    gone: bool,
}

impl Exchange {
    fn new(id: u64) -> Self {
        Self { id, body: None, wanted: None, answer: None, gone: false }
    }

    /// Whether the thread may wait for the client.
    fn waits_for_client(&self) -> bool {
        self.wanted.is_some() || !self.gone && self.answer.as_ref().is_some_and(PieceSender::is_short)
    }
}

/// What happens next on a lane.
enum Event {
    Frame(Bytes),
    /// The worker has died.
    End,
    /// The reader of the streamed answer has done something.
    Reader(Change),
    /// A piece of the request's body is here, an empty one at its end; `None` if it broke off.
    Piece(Option<Bytes>),
}

impl<R, W> Lane<'_, R, W>
where
    R: tokio::io::AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    /// Handles frames until the stream ends.
    async fn serve(&mut self) -> Result<(), ProtocolError> {
        loop {
            if let Some(frame) = self.frames.buffered()? {
                self.handle(frame)?;
                continue;
            }
            // All that came at once is delivered: now the worker may get more to do.
            self.shared.send_waiting();
            self.pulse.set_waits(self.exchange.as_ref().is_some_and(Exchange::waits_for_client));
            match self.next().await? {
                Event::Frame(frame) => self.handle(frame)?,
                Event::End => return Ok(()),
                Event::Reader(change) => self.reader_changed(change).await,
                Event::Piece(piece) => self.send_piece(piece).await,
            }
        }
    }

    /// Waits for whatever comes first.
    async fn next(&mut self) -> Result<Event, ProtocolError> {
        let Some(Exchange { body, wanted, answer, gone, .. }) = &mut self.exchange else {
            return Ok(self.frames.next().await?.map_or(Event::End, Event::Frame));
        };
        let change = async {
            match answer {
                Some(answer) if !*gone => answer.changed().await,
                _ => std::future::pending().await,
            }
        };
        let piece = async {
            match (wanted, body) {
                (Some(limit), Some(body)) => body.piece(*limit).await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            change = change => Ok(Event::Reader(change)),
            piece = piece => Ok(Event::Piece(piece)),
            frame = self.frames.next() => Ok(frame?.map_or(Event::End, Event::Frame)),
        }
    }

    fn handle(&mut self, frame: Bytes) -> Result<(), ProtocolError> {
        // A thread that waits for a body can only wait.
        if self.exchange.as_ref().is_some_and(|exchange| exchange.wanted.is_some()) {
            return Err(ProtocolError::Frame);
        }
        match Frame::parse(frame).ok_or(ProtocolError::Frame)? {
            Frame::Answers(list) => self.answers(&list),
            Frame::Finished(id, list) => {
                self.answers(&list)?;
                Ok(self.shared.queue().release(self.worker, id)?)
            }
            Frame::Head(id, head) => self.head(id, &head),
            Frame::Data(id, piece) => {
                self.pulse.beat();
                self.pulse.sent(piece.len());
                Ok(self.answer(id)?.send(piece)?)
            }
            Frame::End(id) => {
                self.answer(id)?;
                if let Some(answer) = self.exchange.take().and_then(|exchange| exchange.answer) {
                    answer.end();
                }
                self.shared.queue().finish(self.worker, id, Instant::now())?;
                self.pulse.finished(1);
                Ok(())
            }
            Frame::Failed(id) => self.failed(id),
            Frame::NotBegun(id) => Ok(self.shared.queue().not_begun(self.worker, id)?),
            Frame::Pull(id, limit) => self.pull(id, limit.min(PIECE_LIMIT)),
            Frame::Reload(_) => Err(ProtocolError::Frame),
        }
    }

    fn answers(&mut self, list: &Bytes) -> Result<(), ProtocolError> {
        if self.exchange.take().is_some_and(|exchange| exchange.answer.is_some()) {
            return Err(ProtocolError::Frame);
        }
        deliver(self.shared, self.worker, list, self.pulse)
    }

    /// The head of a streamed answer.
    fn head(&mut self, id: u64, head: &Bytes) -> Result<(), ProtocolError> {
        let (shared, worker) = (self.shared, self.worker);
        let exchange = self.exchange(id)?;
        if exchange.answer.is_some() {
            return Err(ProtocolError::Frame);
        }
        let (sender, body) = ResponseBody::channel(worker.pid);
        let response = response::read_head(head)?.map(|()| body);
        let reply = shared.queue().begin_answer(worker, id)?.ok_or(ProtocolError::Frame)?;
        exchange.answer = Some(sender);
        self.pulse.beat();
        self.pulse.sent(head.len());
        // Without a taker the response is dropped here, which counts as a client that has disconnected.
        let _ = reply.send(Ok(response));
        Ok(())
    }

    /// Where the pieces of this request's streamed answer go.
    fn answer(&mut self, id: u64) -> Result<&mut PieceSender, ProtocolError> {
        match &mut self.exchange {
            Some(Exchange { id: current, answer: Some(answer), .. }) if *current == id => Ok(answer),
            _ => Err(ProtocolError::Frame),
        }
    }

    /// The application failed, or stopped because its client is gone.
    fn failed(&mut self, id: u64) -> Result<(), ProtocolError> {
        let is_alone = self.exchange(id)?.gone;
        // Dropping the sender without an end breaks a begun answer.
        self.exchange = None;
        self.pulse.finished(1);
        if !is_alone {
            self.pulse.failed();
        }
        let reply = self.shared.queue().finish(self.worker, id, Instant::now())?;
        if let Some(reply) = reply {
            let _ = reply.send(Err(CallError::Failed));
            self.shared.application_failed(self.worker);
        }
        Ok(())
    }

    /// The worker wants a piece of the request's body.
    fn pull(&mut self, id: u64, limit: usize) -> Result<(), ProtocolError> {
        let (shared, worker) = (self.shared, self.worker);
        let exchange = self.exchange(id)?;
        if exchange.body.is_none() {
            let (spare, rest) = shared.queue().take_body(worker, id)?;
            exchange.body = Some(BodyReader { spare, rest, is_broken: false });
        }
        exchange.wanted = Some(limit);
        Ok(())
    }

    /// Sends what [`pull`](Self::pull) asked for. An error is the worker's death, which reading will
    /// show.
    async fn send_piece(&mut self, piece: Option<Bytes>) {
        let Some(exchange) = &mut self.exchange else { return };
        exchange.wanted = None;
        let id = exchange.id;
        let _ = match piece {
            Some(piece) => write_both(&mut self.writer, &body_head(id, piece.len()), &piece).await,
            // The worker's read raises; the application may still answer.
            None => self.writer.write_all(&client_gone(id)).await,
        };
    }

    /// Tells the worker what the reader of its answer has done.
    async fn reader_changed(&mut self, change: Change) {
        let Some(exchange) = &mut self.exchange else { return };
        let id = exchange.id;
        let _ = match change {
            Change::Taken(cost) => self.writer.write_all(&credit(id, cost)).await,
            Change::Gone => {
                exchange.gone = true;
                self.writer.write_all(&client_gone(id)).await
            }
        };
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
}

/// A request's body as far as the application has not read it.
struct BodyReader {
    /// Comes before `rest`.
    spare: Bytes,
    rest: Option<RequestBody>,
    is_broken: bool,
}

impl BodyReader {
    /// At most `limit` bytes; none at its end, `None` if it broke off. Dropping the future loses
    /// nothing.
    async fn piece(&mut self, limit: usize) -> Option<Bytes> {
        while self.spare.is_empty()
            && let Some(rest) = &mut self.rest
        {
            match rest.frame().await {
                Some(Ok(frame)) => self.spare = frame.into_data().unwrap_or_default(),
                Some(Err(_)) => self.is_broken = true,
                None => self.rest = None,
            }
            if self.is_broken {
                self.rest = None;
            }
        }
        if self.is_broken && self.spare.is_empty() {
            return None;
        }
        Some(self.spare.split_to(self.spare.len().min(limit)))
    }
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
