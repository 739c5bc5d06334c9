//! Asking a mail, directory or database server to switch to TLS on the same connection.
//!
//! Each dialogue is a plain function over something that reads and writes. Answers are bounded. Plain text after the
//! server's consent is refused: a program that reads on would treat it as protected, though an on-path attacker can have
//! written it (the family of CVE-2011-0411 and CVE-2021-23222).

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Read, Write};

use crate::sys::fs::plain;

/// The longest line that is read; RFC 5321 has 512 bytes, IMAP's lists of capabilities are longer.
const MAX_LINE: usize = 8 << 10;
/// Lines of one answer.
const MAX_LINES: usize = 200;

/// A protocol with a command to begin TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starttls {
    /// RFC 9051 section 6.2.1.
    Imap,
    /// RFC 4511 section 4.14.
    Ldap,
    /// RFC 2595 section 4.
    Pop3,
    /// The SSLRequest of PostgreSQL's protocol.
    Postgres,
    /// RFC 3207.
    Smtp,
}

impl Starttls {
    /// In the order of the help.
    pub const ALL: &[Self] = &[Self::Smtp, Self::Imap, Self::Pop3, Self::Ldap, Self::Postgres];

    /// The word that users choose it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Imap => "imap",
            Self::Ldap => "ldap",
            Self::Pop3 => "pop3",
            Self::Postgres => "postgres",
            Self::Smtp => "smtp",
        }
    }

    /// Whether its commands are lines of text, several of which may come in one packet.
    pub(super) const fn has_lines(self) -> bool {
        matches!(self, Self::Imap | Self::Pop3 | Self::Smtp)
    }

    /// The port where none is named. For mail it is that of submission: port 25 is closed to most clients.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Imap => 143,
            Self::Ldap => 389,
            Self::Pop3 => 110,
            Self::Postgres => 5432,
            Self::Smtp => 587,
        }
    }
}

impl fmt::Display for Starttls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Imap => "IMAP",
            Self::Ldap => "LDAP",
            Self::Pop3 => "POP3",
            Self::Postgres => "PostgreSQL",
            Self::Smtp => "SMTP",
        })
    }
}

/// Why the connection did not switch to TLS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StarttlsError {
    #[error("the server speaks {0}, but does not offer TLS: everything is sent unencrypted")]
    NotOffered(Starttls),
    #[error("the server refused to start TLS: {0}")]
    Refused(String),
    #[error("the server does not speak {protocol}: {}", speech(.said))]
    NotSpoken { protocol: Starttls, said: String },
    /// Plain text after the consent.
    #[error(
        "{0} bytes of plain text followed the server's consent to TLS; an on-path attacker may \
         have inserted them, and a careless client treats them as protected"
    )]
    Injected(usize),
    #[error("the connection failed before TLS began: {}", plain(.0))]
    Io(#[source] io::Error),
}

impl StarttlsError {
    /// Whether what came instead is TLS: an alert, because the server took our command for a broken hello.
    pub fn is_tls_already(&self) -> bool {
        matches!(self, Self::NotSpoken { said, .. } if is_tls(said))
    }
}

fn is_tls(said: &str) -> bool {
    said.starts_with(['\u{15}', '\u{16}'])
}

fn speech(said: &str) -> String {
    if is_tls(said) { "it speaks TLS from the first byte".to_owned() } else { format!("it says: {said}") }
}

impl From<io::Error> for StarttlsError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Leads the connection to the point where TLS begins. `name` is what the client calls itself to a mail server. With
/// `is_stuffed` the last command has another one after it in the same packet, as an on-path attacker could add it: a
/// server must discard that one, and not answer it inside TLS.
///
/// # Errors
/// When the server does not speak the protocol, does not offer TLS or refuses it, or the connection fails.
pub(super) fn begin(
    protocol: Starttls,
    wire: &mut (impl Read + Write),
    name: &str,
    is_stuffed: bool,
) -> Result<(), StarttlsError> {
    let mut dialogue = Dialogue { protocol, wire, is_stuffed, pending: Vec::new() };
    match protocol {
        Starttls::Imap => dialogue.imap(),
        Starttls::Ldap => dialogue.ldap(),
        Starttls::Pop3 => dialogue.pop3(),
        Starttls::Postgres => dialogue.postgres(),
        Starttls::Smtp => dialogue.smtp(name),
    }?;
    match dialogue.pending.len() {
        0 => Ok(()),
        bytes => Err(StarttlsError::Injected(bytes)),
    }
}

