//! How an order begins: taken up where an earlier run stopped, found again after its answer was lost, or placed
//! (RFC 8555 section 7.4).

use http::header::LINK;
use instant_acme::{CertificateIdentifier, Error as CallError, Identifier, NewOrder, Order, OrderStatus};
use serde::Deserialize;

use super::account::{self, Session};
use super::caller::{Caller, Progress};
use super::download::links;
use super::error::Error;
use super::plan::Plan;
use super::storage::{CertificateStore, OrderJournal, Step};
use super::{retry, signed};
use crate::x509::PrivateKey;

/// How many of an account's orders are looked at for a lost one, and how many pages of them are asked for.
const MOST_ORDERS: usize = 20;
const MOST_PAGES: usize = 40;

/// What is asked for besides the names.
#[derive(Clone, Copy, Default)]
pub(super) struct OrderOptions<'a> {
    /// The profile, one that the server offers.
    pub profile: Option<&'a str>,
    /// The certificate that is replaced, by its name in requests (RFC 9773 section 4.1).
    pub replaces: Option<&'a str>,
}

/// An order with what belongs to it.
pub(super) struct OpenOrder {
    pub order: Order,
    pub journal: OrderJournal,
    /// The key that it is for, saved.
    pub key: PrivateKey,
    /// Whether it is the order of an earlier run.
    pub is_resumed: bool,
}

/// Takes up the order in the journal, or places a new one.
///
/// # Errors
/// What every call to a server can end with.
pub(super) async fn open(
    plan: &Plan,
    store: &CertificateStore,
    caller: &dyn Caller,
    session: &Session<'_>,
    options: OrderOptions<'_>,
) -> Result<OpenOrder, Error> {
    let mut wanted = OrderJournal::new(
        &plan.server,
        session.account.id(),
        &plan.names,
        plan.key_kind.as_str(),
        store.order_key_name(),
    );
    wanted.profile = options.profile.map(str::to_owned);
    wanted.replaces = options.replaces.map(str::to_owned);
    match resume(plan, store, caller, session, &wanted).await? {
        Some(open) => Ok(open),
        None => place(plan, store, caller, session, wanted).await,
    }
}

