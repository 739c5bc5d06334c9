//! Records of TLS in a stream (RFC 8446 section 5.1).

use std::io::{self, Read};

pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;
pub(super) const APPLICATION_DATA: u8 = 23;
/// RFC 6520 section 6.
pub(super) const HEARTBEAT: u8 = 24;

/// The type and the content of the next record.
///
/// # Errors
/// What the stream says, also when it ends within a record.
pub(super) fn read_record(stream: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let mut content = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    stream.read_exact(&mut content)?;
    Ok((head[0], content))
}
