//! Lines of any input, with their numbers and a limit to their length.

use std::io::{BufRead, BufReader, Read};

/// The longest line that is kept: more than any bundle with a large revocation list.
const MAX_LINE: usize = 64 << 20;

/// A line and its number, counted from 1.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) number: usize,
    /// The text, or why there is none.
    pub(super) text: Result<Vec<u8>, LineError>,
}

/// Why a line has no text.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    #[error("cannot read the next line: {0}")]
    Io(#[source] std::io::Error),
    #[error("the line is longer than {} MiB", MAX_LINE >> 20)]
    TooLong,
}

/// Reads lines; empty ones are skipped.
pub(super) struct Lines {
    reader: BufReader<Box<dyn Read + Send>>,
    number: usize,
    is_at_end: bool,
}

impl Lines {
    pub(super) fn new(input: Box<dyn Read + Send>) -> Self {
        Self { reader: BufReader::with_capacity(256 << 10, input), number: 0, is_at_end: false }
    }

    /// At least one line, unless the input is at its end, and up to `limit` that are there already: a program that sends
    /// one line and waits gets its answer.
    pub(super) fn chunk(&mut self, limit: usize) -> Vec<Line> {
        let mut chunk = Vec::new();
        while chunk.len() < limit
            && (chunk.is_empty() || memchr::memchr(b'\n', self.reader.buffer()).is_some())
        {
            let Some(line) = self.next() else { break };
            let is_last = line.text.is_err() && self.is_at_end;
            if !line.text.as_ref().is_ok_and(|text| text.trim_ascii().is_empty()) {
                chunk.push(line);
            }
            if is_last {
                break;
            }
        }
        chunk
    }

    fn next(&mut self) -> Option<Line> {
        if self.is_at_end {
            return None;
        }
        self.number += 1;
        let number = self.number;
        let mut text = Vec::new();
        let mut is_too_long = false;
        loop {
            let buffer = match self.reader.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.is_at_end = true;
                    return Some(Line { number, text: Err(LineError::Io(error)) });
                }
            };
            if buffer.is_empty() {
                self.is_at_end = true;
                if text.is_empty() && !is_too_long {
                    return None;
                }
                break;
            }
            let end = memchr::memchr(b'\n', buffer);
            let part = &buffer[..end.unwrap_or(buffer.len())];
            is_too_long |= text.len() + part.len() > MAX_LINE;
            if !is_too_long {
                text.extend_from_slice(part);
            }
            let used = end.map_or(buffer.len(), |end| end + 1);
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        let text = if is_too_long { Err(LineError::TooLong) } else { Ok(text) };
        Some(Line { number, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_numbers_and_a_limit() {
        let mut input = b"one\n\n  \nfour\n".to_vec();
        input.extend(std::iter::repeat_n(b'x', MAX_LINE + 1));
        input.extend(b"\nsix");
        let mut lines = Lines::new(Box::new(std::io::Cursor::new(input)));
        let mut seen = Vec::new();
        loop {
            let chunk = lines.chunk(2);
            if chunk.is_empty() {
                break;
            }
            assert!(chunk.len() <= 2);
            seen.extend(chunk.into_iter().map(|line| (line.number, line.text.ok())));
        }
        let text = |text: &str| Some(text.as_bytes().to_vec());
        assert_eq!(seen, [(1, text("one")), (4, text("four")), (5, None), (6, text("six"))]);
    }
}
