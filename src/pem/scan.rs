//! A lenient PEM scanner: finds the blocks of a damaged file, or says where it cannot be read.
//!
//! It looks for the text `-----BEGIN` and `-----END` anywhere, not for lines, so blocks that are glued,
//! quoted or all on one line are found. Between the two everything that an editor or a mail program adds is
//! dropped, and what is left must be base64: nothing is guessed, and no block is dropped silently.

use std::collections::BTreeMap;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::block::{Damage, DamageKind, PemBlock};
use super::lines::LineCounter;
use super::near_miss;
use super::tidy::tidy;

/// What a text holds.
#[derive(Debug, Default)]
pub struct Scan {
    /// The blocks that can be read, in order.
    pub blocks: Vec<PemBlock>,
    /// What was repaired, each kind once, in the order of lines.
    pub damages: Vec<Damage>,
    /// The blocks that cannot be read. Only the first twenty are kept.
    pub errors: Vec<Error>,
}

/// Why a block cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A BEGIN line without its END line.
    #[error("the block that begins on line {line} has no END line: the file is cut off")]
    Truncated {
        /// Line of the BEGIN.
        line: usize,
    },
    /// The END line names another kind than the BEGIN line.
    #[error("line {line} ends a `{end}`, but line {begin_line} began a `{begin}`")]
    LabelMismatch {
        /// Label of the BEGIN line.
        begin: String,
        begin_line: usize,
        /// Label of the END line.
        end: String,
        line: usize,
    },
    /// A BEGIN or END line that is not well-formed, or one without the other.
    #[error(
        "line {line} reads `{found}`: it is not a correct BEGIN or END line, or its counterpart is missing"
    )]
    Armour { line: usize, found: String },
    /// A label in small letters. No program writes one, so somebody changed it by hand.
    #[error("line {line} begins a `{label}`; a label must be in capital letters")]
    Label { line: usize, label: String },
    /// A character that no base64 text has.
    #[error("line {line} holds {character:?}, which is not allowed in base64 text")]
    Character { line: usize, character: char },
    /// The base64 text has the wrong length or bits left over.
    #[error(
        "the base64 text of the block that begins on line {line} is damaged: characters are missing, or there are too many"
    )]
    Base64 {
        /// Line of the BEGIN.
        line: usize,
    },
}

impl Error {
    /// The line to look at.
    pub fn line(&self) -> usize {
        match self {
            Self::Truncated { line }
            | Self::Armour { line, .. }
            | Self::Label { line, .. }
            | Self::LabelMismatch { line, .. }
            | Self::Character { line, .. }
            | Self::Base64 { line } => *line,
        }
    }
}

/// Errors kept; a file of broken blocks is explained by its first ones.
pub(super) const MAX_ERRORS: usize = 20;
/// Blocks kept, so that memory stays bounded; no honest file has as many.
pub const MAX_BLOCKS: usize = 100_000;

/// Finds every block in `text`, in time linear in its length.
pub fn scan(text: &[u8]) -> Scan {
    scan_from(text, 0)
}

/// As [`scan`], for a part of a file that stands behind `lines_before` line ends.
pub fn scan_from(text: &[u8], lines_before: usize) -> Scan {
    let (tidied, damages) = tidy(text).unzip();
    let text = tidied.as_deref().unwrap_or(text);
    let lines = LineCounter::new(text, lines_before);
    let mut scanner = Scanner { text, lines, damages: BTreeMap::new(), scan: Scan::default() };
    for (kind, offset) in damages.unwrap_or_default() {
        scanner.damage(kind, offset);
    }
    scanner.run()
}

