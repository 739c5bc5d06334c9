//! What web pages, mail programs and templates do to characters: undone before the text is scanned.
//!
//! Line ends are neither added nor removed, so that line numbers stay those of the file.

use memchr::memmem;

use super::block::DamageKind;

/// Text with plain characters, and what had been done to it: kind and place in the new text.
pub(super) type Tidied = (Vec<u8>, Vec<(DamageKind, usize)>);

/// Undoes what can be undone with certainty. `None` when there is nothing to do.
pub(super) fn tidy(text: &[u8]) -> Option<Tidied> {
    // Only a text with a block in it is worth the copy.
    memmem::find(text, b"BEGIN")?;
    let url = ["BEGIN%20", "BEGIN+"].iter().any(|word| memmem::find(text, word.as_bytes()).is_some());
    let form = memmem::find(text, b"BEGIN+").is_some();
    let mut out: Option<Tidied> = None;
    let mut copied = 0;
    let mut at = 0;
    while let Some(offset) = next_odd(&text[at..], url) {
        at += offset;
        let Some((kind, length, plain)) = replacement(&text[at..], url, form) else {
            at += 1;
            continue;
        };
        let (tidied, damages) = out.get_or_insert_with(|| (Vec::with_capacity(text.len()), Vec::new()));
        tidied.extend_from_slice(&text[copied..at]);
        if !damages.iter().any(|(known, _)| *known == kind) {
            damages.push((kind, tidied.len()));
        }
        tidied.extend(plain);
        at += length;
        copied = at;
    }
    let (tidied, _) = out.as_mut()?;
    tidied.extend_from_slice(&text[copied..]);
    out
}

/// Where the next byte stands that may begin something odd.
fn next_odd(text: &[u8], url: bool) -> Option<usize> {
    text.iter().position(|&byte| match byte {
        0x0b | 0x0c | b'&' | b'<' | b'\\' | 0xa0 | 0xc2 | 0xe2 | 0xe3 => true,
        b'%' | b'+' => url,
        b'=' => true,
        _ => false,
    })
}

/// What stands at the start of `text`: its kind, its length, and the plain character for it, if any is left.
fn replacement(text: &[u8], url: bool, form: bool) -> Option<(DamageKind, usize, Option<u8>)> {
    use DamageKind::{Escaped, OddBlanks};
    let blank = |length| Some((OddBlanks, length, Some(b' ')));
    let nothing = |length| Some((OddBlanks, length, None));
    match text {
        [0x0b | 0x0c, ..] => blank(1),
        // No-break space, soft hyphen; in Latin-1 the first is one byte.
        [0xc2, 0xa0, ..] => blank(2),
        [0xc2, 0xad, ..] => nothing(2),
        [0xa0, ..] => blank(1),
        // U+2000..U+200A and U+202F are blanks, U+200B..U+200F and U+2060 have no width, U+2028 and U+2029 end lines.
        [0xe2, 0x80, 0x80..=0x8a | 0xa8 | 0xa9 | 0xaf, ..] => blank(3),
        [0xe2, 0x80, 0x8b..=0x8f, ..] | [0xe2, 0x81, 0xa0, ..] => nothing(3),
        // U+3000, the blank of East Asian scripts.
        [0xe3, 0x80, 0x80, ..] => blank(3),
        [b'%', high, low, ..] if url => Some((Escaped, 3, Some(printed(hex(&[*high, *low])?)?))),
        [b'+', ..] if form => Some((Escaped, 1, Some(b' '))),
        // Quoted-printable writes the padding so.
        [b'=', b'3', b'D', ..] => Some((Escaped, 3, Some(b'='))),
        [b'&', rest @ ..] => entity(rest).map(|(length, byte)| (Escaped, 1 + length, Some(byte))),
        [b'<', rest @ ..] => tag(rest).map(|length| (Escaped, 1 + length, Some(b' '))),
        [b'\\', rest @ ..] => escape(rest).map(|(length, byte)| (Escaped, 1 + length, byte)),
        _ => None,
    }
}

/// `nbsp;`, `#43;`, `#x2B;` behind an `&`.
fn entity(text: &[u8]) -> Option<(usize, u8)> {
    let length = text.iter().take(8).position(|&byte| byte == b';')?;
    let byte = match &text[..length] {
        b"nbsp" => b' ',
        [b'#', b'x' | b'X', digits @ ..] => hex(digits)?,
        [b'#', digits @ ..] => std::str::from_utf8(digits).ok()?.parse().ok()?,
        _ => return None,
    };
    Some((length + 1, printed(byte)?))
}

