//! SCGI: the variables of a request as a netstring, then its body.
//!
//! ```text
//! length in digits | `:` | (name NUL value NUL)* | `,` | body of CONTENT_LENGTH bytes
//! ```
//!
//! CONTENT_LENGTH comes first, and `SCGI` is `1`. The answer is that of CGI, and ends with the connection.

use super::cgi_vars::Variable;

/// Digits of a netstring's length, at most.
const MOST_DIGITS: usize = 9;

/// Why the head of a request cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What comes first is not the length of a netstring, or its end is not a comma.
    #[error("the SCGI head is not a netstring")]
    Netstring,
    /// The netstring is longer than the caller takes.
    #[error("the variables are longer than {0} bytes")]
    TooLarge(usize),
    /// Names and values that do not end with NUL each.
    #[error("the variables are not pairs of names and values")]
    Pairs,
    /// A variable without a name, or text with a NUL in it.
    #[error("the name or value of a variable is invalid")]
    Name,
    /// It does not begin with CONTENT_LENGTH, or `SCGI` is not `1`.
    #[error("the variables do not begin with CONTENT_LENGTH, or do not contain `SCGI` with the value 1")]
    Incomplete,
}

/// Where the netstring is that a request begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Netstring {
    /// Where its content begins.
    start: usize,
    /// Where it ends, with its comma; the body follows.
    pub end: usize,
}

impl Netstring {
    /// Reads the length at the beginning of `received`; `None` when more of it must come. `limit` is the longest
    /// content that is taken.
    ///
    /// # Errors
    /// Bytes that cannot become a netstring, as early as that can be seen, or one that is too long.
    pub fn find(received: &[u8], limit: usize) -> Result<Option<Self>, Error> {
        let start = received.get(..MOST_DIGITS + 1).unwrap_or(received);
        let digits = start.iter().take_while(|byte| byte.is_ascii_digit()).count();
        match start.get(digits) {
            Some(b':') if digits > 0 => {}
            None if digits <= MOST_DIGITS => return Ok(None),
            _ => return Err(Error::Netstring),
        }
        let number = received.get(..digits).unwrap_or_default();
        // No leading zeros (http://cr.yp.to/proto/netstrings.txt).
        if number.len() > 1 && number.first() == Some(&b'0') {
            return Err(Error::Netstring);
        }
        let length: usize =
            str::from_utf8(number).ok().and_then(|digits| digits.parse().ok()).ok_or(Error::Netstring)?;
        if length > limit {
            return Err(Error::TooLarge(limit));
        }
        let start = digits + 1;
        Ok(Some(Self { start, end: start + length + 1 }))
    }

    /// Its content: the block of variables.
    ///
    /// # Errors
    /// [`Error::Netstring`] if it is not followed by a comma.
    pub fn block(self, received: &[u8]) -> Result<&[u8], Error> {
        received.get(self.start..self.end).and_then(|rest| rest.strip_suffix(b",")).ok_or(Error::Netstring)
    }
}

/// The head of a request.
#[cfg(any(test, feature = "internals"))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead<'a> {
    /// Names and values in the order they were sent.
    pub variables: Vec<Variable<'a>>,
    /// Bytes of the head; the body follows.
    pub length: usize,
}

/// Reads the head at the beginning of `received`; `None` when more of it must come. `limit` is the longest
/// netstring that is taken.
///
/// # Errors
/// Bytes that cannot become the head of a request, as early as that can be seen.
#[cfg(any(test, feature = "internals"))]
pub fn decode_head(received: &[u8], limit: usize) -> Result<Option<RequestHead<'_>>, Error> {
    let Some(netstring) = Netstring::find(received, limit)?.filter(|found| found.end <= received.len())
    else {
        return Ok(None);
    };
    Ok(Some(RequestHead { variables: decode_variables(netstring.block(received)?)?, length: netstring.end }))
}

/// Reads the block of variables: names and values in the order they were sent.
///
/// # Errors
/// [`Error::Pairs`], [`Error::Name`], [`Error::Incomplete`].
pub fn decode_variables(block: &[u8]) -> Result<Vec<Variable<'_>>, Error> {
    let mut texts = block.strip_suffix(b"\0").ok_or(Error::Pairs)?.split(|&byte| byte == 0);
    let mut variables = Vec::with_capacity(32);
    while let Some(name) = texts.next() {
        let value = texts.next().ok_or(Error::Pairs)?;
        if name.is_empty() {
            return Err(Error::Name);
        }
        variables.push((name, value));
    }
    let is_scgi = variables.contains(&(&b"SCGI"[..], &b"1"[..]));
    match variables.first() {
        Some((b"CONTENT_LENGTH", _)) if is_scgi => Ok(variables),
        _ => Err(Error::Incomplete),
    }
}

