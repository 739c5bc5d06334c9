//! What is counted while requests are served: numbers that only grow, each written by one thread without a lock.
//!
//! The stats server adds them up. Nothing else reads them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::handshake_failure::{HandshakeFailure, HandshakeFailures};

/// Status codes have three digits (RFC 9110 section 15).
const STATUS_CODES: usize = 1000;

/// Upper bounds of the histogram of durations, in seconds. (Those of Prometheus' own client libraries.)
pub(super) const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// What has refused a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefusedBy {
    /// `--allow`, `--deny`.
    Address,
    /// `--limit-rate`.
    Rate,
    /// `--basic-auth`: a wrong name or password.
    Password,
    /// `--forward-auth`, or it could not be asked.
    ForwardAuth,
    /// It is for a host that is not served here.
    Host,
}

impl RefusedBy {
    pub(super) const ALL: [Self; 5] =
        [Self::Address, Self::Rate, Self::Password, Self::ForwardAuth, Self::Host];

    /// As metrics call it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Rate => "rate",
            Self::Password => "password",
            Self::ForwardAuth => "forward-auth",
            Self::Host => "host",
        }
    }
}

/// What one front thread counts.
#[derive(Debug)]
pub(super) struct Counters {
    /// Whether requests are timed: only if somebody can ask for it.
    times: AtomicBool,
    /// By status.
    requests: Box<[AtomicU64]>,
    /// Clients that were refused before they had made a request, by status.
    refusals: Box<[AtomicU64]>,
    /// Requests that were refused, by [`RefusedBy`].
    refused: [AtomicU64; RefusedBy::ALL.len()],
    /// By the first of [`BOUNDS`] that is not less; the last ones are longer than all.
    durations: [AtomicU64; BOUNDS.len() + 1],
    microseconds: AtomicU64,
    sent: AtomicU64,
    connections: AtomicU64,
    handshakes: AtomicU64,
    failed_handshakes: HandshakeFailures,
}

/// What all threads have counted together.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Totals {
    /// Finished requests with each status that occurred, in order.
    pub(super) requests: Vec<(u16, u64)>,
    /// Clients that were refused before they had made a request, likewise.
    pub(super) refusals: Vec<(u16, u64)>,
    /// Requests that were refused, by what refused them.
    pub(super) refused: Vec<(RefusedBy, u64)>,
    /// Requests by duration, as many as [`BOUNDS`] and one more.
    pub(super) durations: Vec<u64>,
    /// Seconds of all requests together.
    pub(super) seconds: f64,
    /// Bytes of bodies of responses.
    pub(super) sent: u64,
    /// Connections that were accepted.
    pub(super) connections: u64,
    /// TLS handshakes that were completed...
    pub(super) handshakes: u64,
    /// ...and that were not, by reason.
    pub(super) failed_handshakes: Vec<(HandshakeFailure, u64)>,
}

impl Default for Counters {
    fn default() -> Self {
        let by_status = || (0..STATUS_CODES).map(|_| AtomicU64::new(0)).collect();
        Self {
            times: AtomicBool::new(false),
            requests: by_status(),
            refusals: by_status(),
            refused: Default::default(),
            durations: Default::default(),
            microseconds: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            handshakes: AtomicU64::new(0),
            failed_handshakes: HandshakeFailures::default(),
        }
    }
}

impl Counters {
    /// Times all requests that begin from now on.
    pub(super) fn time_requests(&self) {
        self.times.store(true, Relaxed);
    }

    /// The time at the beginning of a request, if it is of use.
    pub(super) fn begin(&self) -> Option<Instant> {
        self.times.load(Relaxed).then(Instant::now)
    }

    /// A request has ended, with so many bytes of body sent.
    pub(super) fn request(&self, status: u16, sent: u64, begun: Option<Instant>) {
        count(&self.requests, status);
        self.sent.fetch_add(sent, Relaxed);
        if let Some(begun) = begun {
            self.duration(begun.elapsed());
        }
    }

