//! How long a worker serves, and a request may take.

use std::fmt;
use std::time::Duration;

const MIB: u64 = 1024 * 1024;

/// When workers are replaced. Zero means without limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkerLimits {
    /// How long the application may hold a thread for one request. Time in which it waits for the client does not
    /// count, and each piece of a streamed answer begins it anew.
    pub request_timeout: Duration,
    /// Requests that a worker runs...
    pub max_requests: u64,
    /// ...and how many more for each place before its own, so that not all are replaced at once.
    pub max_requests_delta: u64,
    /// How long the other requests of a worker may take whose request has taken too long; `None` for the graceful
    /// timeout.
    pub request_grace: Option<Duration>,
    /// How long a worker serves...
    pub max_lifetime: Duration,
    /// ...and how much longer for each place before its own.
    pub max_lifetime_delta: Duration,
    /// No worker is replaced before it has served that long, unless it is broken.
    pub min_lifetime: Duration,
    /// Resident memory in MiB at which a worker is replaced.
    pub max_memory: u64,
    /// Resident memory in MiB at which a worker is killed.
    pub kill_memory: u64,
    /// Address space in MiB at which a worker is replaced.
    pub max_address_space: u64,
    /// Address space in MiB at which a worker is killed.
    pub kill_address_space: u64,
    /// Whether a worker is replaced when the application has raised an exception.
    pub replaces_failed: bool,
}

/// Why a worker is to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Requests(u64),
    Lifetime(Duration),
    /// Its resident memory in MiB.
    Memory(u64),
    /// In MiB.
    AddressSpace(u64),
    Exception,
}

/// The memory of a worker, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Memory {
    pub(super) resident: u64,
    pub(super) address_space: u64,
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requests(count) => write!(f, "it has had {count} requests (--max-requests)"),
            Self::Lifetime(age) => {
                write!(f, "it has served for {} s (--max-worker-lifetime)", age.as_secs())
            }
            Self::Memory(memory) => write!(f, "it takes up {memory} MiB of memory (--reload-on-rss)"),
            Self::AddressSpace(size) => write!(f, "it takes up {size} MiB of address space (--reload-on-as)"),
            Self::Exception => f.write_str("the application has raised an exception (--reload-on-exception)"),
        }
    }
}

impl WorkerLimits {
    /// How often workers must be looked at; `None` if nothing is limited.
    pub(super) fn interval(&self) -> Option<Duration> {
        const SHORTEST: Duration = Duration::from_millis(10);
        const SOON: Duration = Duration::from_millis(200);
        const LONGEST: Duration = Duration::from_secs(1);
        let is_set = |limit: Duration| !limit.is_zero();
        let request = is_set(self.request_timeout).then(|| (self.request_timeout / 20).clamp(SHORTEST, SOON));
        let requests = (self.max_requests > 0).then_some(SOON);
        let lifetime = is_set(self.max_lifetime).then(|| (self.max_lifetime / 20).clamp(SHORTEST, LONGEST));
        let memory = self.looks_at_memory().then_some(LONGEST);
        [request, requests, lifetime, memory].into_iter().flatten().min()
    }

    pub(super) fn looks_at_memory(&self) -> bool {
        [self.max_memory, self.kill_memory, self.max_address_space, self.kill_address_space] != [0; 4]
    }

    /// Whether a worker is to be replaced that has served for `age`, and has had so many requests.
    pub(super) fn due(
        &self,
        place: usize,
        age: Duration,
        requests: u64,
        memory: Option<Memory>,
    ) -> Option<Due> {
        if age < self.min_lifetime {
            return None;
        }
        let Memory { resident, address_space } = memory.unwrap_or_default();
        let (memory, address_space) = (resident / MIB, address_space / MIB);
        let delta = self.max_lifetime_delta.saturating_mul(u32::try_from(place).unwrap_or(u32::MAX));
        let max_lifetime = self.max_lifetime.saturating_add(delta);
        let most = self.max_requests.saturating_add(self.max_requests_delta.saturating_mul(place as u64));
        if self.max_requests > 0 && requests >= most {
            Some(Due::Requests(requests))
        } else if !self.max_lifetime.is_zero() && age >= max_lifetime {
            Some(Due::Lifetime(age))
        } else if self.max_memory > 0 && memory >= self.max_memory {
            Some(Due::Memory(memory))
        } else if self.max_address_space > 0 && address_space >= self.max_address_space {
            Some(Due::AddressSpace(address_space))
        } else {
            None
        }
    }

    /// The memory of a worker in MiB, if it is to be killed for that.
    pub(super) fn kills(&self, memory: Option<Memory>) -> Option<u64> {
        let Memory { resident, address_space } = memory?;
        let is_over =
            |bytes: u64, limit: u64| Some(bytes / MIB).filter(|memory| limit > 0 && *memory >= limit);
        is_over(resident, self.kill_memory).or_else(|| is_over(address_space, self.kill_address_space))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_is_not_limited_is_not_looked_at() {
        let limits = WorkerLimits { min_lifetime: SECOND, ..WorkerLimits::default() };
        assert_eq!(limits.interval(), None);
        let most = Some(Memory { resident: u64::MAX, address_space: u64::MAX });
        assert_eq!(limits.due(0, 1000 * SECOND, u64::MAX, most), None);
        assert_eq!(limits.kills(most), None);
    }

    #[test]
    fn each_limit_one_below_and_at() {
        let limits = WorkerLimits {
            max_requests: 10,
            max_requests_delta: 5,
            max_lifetime: 60 * SECOND,
            min_lifetime: 2 * SECOND,
            max_memory: 100,
            kill_memory: 200,
            max_lifetime_delta: 5 * SECOND,
            max_address_space: 300,
            kill_address_space: 400,
            ..WorkerLimits::default()
        };
        let of = |resident, address_space| Some(Memory { resident, address_space });
        let due = |place, age, requests, memory| limits.due(place, age, requests, of(memory, 0));
        assert_eq!(due(0, 2 * SECOND, 9, 0), None);
        assert_eq!(due(0, 2 * SECOND, 10, 0), Some(Due::Requests(10)));
        assert_eq!(due(2, 2 * SECOND, 19, 0), None);
        assert_eq!(due(2, 2 * SECOND, 20, 0), Some(Due::Requests(20)));
        assert_eq!(due(0, SECOND, 10, 100 * MIB), None);
        assert_eq!(due(0, 59 * SECOND, 0, 0), None);
        assert_eq!(due(0, 60 * SECOND, 0, 0), Some(Due::Lifetime(60 * SECOND)));
        assert_eq!(due(0, 2 * SECOND, 0, 100 * MIB - 1), None);
        assert_eq!(due(0, 2 * SECOND, 0, 100 * MIB), Some(Due::Memory(100)));
        assert_eq!(due(2, 69 * SECOND, 0, 0), None);
        assert_eq!(due(2, 70 * SECOND, 0, 0), Some(Due::Lifetime(70 * SECOND)));
        assert_eq!(limits.due(0, 2 * SECOND, 0, of(0, 300 * MIB - 1)), None);
        assert_eq!(limits.due(0, 2 * SECOND, 0, of(0, 300 * MIB)), Some(Due::AddressSpace(300)));
        assert_eq!(limits.kills(of(200 * MIB - 1, 400 * MIB - 1)), None);
        assert_eq!(limits.kills(of(200 * MIB, 0)), Some(200));
        assert_eq!(limits.kills(of(0, 400 * MIB)), Some(400));
        assert_eq!(limits.kills(None), None);
    }
}
