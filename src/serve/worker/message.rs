//! One message to a worker, as bytes: a marshalled list of requests.

use super::WorkerRequest;
use crate::protocol::marshal::{write_bytes, write_list, write_none, write_str, write_tuple};

/// Largest message. The kernel takes about 208 KiB with its default buffer sizes; a worker's buffer
/// is 256 KiB.
pub(super) const MESSAGE_LIMIT: usize = 192 * 1024;

/// What became of a request that was to be added.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// It is in the message, with its whole body.
    Whole,
    /// It is in the message, alone; the worker asks for its body.
    BodyLater,
    /// It does not fit beside the others, or must go alone.
    Alone,
    /// Its variables are larger than a message.
    TooLarge,
}

/// A message in the making; its memory is used again for the next one.
#[derive(Debug)]
pub(super) struct MessageWriter {
    bytes: Vec<u8>,
    count: u32,
    limit: usize,
}

impl MessageWriter {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), count: 0, limit: MESSAGE_LIMIT }
    }

    /// Begins an empty message.
    pub(super) fn begin(&mut self) {
        self.bytes.clear();
        self.count = 0;
        write_list(&mut self.bytes, 0);
    }

    /// Adds a request, if it fits.
    pub(super) fn add(&mut self, id: u64, request: &WorkerRequest) -> Added {
        let start = self.bytes.len();
        let inline = write_request(&mut self.bytes, id, request, self.limit);
        let too_long = self.bytes.len() > self.limit;
        if too_long || (!inline && self.count > 0) {
            self.bytes.truncate(start);
            return if self.count > 0 { Added::Alone } else { Added::TooLarge };
        }
        self.count += 1;
        if inline { Added::Whole } else { Added::BodyLater }
    }

    /// The message.
    pub(super) fn finish(&mut self) -> &[u8] {
        if let Some(place) = self.bytes.get_mut(1..5) {
            place.copy_from_slice(&self.count.to_le_bytes());
        }
        &self.bytes
    }

    /// The kernel does not take the last message because of its length (send(2), EMSGSIZE): it allows
    /// smaller buffers than usual. Later ones are shorter.
    pub(super) fn was_too_long(&mut self) {
        self.limit = self.limit.min(self.bytes.len().saturating_sub(1));
    }
}

/// Adds a request to a message; says whether its body is in it, whole. If not, the worker asks for
/// it.
fn write_request(out: &mut Vec<u8>, id: u64, request: &WorkerRequest, limit: usize) -> bool {
    write_tuple(out, 9);
    write_bytes(out, &id.to_le_bytes());
    write_bytes(out, &request.repeated);
    write_str(out, request.method.as_str().as_bytes());
    write_str(out, &request.uri);
    write_str(out, &request.path);
    write_str(out, &request.query);
    match request.remote_port {
        0 => write_str(out, b""),
        port => write_str(out, port.to_string().as_bytes()),
    }
    match &request.changing {
        Some(dict) => out.extend_from_slice(dict),
        None => write_none(out),
    }
    let inline = request.rest.is_none() && out.len() + request.body.len() + 5 <= limit;
    if inline {
        write_bytes(out, &request.body);
    } else {
        write_none(out);
    }
    inline
}
