//! File descriptors: the limit is raised as far as the system allows, and connections are limited
//! to fit.

use super::config::ServeConfig;
use crate::sys::open_files::raise;

/// For listeners, logs, certificates and the runtime.
const OWN: u64 = 64;
/// For each worker: control stream, claims, process, and the other ends while it starts.
const PER_WORKER: u64 = 8;
/// For each thread of a worker: both ends of its stream while it starts.
const PER_THREAD: u64 = 2;

/// `max_connections` was lowered: the system allows too few open files.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "serving at most {allowed} connections at a time instead of {wanted}: \
     the system allows {open_files} open files (ulimit -Hn)"
)]
pub struct FewerConnections {
    allowed: usize,
    wanted: usize,
    open_files: u64,
}

/// Raises the limit of open files as far as possible, and lowers `max_connections` to what fits.
pub fn fit_connections(config: &mut ServeConfig) -> Option<FewerConnections> {
    let limit = raise(config.max_open_files)?;
    if let Some(wanted) = config.max_open_files.filter(|wanted| *wanted > limit) {
        tracing::warn!("the system allows {limit} open files only (--max-fd {wanted})");
    }
    let threads =
        config.applications().map(|(_, _, workers)| workers.threads as u64).max().unwrap_or_default();
    let workers = config.applications().map(|(_, _, workers)| workers.workers as u64).sum();
    let allowed = connections(limit, workers, threads);
    if config.max_connections <= allowed {
        return None;
    }
    let wanted = std::mem::replace(&mut config.max_connections, allowed);
    Some(FewerConnections { allowed, wanted, open_files: limit })
}

/// How many connections fit; at least one.
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
