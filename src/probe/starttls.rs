//! Asking a mail, directory or database server to switch to TLS on the same connection.
//!
//! Each dialogue is a plain function over something that reads and writes. Answers are bounded. Plain text after the
//! server's consent is refused: a program that reads on would treat it as protected, though an on-path attacker can have
//! written it (the family of CVE-2011-0411 and CVE-2021-23222).

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
    NotSpoken {
        /// What was expected.
        protocol: Starttls,
        /// What came.
        said: String,
    },
    /// Plain text after the consent.
    #[error(
        "{0} bytes of plain text followed the server's consent to TLS; an on-path attacker can have \
         written them, and a careless client treats them as protected"
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

    /// The next bytes.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A server that gives the next answer to each command; the first one comes by itself.
    struct Script {
        says: Vec<Vec<u8>>,
        now: Vec<u8>,
        heard: Vec<u8>,
    }

    impl Script {
        fn new(greeting: &str, answers: &[&[u8]]) -> Self {
            let says = answers.iter().rev().map(|answer| answer.to_vec()).collect();
            Self { says, now: greeting.into(), heard: Vec::new() }
        }

        fn run(&mut self, protocol: Starttls) -> Result<String, StarttlsError> {
            begin(protocol, self, "[127.0.0.1]", false)?;
            Ok(String::from_utf8_lossy(&self.heard).into_owned())
        }
    }

    impl Read for Script {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(self.now.len());
            buffer[..count].copy_from_slice(&self.now[..count]);
            self.now.drain(..count);
            Ok(count)
        }
    }

    impl Write for Script {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.heard.extend(bytes);
            self.now.extend(self.says.pop().unwrap_or_default());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const EHLO: &[u8] = b"250-mail.example\r\n250-SIZE 1000\r\n250-StartTLS\r\n250 HELP\r\n";

    #[test]
    fn smtp() {
        let mut server = Script::new("220-hello\r\n220 there\r\n", &[EHLO, b"220 go ahead\r\n"]);
        assert_eq!(server.run(Starttls::Smtp).unwrap(), "EHLO [127.0.0.1]\r\nSTARTTLS\r\n");
        let mut without = Script::new("220 hello\r\n", &[b"250-mail.example\r\n250 SIZE\r\n"]);
        assert!(matches!(without.run(Starttls::Smtp), Err(StarttlsError::NotOffered(_))));
        let mut busy = Script::new("220 hello\r\n", &[EHLO, b"454 TLS not available\r\n"]);
        assert!(
            matches!(busy.run(Starttls::Smtp), Err(StarttlsError::Refused(text)) if text.contains("available"))
        );
        let mut closed = Script::new("554 no\r\n", &[]);
        assert!(matches!(closed.run(Starttls::Smtp), Err(StarttlsError::Refused(text)) if text == "no"));
        let mut injected = Script::new("220 hello\r\n", &[EHLO, b"220 go ahead\r\n250 more\r\n"]);
        assert!(matches!(injected.run(Starttls::Smtp), Err(StarttlsError::Injected(10))));
    }

    #[test]
    fn imap() {
        let offers = b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK done\r\n";
        let mut server = Script::new("* OK ready\r\n", &[offers, b"a2 OK begin\r\n"]);
        assert_eq!(server.run(Starttls::Imap).unwrap(), "a1 CAPABILITY\r\na2 STARTTLS\r\n");
        let mut without = Script::new("* OK ready\r\n", &[b"* CAPABILITY IMAP4rev1\r\na1 OK done\r\n"]);
        assert!(matches!(without.run(Starttls::Imap), Err(StarttlsError::NotOffered(_))));
        let mut refusing = Script::new("* OK ready\r\n", &[offers, b"a2 NO not now\r\n"]);
        assert!(
            matches!(refusing.run(Starttls::Imap), Err(StarttlsError::Refused(text)) if text == "NO not now")
        );
        let mut other = Script::new("HTTP/1.1 400 Bad Request\r\n", &[]);
        assert!(matches!(other.run(Starttls::Imap), Err(StarttlsError::NotSpoken { .. })));
    }

    #[test]
    fn pop3() {
        let mut server = Script::new("+OK\r\n", &[b"+OK\r\nUSER\r\nSTLS\r\n.\r\n", b"+OK begin\r\n"]);
        assert_eq!(server.run(Starttls::Pop3).unwrap(), "CAPA\r\nSTLS\r\n");
        let mut old = Script::new("+OK\r\n", &[b"-ERR what?\r\n", b"+OK begin\r\n"]);
        assert!(old.run(Starttls::Pop3).is_ok());
        let mut without = Script::new("+OK\r\n", &[b"+OK\r\nUSER\r\n.\r\n"]);
        assert!(matches!(without.run(Starttls::Pop3), Err(StarttlsError::NotOffered(_))));
        let mut endless = Script::new("+OK\r\n", &[&[b"+OK\r\n", "x\r\n".repeat(1000).as_bytes()].concat()]);
        assert!(matches!(endless.run(Starttls::Pop3), Err(StarttlsError::NotSpoken { .. })));
    }

    #[test]
    fn ldap() {
        let answer = |code: u8| {
            [&b"\x30\x0f\x02\x01\x01\x78\x0a\x0a\x01"[..], &[code], b"\x04\x00\x04\x03why"].concat()
        };
        let mut server = Script::new("", &[&answer(0)]);
        assert!(server.run(Starttls::Ldap).is_ok());
        assert_eq!(server.heard.len(), 31);
        assert!(matches!(
            Script::new("", &[&answer(2)]).run(Starttls::Ldap),
            Err(StarttlsError::NotOffered(_))
        ));
        let mut busy = Script::new("", &[&answer(52)]);
        assert!(
            matches!(busy.run(Starttls::Ldap), Err(StarttlsError::Refused(text)) if text == "result 52 why")
        );
        let mut injected = Script::new("", &[&[answer(0), vec![0x30]].concat()]);
        assert!(matches!(injected.run(Starttls::Ldap), Err(StarttlsError::Injected(1))));
    }

    #[test]
    fn postgres() {
        assert!(Script::new("", &[b"S"]).run(Starttls::Postgres).is_ok());
        assert!(matches!(
            Script::new("", &[b"N"]).run(Starttls::Postgres),
            Err(StarttlsError::NotOffered(_))
        ));
        assert!(matches!(Script::new("", &[b"SX"]).run(Starttls::Postgres), Err(StarttlsError::Injected(1))));
        assert!(matches!(
            Script::new("", &[b"HTTP"]).run(Starttls::Postgres),
            Err(StarttlsError::NotSpoken { .. })
        ));
        assert!(matches!(Script::new("", &[]).run(Starttls::Postgres), Err(StarttlsError::Io(_))));
    }

    #[test]
    fn answers_are_bounded() {
        let long = "2".repeat(MAX_LINE * 2);
        assert!(matches!(Script::new(&long, &[]).run(Starttls::Smtp), Err(StarttlsError::NotSpoken { .. })));
        let many = "220-x\r\n".repeat(MAX_LINES + 1);
        assert!(matches!(Script::new(&many, &[]).run(Starttls::Smtp), Err(StarttlsError::NotSpoken { .. })));
        let huge = b"\x30\x84\xff\xff\xff\xff";
        assert!(matches!(Script::new("", &[huge]).run(Starttls::Ldap), Err(StarttlsError::NotSpoken { .. })));
    }

    proptest! {
        #[test]
        fn any_answer_is_accepted(
            greeting in prop::collection::vec(any::<u8>(), 0..60),
            answers in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..4),
        ) {
            let protocols =
                [Starttls::Imap, Starttls::Ldap, Starttls::Pop3, Starttls::Postgres, Starttls::Smtp];
            for protocol in protocols {
                let mut server = Script { says: answers.clone(), now: greeting.clone(), heard: Vec::new() };
                let _ = server.run(protocol);
            }
        }
    }
}
