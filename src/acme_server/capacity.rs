//! How many accounts and orders there may be. When all places are taken, those go who take most of them: nobody can
//! keep others out by filling the server.

use std::collections::HashSet;
use std::net::IpAddr;

use super::core::Core;
use super::problem::{Problem, ProblemType};
use super::records::{Order, OrderStatus};

/// More accounts than these are not kept.
const MOST_ACCOUNTS: usize = 100_000;
/// More orders than these are not kept.
const MOST_ORDERS: usize = 50_000;
/// More authorizations than these are not kept, which is where memory goes: an order has up to 100.
const MOST_AUTHORIZATIONS: usize = 200_000;
/// More open orders of one account are refused.
const MOST_OPEN: usize = 1000;
/// More open orders of one network are refused, however many accounts it has.
const MOST_OPEN_OF_NETWORK: usize = 5000;

impl Core {
    /// Sees to it that an account can have one more order.
    ///
    /// # Errors
    /// `rateLimited`: it or its network has too many open ones, or all orders are about to be issued.
    pub(super) fn make_room_for_order(
        &mut self,
        account: &str,
        network: IpAddr,
        names: usize,
    ) -> Result<(), Problem> {
        if self.open_by_network.get(&network).is_some_and(|open| *open >= MOST_OPEN_OF_NETWORK) {
            let detail = format!("there are {MOST_OPEN_OF_NETWORK} open orders from this address");
            return Err(Problem::new(ProblemType::RateLimited, detail).after(60));
        }
        if self.open_orders(account).count() >= MOST_OPEN {
            let detail =
                format!("the account has {MOST_OPEN} open orders: finish or deactivate some of them");
            return Err(Problem::new(ProblemType::RateLimited, detail).after(60));
        }
        if self.has_room(names) {
            return Ok(());
        }
        self.drop_pending_of_biggest();
        if self.has_room(names) {
            return Ok(());
        }
        let problem = Problem::new(ProblemType::RateLimited, "there are too many open orders").after(60);
        Err(problem.with_status(503))
    }

    /// Sees to it that there can be one more account.
    ///
    /// # Errors
    /// `rateLimited`: all of them have certificates or orders.
    pub(super) fn make_room_for_account(&mut self) -> Result<(), Problem> {
        if self.accounts.len() >= MOST_ACCOUNTS {
            self.drop_idle_accounts();
        }
        if self.accounts.len() < MOST_ACCOUNTS {
            return Ok(());
        }
        Err(Problem::new(ProblemType::RateLimited, "there are too many accounts").after(86_400))
    }

