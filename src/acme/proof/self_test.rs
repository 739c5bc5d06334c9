//! Before anything is ordered: whether the answer to http-01 is found where the server will look for it.
//!
//! A wrong address record or a closed port costs a failed validation at the server, of which it allows few. What is seen
//! from here is certain only where the name leads to an address of this very machine, or nowhere; from behind a router
//! one's own outside address often cannot be reached.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio::time::{Instant, timeout_at};

use crate::acme::caller::{Caller, Progress};
use crate::acme::challenge::{ChallengeAnswer, ChallengeKind, Clue, Error, RecordScope, Solver, probe};
use crate::acme::plan::Plan;
use crate::sys::own_address::is_own_address;
use crate::x509::HostName;

/// After so many failures in a row the server is asked, whatever is seen from here.
const MOST_HELD_BACK: u32 = 3;
/// So many names are looked at together.
const MOST_AT_ONCE: usize = 10;
/// For all names.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// What the clues of one name come to.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// The answer was found, or nothing could be learned.
    Fine,
    /// It was not found, but this machine may not be able to tell.
    Unsure,
    /// Nobody will find it.
    OutOfReach,
}

/// Tries the challenge on itself, where the solver wants it and the server is on another machine.
///
/// # Errors
/// [`Error::OutOfReach`], for the first names only: after some failures in a row the server decides.
pub async fn run(solver: &dyn Solver, plan: &Plan, failures: u32, caller: &dyn Caller) -> Result<(), Error> {
    if !solver.tries_itself() || probe::is_here(&plan.server) {
        return Ok(());
    }
    let mut names = Vec::new();
    let mut shown = Vec::new();
    for name in &plan.names {
        let Ok(host) = HostName::parse(name) else { continue };
        names.push(name);
        shown.push(test_answer(host)?);
    }
    solver.present(&shown).await?;
    let result = judge_all(&names, &shown, failures, caller).await;
    solver.withdraw(&shown).await?;
    result
}

/// Looks at the names, several at a time. Those that the time was too short for are left to the server.
async fn judge_all(
    names: &[&String],
    shown: &[ChallengeAnswer],
    failures: u32,
    caller: &dyn Caller,
) -> Result<(), Error> {
    let deadline = Instant::now() + TIME_LIMIT;
    let looks = names.iter().zip(shown).map(|(name, answer)| async move {
        let looking = probe::observe(answer, ChallengeKind::Http01, false);
        (*name, timeout_at(deadline, looking).await.unwrap_or_default())
    });
    let mut looks = stream::iter(looks).buffered(MOST_AT_ONCE);
    while let Some((name, clues)) = looks.next().await {
        match verdict(&clues, is_own_address) {
            Verdict::Fine => {}
            Verdict::OutOfReach if failures < MOST_HELD_BACK => {
                return Err(Error::OutOfReach { name: name.clone(), seen: seen(&clues) });
            }
            Verdict::OutOfReach | Verdict::Unsure => {
                caller.progress(Progress::NotFound { name, seen: &seen(&clues) });
            }
        }
    }
    Ok(())
}

/// An answer like that of a challenge, which nobody has asked for.
fn test_answer(host: HostName) -> Result<ChallengeAnswer, Error> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| Error::Proof { name: host.to_string(), reason: "no random bytes".to_owned() })?;
    let token = format!("certkit-{:032x}", u128::from_be_bytes(bytes));
    let key_authorization = format!("{token}.test");
    Ok(ChallengeAnswer { host, token, key_authorization, scope: RecordScope::Name })
}

fn verdict(clues: &[Clue], is_own: impl Fn(IpAddr) -> bool) -> Verdict {
    let is_certain = |clue: &Clue| match clue {
        Clue::NoAddress => true,
        Clue::Closed { address, .. } | Clue::OtherServer { address, .. } => is_own(address.ip()),
        Clue::Open { .. } | Clue::Reached { .. } => false,
    };
    let is_good = |clue: &Clue| matches!(clue, Clue::Open { .. } | Clue::Reached { .. });
    if clues.iter().all(is_good) {
        Verdict::Fine
    } else if clues.iter().all(is_certain) {
        Verdict::OutOfReach
    } else {
        Verdict::Unsure
    }
}

