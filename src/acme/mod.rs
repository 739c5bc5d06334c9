//! Certificates from an ACME server (RFC 8555), Let's Encrypt or another: account, order, challenge, state on disk.
//!
//! [`prepare`] looks at the state on disk and, when a certificate is needed, takes its lock and makes the challenge's
//! solver ready; [`Work::run`] then talks to the server. Between the two nothing has been ordered, so that a taken port or
//! an unwritable state directory costs nothing at the server.
//!
//! This room prints nothing and asks nobody: it is given a [`Caller`].

pub mod challenge;
mod client;
mod error;
mod http;
mod key;
mod names;
mod order;
mod renew;
mod retry;
pub mod storage;

use std::path::PathBuf;
use std::time::Duration;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use self::challenge::{Method, Ready};
use self::client::Server;
pub use self::error::{Error, FailedValidation, Refusal};
pub use self::names::certificate_name;
use self::order::{Issued, Journey};
pub use self::renew::due_at;
use self::storage::{CertificateStore, LiveFiles, Lock, RenewRecord, Step, Storage, VersionFiles};
use crate::finding::Finding;
use crate::x509::{Certificate, KeyKind, PrivateKey};

/// Let's Encrypt's directory.
pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
/// Let's Encrypt's directory for tests: higher limits, certificates that no client trusts.
pub const LETS_ENCRYPT_STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";

/// The certificate that is wanted, and from whom.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Names as [`certificate_name`] gives them, at least one; the certificate is filed under the first.
    pub names: Vec<String>,
    /// The address of the server's directory.
    pub server: String,
    /// PEM file of the CA certificates to trust for the server itself; without one the system's.
    pub ca_roots: Option<PathBuf>,
    /// Mail address for the account.
    pub email: Option<String>,
    /// Kind of the certificate's key.
    pub key_kind: KeyKind,
    /// How to prove that the names are ours.
    pub challenge: Method,
    /// Get a new certificate even if the one in use is not due.
    pub force: bool,
}

/// Whoever runs this room: is told of progress, asked for consent, and judges the new chain.
pub trait Caller {
    /// Something has been done or is about to be.
    fn progress(&self, progress: Progress<'_>);

    /// Whether somebody agrees to the terms of service at `url`.
    fn agrees_to(&self, url: &str) -> bool;

    /// Whether a new chain may go live: remarks on it, or what forbids it.
    ///
    /// # Errors
    /// The findings, when the chain must not go live.
    fn judge(&self, candidate: &Candidate<'_>) -> Result<Vec<Finding>, Vec<Finding>>;
}

/// A new chain before it goes live.
#[derive(Debug)]
pub struct Candidate<'a> {
    /// Leaf first, as the server sent it.
    pub chain: &'a [Certificate],
    /// The key that was made for it.
    pub key: &'a PrivateKey,
    /// The names that it must be for.
    pub names: &'a [String],
}

/// What is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// A new account's key is on disk; the account is about to be asked for.
    AccountKeySaved,
    /// The server has answered with an account.
    AccountReady,
    /// The server has been told to look for the answers.
    ChallengesAnswered {
        /// For how many names.
        names: usize,
    },
    /// About to fetch the directory.
    Connecting {
        /// The directory's address.
        server: &'a str,
    },
    /// The chain is here.
    Downloaded,
    /// The server has been asked to sign.
    Finalized,
    /// Answers were shown and could not be taken away again.
    NotWithdrawn {
        /// What is left, and why.
        reason: &'a str,
    },
    /// An order is placed.
    OrderPlaced {
        /// For how many names.
        names: usize,
    },
    /// An order of an earlier run is taken up.
    OrderResumed,
    /// There is a certificate, and another one is wanted.
    Reissue {
        /// Why.
        why: &'static str,
    },
    /// Every name is validated.
    Validated,
    /// The server is in trouble; the request will be repeated.
    Waiting {
        /// What is being done.
        doing: &'static str,
        /// How long the pause is.
        pause: Duration,
    },
    /// Another run holds the lock.
    WaitingForLock,
}

/// What there is to do.
#[derive(Debug)]
pub enum Prepared {
    /// Nothing: the certificate in use is the wanted one and not due.
    NotDue(Current),
    /// Something.
    Needed(Box<Work>),
}

/// The certificate in use.
#[derive(Debug)]
pub struct Current {
    /// Where its files are.
    pub files: LiveFiles,
    /// Leaf first.
    pub chain: Vec<Certificate>,
    /// From when on it should be renewed.
    pub due_at: OffsetDateTime,
}

/// A certificate that is to be got: lock held, solver ready, nothing asked yet.
#[derive(Debug)]
pub struct Work {
    plan: Plan,
    storage: Storage,
    store: CertificateStore,
    ready: Ready,
    _lock: Lock,
}

