//! http-01 (RFC 8555 section 8.3) on listeners that serve other clients too: the answers to the
//! challenges under way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Where an ACME server looks for the answer; the token follows.
const PREFIX: &str = "/.well-known/acme-challenge/";

/// The answers by their tokens. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct HttpChallenges {
    by_token: Arc<Mutex<HashMap<String, KeyAuthorization>>>,
}

#[derive(Debug)]
struct KeyAuthorization {
    text: String,
    was_asked: bool,
}

impl HttpChallenges {
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

    /// The answer to a request for `path`; `None` unless it belongs to a pending challenge.
    pub(in crate::serve) fn answer(&self, path: &[u8]) -> Option<String> {
        let token = str::from_utf8(path.strip_prefix(PREFIX.as_bytes())?).ok()?;
        self.with(|answers| {
            let answer = answers.get_mut(token)?;
            answer.was_asked = true;
            Some(answer.text.clone())
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<String, KeyAuthorization>) -> T) -> T {
        // A map is whole also after a panic elsewhere.
        act(&mut self.by_token.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_presented_is_answered() {
        let challenges = HttpChallenges::default();
        challenges.clone().present("abc", "abc.thumb");
        assert!(!challenges.was_asked("abc"));
        assert_eq!(challenges.answer(b"/.well-known/acme-challenge/ab"), None);
        assert_eq!(challenges.answer(b"/abc"), None);
        assert_eq!(challenges.answer(b"/.well-known/acme-challenge/abc").as_deref(), Some("abc.thumb"));
        assert!(challenges.was_asked("abc"));
        assert!(challenges.withdraw("abc"));
        assert_eq!(challenges.answer(b"/.well-known/acme-challenge/abc"), None);
    }
}
