//! dns-persist-01 (draft-ietf-acme-dns-persist-02): a TXT record at `_validation-persist.NAME` that stays and names this CA
//! and the account. Accounts are named by hashes; by their URLs as well, which draft 01 has.
//!
//! A record of a name above, with `policy=wildcard`, proves nothing here: section 6 leaves that to the CA.

use hickory_proto::rr::{RData, RecordType};

use super::super::settings::ChallengeSettings;
use super::addresses::records;
use super::dns01::resolver;
use crate::acme::challenge::{EVERY_NAME, PERSISTENT_LABEL, RecordDemand, Unproven, hashed_account};
use crate::acme_server::{Problem, ProblemType, Validation};
use crate::sys::clock::{Clock, SystemClock};

/// Gives when the record ends, in seconds since 1970, if it does.
///
/// # Errors
/// `dns`, `malformed`, `unauthorized`.
pub(super) async fn validate(
    validation: &Validation,
    settings: &ChallengeSettings,
) -> Result<Option<i64>, Problem> {
    let name = format!("{PERSISTENT_LABEL}.{}", validation.identifier);
    let records = records(resolver(settings)?, &name, RecordType::TXT).await?;
    let values = records.iter().filter_map(|data| match data {
        RData::TXT(text) => Some(text.txt_data.concat()),
        _ => None,
    });
    let values: Vec<_> = values.collect();
    let demand = demand(validation);
    match demand.judge(values.iter().map(Vec::as_slice), SystemClock.now()) {
        Ok(record) => Ok(record.until),
        // Section 9.3.1.
        Err(why @ Unproven::Malformed(_)) => {
            Err(Problem::new(ProblemType::Malformed, format!("{name}: {why}")))
        }
        Err(why) => Err(Problem::new(ProblemType::Unauthorized, format!("{name}: {why}"))),
    }
}

/// What a record must say: the account by any of its URLs and any key that it has had, section 4.2.
fn demand(validation: &Validation) -> RecordDemand {
    let host = validation.identifier.to_string();
    let mut account_uris = Vec::new();
    for account in &validation.account_urls {
        for thumbprint in &validation.thumbprints {
            for name in [host.as_str(), EVERY_NAME] {
                account_uris.push(hashed_account(&account.hash_prefix, name, thumbprint, &account.url));
            }
        }
        account_uris.push(account.url.clone());
    }
    RecordDemand { issuers: validation.issuers.clone(), account_uris, is_wildcard: validation.is_wildcard }
}
