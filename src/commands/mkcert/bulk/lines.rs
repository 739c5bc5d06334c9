//! The lines of a file of names, read one at a time.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use crate::commands::Result;
use crate::commands::issuing::names;
use crate::finding::{Code, Finding, Location};
use crate::operands::input::{MAX_BYTES, cannot_read, name};
use crate::sys::fs::read_limited_from;
use crate::x509::CertificateName;

/// The longest line: some thousand names of full length.
const MAX_LINE: u64 = 1 << 20;

/// Where the lines come from. They are gone through twice.
pub(super) enum Source<'a> {
    /// A file, which is read each time.
    File(&'a str),
    /// Standard input, which can be read once only.
    Text(Vec<u8>),
}

/// The names of one certificate.
pub(super) struct Line {
    /// The names; never none.
    pub(super) names: Vec<CertificateName>,
    /// Where they stand.
    pub(super) location: Location,
}

/// Goes over the lines that have a name.
pub(super) struct Lines<'a> {
    reader: Box<dyn BufRead + Send + 'a>,
    file: &'a str,
    number: usize,
}

impl<'a> Source<'a> {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn open(file: &'a str) -> Result<Self> {
        if file != "-" {
            return Ok(Self::File(file));
        }
        let text = read_limited_from(io::stdin().lock(), MAX_BYTES);
        text.map(Self::Text).map_err(|error| cannot_read(file, error).into())
    }

    /// Begins at the first line.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub(super) fn lines(&self) -> Result<Lines<'_>> {
        match self {
            Self::Text(text) => Ok(Lines { reader: Box::new(text.as_slice()), file: "-", number: 0 }),
            Self::File(file) => {
                let open = || {
                    let open = File::open(file)?;
                    if open.metadata()?.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(open) }
                };
                let open = open().map_err(|error: io::Error| cannot_read(file, error))?;
                Ok(Lines { reader: Box::new(BufReader::new(open)), file, number: 0 })
            }
        }
    }
}

impl Iterator for Lines<'_> {
    type Item = std::result::Result<Line, Box<Finding>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut bytes = Vec::new();
            self.number += 1;
            let location = Location::line(self.file, self.number);
            let wrong = |code, message: String, fix: &str| {
                Some(Err(Box::new(Finding::error(code, message).at(location.clone()).fix(fix))))
            };
            match self.reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes) {
                Ok(0) => return None,
                Ok(read) if read as u64 == MAX_LINE => {
                    // Whatever this is, it is not gone on with.
                    self.reader = Box::new(io::empty());
                    let message = format!("{} has a line of more than {MAX_LINE} bytes", name(self.file));
                    return wrong(Code::TooLarge, message, "write the names of one certificate on each line");
                }
                Ok(_) => {}
                Err(error) => {
                    self.reader = Box::new(io::empty());
                    let message = format!("cannot read {}: {error}", name(self.file));
                    return wrong(Code::Io, message, "look at the file");
                }
            }
            let Ok(text) = std::str::from_utf8(&bytes) else {
                return wrong(Code::InvalidName, "this is no text in UTF-8".into(), "save it again as UTF-8");
            };
            let words = words(text);
            if words.is_empty() {
                continue;
            }
            return Some(match names(&words) {
                Ok(names) => Ok(Line { names, location }),
                Err(mut failure) => {
                    let finding = failure.findings.remove(0); // a failure has at least one
                    Err(Box::new(finding.at(location)))
                }
            });
        }
    }
}

/// The words of a line, between blanks or commas, up to one that begins with `#`.
fn words(text: &str) -> Vec<&str> {
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
                Ok(line) => format!("{}: {}", line.location.lines.unwrap().0, line.names.len()),
                Err(finding) => {
                    format!("{}: {}", finding.location.as_ref().unwrap().lines.unwrap().0, finding.code)
                }
            })
            .collect();
        assert_eq!(shown, ["3: 2", "4: 1", "5: invalid_name", "6: invalid_name", "7: 1"]);
    }

    #[test]
    fn a_line_without_end_is_not_read_to_its_end() {
        let source = Source::Text(vec![b'a'; 3 << 20]);
        let lines: Vec<_> = source.lines().unwrap().collect();
        assert!(matches!(&lines[..], [Err(finding)] if finding.code == Code::TooLarge));
    }
}