/// A new certificate, in use.
#[derive(Debug)]
pub struct Obtained {
    /// Where its files are.
    pub files: LiveFiles,
    /// Leaf first.
    pub chain: Vec<Certificate>,
    /// What there is to remark on the chain.
    pub remarks: Vec<Finding>,
}

/// Looks whether the certificate is needed at `now`, and if so makes ready for it. Waits while another run works on
/// the same certificate, and then looks again.
///
/// # Errors
/// [`Error::Storage`], [`Error::Challenge`].
pub fn prepare(
    plan: Plan,
    storage: &Storage,
    caller: &dyn Caller,
    now: OffsetDateTime,
) -> Result<Prepared, Error> {
    for name in &plan.names {
        plan.challenge.can_prove(name)?;
    }
    let store = storage.certificate(plan.names.first().map_or("", String::as_str));
    if let Standing::Fine(current) = standing(&plan, &store, now)? {
        return Ok(Prepared::NotDue(current));
    }
    let lock = store.lock(|| caller.progress(Progress::WaitingForLock))?;
    match standing(&plan, &store, now)? {
        Standing::Fine(current) => return Ok(Prepared::NotDue(current)),
        Standing::Missing => {}
        Standing::Unfit(why) => caller.progress(Progress::Reissue { why }),
    }
    let ready = plan.challenge.prepare()?;
    Ok(Prepared::Needed(Box::new(Work { plan, storage: storage.clone(), store, ready, _lock: lock })))
}

impl Work {
    /// Gets the certificate and puts it in use. Needs a tokio runtime with time and I/O.
    ///
    /// # Errors
    /// See [`Error`]; the certificate in use before is still in use then.
    pub async fn run(self, caller: &dyn Caller) -> Result<Obtained, Error> {
        let Self { plan, storage, store, ready, _lock } = self;
        let solver = ready.start()?;
        let server = Server::connect(&plan, caller).await?;
        let accounts = storage.account(&plan.server);
        let mut account = server.account(&plan, &accounts, caller).await?;
        loop {
            let journey = match Journey::begin(&plan, &store, caller, &server.http, &account).await {
                Err(error) if error.is_refusal("accountDoesNotExist") => {
                    account = server.account_again(&accounts, caller).await?;
                    Journey::begin(&plan, &store, caller, &server.http, &account).await?
                }
                journey => journey?,
            };
            let is_resumed = journey.is_resumed;
            match journey.finish(&*solver).await {
                Ok(issued) => return go_live(&plan, &store, caller, issued),
                Err(error @ (Error::Validation(_) | Error::Refused { .. } | Error::BadAnswer { .. })) => {
                    // The order is of no use any more. One of an earlier run may only have failed because nobody
                    // answered its challenges while that run was dead, so it does not speak for a new one.
                    store.forget_order()?;
                    if !is_resumed {
                        return Err(error);
                    }
                }
                // Trouble that passes leaves the order for the next run.
                Err(error) => return Err(error),
            }
        }
    }
}

fn go_live(
    plan: &Plan,
    store: &CertificateStore,
    caller: &dyn Caller,
    issued: Issued,
) -> Result<Obtained, Error> {
    let Issued { key, chain, mut journal } = issued;
    let candidate = Candidate { chain: &chain, key: &key, names: &plan.names };
    let remarks = match caller.judge(&candidate) {
        Ok(remarks) => remarks,
        Err(findings) => {
            // The order stays in the journal: another run judges the same chain again, without another order.
            journal.step = Step::Rejected;
            store.save_journal(&journal)?;
            return Err(Error::Rejected(findings));
        }
    };
    let (leaf, rest) = chain.split_at(1.min(chain.len()));
    let files = VersionFiles {
        key: Zeroizing::new(key.to_pem().as_bytes().to_vec()),
        cert: key::chain_to_pem(leaf),
        chain: key::chain_to_pem(rest),
        fullchain: key::chain_to_pem(&chain),
    };
    store.install(&files, RenewRecord::new(plan))?;
    store.forget_order()?;
    Ok(Obtained { files: store.live_files(), chain, remarks })
}

/// How the certificate in use stands to the plan.
enum Standing {
    Fine(Current),
    Missing,
    Unfit(&'static str),
}

fn standing(plan: &Plan, store: &CertificateStore, now: OffsetDateTime) -> Result<Standing, Error> {
    let (Some(record), Some(text)) = (store.renew_record()?, store.live_chain()?) else {
        return Ok(Standing::Missing);
    };
    let chain = key::chain_from_pem(&text).unwrap_or_default();
    let Some(due_at) = chain.first().map(due_at) else {
        return Ok(Standing::Unfit("the one in use cannot be read"));
    };
    Ok(if let Some(why) = record.difference(plan) {
        Standing::Unfit(why)
    } else if plan.force {
        Standing::Unfit("--force was given")
    } else if now >= due_at {
        Standing::Unfit("the one in use is due for renewal")
    } else {
        Standing::Fine(Current { files: store.live_files(), chain, due_at })
    })
}
