//! Updates that are signed with the key.

use std::net::SocketAddr;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::TSigner;

use super::super::Error;
use super::super::dns_message::{read, send};
use crate::sys::clock::{Clock, SystemClock};

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
