//! How an order begins: taken up where an earlier run stopped, found again after its answer was lost, or placed
//! (RFC 8555 section 7.4).

use http::StatusCode;
use http::header::LINK;
use serde::Deserialize;
use time::OffsetDateTime;

use crate::acme::caller::{Caller, Progress};
use crate::acme::client::account::{self, Session};
use crate::acme::client::http::json;
use crate::acme::client::retry;
use crate::acme::client::signed;
use crate::acme::error::Error;
use crate::acme::order::budget::Budget;
use crate::acme::order::next_key;
use crate::acme::order::order_key::OrderKey;
use crate::acme::order::resource::{Order, OrderStatus};
use crate::acme::plan::Plan;
use crate::acme::plan::given_request::GivenRequest;
use crate::acme::reply::address::{links, resolve};
use crate::acme::reply::call_error::CallError;
use crate::acme::storage::{CertificateStore, OrderJournal, Step};

/// How many of an account's orders are looked at for a lost one, and how many pages of them are asked for.
const MOST_ORDERS: usize = 20;
const MOST_PAGES: usize = 40;
/// An order whose address has not answered in so many runs in a row is given up, unless its certificate is issued.
const MOST_SILENT_RUNS: u32 = 2;
/// After so many runs in a row in which the server did not take an order, it gets one without `replaces`.
const MOST_BROKEN_RUNS: u32 = 3;
/// An order with which so many runs in a row have failed is given up, whatever it was that failed.
pub const MOST_FAILED_RUNS: u32 = 10;

/// What is asked for besides the names.
#[derive(Clone, Copy, Default)]
pub struct OrderOptions<'a> {
    /// The profile, one that the server offers.
    pub profile: Option<&'a str>,
    /// The certificate that is replaced, by its name in requests (RFC 9773 section 4.1).
    pub replaces: Option<&'a str>,
}

/// An order with what belongs to it.
pub struct OpenOrder {
    pub order: Order,
    pub journal: OrderJournal,
    /// The key that it is for; ours is saved.
    pub key: OrderKey,
    /// Whether it is the order of an earlier run.
    pub is_resumed: bool,
}

/// Takes up the order in the journal, or places a new one.
///
/// # Errors
/// What every call to a server can end with.
pub async fn open(
    plan: &Plan,
    store: &CertificateStore,
    caller: &dyn Caller,
    session: &Session<'_>,
    options: OrderOptions<'_>,
    budget: &Budget<'_>,
) -> Result<OpenOrder, Error> {
    let mut wanted = OrderJournal::new(
        &plan.server,
        &session.account,
        &plan.names,
        &plan.key_word(),
        store.order_key_name(),
    );
    wanted.request = plan.request.as_ref().map(GivenRequest::hash);
    wanted.profile = options.profile.map(str::to_owned);
    wanted.replaces = options.replaces.map(str::to_owned);
    if let Some(before) = store.journal()?.filter(|journal| journal.is_same_order(&wanted)) {
        let breaks = before.order.is_none() && before.replaces.is_some();
        if breaks && before.silent_runs >= MOST_BROKEN_RUNS {
            wanted.replaces = None;
        } else {
            // Its certificate has replaced the one in use, as far as the server knows.
            wanted.replaces = wanted.replaces.filter(|_| !before.is_issued);
            if let Some(open) = resume(plan, store, caller, session, before, budget).await? {
                return Ok(open);
            }
        }
    }
    budget.check()?;
    place(plan, store, caller, session, wanted).await
}

