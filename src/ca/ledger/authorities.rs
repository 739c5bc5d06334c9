//! Which CAs a ledger is about, also those whose files were replaced.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::Ledger;

/// The part of a line that every event has.
#[derive(Deserialize)]
struct Line {
    ca: String,
}

impl Ledger {
    /// The SHA-256 of the public keys of all CAs in it, in hexadecimal. Lines that cannot be read are left out, and so
    /// is a whole ledger: nothing is signed or revoked after this.
    pub fn authorities(&self) -> BTreeSet<String> {
        let text = self.text().unwrap_or_default();
        let lines = text.split(|&byte| byte == b'\n');
        lines.filter_map(|line| serde_json::from_slice::<Line>(line).ok()).map(|line| line.ca).collect()
    }
}
