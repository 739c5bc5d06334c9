//! dns-persist-01 (draft-ietf-acme-dns-persist-02): the record was set once, by hand. It is only read here, so that a
//! missing one is reported before the server looks.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use hickory_proto::rr::Name;

use super::persistent_record::{RecordDemand, Unproven};
use super::resolver::Resolver;
use super::{ChallengeAnswer, ChallengeKind, Error, RecordScope, Solver};
use crate::sys::clock::{Clock, SystemClock};

/// Reads the records.
#[derive(Debug)]
pub(super) struct DnsPersist {
    resolver: Option<SocketAddr>,
    /// When the first of the records ends that were read.
    ends: Mutex<Option<i64>>,
}

impl DnsPersist {
    /// With the resolver to ask; `None` is that of the system.
    pub(super) fn new(resolver: Option<SocketAddr>) -> Self {
        Self { resolver, ends: Mutex::default() }
    }

    /// The TXT records at a name.
    async fn values(&self, name: &str) -> Result<Vec<Vec<u8>>, String> {
        let name = Name::from_ascii(format!("{name}.")).map_err(|error| error.to_string())?;
        Resolver::new(self.resolver)?.texts(&name).await
    }

    async fn look(&self, answer: &ChallengeAnswer, demand: &RecordDemand) -> Result<(), Error> {
        let name = answer.record_name();
        let values = match self.values(&name).await {
            Ok(values) => values,
            // The server may see what cannot be seen from here.
            Err(reason) => {
                tracing::warn!(%name, %reason, "the TXT record cannot be read");
                return Ok(());
            }
        };
        match demand.judge(values.iter().map(Vec::as_slice), SystemClock.now()) {
            Ok(record) => {
                let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
                *ends = record.until.into_iter().chain(*ends).min();
                Ok(())
            }
            // It may have been made with an earlier key of this account, which the server knows.
            Err(Unproven::OtherAccount) if demand.has_hashes() => Ok(()),
            Err(why) => {
                let strings = demand.wanted(None).map(|record| record.strings()).unwrap_or_default();
                Err(Error::NoPersistentRecord { name, strings, why })
            }
        }
    }
}

#[async_trait]
impl Solver for DnsPersist {
    fn kind(&self) -> ChallengeKind {
        ChallengeKind::DnsPersist01
    }

    async fn present(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        for answer in answers {
            if let RecordScope::Persistent(demand) = &answer.scope {
                self.look(answer, demand).await?;
            }
        }
        Ok(())
    }

    async fn withdraw(&self, _answers: &[ChallengeAnswer]) -> Result<(), Error> {
        Ok(())
    }

    fn proof_ends(&self) -> Option<i64> {
        *self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
