//! Drives a connection of a front server that speaks a gateway protocol: socket, timeouts, bodies, one request
//! after the other. A [`codec`] says how its protocol writes them.

mod body;
mod codec;
#[cfg(test)]
mod tests;
mod uwsgi;

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::timeout;

use self::body::GatewayBody;
use self::codec::{GatewayCodec, HeadProgress};
pub(super) use self::uwsgi::Uwsgi;
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

/// A head that is complete.
enum ReceivedHead {
    /// A request and the length of its body, or why there is none.
    Request(Arc<Snapshot>, std::result::Result<(Box<Request>, u64), &'static str>),
    Reply(&'static [u8]),
}

/// Answers the requests of a connection.
pub(super) async fn serve<C: GatewayCodec>(
    mut stream: ClientStream,
    connection: Connection,
    service: Arc<Service>,
    mut shutdown: Shutdown,
) -> Result {
    let connection = Arc::new(connection);
    let mut draining = shutdown.clone();
    let mut limit = service.current().limits.header_timeout;
    let mut is_first = true;
    loop {
        let receiving = receive_head::<C>(&mut stream, &connection, &service, is_first);
        let received = tokio::select! {
            biased;
            received = timeout(limit, receiving) => received??,
            () = draining.reached(Phase::Draining) => None,
        };
        let (snapshot, request) = match received {
            None => return Ok(()),
            Some(ReceivedHead::Reply(reply)) => return Ok(stream.write_all(reply).await?),
            Some(ReceivedHead::Request(snapshot, request)) => (snapshot, request),
        };
        (limit, is_first) = (snapshot.limits.keepalive, false);
        let exchange = async {
            match request {
                Ok((request, length)) => exchange::<C>(stream, &connection, snapshot, *request, length).await,
                Err(reason) => {
                    snapshot.log.refusal(&connection, 400);
                    refuse::<C>(stream, reason).await.map(|()| None)
                }
            }
        };
        let kept = tokio::select! {
            biased;
            kept = exchange => kept?,
            () = shutdown.reached(Phase::Now) => None,
        };
        match kept {
            Some(kept) => stream = kept,
            None => return Ok(()),
        }
    }
}

/// `None` when the peer closed between two requests.
async fn receive_head<C: GatewayCodec>(
    stream: &mut ClientStream,
    connection: &Connection,
    service: &Service,
    is_first: bool,
) -> Result<Option<ReceivedHead>> {
    // With the first byte comes all that is there, most often the whole head.
    if is_first && stream.first_byte().await?.is_none() {
        return Ok(None);
    }
    let mut received = Vec::new();
    loop {
        let start = received.len();
        let needed = match C::decode_head(&received)? {
            HeadProgress::Incomplete { needed } => needed.max(start + 1),
            HeadProgress::Reply(reply) => return Ok(Some(ReceivedHead::Reply(reply))),
            HeadProgress::Request { variables, under_script_name } => {
                let snapshot = service.current();
                let under_script_name = under_script_name || snapshot.manage_script_name;
                let request = from_variables(&variables, under_script_name, Client::peer(connection));
                let request = request.map(|(request, length)| (Box::new(request), length));
                return Ok(Some(ReceivedHead::Request(snapshot, request)));
            }
        };
        received.resize(needed, 0);
        let space = received.get_mut(start..).unwrap_or_default();
        if start == 0 {
            // Nothing at all is a good end.
            let read = stream.read(space).await?;
            if read == 0 {
                return Ok(None);
            }
            received.truncate(read);
        } else {
            stream.read_exact(space).await?;
        }
    }
}

/// Sends a request through the pipeline and its answer back; the connection, if another may follow on it.
async fn exchange<C: GatewayCodec>(
    stream: ClientStream,
    connection: &Arc<Connection>,
    snapshot: Arc<Snapshot>,
    request: Request,
    length: u64,
) -> Result<Option<ClientStream>> {
    let (reader, mut writer) = tokio::io::split(stream);
    let (body, given_back) = GatewayBody::new(reader, length);
    let method = request.method.clone();
    let write_timeout = snapshot.limits.write_timeout;
    let Ok(response) = pipeline::respond(snapshot, connection, request, body).await;
    if let Err(error) = write_response::<C>(&mut writer, &method, response, write_timeout).await {
        // Front servers take a plain end for the end of the answer; only a reset breaks the
        // client's message too.
        connection.activity.break_off();
        return Err(error);
    }
    match given_back.await {
        Ok((reader, 0)) if C::KEEPS_CONNECTION => Ok(Some(reader.unsplit(writer))),
        Ok((reader, left)) => end(reader, writer, left.min(DRAIN_BYTES)).await.map(|()| None),
        // The application still reads although its response has ended: the rest of the body is
        // dropped.
        Err(_) => {
            writer.shutdown().await?;
            Ok(None)
        }
    }
}

/// Answers a front server whose request is not one.
async fn refuse<C: GatewayCodec>(mut stream: ClientStream, reason: &str) -> Result {
    let text = format!("400 Bad Request: {reason}\n");
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    let mut bytes = Vec::with_capacity(512);
    C::encode_head(&response.into_parts().0, Some(text.len() as u64), &mut bytes);
    C::encode_piece(text.len(), &mut bytes);
    bytes.extend_from_slice(text.as_bytes());
    C::encode_end(&mut bytes);
    stream.write_all(&bytes).await?;
    let (reader, writer) = tokio::io::split(stream);
    end(reader, writer, DRAIN_BYTES).await
}

async fn write_response<C: GatewayCodec>(
    writer: &mut WriteHalf<ClientStream>,
    method: &Method,
    response: Response<TrackedBody>,
    write_timeout: Duration,
) -> Result {
    let (head, body) = response.into_parts();
    let mut bytes = Vec::with_capacity(512);
    let has_no_body = *method == Method::HEAD
        || head.status == StatusCode::NO_CONTENT
        || head.status == StatusCode::NOT_MODIFIED;
    let length = body.size_hint().exact().filter(|_| !has_no_body);
    C::encode_head(&head, length, &mut bytes);
    let mut body = pin!(body);
    // The head goes out with the first bytes of the body, if they are there at once.
    let mut is_first = true;
    loop {
        let frame = if is_first && !body.is_end_stream() {
            is_first = false;
            match frame_now(body.as_mut()).await {
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
        C::encode_piece(data.len(), &mut bytes);
        if bytes.is_empty() {
            timeout(write_timeout, writer.write_all(&data)).await??;
        } else {
            bytes.extend_from_slice(&data);
            timeout(write_timeout, writer.write_all(&bytes)).await??;
            bytes.clear();
        }
    }
    C::encode_end(&mut bytes);
    timeout(write_timeout, writer.write_all(&bytes)).await??;
    Ok(timeout(write_timeout, writer.flush()).await??)
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
