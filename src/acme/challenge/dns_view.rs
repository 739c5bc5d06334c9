//! The public side of dns-01: where a record belongs, and whether it is there, for the ways to set records that do
//! not know it themselves.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hickory_proto::rr::Name;
use serde::{Deserialize, Serialize};

use super::propagation::{DnsProgress, DnsTeller, TxtRecord, plain, wait_until_shown};
use super::resolver::{NameServer, Resolver};
use super::{ChallengeAnswer, Error};

const DEFAULT_WAIT: Duration = Duration::from_secs(120);
const RESOLVER_POLL: Duration = Duration::from_secs(5);

/// Who is asked where records belong, and how long they may take to spread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsView {
    /// Without one, that of this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolver: Option<SocketAddr>,
    /// How long to wait at most until all name servers of the zone show a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_seconds: Option<u64>,
}

impl DnsView {
    /// The record of an answer, at the end of the CNAMEs of its name, which the validating server follows, too.
    /// Without a resolver it is the name itself.
    ///
    /// # Errors
    /// [`Error::NotLookedUp`] when the resolver does not tell, or the name cannot be one of DNS.
    pub(super) async fn record(&self, answer: &ChallengeAnswer) -> Result<TxtRecord, Error> {
        let name = answer.record_name();
        let unknown = |reason: String| Error::NotLookedUp { name: name.clone(), reason };
        let owner = Name::from_ascii(format!("{name}.")).map_err(|error| unknown(error.to_string()))?;
        let target = match Resolver::new(self.resolver) {
            Ok(resolver) => resolver.follow(owner).await.map_err(unknown)?,
            Err(_) => owner,
        };
        Ok(TxtRecord { name: target, value: answer.record_value() })
    }

    /// The records of answers, in their order.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub(super) async fn records(&self, answers: &[ChallengeAnswer]) -> Result<Vec<TxtRecord>, Error> {
        let mut records = Vec::new();
        for answer in answers {
            records.push(self.record(answer).await?);
        }
        Ok(records)
    }

    /// The zone that holds a name.
    ///
    /// # Errors
    /// Why it is not known, in words.
    pub(super) async fn zone_of(&self, name: &Name) -> Result<Name, String> {
        Resolver::new(self.resolver)?.zone_of(name).await
    }

    /// Waits until all name servers of each zone show the records. Where they cannot be found or asked from here, the
    /// validating server will see.
    ///
    /// # Errors
    /// [`Error::NotShown`] when not one of them does, and one has said so.
    pub(super) async fn confirm(&self, records: &[TxtRecord], teller: &DnsTeller) -> Result<(), Error> {
        let mut names = BTreeMap::<&Name, Vec<TxtRecord>>::new();
        for record in records {
            names.entry(&record.name).or_default().push(record.clone());
        }
        let mut zones = BTreeMap::<Name, Vec<TxtRecord>>::new();
        for (name, records) in names {
            match self.zone_of(name).await {
                Ok(zone) => zones.entry(zone).or_default().extend(records),
                Err(reason) => not_checked(name, reason, teller),
            }
        }
        for (zone, records) in zones {
            self.confirm_in(&zone, &records, teller).await?;
        }
        Ok(())
    }

    async fn confirm_in(&self, zone: &Name, records: &[TxtRecord], teller: &DnsTeller) -> Result<(), Error> {
        let servers = match Resolver::new(self.resolver) {
            Ok(resolver) => resolver.name_servers(zone).await,
            Err(reason) => Err(reason),
        };
        let servers = match servers {
            Ok(servers) => servers,
            Err(reason) => {
                not_checked(zone, reason, teller);
                return Ok(());
            }
        };
        self.confirm_at(zone, &servers, records, teller).await
    }

    async fn confirm_at(
        &self,
        zone: &Name,
        servers: &[NameServer],
        records: &[TxtRecord],
        teller: &DnsTeller,
    ) -> Result<(), Error> {
        let limit = self.wait_seconds.map_or(DEFAULT_WAIT, Duration::from_secs);
        let started = Instant::now();
        let without = wait_until_shown(zone, servers, records, limit, teller).await;
        if without.missing.is_empty() {
            return Ok(());
        }
        if without.missing.len() == servers.len() && !without.is_denied {
            // Port 53 may be closed on the way to all others than the resolver.
            let is_there = self.resolver_shows(records, limit.saturating_sub(started.elapsed())).await;
            let seen = if is_there { "the resolver shows it" } else { "nor does the resolver show it" };
            let names = without.missing.join(", ");
            not_checked(zone, format!("not one of them answers from here ({names}); {seen}"), teller);
            return Ok(());
        }
        if without.missing.len() == servers.len() {
            let name = records.first().map_or_else(|| plain(zone), |record| plain(&record.name));
            let (zone, names) = (plain(zone), without.missing.join(", "));
            let reason = format!("no name server of {zone} shows it after {} s ({names})", limit.as_secs());
            return Err(Error::NotShown { name, reason });
        }
        // They may only be out of reach from here.
        let _ = teller.send(DnsProgress::without(zone, without.missing));
        Ok(())
    }

    /// Whether the resolver shows all the records before the time is over. It may remember for a while that it has not
    /// found them.
    async fn resolver_shows(&self, records: &[TxtRecord], limit: Duration) -> bool {
        let Ok(resolver) = Resolver::new(self.resolver) else { return false };
        let started = Instant::now();
        loop {
            let seen = join_all(records.iter().map(|record| shows(&resolver, record))).await;
            let is_there = seen.iter().all(|shows| *shows);
            if is_there || started.elapsed() + RESOLVER_POLL > limit {
                return is_there;
            }
            tokio::time::sleep(RESOLVER_POLL).await;
        }
    }
}