/// The rest of an HTML tag behind its `<`. A mail address in pointed brackets is none.
fn tag(text: &[u8]) -> Option<usize> {
    const TAGS: &[&str] = &["br", "code", "div", "p", "pre", "span", "td", "tr", "li", "font", "b", "wbr"];
    let slash = usize::from(text.first() == Some(&b'/'));
    let name = text.get(slash..)?.iter().take(5).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let word = String::from_utf8_lossy(&text[slash..slash + name]).to_ascii_lowercase();
    if !TAGS.contains(&word.as_str()) {
        return None;
    }
    let end = text.iter().take(200).position(|byte| matches!(byte, b'>' | b'<' | b'\n' | b'\r'))?;
    (text[end] == b'>').then_some(end + 1)
}

/// What JSON and shells write behind a backslash, save `\n` and `\r`, which the scanner takes as line ends.
fn escape(text: &[u8]) -> Option<(usize, Option<u8>)> {
    match text {
        [b'/', ..] => Some((1, Some(b'/'))),
        [b't', ..] => Some((1, Some(b' '))),
        [b'u', b'0', b'0', high, low, ..] => Some((5, Some(printed(hex(&[*high, *low])?)?))),
        // Escaped twice: the second backslash is looked at again.
        [b'\\', ..] => Some((0, None)),
        // A line that goes on in the next one.
        [b'\n' | b'\r', ..] => Some((0, None)),
        _ => None,
    }
}

/// The character, with a blank for line ends.
fn printed(byte: u8) -> Option<u8> {
    match byte {
        b'\n' | b'\r' | b'\t' => Some(b' '),
        b' '..=b'~' => Some(byte),
        _ => None,
    }
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digits =
        std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tidied(text: &str) -> String {
        let text = format!("-----BEGIN X-----\n{text}");
        let out = tidy(text.as_bytes()).map_or_else(|| text.clone().into_bytes(), |(out, _)| out);
        String::from_utf8(out).unwrap()["-----BEGIN X-----\n".len()..].to_owned()
    }

    #[test]
    fn characters_become_plain() {
        assert_eq!(tidied("AB\u{a0}CD\u{200b}EF\u{2028}"), "AB CDEF ");
        assert_eq!(tidied("A&#43;B&#x2f;C&nbsp;&#61;&amp;"), "A+B/C =&amp;");
        assert_eq!(tidied("AB<br/>CD</p><user@example.com>"), "AB CD <user@example.com>");
        assert_eq!(tidied("A\\/B\\u003d\\u000aC\\\\nD"), "A/B= C\\nD");
        assert_eq!(tidied("AB=3D=3D"), "AB==");
        assert_eq!(tidied("AB%2B+"), "AB%2B+");
        let url = tidy(b"-----BEGIN%20X-----%0AAB%2BC+D%3D%0A").unwrap().0;
        assert_eq!(url, b"-----BEGIN X----- AB+C+D= ");
        let form = tidy(b"-----BEGIN+X-----%0AAB%2BC").unwrap().0;
        assert_eq!(form, b"-----BEGIN X----- AB+C");
    }

    #[test]
    fn plain_text_is_not_copied() {
        assert!(tidy(b"-----BEGIN X-----\r\nAB+/==\n-----END X-----\n").is_none());
        assert!(tidy("no block & \u{a0}".as_bytes()).is_none());
    }

    proptest! {
        #[test]
        fn lines_stay_and_nothing_panics(pieces in proptest::collection::vec(
            prop_oneof![
                Just("BEGIN"), Just("BEGIN+"), Just("BEGIN%20"), Just("%0A"), Just("%"), Just("&#10;"), Just("&#"), Just("<"),
                Just("<br"), Just(">"), Just("\\"), Just("n"), Just("\\u00"), Just("0a"), Just("\n"), Just("\r"), Just("=3D"),
                Just("\u{a0}"), Just("\u{200b}"), Just("é"), Just("+"), Just("A"),
            ], 0..40)) {
            let text = pieces.concat();
            if let Some((out, damages)) = tidy(text.as_bytes()) {
                let lines = |text: &[u8]| text.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
                prop_assert_eq!(lines(&out), lines(text.as_bytes()));
                prop_assert!(!damages.is_empty() && damages.iter().all(|(_, at)| *at <= out.len()));
            }
        }
    }
}
