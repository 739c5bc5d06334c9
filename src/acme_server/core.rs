//! The state of the server: accounts, orders, and the certificates that are still valid.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::net::IpAddr;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use time::OffsetDateTime;

use super::nonces::Nonces;
use super::policy::Policy;
use super::rate_limits::RateLimits;
use super::records::{Account, AuthorizationStatus, ChallengeStatus, Order, OrderStatus, Record};
use super::step::Validation;
use crate::x509::Certificate;

/// What does not change while the server runs.
#[derive(Debug)]
pub struct Config {
    /// Hosts with ports by which clients may reach the server, in lower case and without the port 443.
    pub authorities: Vec<String>,
    /// How many of them, from the first on, users have named: the directory has those.
    pub named: usize,
    pub policy: Policy,
    /// The CA that signs.
    pub issuer: Certificate,
    /// What clients get along with their certificates.
    pub chain: Vec<Certificate>,
    /// The external accounts with their MAC keys, where new accounts must be bound to one (RFC 8555 section 7.3.4).
    pub external_accounts: Option<HashMap<String, Vec<u8>>>,
    /// How many orders an account may make in an hour.
    pub orders_per_hour: u32,
}

/// A certificate that was issued, while it is valid.
#[derive(Clone, Debug)]
pub struct KnownCertificate {
    /// The account that it was issued to; `None`: not by ACME.
    pub account: Option<String>,
    pub names: Vec<String>,
    /// SHA-256 of its key (SubjectPublicKeyInfo), where that is known.
    pub key_sha256: Option<String>,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    pub is_revoked: bool,
    /// Whether an order has replaced it.
    pub is_replaced: bool,
}

/// An order whose certificate was made but perhaps never reached the ledger.
#[derive(Debug)]
pub struct Unpublished {
    pub order: String,
    pub account: String,
    /// The serial number of the certificate that is replaced, in hexadecimal.
    pub replaces: Option<String>,
    /// Its DER.
    pub certificate: Vec<u8>,
}

pub(super) struct KnownAccount {
    pub(super) account: Account,
    /// Its orders that are still known.
    pub(super) orders: BTreeSet<String>,
}

/// The state; everything in it is bounded.
pub struct Core {
    pub(super) config: Config,
    pub(super) nonces: Nonces,
    pub(super) limits: RateLimits,
    pub(super) accounts: HashMap<String, KnownAccount>,
    /// Accounts by the hash of their key.
    pub(super) account_by_key: HashMap<String, String>,
    pub(super) orders: HashMap<String, Order>,
    /// How many the orders have.
    pub(super) authorizations: usize,
    /// How many orders each network has open.
    pub(super) open_by_network: HashMap<IpAddr, usize>,
    /// By serial number in hexadecimal.
    pub(super) certificates: HashMap<String, KnownCertificate>,
    /// Keys that others may have, by SHA-256.
    pub(super) compromised_keys: HashSet<String>,
    /// When orders are dropped that are not finished, and those that are: the earliest first.
    open_until: VecDeque<(i64, String)>,
    finished_until: VecDeque<(i64, String)>,
    /// What the last request changed, as it was before.
    changed: Vec<Before>,
    secret: hmac::Key,
    made: u64,
    inserted: usize,
}

/// An object as it was; `None`: it is new.
enum Before {
    Account(String, Option<Box<Account>>),
    Order(String, Option<Box<Order>>),
}

/// How long an order waits to be finalized, in seconds.
pub(super) const OPEN_ORDER: i64 = 24 * 3600;
/// How long a finished order can still be read, and its certificate downloaded.
const FINISHED_ORDER: i64 = 3600;
/// More finished orders than these are not kept.
const MOST_FINISHED: usize = 8192;
/// After so many new certificates those that have expired are dropped.
const SWEEP_EVERY: usize = 1024;

impl Core {
    /// An empty state. `secret` is random and new: names and nonces are made from it.
    pub fn new(config: Config, secret: &[u8; 32]) -> Self {
        Self {
            limits: RateLimits::new(config.orders_per_hour),
            config,
            nonces: Nonces::new(&[secret, b"nonces".as_slice()].concat()),
            accounts: HashMap::new(),
            account_by_key: HashMap::new(),
            orders: HashMap::new(),
            authorizations: 0,
            open_by_network: HashMap::new(),
            certificates: HashMap::new(),
            compromised_keys: HashSet::new(),
            open_until: VecDeque::new(),
            finished_until: VecDeque::new(),
            changed: Vec::new(),
            secret: hmac::Key::new(hmac::HMAC_SHA256, secret),
            made: 0,
            inserted: 0,
        }
    }

