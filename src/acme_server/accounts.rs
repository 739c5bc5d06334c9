//! Accounts (RFC 8555 section 7.3): made, found by their key, changed, deactivated; their new keys.

use serde::Deserialize;
use serde_json::{Value, json};

use super::authentication::Authenticated;
use super::call::Call;
use super::core::Core;
use super::jwk::Jwk;
use super::jws::{FlattenedJws, NamedKey, SignedRequest};
use super::problem::{Problem, ProblemType, excerpt};
use super::rate_limits::Counted;
use super::records::{Account, Record};
use super::reply::Reply;
use super::step::Step;

type Result<T = Step> = std::result::Result<T, Problem>;

const MOST_CONTACTS: usize = 10;
/// RFC 5321 section 4.5.3.1.3, and `mailto:`.
const LONGEST_CONTACT: usize = 261;

/// Of the keys that an account had before. draft-ietf-acme-dns-persist-02 section 4.2 wants them all, and an account could
/// change its key without end.
const MOST_PAST_KEYS: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewAccount {
    #[serde(default)]
    contact: Vec<String>,
    #[serde(default)]
    only_return_existing: bool,
    external_account_binding: Option<FlattenedJws>,
}

#[derive(Deserialize)]
struct AccountUpdate {
    contact: Option<Vec<String>>,
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyChange {
    account: String,
    old_key: Jwk,
}

impl Core {
    /// RFC 8555 section 7.3.
    pub(super) fn new_account(&mut self, signed: &Authenticated, call: &Call<'_>) -> Result {
        let asked: NewAccount = signed.request.payload()?;
        if let Some(known) = self.account_by_key.get(&signed.key.thumbprint()) {
            let known = self.accounts.get(known).ok_or_else(Problem::not_found)?;
            if known.account.deactivated {
                return Err(Problem::unauthorized("the account is deactivated").with_status(401));
            }
            self.require_external_account(&known.account)?;
            return Ok(reply(200, &known.account, &signed.base).into());
        }
        if asked.only_return_existing {
            return Err(Problem::new(ProblemType::AccountDoesNotExist, "no account has this key"));
        }
        let contact = contacts(asked.contact)?;
        let external = self.external_account(asked.external_account_binding, signed)?;
        let counted = Counted::accounts_from(call.client);
        self.limits.require(&counted, signed.now.unix_timestamp())?;
        self.make_room_for_account()?;
        self.limits.count(counted);
        let id = self.new_id();
        let key = signed.key.clone();
        let account = Account { id, key, deactivated: false, contact, external, past_keys: Vec::new() };
        self.put_account(account.clone());
        let reply = reply(201, &account, &signed.base);
        Ok(Step::from(reply).keeping_durably(Record::Account(Box::new(account))))
    }

    /// RFC 8555 section 7.3.4: the name of the external account, proved by its MAC key.
    fn external_account(
        &self,
        binding: Option<FlattenedJws>,
        signed: &Authenticated,
    ) -> Result<Option<String>> {
        // Without external accounts a binding proves nothing, and nothing follows from it.
        let Some(known) = &self.config.external_accounts else { return Ok(None) };
        let Some(binding) = binding else {
            let detail =
                "an account must be bound to an external one (--eab-file): ask for a key id and its MAC key";
            return Err(Problem::new(ProblemType::ExternalAccountRequired, detail));
        };
        let binding = SignedRequest::open(binding)?;
        let NamedKey::Kid(kid) = &binding.key else {
            return Err(Problem::malformed("an external account binding names its key by `kid`"));
        };
        let unknown = || Problem::unauthorized("there is no external account of this name");
        binding.verify_mac(known.get(kid).ok_or_else(unknown)?)?;
        if binding.nonce.is_some() || binding.url != signed.request.url {
            return Err(Problem::malformed("an external account binding has the same `url` and no nonce"));
        }
        let bound: Jwk = binding.payload()?;
        if bound.thumbprint() != signed.key.thumbprint() {
            return Err(Problem::malformed("the external account binding is for another key"));
        }
        Ok(Some(kid.clone()))
    }

    /// Refuses an account that was made before external ones were required, or whose external account is gone.
    ///
    /// # Errors
    /// `externalAccountRequired`, `unauthorized`.
    pub(super) fn require_external_account(&self, account: &Account) -> Result<()> {
        let Some(known) = &self.config.external_accounts else { return Ok(()) };
        match &account.external {
            Some(external) if known.contains_key(external) => Ok(()),
            Some(_) => {
                Err(Problem::unauthorized("its external account is not in the file (--eab-file) any more"))
            }
            None => {
                let detail = "the account is not bound to an external one (--eab-file): make a new account";
                Err(Problem::new(ProblemType::ExternalAccountRequired, detail))
            }
        }
    }