/// Whether a block begins anywhere in `text`.
pub fn has_block(text: &[u8]) -> bool {
    find(text, BEGIN, 0).is_some()
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
const MARK: &[u8] = "\u{feff}".as_bytes();
/// Longest label looked for; the longest in use are about 25 characters.
const MAX_LABEL: usize = 64;
/// Header lines kept of a block; PEM's own encryption has two.
const MAX_HEADERS: usize = 16;
/// What the lines of a well-made block are wide.
const COLUMNS: usize = 64;

/// Padding may be missing, but the last letter may not carry bits that mean nothing: they are a sign of damage.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

struct Scanner<'a> {
    text: &'a [u8],
    lines: LineCounter<'a>,
    damages: BTreeMap<DamageKind, usize>,
    scan: Scan,
}

impl Scanner<'_> {
    fn run(mut self) -> Scan {
        let mut position = 0;
        let mut previous_end = None;
        while let Some((begin, label, body)) = self.next_block(position)
            && self.scan.blocks.len() <= MAX_BLOCKS
        {
            self.look_between(position, begin, previous_end == Some(begin));
            let end = self.read_block(begin, &label, body);
            previous_end = Some(end);
            position = end;
        }
        if self.scan.blocks.len() > MAX_BLOCKS {
            // What follows was not read, so there is nothing to say about it.
        } else if self.scan.blocks.is_empty() {
            self.look_for_spoilt_lines(position, self.text.len());
        } else {
            self.look_between(position, self.text.len(), false);
            if !matches!(self.text.last(), Some(b'\n' | b'\r')) {
                self.damage(DamageKind::MissingFinalNewline, self.text.len());
            }
        }
        let mut damages: Vec<_> =
            self.damages.into_iter().map(|(kind, line)| Damage { kind, line }).collect();
        damages.sort_by_key(|damage| damage.line);
        self.scan.damages = damages;
        self.scan
    }

    /// The next BEGIN line. Those of PGP are around mails, and what is between them is text here.
    fn next_block(&self, mut position: usize) -> Option<(usize, String, usize)> {
        loop {
            let found = self.next_marker(position, self.text.len(), BEGIN)?;
            if !found.1.starts_with("PGP ") {
                return Some(found);
            }
            position = found.2;
        }
    }

    /// Reads the block whose BEGIN stands at `begin`; says where to continue.
    fn read_block(&mut self, begin: usize, label: &str, body: usize) -> usize {
        let begin_line = self.lines.at(begin);
        let stop = find(self.text, BEGIN, body).unwrap_or(self.text.len());
        let Some((end, end_label, after)) = self.next_marker(body, stop, END) else {
            self.error(Error::Truncated { line: begin_line });
            return stop;
        };
        if end_label != label {
            let line = self.lines.at(end);
            self.error(Error::LabelMismatch { begin: label.into(), begin_line, end: end_label, line });
            return after;
        }
        if label.bytes().any(|byte| byte.is_ascii_lowercase()) {
            self.error(Error::Label { line: begin_line, label: label.into() });
            return after;
        }
        // PGP puts `- ` before lines that begin with a hyphen (RFC 9580 section 7.2).
        let end = if self.text[body..end].ends_with(b"\n- ") { end - 2 } else { end };
        match self.read_body(body, end) {
            Ok((headers, der)) => {
                let lines = (begin_line, self.lines.at(end));
                let block = PemBlock { label: label.into(), der, headers, lines };
                self.scan.blocks.push(block);
            }
            Err(error) => self.error(error.unwrap_or(Error::Base64 { line: begin_line })),
        }
        after
    }

    /// Decodes what stands between the BEGIN and END lines; `None` as the error means damaged base64.
    #[expect(clippy::type_complexity, reason = "the two parts of a body")]
    fn read_body(
        &mut self,
        start: usize,
        end: usize,
    ) -> Result<(Vec<(String, String)>, Zeroizing<Vec<u8>>), Option<Error>> {
        let mut headers = Vec::new();
        let mut letters = Zeroizing::new(Vec::with_capacity(end - start));
        // Width of the line before, to tell a short last line from lines of odd width.
        let mut last_width = None;
        let mut blank = None;
        let mut position = start;
        while position < end {
            let (line_end, next) = self.line_end(position, end);
            let line = &self.text[position..line_end];
            if line_end == end && position == start {
                self.damage(DamageKind::OneLine, position);
            }
            if letters.is_empty()
                && let Some(header) = header(line)
            {
                if headers.len() < MAX_HEADERS {
                    headers.push(header);
                }
            } else {
                let before = letters.len();
                self.read_line(position, line, &mut letters)?;
                let width = letters.len() - before;
                if width > 0 {
                    if let Some(offset) = blank.take() {
                        self.damage(DamageKind::BlankLines, offset);
                    }
                    if width > COLUMNS || last_width.is_some_and(|last| last < COLUMNS) {
                        self.damage(DamageKind::LineLength, position);
                    }
                    last_width = Some(width);
                } else if position > start && headers.is_empty() {
                    blank.get_or_insert(position);
                }
            }
            position = next;
        }
        if end > start && matches!(self.text[end - 1], b' ' | b'\t') {
            self.damage(DamageKind::Indented, end);
        }
        let der = BASE64.decode(&*letters).map_err(|_| None)?;
        if der.is_empty() {
            return Err(None);
        }
        Ok((headers, Zeroizing::new(der)))
    }

    /// Where the line at `position` ends, and where the next one begins: behind LF, CR LF or a lone CR.
    fn line_end(&mut self, position: usize, end: usize) -> (usize, usize) {
        let Some(length) = memchr::memchr2(b'\n', b'\r', &self.text[position..end]) else {
            return (end, end);
        };
        let at = position + length;
        (at, at + self.line_break(at).max(1))
    }

    /// How many bytes the line break at `at` has; notes the unusual ones.
    fn line_break(&mut self, at: usize) -> usize {
        match (self.text.get(at), self.text.get(at + 1)) {
            (Some(b'\r'), Some(b'\n')) => {
                self.damage(DamageKind::CarriageReturns, at);
                2
            }
            (Some(b'\r'), _) => {
                self.damage(DamageKind::LoneCarriageReturns, at);
                1
            }
            (Some(b'\n'), _) => 1,
            _ => 0,
        }
    }

    /// Takes the base64 letters of one line, and drops what editors and mail programs add.
    fn read_line(
        &mut self,
        offset: usize,
        line: &[u8],
        letters: &mut Zeroizing<Vec<u8>>,
    ) -> Result<(), Option<Error>> {
        let mut at = 0;
        let mut line_began = false;
        let mut leading_blank = None;
        while let Some(&byte) = line.get(at) {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=' => {
                    letters.push(byte);
                    line_began = true;
                    if let Some(offset) = leading_blank.take() {
                        self.damage(DamageKind::Indented, offset);
                    }
                }
                b' ' | b'\t' if line_began => {}
                b' ' | b'\t' => {
                    leading_blank.get_or_insert(offset + at);
                }
                b'>' | b'|' if !line_began => self.damage(DamageKind::Indented, offset + at),
                // A string of a program, or a list of them, each line in quotes.
                b'"' | b'\'' | b'`' if let Some(length) = quotes(&line[at..], line_began) => {
                    self.damage(DamageKind::Escaped, offset + at);
                    at += length - 1;
                }
                0 | 0x1a => self.damage(DamageKind::Padding, offset + at),
                b'\\' if matches!(line.get(at + 1), Some(b'n' | b'r')) => {
                    self.damage(DamageKind::LiteralEscapes, offset + at);
                    at += 1;
                }
                _ if line[at..].starts_with(MARK) => {
                    self.damage(DamageKind::ByteOrderMark, offset + at);
                    at += MARK.len() - 1;
                }
                _ => {
                    let line_number = self.lines.at(offset + at);
                    let character = String::from_utf8_lossy(&line[at..line.len().min(at + 4)])
                        .chars()
                        .next()
                        .unwrap_or(char::REPLACEMENT_CHARACTER);
                    return Err(Some(Error::Character { line: line_number, character }));
                }
            }
            at += 1;
        }
        Ok(())
    }

    /// Notes what stands between two blocks, or before the first and after the last.
    fn look_between(&mut self, start: usize, end: usize, after_block: bool) {
        if after_block {
            self.damage(DamageKind::Glued, end);
            return;
        }
        self.look_for_spoilt_lines(start, end);
        let mut at = start;
        while at < end {
            let rest = &self.text[at..end];
            match rest[0] {
                b'\n' | b'\r' => at += self.line_break(at) - 1,
                b' ' | b'\t' => {}
                b'>' | b'|' => self.damage(DamageKind::Indented, at),
                0 | 0x1a => self.damage(DamageKind::Padding, at),
                _ if rest.starts_with(MARK) => {
                    self.damage(DamageKind::ByteOrderMark, at);
                    at += MARK.len() - 1;
                }
                _ if rest.starts_with(b"\\n") || rest.starts_with(b"\\r") => {
                    self.damage(DamageKind::LiteralEscapes, at);
                    at += 1;
                }
                _ => {
                    // Text, such as openssl's listing of the certificate: its inner blanks say nothing more.
                    self.damage(DamageKind::TextAround, at);
                    break;
                }
            }
            at += 1;
        }
        if end < self.text.len() && end > start && matches!(self.text[end - 1], b' ' | b'\t') {
            self.damage(DamageKind::Indented, end);
        }
    }

    /// A block whose BEGIN or END is spoilt would otherwise pass for text.
    fn look_for_spoilt_lines(&mut self, start: usize, end: usize) {
        if let Some((offset, found)) = self.text.get(start..end).and_then(near_miss::find) {
            let line = self.lines.at(start + offset);
            self.error(Error::Armour { line, found });
        }
    }

    /// The next `-----BEGIN label-----` or END that starts between `position` and `stop`: its start, label and end.
    fn next_marker(&self, position: usize, stop: usize, marker: &[u8]) -> Option<(usize, String, usize)> {
        let mut from = position;
        loop {
            let start = find(&self.text[..stop], marker, from)?;
            let label_start = start + marker.len();
            let window = &self.text[label_start..self.text.len().min(label_start + MAX_LABEL + DASHES.len())];
            let label_end = find(window, DASHES, 0);
            if let Some(length) = label_end
                && let Ok(label) = std::str::from_utf8(&window[..length])
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'#' | b'/'))
            {
                return Some((start, label.to_owned(), label_start + length + DASHES.len()));
            }
            from = label_start;
        }
    }

    fn damage(&mut self, kind: DamageKind, offset: usize) {
        if !self.damages.contains_key(&kind) {
            let line = self.lines.at(offset);
            self.damages.insert(kind, line);
        }
    }

    fn error(&mut self, error: Error) {
        if self.scan.errors.len() < MAX_ERRORS {
            self.scan.errors.push(error);
        }
    }
}

