//! Records set and removed by the crate `dns-update`, in sets: a name and its wildcard have two values at one name, and
//! others may have values there, too.
//!
//! The crate has limits that are kept away from users here: its clients panic when TLS cannot be set up, its `Debug` and
//! its errors hold secrets, and some of its calls take minutes.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use dns_update::{DnsRecord, DnsRecordType, DnsUpdater};
use hickory_proto::rr::Name;
use tokio::sync::mpsc;

use super::super::credentials::Credentials;
use super::super::dns_view::DnsView;
use super::super::exclusive::{Exclusive, HeldExclusive};
use super::super::propagation::{DnsTeller, TxtRecord, plain};
use super::super::{ChallengeAnswer, ChallengeKind, Error, Solver};
use super::table::{Provider, Values};

/// For everything that is asked of a provider about one name.
const TIME_LIMIT: Duration = Duration::from_secs(300);
/// The same for a client of the crate that cannot be given a limit for each request: one that never comes back ends with
/// it. The few requests of a change take seconds.
const WITHOUT_REQUEST_LIMITS: (&[&str], Duration) = (&["route53"], Duration::from_secs(60));
/// They have one TXT value for a name, or for all, and no call to read it.
const HOLD_ONE_VALUE: [&str; 4] = ["ddnss", "duckdns", "freemyip", "hurricane"];

/// Sets and removes TXT records at a provider.
pub(in super::super) struct ProviderSolver {
    provider: &'static Provider,
    updater: DnsUpdater,
    credentials: Credentials,
    /// The zone's name at the provider, if it is given.
    zone: Option<Name>,
    ttl: u32,
    time_limit: Duration,
    view: DnsView,
    /// What this run started to set, by zone; `None` before, when only a killed run can have left something.
    started: Mutex<Option<BTreeMap<Name, Sets>>>,
    /// The file of credentials.
    file: PathBuf,
    /// For a provider that holds one value.
    exclusive: HeldExclusive,
}

/// The values of one name.
type Sets = BTreeMap<Name, Vec<String>>;

impl ProviderSolver {
    /// Makes the client from credentials that were checked.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub(super) fn new(
        provider: &'static Provider,
        credentials: Credentials,
        file: &Path,
        view: DnsView,
    ) -> Result<Self, String> {
        // The crate would panic where this fails: for want of root certificates, or by a wrong proxy.
        reqwest::Client::builder().build().map_err(|error| format!("TLS cannot be set up: {error}"))?;
        let updater = (provider.build)(&Values(&credentials))
            .map_err(|error| credentials.redact(&in_words(&error), &[]))?;
        let zone = match credentials.get("zone") {
            Some(text) => {
                let mut name = Name::from_ascii(text).map_err(|_| "`zone` is not a DNS name".to_owned())?;
                name.set_fqdn(true);
                Some(name)
            }
            None => None,
        };
        let ttl = match credentials.get("ttl") {
            Some(text) => text.parse().map_err(|_| "`ttl` is not a number of seconds".to_owned())?,
            None => provider.ttl,
        };
        let (started, exclusive) = (Mutex::default(), HeldExclusive::default());
        let file = file.to_owned();
        let (unlimited, limit) = WITHOUT_REQUEST_LIMITS;
        let time_limit = if unlimited.contains(&provider.name) { limit } else { TIME_LIMIT };
        Ok(Self { provider, updater, credentials, zone, ttl, time_limit, view, started, file, exclusive })
    }

    /// What is set, by zone and name.
    async fn by_zone(
        &self,
        verb: &'static str,
        records: &[TxtRecord],
    ) -> Result<BTreeMap<Name, Sets>, Error> {
        let mut zones = BTreeMap::<Name, Sets>::new();
        for TxtRecord { name, value } in records {
            let zone = match &self.zone {
                Some(zone) if zone.zone_of(name) => zone.clone(),
                Some(zone) => {
                    let reason = format!("the record is not in the zone {}", plain(zone));
                    return Err(self.failed(verb, name, &reason));
                }
                None => self.view.zone_of(name).await.map_err(|reason| self.failed(verb, name, &reason))?,
            };
            zones.entry(zone).or_default().entry(name.clone()).or_default().push(value.clone());
        }
        Ok(zones)
    }

    async fn set(&self, zone: &Name, name: &Name, values: &[String]) -> Result<(), Error> {
        let records = values.iter().cloned().map(DnsRecord::TXT).collect();
        let (set, zone_name) = (plain(name), plain(zone));
        let (kind, ttl, updater) = (DnsRecordType::TXT, self.ttl, &self.updater);
        let asking = async {
            if self.holds_one_value() {
                updater.set_rrset(&set, kind, ttl, records, &zone_name).await
            } else {
                updater.add_to_rrset(&set, kind, ttl, records, &zone_name).await
            }
        };
        if self.holds_one_value() && values.len() > 1 {
            let reason = "it holds one value only; get the wildcard in a certificate of its own";
            return Err(self.failed("set", name, reason));
        }
        self.ask("set", name, asking).await
    }

    async fn remove(&self, zone: &Name, name: &Name, values: &[String]) -> Result<(), Error> {
        let records: Vec<_> = values.iter().cloned().map(DnsRecord::TXT).collect();
        let (set, zone_name) = (plain(name), plain(zone));
        let (kind, ttl, updater) = (DnsRecordType::TXT, self.ttl, &self.updater);
        let asking = async {
            let result = if self.holds_one_value() {
                updater.set_rrset(&set, kind, ttl, Vec::new(), &zone_name).await
            } else {
                updater.remove_from_rrset(&set, kind, records, &zone_name).await
            };
            // It may be gone already.
            if matches!(result, Err(dns_update::Error::NotFound)) { Ok(()) } else { result }
        };
        self.ask("remove", name, asking).await
    }

    async fn ask(
        &self,
        verb: &'static str,
        name: &Name,
        asking: impl Future<Output = dns_update::Result<()>> + Send,
    ) -> Result<(), Error> {
        // Sets are read, changed and written: not by two at a time.
        let _exclusive = match self.holds_one_value() {
            true => None,
            false => Some(Exclusive::wait(self.provider.name, Some(&self.file)).await),
        };
        match tokio::time::timeout(self.time_limit, asking).await {
            Ok(result) => result.map_err(|error| self.failed(verb, name, &in_words(&error))),
            Err(_) => {
                Err(self.failed(verb, name, &format!("it took longer than {} s", self.time_limit.as_secs())))
            }
        }
    }

    fn started(&self) -> MutexGuard<'_, Option<BTreeMap<Name, Sets>>> {
        // No code that holds the lock can panic half-way through a change.
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until the value is removed nobody else may set one.
    async fn hold(&self) {
        if self.holds_one_value() {
            self.exclusive.hold(self.provider.name, Some(&self.file)).await;
        }
    }

    fn note_started(&self, zone: &Name, name: &Name, values: &[String]) {
        let mut started = self.started();
        let sets = started.get_or_insert_default().entry(zone.clone()).or_default();
        sets.insert(name.clone(), values.to_vec());
    }

    fn holds_one_value(&self) -> bool {
        HOLD_ONE_VALUE.contains(&self.provider.name)
    }

    fn failed(&self, verb: &'static str, name: &Name, reason: &str) -> Error {
        let reason = self.credentials.redact(reason, &[]);
        Error::Provider { provider: self.provider.title, verb, name: plain(name), reason }
    }
}

