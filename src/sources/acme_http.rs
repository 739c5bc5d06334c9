//! http-01 through the listeners of the server itself.

use async_trait::async_trait;

use crate::acme::challenge::{ChallengeAnswer, ChallengeKind, Error, Solver};
use crate::serve::HttpChallenges;

/// Gives answers to the listeners.
#[derive(Debug)]
pub(super) struct HttpAnswers(pub(super) HttpChallenges);

#[async_trait]
impl Solver for HttpAnswers {
    fn kind(&self) -> ChallengeKind {
        ChallengeKind::Http01
    }

    async fn present(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        for answer in answers {
            self.0.present(&answer.token, &answer.key_authorization);
        }
        Ok(())
    }

    async fn withdraw(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        for answer in answers {
            self.0.withdraw(&answer.token);
        }
        Ok(())
    }

    fn was_asked(&self, answer: &ChallengeAnswer) -> Option<bool> {
        Some(self.0.was_asked(&answer.token))
    }

    fn tries_itself(&self) -> bool {
        true
    }
}
