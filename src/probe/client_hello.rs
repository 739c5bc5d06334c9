//! ClientHello messages made by hand.
//!
//! rustls offers TLS 1.2 and 1.3 with good cipher suites only. To find out whether a server accepts anything worse, a
//! hello offers that and nothing else; the answer to it is not encrypted, so no cryptography is needed.

use super::suites::Version;

#[derive(Clone, Copy, Debug)]
pub(super) struct ClientHello<'a> {
    /// The highest version. With TLS 1.3 it is the only one; else servers may answer with an older one.
    pub(super) version: Version,
    pub(super) suites: &'a [u16],
    /// Groups for the key exchange.
    pub(super) groups: &'a [u16],
    /// The name that is asked for (SNI); none for an address (RFC 6066 section 3).
    pub(super) server_name: Option<&'a str>,
    /// Whether to offer compression as well (RFC 3749).
    pub(super) compression: bool,
    /// Signature schemes, from TLS 1.2 on.
    pub(super) signatures: &'a [u16],
    /// The lowest version that is offered besides, where the highest is TLS 1.3.
    pub(super) oldest: Version,
    /// Whether to offer heartbeats (RFC 6520).
    pub(super) offers_heartbeat: bool,
    /// The content of the client's Finished message in the handshake before, which is empty in the first; nothing leaves
    /// secure renegotiation out (RFC 5746 section 3.2).
    pub(super) renegotiates: Option<&'a [u8]>,
}

/// RFC 8446 section 4.2.3 and RFC 8734 (Brainpool); old servers want one with SHA-1 among them.
const SIGNATURE_SCHEMES: [u16; 22] = [
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x081a, 0x081b, 0x081c, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a,
    0x080b, 0x0401, 0x0501, 0x0601, 0x0402, 0x0203, 0x0201, 0x0202, 0x0101,
];
/// TLS_EMPTY_RENEGOTIATION_INFO_SCSV: says in a hello without extensions that we support RFC 5746.
const RENEGOTIATION_SCSV: u16 = 0x00ff;

impl<'a> ClientHello<'a> {
    /// A hello that accepts any signature, and no other version where the highest is TLS 1.3.
    pub(super) fn new(
        version: Version,
        suites: &'a [u16],
        groups: &'a [u16],
        server_name: Option<&'a str>,
    ) -> Self {
        Self {
            version,
            suites,
            groups,
            server_name,
            compression: false,
            signatures: &SIGNATURE_SCHEMES,
            oldest: version,
            offers_heartbeat: false,
            renegotiates: Some(&[]),
        }
    }

    /// The record to send. `random` is for the random bytes of the hello and a session id.
    pub(super) fn encode(&self, random: &[u8; 64]) -> Vec<u8> {
        let (random, session) = random.split_at(32);
        let mut body = Vec::new();
        // From TLS 1.3 on this says 1.2, and an extension has the real version (RFC 8446 section 4.1.2).
        body.extend(self.version.min(Version::Tls12).number().to_be_bytes());
        body.extend(random);
        vec8(&mut body, if self.version == Version::Tls13 { session } else { &[] });
        let mut suites = numbers(self.suites);
        if self.version == Version::Ssl3 {
            suites.extend(RENEGOTIATION_SCSV.to_be_bytes());
        }
        vec16(&mut body, &suites);
        vec8(&mut body, if self.compression { &[1, 0] } else { &[0] });
        // SSL 3.0 has no extensions, and servers of its time refuse them.
        if self.version != Version::Ssl3 {
            vec16(&mut body, &self.extensions());
        }
        let mut message = vec![1, 0]; // client_hello, and a length of three bytes
        vec16(&mut message, &body);
        let mut record = vec![22];
        // Old servers refuse a first record that is newer than TLS 1.0 (RFC 8446 section 5.1).
        record.extend(self.version.min(Version::Tls10).number().to_be_bytes());
        vec16(&mut record, &message);
        record
    }

