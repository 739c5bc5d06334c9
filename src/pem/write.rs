//! Strict PEM (RFC 7468 section 3): 64 columns, LF, a line break after every block.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const COLUMNS: usize = 64;

/// Appends one block to `out`, ending with a line break.
pub fn write(out: &mut String, label: &str, der: &[u8]) {
    let text = STANDARD.encode(der);
    out.reserve(text.len() + text.len() / COLUMNS + 2 * label.len() + 40);
    out.push_str("-----BEGIN ");
    out.push_str(label);
    out.push_str("-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        // Base64 text is ASCII, so every index is a character boundary.
        let (line, tail) = rest.split_at(rest.len().min(COLUMNS));
        out.push_str(line);
        out.push('\n');
        rest = tail;
    }
    out.push_str("-----END ");
    out.push_str(label);
    out.push_str("-----\n");
}

/// How many lines [`write()`] makes of `length` bytes.
pub fn lines_of(length: usize) -> usize {
    2 + length.div_ceil(3) * 4 / COLUMNS + usize::from(!(length.div_ceil(3) * 4).is_multiple_of(COLUMNS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_written() {
        for length in 0..200 {
            let mut out = String::new();
            write(&mut out, "CERTIFICATE", &vec![7; length]);
            assert_eq!(out.lines().count(), lines_of(length), "{length} bytes");
            assert!(out.lines().all(|line| line.len() <= COLUMNS));
            assert!(out.ends_with("-----END CERTIFICATE-----\n"));
        }
    }
}
