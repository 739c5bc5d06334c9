//! A uwsgi connection: one packet, one request, and the response back as plain HTTP that ends with
//! the connection.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::ext::ReasonPhrase;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf, ReadHalf, WriteHalf};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::protocol::uwsgi::{self, Header, PacketKind};
use crate::serve::connection::Connection;
use crate::serve::connection::client_stream::ClientStream;
use crate::serve::pipeline;
use crate::serve::request::variables::from_variables;
use crate::serve::request::{Client, Request};
use crate::serve::response::body::TrackedBody;
use crate::serve::shutdown::{Phase, Shutdown};
use crate::serve::site::snapshot::{Service, Snapshot};

/// Unread bytes of a body that are received and discarded before closing. Closing earlier makes the
/// system reset the connection, and the front server loses the answer (nginx shows 502).
const DRAIN_BYTES: u64 = 16 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(10);

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Answers the one request of a uwsgi connection.
pub(in crate::serve) async fn serve(
    mut stream: ClientStream,
    connection: Connection,
    service: Arc<Service>,
    mut shutdown: Shutdown,
) -> Result {
    let header_timeout = service.current().limits.header_timeout;
    let mut draining = shutdown.clone();
    let packet = tokio::select! {
        biased;
        packet = timeout(header_timeout, read_packet(&mut stream)) => packet??,
        () = draining.reached(Phase::Draining) => None,
    };
    let Some((kind, block)) = packet else { return Ok(()) };
    let under_script_name = match kind {
        PacketKind::Request => false,
        PacketKind::RequestUnderScriptName => true,
        PacketKind::Ping => return Ok(stream.write_all(&uwsgi::PONG).await?),
        PacketKind::Other => return Err("the uwsgi packet is not a request".into()),
    };
    let exchange = async {
        let decoded = uwsgi::decode_variables(&block)?;
        let snapshot = service.current();
        let under_script_name = under_script_name || snapshot.script_name.manage;
        match from_variables(&decoded, under_script_name, Client::peer(&connection)) {
            Ok((request, length)) => answer(stream, Arc::new(connection), snapshot, request, length).await,
            Err(reason) => {
                let text = format!("400 Bad Request: {reason}\n");
                let head =
                    format!("HTTP/1.1 400 Bad Request\r\nContent-Length: {}\r\n\r\n{text}", text.len());
                stream.write_all(head.as_bytes()).await?;
                service.current().log.refusal(&connection, 400);
                let (reader, writer) = tokio::io::split(stream);
                end(reader, writer, DRAIN_BYTES).await
            }
        }
    };
    tokio::select! {
        biased;
        result = exchange => result,
        () = shutdown.reached(Phase::Now) => Ok(()),
    }
}

/// `None` when the peer closed without a byte.
async fn read_packet(stream: &mut ClientStream) -> io::Result<Option<(PacketKind, Vec<u8>)>> {
    let mut header = [0; uwsgi::HEADER_LENGTH];
    if stream.first_byte().await?.is_none() {
        return Ok(None);
    }
    stream.read_exact(&mut header).await?;
    let header = Header::decode(header);
    let mut block = vec![0; header.size.into()];
    if matches!(header.kind(), PacketKind::Request | PacketKind::RequestUnderScriptName) {
        stream.read_exact(&mut block).await?;
    }
    Ok(Some((header.kind(), block)))
}

/// Sends a request through the pipeline and its answer back.
async fn answer(
    stream: ClientStream,
    connection: Arc<Connection>,
    snapshot: Arc<Snapshot>,
    request: Request,
    left: u64,
) -> Result {
    let (reader, mut writer) = tokio::io::split(stream);
    let (give_back, given_back) = oneshot::channel();
    let method = request.method.clone();
    let body = GatewayBody { reader: Some(reader), left, give_back: Some(give_back) };
    let write_timeout = snapshot.limits.write_timeout;
    let Ok(response) = pipeline::respond(snapshot, &connection, request, body).await;
    if let Err(error) = write_response(&mut writer, &method, response, write_timeout).await {
        // Front servers take a plain end for the end of the answer; only a reset breaks the
        // client's message too.
        connection.activity.break_off();
        return Err(error);
    }
    match given_back.await {
        Ok((reader, left)) => end(reader, writer, left.min(DRAIN_BYTES)).await,
        // The application still reads although its response has ended: the rest of the body is
        // dropped.
        Err(_) => Ok(writer.shutdown().await?),
    }
}