    fn extensions(&self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut extension = |number: u16, content: Vec<u8>| {
            all.extend(number.to_be_bytes());
            vec16(&mut all, &content);
        };
        if let Some(name) = self.server_name {
            let mut entry = vec![0]; // host_name
            vec16(&mut entry, name.as_bytes());
            extension(0, listed16(&entry));
        }
        extension(10, listed16(&numbers(self.groups)));
        extension(11, vec![1, 0]); // uncompressed points
        if self.version >= Version::Tls12 {
            extension(13, listed16(&numbers(self.signatures)));
        }
        extension(23, Vec::new()); // extended master secret
        if self.offers_heartbeat {
            extension(15, vec![1]); // peer_allowed_to_send
        }
        if self.version == Version::Tls13 {
            let mut offered = vec![Version::Tls13.number()];
            offered.extend((self.oldest.number()..Version::Tls13.number()).rev());
            let mut versions = Vec::new();
            vec8(&mut versions, &numbers(&offered));
            extension(43, versions);
            // No key share at all: the server says which group it wants (RFC 8446 section 4.2.8).
            extension(51, listed16(&[]));
        }
        if let Some(before) = self.renegotiates.filter(|_| self.oldest < Version::Tls13) {
            let mut connection = Vec::new();
            vec8(&mut connection, before);
            extension(0xff01, connection); // renegotiation_info
        }
        all
    }
}

fn numbers(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

fn listed16(content: &[u8]) -> Vec<u8> {
    let mut list = Vec::new();
    vec16(&mut list, content);
    list
}

/// A vector with a length of one byte; ours are at most 32 bytes.
fn vec8(out: &mut Vec<u8>, content: &[u8]) {
    let content = &content[..content.len().min(u8::MAX.into())];
    out.push(content.len() as u8);
    out.extend(content);
}

/// A vector with a length of two bytes; the longest of ours, all suites and a name, has under two kilobytes.
fn vec16(out: &mut Vec<u8>, content: &[u8]) {
    let content = &content[..content.len().min(u16::MAX.into())];
    out.extend((content.len() as u16).to_be_bytes());
    out.extend(content);
}

#[cfg(test)]
mod tests {
    use rustls::server::Acceptor;

    use super::super::suites;
    use super::*;

    /// rustls, as a server, reads the hello.
    #[test]
    fn a_stranger_reads_the_hello() {
        let suites: Vec<_> = suites::SUITES.iter().map(|suite| suite.code).collect();
        let suites = [suites, vec![0x1301]].concat();
        for (version, oldest) in [
            (Version::Tls12, Version::Tls12),
            (Version::Tls13, Version::Tls13),
            (Version::Tls13, Version::Tls10),
        ] {
            let hello = ClientHello::new(version, &suites, &suites::CURVES, Some("test.example"));
            let hello = ClientHello { compression: true, oldest, ..hello };
            let mut acceptor = Acceptor::default();
            let record = hello.encode(&[7; 64]);
            acceptor.read_tls(&mut record.as_slice()).unwrap();
            let accepted = acceptor.accept().map_err(|(error, _)| error).unwrap().unwrap();
            let read = accepted.client_hello();
            assert_eq!(read.server_name(), Some("test.example"));
            assert_eq!(read.cipher_suites().len(), hello.suites.len());
            assert_eq!(read.named_groups().map(<[_]>::len), Some(hello.groups.len()));
            assert_eq!(read.signature_schemes().len(), SIGNATURE_SCHEMES.len());
        }
    }

    #[test]
    fn ssl3_has_no_extensions() {
        let hello = ClientHello::new(Version::Ssl3, &[0x000a], &[29], Some("test.example"));
        let record = hello.encode(&[0; 64]);
        assert_eq!(&record[..3], [22, 3, 0]);
        // Header, message header, version, random, no session, two suites, no compression: nothing after that.
        assert_eq!(record.len(), 5 + 4 + 2 + 32 + 1 + 2 + 4 + 2);
    }
}
