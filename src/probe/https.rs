//! One request over a connection whose TLS is done, for the headers that the answer begins with.

use std::io::{self, Read, Write};

/// The longest head that is read.
const MAX_HEAD: usize = 64 << 10;

/// The head of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    pub status: u16,
    /// The fields in their order, names in lower case.
    pub headers: Vec<(String, String)>,
}

impl HttpAnswer {
    /// The first field of this name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every field of this name, in lower case.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The value of Strict-Transport-Security, the first if there are several: only that counts (RFC 6797 section 8.1).
    pub fn hsts(&self) -> Option<&str> {
        self.header("strict-transport-security")
    }

    /// For how many seconds browsers will insist on https; `None` when the header has no such number and is ignored
    /// (RFC 6797 section 6.1).
    pub fn hsts_max_age(&self) -> Option<u64> {
        self.hsts()?.split(';').find_map(|directive| {
            let (name, value) = directive.split_once('=')?;
            let is_it = name.trim().eq_ignore_ascii_case("max-age");
            is_it.then(|| value.trim().trim_matches('"').parse().ok())?
        })
    }
}

/// Asks for the headers of a page.
///
/// # Errors
/// When the connection fails, or what comes is not an HTTP response.
pub(super) fn ask(stream: &mut (impl Read + Write), host: &str, path: &str) -> io::Result<HttpAnswer> {
    let agent = concat!("certkit/", env!("CARGO_PKG_VERSION"));
    let request = format!(
        "HEAD {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    stream.flush()?;
    let mut head = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = match stream.read(&mut chunk) {
            Ok(count) => count,
            // Many servers close without the close_notify alert of TLS.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            Err(error) => return Err(error),
        };
        head.extend(chunk.iter().take(count));
        let is_whole = head.windows(4).any(|end| end == b"\r\n\r\n");
        if is_whole || count == 0 || head.len() > MAX_HEAD {
            let not_http = || io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP/1.1");
            return read_head(&head).ok_or_else(not_http);
        }
    }
}

fn read_head(bytes: &[u8]) -> Option<HttpAnswer> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.take_while(|line| !line.is_empty()).filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Some(HttpAnswer { status, headers: headers.collect() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn max_age(header: &str) -> Option<u64> {
        let headers = vec![("strict-transport-security".into(), header.into())];
        HttpAnswer { status: 200, headers }.hsts_max_age()
    }

    #[test]
    fn heads_are_read() {
        let answer = read_head(
            b"HTTP/1.1 301 Moved\r\nserver: x\r\nstrict-transport-security:  max-age=5; preload \r\n\r\nbody",
        );
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.hsts()), (301, Some("max-age=5; preload")));
        assert_eq!(answer.header("server"), Some("x"));
        let without = read_head(b"HTTP/1.0 200 OK\r\n\r\nStrict-Transport-Security: max-age=1\r\n").unwrap();
        assert_eq!(without.hsts(), None);
        for bad in ["", "HTTP/2", "HTTP/1.1", "HTTP/1.1 OK", "220 mail"] {
            assert_eq!(read_head(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn ages() {
        assert_eq!(max_age("max-age=63072000; includeSubDomains"), Some(63_072_000));
        assert_eq!(max_age("includeSubDomains; MAX-AGE = \"7\""), Some(7));
        assert_eq!(max_age("max-age"), None);
        assert_eq!(max_age("max-age=many"), None);
    }

    proptest! {
        #[test]
        fn any_head_is_accepted(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(answer) = read_head(&[b"HTTP/1.1 200 OK\r\nStrict-Transport-Security:", &bytes[..]].concat()) {
                let _ = answer.hsts_max_age();
            }
            let _ = read_head(&bytes);
        }
    }
}