    /// Takes up what an earlier process has kept, in the order of its file. Orders that have expired meanwhile are
    /// dropped, and one whose certificate was never made is ready again. Gives the validations that were under way.
    pub fn restore(
        &mut self,
        records: impl IntoIterator<Item = Record>,
        now: OffsetDateTime,
    ) -> Vec<Validation> {
        for record in records {
            match record {
                Record::Account(account) => self.put_account(*account),
                Record::Order(order) => {
                    self.orders.insert(order.id.clone(), *order);
                }
            }
        }
        self.begin_change();
        let now = now.unix_timestamp();
        self.orders.retain(|_, order| {
            order.expires > now || (order.status == OrderStatus::Processing && order.certificate.is_some())
        });
        self.authorizations = self.orders.values().map(|order| order.authorizations.len()).sum();
        let mut orders: Vec<_> =
            self.orders.values().map(|order| (order.expires, order.id.clone())).collect();
        orders.sort();
        for (expires, id) in orders {
            let Some(order) = self.orders.get_mut(&id) else { continue };
            if order.status == OrderStatus::Processing && order.certificate.is_none() {
                order.status = OrderStatus::Ready;
            }
            let is_final = order.status.is_final();
            if let Some(known) = self.accounts.get_mut(&order.account) {
                known.orders.insert(id.clone());
            }
            if is_final {
                self.finished_until.push_back((now + FINISHED_ORDER, id));
            } else {
                self.open_until.push_back((expires, id));
            }
        }
        let orders = std::mem::take(&mut self.orders);
        orders.values().for_each(|order| self.count_open(None, Some(order)));
        self.orders = orders;
        let mut validations = Vec::new();
        for order in self.orders.values() {
            for (index, authorization) in order.authorizations.iter().enumerate() {
                let pending = authorization.status == AuthorizationStatus::Pending;
                for challenge in authorization.challenges.iter().filter(|_| pending) {
                    if challenge.status == ChallengeStatus::Processing {
                        validations.extend(self.validation(order, index, challenge.method));
                    }
                }
            }
        }
        validations
    }