/// How long the run of quotes is that begins here, with what programs put between and behind them. Behind letters it
/// must end the line, or open the next string of a list.
fn quotes(rest: &[u8], line_began: bool) -> Option<usize> {
    let is_quote = |byte: u8| matches!(byte, b'"' | b'\'' | b'`');
    let between = |byte: u8| matches!(byte, b',' | b';' | b')' | b']' | b'\\' | b' ' | b'\t');
    let length = rest.iter().take_while(|&&byte| is_quote(byte) || between(byte)).count();
    let ends_line = length == rest.len();
    let opens_next = rest[..length].iter().filter(|&&byte| is_quote(byte)).count() > 1;
    if ends_line || opens_next {
        Some(length)
    } else if line_began {
        None
    } else {
        Some(1)
    }
}

/// `Proc-Type: 4,ENCRYPTED` and the like. Base64 text has no colon.
fn header(line: &[u8]) -> Option<(String, String)> {
    let line = std::str::from_utf8(line).ok()?;
    let (name, value) = line.split_once(':')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_name.then(|| (name.to_owned(), value.trim().to_owned()))
}

/// Where `needle` next occurs in `text` at or after `from`.
fn find(text: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    memchr::memmem::find(text.get(from..)?, needle).map(|offset| from + offset)
}