/// The order in the journal, if it is of the wanted kind and the server still has it.
async fn resume(
    plan: &Plan,
    store: &CertificateStore,
    caller: &dyn Caller,
    session: &Session<'_>,
    wanted: &OrderJournal,
) -> Result<Option<OpenOrder>, Error> {
    let (Some(mut journal), Some(key)) = (store.journal()?, store.order_key()?) else { return Ok(None) };
    if !journal.is_same_order(wanted) || (plan.force && journal.step == Step::Rejected) {
        return Ok(None);
    }
    let doing = "asking for the order";
    let order = match journal.order.clone() {
        Some(url) => {
            retry::call(caller, doing, async || session.account.order(url.clone()).await.map(Some)).await
        }
        // A run was killed, or gave up, while it placed the order.
        None => retry::call(caller, doing, async || find(session, &journal).await).await,
    };
    let mut order = match order {
        Ok(Some(order)) => order,
        // Forgotten by the server, or never placed.
        Ok(None) | Err(Error::Refused { .. } | Error::BadAnswer { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    if order.state().status == OrderStatus::Invalid {
        return Ok(None);
    }
    if journal.order.is_none() {
        note_placed(store, &mut journal, &order)?;
    }
    caller.progress(Progress::OrderResumed);
    Ok(Some(OpenOrder { order, journal, key, is_resumed: true }))
}

async fn place(
    plan: &Plan,
    store: &CertificateStore,
    caller: &dyn Caller,
    session: &Session<'_>,
    mut journal: OrderJournal,
) -> Result<OpenOrder, Error> {
    // In this order an old journal is never next to a new key.
    store.forget_order()?;
    let key = PrivateKey::generate(plan.key_kind).map_err(|error| Error::Key(error.to_string()))?;
    store.save_order_key(&key)?;
    store.save_journal(&journal)?;
    let order = match ask(caller, session, &journal).await {
        // RFC 9773 section 5: somebody has replaced it already, so this order only goes without the remark.
        Err(error) if journal.replaces.is_some() && error.is_refusal("alreadyReplaced") => {
            journal.replaces = None;
            ask(caller, session, &journal).await?
        }
        order => order?,
    };
    note_placed(store, &mut journal, &order)?;
    caller.progress(Progress::OrderPlaced { names: plan.names.len() });
    Ok(OpenOrder { order, journal, key, is_resumed: false })
}

fn note_placed(store: &CertificateStore, journal: &mut OrderJournal, order: &Order) -> Result<(), Error> {
    journal.order = Some(order.url().to_owned());
    journal.step = Step::Validate;
    Ok(store.save_journal(journal)?)
}

/// Asks for a new order. When only the answer is lost, the order is found again instead of placed twice.
async fn ask(caller: &dyn Caller, session: &Session<'_>, journal: &OrderJournal) -> Result<Order, Error> {
    let identifiers: Vec<_> = journal.names.iter().map(|name| identifier(name)).collect();
    let mut order = NewOrder::new(&identifiers);
    if let Some(profile) = &journal.profile {
        order = order.profile(profile);
    }
    if let Some((issuer, serial)) = journal.replaces.as_deref().and_then(|id| id.split_once('.')) {
        order = order.replaces(CertificateIdentifier {
            authority_key_identifier: issuer.into(),
            serial: serial.into(),
        });
    }
    let mut first_try = true;
    retry::call(caller, "placing the order", async || {
        let is_again = !std::mem::take(&mut first_try);
        if is_again && let Ok(Some(found)) = find(session, journal).await {
            return Ok(found);
        }
        session.server.http.forget_location();
        match session.account.new_order(&order).await {
            // The server placed it and said where, and the rest of the answer broke off or does not fit.
            Err(error) if !matches!(error, CallError::Api(_)) => match session.server.http.location() {
                Some(url) => session.account.order(url).await,
                None => Err(error),
            },
            result => result,
        }
    })
    .await
}

/// RFC 8738 section 3 for addresses.
fn identifier(name: &str) -> Identifier {
    name.parse().map_or_else(|_| Identifier::Dns(name.to_owned()), Identifier::Ip)
}

/// Looks for an order that was placed and never answered, in the account's list of orders (RFC 8555 section 7.1.2.1).
/// Not every server has one. An order that nobody has asked a certificate of is as good as a new one.
async fn find(session: &Session<'_>, journal: &OrderJournal) -> Result<Option<Order>, CallError> {
    let (http, signer, account) = (&session.server.http, &session.signer, &session.account);
    #[derive(Deserialize)]
    struct Orders {
        orders: Vec<String>,
    }
    let mut page = account::fetch(session.server, signer, account.id()).await?.orders;
    let mut urls = Vec::new();
    for _ in 0..MOST_PAGES {
        let Some(url) = page.take() else { break };
        let answer = signed::post(http, signer, &url, None).await?;
        urls.extend(serde_json::from_slice::<Orders>(answer.body())?.orders);
        page = links(answer.headers().get_all(LINK), "next").into_iter().next();
    }
    // The lost one is among the last.
    for url in urls.into_iter().rev().take(MOST_ORDERS) {
        let answer = signed::post(http, signer, &url, None).await?;
        if serde_json::from_slice::<OrderObject>(answer.body())?.fits(journal) {
            return account.order(url).await.map(Some);
        }
    }
    Ok(None)
}

/// What is read of an order to see whether it is the lost one.
#[derive(Deserialize)]
struct OrderObject {
    status: String,
    identifiers: Vec<OrderIdentifier>,
    profile: Option<String>,
}

#[derive(Deserialize)]
struct OrderIdentifier {
    value: String,
}

impl OrderObject {
    fn fits(&self, journal: &OrderJournal) -> bool {
        let sorted = |mut names: Vec<String>| {
            names.sort_unstable();
            names
        };
        let names = self.identifiers.iter().map(|identifier| identifier.value.to_ascii_lowercase()).collect();
        let wanted = journal.names.iter().map(|name| name.to_ascii_lowercase()).collect();
        // Servers give a profile to orders that ask for none.
        let profile_fits = journal.profile.is_none() || journal.profile == self.profile;
        matches!(self.status.as_str(), "pending" | "ready") && profile_fits && sorted(names) == sorted(wanted)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_lost_order_is_known_by_its_names_and_status() {
        let names = ["a.test".to_owned(), "b.test".to_owned()];
        let journal = OrderJournal::new("s", "a", &names, "p256", "k".into());
        let order = |status: &str, names: &[&str]| {
            let identifiers: Vec<_> =
                names.iter().map(|name| json!({"type": "dns", "value": name})).collect();
            let order = json!({"status": status, "identifiers": identifiers, "profile": "classic"});
            serde_json::from_value::<OrderObject>(order).unwrap()
        };
        assert!(order("pending", &["b.test", "A.test"]).fits(&journal));
        assert!(order("ready", &["a.test", "b.test"]).fits(&journal));
        for other in [
            order("valid", &["a.test", "b.test"]),
            order("invalid", &["a.test", "b.test"]),
            order("pending", &["a.test"]),
            order("pending", &["a.test", "b.test", "c.test"]),
        ] {
            assert!(!other.fits(&journal));
        }
        let profile = |profile: &str| OrderJournal { profile: Some(profile.into()), ..journal.clone() };
        assert!(order("pending", &["a.test", "b.test"]).fits(&profile("classic")));
        assert!(!order("pending", &["a.test", "b.test"]).fits(&profile("shortlived")));
    }
}