    /// Counts an order of a network that has changed; `None`: it was not there, or is not any more.
    pub(super) fn count_open(&mut self, before: Option<&Order>, after: Option<&Order>) {
        let open = |order: Option<&Order>| {
            order.filter(|order| !order.status.is_final()).and_then(|order| order.network)
        };
        let (before, after) = (open(before), open(after));
        if before == after {
            return;
        }
        if let Some(network) = before {
            match self.open_by_network.get_mut(&network) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(self.open_by_network.remove(&network)),
            }
        }
        if let Some(network) = after {
            *self.open_by_network.entry(network).or_default() += 1;
        }
    }

    fn has_room(&self, names: usize) -> bool {
        self.orders.len() < MOST_ORDERS && self.authorizations + names <= MOST_AUTHORIZATIONS
    }

    fn open_orders(&self, account: &str) -> impl Iterator<Item = &Order> {
        let ids = self.accounts.get(account).into_iter().flat_map(|known| &known.orders);
        ids.filter_map(|id| self.orders.get(id)).filter(|order| !order.status.is_final())
    }

    /// Drops the orders of the account that has most of them, as far as nothing is proved of them.
    fn drop_pending_of_biggest(&mut self) {
        let is_pending = |order: &&Order| order.status == OrderStatus::Pending;
        let pending = |account: &String| -> usize {
            self.open_orders(account).filter(is_pending).map(|order| order.authorizations.len()).sum()
        };
        let Some(biggest) = self.accounts.keys().max_by_key(|account| pending(account)) else { return };
        let dropped: Vec<_> =
            self.open_orders(biggest).filter(is_pending).map(|order| order.id.clone()).collect();
        for id in dropped {
            self.drop_order(&id);
        }
    }

    /// Drops the accounts that have neither a certificate nor an order.
    fn drop_idle_accounts(&mut self) {
        let with_certificate: HashSet<_> =
            self.certificates.values().filter_map(|known| known.account.as_deref()).collect();
        let accounts = self.accounts.values();
        let idle = accounts
            .filter(|known| known.orders.is_empty() && !with_certificate.contains(known.account.id.as_str()));
        let idle: Vec<_> =
            idle.map(|known| (known.account.id.clone(), known.account.key.thumbprint())).collect();
        for (id, thumbprint) in idle {
            self.accounts.remove(&id);
            self.account_by_key.remove(&thumbprint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::client::{TestClient, TestServer};

    #[test]
    fn who_takes_most_places_makes_room() {
        let mut server = TestServer::new();
        let [big, small] = std::array::from_fn(|_| TestClient::registered(&mut server));
        let ready = big.ready_order(&mut server, "ready.test");
        let pending = [0; 3].map(|_| big.order(&mut server, "a.test"));
        let other = small.order(&mut server, "b.test");
        assert_eq!(server.core.authorizations, 5);
        server.core.drop_pending_of_biggest();
        assert_eq!(server.core.authorizations, 2);
        assert_eq!(big.post(&mut server, &ready, "").status, 200);
        assert_eq!(small.post(&mut server, &other, "").status, 200);
        for order in &pending {
            assert_eq!(big.post(&mut server, order, "").status, 404);
        }
    }

    #[test]
    fn open_orders_of_a_network_are_counted() {
        let mut server = TestServer::new();
        let [one, other] = std::array::from_fn(|_| TestClient::registered(&mut server));
        let ready = one.ready_order(&mut server, "a.test");
        other.order(&mut server, "b.test");
        let open = |server: &TestServer| server.core.open_by_network.values().copied().collect::<Vec<_>>();
        assert_eq!(open(&server), [2]);
        one.finalize(&mut server, &ready, &["a.test"]);
        assert_eq!(open(&server), [1]);
        let mut server = server.restarted();
        assert_eq!(open(&server), [1]);
        for count in server.core.open_by_network.values_mut() {
            *count = super::MOST_OPEN_OF_NETWORK;
        }
        // Whichever account it is.
        let newcomer = TestClient::registered(&mut server);
        let payload = r#"{"identifiers":[{"type":"dns","value":"c.test"}]}"#;
        let refused = newcomer.post(&mut server, "/acme/new-order", payload);
        assert_eq!(super::super::tests::client::problem(&refused), "rateLimited");
        for count in server.core.open_by_network.values_mut() {
            *count = 1;
        }
        server.core.drop_pending_of_biggest();
        assert!(open(&server).is_empty());
    }

    #[test]
    fn accounts_with_certificates_or_orders_stay() {
        let mut server = TestServer::new();
        let [idle, ordering, owner] = std::array::from_fn(|_| TestClient::registered(&mut server));
        ordering.order(&mut server, "a.test");
        let order = owner.ready_order(&mut server, "b.test");
        owner.finalize(&mut server, &order, &["b.test"]);
        server.core.drop_idle_accounts();
        assert_eq!(server.core.accounts.len(), 2);
        assert_eq!(server.core.account_by_key.len(), 2);
        assert_eq!(ordering.post(&mut server, "/acme/key-change", "").status, 400);
        let gone = idle.post(&mut server, "/acme/new-order", "{}");
        assert_eq!(super::super::tests::client::problem(&gone), "accountDoesNotExist");
    }
}
