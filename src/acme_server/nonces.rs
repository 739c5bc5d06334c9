//! Nonces (RFC 8555 section 6.5): each is taken once. None is stored: a nonce is a number with its HMAC, and of the
//! last [`WINDOW`] numbers one bit says whether it was used. So memory stays the same whatever anybody asks for.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;

/// How many of the last nonces can still be used.
const WINDOW: u64 = 1 << 18;
const TAG: usize = 16;

pub(super) struct Nonces {
    key: hmac::Key,
    next: u64,
    used: Vec<u64>,
}

impl Nonces {
    pub(super) fn new(secret: &[u8]) -> Self {
        let words = usize::try_from(WINDOW / 64).unwrap_or_default();
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret), next: 0, used: vec![0; words] }
    }

    pub(super) fn make(&mut self) -> String {
        let number = self.next;
        self.next += 1;
        if let Some((word, bit)) = self.bit(number) {
            *word &= !bit;
        }
        let mut bytes = number.to_be_bytes().to_vec();
        bytes.extend(hmac::sign(&self.key, &number.to_be_bytes()).as_ref().iter().take(TAG));
        BASE64URL.encode(bytes)
    }

    /// Whether it was made here, not long ago, and never used; from now on it is.
    pub(super) fn take(&mut self, nonce: &str) -> bool {
        let Ok(bytes) = BASE64URL.decode(nonce) else { return false };
        let Some((number, tag)) = bytes.split_first_chunk::<8>() else { return false };
        let made = hmac::sign(&self.key, number);
        let expected = made.as_ref().get(..TAG).unwrap_or_default();
        if aws_lc_rs::constant_time::verify_slices_are_equal(tag, expected).is_err() {
            return false;
        }
        let number = u64::from_be_bytes(*number);
        if number >= self.next || self.next - number > WINDOW {
            return false;
        }
        match self.bit(number) {
            Some((word, bit)) if *word & bit == 0 => {
                *word |= bit;
                true
            }
            _ => false,
        }
    }

    fn bit(&mut self, number: u64) -> Option<(&mut u64, u64)> {
        let at = number % WINDOW;
        let word = self.used.get_mut(usize::try_from(at / 64).ok()?)?;
        Some((word, 1 << (at % 64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_taken_once() {
        let mut nonces = Nonces::new(b"secret");
        let (first, second) = (nonces.make(), nonces.make());
        assert!(nonces.take(&second) && nonces.take(&first));
        assert!(!nonces.take(&first) && !nonces.take(&second));
        for bad in ["", "AAAA", "?", &first[1..], &format!("{first}=")] {
            assert!(!nonces.take(bad), "{bad}");
        }
        let foreign = Nonces::new(b"other").make();
        assert!(!nonces.take(&foreign));
    }

    #[test]
    fn what_is_too_old_is_refused_and_memory_stays() {
        let mut nonces = Nonces::new(b"secret");
        let (old, used) = (nonces.make(), nonces.make());
        assert!(nonces.take(&used));
        let size = nonces.used.len();
        let last = (0..WINDOW).map(|_| nonces.make()).last().unwrap();
        assert!(!nonces.take(&old) && !nonces.take(&used));
        assert!(nonces.take(&last));
        assert_eq!(nonces.used.len(), size);
    }
}
