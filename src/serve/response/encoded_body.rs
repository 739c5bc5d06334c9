//! A body that is compressed on its way to the client, as the client takes it.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::encoder::{Coding, Encoder};

/// Bytes that are compressed at a time.
const STEP: usize = 8 * 1024;
/// Bytes that are compressed before other connections of the thread have their turn: less than a millisecond.
const BUDGET: usize = 32 * 1024;
/// Bytes of a piece for the client, from which on no more is put behind it.
const PIECE: usize = 16 * 1024;

/// A body over another one, compressed. Pieces of the other one are asked for when the client has room for more, and
/// what it has given so far is flushed where it has nothing more to give yet.
pub(in crate::serve) struct EncodedBody<B> {
    source: B,
    /// Gone behind the end.
    held: Option<HeldEncoder>,
    /// What is to be compressed next.
    input: Bytes,
    /// The encoder has kept some.
    is_unflushed: bool,
    source_has_ended: bool,
    /// What the source failed with; the client gets what was before it first.
    broken: Option<io::Error>,
    budget: usize,
    /// Bytes that the source gave.
    read: u64,
}

/// One of those that there may be at a time.
struct HeldEncoder {
    encoder: Encoder,
    _permit: SemaphorePermit<'static>,
}

impl<B: Body<Data = Bytes, Error = io::Error> + Unpin> EncodedBody<B> {
    /// `Err` with the body as it is, where as many are compressed already as `encoders` permits.
    pub(super) fn new(coding: Coding, source: B, encoders: &'static Semaphore) -> Result<Self, B> {
        let Ok(permit) = encoders.try_acquire() else { return Err(source) };
        let Ok(encoder) = Encoder::new(coding, None) else { return Err(source) };
        Ok(Self {
            source,
            held: Some(HeldEncoder { encoder, _permit: permit }),
            input: Bytes::new(),
            is_unflushed: false,
            source_has_ended: false,
            broken: None,
            budget: BUDGET,
            read: 0,
        })
    }

