//! Certificates from an ACME server (RFC 8555), Let's Encrypt or another: account, order, challenge, state on disk.
//!
//! [`prepare`] looks at the state on disk and, when a certificate is needed, takes its lock and makes the challenge's
//! solver ready; [`Work::run`] then talks to the server. Between the two nothing has been ordered, so that a taken port
//! or an unwritable state directory costs nothing at the server.
//!
//! Whoever keeps certificates good for longer than one command uses a [`Keeper`] for each. `certkit acme renew` makes
//! one of every certificate in the state directory and looks once; a server makes them of its own plans, with
//! [`challenge::Method::Embedded`] to answer on its own listeners, and looks again and again:
//!
//! ```text
//! let keeper = Keeper::new(plan, Storage::new(state));
//! // Begin with keeper.current() if there is one; else serve something else until the first look is done.
//! loop {
//!     sleep until keeper.next_look()?, an hour at most       // not at all when there is no certificate yet
//!     match keeper.look(&caller, clock.now(), Urgency::default()).await {
//!         Ok(Turn::Renewed(obtained)) => serve obtained.files from now on,
//!         Ok(_) => {}                                        // not due, or held back after a failure
//!         Err(failed) => log failed.error; the old one stays // without failed.next_try wait a minute
//!     }
//! }
//! ```
//!
//! A look may wait for a lock and its future is not `Send`, so this loop has a thread and a runtime of its own. Time
//! comes from the caller alone; due times, the server's wishes (RFC 9773) and failures are kept in `renew.json`, so
//! that a restart changes nothing.
//!
//! This room prints nothing and asks nobody: it is given a [`Caller`].

mod account;
mod ari;
mod authorization;
pub mod challenge;
mod client;
mod download;
mod error;
mod http;
mod keeper;
mod key;
mod names;
mod obtain;
mod order;
mod place;
mod renew;
mod retry;
mod revoke;
mod signed;
pub mod storage;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroizing;

pub use self::account::{AccountView, deactivate, roll_over, show, update};
use self::challenge::Method;
pub use self::error::{Error, FailedValidation, Refusal};
pub use self::keeper::{Failed, Keeper, Turn, Urgency};
pub use self::names::certificate_name;
pub use self::obtain::{Current, Obtained, PendingHook, Prepared, Work, prepare};
pub use self::renew::{Due, due, due_at};
pub use self::revoke::{Reason, SignedBy, revoke};
use self::storage::{RenewRecord, RenewalWindow};
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
    /// PEM file of the CA certificates to trust for the server itself; without one the system's. An empty path takes
    /// away what was said before.
    pub ca_roots: Option<PathBuf>,
    /// Mail address for the account.
    pub email: Option<String>,
    /// An account made elsewhere, that a new one is bound to.
    pub external_account: Option<ExternalAccount>,
    /// Kind of the certificate's key.
    pub key_kind: KeyKind,
    /// How to prove that the names are ours.
    pub challenge: Method,
    /// The kind of certificate, by the server's word for it; without one the server's default.
    pub profile: Option<String>,
    /// The common name of the root that the chain should lead to, where there are several chains.
    pub preferred_chain: Option<String>,
    /// What to run when a new certificate is in use, by `sh -c`; an empty one is none.
    pub deploy_hook: Option<String>,
    /// The group that may read the key, by name or number.
    pub key_group: Option<String>,
    /// Get a new certificate even if the one in use is not due, and although it may be one too many.
    pub force: bool,
}

impl Plan {
    /// A plan without names, for Let's Encrypt and with an ECDSA key; what else is wanted is set in the fields.
    pub fn new(challenge: Method) -> Self {
        Self {
            names: Vec::new(),
            server: LETS_ENCRYPT.to_owned(),
            ca_roots: None,
            email: None,
            external_account: None,
            key_kind: KeyKind::EcdsaP256,
            challenge,
            profile: None,
            preferred_chain: None,
            deploy_hook: None,
            key_group: None,
            force: false,
        }
    }

    /// Fills what is not said by what was said for the certificate in use. An empty word takes it away.
    fn inherit(&mut self, record: Option<&RenewRecord>) {
        let same_server = record.filter(|record| record.server == self.server);
        let fill = |said: &mut Option<String>, kept: Option<&String>| {
            *said = said.take().or_else(|| kept.cloned()).filter(|text| !text.is_empty());
        };
        // The server's own words mean nothing to another one.
        fill(&mut self.profile, same_server.and_then(|record| record.profile.as_ref()));
        fill(&mut self.preferred_chain, same_server.and_then(|record| record.preferred_chain.as_ref()));
        fill(&mut self.deploy_hook, record.and_then(|record| record.deploy_hook.as_ref()));
        fill(&mut self.key_group, record.and_then(|record| record.key_group.as_ref()));
        let kept = same_server.and_then(|record| record.ca_roots.clone());
        self.ca_roots = self.ca_roots.take().or(kept).filter(|path| !path.as_os_str().is_empty());
    }
}

/// An account that was made at the server by other means (RFC 8555 section 7.3.4).
#[derive(Clone, PartialEq, Eq)]
pub struct ExternalAccount {
    /// Its key identifier.
    pub kid: String,
    /// Its secret, as bytes.
    pub secret: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for ExternalAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExternalAccount({})", self.kid)
    }
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
    /// The clock here and the server's differ by minutes or more.
    ClockDiffers {
        /// By how much the one here is ahead; negative when it is behind.
        ahead: time::Duration,
    },
    /// About to fetch the directory.
    Connecting {
        /// The directory's address.
        server: &'a str,
    },
    /// The deploy hook is about to be run.
    DeployHook {
        /// The command, as it was typed.
        command: &'a str,
    },
    /// The chain is here.
    Downloaded,
    /// The server has been asked to sign.
    Finalized,
    /// The server did not say when to renew.
    NoWindow {
        /// Why not.
        reason: &'a str,
    },
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
    /// The server has said when to renew.
    Window {
        /// When, and the point chosen in it.
        window: &'a RenewalWindow,
    },
}
