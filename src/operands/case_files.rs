//! The files that the lines of a batch name.

use super::ca_lookup::trust_local_ca;
use super::input::{InputError, read_certificates};
use super::revocation_list::read_revocation_list_file;
use crate::chain::{CaseFiles, CaseReason, ReadCertificates, TrustStore};
use crate::x509::Crl;

/// Reads the files of the machine that certkit runs on.
#[derive(Clone, Copy, Debug)]
pub struct LocalFiles;

impl CaseFiles for LocalFiles {
    fn default_trust(&self) -> TrustStore {
        let mut trust = TrustStore::system();
        trust_local_ca(&mut trust);
        trust
    }

    fn certificates(&self, file: &str) -> Result<ReadCertificates, String> {
        let read = read_certificates(file).map_err(|error| sentence(&error))?;
        let malformed = read.malformed.into_iter().map(|malformed| CaseReason::Malformed {
            error: malformed.error,
            location: Some(malformed.location),
        });
        let malformed = malformed.collect();
        Ok(ReadCertificates { certificates: read.certificates, malformed })
    }

    fn revocation_lists(&self, file: &str) -> Result<Vec<Crl>, String> {
        read_revocation_list_file(file).map_err(|error| error.to_string())
    }
}

/// The error with every detail, on one line.
fn sentence(error: &InputError) -> String {
    match error {
        InputError::Unreadable { errors, .. } => {
            let details: Vec<_> = errors.iter().map(ToString::to_string).collect();
            format!("{error}: {}", details.join("; "))
        }
        _ => error.to_string(),
    }
}
