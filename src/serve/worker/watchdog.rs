//! Looks at the workers now and then: at requests that take too long, and at workers that have served long enough.
//!
//! A request counts from the moment that its thread wrote its claim, seen at the next look, so nothing is counted or
//! timed while it is sent and answered.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::generation::Generation;
use super::limits::Memory;
use super::live::{LiveWorker, Order};
use super::queue::Queue;
use super::state::{Ending, WorkerState};

/// Time for a worker that is killed to log its stacks.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Looks after the workers of a generation; for ever.
pub(super) async fn watch(generation: Arc<Generation>, every: Duration) {
    let mut timer = tokio::time::interval(every);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut watchdog = Watchdog::default();
    loop {
        timer.tick().await;
        watchdog.look(&generation, Instant::now());
    }
}

/// What was seen at the last look.
#[derive(Default)]
struct Watchdog {
    /// By the number of the worker and that of the thread.
    held: HashMap<(u64, usize), Held>,
    last: Option<Instant>,
}

/// A request that held a thread at the last look.
#[derive(Debug, PartialEq, Eq)]
struct Held {
    request: u64,
    beats: u64,
    time: Duration,
    is_timed_out: bool,
}

impl Held {
    /// Counts the time since the last look.
    fn count(&mut self, beats: u64, waits: bool, since: Duration) {
        if beats != self.beats {
            self.beats = beats;
            self.time = Duration::ZERO;
        } else if !waits {
            self.time += since;
        }
    }
}

impl Watchdog {
    fn look(&mut self, generation: &Generation, now: Instant) {
        let since = now - self.last.replace(now).unwrap_or(now);
        let limits = &generation.config.limits;
        let mut living = generation.living();
        let mut queue = generation.queue();
        let is_living = |number| living.iter().any(|worker| worker.id.number == number);
        self.held.retain(|(number, _), _| is_living(*number));
        for worker in living.iter_mut() {
            if !limits.request_timeout.is_zero() {
                self.look_at_requests(generation, worker, &mut queue, since, now);
            }
            let is_serving = *worker.state.borrow() == WorkerState::Serving;
            if worker.state.borrow().has_served() {
                continue;
            }
            let memory = if limits.looks_at_memory() { memory_of(worker.id.pid) } else { None };
            if let Some(memory) = limits.kills(memory) {
                queue.worker_gone(worker.id);
                let _ = worker.orders.send(Order { why: Ending::TooLarge(memory), by: now });
            } else if is_serving
                && let Some(due) =
                    limits.due(worker.place, now - worker.born, queue.requests(worker.id), memory)
            {
                worker.state.send_replace(WorkerState::Due(due));
            }
        }
    }

    fn look_at_requests(
        &mut self,
        generation: &Generation,
        worker: &mut LiveWorker,
        queue: &mut Queue,
        since: Duration,
        now: Instant,
    ) {
        let limit = generation.config.limits.request_timeout;
        let mut timed_out = 0;
        for (slot, (request, pulse)) in worker.claims.all().zip(&worker.pulses).enumerate() {
            let place = (worker.id.number, slot);
            if !queue.holds_thread(worker.id, request) {
                self.held.remove(&place);
                continue;
            }
            let new = || Held { request, beats: pulse.beats(), time: Duration::ZERO, is_timed_out: false };
            let held = match self.held.get_mut(&place) {
                Some(held) if held.request == request => held,
                _ => {
                    self.held.insert(place, new());
                    continue;
                }
            };
            held.count(pulse.beats(), pulse.waits(), since);
            if held.time >= limit && !held.is_timed_out {
                held.is_timed_out = true;
                generation.history.timed_out(worker.place);
                let which = queue.time_out(worker.id, request).unwrap_or_default();
                tracing::error!(
                    "process {} of {} did not finish {which} within {} s (--request-timeout); it gets no more requests",
                    worker.id.pid,
                    generation.config.worker(worker.place),
                    limit.as_secs_f64()
                );
                worker.log_stacks(slot);
                worker.queue = None;
                queue.worker_gone(worker.id);
                let grace = generation.config.limits.request_grace;
                let by = now + grace.unwrap_or(generation.config.graceful_timeout);
                let _ = worker.orders.send(Order { why: Ending::TimedOut(limit), by });
            }
            timed_out += usize::from(held.is_timed_out);
        }
        if timed_out > 0 && timed_out >= queue.held_threads(worker.id) {
            // Nothing else is left to be finished.
            let _ = worker.orders.send(Order { why: Ending::TimedOut(limit), by: now + LAST_WORDS });
        }
    }
}

/// The memory of a process (proc_pid_status(5)).
fn memory_of(pid: u32) -> Option<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let bytes = |field| {
        let line = status.lines().find_map(|line| line.strip_prefix(field))?;
        let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kib * 1024)
    };
    Some(Memory { resident: bytes("VmRSS:")?, address_space: bytes("VmSize:")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_which_a_thread_waits_for_the_client_does_not_count() {
        const STEP: Duration = Duration::from_secs(1);
        let mut held = Held { request: 1, beats: 0, time: Duration::ZERO, is_timed_out: false };
        held.count(0, false, STEP);
        held.count(0, true, STEP);
        held.count(0, false, STEP);
        assert_eq!(held.time, 2 * STEP);
        held.count(1, false, STEP);
        assert_eq!(held.time, Duration::ZERO);
        held.count(1, false, STEP);
        assert_eq!(held.time, STEP);
    }

    #[test]
    fn the_memory_of_this_process() {
        let memory = memory_of(std::process::id()).unwrap();
        assert!(memory.resident > 100 * 1024 && memory.address_space > memory.resident, "{memory:?}");
        assert!(memory_of(0).is_none());
    }
}
