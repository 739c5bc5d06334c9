//! Waiting until a TXT record has reached every name server of its zone, because the validating server may ask any.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::sync::mpsc::UnboundedSender;

use super::dns_message;
use super::resolver::NameServer;

const FIRST_POLL: Duration = Duration::from_millis(100);
const LONGEST_POLL: Duration = Duration::from_secs(5);
/// A name server that is started again by a hook is back before.
const SILENCE: Duration = Duration::from_secs(20);

/// A TXT record: its name, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TxtRecord {
    pub name: Name,
    pub value: String,
}

/// What happens while records spread; its `Display` is a line for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsProgress {
    /// The name servers could not be asked: the validating server will see.
    NotChecked { name: String, reason: String },
    /// So many of a zone's name servers show the records.
    Shown { zone: String, shown: usize, servers: usize },
    /// These do not, and are not waited for any longer.
    WithoutThese { zone: String, missing: Vec<String> },
}

/// Takes the news while records spread.
pub type DnsTeller = UnboundedSender<DnsProgress>;

/// Who does not show the records when the time is over.
#[derive(Debug, Default)]
pub(super) struct Without {
    /// The names of the servers.
    pub missing: Vec<String>,
    /// Whether one of them has answered that the records are not there.
    pub is_denied: bool,
}

/// What one server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    All,
    NotYet,
    /// It has an answer, but not to that.
    Refuses,
    /// It cannot be asked from here.
    Silent,
}

/// Asks the name servers again and again, and reports how many show the records. Gives those that do not when the time is
/// over, or when none has answered for a while, which means that they cannot be asked from here.
pub(super) async fn wait_until_shown(
    zone: &Name,
    servers: &[NameServer],
    records: &[TxtRecord],
    limit: Duration,
    teller: &DnsTeller,
) -> Without {
    let started = Instant::now();
    let zone = plain(zone);
    let mut waiting: Vec<&NameServer> = servers.iter().collect();
    let (mut poll, mut told, mut has_answer) = (FIRST_POLL, None, false);
    loop {
        let seen = join_all(waiting.iter().map(|server| look_at(server, records))).await;
        has_answer |= seen.iter().flatten().any(|sight| *sight != Sight::Silent);
        let is_denied = seen.iter().flatten().any(|sight| *sight == Sight::NotYet);
        let is_missing = |(server, seen): (_, Vec<Sight>)| (!shows(&seen)).then_some(server);
        waiting = waiting.into_iter().zip(seen).filter_map(is_missing).collect();
        let shown = servers.len() - waiting.len();
        if told != Some(shown) {
            // Nobody listens any more when the run is over.
            let _ = teller.send(DnsProgress::Shown { zone: zone.clone(), shown, servers: servers.len() });
            told = Some(shown);
        }
        let limit = if has_answer { limit } else { limit.min(SILENCE) };
        if waiting.is_empty() || started.elapsed() + poll > limit {
            let missing = waiting.into_iter().map(|server| server.name.clone()).collect();
            return Without { missing, is_denied };
        }
        tokio::time::sleep(poll).await;
        poll = (poll * 2).min(LONGEST_POLL);
    }
}

/// What is seen at the addresses of a name server.
async fn look_at(server: &NameServer, records: &[TxtRecord]) -> Vec<Sight> {
    join_all(server.addresses.iter().map(|address| at(*address, records))).await
}

/// Whether every address of a name server that can be asked from here shows all the records; one at least can.
fn shows(seen: &[Sight]) -> bool {
    seen.contains(&Sight::All) && seen.iter().all(|sight| matches!(sight, Sight::All | Sight::Silent))
}

async fn at(address: SocketAddr, records: &[TxtRecord]) -> Sight {
    for TxtRecord { name, value } in records {
        let Ok(answer) = dns_message::ask(address, name, RecordType::TXT, false).await else {
            return Sight::Silent;
        };
        if !matches!(answer.metadata.response_code, ResponseCode::NoError | ResponseCode::NXDomain) {
            return Sight::Refuses;
        }
        let is_there = answer.answers.iter().any(
            |record| matches!(&record.data, RData::TXT(text) if text.txt_data.concat() == value.as_bytes()),
        );
        if !is_there {
            return Sight::NotYet;
        }
    }
    Sight::All
}

