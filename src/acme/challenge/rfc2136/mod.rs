//! dns-01 (RFC 8555 section 8.4) by dynamic updates of the zone (RFC 2136) that are signed with a shared key (TSIG,
//! RFC 8945): what BIND, Knot, PowerDNS and others take.
//!
//! The record is set where a CNAME at `_acme-challenge.NAME` leads, as the validating server follows it. Records are
//! added and removed by their values, so that those of others at the same name stay. Validation starts when every
//! name server of the zone shows the new values; one that cannot be asked from here is waited for, but not for ever.

mod exchange;
mod settings;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use hickory_proto::op::{Message, OpCode, Query, ResponseCode, UpdateMessage};
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use tokio::sync::mpsc;

use self::settings::Settings;
use super::propagation::{DnsProgress, DnsTeller, TxtRecord, wait_until_shown};
use super::resolver::NameServer;
use super::{ChallengeAnswer, ChallengeKind, Error, Solver, dns_message};

/// Short, since the record lives for a minute.
const TTL_SECONDS: u32 = 60;
/// Before a resolver that failed is asked again.
const SERVFAIL_PAUSE: Duration = Duration::from_secs(1);
/// More CNAMEs in a row are a circle.
const MAX_CNAMES: usize = 8;

/// Sets and removes TXT records by dynamic updates.
#[derive(Debug)]
pub(super) struct Rfc2136 {
    settings: Settings,
}

/// The records of one zone.
#[derive(Debug, Default)]
struct Records(Vec<TxtRecord>);

impl Rfc2136 {
    /// Reads the file that says server, key and secret.
    ///
    /// # Errors
    /// [`Error::UpdateSettings`].
    pub(super) fn new(file: &Path) -> Result<Self, Error> {
        Ok(Self { settings: Settings::read(file)? })
    }

    /// Looks whether a text would be such a file.
    ///
    /// # Errors
    /// [`Error::UpdateSettings`].
    pub(super) fn check_settings(text: &str, file: &Path) -> Result<(), Error> {
        Settings::of_text(text, file).map(|_| ())
    }

    /// The address of the server that takes updates.
    async fn server(&self) -> Result<SocketAddr, Error> {
        let (host, port) = &self.settings.server;
        let failed = |reason: String| Error::Update { server: format!("{host} port {port}"), reason };
        let mut addresses = tokio::net::lookup_host((host.as_str(), *port))
            .await
            .map_err(|error| failed(crate::sys::fs::plain(&error)))?;
        addresses.next().ok_or_else(|| failed("it has no address".to_owned()))
    }

    /// What must be set, by zone.
    async fn by_zone(
        &self,
        server: SocketAddr,
        answers: &[ChallengeAnswer],
    ) -> Result<BTreeMap<Name, Records>, Error> {
        let mut zones = BTreeMap::<Name, Records>::new();
        for answer in answers {
            let failed = |reason: String| Error::Update { server: server.to_string(), reason };
            let name = Name::from_ascii(format!("{}.", answer.record_name()))
                .map_err(|error| failed(error.to_string()))?;
            let target = self.follow(server, name).await?;
            let zone = match &self.settings.zone {
                Some(zone) if zone.zone_of(&target) => zone.clone(),
                Some(zone) => return Err(failed(format!("{target} is not in the zone {zone}"))),
                None => zone_of(server, &target).await?,
            };
            zones.entry(zone).or_default().0.push(TxtRecord { name: target, value: answer.record_value() });
        }
        Ok(zones)
    }

    /// Where the CNAMEs at a name lead. The server that takes the updates is asked first, then the resolver.
    async fn follow(&self, server: SocketAddr, mut name: Name) -> Result<Name, Error> {
        for _ in 0..MAX_CNAMES {
            let mut answer = dns_message::ask(server, &name, RecordType::CNAME, false).await?;
            let mut asked = None;
            if !answer.metadata.authoritative
                && let Some(resolver) = self.settings.resolver
            {
                // Without an answer the record is set at the name itself.
                match ask_twice(resolver, &name).await {
                    Ok(resolved) => (answer, asked) = (resolved, Some(resolver)),
                    Err(_) => return Ok(name),
                }
            }
            // One that fails does not say that there is no CNAME. The server refuses where it has no such zone.
            let code = answer.metadata.response_code;
            let reason = match (asked, code) {
                (_, ResponseCode::NoError | ResponseCode::NXDomain) => None,
                (Some(resolver), _) => Some(format!(
                    "it has no zone that holds {name}, and {resolver} does not know whether that is a CNAME ({code})"
                )),
                (None, ResponseCode::ServFail) => {
                    Some(format!("it does not know whether {name} is a CNAME ({code})"))
                }
                (None, _) => None,
            };
            if let Some(reason) = reason {
                return Err(Error::Update { server: server.to_string(), reason });
            }
            let next = answer.answers.iter().find_map(|record| match &record.data {
                RData::CNAME(target) if record.name == name => Some(target.0.clone()),
                _ => None,
            });
            match next {
                Some(next) => name = next,
                None => return Ok(name),
            }
        }
        let reason = format!("more than {MAX_CNAMES} CNAME records in a row, as far as {name}");
        Err(Error::Update { server: server.to_string(), reason })
    }

