//! How often somebody may ask: counts of the current hour, by account, address and name.

use std::collections::HashMap;
use std::net::IpAddr;

use super::call::network;
use super::identifier::Identifier;
use super::problem::{Problem, ProblemType};

const HOUR: i64 = 3600;
/// More names, addresses and accounts than these in one hour are refused: so the counts have a limit, too.
const MOST_COUNTED: usize = 1 << 18;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Counted {
    /// New accounts from an address; of IPv6 its network of 64 bits, which is one customer's.
    AccountsFrom(IpAddr),
    /// New orders of an account.
    Orders(String),
    /// New orders for a name, by account: those of one must not be in the way of another.
    OrdersFor(String, Identifier),
    /// Certificates with a name, of whichever account: only who has proved it gets one.
    Issued(Identifier),
    /// Failed validations of a name, by account.
    Failures(String, Identifier),
}

pub(super) struct RateLimits {
    /// Orders of an account in an hour; of the others a tenth.
    most: u32,
    hour: i64,
    counts: HashMap<Counted, u32>,
}

impl Counted {
    pub(super) fn accounts_from(address: IpAddr) -> Self {
        Self::AccountsFrom(network(address))
    }
}

impl RateLimits {
    pub(super) fn new(most: u32) -> Self {
        Self { most, hour: 0, counts: HashMap::new() }
    }

    /// Whether one more would be too many.
    ///
    /// # Errors
    /// `rateLimited`, with the time to wait.
    pub(super) fn require(&mut self, counted: &Counted, now: i64) -> Result<(), Problem> {
        let hour = now.div_euclid(HOUR);
        if hour != self.hour {
            self.hour = hour;
            self.counts = HashMap::new();
        }
        let (most, what) = match counted {
            Counted::AccountsFrom(_) => (self.tenth(), "new accounts from this address"),
            Counted::Orders(_) => (self.most, "new orders of this account"),
            Counted::OrdersFor(..) => (self.tenth(), "new orders of this account for this name"),
            Counted::Issued(_) => (self.tenth(), "certificates with this name"),
            Counted::Failures(..) => (self.tenth(), "failed validations of this name"),
        };
        let is_full = self.counts.len() >= MOST_COUNTED && !self.counts.contains_key(counted);
        if is_full || self.counts.get(counted).is_some_and(|count| *count >= most) {
            let detail = format!("there were too many {what} in this hour (at most {most})");
            let wait = (hour + 1) * HOUR - now;
            let wait = u64::try_from(wait).unwrap_or(1);
            return Err(Problem::new(ProblemType::RateLimited, detail).after(wait));
        }
        Ok(())
    }

    pub(super) fn count(&mut self, counted: Counted) {
        let count = self.counts.entry(counted).or_default();
        *count = count.saturating_add(1);
    }

    fn tenth(&self) -> u32 {
        (self.most / 10).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_later_it_may_be_asked_again() {
        let mut limits = RateLimits::new(20);
        let orders = |account: &str, name: &str| {
            Counted::OrdersFor(account.to_owned(), Identifier::Dns(name.to_owned()))
        };
        let counted = orders("a", "a.test");
        for _ in 0..2 {
            limits.require(&counted, 100).unwrap();
            limits.count(counted.clone());
        }
        let problem = limits.require(&counted, 100).unwrap_err();
        assert_eq!((problem.status(), problem.retry_after), (429, Some(3500)));
        limits.require(&orders("a", "b.test"), 100).unwrap();
        limits.require(&orders("b", "a.test"), 100).unwrap();
        limits.require(&counted, 3600).unwrap();
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let of = |text: &str| Counted::accounts_from(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::2:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }
}
