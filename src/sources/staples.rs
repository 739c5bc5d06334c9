//! `--ocsp-staple`: which certificate each OCSP response is for, and whether it may be sent.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;

use super::named_file::NamedFile;
use crate::advice::ocsp::StapleError;
use crate::report::Failure;
use crate::x509::{Certificate, CertifiedKey, OcspResponse, SignatureCheck};

/// The last good response of each file: it stays in use while what is in the file cannot be used.
#[derive(Debug, Default)]
pub(super) struct LastResponses(Mutex<HashMap<PathBuf, OcspResponse>>);

/// A response that cannot be used.
pub(super) struct RejectedStaple {
    pub(super) path: PathBuf,
    pub(super) failure: Failure,
    /// Whether the last good one of this file is sent instead.
    pub(super) keeps_last: bool,
}

impl LastResponses {
    /// Adds the response in each file to the certificates that it is for.
    pub(super) fn add(
        &self,
        files: &[Arc<NamedFile>],
        pairs: &mut [CertifiedKey],
        now: OffsetDateTime,
    ) -> Vec<RejectedStaple> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rejected = Vec::new();
        for file in files {
            let added = file.ocsp_response().and_then(|response| {
                add(file, &response, pairs, now)?;
                Ok(response)
            });
            match added {
                Ok(response) => drop(last.insert(file.path().to_owned(), response)),
                Err(failure) => {
                    let known = last.get(file.path());
                    let keeps_last = known.is_some_and(|known| add(file, known, pairs, now).is_ok());
                    let path = file.path().to_owned();
                    rejected.push(RejectedStaple { path, failure, keeps_last });
                }
            }
        }
        rejected
    }
}

/// Adds a response to all certificates that it is for: two sites may have the same one.
fn add(
    file: &NamedFile,
    response: &OcspResponse,
    pairs: &mut [CertifiedKey],
    now: OffsetDateTime,
) -> Result<(), Failure> {
    let path = || file.path().to_owned();
    let mut is_for_none = true;
    for pair in pairs.iter_mut().filter(|pair| response.names(pair.leaf())) {
        is_for_none = false;
        let leaf = pair.leaf();
        let is_issuer = |other: &&Certificate| {
            leaf.names_issuer(other) && leaf.signature_by(other) != SignatureCheck::Invalid
        };
        let issuer = pair.chain().iter().find(is_issuer);
        let Some(issuer) = issuer else {
            return Err(StapleError::NoIssuer { path: path(), name: leaf.label() }.into());
        };
        let staple = response.staple(leaf, issuer, now).map_err(|error| StapleError::Unusable {
            path: path(),
            name: leaf.label(),
            url: leaf.ocsp_urls.first().cloned(),
            error,
        })?;
        pair.add_staple(staple);
    }
    if is_for_none { Err(StapleError::Foreign(path()).into()) } else { Ok(()) }
}
