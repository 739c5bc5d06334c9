//! Drives a connection of a front server that speaks a gateway protocol: socket, timeouts, bodies, one request
//! after the other. A [`codec`] says how its protocol writes them.

mod ajp;
mod body;
mod cgi_response;
mod codec;
mod exchange;
mod fastcgi;
mod scgi;
#[cfg(test)]
mod tests;
mod uwsgi;

use std::sync::Arc;
use std::time::Duration;

use http::{Response, StatusCode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::timeout;

pub(super) use self::ajp::Ajp;
use self::body::Incoming;
use self::codec::{CodecSettings, GatewayCodec, HeadProgress, ResponseEncoder};
pub(super) use self::exchange::BREAK_OFF_PAUSE;
pub(super) use self::fastcgi::FastCgi;
pub(super) use self::scgi::Scgi;
pub(super) use self::uwsgi::Uwsgi;
use crate::serve::connection::Connection;
use crate::serve::request::Request;
use crate::serve::request::forwarded::FrontServer;
use crate::serve::request::variables::from_front;
use crate::serve::shutdown::{Phase, Shutdown};
use crate::serve::site::snapshot::{Service, Snapshot};

/// Unread bytes of a body that are received and discarded before closing. Closing earlier makes the
/// system reset the connection, and the front server loses the answer (nginx shows 502).
const DRAIN_BYTES: u64 = 16 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// A connection may have been opened just before the server stops; its request follows at once.
const LAST_HEAD: Duration = Duration::from_secs(1);

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A head that is complete.
enum ReceivedHead {
    /// A request and the length of its body.
    Request(Arc<Snapshot>, Box<Request>, Option<u64>),
    /// Why it is refused, with its status.
    Refused(StatusCode, &'static str),
}

/// Both halves of a connection.
struct Halves<C, S> {
    incoming: Incoming<C, S>,
    writer: WriteHalf<S>,
}

/// Answers the requests of a connection.
pub(super) async fn serve<C, S>(
    stream: S,
    connection: Connection,
    service: Arc<Service>,
    mut shutdown: Shutdown,
) -> Result
where
    C: GatewayCodec + Unpin,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = Arc::new(connection);
    let settings = {
        let snapshot = service.current();
        CodecSettings {
            head: snapshot.limits.buffer_size,
            connections: snapshot.max_connections,
            ajp_secret: snapshot.ajp_secret.clone(),
        }
    };
    let (reader, writer) = tokio::io::split(stream);
    let mut halves = Halves { incoming: Incoming::new(C::new(settings), reader), writer };
    let mut draining = shutdown.clone();
    let mut is_first = true;
    loop {
        let received = tokio::select! {
            biased;
            received = halves.receive_head(&connection, &service, is_first) => received?,
            () = no_request_comes(&connection, &mut draining, is_first) => None,
        };
        is_first = false;
        let exchange = async {
            match received {
                None => Ok(None),
                Some(ReceivedHead::Request(snapshot, request, length)) => {
                    exchange::exchange(halves, &connection, snapshot, *request, length).await
                }
                Some(ReceivedHead::Refused(status, reason)) => {
                    service.current().log.refusal(&connection, status.as_u16());
                    halves.refuse(status, reason).await.map(|()| None)
                }
            }
        };
        let kept = tokio::select! {
            biased;
            kept = exchange => kept?,
            () = shutdown.reached(Phase::Now) => None,
        };
        match kept {
            Some(kept) => halves = kept,
            None => return Ok(()),
        }
    }
}

/// Waits until it is useless to wait for a request.
async fn no_request_comes(connection: &Connection, draining: &mut Shutdown, is_first: bool) {
    tokio::select! {
        () = draining.reached(Phase::Draining) => {
            if is_first {
                tokio::time::sleep(LAST_HEAD).await;
            }
        }
        () = connection.activity.closes() => {}
    }
}

impl<C, S> Halves<C, S>
where
    C: GatewayCodec,
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// `None` when the front server sends no further request.
    async fn receive_head(
        &mut self,
        connection: &Connection,
        service: &Service,
        is_first: bool,
    ) -> Result<Option<ReceivedHead>> {
        connection.activity.receives(false);
        // Front servers keep connections for later, and know best how long.
        if !is_first && self.incoming.received.is_empty() && self.incoming.more(1).await? == 0 {
            return Ok(None);
        }
        let limit = service.current().limits.header_timeout;
        timeout(limit, self.read_head(connection, service)).await?
    }

    async fn read_head(
        &mut self,
        connection: &Connection,
        service: &Service,
    ) -> Result<Option<ReceivedHead>> {
        let mut replies = Vec::new();
        let under_script_name = loop {
            let Incoming { codec, received, .. } = &mut self.incoming;
            let progress = codec.decode_head(received, &mut replies);
            if !replies.is_empty() {
                self.writer.write_all(&replies).await?;
                replies.clear();
            }
            match progress? {
                HeadProgress::Incomplete { needed } => {
                    let was_empty = self.incoming.received.is_empty();
                    if self.incoming.more(needed).await? == 0 {
                        // Nothing at all is a good end.
                        return if was_empty { Ok(None) } else { Err("the request is cut off".into()) };
                    }
                }
                HeadProgress::End => {
                    self.writer.shutdown().await?;
                    return Ok(None);
                }
                HeadProgress::Refused(status, reason) => {
                    return Ok(Some(ReceivedHead::Refused(status, reason)));
                }
                HeadProgress::Request { under_script_name } => break under_script_name,
            }
        };
        let snapshot = service.current();
        let variables = self.incoming.codec.variables()?;
        let under_script_name = under_script_name || snapshot.sites.manage_script_name(&variables);
        let front = FrontServer::new(connection, &snapshot.trust);
        Ok(Some(match from_front(&variables, under_script_name, front) {
            Ok((request, length)) => ReceivedHead::Request(snapshot, Box::new(request), length),
            Err(reason) => ReceivedHead::Refused(StatusCode::BAD_REQUEST, reason),
        }))
    }

    /// Answers a front server whose request is not one.
    async fn refuse(mut self, status: StatusCode, reason: &str) -> Result {
        let text = format!("{status}: {reason}\n");
        let mut response = Response::new(());
        *response.status_mut() = status;
        let mut bytes = Vec::with_capacity(512);
        let encoder = self.incoming.codec.encoder();
        encoder.head(&response.into_parts().0, Some(text.len() as u64), &mut bytes);
        encoder.before_piece(text.len(), &mut bytes);
        bytes.extend_from_slice(text.as_bytes());
        encoder.after_piece(&mut bytes);
        encoder.end(&mut bytes);
        self.writer.write_all(&bytes).await?;
        end(self.incoming.reader, self.writer, DRAIN_BYTES).await
    }
}

/// Ends an answer that is whole: says so, and takes what the peer still sends.
async fn end<S>(mut reader: ReadHalf<S>, mut writer: WriteHalf<S>, left: u64) -> Result
where
    S: AsyncRead + AsyncWrite + Unpin,
{
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