/// What was seen at the addresses, in words.
fn seen(clues: &[Clue]) -> String {
    let in_words = |clue: &Clue| match clue {
        Clue::NoAddress => Some("this machine finds no address for the name".to_owned()),
        Clue::Closed { address, reason } => Some(format!("{address}: {reason}")),
        Clue::OtherServer { address, status: Some(status) } => {
            Some(format!("{address}: another server answers, with HTTP status {status}"))
        }
        Clue::OtherServer { address, status: None } => {
            Some(format!("{address}: something answers that does not speak HTTP"))
        }
        Clue::Open { .. } | Clue::Reached { .. } => None,
    };
    clues.iter().filter_map(in_words).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::acme::Candidate;
    use crate::acme::challenge::{ChallengeMethod, Embedded};
    use crate::acme::remark::Remark;
    use crate::finding::Finding;

    #[test]
    fn only_what_is_certain_holds_an_order_back() {
        let (own, other) = ("192.0.2.7:80".parse().unwrap(), "192.0.2.8:80".parse().unwrap());
        let closed = |address| Clue::Closed { address, reason: "connection refused".into() };
        let is_own = |address: IpAddr| address == "192.0.2.7".parse::<IpAddr>().unwrap();
        for (clues, wanted) in [
            (vec![], Verdict::Fine),
            (vec![Clue::Reached { address: other }], Verdict::Fine),
            (vec![Clue::NoAddress], Verdict::OutOfReach),
            (vec![closed(own)], Verdict::OutOfReach),
            (vec![Clue::OtherServer { address: own, status: Some(404) }], Verdict::OutOfReach),
            // Behind a router this may be the router itself.
            (vec![closed(other)], Verdict::Unsure),
            (vec![Clue::OtherServer { address: other, status: Some(404) }], Verdict::Unsure),
            (vec![closed(own), Clue::Reached { address: other }], Verdict::Unsure),
        ] {
            assert_eq!(verdict(&clues, is_own), wanted, "{clues:?}");
        }
    }

    #[derive(Debug, Default)]
    struct Listener {
        shown: Mutex<Vec<String>>,
        was_used: Mutex<bool>,
    }

    #[async_trait::async_trait]
    impl Solver for Listener {
        fn kind(&self) -> ChallengeKind {
            ChallengeKind::Http01
        }
        async fn present(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
            *self.was_used.lock().unwrap() = true;
            self.shown.lock().unwrap().extend(answers.iter().map(|answer| answer.token.clone()));
            Ok(())
        }
        async fn withdraw(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
            self.shown.lock().unwrap().retain(|token| answers.iter().all(|answer| answer.token != *token));
            Ok(())
        }
        fn tries_itself(&self) -> bool {
            true
        }
    }

    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl Caller for Lines {
        fn progress(&self, progress: Progress<'_>) {
            self.0.lock().unwrap().push(progress.to_string());
        }
        fn agrees_to(&self, _url: &str) -> bool {
            false
        }
        fn judge(&self, _candidate: &Candidate<'_>) -> Result<Vec<Remark>, Vec<Finding>> {
            Ok(Vec::new())
        }
    }

    #[tokio::test]
    async fn an_address_of_this_machine_without_the_answer_is_refused_and_then_left_to_the_server() {
        let solver = Listener::default();
        let embedded = ChallengeMethod::Embedded(Embedded(std::sync::Arc::new(Listener::default())));
        // Nobody here answers the token on port 80, which may be closed or somebody else's.
        let names = vec!["127.0.0.1".to_owned(), "127.0.0.2".to_owned()];
        let plan = Plan { names, server: "https://192.0.2.1/dir".to_owned(), ..Plan::new(embedded) };
        let lines = Lines::default();
        let error = run(&solver, &plan, 0, &lines).await.unwrap_err();
        assert!(matches!(&error, Error::OutOfReach { name, .. } if name == "127.0.0.1"), "{error}");
        assert!(error.to_string().contains("127.0.0.1:80: "), "{error}");
        assert!(error.to_string().contains("nothing was ordered"), "{error}");
        assert_eq!(*solver.shown.lock().unwrap(), Vec::<String>::new());

        run(&solver, &plan, MOST_HELD_BACK, &lines).await.unwrap();
        assert!(lines.0.lock().unwrap().concat().contains("127.0.0.1:80: "));

        // A server on this machine sees names that nobody else sees.
        let solver = Listener::default();
        let here = Plan { server: "https://127.0.0.1/dir".to_owned(), ..plan };
        run(&solver, &here, 0, &lines).await.unwrap();
        assert!(!*solver.was_used.lock().unwrap());
    }
}
