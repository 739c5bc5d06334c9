//! The person or script at the other end: progress as lines, consent, and the judgement of `certkit check`.

use std::io::IsTerminal;
use std::time::Instant;

use super::judge;
use crate::acme::{Caller, Candidate, Progress};
use crate::chain::TrustStore;
use crate::commands::Context;
use crate::finding::Finding;
use crate::render::Talk;
use crate::sys::clock::{Clock, SystemClock, date};

/// Whoever runs a command.
pub(crate) struct User<'a> {
    talk: Talk,
    clock: &'a dyn Clock,
    /// To every server's terms of service.
    agrees: bool,
    /// Whether somebody may sit there who can be asked.
    is_there: bool,
    /// Put before each line: whom it is about.
    prefix: String,
    /// Since when the command runs, where somebody looks on: they see how long each step takes.
    since: Option<Instant>,
}

impl<'a> User<'a> {
    /// Somebody who agrees to every server's terms of service, or is asked.
    pub(super) fn new(context: &Context<'a>, agrees: bool) -> Self {
        let since = std::io::stderr().is_terminal().then(Instant::now);
        let (talk, clock) = (context.talk, context.clock);
        Self { talk, clock, agrees, is_there: true, prefix: String::new(), since }
    }

    /// The same, told about one certificate.
    pub(super) fn about(context: &Context<'a>, name: &str, agrees: bool) -> Self {
        Self { prefix: format!("{name}: "), ..Self::new(context, agrees) }
    }

    /// A server that runs by itself: told about one of its certificates, and never asked.
    pub(crate) fn of_server(talk: Talk, name: &str, agrees: bool) -> User<'static> {
        let prefix = format!("certkit: {name}: ");
        User { talk, clock: &SystemClock, agrees, is_there: false, prefix, since: None }
    }

    /// Says a line about the certificate.
    pub(crate) fn say(&self, line: &str) {
        let time = self.since.map(|since| format!("{:5.1} s  ", since.elapsed().as_secs_f32()));
        self.talk.say(&format!("{}{}{line}", time.unwrap_or_default(), self.prefix));
    }
}

impl Caller for User<'_> {
    fn progress(&self, progress: Progress<'_>) {
        let line = match progress {
            Progress::AccountKeySaved => "a new account is asked for".to_owned(),
            Progress::AccountReady => "the account is ready".to_owned(),
            Progress::ChallengesAnswered { names } => {
                format!("{} offered for validation; waiting for the server to look", count(names))
            }
            Progress::ClockDiffers { ahead } => {
                let how = if ahead.is_negative() { "behind" } else { "ahead of" };
                let minutes = ahead.whole_minutes().unsigned_abs();
                format!(
                    "this machine's clock is {minutes} minutes {how} the server's: set it right, or certificates will \
                     seem expired or not yet valid"
                )
            }
            Progress::Connecting { server } => format!("asking {server}"),
            Progress::DeployHook { command } => format!("running the deploy hook: {command}"),
            Progress::Downloaded => "the certificate is here".to_owned(),
            Progress::Finalized => "the certificate is being made".to_owned(),
            Progress::NotWithdrawn { reason } => format!("an answer to a challenge is left behind: {reason}"),
            Progress::NoWindow { reason } => format!("the server does not say when to renew: {reason}"),
            Progress::OrderPlaced { names } => format!("ordered a certificate for {}", count(names)),
            Progress::OrderResumed => "going on with the order of an earlier run".to_owned(),
            Progress::Reissue { why } => format!("getting a new certificate: {why}"),
            Progress::Validated => "validated".to_owned(),
            Progress::Waiting { doing, pause } => {
                format!("{doing}: the server is in trouble, trying again in {} s", pause.as_secs())
            }
            Progress::WaitingForLock => "waiting for another certkit that is at work here".to_owned(),
            Progress::Window { window } => {
                let why = window.explanation.as_ref().map(|url| format!("; why: {url}")).unwrap_or_default();
                let (start, end) = (date(window.start.0), date(window.end.0));
                format!("the server wants it renewed between {start} and {end}{why}")
            }
        };
        self.say(&line);
    }

    fn agrees_to(&self, url: &str) -> bool {
        self.say(&format!("terms of service: {url}"));
        if self.agrees {
            return true;
        }
        // Whoever wants no words cannot be asked.
        if !self.is_there
            || self.talk.is_quiet()
            || !std::io::stdin().is_terminal()
            || !std::io::stderr().is_terminal()
        {
            return false;
        }
        self.say("do you agree to them? [y/N]");
        let mut answer = String::new();
        // An unreadable answer is no yes.
        let _ = std::io::stdin().read_line(&mut answer);
        matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
    }

    fn judge(&self, candidate: &Candidate<'_>) -> Result<Vec<Finding>, Vec<Finding>> {
        let Candidate { chain, key, names } = candidate;
        judge::judge(chain, key, names, TrustStore::system(), self.clock.now())
    }
}

fn count(names: usize) -> String {
    if names == 1 { "one name".to_owned() } else { format!("{names} names") }
}