struct Dialogue<'a, W> {
    protocol: Starttls,
    wire: &'a mut W,
    is_stuffed: bool,
    /// Bytes that have come and were not read yet.
    pending: Vec<u8>,
}

impl<W: Read + Write> Dialogue<'_, W> {
    fn smtp(&mut self, name: &str) -> Result<(), StarttlsError> {
        let (greeting, said) = self.smtp_answer()?;
        if greeting != 220 {
            return Err(StarttlsError::Refused(said.join(" ")));
        }
        self.say(&format!("EHLO {name}\r\n"))?;
        let (status, offers) = self.smtp_answer()?;
        if status != 250 {
            return Err(StarttlsError::Refused(offers.join(" ")));
        }
        if !offers.iter().any(|offer| offer.trim().eq_ignore_ascii_case("STARTTLS")) {
            return Err(StarttlsError::NotOffered(self.protocol));
        }
        self.say_last("STARTTLS\r\n", "NOOP\r\n")?;
        match self.smtp_answer()? {
            (220, _) => Ok(()),
            (_, said) => Err(StarttlsError::Refused(said.join(" "))),
        }
    }

    /// A status and the texts of its lines (RFC 5321 section 4.2).
    fn smtp_answer(&mut self) -> Result<(u16, Vec<String>), StarttlsError> {
        let mut texts = Vec::new();
        for _ in 0..MAX_LINES {
            let line = self.line()?;
            let status = line.get(..3).and_then(|digits| digits.parse().ok());
            let Some(status) = status else { return Err(self.not_spoken(line)) };
            texts.push(line.get(4..).unwrap_or_default().to_owned());
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok((status, texts));
            }
        }
        Err(self.not_spoken(texts.swap_remove(0)))
    }

    fn imap(&mut self) -> Result<(), StarttlsError> {
        let greeting = self.line()?;
        if !greeting.to_ascii_uppercase().starts_with("* OK") {
            let is_imap = greeting.starts_with("* ");
            return Err(if is_imap { StarttlsError::Refused(greeting) } else { self.not_spoken(greeting) });
        }
        let offers = self.imap_command("a1", "CAPABILITY")?;
        if !offers.split_whitespace().any(|offer| offer.eq_ignore_ascii_case("STARTTLS")) {
            return Err(StarttlsError::NotOffered(self.protocol));
        }
        let another = if self.is_stuffed { "\r\na3 NOOP" } else { "" };
        self.imap_command("a2", &format!("STARTTLS{another}")).map(drop)
    }

    /// The untagged lines before the tagged "OK".
    fn imap_command(&mut self, tag: &str, command: &str) -> Result<String, StarttlsError> {
        self.say(&format!("{tag} {command}\r\n"))?;
        let mut untagged = String::new();
        for _ in 0..MAX_LINES {
            let line = self.line()?;
            match line.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')) {
                Some(rest) if rest.to_ascii_uppercase().starts_with("OK") => return Ok(untagged),
                Some(rest) => return Err(StarttlsError::Refused(rest.to_owned())),
                None => {
                    untagged.push_str(&line);
                    untagged.push('\n');
                }
            }
        }
        Err(self.not_spoken("hundreds of lines".into()))
    }

    fn pop3(&mut self) -> Result<(), StarttlsError> {
        let greeting = self.line()?;
        if !greeting.starts_with("+OK") {
            let is_pop3 = greeting.starts_with("-ERR");
            return Err(if is_pop3 { StarttlsError::Refused(greeting) } else { self.not_spoken(greeting) });
        }
        self.say("CAPA\r\n")?;
        // A server that does not know CAPA (RFC 2449) may still know STLS.
        if self.line()?.starts_with("+OK") {
            let mut is_offered = false;
            for number in 0.. {
                let line = self.line()?;
                match line.as_str() {
                    "." => break,
                    _ if number == MAX_LINES => return Err(self.not_spoken(line)),
                    _ => is_offered |= line.trim().eq_ignore_ascii_case("STLS"),
                }
            }
            if !is_offered {
                return Err(StarttlsError::NotOffered(self.protocol));
            }
        }
        self.say_last("STLS\r\n", "CAPA\r\n")?;
        let answer = self.line()?;
        if answer.starts_with("+OK") { Ok(()) } else { Err(StarttlsError::Refused(answer)) }
    }

    fn ldap(&mut self) -> Result<(), StarttlsError> {
        // LDAPMessage { messageID 1, ExtendedRequest { requestName 1.3.6.1.4.1.1466.20037 } }
        let mut request = vec![0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16];
        request.extend(b"1.3.6.1.4.1.1466.20037");
        self.send(&request)?;
        let message = self.ber()?;
        match ldap_result(&message) {
            Some((0, _)) => Ok(()),
            // protocolError: it does not know the request (RFC 4511 section 4.14.2).
            Some((2, _)) => Err(StarttlsError::NotOffered(self.protocol)),
            Some((code, text)) => Err(StarttlsError::Refused(
                format!("result {code} {}", String::from_utf8_lossy(text)).trim().into(),
            )),
            None => Err(self.not_spoken(String::from_utf8_lossy(&message).into_owned())),
        }
    }

    fn postgres(&mut self) -> Result<(), StarttlsError> {
        // Length 8, and the number 80877103.
        self.send(&[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])?;
        match self.take(1)?.first() {
            Some(b'S') => Ok(()),
            Some(b'N') => Err(StarttlsError::NotOffered(self.protocol)),
            _ => {
                let said = String::from_utf8_lossy(&self.pending).into_owned();
                Err(self.not_spoken(said))
            }
        }
    }

    fn not_spoken(&self, said: String) -> StarttlsError {
        StarttlsError::NotSpoken { protocol: self.protocol, said: said.chars().take(100).collect() }
    }

    fn say(&mut self, command: &str) -> Result<(), StarttlsError> {
        self.send(command.as_bytes())
    }

    fn say_last(&mut self, command: &str, another: &str) -> Result<(), StarttlsError> {
        self.say(&format!("{command}{}", if self.is_stuffed { another } else { "" }))
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), StarttlsError> {
        self.wire.write_all(bytes)?;
        Ok(self.wire.flush()?)
    }

    /// The next line without its end.
    fn line(&mut self) -> Result<String, StarttlsError> {
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<_> = self.pending.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
            }
            if self.pending.len() > MAX_LINE {
                let start = String::from_utf8_lossy(&self.pending).into_owned();
                return Err(self.not_spoken(start));
            }
            self.more()?;
        }
    }

    fn take(&mut self, count: usize) -> Result<Vec<u8>, StarttlsError> {
        while self.pending.len() < count {
            self.more()?;
        }
        Ok(self.pending.drain(..count).collect())
    }

    /// One SEQUENCE of BER, as LDAP has it, without its header.
    fn ber(&mut self) -> Result<Vec<u8>, StarttlsError> {
        let head = self.take(2)?;
        let length = match head[..] {
            [0x30, short @ 0..=0x7f] => Some(usize::from(short)),
            [0x30, long @ 0x81..=0x84] => {
                let bytes = self.take(usize::from(long & 0x7f))?;
                Some(bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
            }
            _ => None,
        };
        match length.filter(|length| *length <= MAX_LINE) {
            Some(length) => self.take(length),
            None => {
                let said = String::from_utf8_lossy(&[&head[..], &self.pending].concat()).into_owned();
                Err(self.not_spoken(said))
            }
        }
    }

    fn more(&mut self) -> Result<(), StarttlsError> {
        let mut chunk = [0; 1024];
        match self.wire.read(&mut chunk)? {
            0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            count => {
                self.pending.extend(chunk.iter().take(count));
                Ok(())
            }
        }
    }
}

/// Result code and text of an ExtendedResponse (RFC 4511 section 4.12).
fn ldap_result(message: &[u8]) -> Option<(u8, &[u8])> {
    let mut rest = message;
    element(&mut rest, 0x02)?;
    let mut response = element(&mut rest, 0x78)?;
    let &[code] = element(&mut response, 0x0a)? else { return None };
    element(&mut response, 0x04)?; // matchedDN
    Some((code, element(&mut response, 0x04)?))
}

/// Takes an element with this tag off the front and gives its content.
fn element<'a>(rest: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (&[found, first], mut after) = rest.split_first_chunk::<2>()?;
    let length = match first {
        0..=0x7f => usize::from(first),
        0x81..=0x84 => {
            let (bytes, behind) = after.split_at_checked(usize::from(first & 0x7f))?;
            after = behind;
            bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
        }
        _ => return None,
    };
    let (content, behind) = after.split_at_checked(length)?;
    *rest = behind;
    (found == tag).then_some(content)
}
