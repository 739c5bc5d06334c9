//! The lines of a file of names, read one at a time.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use super::error::{BulkError, LineError, LineProblem, MAX_LINE};
use crate::ca::typed_names::{NameRemark, TypedNames};
use crate::sys::fs::read_limited_from;
use crate::x509::{CertificateName, InvalidName, Purpose};

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
    /// A client's, as it was typed.
    pub(super) common_name: Option<String>,
    pub(super) remarks: Vec<NameRemark>,
    pub(super) number: usize,
}

/// The lines that have a name.
pub(super) struct Lines<'a> {
    reader: Box<dyn BufRead + Send + 'a>,
    number: usize,
    purpose: Purpose,
}

impl Line {
    /// What its files are called: a person's name, or the first of the others.
    pub(super) fn file_name(&self) -> String {
        let first = self.names.first().map(ToString::to_string);
        let is_person = |typed: &&String| {
            (typed.contains(' ') || !typed.contains('.'))
                && first.as_ref().is_none_or(|first| !first.eq_ignore_ascii_case(typed))
        };
        self.common_name.as_ref().filter(is_person).cloned().or(first).unwrap_or_default()
    }
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

    /// Begins at the first line, whose names are those of servers or clients.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub(super) fn lines(&self, purpose: Purpose) -> Result<Lines<'_>, BulkError> {
        match self {
            Self::Text(text) => Ok(Lines { reader: Box::new(text.as_slice()), number: 0, purpose }),
            Self::File(file) => {
                let open = || {
                    let open = File::open(file)?;
                    if open.metadata()?.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(open) }
                };
                let open = open().map_err(BulkError::Read)?;
                Ok(Lines { reader: Box::new(BufReader::new(open)), number: 0, purpose })
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
            let typed = match self.purpose {
                Purpose::Server => Ok(typed_names(text)).map(|names| (TypedNames::of_server(&names), names)),
                Purpose::Client => client_names(text).map(|names| (TypedNames::of_client(&names), names)),
            };
            let typed = match typed {
                Ok((_, names)) if names.is_empty() => continue,
                Ok((typed, _)) => typed,
                Err(error) => Err(error),
            };
            return match typed {
                Ok(TypedNames { names, common_name, remarks }) => {
                    Some(Ok(Line { names, common_name, remarks, number }))
                }
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

/// The names of a client's line. A comma ends each; between blanks only those that no person has: hosts with a dot,
/// addresses, URIs.
fn client_names(text: &str) -> Result<Vec<&str>, InvalidName> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_comment = |&(at, _): &(usize, &str)| {
        text.get(..at).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t', ',']))
    };
    let end = text.match_indices('#').find(is_comment).map_or(text.len(), |(at, _)| at);
    let mut names = Vec::new();
    for part in text.get(..end).unwrap_or(text).split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let is_other =
            |word: &&str| word.contains(['@', ':', '*', '/']) || word.trim_end_matches('.').contains('.');
        let words = || part.split_whitespace();
        let others = words().filter(is_other).count();
        if part.ends_with('>') || others == 0 {
            names.push(part);
        } else if others == words().count() {
            names.extend(words());
        } else {
            let reason =
                "a comma must stand between a person's name and others, as in `Alice Smith, alice@a.test`";
            return Err(InvalidName { text: part.to_owned(), reason });
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_comments_commas_and_slips() {
        let text =
            b"\xef\xbb\xbf# names\n\na.test, b.test\r\nc.test # the third\nnot..one\n\xff\nd.test".to_vec();
        let source = Source::Text(text);
        let lines: Vec<_> = source.lines(Purpose::Server).unwrap().collect();
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
    fn persons_are_named_as_on_the_command_line() {
        let text = "Alice Smith\nDr. Bob Q. Jones, bob@a.test # the second\nCarol <carol@a.test>\nDave\n\
                    a.test b.test,dev\n#\nErin Blue erin@a.test\nJ\u{f6}rg";
        let source = Source::Text(text.as_bytes().to_vec());
        let lines: Vec<_> = source.lines(Purpose::Client).unwrap().collect();
        let shown = |line: &Result<Line, LineError>| match line {
            Ok(line) => {
                let names: Vec<_> = line.names.iter().map(ToString::to_string).collect();
                format!("{} = {:?} {}", line.file_name(), line.common_name.as_deref(), names.join(" "))
            }
            Err(error) => error.to_string(),
        };
        let shown: Vec<_> = lines.iter().map(shown).collect();
        let mixed = "line 7: `Erin Blue erin@a.test` ";
        assert!(shown[5].starts_with(mixed) && shown[5].contains("a comma must stand"), "{}", shown[5]);
        assert_eq!(
            [&shown[..5], &shown[6..]].concat(),
            [
                "Alice Smith = Some(\"Alice Smith\") ",
                "Dr. Bob Q. Jones = Some(\"Dr. Bob Q. Jones\") bob@a.test",
                "Carol = Some(\"Carol\") carol@a.test",
                "dave = Some(\"Dave\") dave",
                "a.test = Some(\"a.test\") a.test b.test dev",
                "J\u{f6}rg = Some(\"J\u{f6}rg\") ",
            ]
        );
    }

    #[test]
    fn an_endless_line_is_not_read_whole() {
        let source = Source::Text(vec![b'a'; 3 << 20]);
        let lines: Vec<_> = source.lines(Purpose::Server).unwrap().collect();
        assert!(matches!(&lines[..], [Err(LineError { number: 1, problem: LineProblem::TooLong })]));
    }
}
