//! Serial numbers.

/// Sixteen random bytes, positive and of full length. RFC 5280 section 4.1.2.2 wants at most twenty
/// bytes and no zero or negative number; the CA/Browser baseline requirements 7.1 want 64 bits or
/// more from a random generator.
pub(super) fn random() -> Option<[u8; 16]> {
    let mut serial = [0; 16];
    aws_lc_rs::rand::fill(&mut serial).ok()?;
    // The highest bit is the sign; the next one keeps the length fixed.
    serial[0] = serial[0] & 0x7f | 0x40;
    Some(serial)
}

#[cfg(test)]
mod tests {
    #[test]
    fn positive_and_different() {
        let (one, other) = (super::random().unwrap(), super::random().unwrap());
        assert_ne!(one, other);
        assert!((0x40..0x80).contains(&one[0]));
    }
}
