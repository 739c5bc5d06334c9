//! Who is let in: so many connections at a time, and so many of one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::threads::FrontThreads;
use crate::serve::spool::{Spool, WORTH_A_LOOK};
use crate::sys::memory;

/// How often idle connections are looked for again while there is no place.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// When all places are taken, this part of them is made free at once, so that a crowd does not
/// cause a search for each that comes.
const BATCH: usize = 64;

/// How often it is looked whether a crowd has left, after whom memory is given back...
const LOOK_FOR_CROWD: Duration = Duration::from_secs(5);
/// ...and how many connections are one: they hold some megabytes.
const CROWD: usize = 200;

/// The places for connections. Each connection holds one until it ends.
pub(in crate::serve) struct Admission {
    places: Arc<Semaphore>,
    all_places: u32,
    /// The most that were taken since the last look.
    peak: AtomicUsize,
    addresses: Option<Arc<AddressLimit>>,
}

/// How many connections each address has.
struct AddressLimit {
    most: usize,
    connections: Mutex<HashMap<IpAddr, usize>>,
}

/// What a connection holds until it ends.
pub(in crate::serve) struct Admitted {
    _permit: Option<OwnedSemaphorePermit>,
    _share: Option<AddressShare>,
}

/// One connection of an address.
pub(in crate::serve) struct AddressShare {
    limit: Arc<AddressLimit>,
    address: IpAddr,
}

/// The address has as many connections as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) struct TooMany;

impl Admission {
    pub(in crate::serve) fn new(places: usize, per_address: Option<usize>) -> Self {
        let all_places = u32::try_from(places).unwrap_or(u32::MAX);
        let limit = |most| Arc::new(AddressLimit { most, connections: Mutex::default() });
        Self {
            places: Arc::new(Semaphore::new(all_places as usize)),
            all_places,
            peak: AtomicUsize::new(0),
            addresses: per_address.map(limit),
        }
    }

    /// Counts a connection of `address`.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn of_address(&self, address: IpAddr) -> Result<Option<AddressShare>, TooMany> {
        self.addresses.as_ref().map(|limit| limit.enter(address)).transpose()
    }

    /// Waits for a place. The longest idle connections have to leave if there is none.
    pub(super) async fn place(&self, share: Option<AddressShare>, threads: &FrontThreads) -> Admitted {
        let mut permit = Arc::clone(&self.places).try_acquire_owned().ok();
        while permit.is_none() {
            threads.close_idle(self.all_places as usize / BATCH + 1);
            let acquired = timeout(LOOK_AGAIN, Arc::clone(&self.places).acquire_owned()).await;
            // The semaphore is never closed.
            permit = acquired.ok().and_then(Result::ok);
        }
        self.peak.fetch_max(self.connections(), Relaxed);
        Admitted { _permit: permit, _share: share }
    }

    fn connections(&self) -> usize {
        (self.all_places as usize).saturating_sub(self.places.available_permits())
    }

    /// Gives memory back to the system each time a crowd has left, or a few clients whose bodies took up much, for ever.
    pub(in crate::serve) async fn give_memory_back(&self, spool: &Spool) {
        let (mut crowd, mut bodies) = (Crowd::of(CROWD), Crowd::of(WORTH_A_LOOK));
        loop {
            tokio::time::sleep(LOOK_FOR_CROWD).await;
            let (peak, now) = spool.peak();
            let is_smaller = bodies.has_left(peak, now);
            if crowd.has_left(self.peak.swap(0, Relaxed), self.connections()) || is_smaller {
                // It may take some time.
                let _ = tokio::task::spawn_blocking(memory::give_back).await;
            }
        }
    }

    /// Waits until every connection has ended.
    pub(in crate::serve) async fn all_ended(&self) {
        // Every connection holds a place: when all places are free, all connections have ended.
        let _ = self.places.acquire_many(self.all_places).await;
    }
}

/// How many connections there were, or bytes.
#[derive(Debug)]
struct Crowd {
    /// Fewer are none.
    least: usize,
    most: usize,
    /// Whether they were few at the last look.
    were_few: bool,
}

impl Crowd {
    fn of(least: usize) -> Self {
        Self { least, most: 0, were_few: false }
    }

    /// Whether most of a crowd has left, and not only just; asked regularly, with the most
    /// connections since the last time and those that there are now.
    fn has_left(&mut self, peak: usize, now: usize) -> bool {
        self.most = self.most.max(peak).max(now);
        let are_few = now.saturating_mul(4) <= self.most && self.most - now >= self.least;
        let have_left = are_few && std::mem::replace(&mut self.were_few, are_few);
        if have_left {
            *self = Self { most: now, ..Self::of(self.least) };
        } else {
            self.were_few = are_few;
        }
        have_left
    }
}

impl AddressLimit {
    fn enter(self: &Arc<Self>, address: IpAddr) -> Result<AddressShare, TooMany> {
        let address = network(address);
        let mut connections = self.connections();
        let count = connections.entry(address).or_default();
        if *count >= self.most {
            return Err(TooMany);
        }
        *count += 1;
        Ok(AddressShare { limit: Arc::clone(self), address })
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for AddressShare {
    fn drop(&mut self) {
        let mut connections = self.limit.connections();
        if let Some(count) = connections.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                connections.remove(&self.address);
            }
        }
    }
}

/// What counts as one address: an IPv6 client has a whole /64 (RFC 6177 section 2).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crowds_are_noticed_when_they_have_left() {
        let mut crowd = Crowd::of(CROWD);
        let looks = [(10, 0), (0, 0), (1000, 900), (900, 10), (20, 10), (20, 10), (190, 0), (0, 0)];
        let left = looks.map(|(peak, now)| crowd.has_left(peak, now));
        assert_eq!(left, [false, false, false, false, true, false, false, false]);
        // They came and went between two looks.
        assert_eq!(
            [(400, 5), (5, 400), (400, 5), (5, 5)].map(|(peak, now)| crowd.has_left(peak, now)),
            [false, false, false, true]
        );
    }

    #[test]
    fn addresses_have_their_share() {
        let admission = Admission::new(10, Some(2));
        let enter = |address: &str| admission.of_address(address.parse().unwrap());
        let first = enter("2001:db8::1").unwrap();
        let _second = enter("2001:db8::2:3").unwrap();
        assert!(matches!(enter("2001:db8::4"), Err(TooMany)), "of the same /64");
        let _other = enter("2001:db8:0:1::1").unwrap();
        drop(first);
        let _third = enter("2001:db8::4").unwrap();

        let _first = enter("192.0.2.1").unwrap();
        let _second = enter("::ffff:192.0.2.1").unwrap();
        assert!(enter("192.0.2.1").is_err());
        assert!(enter("192.0.2.2").is_ok());
        let limit = admission.addresses.as_ref().unwrap();
        assert_eq!(limit.connections().len(), 3, "who has no connection is forgotten");

        let unlimited = Admission::new(10, None);
        assert!((0..100).all(|_| matches!(unlimited.of_address(Ipv6Addr::LOCALHOST.into()), Ok(None))));
    }
}
