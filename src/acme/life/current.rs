//! The certificate in use.

use time::OffsetDateTime;

use crate::acme::error::Error;
use crate::acme::life::due::{Due, due};
use crate::acme::order::next_key;
use crate::acme::plan::Plan;
use crate::acme::storage::pem_files;
use crate::acme::storage::{CertificateStore, LiveFiles, RenewRecord};
use crate::x509::Certificate;

/// The certificate in use.
#[derive(Debug)]
pub struct CurrentCertificate {
    /// Where its files are.
    pub files: LiveFiles,
    pub chain: Vec<Certificate>,
    /// When it should be renewed.
    pub due: Due,
}

impl CurrentCertificate {
    /// When it ends.
    pub fn end(&self) -> Option<OffsetDateTime> {
        self.chain.first().map(|leaf| leaf.not_after)
    }

    /// The certificate in use in `store`, whatever is wanted there; `None` when there is none, or none that can be read.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn load(store: &CertificateStore) -> Result<Option<Self>, Error> {
        let (Some(record), Some(text)) = (store.renew_record()?, store.live_chain()?) else {
            return Ok(None);
        };
        let chain = pem_files::parse_chain(&text).unwrap_or_default();
        let Some(due) = chain.first().map(|leaf| due(leaf, &record)) else { return Ok(None) };
        Ok(Some(Self { files: store.live_files(), chain, due }))
    }
}

/// Whether the certificate in use fits the plan.
pub enum CurrentState {
    Fine(Box<InUse>),
    Missing,
    Unfit(&'static str),
}

impl CurrentState {
    /// Whether a run must not continue the order on its way: its key is the one in use, and that certificate will do, or
    /// the next one is to have another key.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn has_useless_order(&self, plan: &Plan, store: &CertificateStore) -> Result<bool, Error> {
        match (self, store.order_key()?) {
            (Self::Fine(current), _) => has_left_order(store, &current.record),
            (_, Some(key)) => next_key::is_used_up(plan, store, &key),
            (_, None) => Ok(false),
        }
    }
}

/// A certificate in use that is the wanted one.
pub struct InUse {
    pub current: CurrentCertificate,
    pub record: RenewRecord,
}

impl InUse {
    /// Whether there is nothing to be written or run.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn is_settled(&self, plan: &Plan, store: &CertificateStore) -> Result<bool, Error> {
        let is_said = !self.record.hook_is_pending() && !self.record.clone().take_settings(plan);
        let is_left = has_left_order(store, &self.record)?;
        Ok(is_said && !is_left && !next_key::is_missing(plan, store)?)
    }
}

/// What there is, and whether it will do at `now`.
///
/// # Errors
/// [`Error::Storage`].
pub fn current_state(
    plan: &Plan,
    store: &CertificateStore,
    now: OffsetDateTime,
) -> Result<CurrentState, Error> {
    let (Some(record), Some(text)) = (store.renew_record()?, store.live_chain()?) else {
        return Ok(CurrentState::Missing);
    };
    let chain = pem_files::parse_chain(&text).unwrap_or_default();
    let Some(due) = chain.first().map(|leaf| due(leaf, &record)) else {
        return Ok(CurrentState::Unfit("the current one cannot be read"));
    };
    Ok(if let Some(why) = record.difference(plan) {
        CurrentState::Unfit(why)
    } else if plan.force {
        CurrentState::Unfit("--force was given")
    } else if now >= due.at {
        CurrentState::Unfit("the current one is due for renewal")
    } else {
        let current = CurrentCertificate { files: store.live_files(), chain, due };
        CurrentState::Fine(Box::new(InUse { current, record }))
    })
}

/// Whether the order on its way is the one that the certificate in use came from: a run was killed before it forgot it.
///
/// # Errors
/// [`Error::Storage`].
fn has_left_order(store: &CertificateStore, record: &RenewRecord) -> Result<bool, Error> {
    let Some(journal) = store.journal()? else { return Ok(false) };
    match &record.request {
        // Every order is for the same key.
        Some(request) => Ok(journal.request.is_some_and(|hash| hash == request.hash())),
        None => Ok(store.order_key()?.is_some_and(|key| next_key::is_in_use(store, &key))),
    }
}

/// Whether a chain is the one in use.
///
/// # Errors
/// [`Error::Storage`].
pub fn is_in_use(store: &CertificateStore, chain: &[Certificate]) -> Result<bool, Error> {
    let current = CurrentCertificate::load(store)?;
    let in_use = current.as_ref().and_then(|current| current.chain.first());
    Ok(in_use.zip(chain.first()).is_some_and(|(in_use, leaf)| in_use.der == leaf.der))
}