    /// RFC 8555 section 7.3.2 and 7.3.6.
    pub(super) fn account(&mut self, signed: &Authenticated, id: &str) -> Result {
        let mut account = self.own_account(signed, id)?;
        if signed.request.payload.is_empty() {
            return Ok(reply(200, &account, &signed.base).into());
        }
        let update: AccountUpdate = signed.request.payload()?;
        match update.status.as_deref() {
            None | Some("valid") => {}
            Some("deactivated") => account.deactivated = true,
            Some(_) => return Err(Problem::malformed("an account can only be `deactivated`")),
        }
        if let Some(contact) = update.contact {
            account.contact = contacts(contact)?;
        }
        self.put_account(account.clone());
        let reply = reply(200, &account, &signed.base);
        Ok(Step::from(reply).keeping_durably(Record::Account(Box::new(account))))
    }

    /// RFC 8555 section 7.1.2.1.
    pub(super) fn orders_of_account(&self, signed: &Authenticated, id: &str) -> Result {
        self.own_account(signed, id)?;
        signed.request.require_no_payload()?;
        let ids = self.accounts.get(id).into_iter().flat_map(|known| &known.orders).take(1000);
        let urls: Vec<_> = ids.map(|order| format!("{}/acme/order/{order}", signed.base)).collect();
        Ok(Reply::json(200, &json!({"orders": urls})).into())
    }

    /// RFC 8555 section 7.3.5.
    pub(super) fn key_change(&mut self, signed: &Authenticated) -> Result {
        let inner = SignedRequest::read(&signed.request.payload)?;
        let NamedKey::Jwk(key) = &inner.key else {
            return Err(Problem::malformed("the inner JWS carries the new key as `jwk`"));
        };
        inner.verify(key)?;
        if inner.url != signed.request.url || inner.nonce.is_some() {
            return Err(Problem::malformed("the inner JWS has the same `url` and no nonce"));
        }
        let change: KeyChange = inner.payload()?;
        let id = signed.account()?;
        let is_own = matches!(&signed.request.key, NamedKey::Kid(kid) if *kid == change.account);
        if !is_own || change.old_key.thumbprint() != signed.key.thumbprint() {
            return Err(Problem::malformed("the inner JWS is about another account or another key"));
        }
        if let Some(other) = self.account_by_key.get(&key.thumbprint()) {
            let url = format!("{}/acme/account/{other}", signed.base);
            let problem = Problem::malformed("an account has this key already").with_status(409);
            return Ok(Reply::from(&problem).with("location", url).into());
        }
        let mut account = self.own_account(signed, id)?;
        account.past_keys.push(account.key.thumbprint());
        let too_many = account.past_keys.len().saturating_sub(MOST_PAST_KEYS);
        account.past_keys.drain(..too_many);
        account.key = key.clone();
        self.put_account(account.clone());
        let reply = reply(200, &account, &signed.base);
        Ok(Step::from(reply).keeping_durably(Record::Account(Box::new(account))))
    }

    /// The account that has signed, if the URL is its own.
    fn own_account(&self, signed: &Authenticated, id: &str) -> Result<Account> {
        if signed.account()? != id {
            return Err(Problem::unauthorized("this is another account"));
        }
        let known = self.accounts.get(id).ok_or_else(Problem::not_found)?;
        Ok(known.account.clone())
    }
}

fn reply(status: u16, account: &Account, base: &str) -> Reply {
    let url = format!("{base}/acme/account/{}", account.id);
    let mut json: Value = json!({
        "status": if account.deactivated { "deactivated" } else { "valid" },
        "contact": account.contact,
        "orders": format!("{url}/orders"),
    });
    if let Some(external) = &account.external {
        json["externalAccountBinding"] = json!({"kid": external});
    }
    Reply::json(status, &json).with("location", url)
}

/// RFC 8555 section 7.3: `mailto` alone must be understood, with one address and no header fields.
fn contacts(contacts: Vec<String>) -> Result<Vec<String>> {
    if contacts.len() > MOST_CONTACTS {
        let detail = format!("at most {MOST_CONTACTS} contacts are kept");
        return Err(Problem::new(ProblemType::InvalidContact, detail));
    }
    for contact in &contacts {
        let Some(address) = contact.strip_prefix("mailto:") else {
            let detail = format!("`{}`: contacts are mail addresses, `mailto:NAME`", excerpt(contact));
            return Err(Problem::new(ProblemType::UnsupportedContact, detail));
        };
        let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic() && !b",?%<>\"\\".contains(&byte));
        let is_address = address
            .split_once('@')
            .is_some_and(|(box_name, host)| !box_name.is_empty() && !host.is_empty() && !host.contains('@'));
        if !is_plain || !is_address || contact.len() > LONGEST_CONTACT {
            let detail = format!("`{}` is not a mail address", excerpt(contact));
            return Err(Problem::new(ProblemType::InvalidContact, detail));
        }
    }
    Ok(contacts)
}
