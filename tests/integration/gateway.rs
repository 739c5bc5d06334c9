//! Clients of the gateway protocols and of HTTP/1.1: one request on a connection of its own.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

/// A protocol and where it is spoken, as `--listen` has it.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    pub(crate) scheme: String,
    address: Address,
}

#[derive(Clone, Debug)]
enum Address {
    Unix(PathBuf),
    Tcp(String),
}

/// A request; its target is not encoded any further.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) body: &'a [u8],
}

/// What came back, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) status: String,
    /// Names in lower case, sorted.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Listener {
    /// From `scheme[+unix]:[//]ADDRESS`.
    pub(crate) fn parse(text: &str) -> Self {
        let (scheme, address) = text.split_once(':').unwrap();
        let address = address.strip_prefix("//").unwrap_or(address);
        match scheme.strip_suffix("+unix") {
            Some(scheme) => Self { scheme: scheme.to_owned(), address: Address::Unix(address.into()) },
            None => {
                // Without a host it is every address of this machine.
                let port = address.rsplit_once(':').unwrap().1;
                Self { scheme: scheme.to_owned(), address: Address::Tcp(format!("127.0.0.1:{port}")) }
            }
        }
    }

    /// The port of an address that has one.
    pub(crate) fn port(&self) -> u16 {
        match &self.address {
            Address::Unix(path) => panic!("no port: {}", path.display()),
            Address::Tcp(address) => address.rsplit_once(':').unwrap().1.parse().unwrap(),
        }
    }

    /// Whether somebody accepts connections.
    pub(crate) fn accepts(&self) -> bool {
        match &self.address {
            Address::Unix(path) => UnixStream::connect(path).is_ok(),
            Address::Tcp(address) => TcpStream::connect(address).is_ok(),
        }
    }

    /// Asks for a path below a SCRIPT_NAME, by uwsgi.
    pub(crate) fn ask_below(&self, script_name: &str, path_info: &str) -> std::io::Result<Received> {
        let whole = format!("{script_name}{path_info}");
        let mut sent = variables(Asked { method: "GET", path: &whole, query: "", body: b"" });
        sent.retain(|(name, _)| *name != "PATH_INFO");
        sent.extend([("SCRIPT_NAME", script_name.to_owned()), ("PATH_INFO", path_info.to_owned())]);
        let Address::Tcp(address) = &self.address else { panic!("no TCP address") };
        Ok(taken_apart(&exchange(TcpStream::connect(address)?, &uwsgi(&sent, b""))?))
    }

    /// Asks, and reads to the end of the connection.
    pub(crate) fn ask(&self, asked: Asked<'_>) -> std::io::Result<Received> {
        let sent = match self.scheme.as_str() {
            "http" => http(asked),
            "uwsgi" => uwsgi(&variables(asked), asked.body),
            "scgi" => scgi(&variables(asked), asked.body),
            "fcgi" => fcgi(&variables(asked), asked.body),
            other => panic!("no client for {other}"),
        };
        let received = match &self.address {
            Address::Unix(path) => exchange(UnixStream::connect(path)?, &sent)?,
            Address::Tcp(address) => exchange(TcpStream::connect(address)?, &sent)?,
        };
        Ok(taken_apart(&if self.scheme == "fcgi" { contents(&received) } else { received }))
    }
}

trait Stream: Read + Write {
    fn set_limit(&self);
}

impl Stream for TcpStream {
    fn set_limit(&self) {
        self.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    }
}

impl Stream for UnixStream {
    fn set_limit(&self) {
        self.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    }
}

fn exchange(mut stream: impl Stream, sent: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.set_limit();
    stream.write_all(sent)?;
    let mut received = Vec::new();
    stream.read_to_end(&mut received)?;
    Ok(received)
}

