//! Our account at a server: made, opened, changed, given another key, closed (RFC 8555 section 7.3).
//!
//! Every key is on disk before the server learns of it. The run after a killed one repairs that: for the
//! same key the server gives the same account, and it is asked about a new key that was on its way.

use http::StatusCode;
use instant_acme::NewAccount;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::acme::caller::{Caller, Progress};
use crate::acme::client::connections::Connections;
use crate::acme::client::http::{json as parse, location};
use crate::acme::client::retry;
use crate::acme::client::server::Server;
use crate::acme::client::signed::{self, Signer};
use crate::acme::error::Error;
use crate::acme::plan::{ExternalAccount, Plan};
use crate::acme::reply::call_error::CallError;
use crate::acme::storage::{AccountRecord, AccountStore, Storage};
use crate::x509::{KeyKind, PrivateKey};

/// An account that is open for orders.
pub struct Session<'a> {
    pub server: &'a Server,
    /// The account's address.
    pub account: String,
    pub signer: Signer,
}

/// What the server and the state directory say about an account.
#[derive(Debug)]
pub struct AccountView {
    pub server: String,
    pub url: String,
    /// `valid`, `deactivated` or `revoked` (RFC 8555 section 7.1.6), as the server says.
    pub status: String,
    /// Where the server may write to, such as `mailto:me@example.org`.
    pub contacts: Vec<String>,
    /// The terms of service that were agreed to.
    pub terms_agreed: Option<String>,
    /// The file of its key.
    pub key: std::path::PathBuf,
}

/// Opens the account in `store`, or makes one whose key is stored before it is asked for.
///
/// # Errors
/// [`Error::TermsNotAgreed`], [`Error::ExternalAccountNeeded`], [`Error::AccountClosed`], and what every call to a server can end with.
pub async fn open<'a>(
    server: &'a Server,
    plan: &Plan,
    store: &AccountStore,
    caller: &dyn Caller,
) -> Result<Session<'a>, Error> {
    let _lock = store.lock(|| caller.progress(Progress::WaitingForLock))?;
    settle_key_change(server, store, caller).await?;
    let known = store.load()?.filter(|record| !record.deactivated).zip(store.key()?);
    let (mut record, key) = match known {
        Some(known) => known,
        None => new_record(server, plan, store, caller)?,
    };
    let before = record.clone();
    let url = match &record.url {
        Some(url) => url.clone(),
        // Also after a run that was killed here: for the same key the server gives the same account
        // (RFC 8555 section 7.3.1).
        None => register(server, &key, &mut record, plan, caller).await?,
    };
    record.ca_roots = plan.roots().map(crate::acme::storage::absolute);
    if record != before {
        store.save(&record)?;
    }
    let session = Session { server, signer: Signer::of_account(&key, &url)?, account: url };
    if plan.email.is_some() && plan.email != record.email {
        if let Err(error) = set_contacts(&session, plan.email.as_deref(), caller).await {
            return Err(closed_or(error, &session).await);
        }
        record.email.clone_from(&plan.email);
        store.save(&record)?;
    }
    Ok(session)
}

/// Makes the account at another server of `plan` than the one that it names, unless there is one.
///
/// # Errors
/// [`Error::TermsNotAgreed`], [`Error::ExternalAccountNeeded`], and what every call to a server can end with.
pub async fn open_account(
    plan: &Plan,
    server: &str,
    storage: &Storage,
    connections: &Connections,
    caller: &dyn Caller,
) -> Result<(), Error> {
    let store = storage.account(server);
    if store.load()?.is_some_and(|record| record.url.is_some() && !record.deactivated) {
        return Ok(());
    }
    let plan = Plan { server: server.to_owned(), ..plan.clone() };
    let server = connections.server(&plan.server, plan.roots(), caller).await?;
    open(&server, &plan, &store, caller).await.map(drop)
}

/// The account again, after the server said that it does not know it: test servers forget, and the same key makes a
/// new one without a new question.
pub async fn open_again<'a>(
    server: &'a Server,
    plan: &Plan,
    store: &AccountStore,
    caller: &dyn Caller,
) -> Result<Session<'a>, Error> {
    {
        let _lock = store.lock(|| caller.progress(Progress::WaitingForLock))?;
        if let Some(mut record) = store.load()? {
            record.url = None;
            record.email = None;
            store.save(&record)?;
        }
    }
    open(server, plan, store, caller).await
}