    /// Bytes before they were compressed.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// Compresses what can be had without waiting, up to about [`PIECE`] bytes.
    fn poll_output(&mut self, cx: &mut Context<'_>, output: &mut Vec<u8>) -> Poll<io::Result<()>> {
        while output.len() < PIECE {
            let Some(HeldEncoder { encoder, .. }) = &mut self.held else { return Poll::Ready(Ok(())) };
            if !self.input.is_empty() {
                if self.budget == 0 {
                    if !output.is_empty() {
                        return Poll::Ready(Ok(()));
                    }
                    self.budget = BUDGET;
                    // It wakes the task when others had their turn.
                    let _ = pin!(tokio::task::yield_now()).poll(cx);
                    return Poll::Pending;
                }
                let piece = self.input.split_to(self.input.len().min(STEP));
                self.budget = self.budget.saturating_sub(piece.len());
                self.is_unflushed = true;
                encoder.write(&piece, output)?;
                continue;
            }
            if let Some(error) = self.broken.take() {
                self.held = None;
                return Poll::Ready(Err(error));
            }
            if self.source_has_ended {
                return Poll::Ready(self.held.take().map_or(Ok(()), |held| held.encoder.finish(output)));
            }
            match Pin::new(&mut self.source).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers would be those of the body as it was.
                    if let Ok(data) = frame.into_data() {
                        self.read += data.len() as u64;
                        self.input = data;
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    encoder.flush(output)?;
                    self.broken = Some(error);
                    if !output.is_empty() {
                        return Poll::Ready(Ok(()));
                    }
                }
                Poll::Ready(None) => self.source_has_ended = true,
                Poll::Pending => {
                    self.budget = BUDGET;
                    if std::mem::take(&mut self.is_unflushed) {
                        encoder.flush(output)?;
                    }
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<B: Body<Data = Bytes, Error = io::Error> + Unpin> Body for EncodedBody<B> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let mut output = Vec::new();
        match self.poll_output(cx, &mut output) {
            Poll::Ready(Err(error)) => {
                self.held = None;
                Poll::Ready(Some(Err(error)))
            }
            Poll::Pending if output.is_empty() => Poll::Pending,
            Poll::Ready(Ok(())) if output.is_empty() => Poll::Ready(None),
            // The waker of a source that is waited for is kept there.
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Some(Ok(Frame::data(output.into())))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_none() && self.broken.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_end_stream() { SizeHint::with_exact(0) } else { SizeHint::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::{FutureExt, StreamExt};
    use http_body_util::{BodyExt, StreamBody};
    use tokio::sync::mpsc;

    use super::super::encoder::tests::{ALL, readable};
    use super::*;

    type Pieces = mpsc::UnboundedReceiver<io::Result<Bytes>>;

    fn channel()
    -> (mpsc::UnboundedSender<io::Result<Bytes>>, impl Body<Data = Bytes, Error = io::Error> + Unpin) {
        let (sender, pieces): (_, Pieces) = mpsc::unbounded_channel();
        let frames = futures_util::stream::unfold(pieces, |mut pieces| async {
            pieces.recv().await.map(|piece| (piece.map(Frame::data), pieces))
        });
        (sender, StreamBody::new(Box::pin(frames)))
    }

    fn encoded<B: Body<Data = Bytes, Error = io::Error> + Unpin>(
        coding: Coding,
        source: B,
    ) -> EncodedBody<B> {
        let encoders = Box::leak(Box::new(Semaphore::new(1)));
        EncodedBody::new(coding, source, encoders).unwrap_or_else(|_| panic!("there is an encoder"))
    }

    #[tokio::test]
    async fn each_piece_can_be_read_at_once() {
        for coding in ALL {
            let (sender, source) = channel();
            let mut body = encoded(coding, source);
            let mut taken = Vec::new();
            let mut text = Vec::new();
            assert!(body.frame().now_or_never().is_none(), "nothing has come");
            for number in 0..20 {
                let piece = format!("data: {number}\n\n");
                text.extend_from_slice(piece.as_bytes());
                sender.send(Ok(piece.into())).unwrap();
                taken.extend(body.frame().await.unwrap().unwrap().into_data().unwrap());
                assert_eq!(readable(coding, &taken), text, "{coding:?}");
                assert!(body.frame().now_or_never().is_none(), "it is flushed once");
            }
            drop(sender);
            taken.extend(body.collect().await.unwrap().to_bytes());
            assert_eq!(readable(coding, &taken), text);
        }
    }

    #[tokio::test]
    async fn what_came_before_an_error_is_the_clients() {
        for coding in ALL {
            let (sender, source) = channel();
            let mut body = encoded(coding, source);
            sender.send(Ok("begun".into())).unwrap();
            sender.send(Err(io::Error::other("broken"))).unwrap();
            let piece = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(readable(coding, &piece), b"begun");
            assert!(!body.is_end_stream());
            assert_eq!(body.frame().await.unwrap().unwrap_err().to_string(), "broken");
            assert!(body.frame().await.is_none() && body.is_end_stream());
        }
    }

    #[tokio::test]
    async fn others_have_their_turn_and_little_is_held() {
        let text = Bytes::from(vec![b'x'; 1 << 20]);
        for coding in ALL {
            let asked = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&asked);
            let frames =
                futures_util::stream::iter([text.clone(), text.clone(), text.clone()]).map(move |piece| {
                    counted.fetch_add(1, Ordering::Relaxed);
                    Ok(Frame::data(piece))
                });
            let mut body = encoded(coding, StreamBody::new(frames));
            assert_eq!(asked.load(Ordering::Relaxed), 0, "nothing is taken that the client has no room for");
            let mut turns = 0;
            let mut taken = Vec::new();
            loop {
                match body.frame().now_or_never() {
                    Some(Some(frame)) => taken.extend(frame.unwrap().into_data().unwrap()),
                    Some(None) => break,
                    None => turns += 1,
                }
            }
            assert!(turns >= 3 * text.len() / BUDGET - 1, "{turns}");
            assert_eq!((readable(coding, &taken).len(), body.read()), (3 << 20, 3 << 20));
        }
    }
}