/// The head of a request in the making.
#[derive(Clone, Debug)]
pub struct RequestWriter {
    block: Vec<u8>,
    is_valid: bool,
}

impl RequestWriter {
    /// A request with a body of so many bytes.
    pub fn new(content_length: u64) -> Self {
        let mut writer = Self { block: Vec::with_capacity(1024), is_valid: true };
        writer.text(b"CONTENT_LENGTH");
        writer.text(content_length.to_string().as_bytes());
        writer.insert(b"SCGI", b"1");
        writer
    }

    /// Adds a variable; CONTENT_LENGTH is there already.
    pub fn insert(&mut self, name: &[u8], value: &[u8]) {
        if name != b"CONTENT_LENGTH" {
            self.is_valid &= !name.is_empty();
            self.text(name);
            self.text(value);
        }
    }

    fn text(&mut self, text: &[u8]) {
        self.is_valid &= !text.contains(&0);
        self.block.extend_from_slice(text);
        self.block.push(0);
    }

    /// The netstring.
    ///
    /// # Errors
    /// [`Error::Name`] for a variable that this protocol cannot say.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        if !self.is_valid {
            return Err(Error::Name);
        }
        let mut head = format!("{}:", self.block.len()).into_bytes();
        head.extend_from_slice(&self.block);
        head.push(b',');
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 65535;

    #[test]
    fn the_bytes_of_the_specification() {
        let mut writer = RequestWriter::new(27);
        writer.insert(b"REQUEST_METHOD", b"POST");
        writer.insert(b"REQUEST_URI", b"/deepthought");
        let head = writer.finish().unwrap();
        let expected =
            b"70:CONTENT_LENGTH\x0027\0SCGI\x001\0REQUEST_METHOD\0POST\0REQUEST_URI\0/deepthought\0,";
        assert_eq!(head.escape_ascii().to_string(), expected.escape_ascii().to_string());
        let read = decode_head(&head, LIMIT).unwrap().unwrap();
        assert_eq!(read.length, head.len());
        assert_eq!(read.variables[2], (&b"REQUEST_METHOD"[..], &b"POST"[..]));
    }

    #[test]
    fn what_is_not_a_head() {
        for (bytes, error) in [
            (&b"x"[..], Error::Netstring),
            (b":", Error::Netstring),
            (b"01:x,", Error::Netstring),
            (b"1234567890", Error::Netstring),
            (b"GET / HTTP/1.1", Error::Netstring),
            (b"65536:", Error::TooLarge(LIMIT)),
            (b"2:A\0;", Error::Netstring),
            (b"0:,", Error::Pairs),
            (b"1:A,", Error::Pairs),
            (b"2:A\0,", Error::Pairs),
            (b"3:\0B\0,", Error::Name),
            (b"4:A\0B\0,", Error::Incomplete),
            (b"17:CONTENT_LENGTH\x000\0,", Error::Incomplete),
            (b"24:SCGI\x001\0CONTENT_LENGTH\x000\0,", Error::Incomplete),
        ] {
            assert_eq!(decode_head(bytes, LIMIT), Err(error), "{}", bytes.escape_ascii());
        }
        let mut writer = RequestWriter::new(0);
        writer.insert(b"A", b"b\0c");
        assert_eq!(writer.finish(), Err(Error::Name));
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read_however_it_comes(
            variables in proptest::collection::vec(("[A-BD-Z]{1,20}", "[a-z\\xe9]{0,20}"), 0..10),
            body: Vec<u8>,
        ) {
            let mut writer = RequestWriter::new(body.len() as u64);
            variables.iter().for_each(|(name, value)| writer.insert(name.as_bytes(), value.as_bytes()));
            let mut bytes = writer.finish().unwrap();
            let length = bytes.len();
            for end in 0..length {
                prop_assert_eq!(decode_head(&bytes[..end], LIMIT), Ok(None));
            }
            bytes.extend_from_slice(&body);
            let head = decode_head(&bytes, LIMIT).unwrap().unwrap();
            prop_assert_eq!(head.length, length);
            let read: Vec<_> = head.variables[2..].iter().map(|(name, value)| (
                String::from_utf8(name.to_vec()).unwrap(), String::from_utf8(value.to_vec()).unwrap(),
            )).collect();
            prop_assert_eq!(read, variables);
        }

        #[test]
        fn no_bytes_panic(bytes in "[0-9]{0,3}:?[A-C\\x00,]{0,40}") {
            let _ = decode_head(bytes.as_bytes(), LIMIT);
        }
    }
}
