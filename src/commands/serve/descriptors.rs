//! File descriptors: as many as the system lets this process have, and no more connections than they are enough for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::serve::config::{Root, ServeConfig};

/// For listeners, logs, certificates and the runtime.
const OWN: u64 = 64;
/// For each worker: control stream, claims, process, and the other ends while it starts.
const PER_WORKER: u64 = 8;
/// For each thread of a worker: both ends of its stream while it starts.
const PER_THREAD: u64 = 2;

/// Raises the limit of this process as far as it may be raised, and lowers `max_connections` to what it is enough for.
/// Says so if it had to.
pub(super) fn make_do(config: &mut ServeConfig) -> Option<String> {
    let limit = raise()?;
    let (workers, threads) = match &config.root {
        Root::Application(application) => (application.workers as u64, application.threads as u64),
        Root::Folder(_) | Root::StartPage(_) => (0, 0),
    };
    let enough_for = connections(limit, workers, threads);
    if config.max_connections <= enough_for {
        return None;
    }
    let wanted = std::mem::replace(&mut config.max_connections, enough_for);
    Some(format!(
        "at most {enough_for} connections at a time instead of {wanted}: the system allows {limit} open files (ulimit -Hn)"
    ))
}

/// The limit that holds then; `None` if there is none.
fn raise() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum || setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_err() {
        return current;
    }
    maximum
}

/// How many connections a limit is enough for; one at least.
fn connections(limit: u64, workers: u64, threads: u64) -> usize {
    let per_worker = PER_WORKER.saturating_add(threads.saturating_mul(PER_THREAD));
    // A quarter for files that are being sent: one connection may ask for several.
    let reserve = OWN.saturating_add(workers.saturating_mul(per_worker)).saturating_add(limit / 4);
    usize::try_from(limit.saturating_sub(reserve).max(1)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_workers_and_files() {
        assert_eq!(connections(1024, 0, 0), 1024 - 64 - 256);
        assert_eq!(connections(1024, 4, 2), 1024 - 64 - 4 * 12 - 256);
        assert_eq!(connections(100, 50, 50), 1);
        assert_eq!(connections(u64::MAX, u64::MAX, u64::MAX), 1);
    }
}