/// The order in the journal, if it is worth going on with and the server still has it.
async fn resume(
    plan: &Plan,
    store: &CertificateStore,
    caller: &dyn Caller,
    session: &Session<'_>,
    mut journal: OrderJournal,
    budget: &Budget<'_>,
) -> Result<Option<OpenOrder>, Error> {
    let ours = || Ok::<_, Error>(store.order_key()?.map(OrderKey::Ours));
    let given = plan.request.clone().map(OrderKey::Given);
    let Some(mut key) = given.map_or_else(ours, |given| Ok(Some(given)))? else { return Ok(None) };
    let has_failed = journal.step == Step::Rejected || journal.failures > 0 || journal.silent_runs > 0;
    let is_tried_enough = journal.is_rejected_for_good(budget.now())
        || (journal.is_issued && journal.failures >= MOST_FAILED_RUNS);
    if (plan.force && has_failed) || (is_tried_enough && budget.check().is_ok()) {
        return Ok(None);
    }
    let doing = "asking for the order";
    let order = match &journal.order {
        // Kept by an earlier version.
        Some(url) if resolve(url, url).is_err() => return Ok(None),
        Some(url) => retry::call(caller, doing, async || Order::fetch(session, url).await.map(Some)).await,
        // A run was killed, or gave up, while it placed the order.
        None => retry::call(caller, doing, async || find(session, &journal).await).await,
    };
    let order = match order {
        Ok(Some(order)) => order,
        // Never placed.
        Ok(None) => return Ok(None),
        Err(error) if !is_about_the_order(&error) => return Err(error),
        Err(error) => {
            let is_lost = plan.force || journal.order.is_none() || is_past(&journal, session, budget);
            // Forgotten by the server.
            if is_lost || is_over(&error, &journal) {
                return Ok(None);
            }
            if !session.server.http.is_rate_limited() {
                journal.silent_runs = journal.silent_runs.saturating_add(1);
                store.save_journal(&journal)?;
            }
            let most = if journal.is_issued { MOST_FAILED_RUNS } else { MOST_SILENT_RUNS };
            return if journal.silent_runs >= most { Ok(None) } else { Err(error) };
        }
    };
    let is_issued = order.object.status == OrderStatus::Valid;
    if order.object.status == OrderStatus::Invalid || (is_past(&journal, session, budget) && !is_issued) {
        return Ok(None);
    }
    let is_open = matches!(order.object.status, OrderStatus::Pending | OrderStatus::Ready);
    if is_open
        && plan.request.is_none()
        && journal.step != Step::Finalize
        && let Some(wanted) = next_key::kept(plan, store)?.filter(|wanted| wanted.spki() != key.spki())
    {
        // The server has not seen the other one.
        store.save_order_key(&wanted)?;
        key = OrderKey::Ours(wanted);
    }
    if journal.order.is_none() {
        note_placed(store, &mut journal, &order)?;
    } else if journal.silent_runs > 0 {
        journal.silent_runs = 0;
        store.save_journal(&journal)?;
    }
    caller.progress(Progress::OrderResumed);
    Ok(Some(OpenOrder { order, journal, key, is_resumed: true }))
}

/// Whether an error says something of the order, or of the way to it, and not of this machine.
fn is_about_the_order(error: &Error) -> bool {
    matches!(
        error,
        Error::TryLater { .. }
            | Error::NotFromServer { .. }
            | Error::Refused { .. }
            | Error::BadAnswer { .. }
    )
}

/// Whether an answer says that the server does not have the order any more. One whose certificate is issued is owed,
/// whatever the server says but this.
fn is_over(error: &Error, journal: &OrderJournal) -> bool {
    match error {
        Error::NotFromServer { status, .. } => is_gone(*status),
        Error::Refused { refusal, .. } => !journal.is_issued || refusal.status.is_some_and(is_gone),
        Error::BadAnswer { .. } => !journal.is_issued,
        _ => false,
    }
}

/// Whether the order has expired, as the server said when it was placed. Its own clock counts, which may
/// be right where the one here is not.
fn is_past(journal: &OrderJournal, session: &Session<'_>, budget: &Budget<'_>) -> bool {
    let now: OffsetDateTime = session.server.http.server_time().unwrap_or_else(|| budget.now());
    journal.expires.is_some_and(|expires| expires.0 <= now)
}

/// Whether a status says that nothing is at an address.
pub fn is_gone(status: u16) -> bool {
    [StatusCode::NOT_FOUND, StatusCode::GONE].iter().any(|gone| gone.as_u16() == status)
}