    fn duration(&self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let bucket = BOUNDS.iter().take_while(|bound| **bound < seconds).count();
        if let Some(bucket) = self.durations.get(bucket) {
            bucket.fetch_add(1, Relaxed);
        }
        self.microseconds.fetch_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    /// A client was refused before it had made a request.
    pub(super) fn refused(&self, status: u16) {
        count(&self.refusals, status);
    }

    /// A request was refused.
    pub(super) fn request_refused(&self, by: RefusedBy) {
        if let Some(count) = self.refused.get(by as usize) {
            count.fetch_add(1, Relaxed);
        }
    }

    pub(super) fn accepted(&self) {
        self.connections.fetch_add(1, Relaxed);
    }

    /// A TLS handshake was completed.
    pub(super) fn handshake(&self) {
        self.handshakes.fetch_add(1, Relaxed);
    }

    /// A TLS handshake was not completed. Gives how many there were since the last line of the log about this reason, if
    /// there may be another one.
    pub(super) fn failed_handshake(&self, failure: HandshakeFailure) -> Option<u64> {
        self.failed_handshakes.add(failure)
    }
}

impl Totals {
    /// What these have counted so far.
    pub(super) fn of<'a>(counters: impl Iterator<Item = &'a Counters> + Clone) -> Self {
        let sum = |one: fn(&Counters) -> &AtomicU64| -> u64 {
            counters.clone().map(|counters| one(counters).load(Relaxed)).sum()
        };
        let by_status = |all: fn(&Counters) -> &[AtomicU64]| {
            let sum = |status: u16| {
                let of_one =
                    |counters| all(counters).get(usize::from(status)).map_or(0, |count| count.load(Relaxed));
                (status, counters.clone().map(of_one).sum::<u64>())
            };
            (0..=999).map(sum).filter(|(_, count)| *count > 0).collect()
        };
        let of_bucket = |bucket: usize| {
            let of_one =
                |counters: &Counters| counters.durations.get(bucket).map_or(0, |count| count.load(Relaxed));
            counters.clone().map(of_one).sum()
        };
        let refused_by = |by: RefusedBy| {
            let of_one = |counters: &Counters| {
                counters.refused.get(by as usize).map_or(0, |count| count.load(Relaxed))
            };
            (by, counters.clone().map(of_one).sum())
        };
        let of_failure = |failure| {
            (failure, counters.clone().map(|counters| counters.failed_handshakes.count(failure)).sum())
        };
        Self {
            requests: by_status(|counters| &counters.requests),
            refusals: by_status(|counters| &counters.refusals),
            refused: RefusedBy::ALL.map(refused_by).into(),
            durations: (0..=BOUNDS.len()).map(of_bucket).collect(),
            seconds: Duration::from_micros(sum(|counters| &counters.microseconds)).as_secs_f64(),
            sent: sum(|counters| &counters.sent),
            connections: sum(|counters| &counters.connections),
            handshakes: sum(|counters| &counters.handshakes),
            failed_handshakes: HandshakeFailure::ALL.map(of_failure).to_vec(),
        }
    }
}

fn count(by_status: &[AtomicU64], status: u16) {
    if let Some(count) = by_status.get(usize::from(status)) {
        count.fetch_add(1, Relaxed);
    }
}

/// What happens to the whole server, counted.
#[derive(Debug, Default)]
pub(super) struct Events {
    pub(super) reloads: AtomicU64,
    pub(super) failed_reloads: AtomicU64,
    pub(super) certificate_reloads: AtomicU64,
    pub(super) failed_certificate_reloads: AtomicU64,
    /// Connections that were closed because their address had too many.
    pub(super) too_many_of_address: AtomicU64,
    /// How often the system gave an error instead of a connection.
    pub(super) failed_accepts: AtomicU64,
}

/// One more.
pub(super) fn count_up(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_threads_are_added_up() {
        let threads = [Counters::default(), Counters::default()];
        let [first, second] = &threads;
        assert_eq!(first.begin(), None);
        first.time_requests();
        assert!(first.begin().is_some());
        first.request(200, 5, None);
        second.request(200, 7, None);
        second.request(404, 0, None);
        first.refused(408);
        first.refused(u16::MAX);
        first.request_refused(RefusedBy::Address);
        second.request_refused(RefusedBy::Address);
        first.accepted();
        first.handshake();
        assert_eq!(second.failed_handshake(HandshakeFailure::Closed), Some(1));
        let totals = Totals::of(threads.iter());
        assert_eq!(totals.requests, [(200, 2), (404, 1)]);
        assert_eq!(totals.refusals, [(408, 1)], "what cannot be a status is not counted");
        assert!(totals.refused.contains(&(RefusedBy::Address, 2)), "{:?}", totals.refused);
        assert_eq!((totals.sent, totals.connections), (12, 1));
        assert_eq!(totals.handshakes, 1);
        for (failure, count) in totals.failed_handshakes {
            assert_eq!(count, u64::from(failure == HandshakeFailure::Closed));
        }
    }

    #[test]
    fn durations_have_the_bucket_whose_bound_they_reach() {
        let counters = Counters::default();
        for milliseconds in [0, 5, 6, 10_000, 10_001] {
            counters.duration(Duration::from_millis(milliseconds));
        }
        let totals = Totals::of(std::iter::once(&counters));
        assert_eq!(totals.durations, [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
        assert!((totals.seconds - 20.012).abs() < 1e-9, "{}", totals.seconds);
    }
}
