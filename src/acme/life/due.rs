//! When the certificate in use is due for renewal.

use time::OffsetDateTime;

use crate::acme::life::ari;
use crate::acme::storage::RenewRecord;
use crate::x509::{Certificate, RenewalPolicy};

/// When a certificate should be renewed, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub at: OffsetDateTime,
    /// Whether the server said so (RFC 9773); else it follows from the lifetime.
    pub by_server: bool,
}

/// When `leaf` should be renewed: at the point chosen in the server's window, else by its lifetime.
pub fn due(leaf: &Certificate, record: &RenewRecord) -> Due {
    let window = record
        .window
        .as_ref()
        .filter(|window| ari::certificate_id(leaf).as_deref() == Some(window.certificate.as_str()));
    match window {
        Some(window) => Due { at: window.chosen.0, by_server: true },
        None => {
            Due { at: RenewalPolicy::LastThird.due_at(leaf.not_before, leaf.not_after), by_server: false }
        }
    }
}