    /// The whole state, for a file that begins anew.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        let accounts = self.accounts.values().map(|known| Record::Account(Box::new(known.account.clone())));
        accounts.chain(self.orders.values().map(|order| Record::Order(Box::new(order.clone()))))
    }

    /// Certificates that the ledger knows, by their serial numbers in hexadecimal.
    pub fn know(&mut self, certificates: impl IntoIterator<Item = (String, KnownCertificate)>) {
        self.certificates.extend(certificates);
    }

    /// Takes up what others have entered into the ledger meanwhile: certificates, and serial numbers that were revoked, with
    /// whether that is about the key. Says whether a revocation is new.
    pub fn learn(
        &mut self,
        certificates: impl IntoIterator<Item = (String, KnownCertificate)>,
        revoked: impl IntoIterator<Item = (String, bool)>,
    ) -> bool {
        for (serial, known) in certificates {
            self.certificates.entry(serial).or_insert(known);
        }
        let mut is_new = false;
        for (serial, is_about_key) in revoked {
            let Some(known) = self.certificates.get_mut(&serial) else { continue };
            is_new |= !std::mem::replace(&mut known.is_revoked, true);
            if let Some(key) = known.key_sha256.clone().filter(|_| is_about_key) {
                is_new |= self.compromised_keys.insert(key);
            }
        }
        is_new
    }

    /// The CA has a new certificate with the same name and key.
    pub fn renew_issuer(&mut self, issuer: Certificate, chain: Vec<Certificate>) {
        (self.config.issuer, self.config.chain) = (issuer, chain);
    }

    /// Keys (SHA-256) that others may have: no certificate is issued for them any more.
    pub fn know_compromised(&mut self, keys: impl IntoIterator<Item = String>) {
        self.compromised_keys.extend(keys);
    }

    /// Orders whose certificate was made but perhaps never reached the ledger.
    pub fn unpublished(&self) -> Vec<Unpublished> {
        let processing = self.orders.values().filter(|order| order.status == OrderStatus::Processing);
        processing
            .filter_map(|order| {
                let certificate =
                    base64::prelude::BASE64_STANDARD.decode(order.certificate.as_ref()?).ok()?;
                Some(Unpublished {
                    order: order.id.clone(),
                    account: order.account.clone(),
                    replaces: order.replaces.clone(),
                    certificate,
                })
            })
            .collect()
    }

    pub(super) fn put_account(&mut self, account: Account) {
        let before = self.accounts.get(&account.id).map(|known| Box::new(known.account.clone()));
        self.changed.push(Before::Account(account.id.clone(), before));
        self.put_account_again(account);
    }

    fn put_account_again(&mut self, account: Account) {
        // A changed key is no longer a name of the account.
        if let Some(before) = self.accounts.get(&account.id) {
            self.account_by_key.remove(&before.account.key.thumbprint());
        }
        self.account_by_key.insert(account.key.thumbprint(), account.id.clone());
        match self.accounts.get_mut(&account.id) {
            Some(known) => known.account = account,
            None => {
                let known = KnownAccount { account: account.clone(), orders: BTreeSet::new() };
                self.accounts.insert(account.id, known);
            }
        }
    }

    pub(super) fn put_order(&mut self, order: Order) {
        if let Some(known) = self.accounts.get_mut(&order.account) {
            known.orders.insert(order.id.clone());
        }
        self.authorizations += order.authorizations.len();
        self.count_open(None, Some(&order));
        self.open_until.push_back((order.expires, order.id.clone()));
        self.changed.push(Before::Order(order.id.clone(), None));
        self.orders.insert(order.id.clone(), order);
    }

    /// Takes the new state of an order, and gives its record.
    pub(super) fn replace_order(&mut self, order: Order) -> Record {
        let record = Record::Order(Box::new(order.clone()));
        // One that was dropped meanwhile does not come back.
        if let Some(known) = self.orders.get_mut(&order.id) {
            let before = std::mem::replace(known, order);
            if let Record::Order(after) = &record {
                self.count_open(Some(&before), Some(after));
            }
            self.changed.push(Before::Order(before.id.clone(), Some(Box::new(before))));
        }
        record
    }

    /// What is changed from now on can be taken back.
    pub(super) fn begin_change(&mut self) {
        self.changed.clear();
    }

    /// Accounts and orders are as they were before the last request: what it changed could not be kept, and the next
    /// process would not know it.
    pub fn take_back(&mut self) {
        while let Some(before) = self.changed.pop() {
            match before {
                Before::Account(_, Some(account)) => self.put_account_again(*account),
                Before::Account(id, None) => {
                    if let Some(known) = self.accounts.remove(&id) {
                        self.account_by_key.remove(&known.account.key.thumbprint());
                    }
                }
                Before::Order(id, Some(order)) => {
                    if let Some(known) = self.orders.get_mut(&id) {
                        let after = std::mem::replace(known, (*order).clone());
                        self.count_open(Some(&after), Some(&order));
                    }
                }
                Before::Order(id, None) => self.drop_order(&id),
            }
        }
    }

    /// A certificate is valid from now on.
    pub(super) fn put_certificate(&mut self, serial: String, known: KnownCertificate, now: OffsetDateTime) {
        self.inserted += 1;
        if self.inserted.is_multiple_of(SWEEP_EVERY) {
            self.certificates.retain(|_, known| known.not_after >= now);
        }
        self.certificates.insert(serial, known);
    }

    /// An order has come to its end: it can be read for a while.
    pub(super) fn finish(&mut self, order: &str, now: OffsetDateTime) {
        self.finished_until.push_back((now.unix_timestamp() + FINISHED_ORDER, order.to_owned()));
        self.drop_old_orders(now.unix_timestamp());
    }

    pub(super) fn drop_old_orders(&mut self, now: i64) {
        while let Some((_, id)) = self.finished_until.pop_front_if(|(until, _)| *until <= now).or_else(|| {
            (self.finished_until.len() > MOST_FINISHED).then(|| self.finished_until.pop_front())?
        }) {
            // One whose end was taken back is dropped when it expires.
            if self.orders.get(&id).is_some_and(|order| order.status.is_final()) {
                self.drop_order(&id);
            }
        }
        while let Some((_, id)) = self.open_until.pop_front_if(|(until, _)| *until <= now) {
            let is_open = |order: &Order| !order.status.is_final() && order.status != OrderStatus::Processing;
            if self.orders.get(&id).is_some_and(is_open) {
                self.drop_order(&id);
            }
        }
    }

    pub(super) fn drop_order(&mut self, id: &str) {
        let Some(order) = self.orders.remove(id) else { return };
        self.count_open(Some(&order), None);
        self.authorizations -= order.authorizations.len();
        if let Some(known) = self.accounts.get_mut(&order.account) {
            known.orders.remove(id);
        }
    }

    /// A name that nobody can guess, in base64url: 128 bits.
    pub(super) fn new_id(&mut self) -> String {
        self.made += 1;
        let tag = hmac::sign(&self.secret, &self.made.to_be_bytes());
        BASE64URL.encode(tag.as_ref().get(..16).unwrap_or_default())
    }

    pub(super) fn validation(
        &self,
        order: &Order,
        index: usize,
        method: super::records::ChallengeMethod,
    ) -> Option<Validation> {
        let authorization = order.authorizations.get(index)?;
        let account = &self.accounts.get(&order.account)?.account;
        let thumbprint = account.key.thumbprint();
        let past = account.past_keys.iter().rev().cloned();
        Some(Validation {
            is_wildcard: authorization.identifier.is_wildcard(),
            account_urls: self.config.account_urls(&order.account),
            thumbprints: std::iter::once(thumbprint.clone()).chain(past).collect(),
            issuers: self.config.issuers(),
            order: order.id.clone(),
            account: order.account.clone(),
            authorization: index,
            method,
            identifier: authorization.identifier.base(),
            token: authorization.token.clone(),
            key_authorization: format!("{}.{thumbprint}", authorization.token),
        })
    }
}
