//! Questions to name servers over TCP: one message each way, with its length before it (RFC 1035 section 4.2.2).
//!
//! TCP, because every server has it (RFC 7766 section 5) and nothing is ever cut short.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, Query};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Error;
use crate::sys::fs::plain;

const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Asks for records.
///
/// # Errors
/// [`Error::Update`] when there is no answer; one that says no is an answer.
pub(super) async fn ask(
    server: SocketAddr,
    name: &Name,
    kind: RecordType,
    recursion: bool,
) -> Result<Message, Error> {
    let failed = |reason: String| Error::Update { server: server.to_string(), reason };
    let mut message = Message::query();
    message.metadata.recursion_desired = recursion;
    message.add_query(Query::query(name.clone(), kind));
    let bytes = message.to_vec().map_err(|error| failed(error.to_string()))?;
    let answer = send(server, &bytes).await.map_err(failed)?;
    read(&answer, message.metadata.id).map_err(failed)
}

/// Sends a message and gives what comes back; the error says why nothing does.
pub(super) async fn send(server: SocketAddr, message: &[u8]) -> Result<Vec<u8>, String> {
    let exchange = async {
        let mut stream = TcpStream::connect(server).await?;
        let length = u16::try_from(message.len()).map_err(std::io::Error::other)?;
        // In one write: some servers want the length and the message in one segment.
        stream.write_all(&[&length.to_be_bytes(), message].concat()).await?;
        let length = stream.read_u16().await?;
        let mut answer = vec![0; length.into()];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    };
    match tokio::time::timeout(TIME_LIMIT, exchange).await {
        Ok(result) => result.map_err(|error: std::io::Error| plain(&error)),
        Err(_) => Err(format!("no answer within {} s", TIME_LIMIT.as_secs())),
    }
}

/// The answer to the message with this id.
pub(super) fn read(bytes: &[u8], id: u16) -> Result<Message, String> {
    let answer = Message::from_vec(bytes).map_err(|error| format!("its answer cannot be read: {error}"))?;
    if answer.metadata.id != id || answer.metadata.message_type != MessageType::Response {
        return Err("its answer is to another question".to_owned());
    }
    Ok(answer)
}
