//! Lines that look like BEGIN or END and are not: reported, never ignored.
//!
//! A word processor turns two hyphens into a dash, a finger slips and takes four hyphens along instead of five, the
//! first line is lost. Such a block cannot be read, and a chain without it would silently be wrong.

use memchr::memchr2_iter;

/// Where the first damaged BEGIN or END line is in `text`, and what it says.
pub(super) fn find(text: &[u8]) -> Option<(usize, String)> {
    memchr2_iter(b'E', b'e', text).find_map(|at| {
        // BEGIN has its E second, END first.
        let begin = at.checked_sub(1).filter(|&start| has_word(&text[start..], b"BEGIN"));
        let start = begin.or_else(|| has_word(&text[at..], b"END").then_some(at))?;
        let word_length = if begin.is_some() { 5 } else { 3 };
        let (dashes, count) = dashes_before(&text[..start])?;
        // A longer line is not a BEGIN or END line; reading all of it each time would take too long.
        let line = &text[dashes..text.len().min(dashes + MAX_LINE)];
        let line = line.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
        // One or two dashes are also a hyphen, as in "front-end certificate": then the line must be nothing else.
        let is_whole_line = text[..dashes].last().is_none_or(|byte| matches!(byte, b'\n' | b'\r'))
            && dashes_before(line.trim_ascii_end()).is_some();
        if count < 3 && !is_whole_line {
            return None;
        }
        let shown = || String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned();
        names_a_block(text.get(start + word_length..)?).then(|| (dashes, shown()))
    })
}

/// Whether a label follows that names a certificate or key.
fn names_a_block(after: &[u8]) -> bool {
    let label = &after[..after.len().min(MAX_LABEL)];
    let label = label.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let is_pgp = label.trim_ascii_start().get(..4).is_some_and(|word| word.eq_ignore_ascii_case(b"PGP "));
    let is_named =
        |word: &&str| label.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()));
    !is_pgp && LABELS.iter().any(is_named)
}

/// What a label must contain: not everything between dashes is a block.
const LABELS: &[&str] = &["CERTIFICATE", "PRIVATE KEY", "PKCS", "X509"];
const MAX_LABEL: usize = 50;
const MAX_LINE: usize = 300;

fn has_word(text: &[u8], word: &[u8]) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
        && text.get(word.len()).is_some_and(|after| !after.is_ascii_alphanumeric())
}

/// Where the dashes in front of a word begin, and how many: hyphens, or what word processors make of them.
fn dashes_before(text: &[u8]) -> Option<(usize, usize)> {
    let blanks = text.iter().rev().take(2).take_while(|byte| **byte == b' ').count();
    let mut start = text.len() - blanks;
    let mut count = 0;
    while count < 100 {
        let before = &text[..start];
        let width = match before {
            [.., b'-'] => 1,
            // U+2010 to U+2015, U+2212, U+FE58, U+FF0D.
            [.., 0xe2, 0x80, 0x90..=0x95]
            | [.., 0xe2, 0x88, 0x92]
            | [.., 0xef, 0xb9, 0x98]
            | [.., 0xef, 0xbc, 0x8d] => 3,
            // The dashes of Windows-1252.
            [.., 0x96 | 0x97] => 1,
            _ => break,
        };
        start -= width;
        count += 1;
    }
    (count > 0).then_some((start, count))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spoilt_lines_are_found() {
        for line in [
            "----BEGIN CERTIFICATE----",
            "—--BEGIN CERTIFICATE—--",
            "–––––BEGIN CERTIFICATE–––––",
            "-----Begin Certificate-----",
            "----- BEGIN CERTIFICATE -----",
            "-----BEGIN_CERTIFICATE-----",
            "-----END CERTIFICATE-----",
            "----end rsa private key----",
        ] {
            let text = format!("some words\n{line}\nMIIB\n");
            assert_eq!(find(text.as_bytes()), Some((11, line.to_owned())), "{line}");
        }
    }

    #[test]
    fn other_text_is_left_alone() {
        for text in [
            "Begin forwarded message:",
            "----- begin quote -----",
            "-----BEGIN PGP PUBLIC KEY BLOCK-----",
            "the certificate - begin with the private key",
            "BEGIN CERTIFICATE",
            "well-endowed certificates",
            "a front-end certificate",
            "both ends -- end certificate",
        ] {
            assert_eq!(find(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(picks in proptest::collection::vec(0usize..10, 0..40)) {
            const PIECES: [&[u8]; 10] =
                [b"BEGIN", b"end", b"-", b"\xe2\x80\x94", b" ", b"CERTIFICATE", b"\x96", b"\n", b"e", b"\x80\x90"];
            let text: Vec<u8> = picks.iter().flat_map(|&pick| PIECES[pick]).copied().collect();
            find(&text);
        }
    }
}
