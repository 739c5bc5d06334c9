//! The resolvers of this machine, or the one that was chosen: where CNAMEs lead, the zone of a name, and the name
//! servers of a zone.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};

use super::{Error, dns_message};
use crate::sys::fs::read_limited;

const DNS_PORT: u16 = 53;
const MAX_FILE_BYTES: u64 = 64 * 1024;
/// More CNAMEs in a row are a circle.
const MAX_CNAMES: usize = 8;

/// More are not asked by others either (MAXNS in resolv.conf(5)).
const MOST_RESOLVERS: usize = 3;

/// Those that are asked in turn until one has an answer. There is at least one.
#[derive(Clone, Debug)]
pub(super) struct Resolver(Vec<SocketAddr>);

/// A name server of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NameServer {
    pub name: String,
    pub addresses: Vec<SocketAddr>,
}

impl Resolver {
    /// The one that was chosen, else those of this machine.
    ///
    /// # Errors
    /// When there is none, in words.
    pub(super) fn new(chosen: Option<SocketAddr>) -> Result<Self, String> {
        let servers = match chosen {
            Some(server) => vec![server],
            None => resolvers(&resolv_conf()).take(MOST_RESOLVERS).collect(),
        };
        if servers.is_empty() {
            Err("no resolver is in /etc/resolv.conf".to_owned())
        } else {
            Ok(Self(servers))
        }
    }

    /// Where the CNAMEs at a name lead.
    ///
    /// # Errors
    /// Why that is not known, in words.
    pub(super) async fn follow(&self, mut name: Name) -> Result<Name, String> {
        for _ in 0..MAX_CNAMES {
            let answer = self.ask(&name, RecordType::CNAME).await?;
            let next = answer.answers.iter().find_map(|record| match &record.data {
                RData::CNAME(target) if record.name == name => Some(target.0.clone()),
                _ => None,
            });
            match next {
                Some(next) => name = next,
                None => return Ok(name),
            }
        }
        Err(format!("more than {MAX_CNAMES} CNAME records in a row, as far as {name}"))
    }

    /// The zone that holds a name, by the SOA record that comes with every answer (RFC 2308 section 3), or by asking
    /// for that of the names above.
    ///
    /// # Errors
    /// Why it is not known, in words.
    pub(super) async fn zone_of(&self, name: &Name) -> Result<Name, String> {
        let mut above = name.clone();
        while !above.is_root() {
            let answer = self.ask(&above, RecordType::SOA).await?;
            let mut records = answer.answers.iter().chain(&answer.authorities);
            let soa = records.find(|record| {
                record.record_type() == RecordType::SOA && !record.name.is_root() && record.name.zone_of(name)
            });
            if let Some(soa) = soa {
                return Ok(soa.name.clone());
            }
            above = above.base_name();
        }
        Err(format!("resolver {self} knows no zone that holds {name}"))
    }

    /// The name servers of a zone.
    ///
    /// # Errors
    /// Why they are not known, in words.
    pub(super) async fn name_servers(&self, zone: &Name) -> Result<Vec<NameServer>, String> {
        let answer = self.ask(zone, RecordType::NS).await?;
        let mut servers = Vec::new();
        for record in &answer.answers {
            let RData::NS(name) = &record.data else { continue };
            let addresses = self.addresses(&name.0).await;
            servers.push(NameServer { name: name.0.to_ascii().trim_end_matches('.').to_owned(), addresses });
        }
        if servers.iter().all(|server| server.addresses.is_empty()) {
            return Err(format!("resolver {self} knows no name server of the zone {zone}"));
        }
        Ok(servers)
    }

    async fn addresses(&self, name: &Name) -> Vec<SocketAddr> {
        let mut found = Vec::new();
        for kind in [RecordType::A, RecordType::AAAA] {
            let Ok(answer) = self.ask(name, kind).await else { continue };
            found.extend(answer.answers.iter().filter_map(|record| match &record.data {
                RData::A(address) => Some(self.at(address.0.into())),
                RData::AAAA(address) => Some(self.at(address.0.into())),
                _ => None,
            }));
        }
        found
    }

    /// A name server listens on port 53, unless it is the resolver itself, which was chosen with its port.
    fn at(&self, address: IpAddr) -> SocketAddr {
        let itself = self.0.iter().find(|server| server.ip() == address);
        SocketAddr::new(address, itself.map_or(DNS_PORT, SocketAddr::port))
    }

