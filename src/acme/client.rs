//! The server's directory and our account there.

use bytes::Bytes;
use instant_acme::{Account, Key};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::Deserialize;

use super::error::Error;
use super::http::Http;
use super::retry;
use super::storage::{AccountRecord, AccountStore};
use super::{Caller, Plan, Progress};
use crate::x509::{KeyKind, PrivateKey};

/// A server that has shown its directory.
pub(super) struct Server {
    /// The directory's address.
    pub url: String,
    /// The way to it.
    pub http: Http,
    terms: Option<String>,
}

/// What is read of a directory (RFC 8555 section 7.1.1); instant-acme reads the rest.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Directory {
    new_nonce: String,
    #[serde(rename = "newAccount")]
    _new_account: String,
    #[serde(rename = "newOrder")]
    _new_order: String,
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    terms_of_service: Option<String>,
}

impl Server {
    /// Fetches the directory.
    ///
    /// # Errors
    /// [`Error::NotAcme`] when something else answers, and what every call to a server can end with.
    pub(super) async fn connect(plan: &Plan, caller: &dyn Caller) -> Result<Self, Error> {
        caller.progress(Progress::Connecting { server: &plan.server });
        let http = Http::new(plan.ca_roots.as_deref())?;
        let url = plan.server.clone();
        let not_acme = |reason: String| Error::NotAcme { url: url.clone(), reason };
        let body: Bytes =
            match retry::call(caller, "fetching the directory", async || http.directory(&url).await).await {
                Err(Error::BadAnswer { reason, .. }) => return Err(not_acme(reason)),
                Err(Error::Refused { refusal, .. }) => return Err(not_acme(refusal.to_string())),
                result => result?,
            };
        let directory: Directory = match serde_json::from_slice(&body) {
            Ok(directory) => directory,
            Err(error) => return Err(not_acme(error.to_string())),
        };
        http.keep_directory(&url, body, &directory.new_nonce);
        Ok(Self { url, http, terms: directory.meta.terms_of_service })
    }

    /// Our account at this server: the one in `store`, or a new one whose key is stored before it is asked for.
    ///
    /// # Errors
    /// [`Error::TermsNotAgreed`], and what every call to a server can end with.
    pub(super) async fn account(
        &self,
        plan: &Plan,
        store: &AccountStore,
        caller: &dyn Caller,
    ) -> Result<Account, Error> {
        let _lock = store.lock(|| caller.progress(Progress::WaitingForLock))?;
        let (mut record, key) = match (store.load()?, store.key()?) {
            (Some(record), Some(key)) => (record, key),
            _ => self.new_record(store, caller)?,
        };
        let account = match &record.url {
            Some(url) => self.known(url, &key, caller).await?,
            // Also after a run that was killed here: for the same key the server gives the same account
            // (RFC 8555 section 7.3.1).
            None => self.register(&key, caller).await?,
        };
        if record.url.is_none() {
            record.url = Some(account.id().to_owned());
            store.save(&record)?;
        }
        if plan.email.is_some() && plan.email != record.email {
            let contacts: Vec<_> = plan.email.iter().map(|email| format!("mailto:{email}")).collect();
            let contacts: Vec<_> = contacts.iter().map(String::as_str).collect();
            retry::call(caller, "setting the mail address", async || {
                account.update_contacts(&contacts).await
            })
            .await?;
            record.email.clone_from(&plan.email);
            store.save(&record)?;
        }
        Ok(account)
    }

    /// The account again, after the server said that it does not know it: test servers forget, and the same key
    /// makes a new one without a new question.
    pub(super) async fn account_again(
        &self,
        store: &AccountStore,
        caller: &dyn Caller,
    ) -> Result<Account, Error> {
        let _lock = store.lock(|| caller.progress(Progress::WaitingForLock))?;
        let (mut record, key) = match (store.load()?, store.key()?) {
            (Some(record), Some(key)) => (record, key),
            _ => self.new_record(store, caller)?,
        };
        let account = self.register(&key, caller).await?;
        record.url = Some(account.id().to_owned());
        record.email = None;
        store.save(&record)?;
        Ok(account)
    }

    /// Asks for consent, makes a key, and stores both.
    fn new_record(
        &self,
        store: &AccountStore,
        caller: &dyn Caller,
    ) -> Result<(AccountRecord, PrivateKey), Error> {
        if let Some(url) = &self.terms
            && !caller.agrees_to(url)
        {
            return Err(Error::TermsNotAgreed { url: url.clone() });
        }
        // ES256 is what RFC 8555 section 6.2 obliges every server to take.
        let key = PrivateKey::generate(KeyKind::EcdsaP256).map_err(|error| Error::Key(error.to_string()))?;
        store.save_key(&key)?;
        let record = AccountRecord::new(&self.url, self.terms.clone());
        store.save(&record)?;
        caller.progress(Progress::AccountKeySaved);
        Ok((record, key))
    }

    async fn known(&self, url: &str, key: &PrivateKey, caller: &dyn Caller) -> Result<Account, Error> {
        retry::call(caller, "opening the account", async || {
            Account::builder_with_http(Box::new(self.http.clone()))
                .from_parts(url.to_owned(), pkcs8(key)?, self.url.clone())
                .await
        })
        .await
    }

    async fn register(&self, key: &PrivateKey, caller: &dyn Caller) -> Result<Account, Error> {
        let (account, _) = retry::call(caller, "asking for an account", async || {
            let pair = Key::from_pkcs8_der(pkcs8(key)?)?;
            Account::builder_with_http(Box::new(self.http.clone()))
                .create_from_key((pair, key.to_rustls()), self.url.clone())
                .await
        })
        .await?;
        caller.progress(Progress::AccountReady);
        Ok(account)
    }
}

/// The account's key as instant-acme takes it. It was made as PKCS#8; a key put there by hand may not be.
fn pkcs8(key: &PrivateKey) -> Result<PrivatePkcs8KeyDer<'static>, instant_acme::Error> {
    match key.to_rustls() {
        PrivateKeyDer::Pkcs8(der) => Ok(der),
        _ => Err(instant_acme::Error::KeyRejected),
    }
}
