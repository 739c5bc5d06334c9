//! `challenges/`: answers to challenges under way, so that every server on this state can show them, whichever of them
//! has ordered and whichever the validation reaches.

use serde::{Deserialize, Serialize};

use super::records::SCHEMA;
use super::{Result, Storage};
use crate::acme::challenge::tls_alpn01::server_name;
use crate::acme::challenge::{ChallengeAnswer, ChallengeKind, RecordScope};
use crate::x509::HostName;

/// The kinds that listeners answer.
const KINDS: [ChallengeKind; 2] = [ChallengeKind::Http01, ChallengeKind::TlsAlpn01];
/// Of each answer that was asked for: whose it is. These are values of their own, because the answers are written and
/// removed by the process that has ordered, whenever it wants.
const ASKED: &str = "challenges/asked";
/// Tokens of all known servers are shorter (RFC 8555 section 8.1 wants 22 at least), and so are host names.
const LONGEST_NAME: usize = 255 - 64;

/// All answers of a state.
#[derive(Clone, Debug)]
pub struct ChallengeStore {
    storage: Storage,
}

/// `challenges/<kind>/<name>`: one answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ChallengeRecord {
    /// The version of this file.
    schema: u32,
    /// The certificate whose order it belongs to.
    certificate: String,
    host: String,
    token: String,
    key_authorization: String,
}

impl ChallengeStore {
    pub(super) fn new(storage: &Storage) -> Self {
        Self { storage: storage.clone() }
    }

    /// Lets every server show these answers of an order for `certificate`.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn put(&self, certificate: &str, kind: ChallengeKind, answers: &[ChallengeAnswer]) -> Result<()> {
        for answer in answers {
            // What has no key is shown by the process that has ordered, and by no other.
            let Some(key) = key(kind, &name_of(kind, answer)) else { continue };
            let record = ChallengeRecord {
                schema: SCHEMA,
                certificate: certificate.to_owned(),
                host: answer.host.to_string(),
                token: answer.token.clone(),
                key_authorization: answer.key_authorization.clone(),
            };
            self.storage.write_json(&key, &record)?;
        }
        Ok(())
    }

    /// The answer that a server asks for by this name: for http-01 the token, for tls-alpn-01 the name in the handshake
    /// (a client chose it; any text is fine).
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn find(&self, kind: ChallengeKind, name: &str) -> Result<Option<ChallengeAnswer>> {
        let Some(key) = key(kind, name) else { return Ok(None) };
        let Some(record) = self.storage.read_json::<ChallengeRecord>(&key)? else { return Ok(None) };
        let ChallengeRecord { host, token, key_authorization, .. } = record;
        let host = HostName::parse(&host).ok();
        // Only answers that listeners give are shared, and these are for the name alone.
        Ok(host.map(|host| ChallengeAnswer { host, token, key_authorization, scope: RecordScope::Name }))
    }

    /// Notes that a server was asked for this answer, if it is still there.
    ///
    /// # Errors
    /// When the file cannot be read, understood or written.
    pub fn note_asked(&self, kind: ChallengeKind, answer: &ChallengeAnswer) -> Result<()> {
        let Some(asked) = asked_key(kind, answer) else { return Ok(()) };
        let Some(record) = self.shown(kind, answer)? else { return Ok(()) };
        if self.storage.backend.get(&asked)?.is_some() {
            return Ok(());
        }
        self.storage.backend.put(&asked, record.certificate.as_bytes())?;
        // It may have been withdrawn meanwhile, and nobody would remove this then.
        if self.shown(kind, answer)?.is_none() { self.storage.remove(&asked) } else { Ok(()) }
    }

    fn shown(&self, kind: ChallengeKind, answer: &ChallengeAnswer) -> Result<Option<ChallengeRecord>> {
        let Some(key) = key(kind, &name_of(kind, answer)) else { return Ok(None) };
        let record = self.storage.read_json::<ChallengeRecord>(&key)?;
        Ok(record.filter(|record| record.token == answer.token))
    }

    /// Whether any server was asked for this answer.
    pub fn was_asked(&self, kind: ChallengeKind, answer: &ChallengeAnswer) -> bool {
        let asked = asked_key(kind, answer).and_then(|key| self.storage.backend.get(&key).ok().flatten());
        asked.is_some()
    }

    /// Removes all answers for this certificate, also those of killed runs. Needs the certificate's lease: nobody else
    /// orders then.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn remove_all_of(&self, certificate: &str) -> Result<()> {
        for kind in KINDS {
            let folder = folder(kind);
            for name in self.storage.backend.list(&folder)? {
                let key = format!("{folder}/{name}");
                // One that cannot be read is of nobody, and would be in the way.
                let record = self.storage.read_json::<ChallengeRecord>(&key).ok().flatten();
                if record.is_none_or(|record| record.certificate == certificate) {
                    self.storage.remove(&key)?;
                }
            }
        }
        for name in self.storage.backend.list(ASKED)? {
            let key = format!("{ASKED}/{name}");
            if self.storage.backend.get(&key)?.is_some_and(|whose| whose == certificate.as_bytes()) {
                self.storage.remove(&key)?;
            }
        }
        Ok(())
    }
}

