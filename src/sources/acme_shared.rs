//! Several servers on one state: each shows the answers to challenges that another one has ordered, and takes over the
//! certificates that others put in use.
//!
//! ```text
//! SharedSolver ── put ──> STATE/challenges ── find ──> SharedAnswers ──> listeners of every server on this state
//! ```

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::on_demand::OnDemand;
use super::on_demand_permission::Permission;
use crate::acme::challenge::tls_alpn01::{certificate, server_name};
use crate::acme::challenge::{self, ChallengeAnswer, ChallengeKind, ChallengeMethod, Embedded, Solver};
use crate::acme::storage::{self, CertificateStore, ChallengeStore};
use crate::serve::ChallengeLookup;
use crate::tls::{AlpnChallenges, HelloFacts, Preparation};
use crate::x509::HostName;

/// Handshakes that validate for which answers are looked for at a time. Anybody can begin one.
const LOOKUPS: usize = 8;

/// Shows answers by the listeners of this process, and lets all others show them.
#[derive(Debug)]
struct SharedSolver {
    own: Arc<dyn Solver>,
    challenges: ChallengeStore,
    /// Whose order it is.
    certificate: String,
}

/// What proves the names of one certificate, on this server and all others with the same state.
pub(super) fn shared(
    own: &Arc<dyn Solver>,
    challenges: &ChallengeStore,
    store: &CertificateStore,
) -> ChallengeMethod {
    let (own, challenges) = (Arc::clone(own), challenges.clone());
    ChallengeMethod::Embedded(Embedded(Arc::new(SharedSolver {
        own,
        challenges,
        certificate: store.name().to_owned(),
    })))
}

#[async_trait]
impl Solver for SharedSolver {
    fn kind(&self) -> ChallengeKind {
        self.own.kind()
    }

    async fn present(&self, answers: &[ChallengeAnswer]) -> Result<(), challenge::Error> {
        self.own.present(answers).await?;
        // Those of a killed run are of no use any more.
        let kept = self.challenges.remove_all_of(&self.certificate);
        kept.and_then(|()| self.challenges.put(&self.certificate, self.kind(), answers)).map_err(not_shared)
    }

    async fn withdraw(&self, answers: &[ChallengeAnswer]) -> Result<(), challenge::Error> {
        self.own.withdraw(answers).await?;
        self.challenges.remove_all_of(&self.certificate).map_err(not_shared)
    }

    fn was_asked(&self, answer: &ChallengeAnswer) -> Option<bool> {
        let here = self.own.was_asked(answer)?;
        Some(here || self.challenges.was_asked(self.kind(), answer))
    }

    fn tries_itself(&self) -> bool {
        self.own.tries_itself()
    }
}

fn not_shared(error: storage::Error) -> challenge::Error {
    challenge::Error::NotShared(Box::new(error))
}

/// Shows the answers of other servers on the same state.
#[derive(Debug)]
pub(super) struct SharedAnswers {
    challenges: ChallengeStore,
    /// The names of this server as hosts, and as validating servers send them in handshakes.
    hosts: HashSet<String>,
    server_names: HashSet<String>,
    alpn: AlpnChallenges,
    /// Further hosts.
    on_demand: Option<Arc<Permission>>,
    /// The tokens of the answers that `alpn` has from others, by their names in handshakes.
    borrowed: Mutex<HashMap<String, String>>,
}

impl SharedAnswers {
    /// For a server with certificates for these names.
    pub(super) fn new<'a>(
        names: impl Iterator<Item = &'a String>,
        challenges: ChallengeStore,
        alpn: AlpnChallenges,
        on_demand: Option<Arc<Permission>>,
    ) -> Self {
        let hosts: Vec<_> = names.filter_map(|name| HostName::parse(name).ok()).collect();
        Self {
            challenges,
            hosts: hosts.iter().map(ToString::to_string).collect(),
            server_names: hosts.iter().map(server_name).collect(),
            alpn,
            on_demand,
            borrowed: Mutex::default(),
        }
    }

    /// The answer of another server, if it is for a name of this one.
    fn find(&self, kind: ChallengeKind, name: &str) -> Option<ChallengeAnswer> {
        match self.challenges.find(kind, name) {
            Ok(answer) => answer.filter(|answer| self.has(&answer.host.to_string())),
            Err(error) => {
                tracing::warn!("{error}");
                None
            }
        }
    }

    fn has(&self, host: &str) -> bool {
        self.hosts.contains(host) || self.on_demand.as_ref().is_some_and(|names| names.may_be(host))
    }

    fn note_asked(&self, kind: ChallengeKind, answer: &ChallengeAnswer) {
        if let Err(error) = self.challenges.note_asked(kind, answer) {
            tracing::debug!("{error}");
        }
    }

    /// Shows the certificate for tls-alpn-01 that another server would show.
    fn borrow(&self, name: &str) {
        let Some(answer) = self.find(ChallengeKind::TlsAlpn01, name) else { return };
        let mut borrowed = self.borrowed();
        // Validating servers come from several places; one certificate is enough for all.
        if !self.alpn.has(name) || borrowed.get(name).is_some_and(|token| *token != answer.token) {
            match certificate(&answer) {
                Ok(proof) => self.alpn.present(name, Arc::new(proof)),
                Err(error) => return tracing::warn!("{error}"),
            }
            borrowed.insert(name.to_owned(), answer.token.clone());
        }
        self.note_asked(ChallengeKind::TlsAlpn01, &answer);
    }

    /// Gives back what its server has withdrawn.
    pub(super) fn give_back(&self) {
        let mut borrowed = self.borrowed();
        borrowed.retain(|name, token| {
            let is_shown =
                self.find(ChallengeKind::TlsAlpn01, name).is_some_and(|answer| answer.token == *token);
            if !is_shown {
                self.alpn.withdraw(name);
            }
            is_shown
        });
    }

    fn borrowed(&self) -> MutexGuard<'_, HashMap<String, String>> {
        // A map is whole also after a panic elsewhere.
        self.borrowed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ChallengeLookup for SharedAnswers {
    fn key_authorization(&self, token: &str) -> Option<String> {
        let answer = self.find(ChallengeKind::Http01, token)?;
        self.note_asked(ChallengeKind::Http01, &answer);
        Some(answer.key_authorization)
    }
}