/// Whether a record is there, as far as the resolver knows.
async fn shows(resolver: &Resolver, record: &TxtRecord) -> bool {
    let texts = resolver.texts(&record.name).await.unwrap_or_default();
    texts.iter().any(|text| text == record.value.as_bytes())
}

fn not_checked(name: &Name, reason: String, teller: &DnsTeller) {
    let _ = teller.send(DnsProgress::NotChecked { name: plain(name), reason });
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::ResponseCode;
    use tokio::sync::mpsc;

    use super::super::RecordScope;
    use super::super::testing::{Behaviour, name_server};
    use super::*;
    use crate::x509::HostName;

    fn view(resolver: SocketAddr) -> DnsView {
        DnsView { resolver: Some(resolver), wait_seconds: Some(0) }
    }

    #[tokio::test]
    async fn a_resolver_that_fails_does_not_say_that_there_is_no_cname() {
        let answer = ChallengeAnswer {
            host: HostName::parse("a.test").unwrap(),
            token: "token".into(),
            key_authorization: "token.thumb".into(),
            scope: RecordScope::Name,
        };
        for (code, is_known) in [(ResponseCode::NXDomain, true), (ResponseCode::ServFail, false)] {
            let record = view(name_server(Behaviour::Code(code)).await).record(&answer).await;
            match record {
                Ok(record) => assert!(is_known && plain(&record.name) == "_acme-challenge.a.test"),
                Err(error) => assert!(!is_known && matches!(error, Error::NotLookedUp { .. }), "{error}"),
            }
        }
    }

    #[tokio::test]
    async fn the_resolver_is_asked_when_no_name_server_answers() {
        let record = TxtRecord { name: Name::from_ascii("x.a.test.").unwrap(), value: "value".into() };
        for (value, shown) in [("value", true), ("other", false)] {
            let resolver = name_server(Behaviour::Shows { value, after: 0 }).await;
            let view = view(resolver);
            assert_eq!(view.resolver_shows(std::slice::from_ref(&record), Duration::ZERO).await, shown);
        }
        let zone = Name::from_ascii("a.test.").unwrap();
        let (teller, mut told) = mpsc::unbounded_channel();
        let silent = NameServer { name: "ns.a.test".into(), addresses: vec![] };
        let refusing = NameServer {
            name: "ns2.a.test".into(),
            addresses: vec![name_server(Behaviour::Code(ResponseCode::Refused)).await],
        };
        let view = view(name_server(Behaviour::Shows { value: "value", after: 0 }).await);
        view.confirm_at(&zone, &[silent.clone(), refusing], std::slice::from_ref(&record), &teller)
            .await
            .unwrap();
        let mut last = told.recv().await.unwrap();
        while let Ok(next) = told.try_recv() {
            last = next;
        }
        assert!(last.to_string().contains("ns2.a.test); the resolver shows it"), "{last}");
        // One that answers without the record is believed.
        let without = NameServer {
            name: "ns3.a.test".into(),
            addresses: vec![name_server(Behaviour::Code(ResponseCode::NXDomain)).await],
        };
        let result = view.confirm_at(&zone, &[silent, without], &[record], &teller).await;
        assert!(matches!(result, Err(Error::NotShown { .. })), "{result:?}");
    }
}