    /// Waits until all name servers of the zone show the records.
    async fn wait_until_shown(
        &self,
        server: SocketAddr,
        zone: &Name,
        records: &Records,
        teller: &DnsTeller,
    ) -> Result<(), Error> {
        let servers = name_servers(server, zone).await?;
        let without = wait_until_shown(zone, &servers, &records.0, self.settings.wait, teller).await;
        let missing = without.missing;
        if missing.is_empty() {
            return Ok(());
        }
        if missing.contains(&server.to_string()) {
            let reason = "it accepted the update, but does not show the record".to_owned();
            return Err(Error::Update { server: server.to_string(), reason });
        }
        // It may only be out of reach from here; the validating server will see.
        let _ = teller.send(DnsProgress::without(zone, missing));
        Ok(())
    }
}

#[async_trait]
impl Solver for Rfc2136 {
    fn kind(&self) -> ChallengeKind {
        ChallengeKind::Dns01
    }

    async fn present(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        let (nobody, _) = mpsc::unbounded_channel();
        self.present_and_tell(answers, &nobody).await
    }

    async fn present_and_tell(&self, answers: &[ChallengeAnswer], teller: &DnsTeller) -> Result<(), Error> {
        let server = self.server().await?;
        let zones = self.by_zone(server, answers).await?;
        for (zone, records) in &zones {
            exchange::update(server, &self.settings.key, records.update(zone, true)).await?;
        }
        for (zone, records) in &zones {
            self.wait_until_shown(server, zone, records, teller).await?;
        }
        Ok(())
    }

    async fn withdraw(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        let server = self.server().await?;
        for (zone, records) in self.by_zone(server, answers).await? {
            exchange::update(server, &self.settings.key, records.update(&zone, false)).await?;
        }
        Ok(())
    }

    fn outlives_process(&self) -> bool {
        true
    }
}

impl Records {
    /// The message that adds them, or removes them (RFC 2136 sections 2.5.1 and 2.5.4).
    fn update(&self, zone: &Name, add: bool) -> Message {
        let mut message = Message::query();
        message.metadata.op_code = OpCode::Update;
        message.metadata.recursion_desired = false;
        message.add_zone(Query::query(zone.clone(), RecordType::SOA));
        for TxtRecord { name, value } in &self.0 {
            let ttl = if add { TTL_SECONDS } else { 0 };
            let data = RData::TXT(TXT::new(vec![value.clone()]));
            let mut record = Record::from_rdata(name.clone(), ttl, data);
            record.dns_class = if add { DNSClass::IN } else { DNSClass::NONE };
            message.add_update(record);
        }
        message
    }
}

/// Asks a resolver for a CNAME, again after a failure: its name servers may not have answered in time.
async fn ask_twice(resolver: SocketAddr, name: &Name) -> Result<Message, Error> {
    let answer = dns_message::ask(resolver, name, RecordType::CNAME, true).await?;
    if answer.metadata.response_code != ResponseCode::ServFail {
        return Ok(answer);
    }
    tokio::time::sleep(SERVFAIL_PAUSE).await;
    dns_message::ask(resolver, name, RecordType::CNAME, true).await
}

/// The zone of a name at the server that takes its updates, by the SOA record in its answer.
async fn zone_of(server: SocketAddr, name: &Name) -> Result<Name, Error> {
    let answer = dns_message::ask(server, name, RecordType::SOA, false).await?;
    let mut records = answer.answers.iter().chain(&answer.authorities);
    let soa = records.find(|record| record.record_type() == RecordType::SOA && record.name.zone_of(name));
    match soa {
        Some(soa) if answer.metadata.authoritative => Ok(soa.name.clone()),
        _ => Err(Error::Update {
            server: server.to_string(),
            reason: format!("it has no zone that holds {name} ({})", answer.metadata.response_code),
        }),
    }
}

