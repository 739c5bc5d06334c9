//! The certificate in use.

use super::due::{Due, due};
use super::error::Error;
use super::pem_files;
use super::storage::{CertificateStore, LiveFiles};
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
