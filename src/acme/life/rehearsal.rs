//! The dry run: everything is tried, nothing is kept.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use crate::acme::caller::Caller;
use crate::acme::client::account;
use crate::acme::error::Error;
use crate::acme::life::obtain::{Prepared, prepare};
use crate::acme::order::stop::OrderUnderWay;
use crate::acme::plan::Plan;
use crate::acme::plan::public_server::{LETS_ENCRYPT, LETS_ENCRYPT_STAGING};
use crate::acme::storage::{self, Storage};
use time::OffsetDateTime;

/// How far a dry run got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rehearsal {
    /// The server's test server issued a certificate.
    Issued,
    /// The server validated all names; no certificate was requested.
    Validated,
}

/// Goes through `plan` in a private folder that is removed afterwards: on the server's test server
/// where it has one, else up to the validation. An account in `storage` is borrowed. Needs a tokio
/// runtime with time and I/O.
///
/// # Errors
/// See [`Error`]; [`Error::Stopped`] on SIGINT and SIGTERM, if they are watched: then the answers to the challenges are
/// removed first, and the command after the order is run.
pub async fn rehearse(
    mut plan: Plan,
    storage: &Storage,
    caller: &dyn Caller,
    now: OffsetDateTime,
) -> Result<Rehearsal, Error> {
    // To the end of the folder: the copy of the account's key must not stay behind.
    let _under_way = OrderUnderWay::begin()?;
    let folder = TemporaryFolder::new()?;
    let temporary = Storage::new(folder.0.join("state"));
    let test_server = test_server(&plan.server);
    if let Some(test_server) = test_server {
        plan.server = test_server.to_owned();
    }
    let server = plan.server.clone();
    let is_known = copy_account(storage, &temporary, &server)?;
    // The certificate is thrown away.
    plan.deploy_hook = None;
    plan.key_group = None;
    // Nothing is there to be forced, other than a new account.
    plan.force = false;
    let prepared = prepare(plan, &temporary, caller, now)?;
    let rehearsal = async {
        match prepared {
            Prepared::Needed(issuance) if test_server.is_some() => {
                issuance.run(caller).await.map(drop)?;
            }
            Prepared::Needed(issuance) => issuance.validate(caller).await?,
            Prepared::HookOnly(_) | Prepared::NotDue(_) => {}
        }
        if !is_known {
            // Best effort: an account whose key is gone harms nobody.
            let _ = account::deactivate(&temporary, Some(&server), caller).await;
        }
        Ok::<(), Error>(())
    };
    rehearsal.await.map_err(|error| match error {
        Error::Interrupted => Error::Stopped,
        error => error,
    })?;
    Ok(if test_server.is_some() { Rehearsal::Issued } else { Rehearsal::Validated })
}

fn test_server(server: &str) -> Option<&'static str> {
    [LETS_ENCRYPT, LETS_ENCRYPT_STAGING].contains(&server).then_some(LETS_ENCRYPT_STAGING)
}

/// Copies the account at `server`, if there is one. Returns whether there is.
fn copy_account(from: &Storage, to: &Storage, server: &str) -> Result<bool, Error> {
    let (from, to) = (from.account(server), to.account(server));
    let (Some(record), Some(key)) = (from.load()?, from.key()?) else { return Ok(false) };
    let _lock = to.lock(|| {})?;
    to.save_key(&key)?;
    to.save(&record)?;
    Ok(true)
}

/// A private folder that is removed when this is dropped.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new() -> Result<Self, storage::Error> {
        let path = std::env::temp_dir().join(format!("certkit-dry-run-{}", std::process::id()));
        // A killed run with this process number may have left one; another user's stays, and the
        // next line fails.
        let _ = fs::remove_dir_all(&path);
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => Ok(Self(path)),
            Err(source) => Err(storage::Error::Io { action: "make the folder", path, source }),
        }
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dry_runs_use_the_server_that_has_high_limits() {
        assert_eq!(test_server(LETS_ENCRYPT), Some(LETS_ENCRYPT_STAGING));
        assert_eq!(test_server(LETS_ENCRYPT_STAGING), Some(LETS_ENCRYPT_STAGING));
        assert_eq!(test_server("https://ca.test/dir"), None);
    }
}