/// The zone's name servers whose addresses can be found, and the one that takes the updates before all.
async fn name_servers(server: SocketAddr, zone: &Name) -> Result<Vec<NameServer>, Error> {
    let answer = dns_message::ask(server, zone, RecordType::NS, false).await?;
    let mut found = vec![NameServer { name: server.to_string(), addresses: vec![server] }];
    for record in &answer.answers {
        let RData::NS(name) = &record.data else { continue };
        let mut addresses = addresses(server, zone, &name.0).await;
        // The one that takes the updates may do so on another port.
        addresses.retain(|address| address.ip() != server.ip());
        if !addresses.is_empty() {
            found.push(NameServer { name: name.0.to_ascii().trim_end_matches('.').to_owned(), addresses });
        }
    }
    Ok(found)
}

/// The addresses of a name server: those in the zone by itself, others by the system's resolver.
async fn addresses(server: SocketAddr, zone: &Name, name: &Name) -> Vec<SocketAddr> {
    const PORT: u16 = 53;
    if !zone.zone_of(name) {
        let host = name.to_ascii();
        return tokio::net::lookup_host((host.as_str(), PORT))
            .await
            .map(Iterator::collect)
            .unwrap_or_default();
    }
    let mut found = Vec::new();
    for kind in [RecordType::A, RecordType::AAAA] {
        let Ok(answer) = dns_message::ask(server, name, kind, false).await else { continue };
        found.extend(answer.answers.iter().filter_map(|record| match &record.data {
            RData::A(address) => Some(SocketAddr::new(address.0.into(), PORT)),
            RData::AAAA(address) => Some(SocketAddr::new(address.0.into(), PORT)),
            _ => None,
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Behaviour, name_server};
    use super::*;

    #[tokio::test]
    async fn a_server_that_fails_does_not_say_that_there_is_no_cname() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("dns.toml");
        let name = Name::from_ascii("_acme-challenge.a.test.").unwrap();
        let (fine, broken, foreign) = (ResponseCode::NXDomain, ResponseCode::ServFail, ResponseCode::Refused);
        // That of the server that takes updates, that of the resolver.
        for (at_server, at_resolver, is_known) in [
            (fine, fine, true),
            (foreign, fine, true),
            (foreign, broken, false),
            (foreign, foreign, false),
            (broken, fine, true),
        ] {
            let (server, resolver) = (
                name_server(Behaviour::Code(at_server)).await,
                name_server(Behaviour::Code(at_resolver)).await,
            );
            let text = format!(
                "server = \"{server}\"\nkey_name = \"k\"\nsecret = \"c2VjcmV0\"\nresolver = \"{resolver}\"\n"
            );
            std::fs::write(&file, text).unwrap();
            let followed = Rfc2136::new(&file).unwrap().follow(server, name.clone()).await;
            match followed {
                Ok(target) => assert!(is_known && target == name, "{at_server} {at_resolver}"),
                Err(error) => {
                    assert!(!is_known && error.to_string().contains(&resolver.to_string()), "{error}");
                }
            }
        }
    }

    #[test]
    fn updates_are_as_rfc_2136_wants_them() {
        let zone = Name::from_ascii("a.test.").unwrap();
        let name = Name::from_ascii("_acme-challenge.a.test.").unwrap();
        let record = |value: &str| TxtRecord { name: name.clone(), value: value.into() };
        let records = Records(vec![record("one"), record("two")]);
        for (add, class, ttl) in [(true, DNSClass::IN, TTL_SECONDS), (false, DNSClass::NONE, 0)] {
            let bytes = records.update(&zone, add).to_vec().unwrap();
            let read = Message::from_vec(&bytes).unwrap();
            assert_eq!(read.metadata.op_code, OpCode::Update);
            assert_eq!((read.zones()[0].name(), read.zones()[0].query_type()), (&zone, RecordType::SOA));
            assert_eq!(read.updates().len(), 2);
            for (record, value) in read.updates().iter().zip(["one", "two"]) {
                assert_eq!((&record.name, record.dns_class, record.ttl), (&name, class, ttl));
                assert_eq!(record.data, RData::TXT(TXT::new(vec![value.into()])));
            }
        }
    }
}