fn folder(kind: ChallengeKind) -> String {
    format!("challenges/{kind}")
}

/// What the validating server asks by.
fn name_of(kind: ChallengeKind, answer: &ChallengeAnswer) -> String {
    match kind {
        ChallengeKind::Http01 => answer.token.clone(),
        _ => server_name(&answer.host).to_ascii_lowercase(),
    }
}

/// The key of an answer; `None` for names that are none of ours.
fn key(kind: ChallengeKind, name: &str) -> Option<String> {
    is_name(name).then(|| format!("{}/{name}", folder(kind)))
}

/// Where it is noted that an answer was asked for. All challenges of an authorization may have the same token.
fn asked_key(kind: ChallengeKind, answer: &ChallengeAnswer) -> Option<String> {
    is_name(&answer.token).then(|| format!("{ASKED}/{kind}.{}", answer.token))
}

/// Whether a text that a client chose is fit for a key.
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && name.len() <= LONGEST_NAME && !name.starts_with('.') && name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn answer(host: &str, token: &str) -> ChallengeAnswer {
        ChallengeAnswer {
            scope: RecordScope::Name,
            host: HostName::parse(host).unwrap(),
            token: token.into(),
            key_authorization: format!("{token}.thumb"),
        }
    }

    #[test]
    fn an_answer_is_shown_by_others_and_goes_with_its_certificate() {
        let dir = tempfile::tempdir().unwrap();
        let one = Storage::new(dir.path()).challenges();
        let other = Storage::new(dir.path()).challenges();
        let (first, second, third) =
            (answer("a.test", "T1"), answer("127.0.0.1", "T2"), answer("b.test", "T3"));
        one.put("a.test", ChallengeKind::Http01, std::slice::from_ref(&first)).unwrap();
        one.put("a.test", ChallengeKind::TlsAlpn01, std::slice::from_ref(&second)).unwrap();
        one.put("b.test", ChallengeKind::Http01, std::slice::from_ref(&third)).unwrap();
        let find = |kind, name| other.find(kind, name).unwrap();
        assert_eq!(find(ChallengeKind::Http01, "T1"), Some(first.clone()));
        assert_eq!(find(ChallengeKind::TlsAlpn01, "1.0.0.127.in-addr.arpa"), Some(second));
        assert_eq!(find(ChallengeKind::TlsAlpn01, "T1"), None);

        assert!(!one.was_asked(ChallengeKind::Http01, &first));
        other.note_asked(ChallengeKind::Http01, &first).unwrap();
        assert!(one.was_asked(ChallengeKind::Http01, &first));
        assert!(!one.was_asked(ChallengeKind::Http01, &third));

        // By the next run, if this one is killed.
        other.remove_all_of("a.test").unwrap();
        assert_eq!(find(ChallengeKind::Http01, "T1"), None);
        assert_eq!(find(ChallengeKind::Http01, "T3"), Some(third));
        other.note_asked(ChallengeKind::Http01, &first).unwrap();
        assert_eq!(find(ChallengeKind::Http01, "T1"), None);
    }

    #[test]
    fn whoever_notes_a_question_writes_no_answer() {
        let dir = tempfile::tempdir().unwrap();
        let store = Storage::new(dir.path()).challenges();
        let (first, second) = (answer("a.test", "T1"), answer("a.test", "T2"));
        let kind = ChallengeKind::TlsAlpn01;
        store.put("a.test", kind, std::slice::from_ref(&first)).unwrap();
        let written = || std::fs::metadata(dir.path().join("challenges/tls-alpn-01/a.test")).unwrap();
        let before = written();
        store.note_asked(kind, &first).unwrap();
        // A file that is written again is another one.
        assert_eq!(before.ino(), written().ino());
        assert!(store.was_asked(kind, &first) && !store.was_asked(ChallengeKind::Http01, &first));

        // By a server that still shows what was replaced.
        store.remove_all_of("a.test").unwrap();
        store.put("a.test", kind, std::slice::from_ref(&second)).unwrap();
        store.note_asked(kind, &first).unwrap();
        assert!(!store.was_asked(kind, &first) && !store.was_asked(kind, &second));
        assert_eq!(store.find(kind, "a.test").unwrap(), Some(second));
    }

    #[test]
    fn names_that_clients_choose_lead_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::new(dir.path());
        storage.write_json("accounts/a/account.json", &1).unwrap();
        let long = "a".repeat(4000);
        let names = ["", ".", "..", "../../accounts/a/account.json", "a/b", "a\0b", ".swap", "ä", &long];
        for kind in KINDS {
            for name in names {
                assert_eq!(storage.challenges().find(kind, name).unwrap(), None, "{name}");
            }
        }
    }
}
