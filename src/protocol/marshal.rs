//! The part of Python's `marshal` format that certkit and its Python workers speak.
//!
//! `marshal` is C code inside every Python, so a worker decodes a whole request, or encodes a whole
//! answer, in well under a microsecond; anything parsed in Python itself costs several times as
//! much. The format is Python's own and not promised to be stable, so only the oldest part is used:
//! the type codes below have been the same since Python 3.4, and `marshal.dumps(value, 2)` writes
//! no others for what a worker sends.
//!
//! | code | value | after the code |
//! |---|---|---|
//! | `N` | `None` | |
//! | `s` | bytes | u32 length, the bytes |
//! | `z` | str | u8 length, ASCII |
//! | `a` | str | u32 length, ASCII |
//! | `u` | str | u32 length, UTF-8 |
//! | `(` | tuple | u32 count, the items |
//! | `[` | list | u32 count, the items |
//! | `{` | dict | key, value, key, value, ..., `0` |
//!
//! All numbers are little endian. Writing goes to the worker, which trusts it; reading is of bytes
//! that the application may have had its hands on, so [`Reader`] checks every length against what
//! is there and never allocates by a count that was only claimed.

/// A marshalled dict of native strings (PEP 3333: every `str` holds only code points up to U+00FF)
/// in the making.
#[derive(Debug)]
pub struct DictWriter {
    bytes: Vec<u8>,
}

impl DictWriter {
    pub fn new() -> Self {
        // Large enough for the headers of most browsers.
        let mut bytes = Vec::with_capacity(1024);
        bytes.push(b'{');
        Self { bytes }
    }

    /// Adds a key (ASCII) and a value (latin-1). A key that comes twice keeps its last value.
    pub fn insert(&mut self, key: &[u8], value: &[u8]) {
        write_str(&mut self.bytes, key);
        write_str(&mut self.bytes, value);
    }

    /// Whether nothing was added yet.
    pub fn is_empty(&self) -> bool {
        self.bytes.len() == 1
    }

    /// The dict as one marshal object.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.push(b'0');
        self.bytes
    }
}

impl Default for DictWriter {
    fn default() -> Self {
        Self::new()
    }
}

/// Begins a list of `count` items, which follow.
pub fn write_list(out: &mut Vec<u8>, count: u32) {
    out.push(b'[');
    out.extend_from_slice(&count.to_le_bytes());
}

/// Begins a tuple of `count` items, which follow.
pub fn write_tuple(out: &mut Vec<u8>, count: u32) {
    out.push(b'(');
    out.extend_from_slice(&count.to_le_bytes());
}

pub fn write_none(out: &mut Vec<u8>) {
    out.push(b'N');
}

/// Writes bytes. What is longer than a u32 can say does not fit into a message either; it is cut
/// here.
pub fn write_bytes(out: &mut Vec<u8>, value: &[u8]) {
    out.push(b's');
    write_long(out, value);
}

/// Writes a native string: latin-1 bytes become the code points of the same numbers.
pub fn write_str(out: &mut Vec<u8>, value: &[u8]) {
    if !value.is_ascii() {
        out.push(b'u');
        let text: String = value.iter().copied().map(char::from).collect();
        write_long(out, text.as_bytes());
    } else if let Ok(length) = u8::try_from(value.len()) {
        out.extend_from_slice(&[b'z', length]);
        out.extend_from_slice(value);
    } else {
        out.push(b'a');
        write_long(out, value);
    }
}

fn write_long(out: &mut Vec<u8>, value: &[u8]) {
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(value.get(..length as usize).unwrap_or(value));
}

/// Why bytes are not the marshal object that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes end too early.
    #[error("the marshalled data is truncated")]
    Truncated,
    /// Another type than expected.
    #[error("marshal type {found:?} where {expected} was expected")]
    WrongType {
        /// What the format wants at this place.
        expected: &'static str,
        /// The type code that is there.
        found: char,
    },
    /// A tuple of another length than expected.
    #[error("a tuple of {found} items where {expected} were expected")]
    WrongCount {
        /// What the format wants.
        expected: u32,
        found: u32,
    },
    /// A `str` that is not UTF-8.
    #[error("a string is not UTF-8")]
    BadText,
    /// Something follows the object.
    #[error("{0} bytes after the marshalled data")]
    Trailing(usize),
}

