//! The end of a certificate's life here: nobody renews it any more, and a copy stays. The server is not asked, and
//! nothing is revoked.

use std::path::PathBuf;

use time::OffsetDateTime;

use crate::acme::caller::{Caller, Progress};
use crate::acme::error::Error;
use crate::acme::life::current::CurrentCertificate;
use crate::acme::storage::{CertificateStore, Storage, absolute};
use crate::x509::Certificate;

/// A certificate that is to be deleted, or was.
#[derive(Debug)]
pub struct DeletedCertificate {
    /// The name that its files are under.
    pub name: String,
    /// Its names, as far as its record can be read.
    pub names: Vec<String>,
    /// The certificate in use, if there is one that can be read.
    pub leaf: Option<Certificate>,
    pub is_revoked: bool,
    /// The folder with its files: `STATE/live/NAME` before, the copy after.
    pub folder: PathBuf,
}

/// Looks whether there is something to delete under `name`.
///
/// # Errors
/// [`Error::NoCertificate`], [`Error::Storage`].
pub fn look_up(storage: &Storage, name: &str) -> Result<DeletedCertificate, Error> {
    let store = existing(storage, name)?;
    // A certificate whose files are damaged is deleted as well.
    let record = store.record().unwrap_or_default();
    let current = CurrentCertificate::load(&store).unwrap_or_default();
    let folder = store.live_files().fullchain.parent().map(absolute).unwrap_or_default();
    Ok(DeletedCertificate {
        name: store.name().to_owned(),
        is_revoked: record.as_ref().is_some_and(|record| record.revoked.is_some()),
        names: record.map(|record| record.names).unwrap_or_default(),
        leaf: current.and_then(|current| current.chain.into_iter().next()),
        folder,
    })
}

/// Moves all that is kept of a certificate aside. Blocks while another run works on it.
///
/// # Errors
/// [`Error::NoCertificate`], [`Error::Storage`].
pub fn delete(
    storage: &Storage,
    name: &str,
    caller: &dyn Caller,
    now: OffsetDateTime,
) -> Result<DeletedCertificate, Error> {
    storage.check_access()?;
    let store = existing(storage, name)?;
    let lock = store.lock(|| caller.progress(Progress::WaitingForLock))?;
    let deleted = look_up(storage, name)?;
    let copy = store.retire(&lock, now)?;
    Ok(DeletedCertificate { folder: absolute(&copy), ..deleted })
}

fn existing(storage: &Storage, name: &str) -> Result<CertificateStore, Error> {
    let store = storage.certificate(name);
    if store.exists()? { Ok(store) } else { Err(Error::NoCertificate { name: name.to_owned() }) }
}