async fn write_response(
    writer: &mut WriteHalf<ClientStream>,
    method: &Method,
    response: Response<TrackedBody>,
    write_timeout: Duration,
) -> Result {
    let (head, body) = response.into_parts();
    let mut bytes = Vec::with_capacity(512);
    bytes.extend_from_slice(b"HTTP/1.1 ");
    bytes.extend_from_slice(head.status.as_str().as_bytes());
    bytes.push(b' ');
    let usual = head.status.canonical_reason().unwrap_or("Unknown").as_bytes();
    bytes.extend_from_slice(head.extensions.get::<ReasonPhrase>().map_or(usual, ReasonPhrase::as_bytes));
    bytes.extend_from_slice(b"\r\n");
    // The connection's end is the answer's end: no chunks, which front servers do not decode here.
    for (name, value) in &head.headers {
        if *name != header::TRANSFER_ENCODING && *name != header::CONNECTION {
            write_field(&mut bytes, name.as_str(), value.as_bytes());
        }
    }
    let has_no_body = *method == Method::HEAD
        || head.status == StatusCode::NO_CONTENT
        || head.status == StatusCode::NOT_MODIFIED;
    if let Some(length) = body.size_hint().exact()
        && !has_no_body
        && !head.headers.contains_key(header::CONTENT_LENGTH)
    {
        write_field(&mut bytes, "content-length", length.to_string().as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    let mut body = pin!(body);
    // The head goes out with the first bytes of the body, if they are there at once.
    let mut is_first = true;
    loop {
        let frame = if is_first && !body.is_end_stream() {
            is_first = false;
            match futures_now(body.as_mut()).await {
                Some(frame) => frame,
                None => {
                    timeout(write_timeout, writer.write_all(&bytes)).await??;
                    bytes.clear();
                    body.frame().await
                }
            }
        } else {
            body.frame().await
        };
        let Some(frame) = frame else { break };
        let Ok(data) = frame?.into_data() else { continue };
        if bytes.is_empty() {
            timeout(write_timeout, writer.write_all(&data)).await??;
        } else {
            bytes.extend_from_slice(&data);
            timeout(write_timeout, writer.write_all(&bytes)).await??;
            bytes.clear();
        }
    }
    timeout(write_timeout, writer.write_all(&bytes)).await??;
    Ok(timeout(write_timeout, writer.flush()).await??)
}

/// The next frame, if it is there already.
async fn futures_now(mut body: Pin<&mut TrackedBody>) -> Option<Option<io::Result<Frame<Bytes>>>> {
    std::future::poll_fn(|cx| {
        Poll::Ready(match body.as_mut().poll_frame(cx) {
            Poll::Ready(frame) => Some(frame),
            Poll::Pending => None,
        })
    })
    .await
}

fn write_field(bytes: &mut Vec<u8>, name: &str, value: &[u8]) {
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(b": ");
    bytes.extend_from_slice(value);
    bytes.extend_from_slice(b"\r\n");
}

/// Ends an answer that is whole: says so, and takes what the peer still sends.
async fn end(mut reader: ReadHalf<ClientStream>, mut writer: WriteHalf<ClientStream>, left: u64) -> Result {
    writer.shutdown().await?;
    let drain = async {
        let mut space = vec![0; 64 * 1024];
        let mut left = left;
        while left > 0 {
            match reader.read(&mut space).await {
                Ok(received @ 1..) => left = left.saturating_sub(received as u64),
                Ok(0) | Err(_) => break,
            }
        }
    };
    let _ = timeout(DRAIN_TIME, drain).await;
    Ok(())
}

/// A body of known length, straight from the socket. Dropped, it gives the socket back.
struct GatewayBody {
    reader: Option<ReadHalf<ClientStream>>,
    left: u64,
    give_back: Option<oneshot::Sender<(ReadHalf<ClientStream>, u64)>>,
}

impl Body for GatewayBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let (Some(reader), 1..) = (&mut this.reader, this.left) else {
            return Poll::Ready(None);
        };
        let mut space = [0; 16 * 1024];
        let length = usize::try_from(this.left).unwrap_or(usize::MAX).min(space.len());
        let mut buffer = ReadBuf::new(space.get_mut(..length).unwrap_or_default());
        ready!(Pin::new(reader).poll_read(cx, &mut buffer))?;
        if buffer.filled().is_empty() {
            // Never silently short: the application must not take half a body for a whole one.
            this.left = 0;
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        this.left = this.left.saturating_sub(buffer.filled().len() as u64);
        Poll::Ready(Some(Ok(Frame::data(Bytes::copy_from_slice(buffer.filled())))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl Drop for GatewayBody {
    fn drop(&mut self) {
        if let (Some(reader), Some(give_back)) = (self.reader.take(), self.give_back.take()) {
            // After an abort of the connection there is no receiver.
            let _ = give_back.send((reader, self.left));
        }
    }
}