async fn place(
    plan: &Plan,
    store: &CertificateStore,
    caller: &dyn Caller,
    session: &Session<'_>,
    mut journal: OrderJournal,
) -> Result<OpenOrder, Error> {
    let before = store.journal()?;
    journal.silent_runs = before
        .as_ref()
        .filter(|before| before.is_same_order(&journal) && before.order.is_none())
        .map_or(0, |before| before.silent_runs);
    // A certificate that is issued may still be had with its key, until there is an order in its place.
    let is_kept = before.is_some_and(|before| before.is_issued);
    let key = match &plan.request {
        Some(request) => OrderKey::Given(request.clone()),
        None => OrderKey::Ours(next_key::for_order(plan, store)?),
    };
    let save = |journal: &OrderJournal| {
        // In this order an old journal is never next to a new key.
        store.forget_order()?;
        if let Some(key) = key.private() {
            store.save_order_key(key)?;
        }
        store.save_journal(journal)
    };
    if !is_kept {
        save(&journal)?;
    }
    let order = match ask(caller, session, &journal).await {
        Err(error) if journal.replaces.is_some() && is_against(&error) => {
            tracing::debug!(%error, "ordering again without naming the certificate that is replaced");
            journal.replaces = None;
            ask(caller, session, &journal).await?
        }
        Err(error @ Error::TryLater { .. }) => {
            // A server that breaks on `replaces` says no more than one that is down.
            if !is_kept && !session.server.http.is_rate_limited() {
                journal.silent_runs = journal.silent_runs.saturating_add(1);
                store.save_journal(&journal)?;
            }
            return Err(error);
        }
        order => order?,
    };
    // RFC 9773 section 5: the order says so where it was understood. If not, it counts like any other.
    journal.replaces = journal.replaces.filter(|_| order.object.replaces.is_some());
    journal.silent_runs = 0;
    if is_kept {
        save(&journal)?;
    }
    note_placed(store, &mut journal, &order)?;
    caller.progress(Progress::OrderPlaced { names: plan.names.len() });
    Ok(OpenOrder { order, journal, key, is_resumed: false })
}

/// Whether a refusal may be one of `replaces`. Servers have many words for that: somebody has replaced the certificate
/// already (RFC 9773 section 5), another account ordered it, its issuer is not known any more.
fn is_against(error: &Error) -> bool {
    !error.is_refusal("accountDoesNotExist")
        && matches!(error, Error::Refused { .. } | Error::BadAnswer { .. } | Error::NotFromServer { .. })
}

fn note_placed(store: &CertificateStore, journal: &mut OrderJournal, order: &Order) -> Result<(), Error> {
    journal.order = Some(order.url.clone());
    journal.expires = order.object.expires();
    journal.step = Step::Validate;
    Ok(store.save_journal(journal)?)
}

/// Asks for a new order. When only the answer is lost, the order is found again instead of placed twice.
async fn ask(caller: &dyn Caller, session: &Session<'_>, journal: &OrderJournal) -> Result<Order, Error> {
    let mut first_try = true;
    retry::call(caller, "placing the order", async || {
        let is_again = !std::mem::take(&mut first_try);
        if is_again && let Ok(Some(found)) = find(session, journal).await {
            return Ok(found);
        }
        session.server.http.forget_location();
        match Order::place(session, journal).await {
            // The server placed it and said where, and the rest of the answer broke off or does not fit.
            Err(error) if !matches!(error, CallError::Refused(_)) => match session.server.http.location() {
                Some(url) => Order::fetch(session, &url).await,
                None => Err(error),
            },
            result => result,
        }
    })
    .await
}

/// Looks for an order that was placed and never answered, in the account's list of orders (RFC 8555 section 7.1.2.1).
/// Not every server has one. An order that nobody has asked a certificate of is as good as a new one.
async fn find(session: &Session<'_>, journal: &OrderJournal) -> Result<Option<Order>, CallError> {
    let (http, signer) = (&session.server.http, &session.signer);
    #[derive(Deserialize)]
    struct Orders {
        orders: Vec<String>,
    }
    let account = &session.account;
    let mut page = account::fetch(session.server, signer, account).await?.orders;
    let mut urls = Vec::new();
    let mut base = account.clone();
    for _ in 0..MOST_PAGES {
        let Some(reference) = page.take() else { break };
        base = resolve(&base, &reference)?;
        let answer = signed::post(http, signer, &base, None).await?;
        let orders: Orders = json(&answer)?;
        for order in &orders.orders {
            urls.push(resolve(&base, order)?);
        }
        page = links(answer.headers().get_all(LINK), "next").into_iter().next();
    }
    // The lost one is among the last.
    for url in urls.into_iter().rev().take(MOST_ORDERS) {
        let order = Order::fetch(session, &url).await?;
        if order.object.fits(journal) {
            return Ok(Some(order));
        }
    }
    Ok(None)
}
