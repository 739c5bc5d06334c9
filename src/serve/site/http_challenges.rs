//! http-01 (RFC 8555 section 8.3) on listeners that serve other clients too: the answers to the
//! challenges under way.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

/// Where an ACME server looks for the answer; the token follows.
const PREFIX: &[u8] = b"/.well-known/acme-challenge/";
/// So many unknown tokens are looked for elsewhere at a time; others wait. Anybody can ask for them.
const LOOKUPS: usize = 8;

/// The answers by their tokens. Clones share them.
#[derive(Clone, Debug)]
pub struct HttpChallenges {
    by_token: Arc<Mutex<HashMap<String, KeyAuthorization>>>,
    elsewhere: Option<Arc<dyn ChallengeLookup>>,
    lookups: Arc<Semaphore>,
}

/// Answers that other servers of the same site have asked for.
pub trait ChallengeLookup: fmt::Debug + Send + Sync {
    /// The key authorization of a token, which any client may have made up; it may block.
    fn key_authorization(&self, token: &str) -> Option<String>;
}

#[derive(Debug)]
struct KeyAuthorization {
    text: String,
    was_asked: bool,
}

impl Default for HttpChallenges {
    fn default() -> Self {
        let lookups = Arc::new(Semaphore::new(LOOKUPS));
        Self { by_token: Arc::default(), elsewhere: None, lookups }
    }
}

impl HttpChallenges {
    /// Answers these as well; the same own answers as `self`.
    #[must_use]
    pub fn and_from(self, elsewhere: Arc<dyn ChallengeLookup>) -> Self {
        Self { elsewhere: Some(elsewhere), ..self }
    }

    /// Answers `text` for `token` from now on.
    pub fn present(&self, token: &str, text: &str) {
        let answer = KeyAuthorization { text: text.to_owned(), was_asked: false };
        self.with(|answers| answers.insert(token.to_owned(), answer));
    }

    /// Answers nothing for `token` any more; whether anybody had asked.
    pub fn withdraw(&self, token: &str) -> bool {
        self.with(|answers| answers.remove(token)).is_some_and(|answer| answer.was_asked)
    }

    /// Whether anybody has asked for `token`.
    pub fn was_asked(&self, token: &str) -> bool {
        self.with(|answers| answers.get(token).is_some_and(|answer| answer.was_asked))
    }

    /// Whether a request for `path` is one of a validating server.
    pub(in crate::serve) fn are_at(path: &[u8]) -> bool {
        path.starts_with(PREFIX)
    }

    /// The answer to a request for `path`; `None` unless it belongs to a pending challenge.
    pub(in crate::serve) async fn answer(&self, path: &[u8]) -> Option<String> {
        let token = str::from_utf8(path.strip_prefix(PREFIX)?).ok()?;
        let own = self.with(|answers| {
            let answer = answers.get_mut(token)?;
            answer.was_asked = true;
            Some(answer.text.clone())
        });
        match (own, &self.elsewhere) {
            (None, Some(elsewhere)) => {
                // The semaphore is never closed.
                let _permit = self.lookups.acquire().await.ok()?;
                let (elsewhere, token) = (Arc::clone(elsewhere), token.to_owned());
                tokio::task::spawn_blocking(move || elsewhere.key_authorization(&token)).await.ok()?
            }
            (own, _) => own,
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<String, KeyAuthorization>) -> T) -> T {
        // A map is whole also after a panic elsewhere.
        act(&mut self.by_token.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Another;

    impl ChallengeLookup for Another {
        fn key_authorization(&self, token: &str) -> Option<String> {
            (token == "def").then(|| "def.thumb".to_owned())
        }
    }

    #[tokio::test]
    async fn only_what_is_presented_is_answered() {
        let challenges = HttpChallenges::default();
        challenges.clone().present("abc", "abc.thumb");
        assert!(!challenges.was_asked("abc"));
        let answer = async |token: &str| {
            challenges.answer(format!("/.well-known/acme-challenge/{token}").as_bytes()).await
        };
        assert_eq!(answer("ab").await, None);
        assert_eq!(challenges.answer(b"/abc").await, None);
        assert_eq!(answer("abc").await.as_deref(), Some("abc.thumb"));
        assert!(challenges.was_asked("abc"));
        assert_eq!(answer("def").await, None);
        let both = challenges.clone().and_from(Arc::new(Another));
        assert_eq!(both.answer(b"/.well-known/acme-challenge/def").await.as_deref(), Some("def.thumb"));
        assert_eq!(both.answer(b"/.well-known/acme-challenge/abc").await.as_deref(), Some("abc.thumb"));
        assert_eq!(both.answer(b"/.well-known/acme-challenge/ghi").await, None);
        assert!(challenges.withdraw("abc"));
        assert_eq!(answer("abc").await, None);
    }
}