/// A new account with a new key in the place of the one at `closed`, which the server has closed. The old key stays
/// beside the new one. Where another run has done it already, its account is opened.
///
/// # Errors
/// As [`open`].
pub async fn replace<'a>(
    closed: &str,
    server: &'a Server,
    plan: &Plan,
    store: &AccountStore,
    caller: &dyn Caller,
) -> Result<Session<'a>, Error> {
    {
        let _lock = store.lock(|| caller.progress(Progress::WaitingForLock))?;
        if let Some(mut record) = store.load()?.filter(|record| record.url.as_deref() == Some(closed)) {
            record.deactivated = true;
            store.save(&record)?;
            store.retire_key()?;
        }
    }
    open(server, plan, store, caller).await
}

/// [`Error::AccountClosed`] if that is why the server refused, else the refusal.
pub async fn closed_or(error: Error, session: &Session<'_>) -> Error {
    // RFC 8555 section 7.3.6: requests by the key of a closed account are refused as `unauthorized`, as are others.
    match error {
        Error::Refused { refusal, .. } if refusal.kind == "unauthorized" && is_closed(session).await => {
            Error::AccountClosed { url: session.account.clone(), refusal }
        }
        error => error,
    }
}

/// Whether the server says that the account is closed, or does not even let it ask.
async fn is_closed(session: &Session<'_>) -> bool {
    match fetch(session.server, &session.signer, &session.account).await {
        Ok(account) => account.status != "valid",
        Err(error) => error.is_refusal("unauthorized"),
    }
}

/// What the server says of the account.
///
/// # Errors
/// [`Error::NoAccount`], [`Error::SeveralAccounts`], and what every call to a server can end with.
pub async fn show(
    storage: &Storage,
    server: Option<&str>,
    caller: &dyn Caller,
) -> Result<AccountView, Error> {
    let chosen = Chosen::open(storage, server, caller).await?;
    let object = ask(&chosen.server, &chosen.signer, &chosen.url, caller).await?;
    Ok(chosen.view(object))
}

/// Asks the server for an account.
///
/// # Errors
/// [`Error::AccountClosed`], and what every call to a server can end with.
pub async fn ask(
    server: &Server,
    signer: &Signer,
    url: &str,
    caller: &dyn Caller,
) -> Result<AccountObject, Error> {
    match retry::call(caller, "asking for the account", async || fetch(server, signer, url).await).await {
        Err(Error::Refused { refusal, .. }) if refusal.kind == "unauthorized" => {
            Err(Error::AccountClosed { url: url.to_owned(), refusal })
        }
        answer => answer,
    }
}

/// What the server knows of an account.
#[derive(Deserialize)]
pub struct AccountObject {
    pub status: String,
    #[serde(default)]
    contact: Vec<String>,
    /// Where its orders are listed, at servers that do so.
    pub orders: Option<String>,
}

/// Asks what the server knows of the account at `url`.
pub async fn fetch(server: &Server, signer: &Signer, url: &str) -> Result<AccountObject, CallError> {
    let answer = match signed::post(&server.http, signer, url, None).await {
        // RFC 8555 section 7.3.2 says to send an update of nothing; newer servers refuse that and want POST-as-GET, which
        // older ones refuse.
        Err(error) if error.is_refusal("malformed") => {
            signed::post(&server.http, signer, url, Some(&json!({}))).await?
        }
        answer => answer?,
    };
    parse(&answer)
}

/// Tells the server another mail address, or none.
///
/// # Errors
/// As [`show`].
pub async fn update(
    storage: &Storage,
    server: Option<&str>,
    email: Option<&str>,
    caller: &dyn Caller,
) -> Result<AccountView, Error> {
    let mut chosen = Chosen::open(storage, server, caller).await?;
    let view = chosen.update("setting the mail address", &contacts(email), caller).await?;
    chosen.record.email = email.map(str::to_owned);
    chosen.store.save(&chosen.record)?;
    Ok(view)
}

