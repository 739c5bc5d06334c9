//! The caller's side of this room: it gets progress, gives consent, and judges the new chain.

use std::time::Duration;

use super::storage::RenewalWindow;
use crate::finding::Finding;
use crate::x509::{Certificate, PrivateKey};

/// Whoever uses this room.
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