/// Reads marshal objects front to back, each with the type that the caller expects.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the beginning of these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The head of a list: the number of items that follow.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::WrongType`].
    pub fn list(&mut self) -> Result<u32, Error> {
        self.expect("a list", b"[")?;
        self.number()
    }

    /// The head of a tuple of exactly this many items.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::WrongType`], [`Error::WrongCount`].
    pub fn tuple(&mut self, expected: u32) -> Result<(), Error> {
        self.expect("a tuple", b"(")?;
        match self.number()? {
            found if found == expected => Ok(()),
            found => Err(Error::WrongCount { expected, found }),
        }
    }

    /// # Errors
    /// [`Error::Truncated`], [`Error::WrongType`].
    pub fn bytes(&mut self) -> Result<&'a [u8], Error> {
        self.expect("bytes", b"s")?;
        self.long()
    }

    /// # Errors
    /// [`Error::Truncated`], [`Error::WrongType`], [`Error::BadText`].
    pub fn text(&mut self) -> Result<&'a str, Error> {
        self.expect("a string", b"u")?;
        std::str::from_utf8(self.long()?).map_err(|_| Error::BadText)
    }

    /// Makes sure that nothing is left.
    ///
    /// # Errors
    /// [`Error::Trailing`].
    pub fn end(&self) -> Result<(), Error> {
        match self.rest.len() {
            0 => Ok(()),
            length => Err(Error::Trailing(length)),
        }
    }

    fn expect(&mut self, expected: &'static str, code: &[u8; 1]) -> Result<(), Error> {
        let [found] = *self.take::<1>()?;
        if found == code[0] { Ok(()) } else { Err(Error::WrongType { expected, found: char::from(found) }) }
    }

    fn long(&mut self) -> Result<&'a [u8], Error> {
        let length = self.number()? as usize;
        let (value, rest) = self.rest.split_at_checked(length).ok_or(Error::Truncated)?;
        self.rest = rest;
        Ok(value)
    }

    fn number(&mut self) -> Result<u32, Error> {
        self.take().copied().map(u32::from_le_bytes)
    }

    fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], Error> {
        let (value, rest) = self.rest.split_first_chunk().ok_or(Error::Truncated)?;
        self.rest = rest;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    /// What `python3 -c code` prints, given `input`; `None`, with a message, without python3.
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    fn python(code: &str, input: &[u8]) -> Option<Vec<u8>> {
        let child =
            Command::new("python3").args(["-c", code]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let Ok(mut child) = child else {
            eprintln!("skipped: no python3");
            return None;
        };
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        Some(output.stdout)
    }

    #[test]
    fn a_dict_byte_by_byte() {
        let mut dict = DictWriter::new();
        assert!(dict.is_empty());
        dict.insert(b"A", b"b");
        dict.insert(b"L", "\u{e9}".as_bytes());
        assert!(!dict.is_empty());
        assert_eq!(dict.finish(), b"{z\x01Az\x01bz\x01Lu\x04\0\0\0\xc3\x83\xc2\xa90");
    }

    #[test]
    fn lengths_around_the_short_form() {
        for (length, code) in [(0, b'z'), (255, b'z'), (256, b'a')] {
            let mut out = Vec::new();
            write_str(&mut out, &vec![b'x'; length]);
            assert_eq!(out[0], code, "{length}");
        }
    }

    #[test]
    fn python_reads_what_is_written() {
        let mut out = Vec::new();
        write_list(&mut out, 4);
        write_tuple(&mut out, 2);
        write_bytes(&mut out, b"\0\xff");
        write_none(&mut out);
        write_str(&mut out, &[b'x'; 300]);
        let every: Vec<u8> = (0..=255).collect();
        write_str(&mut out, &every);
        let mut dict = DictWriter::new();
        dict.insert(b"HTTP_HOST", b"localhost");
        out.extend_from_slice(&dict.finish());
        let code = "import marshal, sys\n\
            value = marshal.loads(sys.stdin.buffer.read())\n\
            assert value == [(b'\\0\\xff', None), 'x' * 300, bytes(range(256)).decode('latin-1'), \
            {'HTTP_HOST': 'localhost'}], value\n\
            print('same')";
        if let Some(answer) = python(code, &out) {
            assert_eq!(answer, b"same\n");
        }
    }

    #[test]
    fn what_python_writes_is_read() {
        let code = "import marshal, sys\n\
            sys.stdout.buffer.write(marshal.dumps([(b'12345678', '200 OK', [('a', '\\xe9')], b'body')], 2))";
        let Some(bytes) = python(code, b"") else { return };
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.list(), Ok(1));
        reader.tuple(4).unwrap();
        assert_eq!(reader.bytes(), Ok(&b"12345678"[..]));
        assert_eq!(reader.text(), Ok("200 OK"));
        assert_eq!(reader.list(), Ok(1));
        reader.tuple(2).unwrap();
        assert_eq!(reader.text(), Ok("a"));
        assert_eq!(reader.text(), Ok("\u{e9}"));
        assert_eq!(reader.bytes(), Ok(&b"body"[..]));
        reader.end().unwrap();
    }

    #[test]
    fn damage_has_a_name() {
        assert_eq!(Reader::new(b"").list(), Err(Error::Truncated));
        assert_eq!(Reader::new(b"[\x01\0").list(), Err(Error::Truncated));
        assert_eq!(Reader::new(b"s\xff\xff\xff\xffabc").bytes(), Err(Error::Truncated));
        assert_eq!(Reader::new(b"N").bytes(), Err(Error::WrongType { expected: "bytes", found: 'N' }));
        assert_eq!(Reader::new(b"(\x03\0\0\0").tuple(2), Err(Error::WrongCount { expected: 2, found: 3 }));
        // `surrogatepass` lets Python write lone surrogates, which are not UTF-8.
        assert_eq!(Reader::new(b"u\x03\0\0\0\xed\xa0\x80").text(), Err(Error::BadText));
        assert_eq!(Reader::new(b"x").end(), Err(Error::Trailing(1)));
    }

    proptest! {
        #[test]
        fn no_bytes_panic_the_reader(bytes: Vec<u8>, steps in proptest::collection::vec(0..4u8, 0..20)) {
            let mut reader = Reader::new(&bytes);
            for step in steps {
                let _ = match step {
                    0 => reader.list().map(|_| ()),
                    1 => reader.tuple(2),
                    2 => reader.bytes().map(|_| ()),
                    _ => reader.text().map(|_| ()),
                };
            }
        }

        #[test]
        fn bytes_come_back(value: Vec<u8>) {
            let mut out = Vec::new();
            write_bytes(&mut out, &value);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.bytes().unwrap(), &value[..]);
            reader.end().unwrap();
        }
    }
}
