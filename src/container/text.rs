//! Text that is not plain: UTF-16, base64 without BEGIN and END, and base64 of PEM.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::memmem;

/// `-----BEGIN ` in UTF-16, little endian. Big endian has the same bytes, one place earlier.
const BEGIN_16: &[u8] = b"-\0-\0-\0-\0-\0B\0E\0G\0I\0N\0 ";
const BEGIN: &[u8] = b"-----BEGIN ";

/// The text of a file in UTF-16, which Windows calls "Unicode". `None` when it is not UTF-16.
///
/// A file of both kinds, as PowerShell's `>>` makes it, loses its zero bytes: all of PEM is ASCII.
pub(super) fn from_utf16(bytes: &[u8]) -> Option<Vec<u8>> {
    let mark = match bytes {
        [0xff, 0xfe, ..] => Some(Endian::Little),
        [0xfe, 0xff, ..] => Some(Endian::Big),
        _ => None,
    };
    let begin = memmem::find(bytes, BEGIN_16);
    if begin.is_some() && memmem::find(bytes, BEGIN).is_some() {
        return Some(bytes.iter().copied().filter(|&byte| !matches!(byte, 0 | 0xfe | 0xff)).collect());
    }
    // Without a mark the place of the first dash tells: its zero byte stands behind it or in front.
    let endian = mark.or_else(|| {
        let at = begin?;
        Some(if at.is_multiple_of(2) { Endian::Little } else { Endian::Big })
    })?;
    let units = bytes.chunks_exact(2).map(|pair| match endian {
        Endian::Big => u16::from_be_bytes([pair[0], pair[1]]),
        Endian::Little => u16::from_le_bytes([pair[0], pair[1]]),
    });
    let text: String = char::decode_utf16(units)
        .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
        .filter(|&character| character != '\u{feff}')
        .collect();
    Some(text.into_bytes())
}

#[derive(Clone, Copy)]
enum Endian {
    Big,
    Little,
}

/// The bytes of a text that is base64 from end to end. `None` when it is not, or empty.
pub(super) fn bare_base64(text: &[u8]) -> Option<Vec<u8>> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    // The first bytes of binary data and prose rule them out before anything is copied.
    if !text.iter().all(|&byte| is_letter(byte) || byte.is_ascii_whitespace()) {
        return None;
    }
    let letters: Vec<u8> = text.iter().copied().filter(|&byte| is_letter(byte)).collect();
    let lenient = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    lenient.decode(letters).ok().filter(|bytes| !bytes.is_empty())
}

/// The parts of a text that are PEM in base64, and where each begins: the whole text, lines wrapped or not, or values in it,
/// as in a Kubernetes Secret that `kubectl get -o yaml` prints.
pub(super) fn encoded_pem(text: &[u8]) -> Vec<(usize, Vec<u8>)> {
    if let Some(inner) = bare_base64(text).filter(|inner| crate::pem::has_block(inner)) {
        return vec![(0, inner)];
    }
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let mut found = Vec::new();
    let mut at = 0;
    for run in text.split(|byte| !is_letter(byte)) {
        if run.len() >= MIN_ENCODED
            && let Some(inner) = bare_base64(run).filter(|inner| crate::pem::has_block(inner))
        {
            found.push((at, inner));
        }
        at += run.len() + 1;
    }
    found
}

/// Letters of the shortest block in base64.
const MIN_ENCODED: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_orders_with_and_without_a_mark() {
        let text = "-----BEGIN X-----\r\nÄ€😀\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (mark, bytes) in
            [(&[0xff, 0xfe][..], &little), (&[0xfe, 0xff], &big), (&[], &little), (&[], &big)]
        {
            assert_eq!(from_utf16(&[mark, bytes].concat()).unwrap(), text.as_bytes());
        }
        assert_eq!(from_utf16(text.as_bytes()), None);
        let both = [text.as_bytes(), b"\xff\xfe", &little].concat();
        let read = from_utf16(&both).unwrap();
        assert_eq!(memmem::find_iter(&read, BEGIN).count(), 2);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            from_utf16(&bytes);
            from_utf16(&[&[0xff, 0xfe], &bytes[..]].concat());
            bare_base64(&bytes);
        }

        #[test]
        fn encoded_pem_is_found(before in "[ -~\n]{0,40}", bytes in proptest::collection::vec(any::<u8>(), 30..200)) {
            let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
            let pem = format!("-----BEGIN X-----\n{}\n-----END X-----\n", encode(&bytes)).into_bytes();
            let text = format!("{before}\n  tls.crt: {}\n", encode(&pem));
            let at = before.len() + "\n  tls.crt: ".len();
            prop_assert!(encoded_pem(text.as_bytes()).contains(&(at, pem)));
            encoded_pem(&bytes);
        }

        #[test]
        fn bare_base64_is_read(bytes in proptest::collection::vec(any::<u8>(), 1..200)) {
            let text = base64::engine::general_purpose::STANDARD.encode(&bytes);
            prop_assert_eq!(bare_base64(format!("{text}\r\n").as_bytes()), Some(bytes));
        }
    }
}
