//! Lets a handshake wait until what it needs has been fetched.

use std::io;
use std::time::Duration;

use crate::serve::connection::client_stream::ClientStream;
use crate::tls::{ACME_TLS, HelloFacts, HelloReader, Resolver};

/// From a new certificate on disk to its first handshake.
const LOAD_TIME: Duration = Duration::from_secs(3);
const LOAD_POLL: Duration = Duration::from_millis(10);

/// Waits for what the client needs that has said hello on `stream`. What is not a hello is left to the handshake.
///
/// # Errors
/// When the client cannot be read from.
pub(super) async fn prepare(stream: &mut ClientStream, certificates: &Resolver) -> io::Result<()> {
    let Some(preparation) = certificates.preparation() else { return Ok(()) };
    if preparation.only_for_validations() && is_of_a_client(stream.first_bytes()) {
        return Ok(());
    }
    let mut reader = HelloReader::default();
    loop {
        match reader.read(stream.first_bytes()) {
            Ok(Some(HelloFacts { server_name: Some(name), validates: false })) if certificates.has(&name) => {
                return Ok(());
            }
            Ok(Some(hello)) if preparation.is_needed(&hello) => {
                if preparation.prepare(&hello).await
                    && let Some(name) = &hello.server_name
                {
                    // Its files are being read.
                    let in_use = until_in_use(certificates, name);
                    let _ = tokio::time::timeout(LOAD_TIME, in_use).await;
                }
                return Ok(());
            }
            Ok(None) => {}
            Ok(Some(_)) | Err(_) => return Ok(()),
        }
        // The hello comes in several pieces.
        if !stream.more_first_bytes().await? {
            return Ok(());
        }
    }
}

async fn until_in_use(certificates: &Resolver, name: &str) {
    while !certificates.has(name) {
        tokio::time::sleep(LOAD_POLL).await;
    }
}

/// Whether these bytes are the whole hello of one that does not validate, without reading it.
fn is_of_a_client(received: &[u8]) -> bool {
    let is_whole = match received {
        // A record: its type, a version, the length of what follows (RFC 8446 section 5.1).
        [_, _, _, high, low, rest @ ..] => rest.len() >= usize::from(u16::from_be_bytes([*high, *low])),
        _ => false,
    };
    is_whole && memchr::memmem::find(received, ACME_TLS).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_hello_without_the_protocol_is_not_read() {
        let hello = [&[22, 3, 1, 0, 10][..], b"something."].concat();
        assert!(is_of_a_client(&hello));
        assert!(!is_of_a_client(&hello[..14]));
        assert!(!is_of_a_client(&hello[..3]));
        let validation = [&[22, 3, 1, 0, 11][..], b"-acme-tls/1"].concat();
        assert!(!is_of_a_client(&validation));
    }
}