#[async_trait]
impl Solver for ProviderSolver {
    fn kind(&self) -> ChallengeKind {
        ChallengeKind::Dns01
    }

    async fn present(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        let (nobody, _) = mpsc::unbounded_channel();
        self.present_and_tell(answers, &nobody).await
    }

    async fn present_and_tell(&self, answers: &[ChallengeAnswer], teller: &DnsTeller) -> Result<(), Error> {
        self.started().get_or_insert_default();
        self.hold().await;
        let records = self.view.records(answers).await?;
        for (zone, sets) in self.by_zone("set", &records).await? {
            for (name, values) in sets {
                self.note_started(&zone, &name, &values);
                self.set(&zone, &name, &values).await?;
            }
        }
        self.view.confirm(&records, teller).await
    }

    async fn withdraw(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        let mut result = Ok(());
        // After a failure what was never set need not be removed.
        let started = self.started().take();
        self.hold().await;
        let zones = match started {
            // Where it was set: DNS may be silent by now, or tell something else.
            Some(zones) => zones,
            None => self.by_zone("remove", &self.view.records(answers).await?).await?,
        };
        for (zone, sets) in zones {
            for (name, values) in sets {
                let removed = self.remove(&zone, &name, &values).await;
                result = result.and(removed);
            }
        }
        self.exclusive.release();
        result
    }

    fn outlives_process(&self) -> bool {
        true
    }
}

impl fmt::Debug for ProviderSolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderSolver")
            .field("provider", &self.provider.name)
            .field("credentials", &self.credentials)
            .field("zone", &self.zone)
            .field("view", &self.view)
            .finish_non_exhaustive()
    }
}

/// The crate's errors, without its words for their kinds.
fn in_words(error: &dns_update::Error) -> String {
    use dns_update::Error as E;
    match error {
        E::Unauthorized => "it refuses the credentials".to_owned(),
        E::NotFound => "it does not know the zone, or not for this account".to_owned(),
        E::Api(reason)
        | E::Client(reason)
        | E::Parse(reason)
        | E::Protocol(reason)
        | E::Response(reason)
        | E::Serialize(reason)
        | E::Unsupported(reason) => reason.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::super::dns_provider;
    use super::*;

    fn solver(name: &str, text: &str) -> ProviderSolver {
        let credentials = Credentials::parse(text, Path::new("")).unwrap();
        ProviderSolver::new(dns_provider(name).unwrap(), credentials, Path::new(""), DnsView::default())
            .unwrap()
    }

    #[tokio::test]
    async fn a_provider_that_never_answers_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("endpoint = \"http://{}\"", listener.local_addr().unwrap());
        let mut route53 =
            solver("route53", &format!("access_key_id = \"x\"\nsecret_access_key = \"x\"\n{endpoint}"));
        // Its client takes no limit for a request.
        assert_eq!(route53.time_limit, Duration::from_secs(60));
        assert_eq!(solver("cloudflare", "api_token = \"x\"").time_limit, TIME_LIMIT);
        route53.time_limit = Duration::ZERO;
        let name = Name::from_ascii("_acme-challenge.a.test.").unwrap();
        let zone = Name::from_ascii("a.test.").unwrap();
        let Err(Error::Provider { reason, .. }) = route53.set(&zone, &name, &["value".to_owned()]).await
        else {
            panic!("nobody has answered")
        };
        assert_eq!(reason, "it took longer than 0 s");
    }
}