/// Gives the account another key (RFC 8555 section 7.3.5).
///
/// # Errors
/// As [`show`].
pub async fn roll_over(
    storage: &Storage,
    server: Option<&str>,
    caller: &dyn Caller,
) -> Result<AccountView, Error> {
    let doing = "changing the account's key";
    let chosen = Chosen::open(storage, server, caller).await?;
    let Some(url) = &chosen.server.directory.key_change else {
        return Err(Error::NotOffered { what: "a change of the account's key", server: chosen.server.url });
    };
    let key = PrivateKey::generate(KeyKind::EcdsaP256).map_err(|error| Error::Key(error.to_string()))?;
    chosen.store.save_next_key(&key)?;
    let new = Signer::bare(&key)?;
    let old = Signer::bare(&chosen.key)?;
    let request = json!({"account": chosen.url, "oldKey": old.jwk()});
    let result = retry::call(caller, doing, async || {
        let inner = new.sign(url, None, Some(&request))?;
        signed::post(&chosen.server.http, &chosen.signer, url, Some(&inner)).await
    })
    .await;
    // When only the answer was lost, the old key is refused from then on; so the new one is asked for in any case.
    let is_changed = settle_key_change(&chosen.server, &chosen.store, caller).await?;
    if !is_changed {
        result?;
        return Err(Error::BadAnswer {
            doing,
            reason: "the server accepted the new key and does not know it".into(),
        });
    }
    drop(chosen);
    show(storage, server, caller).await
}

/// Closes the account for good (RFC 8555 section 7.3.6); the next order makes another.
///
/// # Errors
/// As [`show`].
pub async fn deactivate(
    storage: &Storage,
    server: Option<&str>,
    caller: &dyn Caller,
) -> Result<AccountView, Error> {
    let mut chosen = Chosen::open(storage, server, caller).await?;
    let request = json!({"status": "deactivated"});
    let mut first_try = true;
    let answer = retry::call(caller, "closing the account", async || {
        let is_again = !std::mem::take(&mut first_try);
        match signed::post(&chosen.server.http, &chosen.signer, &chosen.url, Some(&request)).await {
            // Only the answer to the first try was lost: a closed account may not do anything any more.
            Err(error) if is_again && error.is_refusal("unauthorized") => {
                Ok(AccountObject { status: "deactivated".to_owned(), contact: Vec::new(), orders: None })
            }
            answer => parse(&answer?),
        }
    })
    .await?;
    chosen.record.deactivated = true;
    chosen.store.save(&chosen.record)?;
    Ok(chosen.view(answer))
}

/// The account that a command is about, its server reached.
struct Chosen {
    server: Server,
    store: AccountStore,
    record: AccountRecord,
    key: PrivateKey,
    url: String,
    signer: Signer,
    _lock: crate::acme::storage::Lock,
}

impl Chosen {
    async fn open(storage: &Storage, server: Option<&str>, caller: &dyn Caller) -> Result<Self, Error> {
        let (store, record) = choose(storage, server)?;
        let server = Server::connect(&record.server, record.ca_roots.as_deref(), caller).await?;
        let _lock = store.lock(|| caller.progress(Progress::WaitingForLock))?;
        settle_key_change(&server, &store, caller).await?;
        let no_account = || Error::NoAccount { server: Some(record.server.clone()) };
        let record = store.load()?.ok_or_else(no_account)?;
        let key = store.key()?.ok_or_else(no_account)?;
        let url = record.url.clone().ok_or_else(no_account)?;
        let signer = Signer::of_account(&key, &url)?;
        Ok(Self { server, store, record, key, url, signer, _lock })
    }

    async fn update(
        &self,
        doing: &'static str,
        payload: &Value,
        caller: &dyn Caller,
    ) -> Result<AccountView, Error> {
        let answer = retry::call(caller, doing, async || {
            let answer = signed::post(&self.server.http, &self.signer, &self.url, Some(payload)).await?;
            parse(&answer)
        })
        .await?;
        Ok(self.view(answer))
    }

    fn view(&self, answer: AccountObject) -> AccountView {
        AccountView {
            server: self.server.url.clone(),
            url: self.url.clone(),
            status: answer.status,
            contacts: answer.contact,
            terms_agreed: self.record.terms_agreed.clone(),
            key: self.store.key_path(),
        }
    }
}

/// The account at `server`, or the only one there is.
fn choose(storage: &Storage, server: Option<&str>) -> Result<(AccountStore, AccountRecord), Error> {
    let mut accounts = Vec::new();
    for store in storage.accounts()? {
        let record = store.load()?.filter(|record| record.url.is_some() && !record.deactivated);
        accounts.extend(record.map(|record| (store, record)));
    }
    if let Some(server) = server {
        accounts.retain(|(_, record)| record.server == server);
    }
    match accounts.len() {
        0 => Err(Error::NoAccount { server: server.map(str::to_owned) }),
        1 => Ok(accounts.remove(0)),
        _ => Err(Error::SeveralAccounts(accounts.into_iter().map(|(_, record)| record.server).collect())),
    }
}

