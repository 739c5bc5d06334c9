//! The lines of a file of names, read one at a time.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use super::error::{BulkError, LineError, LineProblem, MAX_LINE};
use crate::ca::names::certificate_names;
use crate::sys::fs::read_limited_from;
use crate::x509::CertificateName;

/// The most that is read from standard input.
const MAX_BYTES: u64 = 64 << 20;

/// Where the lines come from. They are gone through twice.
pub(super) enum Source<'a> {
    /// A file, which is read each time.
    File(&'a str),
    /// Standard input, which can be read once only.
    Text(Vec<u8>),
}

/// The names of one certificate.
pub(super) struct Line {
    pub(super) names: Vec<CertificateName>,
    pub(super) number: usize,
}

/// The lines that have a name.
pub(super) struct Lines<'a> {
    reader: Box<dyn BufRead + Send + 'a>,
    number: usize,
}

impl<'a> Source<'a> {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// When standard input cannot be read.
    pub(super) fn open(file: &'a str) -> Result<Self, BulkError> {
        if file != "-" {
            return Ok(Self::File(file));
        }
        let text = read_limited_from(io::stdin().lock(), MAX_BYTES);
        text.map(Self::Text).map_err(BulkError::Read)
    }

    /// Begins at the first line.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub(super) fn lines(&self) -> Result<Lines<'_>, BulkError> {
        match self {
            Self::Text(text) => Ok(Lines { reader: Box::new(text.as_slice()), number: 0 }),
            Self::File(file) => {
                let open = || {
                    let open = File::open(file)?;
                    if open.metadata()?.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(open) }
                };
                let open = open().map_err(BulkError::Read)?;
                Ok(Lines { reader: Box::new(BufReader::new(open)), number: 0 })
            }
        }
    }
}

impl Iterator for Lines<'_> {
    type Item = Result<Line, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut bytes = Vec::new();
            self.number += 1;
            let number = self.number;
            let wrong = |problem| Some(Err(LineError { number, problem }));
            match self.reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes) {
                Ok(0) => return None,
                Ok(read) if read as u64 == MAX_LINE => {
                    // This is not a file of names; the rest is not read.
                    self.reader = Box::new(io::empty());
                    return wrong(LineProblem::TooLong);
                }
                Ok(_) => {}
                Err(error) => {
                    self.reader = Box::new(io::empty());
                    return wrong(LineProblem::Unreadable(error));
                }
            }
            let Ok(text) = std::str::from_utf8(&bytes) else {
                return wrong(LineProblem::NotUtf8);
            };
            let names = typed_names(text);
            if names.is_empty() {
                continue;
            }
            return match certificate_names(&names) {
                Ok(names) => Some(Ok(Line { names, number })),
                Err(error) => wrong(LineProblem::Name(error)),
            };
        }
    }
}

/// The names of a line, between blanks or commas, up to one that begins with `#`.
fn typed_names(text: &str) -> Vec<&str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| !word.is_empty())
        .take_while(|word| !word.starts_with('#'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_comments_commas_and_slips() {
        let text =
            b"\xef\xbb\xbf# names\n\na.test, b.test\r\nc.test # the third\nnot..one\n\xff\nd.test".to_vec();
        let source = Source::Text(text);
        let lines: Vec<_> = source.lines().unwrap().collect();
        let shown: Vec<_> = lines
            .iter()
            .map(|line| match line {
                Ok(line) => format!("{}: {}", line.number, line.names.len()),
                Err(LineError { number, problem: LineProblem::Name(_) }) => format!("{number}: name"),
                Err(error) => format!("{}: {}", error.number, error.problem),
            })
            .collect();
        assert_eq!(shown, ["3: 2", "4: 1", "5: name", "6: this line is not UTF-8 text", "7: 1"]);
    }

    #[test]
    fn an_endless_line_is_not_read_whole() {
        let source = Source::Text(vec![b'a'; 3 << 20]);
        let lines: Vec<_> = source.lines().unwrap().collect();
        assert!(matches!(&lines[..], [Err(LineError { number: 1, problem: LineProblem::TooLong })]));
    }
}
