//! The deploy hook: a command of the user's that is run when a new certificate is in use, as `systemctl reload nginx`.
//!
//! It is run by `sh -c`, as it was typed. What it learns comes by environment variables, which no shell takes apart;
//! they hold names and paths of ours and no text of the server's.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::task::JoinHandle;

use super::storage::LiveFiles;

/// A reload takes seconds; what takes longer than this hangs, and a renewal may not.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(300);
/// How much of what it says is kept, from the end.
const KEPT_BYTES: usize = 8 << 10;
/// A hook may leave a process behind that keeps its output open: so long is waited for the rest of the output.
const OUTPUT_GRACE: Duration = Duration::from_millis(300);

/// How a hook went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookRun {
    /// The command, as it was typed.
    pub command: String,
    /// Why it failed; `None` when it went well.
    pub failure: Option<String>,
    /// What it said on both outputs, the end of it.
    pub output: String,
}

/// Runs `command` for the certificate of `names`, the first of which it is filed under.
pub(super) async fn run(command: &str, names: &[String], files: &LiveFiles, limit: Duration) -> HookRun {
    let mut program = Command::new("sh");
    program.arg("-c").arg(command);
    let absolute = |path: &Path| super::storage::absolute(path);
    program
        .env("CERTKIT_NAME", names.first().map_or("", String::as_str))
        .env("CERTKIT_NAMES", names.join(" "))
        .env("CERTKIT_FULLCHAIN", absolute(&files.fullchain))
        .env("CERTKIT_KEY", absolute(&files.key))
        .env("CERTKIT_CERT", absolute(&files.cert))
        .env("CERTKIT_CHAIN", absolute(&files.chain));
    let said = Said::default();
    let failure = supervise(program, &said, limit).await.err();
    HookRun { command: command.to_owned(), failure, output: said.text() }
}

async fn supervise(mut program: Command, said: &Said, limit: Duration) -> Result<(), String> {
    let plain = |error: std::io::Error| format!("it cannot be run: {}", crate::sys::fs::plain(&error));
    let mut child = program
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        // Its own group, so that what it started ends with it.
        .process_group(0)
        .spawn()
        .map_err(plain)?;
    let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let mut readers = [said.keep(child.stdout.take()), said.keep(child.stderr.take())];
    let ended = tokio::time::timeout(limit, child.wait()).await;
    if ended.is_err() {
        if let Some(group) = group {
            // It may be gone by now.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = child.wait().await;
    }
    let rest = async {
        for reader in &mut readers {
            let _ = reader.await;
        }
    };
    let _ = tokio::time::timeout(OUTPUT_GRACE, rest).await;
    for reader in readers {
        reader.abort();
    }
    match ended {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(words(status)),
        Ok(Err(error)) => Err(plain(error)),
        Err(_) => Err(format!("it did not end within {} s and was killed", limit.as_secs())),
    }
}

fn words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it ended with status {code}"),
        (None, Some(signal)) => format!("it was ended by signal {signal}"),
        (None, None) => "it ended in an unknown way".to_owned(),
    }
}

/// The end of what was said so far.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    fn keep(&self, pipe: Option<impl AsyncRead + Unpin + Send + 'static>) -> JoinHandle<()> {
        let said = self.clone();
        tokio::spawn(async move {
            let Some(mut pipe) = pipe else { return };
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
                let mut kept = said.0.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(buffer.get(..count).unwrap_or_default());
                let excess = kept.len().saturating_sub(KEPT_BYTES);
                kept.drain(..excess);
            }
        })
    }

    fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept).trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(command: &str, limit: Duration) -> HookRun {
        let live = crate::acme::storage::Storage::new("/state").certificate("a.test").live_files();
        let names = ["a.test".to_owned(), "b.test".to_owned()];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(command, &names, &live, limit))
    }

    #[test]
    fn it_learns_names_and_files() {
        let run = hook(
            "echo $CERTKIT_NAME, $CERTKIT_NAMES; echo $CERTKIT_KEY; echo $CERTKIT_FULLCHAIN",
            TIME_LIMIT,
        );
        assert_eq!(run.failure, None);
        let expected =
            "a.test, a.test b.test\n/state/live/a.test/privkey.pem\n/state/live/a.test/fullchain.pem";
        assert_eq!(run.output, expected);
    }

    #[test]
    fn a_failure_says_how_and_keeps_the_output() {
        let run = hook("echo out; echo err >&2; exit 7", TIME_LIMIT);
        assert_eq!(run.failure.as_deref(), Some("it ended with status 7"));
        assert!(run.output.contains("out") && run.output.contains("err"));
        assert!(hook("kill -9 $$", TIME_LIMIT).failure.unwrap().contains("signal 9"));
    }

    #[test]
    fn only_the_end_of_much_output_is_kept() {
        let run = hook("yes x | head -c 100000; echo; echo last", TIME_LIMIT);
        assert_eq!(run.failure, None);
        assert!(run.output.len() <= KEPT_BYTES && run.output.ends_with("last"));
    }

    #[test]
    fn one_that_hangs_is_killed_with_all_that_it_started() {
        let started = std::time::Instant::now();
        let run = hook("echo begun; sleep 600 & sleep 600", Duration::from_millis(300));
        assert!(run.failure.unwrap().contains("did not end"));
        assert_eq!(run.output, "begun");
        assert!(started.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn one_that_leaves_something_behind_is_not_waited_for() {
        let started = std::time::Instant::now();
        let run = hook("echo done; sleep 5 &", TIME_LIMIT);
        assert_eq!((run.failure, run.output.as_str()), (None, "done"));
        assert!(started.elapsed() < Duration::from_secs(4));
    }
}
