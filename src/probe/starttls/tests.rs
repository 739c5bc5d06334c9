//! Each protocol against a written conversation.

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
    let answer =
        |code: u8| [&b"\x30\x0f\x02\x01\x01\x78\x0a\x0a\x01"[..], &[code], b"\x04\x00\x04\x03why"].concat();
    let mut server = Script::new("", &[&answer(0)]);
    assert!(server.run(Starttls::Ldap).is_ok());
    assert_eq!(server.heard.len(), 31);
    assert!(matches!(Script::new("", &[&answer(2)]).run(Starttls::Ldap), Err(StarttlsError::NotOffered(_))));
    let mut busy = Script::new("", &[&answer(52)]);
    assert!(matches!(busy.run(Starttls::Ldap), Err(StarttlsError::Refused(text)) if text == "result 52 why"));
    let mut injected = Script::new("", &[&[answer(0), vec![0x30]].concat()]);
    assert!(matches!(injected.run(Starttls::Ldap), Err(StarttlsError::Injected(1))));
}

#[test]
fn postgres() {
    assert!(Script::new("", &[b"S"]).run(Starttls::Postgres).is_ok());
    assert!(matches!(Script::new("", &[b"N"]).run(Starttls::Postgres), Err(StarttlsError::NotOffered(_))));
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
