//! The files that the lines of a batch name.

use super::ca_lookup::trust_local_ca;
use super::input::read_certificates;
use super::revocation_list::read_revocation_list_file;
use crate::chain::{CaseFiles, CaseReason, ReadCertificates, TrustStore};
use crate::finding::Finding;
use crate::report::Failure;
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
        let read = read_certificates(file).map_err(|failure| sentence(&failure))?;
        let malformed =
            read.malformed.into_iter().map(|finding| CaseReason::Found(Box::new(finding))).collect();
        Ok(ReadCertificates { certificates: read.certificates, malformed })
    }

    fn revocation_lists(&self, file: &str) -> Result<Vec<Crl>, String> {
        read_revocation_list_file(file).map_err(|error| error.to_string())
    }
}

/// A failure on one line.
fn sentence(failure: &Failure) -> String {
    let message = |finding: &Finding| match &finding.location {
        Some(location) => format!("{location}: {}", finding.message),
        None => finding.message.clone(),
    };
    failure.findings.iter().map(message).collect::<Vec<_>>().join("; ")
}
