//! Whose order of preference decides the cipher suite.

use super::suites::Suite;

/// Whose order decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CipherOrder {
    Client,
    Server,
    /// The server's own, but a client that puts ChaCha20 first gets it, as one without AES instructions does.
    ServerButChaCha,
}

impl CipherOrder {
    /// Whose it is, in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::ServerButChaCha => "server_except_chacha20",
        }
    }
}

/// The suites that a server chose from an offer, one after the other, in the order that shows whether it has one of its own:
/// backwards, with ChaCha20 at the end, because a server may treat a client that puts it first in its own way. Nothing where
/// that is the order in which they were chosen.
pub(super) fn backwards(chosen: &[u16]) -> Option<Vec<u16>> {
    let mut offer: Vec<_> = chosen.iter().rev().copied().collect();
    offer.sort_by_key(|code| is_chacha(*code));
    (offer.first() != chosen.first()).then_some(offer)
}

/// The same suites with ChaCha20 first; nothing where that was the first choice already, or is not among them.
pub(super) fn chacha_first(chosen: &[u16]) -> Option<Vec<u16>> {
    let mut offer = chosen.to_vec();
    offer.sort_by_key(|code| !is_chacha(*code));
    (offer.first() != chosen.first()).then_some(offer)
}

pub(super) fn is_chacha(code: u16) -> bool {
    Suite::name_of(code).contains("CHACHA20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_that_tell() {
        let (aes128, aes256, chacha) = (0xc02f, 0xc030, 0xcca8);
        assert_eq!(backwards(&[aes128, chacha, aes256]), Some(vec![aes256, aes128, chacha]));
        assert_eq!(backwards(&[chacha, aes128]), Some(vec![aes128, chacha]));
        assert_eq!(backwards(&[aes128, chacha]), None);
        assert_eq!(backwards(&[aes128]), None);
        assert_eq!(chacha_first(&[aes128, chacha]), Some(vec![chacha, aes128]));
        assert_eq!(chacha_first(&[chacha, aes128]), None);
        assert_eq!(chacha_first(&[aes128, aes256]), None);
    }
}
