//! Questions and updates over TCP: one message each way, with its length before it (RFC 1035 section 4.2.2).
//!
//! TCP, because every server that takes updates has it and nothing is ever cut short.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType, TSigner};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::Error;
use crate::sys::clock::{Clock, SystemClock};
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

/// Signs and sends an update.
///
/// # Errors
/// [`Error::Update`] when there is no answer, a no, or one that the key's owner has not signed.
pub(super) async fn update(server: SocketAddr, key: &TSigner, mut message: Message) -> Result<(), Error> {
    let failed = |reason: String| Error::Update { server: server.to_string(), reason };
    let now = SystemClock.now().unix_timestamp().unsigned_abs();
    let verifier = message.finalize(key, now).map_err(|error| failed(error.to_string()))?;
    let bytes = message.to_vec().map_err(|error| failed(error.to_string()))?;
    let answer_bytes = send(server, &bytes).await.map_err(failed)?;
    let answer = read(&answer_bytes, message.metadata.id).map_err(failed)?;
    // A no is believed without a signature: a server that does not take the key cannot sign with it.
    if answer.metadata.response_code != ResponseCode::NoError {
        return Err(failed(refusal(&answer)));
    }
    let mut verifier = verifier.ok_or_else(|| failed("the update could not be signed".to_owned()))?;
    match verifier.verify(&answer_bytes) {
        Ok(_) => Ok(()),
        Err(error) => Err(failed(format!("its answer is not signed with the key: {error}"))),
    }
}

/// A server's no in words.
fn refusal(answer: &Message) -> String {
    let tsig = answer.signature.as_ref().and_then(|record| record.data.error);
    if let Some(error) = tsig {
        // RFC 8945 section 5.2.
        return match u16::from(error) {
            16 => "it refuses the key's secret (BADSIG)".to_owned(),
            17 => "it does not know the key's name, or not with this algorithm (BADKEY)".to_owned(),
            18 => "its clock and the clock here differ by more than five minutes (BADTIME)".to_owned(),
            other => format!("it refuses the signature (TSIG error {other})"),
        };
    }
    match answer.metadata.response_code {
        ResponseCode::Refused => "it refuses: the key may not change this record (REFUSED)".to_owned(),
        ResponseCode::NotAuth => "it is not the primary server of the zone (NOTAUTH)".to_owned(),
        ResponseCode::NotZone => "the record is not in the zone (NOTZONE)".to_owned(),
        ResponseCode::NotImp => "it takes no updates (NOTIMP)".to_owned(),
        other => format!("it answers: {other}"),
    }
}

async fn send(server: SocketAddr, message: &[u8]) -> Result<Vec<u8>, String> {
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

fn read(bytes: &[u8], id: u16) -> Result<Message, String> {
    let answer = Message::from_vec(bytes).map_err(|error| format!("its answer cannot be read: {error}"))?;
    if answer.metadata.id != id || answer.metadata.message_type != MessageType::Response {
        return Err("its answer is to another question".to_owned());
    }
    Ok(answer)
}