/// Asks for consent, makes a key, and stores both.
fn new_record(
    server: &Server,
    plan: &Plan,
    store: &AccountStore,
    caller: &dyn Caller,
) -> Result<(AccountRecord, PrivateKey), Error> {
    let meta = &server.directory.meta;
    if meta.external_account_required && plan.external_account.is_none() {
        return Err(Error::ExternalAccountNeeded { server: server.url.clone() });
    }
    // A yes to the same terms is kept from an account that was here before.
    let agreed = store.load()?.and_then(|record| record.terms_agreed);
    if let Some(url) = &meta.terms_of_service
        && agreed.as_ref() != Some(url)
        && !caller.agrees_to(url)
    {
        return Err(Error::TermsNotAgreed { url: url.clone() });
    }
    // ES256 is what RFC 8555 section 6.2 obliges every server to take.
    let key = PrivateKey::generate(KeyKind::EcdsaP256).map_err(|error| Error::Key(error.to_string()))?;
    // In this order an old record is never next to a new key.
    store.forget()?;
    store.save_key(&key)?;
    let record = AccountRecord::new(&server.url, meta.terms_of_service.clone());
    store.save(&record)?;
    caller.progress(Progress::AccountKeySaved);
    Ok((record, key))
}

/// Asks for an account for `key`, new or known, and notes it in `record`.
async fn register(
    server: &Server,
    key: &PrivateKey,
    record: &mut AccountRecord,
    plan: &Plan,
    caller: &dyn Caller,
) -> Result<String, Error> {
    let signer = Signer::bare(key)?;
    let url = &server.directory.new_account;
    let (address, is_new) = retry::call(caller, "asking for an account", async || {
        let contact = plan.email.as_deref().map(contact);
        let mut request = new_account(contact.as_deref(), false)?;
        // Of several servers only some want one.
        let is_wanted = plan.servers.is_empty() || server.directory.meta.external_account_required;
        if let Some(ExternalAccount { kid, secret }) = plan.external_account.as_ref().filter(|_| is_wanted) {
            request["externalAccountBinding"] = signed::external_binding(kid, secret, signer.jwk(), url)?;
        }
        let response = signed::post(&server.http, &signer, url, Some(&request)).await?;
        Ok((location(url, response.headers())?, response.status() == StatusCode::CREATED))
    })
    .await?;
    record.url = Some(address.clone());
    // A known account keeps the address that it had (RFC 8555 section 7.3.1).
    record.email = plan.email.clone().filter(|_| is_new);
    caller.progress(Progress::AccountReady);
    Ok(address)
}

/// Puts a key that is on its way in place if the server has it, and forgets it if not. Says whether it has.
async fn settle_key_change(
    server: &Server,
    store: &AccountStore,
    caller: &dyn Caller,
) -> Result<bool, Error> {
    let (Some(key), Some(record)) = (store.next_key()?, store.load()?) else { return Ok(false) };
    let signer = Signer::bare(&key)?;
    let url = &server.directory.new_account;
    let found = retry::call(caller, "asking for the account's new key", async || {
        let request = new_account(None, true)?;
        location(url, signed::post(&server.http, &signer, url, Some(&request)).await?.headers())
    })
    .await;
    match found {
        Ok(address) if Some(&address) == record.url.as_ref() => {
            store.promote_next_key()?;
            Ok(true)
        }
        Ok(_) | Err(Error::Refused { .. }) => {
            store.forget_next_key()?;
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

async fn set_contacts(session: &Session<'_>, email: Option<&str>, caller: &dyn Caller) -> Result<(), Error> {
    let request = contacts(email);
    let Session { server, account, signer } = session;
    retry::call(caller, "setting the mail address", async || {
        signed::post(&server.http, signer, account, Some(&request)).await.map(drop)
    })
    .await
}

fn contacts(email: Option<&str>) -> Value {
    let contacts: Vec<_> = email.map(contact).into_iter().collect();
    json!({"contact": contacts})
}

fn contact(email: &str) -> String {
    format!("mailto:{email}")
}

/// A request for an account; the terms were agreed to before.
fn new_account(contact: Option<&str>, only_return_existing: bool) -> Result<Value, CallError> {
    let contact = contact.as_slice();
    Ok(serde_json::to_value(NewAccount { contact, terms_of_service_agreed: true, only_return_existing })?)
}
