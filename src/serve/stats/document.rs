//! The document of uWSGI's stats server, with the fields that `uwsgitop` and others read.
//!
//! Numbers that certkit does not have are 0, as they are in uWSGI where the thing is not used.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

use rustix::process::{getgid, getuid};
use serde::Serialize;

use super::{Observed, memory};
use crate::serve::address::ListenAddress;
use crate::serve::counters::Totals;
use crate::serve::worker::{PoolStatus, ThreadStatus, WorkerActivity, WorkerStatus};

#[derive(Serialize)]
struct StatsDocument {
    version: &'static str,
    listen_queue: usize,
    listen_queue_errors: u64,
    signal_queue: u64,
    load: usize,
    pid: u32,
    uid: u32,
    gid: u32,
    cwd: String,
    locks: Vec<BTreeMap<&'static str, u32>>,
    sockets: Vec<SocketFields>,
    workers: Vec<WorkerFields>,
    /// certkit's own: requests that were refused, by what refused them.
    refused: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct SocketFields {
    name: String,
    proto: &'static str,
    queue: usize,
    max_queue: u32,
    shared: u8,
    can_offload: u8,
}

#[derive(Serialize)]
struct WorkerFields {
    id: usize,
    pid: u32,
    accepting: u8,
    requests: u64,
    delta_requests: u64,
    exceptions: u64,
    harakiri_count: u64,
    signals: u64,
    signal_queue: u64,
    status: &'static str,
    rss: u64,
    vsz: u64,
    /// Microseconds.
    running_time: u64,
    last_spawn: i64,
    respawn_count: u64,
    tx: u64,
    /// Microseconds.
    avg_rt: u64,
    apps: Vec<ApplicationFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cores: Option<Vec<CoreFields>>,
}

#[derive(Serialize)]
struct ApplicationFields {
    id: usize,
    modifier1: u8,
    mountpoint: String,
    startup_time: u64,
    requests: u64,
    exceptions: u64,
    chdir: String,
}

#[derive(Serialize)]
struct CoreFields {
    id: usize,
    requests: u64,
    static_requests: u64,
    routed_requests: u64,
    offloaded_requests: u64,
    write_errors: u64,
    read_errors: u64,
    in_request: u8,
    /// uWSGI shows the variables of the running request here, its cookies too: certkit never does.
    vars: [u8; 0],
    req_info: BTreeMap<&'static str, u64>,
}

/// The document, with a line break at its end.
pub(super) fn json(observed: &Observed) -> Vec<u8> {
    let snapshot = observed.service.current();
    let pools: Vec<_> = snapshot.applications().iter().map(|pool| pool.status()).collect();
    let totals = Totals::of(observed.counters());
    let waiting = pools.iter().map(|pool| pool.waiting).sum();
    let mut document = StatsDocument {
        version: concat!("certkit ", env!("CARGO_PKG_VERSION")),
        listen_queue: waiting,
        listen_queue_errors: observed.events().failed_accepts.load(Relaxed),
        signal_queue: 0,
        load: waiting,
        pid: std::process::id(),
        uid: getuid().as_raw(),
        gid: getgid().as_raw(),
        cwd: std::env::current_dir().unwrap_or_default().display().to_string(),
        locks: Vec::new(),
        sockets: sockets(observed),
        workers: Vec::new(),
        refused: totals.refused.iter().map(|(by, count)| (by.as_str(), *count)).collect(),
    };
    for (number, pool) in pools.iter().enumerate() {
        let first = document.workers.len() + 1;
        let workers = pool.workers.iter().enumerate();
        document.workers.extend(workers.map(|(place, worker)| {
            let cores = (!observed.options.no_cores).then(|| cores(&worker.threads));
            worker_fields(first + place, number, pool, worker, cores)
        }));
    }
    // Where nothing but files is served, the server itself is the only worker.
    if document.workers.is_empty() {
        document.workers.push(own_fields(observed, &totals));
    }
    let written = if observed.options.minified {
        serde_json::to_vec(&document)
    } else {
        serde_json::to_vec_pretty(&document)
    };
    let mut bytes = written.unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn sockets(observed: &Observed) -> Vec<SocketFields> {
    let socket = |address: &ListenAddress| SocketFields {
        name: address.endpoint.to_string(),
        proto: address.scheme.as_str(),
        // Connections are accepted at once; requests that wait for a worker are counted in `listen_queue`.
        queue: 0,
        max_queue: observed.backlog,
        shared: 0,
        can_offload: 0,
    };
    observed.addresses.iter().map(socket).collect()
}

fn worker_fields(
    id: usize,
    application: usize,
    pool: &PoolStatus,
    worker: &WorkerStatus,
    cores: Option<Vec<CoreFields>>,
) -> WorkerFields {
    let work = worker.work();
    let memory = worker.pid.and_then(memory::of_process).unwrap_or_default();
    let running_time = u64::try_from(worker.own.time.as_micros()).unwrap_or(u64::MAX);
    WorkerFields {
        id,
        pid: worker.pid.unwrap_or_default(),
        accepting: u8::from(worker.pid.is_some()),
        requests: work.requests,
        delta_requests: worker.own.requests,
        exceptions: work.exceptions,
        harakiri_count: worker.past.timeouts,
        signals: 0,
        signal_queue: 0,
        status: match worker.activity {
            WorkerActivity::Busy => "busy",
            WorkerActivity::Idle | WorkerActivity::Starting => "idle",
            WorkerActivity::Cheap => "cheap",
        },
        rss: memory.resident,
        vsz: memory.address_space,
        running_time,
        last_spawn: worker.past.last_spawn,
        respawn_count: worker.past.spawns,
        tx: work.sent,
        avg_rt: running_time.checked_div(worker.own.requests).unwrap_or_default(),
        apps: vec![ApplicationFields {
            id: application,
            modifier1: 0,
            mountpoint: String::new(),
            startup_time: 0,
            requests: work.requests,
            exceptions: work.exceptions,
            chdir: pool.folder.clone(),
        }],
        cores,
    }
}

fn cores(threads: &[ThreadStatus]) -> Vec<CoreFields> {
    let core = |(id, thread): (usize, &ThreadStatus)| CoreFields {
        id,
        requests: thread.work.requests,
        static_requests: 0,
        routed_requests: 0,
        offloaded_requests: 0,
        write_errors: 0,
        read_errors: 0,
        in_request: u8::from(thread.is_busy),
        vars: [],
        req_info: BTreeMap::new(),
    };
    threads.iter().enumerate().map(core).collect()
}

/// The server itself.
fn own_fields(observed: &Observed, totals: &Totals) -> WorkerFields {
    let pid = std::process::id();
    let memory = memory::of_process(pid).unwrap_or_default();
    let requests = totals.requests.iter().map(|(_, count)| count).sum();
    let running_time = (totals.seconds * 1e6) as u64;
    WorkerFields {
        id: 1,
        pid,
        accepting: 1,
        requests,
        delta_requests: requests,
        exceptions: 0,
        harakiri_count: 0,
        signals: 0,
        signal_queue: 0,
        status: "idle",
        rss: memory.resident,
        vsz: memory.address_space,
        running_time,
        last_spawn: observed.started,
        respawn_count: 1,
        tx: totals.sent,
        avg_rt: running_time.checked_div(requests).unwrap_or_default(),
        apps: Vec::new(),
        cores: (!observed.options.no_cores).then(Vec::new),
    }
}