impl DnsProgress {
    /// Continuing without these name servers.
    pub(super) fn without(zone: &Name, missing: Vec<String>) -> Self {
        Self::WithoutThese { zone: plain(zone), missing }
    }
}

/// A name without the dot at its end.
pub(super) fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_owned()
}

impl fmt::Display for DnsProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotChecked { name, reason } => {
                write!(f, "cannot check that the name servers show {name}: {reason}")
            }
            Self::Shown { zone, shown, servers } if shown == servers => {
                let all = if *servers == 1 {
                    "the name server of".to_owned()
                } else {
                    format!("all {servers} name servers of")
                };
                let verb = if *servers == 1 { "shows" } else { "show" };
                write!(f, "{all} {zone} {verb} the TXT record")
            }
            Self::Shown { zone, shown, servers } => {
                write!(f, "waiting for the TXT record: {shown} of {servers} name servers of {zone} show it")
            }
            Self::WithoutThese { zone, missing } => write!(
                f,
                "continuing although these name servers of {zone} do not show the TXT record or cannot be \
                 reached: {}",
                missing.join(", ")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::super::testing::{Behaviour, name_server};
    use super::*;
    use crate::sys::testing::ClosedPort;

    const VALUE: &str = "the value";

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    fn records() -> Vec<TxtRecord> {
        vec![TxtRecord { name: name("_acme-challenge.a.test."), value: VALUE.into() }]
    }

    /// A name server that shows the record after so many questions.
    async fn server(name: &str, not_yet: usize) -> NameServer {
        let address = name_server(Behaviour::Shows { value: VALUE, after: not_yet }).await;
        NameServer { name: name.to_owned(), addresses: vec![address] }
    }

    /// Who does not show the record in the end, and the news.
    async fn waited(servers: &[NameServer], limit: Duration) -> (Vec<String>, Vec<String>) {
        let (teller, mut told) = mpsc::unbounded_channel();
        let without = wait_until_shown(&name("a.test."), servers, &records(), limit, &teller).await;
        drop(teller);
        let mut lines = Vec::new();
        while let Some(news) = told.recv().await {
            lines.push(news.to_string());
        }
        (without.missing, lines)
    }

    const LONG: Duration = Duration::from_secs(600);

    #[tokio::test]
    async fn every_name_server_is_waited_for() {
        let servers = [server("ns1.test", 0).await, server("ns2.test", 3).await];
        let (missing, told) = waited(&servers, LONG).await;
        assert!(missing.is_empty(), "{missing:?}");
        assert_eq!(
            told,
            [
                "waiting for the TXT record: 1 of 2 name servers of a.test show it",
                "all 2 name servers of a.test show the TXT record"
            ]
        );
    }

    #[tokio::test]
    async fn one_that_never_shows_it_is_named() {
        let servers = [server("ns1.test", 0).await, server("ns2.test", usize::MAX).await];
        let (missing, told) = waited(&servers, Duration::ZERO).await;
        assert_eq!(missing, ["ns2.test"]);
        assert_eq!(told.len(), 1);
    }

    #[tokio::test]
    async fn an_address_out_of_reach_does_not_matter_beside_another_of_its_server() {
        let closed = ClosedPort::bind();
        let mut dual = server("ns1.test", 0).await;
        dual.addresses.push(closed.address);
        assert!(waited(&[dual], LONG).await.0.is_empty());
        let silent = NameServer { name: "ns2.test".into(), addresses: vec![closed.address] };
        assert_eq!(waited(&[silent], Duration::ZERO).await.0, ["ns2.test"]);
        // One address with the old zone does: the validating server may ask it.
        let mut torn = server("ns3.test", 0).await;
        torn.addresses.extend(server("ns3.test", usize::MAX).await.addresses);
        assert_eq!(waited(&[torn], Duration::ZERO).await.0, ["ns3.test"]);
    }
}
