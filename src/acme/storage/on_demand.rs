//! `on-demand/`: the names that got a certificate because a client asked for them, and how many orders there were of late.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::records::SCHEMA;
use super::{Result, Storage, Timestamp, file_name};

const NAMES: &str = "on-demand/names";
const ORDERS: &str = "on-demand/orders.json";
/// Orders are counted in this time.
const WINDOW: Duration = Duration::hours(1);
/// Clocks are put right by minutes; what seems to happen later than this was kept while the clock was wrong.
const LATEST: Duration = Duration::hours(1);

/// What is kept of certificates on demand.
#[derive(Clone, Debug)]
pub struct OnDemandStore {
    storage: Storage,
}

/// `on-demand/orders.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct OnDemandOrders {
    /// The version of this file.
    schema: u32,
    at: Vec<Timestamp>,
}

impl OnDemandStore {
    pub(super) fn new(storage: &Storage) -> Self {
        Self { storage: storage.clone() }
    }

    /// All names, sorted.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn names(&self) -> Result<Vec<String>> {
        self.storage.backend.list(NAMES)
    }

    /// Whether it is one of them.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn has(&self, name: &str) -> Result<bool> {
        Ok(self.storage.backend.get(&format!("{NAMES}/{}", file_name(name)))?.is_some())
    }

    /// Adds a name, which may be there.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn add(&self, name: &str) -> Result<()> {
        let key = format!("{NAMES}/{}", file_name(name));
        self.storage.backend.compare_and_swap(&key, None, b"").map(drop)
    }

    /// Forgets a name, which need not be there.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn remove(&self, name: &str) -> Result<()> {
        self.storage.remove(&format!("{NAMES}/{}", file_name(name)))
    }

    /// Counts an order, if there are fewer than `most` in the last hour by all processes; whether there were.
    ///
    /// # Errors
    /// When the file cannot be read, understood or written.
    pub fn take_order(&self, most: u32, now: OffsetDateTime) -> Result<bool> {
        loop {
            let old = self.storage.backend.get(ORDERS)?;
            let mut orders: OnDemandOrders =
                old.as_deref().and_then(|text| serde_json::from_slice(text).ok()).unwrap_or_default();
            orders.schema = SCHEMA;
            orders.at.retain(|at| now - WINDOW < at.0 && at.0 <= now + LATEST);
            if orders.at.len() >= usize::try_from(most).unwrap_or(usize::MAX) {
                return Ok(false);
            }
            orders.at.push(now.into());
            let new = serde_json::to_vec(&orders).unwrap_or_default();
            if self.storage.backend.compare_and_swap(ORDERS, old.as_deref(), &new)? {
                return Ok(true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn so_many_orders_an_hour_by_all_processes() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (Storage::new(dir.path()).on_demand(), Storage::new(dir.path()).on_demand());
        let now = datetime!(2026-11-29 12:00 UTC);
        let took = [
            one.take_order(2, now),
            other.take_order(2, now + Duration::minutes(30)),
            one.take_order(2, now + Duration::minutes(59)),
            other.take_order(2, now + Duration::minutes(61)),
            one.take_order(2, now + Duration::minutes(62)),
        ];
        assert_eq!(took.map(Result::unwrap), [true, true, false, true, false]);
        // After the clock was put right by minutes, and after it was wrong by more.
        assert!(!one.take_order(2, now + Duration::minutes(20)).unwrap());
        assert!(one.take_order(2, now - Duration::days(1)).unwrap());
    }

    #[test]
    fn names_are_kept_once() {
        let dir = tempfile::tempdir().unwrap();
        let store = Storage::new(dir.path()).on_demand();
        assert!(store.names().unwrap().is_empty());
        for name in ["b.test", "a.test", "b.test"] {
            store.add(name).unwrap();
        }
        assert_eq!(store.names().unwrap(), ["a.test", "b.test"]);
        assert_eq!(["a.test", "c.test"].map(|name| store.has(name).unwrap()), [true, false]);
        for name in ["b.test", "c.test"] {
            store.remove(name).unwrap();
        }
        assert_eq!(store.names().unwrap(), ["a.test"]);
    }
}