/// [`SharedAnswers`] for handshakes, and certificates on demand.
#[derive(Debug)]
pub(super) struct PreparedHandshakes {
    answers: Arc<SharedAnswers>,
    on_demand: Option<Arc<OnDemand>>,
    lookups: Arc<Semaphore>,
}

impl PreparedHandshakes {
    pub(super) fn new(answers: Arc<SharedAnswers>, on_demand: Option<Arc<OnDemand>>) -> Self {
        Self { answers, on_demand, lookups: Arc::new(Semaphore::new(LOOKUPS)) }
    }

    /// Looks for the answer that a validating server wants to see.
    async fn look_up(&self, name: String) {
        let lookups = Arc::clone(&self.lookups);
        // Names of this server wait, as requests for tokens do; of others there may be any number.
        let permit = if self.answers.server_names.contains(&name) {
            lookups.acquire_owned().await.ok()
        } else {
            lookups.try_acquire_owned().ok()
        };
        let Some(permit) = permit else { return };
        let answers = Arc::clone(&self.answers);
        let look_up = move || {
            answers.borrow(&name);
            // The client may have left before the files were read.
            drop(permit);
        };
        // The file system may be slow.
        let _ = tokio::task::spawn_blocking(look_up).await;
    }
}

#[async_trait]
impl Preparation for PreparedHandshakes {
    fn only_for_validations(&self) -> bool {
        self.on_demand.is_none()
    }

    fn is_needed(&self, hello: &HelloFacts) -> bool {
        let Some(name) = &hello.server_name else { return false };
        let is_on_demand = || self.on_demand.as_ref().is_some_and(|on_demand| on_demand.may_be(name));
        (hello.validates && self.answers.server_names.contains(name)) || is_on_demand()
    }

    async fn prepare(&self, hello: &HelloFacts) -> bool {
        let Some(name) = hello.server_name.clone() else { return false };
        if hello.validates {
            self.look_up(name).await;
            return false;
        }
        match &self.on_demand {
            Some(on_demand) => on_demand.wait_for(&name).await,
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use super::*;
    use crate::acme::challenge::RecordScope;
    use crate::acme::storage::Storage;

    #[tokio::test]
    async fn validations_by_strangers_take_no_more_than_their_bound() {
        let dir = tempfile::tempdir().unwrap();
        let challenges = Storage::new(dir.path()).challenges();
        let hosts = ["own.test", "other.test"];
        for host in hosts {
            let answer = ChallengeAnswer {
                scope: RecordScope::Name,
                host: HostName::parse(host).unwrap(),
                token: format!("token-of-{host}"),
                key_authorization: "token.thumb".to_owned(),
            };
            challenges.put(host, ChallengeKind::TlsAlpn01, &[answer]).unwrap();
        }
        let own = ["own.test".to_owned()];
        let any =
            Permission::new(&[], Some("http://127.0.0.1:1/"), &["https://ca.test/".to_owned()], own.iter())
                .unwrap();
        let alpn = AlpnChallenges::default();
        let answers = SharedAnswers::new(own.iter(), challenges, alpn.clone(), Some(Arc::new(any)));
        let prepared = PreparedHandshakes::new(Arc::new(answers), None);
        let hello = |host: &str| HelloFacts { server_name: Some(host.to_owned()), validates: true };

        let all = u32::try_from(LOOKUPS).unwrap();
        let taken = Arc::clone(&prepared.lookups).acquire_many_owned(all).await.unwrap();
        prepared.prepare(&hello("other.test")).await;
        assert!(!alpn.has("other.test"));
        // A name of this server gets its turn.
        let own = hello("own.test");
        let mut waiting = prepared.prepare(&own);
        let is_pending = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_pending()));
        assert!(is_pending.await);
        drop(taken);
        waiting.await;
        prepared.prepare(&hello("other.test")).await;
        assert!(hosts.iter().all(|host| alpn.has(host)));
    }
}
