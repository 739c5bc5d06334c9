//! How TXT records for dns-persist-01 (draft-ietf-acme-dns-persist-02) name this CA and its accounts.

use std::net::IpAddr;

use super::core::Config;
use super::step::AccountUrl;

/// Section 3.1 of the draft.
const MOST_ISSUERS: usize = 10;

impl Config {
    /// The CA's names: the host names of the server, those that users have given it first. Without one there are no such
    /// records.
    pub(super) fn issuers(&self) -> Vec<String> {
        let mut issuers: Vec<String> = Vec::new();
        for authority in &self.authorities {
            let is_address = authority.starts_with('[');
            let host = authority.split(':').next().filter(|_| !is_address).unwrap_or_default();
            let is_name = !host.is_empty() && host.parse::<IpAddr>().is_err();
            if is_name && !issuers.iter().any(|known| known == host) {
                issuers.push(host.to_owned());
            }
        }
        issuers.truncate(MOST_ISSUERS);
        issuers
    }

    /// Every URL that an account may know itself by.
    pub(super) fn account_urls(&self, account: &str) -> Vec<AccountUrl> {
        let bases = self.authorities.iter().map(|authority| format!("https://{authority}"));
        let url = |base: String| AccountUrl {
            url: format!("{base}/acme/account/{account}"),
            hash_prefix: hash_prefix(&base),
        };
        bases.map(url).collect()
    }
}

/// What is in front of the hashes of accounts.
pub(super) fn hash_prefix(base: &str) -> String {
    format!("{base}/acme/account-hash/")
}
