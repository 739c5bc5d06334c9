//! `--limit-rate`: how often a client may ask, by its address.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::serve::config::RateLimitConfig;

/// Clients that are counted apart, which takes some 4 MiB. Further ones share what [`SHARED`] are given.
const MOST_CLIENTS: usize = 100_000;
/// Counters for the clients that are too many.
const SHARED: u64 = 1024;
/// After so many requests, clients are forgotten that have not asked for long.
const SWEEP: u32 = 4096;

/// How often each client may ask.
pub(super) struct RateLimit<C: Clock = DefaultClock> {
    pub(super) config: RateLimitConfig,
    limiter: RateLimiter<ClientKey, ClientStates, C, NoOpMiddleware<C::Instant>>,
    requests: AtomicU32,
}

/// Who is counted as one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ClientKey {
    V4(Ipv4Addr),
    /// The first 64 bits: one customer has at least so much (RFC 6177).
    V6(u64),
    /// All whose address is not known.
    Unknown,
    /// One of the counters for those that are too many.
    Shared(u64),
}

/// The state of each client; no more than so many.
struct ClientStates {
    states: Mutex<HashMap<ClientKey, Nanos>>,
    most: usize,
    hasher: RandomState,
}

impl RateLimit {
    pub(super) fn new(config: RateLimitConfig) -> Self {
        Self::with_clock(config, MOST_CLIENTS, DefaultClock::default())
    }
}

impl<C: Clock> RateLimit<C> {
    fn with_clock(config: RateLimitConfig, most: usize, clock: C) -> Self {
        let states = ClientStates { states: Mutex::default(), most, hasher: RandomState::new() };
        let limiter = RateLimiter::new(quota(&config), states, clock);
        Self { config, limiter, requests: AtomicU32::new(0) }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// It is one too many; in so many seconds it would not be.
    pub(super) fn check(&self, client: Option<IpAddr>) -> Result<(), u64> {
        if self.requests.fetch_add(1, Relaxed) % SWEEP == SWEEP - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&ClientKey::of(client)).map_err(|until| {
            let wait = until.wait_time_from(self.limiter.clock().now());
            wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
        })
    }
}

impl ClientKey {
    fn of(client: Option<IpAddr>) -> Self {
        match client.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => Self::V4(address),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::V6(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
            }
            None => Self::Unknown,
        }
    }
}

impl ClientStates {
    fn states(&self) -> MutexGuard<'_, HashMap<ClientKey, Nanos>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for ClientStates {
    type Key = ClientKey;

    fn measure_and_replace<T, F, E>(&self, key: &ClientKey, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut states = self.states();
        let is_one_too_many = states.len() >= self.most && !states.contains_key(key);
        let key = if is_one_too_many { ClientKey::Shared(self.hasher.hash_one(key) % SHARED) } else { *key };
        let (allowed, next) = f(states.get(&key).copied())?;
        states.insert(key, next);
        Ok(allowed)
    }
}

impl ShrinkableKeyedStateStore<ClientKey> for ClientStates {
    fn retain_recent(&self, drop_below: Nanos) {
        let mut states = self.states();
        states.retain(|_, state| *state > drop_below);
        // After a flood.
        if states.len() < states.capacity() / 4 {
            states.shrink_to_fit();
        }
    }

    fn len(&self) -> usize {
        self.states().len()
    }

    fn is_empty(&self) -> bool {
        self.states().is_empty()
    }
}

impl<C: Clock> std::fmt::Debug for RateLimit<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RateLimit({:?})", self.config)
    }
}

fn quota(config: &RateLimitConfig) -> Quota {
    let between = config.period / config.requests.get();
    // Settings have at most a million in a second.
    let quota = Quota::with_period(between.max(Duration::from_nanos(1)));
    quota.unwrap_or(Quota::per_second(NonZeroU32::MIN)).allow_burst(config.burst)
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn limit(text: &str, most: usize) -> (RateLimit<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (RateLimit::with_clock(text.parse().unwrap(), most, clock.clone()), clock)
    }

    fn address(text: &str) -> Option<IpAddr> {
        text.parse().ok()
    }

    #[test]
    fn requests_come_as_often_as_the_rate_allows() {
        let (limit, clock) = limit("/=6/m,burst=2", 10);
        let client = address("192.0.2.1");
        assert_eq!([limit.check(client), limit.check(client)], [Ok(()), Ok(())]);
        assert_eq!(limit.check(client), Err(10));
        clock.advance(Duration::from_millis(9_500));
        assert_eq!(limit.check(client), Err(1), "half a second, rounded up");
        assert_eq!(limit.check(address("192.0.2.2")), Ok(()), "another client");
        clock.advance(Duration::from_millis(500));
        assert_eq!([limit.check(client), limit.check(client)], [Ok(()), Err(10)]);
    }

    #[test]
    fn one_network_of_ipv6_is_one_client() {
        let (limit, _) = limit("/=1/m", 10);
        for (client, expected) in [
            (address("2001:db8::1"), Ok(())),
            (address("2001:db8::ffff:1"), Err(60)),
            (address("2001:db8:0:1::1"), Ok(())),
            (address("::ffff:192.0.2.1"), Ok(())),
            (address("192.0.2.1"), Err(60)),
            (None, Ok(())),
            (None, Err(60)),
        ] {
            assert_eq!(limit.check(client), expected, "{client:?}");
        }
    }

    #[test]
    fn there_are_never_too_many_clients() {
        let (limit, clock) = limit("/=1/s", 10);
        let clients = || (0..5000_u32).map(|number| Some(IpAddr::V4(number.into())));
        let allowed = clients().filter(|client| limit.check(*client).is_ok()).count();
        // Those that share a counter hold up each other.
        assert!((10..=10 + SHARED as usize).contains(&allowed), "{allowed}");
        assert!(limit.limiter.len() <= 10 + SHARED as usize, "{}", limit.limiter.len());
        clock.advance(Duration::from_secs(100));
        for _ in 0..SWEEP {
            let _ = limit.check(address("192.0.2.1"));
        }
        assert!(limit.limiter.len() <= 2, "{}", limit.limiter.len());
    }
}
