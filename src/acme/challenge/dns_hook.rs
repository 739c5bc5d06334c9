//! dns-01 (RFC 8555 section 8.4) by a program of the user's: `CMD present|cleanup FQDN VALUE`.
//!
//! FQDN is `_acme-challenge.NAME.` with its dot at the end, VALUE the text of the TXT record; lego's programs
//! have the same arguments. The record is visible when `present` returns: no resolver is asked for it, and a CNAME is followed by
//! the program if it wants. A name and its wildcard have two values at one FQDN; every value is cleaned up by itself,
//! after all validations.
//!
//! CMD is split into words as a shell does it, but no shell runs. Names and values are arguments of their own.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::{ChallengeAnswer, ChallengeKind, Error, Solver};
use crate::sys::fs::plain;

/// A record may have to spread to all name servers before `present` returns.
const TIME_LIMIT: Duration = Duration::from_secs(600);
/// How much of a hook's output is kept for the error, from its end.
const OUTPUT_KEPT: usize = 2000;
/// After the hook's end, for the output of a program that it left behind.
const OUTPUT_PATIENCE: Duration = Duration::from_secs(1);

/// A program that sets and removes TXT records.
#[derive(Debug)]
pub(super) struct DnsHook {
    program: PathBuf,
    arguments: Vec<String>,
    time_limit: Duration,
    /// What `present` was called for; `None` while it was not called, when only a killed run can have left something.
    presented: Mutex<Option<Vec<ChallengeAnswer>>>,
}

impl DnsHook {
    /// Splits the command and looks for its program.
    ///
    /// # Errors
    /// [`Error::HookUnusable`].
    pub(super) fn new(command: &str) -> Result<Self, Error> {
        let unusable =
            |reason: &str| Error::HookUnusable { command: command.to_owned(), reason: reason.to_owned() };
        let mut words =
            shlex::split(command).ok_or_else(|| unusable("a quotation mark is not closed"))?.into_iter();
        let program = words.next().filter(|program| !program.is_empty());
        let program = program.ok_or_else(|| unusable("it names no program"))?;
        let found =
            find(&program).ok_or_else(|| unusable("the program does not exist or may not be executed"))?;
        Ok(Self {
            program: found,
            arguments: words.collect(),
            time_limit: TIME_LIMIT,
            presented: Mutex::default(),
        })
    }

    fn presented(&self) -> MutexGuard<'_, Option<Vec<ChallengeAnswer>>> {
        // No code that holds the lock can panic half-way through a change.
        self.presented.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(&self, verb: &'static str, answer: &ChallengeAnswer) -> Result<(), Error> {
        let fqdn = format!("{}.", answer.record_name());
        let output = Output::default();
        let failed = |reason: String| Error::HookFailed {
            program: self.program.clone(),
            verb,
            fqdn: fqdn.clone(),
            reason,
            output: output.text(),
        };
        let (mut child, reading) = self
            .spawn(&[verb, &fqdn, &answer.record_value()], &output)
            .map_err(|error| failed(plain(&error)))?;
        let group = Group::of(&child);
        let Ok(status) = tokio::time::timeout(self.time_limit, child.wait()).await else {
            drop(group);
            return Err(failed(format!("it took longer than {} s", self.time_limit.as_secs())));
        };
        group.forget();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => {
                let _ = tokio::time::timeout(OUTPUT_PATIENCE, reading).await;
                Err(failed(format!("{status}")))
            }
            Err(error) => Err(failed(plain(&error))),
        }
    }

    /// Starts the program; both its outputs go to `output` until they are closed.
    fn spawn(&self, words: &[&str], output: &Output) -> io::Result<(Child, JoinHandle<()>)> {
        let (reader, writer) = io::pipe()?;
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .args(words)
            // A group of its own, so that what it started ends with it when its time is over.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .spawn()?;
        let reader = Receiver::from_owned_fd(reader.into())?;
        Ok((child, tokio::spawn(output.clone().read(reader))))
    }
}

#[async_trait]
impl Solver for DnsHook {
    fn kind(&self) -> ChallengeKind {
        ChallengeKind::Dns01
    }

    /// One after another: programs that edit a zone seldom allow a second one at the same time.
    async fn present(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        for answer in answers {
            self.presented().get_or_insert_default().push(answer.clone());
            self.run("present", answer).await?;
        }
        Ok(())
    }

    async fn withdraw(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        // After a failure the program need not clean up what it was never asked to present.
        let presented = self.presented().take();
        let mut result = Ok(());
        for answer in answers {
            if presented.as_ref().is_none_or(|presented| presented.contains(answer)) {
                let cleaned = self.run("cleanup", answer).await;
                result = result.and(cleaned);
            }
        }
        result
    }

    fn outlives_process(&self) -> bool {
        true
    }
}

/// The processes of a hook; they are killed when this is dropped, unless it was forgotten.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)))
    }

    /// The hook has ended; what it left running may run.
    fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// The end of a hook's output, standard output and error; clones share it.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    async fn read(self, mut reader: Receiver) {
        let mut part = [0; 4096];
        while let Ok(length @ 1..) = reader.read(&mut part).await {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend(part.iter().take(length));
            let excess = kept.len().saturating_sub(OUTPUT_KEPT);
            kept.drain(..excess);
        }
    }

    fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept).trim().to_owned()
    }
}

/// The command with an absolute path of its program, unless that is looked for in `PATH`.
pub(super) fn absolute(command: &str) -> String {
    let words = || {
        let mut words = shlex::split(command)?;
        let program = words.first_mut().filter(|program| program.contains('/'))?;
        *program = std::path::absolute(&*program).ok()?.to_str()?.to_owned();
        shlex::try_join(words.iter().map(String::as_str)).ok()
    };
    words().unwrap_or_else(|| command.to_owned())
}

/// The file that a shell would execute for a word.
fn find(program: &str) -> Option<PathBuf> {
    let may_run = |path: &Path| {
        std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| may_run(path));
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| may_run(path))
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
        assert_eq!(DnsHook::new("sh -c 'a b'").unwrap().arguments, ["-c", "a b"]);
        for command in ["", "  ", "'sh", "/etc/passwd", "/no/such/program", "no-such-program-here"] {
            assert!(matches!(DnsHook::new(command), Err(Error::HookUnusable { .. })), "{command}");
        }
    }

    #[test]
    fn commands_are_kept_with_an_absolute_path() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(absolute("./hook 'a b'"), format!("{}/hook 'a b'", here.display()));
        for command in ["hook 'a b'", "/usr/bin/hook x", "'"] {
            assert_eq!(absolute(command), command);
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
