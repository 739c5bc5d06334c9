//! Which clients connect: their hellos are sent as they are recorded, and the server's answer is read.
//!
//! A hello has no key share, so that with TLS 1.3 the server names the group that it wants; whether a client trusts the
//! chain is judged elsewhere.

mod table;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use self::table::CLIENTS;
use super::Server;
use super::client_hello::ClientHello;
use super::fetch::HelloOutcome;
use super::flight::ServerFlight;
use super::suites::{Group, Suite, Version};
use super::surveyed::Survey;

/// What a client offers.
#[derive(Debug)]
pub(super) struct RecordedClient {
    name: &'static str,
    newest: Version,
    /// Of TLS 1.3 and older.
    suites: &'static [u16],
    groups: &'static [u16],
    signatures: &'static [u16],
    /// The smallest finite-field group that it accepts; `None` when it has no such key exchange.
    min_dh_bits: Option<usize>,
}

/// What comes of a client's hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The client, with its version.
    pub client: &'static str,
    pub outcome: Result<Agreement, String>,
}

/// What client and server agree on, by OpenSSL's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    pub version: Version,
    pub suite: String,
    pub group: Option<String>,
}

/// Hellos sent at the same time.
const AT_ONCE: usize = 4;

impl Server {
    /// Sends the hello of each client. The reason why one cannot connect is taken from what `survey` has found.
    pub fn clients(&self, survey: &Survey) -> Vec<Connection> {
        let next = AtomicUsize::new(0);
        let found = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(client) = CLIENTS.get(number) else { break };
                        let connection =
                            Connection { client: client.name, outcome: self.connect_as(client, survey) };
                        found.lock().unwrap_or_else(PoisonError::into_inner).push((number, connection));
                    }
                });
            }
        });
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by_key(|(number, _)| *number);
        found.into_iter().map(|(_, connection)| connection).collect()
    }

    fn connect_as(&self, client: &RecordedClient, survey: &Survey) -> Result<Agreement, String> {
        let hello = ClientHello {
            signatures: client.signatures,
            oldest: Version::Tls12,
            ..ClientHello::new(client.newest, client.suites, client.groups, self.server_name())
        };
        match self.say(&hello) {
            Ok(HelloOutcome::Answered(answer)) => client.accepts(&answer),
            Ok(HelloOutcome::Refused) => Err(client.why_not(survey)),
            // Some servers refuse by closing the connection.
            Ok(HelloOutcome::Unanswered(_)) if survey.unanswered.is_empty() => Err(client.why_not(survey)),
            Ok(HelloOutcome::Unanswered(_)) | Err(_) => Err("not known: the server did not answer".into()),
        }
    }
}

impl RecordedClient {
    fn accepts(&self, answer: &ServerFlight) -> Result<Agreement, String> {
        let hello = answer.hello.as_ref().ok_or("it refuses")?;
        if hello.version < Version::Tls12 {
            return Err(format!("it refuses {}", hello.version));
        }
        if let Some((bits, least)) = answer.dh_bits.zip(self.min_dh_bits).filter(|(bits, least)| bits < least)
        {
            return Err(format!("it refuses a {bits}-bit Diffie-Hellman group (at least {least})"));
        }
        let group = hello.group.or(answer.group).map(Group::name_of);
        let group = group.or_else(|| answer.dh_bits.map(|bits| format!("DH {bits}")));
        Ok(Agreement { version: hello.version, suite: Suite::name_of(hello.suite), group })
    }

    fn why_not(&self, survey: &Survey) -> String {
        let is_apart = !survey.versions.is_empty()
            && !survey.versions.iter().any(|version| (Version::Tls12..=self.newest).contains(version));
        if is_apart {
            return format!("no version in common: it has TLS 1.2{}", self.newer());
        }
        let suites = survey.suites.iter().filter(|(version, _)| *version <= self.newest);
        let has_suite = |name: &String| self.suites.iter().any(|code| Suite::name_of(*code) == *name);
        let mut named = suites.flat_map(|(_, suites)| suites).peekable();
        if named.peek().is_some() && !named.any(has_suite) {
            return "no cipher suite in common".into();
        }
        let groups = survey.groups();
        let has_group = |code: &u16| groups.contains(&Group::name_of(*code));
        if !groups.is_empty() && !self.groups.iter().any(has_group) {
            return "no group for the key exchange in common".into();
        }
        "no parameters in common; its signature algorithms may not fit the certificate".into()
    }

    fn newer(&self) -> &'static str {
        if self.newest == Version::Tls13 { " and 1.3" } else { " at most" }
    }
}

#[cfg(test)]
mod tests {
    use super::super::suites::SUITES;
    use super::*;

    #[test]
    fn what_they_offer_has_names() {
        assert_eq!(CLIENTS.len(), 12);
        for client in CLIENTS {
            let is_named = |name: String| !name.starts_with("0x");
            assert!(client.suites.iter().all(|code| is_named(Suite::name_of(*code))), "{}", client.name);
            assert!(client.groups.iter().all(|code| is_named(Group::name_of(*code))), "{}", client.name);
            let has_tls13 = client.suites.iter().any(|code| *code >> 8 == 0x13);
            assert_eq!(has_tls13, client.newest == Version::Tls13, "{}", client.name);
            let has_dhe =
                SUITES.iter().any(|suite| suite.is_finite_field() && client.suites.contains(&suite.code));
            assert_eq!(has_dhe, client.min_dh_bits.is_some(), "{}", client.name);
        }
    }

    #[test]
    fn the_reason_comes_from_what_the_server_has() {
        let client = |name: &str| CLIENTS.iter().find(|client| client.name == name).unwrap();
        let survey = |versions: &[Version], suites: &[&str]| Survey {
            versions: versions.to_vec(),
            suites: vec![(Version::Tls12, suites.iter().map(ToString::to_string).collect())],
            ..Survey::default()
        };
        let modern = survey(&[Version::Tls13], &[]);
        assert_eq!(client("Android 7.0").why_not(&modern), "no version in common: it has TLS 1.2 at most");
        let old = survey(&[Version::Tls10], &[]);
        assert_eq!(client("Go 1.24").why_not(&old), "no version in common: it has TLS 1.2 and 1.3");
        let rsa = survey(&[Version::Tls12], &["AES128-SHA"]);
        assert_eq!(client("Go 1.24").why_not(&rsa), "no cipher suite in common");
    }
}
