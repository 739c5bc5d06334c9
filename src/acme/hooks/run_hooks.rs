//! The commands before and after an order, for what must stop or open meanwhile: a server on port 80, a firewall.
//! Certificates that are renewed at the same time share them: the first order runs the one, the last the other.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::acme::caller::{Caller, Progress};
use crate::acme::error::Error;
use crate::acme::plan::life_settings::LifeSettings;
use crate::acme::storage::{Lock, Storage};
use crate::sys::hook::{Hook, HookRun};

/// The pairs of commands whose first one has run.
static UNDER_WAY: Mutex<Vec<RunPair>> = Mutex::new(Vec::new());
/// Between two looks whether another process has ended its orders.
const LOCK_PAUSE: Duration = Duration::from_millis(200);

type Commands = (Option<String>, Option<String>);

/// A pair of commands whose first one has run.
struct RunPair {
    commands: Commands,
    /// How many orders are under way.
    orders: usize,
    /// Another process must not start what this one needs stopped.
    _lock: Lock,
}

/// The command before the order has run; the one after it runs when this ends.
#[derive(Debug, Default)]
pub struct RunHooks {
    commands: Option<Commands>,
    names: Vec<String>,
}

impl RunHooks {
    /// Runs the command before an order, if there is one, after other processes have ended their orders with these
    /// commands. Blocks while it runs.
    ///
    /// # Errors
    /// [`Error::PreHook`] when it fails; then nothing is to be ordered. [`Error::Storage`].
    pub async fn begin(
        life: &LifeSettings,
        names: &[String],
        storage: &Storage,
        caller: &dyn Caller,
    ) -> Result<Self, Error> {
        let commands = (life.pre_hook.clone(), life.post_hook.clone());
        if commands == (None, None) {
            return Ok(Self::default());
        }
        let mut is_waiting = false;
        while !run_first(&commands, names, storage, caller)? {
            if !std::mem::replace(&mut is_waiting, true) {
                caller.progress(Progress::WaitingForLock);
            }
            tokio::time::sleep(LOCK_PAUSE).await;
        }
        Ok(Self { commands: Some(commands), names: names.to_vec() })
    }

    /// Runs the command after the last order that is under way. Blocks. Gives how it went.
    pub fn end(&mut self, caller: &dyn Caller) -> Option<HookRun> {
        self.finish(|command| caller.progress(Progress::RunHook { when: "after the order", command }))
    }

    fn finish(&mut self, say: impl FnOnce(&str)) -> Option<HookRun> {
        let commands = self.commands.take()?;
        let mut under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        let index = under_way.iter().position(|pair| pair.commands == commands)?;
        let pair = under_way.get_mut(index)?;
        pair.orders -= 1;
        if pair.orders > 0 {
            return None;
        }
        // Its lock ends after the command.
        let _pair = under_way.remove(index);
        let command = commands.1?;
        say(&command);
        Some(hook(&command, &self.names).run())
    }
}

impl Drop for RunHooks {
    /// However the order ended: what was stopped for it must run again.
    fn drop(&mut self) {
        self.finish(|_| {});
    }
}

/// Runs the first command unless it has run for another order; `false` while another process has orders under way.
fn run_first(
    commands: &Commands,
    names: &[String],
    storage: &Storage,
    caller: &dyn Caller,
) -> Result<bool, Error> {
    // Held while the command runs: another order must not begin before.
    let mut under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pair) = under_way.iter_mut().find(|pair| pair.commands == *commands) {
        pair.orders += 1;
        return Ok(true);
    }
    let Some(lock) = storage.hook_lock(&format!("{commands:?}"))? else { return Ok(false) };
    if let Some(command) = &commands.0 {
        caller.progress(Progress::RunHook { when: "before the order", command });
        let run = hook(command, names).run();
        if run.failure.is_some() {
            return Err(Error::PreHook(Box::new(run)));
        }
    }
    under_way.push(RunPair { commands: commands.clone(), orders: 1, _lock: lock });
    Ok(true)
}

fn hook(command: &str, names: &[String]) -> Hook {
    Hook::new(command)
        .env("CERTKIT_NAME", names.first().map_or("", String::as_str))
        .env("CERTKIT_NAMES", names.join(" "))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::acme::caller::Candidate;
    use crate::acme::remark::Remark;
    use crate::finding::Finding;

    struct Nobody;

    impl Caller for Nobody {
        fn progress(&self, _: Progress<'_>) {}

        fn agrees_to(&self, _: &str) -> bool {
            false
        }

        fn judge(&self, _: &Candidate<'_>) -> Result<Vec<Remark>, Vec<Finding>> {
            Ok(Vec::new())
        }
    }

    #[tokio::test]
    async fn orders_at_the_same_time_share_them() {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::new(dir.path().join("state"));
        let begin = async |life: &LifeSettings, name| RunHooks::begin(life, &[name], &storage, &Nobody).await;
        let log = dir.path().join("log");
        let command = |word: &str| Some(format!("echo {word} $CERTKIT_NAMES >> {}", log.display()));
        let life =
            LifeSettings { pre_hook: command("pre"), post_hook: command("post"), ..LifeSettings::default() };
        let mut first = begin(&life, "a.test".to_owned()).await.unwrap();
        let second = begin(&life, "b.test".to_owned()).await.unwrap();
        // Another process has to wait.
        let pair = format!("{:?}", (&life.pre_hook, &life.post_hook));
        assert!(storage.hook_lock(&pair).unwrap().is_none());
        assert_eq!(first.end(&Nobody), None);
        assert_eq!(fs::read_to_string(&log).unwrap(), "pre a.test\n");
        drop(second);
        drop(first);
        assert!(storage.hook_lock(&pair).unwrap().is_some());
        assert_eq!(fs::read_to_string(&log).unwrap(), "pre a.test\npost b.test\n");

        let fails = LifeSettings { pre_hook: Some("exit 3".into()), ..life };
        assert!(matches!(begin(&fails, "a.test".to_owned()).await, Err(Error::PreHook(_))));
        assert_eq!(fs::read_to_string(&log).unwrap(), "pre a.test\npost b.test\n");
    }
}
