//! What the operator does beside the running server: certificates and revocations in the ledger, a CA that is revoked,
//! renewed, or near its end.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use time::{Duration, OffsetDateTime};

use super::settings::Log;
use super::state::SharedState;
use crate::acme_server::KnownCertificate;
use crate::ca::{IssuedRecord, LedgerError, SigningCa};

/// In these last days the log says daily that the CA ends.
const WARN_WITHIN: Duration = Duration::days(30);

/// Where the ledger was read up to, and what the log has about the CA.
pub(super) struct LedgerWatch {
    read_to: u64,
    certificate: Option<FileState>,
    warned: Option<OffsetDateTime>,
    has_failed: bool,
}

/// What changes when a file is written or replaced.
type FileState = (u64, u64, i64, i64);

impl LedgerWatch {
    /// The ledger was read up to here.
    pub(super) fn new(ca: &SigningCa, read_to: u64) -> Self {
        Self { read_to, certificate: state(&ca.path), warned: None, has_failed: false }
    }

    /// Takes up the new lines of the ledger. Says whether one of them is a revocation that nobody knew of.
    pub(super) fn read(&mut self, ca: &mut SigningCa, server: &SharedState, log: &Log) -> bool {
        match self.new_lines(ca, server, log) {
            Ok(is_revoked) => {
                self.has_failed = false;
                is_revoked
            }
            Err(error) => {
                if !std::mem::replace(&mut self.has_failed, true) {
                    log.say(&format!("certkit: what is new in the ledger is not known: {error}"));
                }
                false
            }
        }
    }

    fn new_lines(
        &mut self,
        ca: &mut SigningCa,
        server: &SharedState,
        log: &Log,
    ) -> Result<bool, LedgerError> {
        let (records, read_to) = ca.ledger.read_from(self.read_to)?;
        if read_to == self.read_to {
            return Ok(false);
        }
        self.read_to = read_to;
        let issuer = ca.certified.leaf();
        let serial = issuer.serial_hex();
        let of_issuer = records.revoked.iter().find(|(_, revoked, ..)| *revoked == serial);
        if let Some((_, _, at, reason)) = of_issuer.filter(|_| ca.revoked.is_none()) {
            log.say(&format!("certkit: the CA {} was revoked and issues nothing more", issuer.label()));
            ca.revoked = Some((at, reason));
        }
        let key = ca.certified.leaf().spki_sha256();
        let own =
            records.issued.into_iter().filter(|record| record.ca == key).map(|record| known(record, false));
        let revoked = records.revoked.iter().filter(|(issuer, ..)| *issuer == key);
        let revoked = revoked.map(|(_, serial, _, reason)| (serial.to_owned(), reason.is_about_key()));
        Ok(server.lock().core.learn(own, revoked))
    }

    /// Whether the CA's certificate is another file than the last time; not while it is being replaced.
    pub(super) fn has_changed(&mut self, ca: &SigningCa) -> bool {
        let certificate = state(&ca.path);
        certificate.is_some() && std::mem::replace(&mut self.certificate, certificate) != certificate
    }

    /// Says in the log when the CA ends soon.
    pub(super) fn look_at_end(&mut self, ca: &SigningCa, now: OffsetDateTime, log: &Log) {
        let end = ca.certified.leaf().not_after;
        if end - now < WARN_WITHIN && self.warned.is_none_or(|warned| now - warned >= Duration::DAY) {
            self.warned = Some(now);
            let label = ca.certified.leaf().label();
            log.say(&format!("certkit: the CA {label} ends on {}, and certificates with it", end.date()));
        }
    }
}

/// A certificate of the ledger as the protocol knows it.
pub(super) fn known(record: IssuedRecord, is_revoked: bool) -> (String, KnownCertificate) {
    let account = record.requested_by.as_deref().and_then(|by| by.strip_prefix("acme "));
    let known = KnownCertificate {
        account: account.map(str::to_owned),
        names: record.names,
        key_sha256: record.key_sha256,
        not_before: record.not_before,
        not_after: record.not_after,
        is_revoked,
        is_replaced: false,
    };
    (record.serial, known)
}

fn state(path: &Path) -> Option<FileState> {
    let state = |meta: Metadata| (meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec());
    path.metadata().ok().map(state)
}