    /// The texts of the TXT records at a name.
    ///
    /// # Errors
    /// Why they are not known, in words.
    pub(super) async fn texts(&self, name: &Name) -> Result<Vec<Vec<u8>>, String> {
        let answer = self.ask(name, RecordType::TXT).await?;
        let texts = answer.answers.iter().filter_map(|record| match &record.data {
            RData::TXT(text) => Some(text.txt_data.concat()),
            _ => None,
        });
        Ok(texts.collect())
    }

    async fn ask(&self, name: &Name, kind: RecordType) -> Result<Message, String> {
        let mut reasons = Vec::new();
        for server in &self.0 {
            match ask_name_server(*server, name, kind).await {
                Ok(answer) => return Ok(answer),
                Err(reason) => reasons.push(reason),
            }
        }
        Err(reasons.join("; "))
    }
}

impl fmt::Display for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&servers.join(", "))
    }
}

/// Asks a resolver for records; the error says why it does not know them.
///
/// # Errors
/// When there is no answer, or one that tells nothing of the name, such as SERVFAIL. That there is no such record is an
/// answer.
pub async fn ask_name_server(server: SocketAddr, name: &Name, kind: RecordType) -> Result<Message, String> {
    let answer = dns_message::ask(server, name, kind, true).await.map_err(|error| match error {
        Error::Update { server, reason } => format!("name server {server}: {reason}"),
        error => error.to_string(),
    })?;
    match answer.metadata.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain => Ok(answer),
        code => Err(format!("name server {server} answers for {name}: {code}")),
    }
}

/// The resolver of this machine.
pub fn system_name_server() -> Option<SocketAddr> {
    first_resolver(&resolv_conf())
}

/// The text of `/etc/resolv.conf`.
pub(super) fn resolv_conf() -> String {
    let text = read_limited(Path::new("/etc/resolv.conf"), MAX_FILE_BYTES).unwrap_or_default();
    String::from_utf8_lossy(&text).into_owned()
}

/// The first resolver of `/etc/resolv.conf`.
pub(super) fn first_resolver(resolv_conf: &str) -> Option<SocketAddr> {
    resolvers(resolv_conf).next()
}

/// All of them, in their order.
fn resolvers(resolv_conf: &str) -> impl Iterator<Item = SocketAddr> {
    resolv_conf.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        if words.next()? != "nameserver" {
            return None;
        }
        dns_address(words.next()?)
    })
}

/// The address of a DNS server, with a port or without one.
pub fn dns_address(text: &str) -> Option<SocketAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, DNS_PORT))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Behaviour, name_server};
    use super::*;
    use crate::sys::testing::ClosedPort;

    #[test]
    fn all_resolvers_of_the_file_are_known() {
        let text = "search a.test\nnameserver 192.0.2.1\n#nameserver 192.0.2.9\nnameserver 2001:db8::1 x\n";
        let found: Vec<_> = resolvers(text).map(|address| address.to_string()).collect();
        assert_eq!(found, ["192.0.2.1:53", "[2001:db8::1]:53"]);
        assert_eq!(first_resolver(text), Some("192.0.2.1:53".parse().unwrap()));
    }

    #[tokio::test]
    async fn what_is_no_answer_is_not_taken_for_no_record() {
        let name = Name::from_ascii("_acme-challenge.a.test.").unwrap();
        for (code, is_answer) in [
            (ResponseCode::NoError, true),
            (ResponseCode::NXDomain, true),
            (ResponseCode::ServFail, false),
            (ResponseCode::Refused, false),
        ] {
            let server = name_server(Behaviour::Code(code)).await;
            let resolver = Resolver(vec![server]);
            assert_eq!(resolver.follow(name.clone()).await.is_ok(), is_answer, "{code}");
            assert_eq!(resolver.texts(&name).await.is_ok(), is_answer, "{code}");
        }
    }

    #[tokio::test]
    async fn the_next_resolver_is_asked_when_one_fails() {
        let name = Name::from_ascii("_acme-challenge.a.test.").unwrap();
        let closed = ClosedPort::bind();
        let failing = name_server(Behaviour::Code(ResponseCode::ServFail)).await;
        let good = name_server(Behaviour::Shows { value: "x", after: 0 }).await;
        let resolver = Resolver(vec![closed.address, failing, good]);
        assert_eq!(resolver.texts(&name).await, Ok(vec![b"x".to_vec()]));
        let reason = Resolver(vec![closed.address, failing]).texts(&name).await.unwrap_err();
        assert!(reason.contains(&closed.address.to_string()) && reason.contains("erver"), "{reason}");
    }
}
