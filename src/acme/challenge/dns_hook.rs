//! dns-01 (RFC 8555 section 8.4) by a program of the user's: `CMD present|cleanup FQDN VALUE`.
//!
//! FQDN is `_acme-challenge.NAME.` with its dot at the end, VALUE the text of the TXT record; lego's programs
//! have the same arguments. The record is visible when `present` returns: no resolver is asked for it, and a CNAME is followed by
//! the program if it wants. A name and its wildcard have two values at one FQDN; every value is cleaned up by itself,
//! after all validations.
//!
//! CMD is split into words as a shell does it, but no shell runs. Names and values are arguments of their own.

use std::ffi::OsString;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::exclusive::HeldExclusive;
use super::hook_process::{HookCall, HookCommand, TIME_LIMIT};
use super::{ChallengeAnswer, ChallengeKind, Error, Solver};

/// A program that sets and removes TXT records.
#[derive(Debug)]
pub(super) struct DnsHook {
    command: HookCommand,
    time_limit: Duration,
    /// What `present` was called for; `None` while it was not called, when only a killed run can have left something.
    presented: Mutex<Option<Vec<ChallengeAnswer>>>,
    /// The command, which is not to run for two certificates at a time.
    called: String,
    exclusive: HeldExclusive,
}

impl DnsHook {
    /// Splits the command and looks for its program.
    ///
    /// # Errors
    /// [`Error::HookUnusable`].
    pub(super) fn new(command: &str) -> Result<Self, Error> {
        Ok(Self {
            command: HookCommand::parse(command)?,
            time_limit: TIME_LIMIT,
            presented: Mutex::default(),
            called: command.to_owned(),
            exclusive: HeldExclusive::default(),
        })
    }

    fn presented(&self) -> MutexGuard<'_, Option<Vec<ChallengeAnswer>>> {
        // No code that holds the lock can panic half-way through a change.
        self.presented.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(&self, verb: &'static str, answer: &ChallengeAnswer) -> Result<(), Error> {
        let fqdn = format!("{}.", answer.record_name());
        let value = answer.record_value();
        let arguments = self.command.arguments.iter().map(String::as_str).chain([verb, &fqdn, &value]);
        let call = HookCall {
            program: &self.command.program,
            arguments: arguments.map(OsString::from).collect(),
            variables: &[],
            verb,
            fqdn: &fqdn,
            time_limit: self.time_limit,
            keeps_stdout: false,
            // It gets none from certkit.
            redact: &str::to_owned,
        };
        call.run().await.map(|_| ())
    }
}

#[async_trait]
impl Solver for DnsHook {
    fn kind(&self) -> ChallengeKind {
        ChallengeKind::Dns01
    }

    /// One after another: programs that edit a zone seldom allow a second one at the same time.
    async fn present(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        self.exclusive.hold(&self.called, None).await;
        for answer in answers {
            self.presented().get_or_insert_default().push(answer.clone());
            self.run("present", answer).await?;
        }
        Ok(())
    }

    async fn withdraw(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        // After a failure the program need not clean up what it was never asked to present.
        let presented = self.presented().take();
        self.exclusive.hold(&self.called, None).await;
        let mut result = Ok(());
        for answer in answers {
            if presented.as_ref().is_none_or(|presented| presented.contains(answer)) {
                let cleaned = self.run("cleanup", answer).await;
                result = result.and(cleaned);
            }
        }
        self.exclusive.release();
        result
    }

    fn outlives_process(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::sys::testing::write_program;
    use crate::x509::HostName;

    fn answer(host: &str, token: &str) -> ChallengeAnswer {
        ChallengeAnswer {
            host: HostName::parse(host).unwrap(),
            token: token.into(),
            key_authorization: format!("{token}.thumb"),
            scope: crate::acme::challenge::RecordScope::Name,
        }
    }

    /// A hook whose program is this script; `$0.log` is its log.
    fn hook(script: &str) -> (TempDir, DnsHook) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a hook");
        write_program(&path, &format!("#!/bin/sh\n{script}\n"));
        let hook = DnsHook::new(&format!("'{}' --flag 'two words'", path.display())).unwrap();
        (dir, hook)
    }

    fn log(dir: &TempDir) -> Vec<String> {
        let text = fs::read_to_string(dir.path().join("a hook.log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn commands_are_split_and_looked_for() {
        assert_eq!(DnsHook::new("sh -c 'a b'").unwrap().command.arguments, ["-c", "a b"]);
        for command in ["", "  ", "'sh", "/etc/passwd", "/no/such/program", "no-such-program-here"] {
            assert!(matches!(DnsHook::new(command), Err(Error::HookUnusable { .. })), "{command}");
        }
    }

    #[tokio::test]
    async fn every_value_is_presented_and_cleaned_up() {
        let (dir, hook) = hook(r#"echo "$1/$2/$3/$4/$5" >> "$0.log""#);
        let answers = [answer("a.test", "one"), answer("a.test", "two")];
        hook.present(&answers).await.unwrap();
        hook.withdraw(&answers).await.unwrap();
        let line = |verb: &str, answer: &ChallengeAnswer| {
            format!("--flag/two words/{verb}/_acme-challenge.a.test./{}", answer.record_value())
        };
        let [one, two] = &answers;
        assert_eq!(
            log(&dir),
            [line("present", one), line("present", two), line("cleanup", one), line("cleanup", two)]
        );
    }

    #[tokio::test]
    async fn a_failure_keeps_what_was_said_and_cleans_up_what_was_begun() {
        let (dir, hook) = hook(r#"echo "$3" >> "$0.log"; echo out; echo "no luck" >&2; [ "$3" = cleanup ]"#);
        let answers = [answer("a.test", "one"), answer("b.test", "two")];
        let Err(Error::HookFailed { output, reason, verb, fqdn, .. }) = hook.present(&answers).await else {
            panic!("it cannot have gone well")
        };
        assert_eq!(
            (output.as_str(), verb, fqdn.as_str()),
            ("out\nno luck", "present", "_acme-challenge.a.test."),
            "{reason}"
        );
        assert!(reason.contains("exit status: 1"), "{reason}");
        hook.withdraw(&answers).await.unwrap();
        assert_eq!(log(&dir), ["present", "cleanup"]);
        // A killed run may have presented both.
        hook.withdraw(&answers).await.unwrap();
        assert_eq!(log(&dir).len(), 4);
    }

    #[tokio::test]
    async fn a_hook_that_hangs_is_ended_with_all_that_it_started() {
        let (dir, mut hook) = hook(r#"sleep 1000 & echo $! >> "$0.log"; wait"#);
        hook.time_limit = Duration::from_millis(500);
        let result = hook.present(&[answer("a.test", "one")]).await;
        assert!(
            matches!(&result, Err(Error::HookFailed { reason, .. }) if reason.contains("longer")),
            "{result:?}"
        );
        let sleeper = format!("/proc/{}/stat", log(&dir)[0]);
        let gone = || !fs::read_to_string(&sleeper).is_ok_and(|stat| !stat.contains(") Z "));
        for _ in 0..200 {
            if gone() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it still runs");
    }
}
