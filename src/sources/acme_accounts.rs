//! The accounts at servers that are only asked when the first one has failed.

use super::acme_caller::AcmeCaller;
use crate::acme::storage::Storage;
use crate::acme::{self, Connections, Plan};

/// Makes the accounts that later runs need at the other servers, when nobody is there to agree to terms of service.
pub async fn open_other_accounts(plan: &Plan, storage: &Storage, caller: &AcmeCaller<'_>) {
    let connections = Connections::default();
    for server in plan.servers.iter().skip(1) {
        if let Err(error) = acme::open_account(plan, server, storage, &connections, caller).await {
            caller.say(&format!(
                "there is no account at {server} yet, and so it cannot stand in for the first one: {}",
                error.in_one_line()
            ));
        }
    }
}