/// The parameters as nginx's files have them.
fn variables(asked: Asked<'_>) -> Vec<(&'static str, String)> {
    let uri = if asked.query.is_empty() {
        asked.path.to_owned()
    } else {
        format!("{}?{}", asked.path, asked.query)
    };
    vec![
        ("CONTENT_LENGTH", asked.body.len().to_string()),
        ("QUERY_STRING", asked.query.to_owned()),
        ("REQUEST_METHOD", asked.method.to_owned()),
        ("CONTENT_TYPE", "text/plain".to_owned()),
        ("REQUEST_URI", uri),
        ("PATH_INFO", asked.path.replace("%20", " ")),
        ("DOCUMENT_ROOT", "/usr/share/nginx/html".to_owned()),
        ("SERVER_PROTOCOL", "HTTP/1.1".to_owned()),
        ("REQUEST_SCHEME", "http".to_owned()),
        ("REMOTE_ADDR", "192.0.2.7".to_owned()),
        ("REMOTE_PORT", "4711".to_owned()),
        ("SERVER_PORT", "80".to_owned()),
        ("SERVER_NAME", "front.example".to_owned()),
        ("SCGI", "1".to_owned()),
        ("HTTP_HOST", "front.example".to_owned()),
        ("HTTP_COOKIE", "a=b; c=d".to_owned()),
        ("HTTP_X_ONE", "ein Wert".to_owned()),
    ]
}

fn http(asked: Asked<'_>) -> Vec<u8> {
    let query = if asked.query.is_empty() { String::new() } else { format!("?{}", asked.query) };
    let head = format!(
        "{} {}{query} HTTP/1.1\r\nHost: front.example\r\nConnection: close\r\nCookie: a=b; c=d\r\n\
         X-One: ein Wert\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
        asked.method,
        asked.path,
        asked.body.len()
    );
    [head.as_bytes(), asked.body].concat()
}

fn uwsgi(variables: &[(&str, String)], body: &[u8]) -> Vec<u8> {
    let mut block = Vec::new();
    for word in variables.iter().flat_map(|(name, value)| [*name, value]) {
        block.extend_from_slice(&(word.len() as u16).to_le_bytes());
        block.extend_from_slice(word.as_bytes());
    }
    let size = (block.len() as u16).to_le_bytes();
    [&[0, size[0], size[1], 0], &block[..], body].concat()
}

fn scgi(variables: &[(&str, String)], body: &[u8]) -> Vec<u8> {
    let pairs: String = variables.iter().map(|(name, value)| format!("{name}\0{value}\0")).collect();
    [format!("{}:{pairs},", pairs.len()).as_bytes(), body].concat()
}

fn fcgi(variables: &[(&str, String)], body: &[u8]) -> Vec<u8> {
    let record = |record_type: u8, content: &[u8]| {
        let size = (content.len() as u16).to_be_bytes();
        [&[1, record_type, 0, 1, size[0], size[1], 0, 0], content].concat()
    };
    let mut params = Vec::new();
    for (name, value) in variables {
        params.extend([name.len() as u8, value.len() as u8]);
        params.extend([name.as_bytes(), value.as_bytes()].concat());
    }
    let mut sent = [record(1, &[0, 1, 0, 0, 0, 0, 0, 0]), record(4, &params), record(4, b"")].concat();
    if !body.is_empty() {
        sent.extend(record(5, body));
    }
    [sent, record(5, b"")].concat()
}

/// The contents of the records of standard output.
fn contents(mut records: &[u8]) -> Vec<u8> {
    let mut found = Vec::new();
    while let [_, record_type, _, _, high, low, padding, _, rest @ ..] = records {
        let size = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        if *record_type == 6 {
            found.extend_from_slice(&rest[..size]);
        }
        records = rest.get(size + usize::from(*padding)..).unwrap_or_default();
    }
    found
}

fn taken_apart(received: &[u8]) -> Received {
    let text = String::from_utf8_lossy(received);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let status = first.split_once(' ').map_or(first, |(_, status)| status).to_owned();
    let mut fields: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    fields.sort();
    Received { status, fields, body: body.to_owned() }
}
