//! dns-account-01 (draft-ietf-acme-dns-account-label-02): dns-01 at a name that has a label of the account in it, so that
//! several accounts can prove the same name at the same time.

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};

use super::{ChallengeAnswer, ChallengeKind, DnsTeller, Error, Solver};

/// RFC 4648 section 6, in lower case.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// How much of the hash is in the label.
const HASHED_BYTES: usize = 10;

/// Answers by what another solver sets for dns-01.
#[derive(Debug)]
pub(super) struct AccountScoped(pub(super) Arc<dyn Solver>);

/// The label of an account: the beginning of the hash of its URL.
pub fn account_label(account_url: &str) -> String {
    let digest = digest(&SHA256, account_url.as_bytes());
    let (mut bits, mut held) = (0u32, 0);
    let mut label = "_".to_owned();
    for &byte in digest.as_ref().iter().take(HASHED_BYTES) {
        bits = (bits << 8 | u32::from(byte)) & 0xfff;
        held += 8;
        while held >= 5 {
            held -= 5;
            let index = usize::try_from(bits >> held & 31).unwrap_or_default();
            label.extend(BASE32.get(index).copied().map(char::from));
        }
    }
    label
}

#[async_trait]
impl Solver for AccountScoped {
    fn kind(&self) -> ChallengeKind {
        ChallengeKind::DnsAccount01
    }

    async fn present(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        self.0.present(answers).await
    }

    async fn present_and_tell(&self, answers: &[ChallengeAnswer], teller: &DnsTeller) -> Result<(), Error> {
        self.0.present_and_tell(answers, teller).await
    }

    async fn withdraw(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        self.0.withdraw(answers).await
    }

    fn was_asked(&self, answer: &ChallengeAnswer) -> Option<bool> {
        self.0.was_asked(answer)
    }

    fn outlives_process(&self) -> bool {
        self.0.outlives_process()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_is_that_of_the_draft() {
        // The example of section 3.
        assert_eq!(account_label("https://example.com/acme/acct/ExampleAccount"), "_ujmmovf2vn55tgye");
    }
}
