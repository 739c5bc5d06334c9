//! Showing the answers of an order, with news for the user while records spread.

use std::pin::pin;

use tokio::sync::mpsc;

use crate::acme::caller::{Caller, Progress};
use crate::acme::challenge::{self, ChallengeAnswer, Solver};

/// Shows all the answers; the caller hears of what is waited for.
///
/// # Errors
/// When one of them cannot be shown.
pub async fn present(
    solver: &dyn Solver,
    answers: &[ChallengeAnswer],
    caller: &dyn Caller,
) -> Result<(), challenge::Error> {
    let (teller, mut told) = mpsc::unbounded_channel();
    let mut presenting = pin!(solver.present_and_tell(answers, &teller));
    loop {
        tokio::select! {
            biased;
            Some(news) = told.recv() => caller.progress(Progress::Dns(&news)),
            result = &mut presenting => {
                while let Ok(news) = told.try_recv() {
                    caller.progress(Progress::Dns(&news));
                }
                return result;
            }
        }
    }
}
