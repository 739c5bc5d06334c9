//! The caller's side of this room: it gets progress, gives consent, and judges the new chain.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use super::challenge::DnsProgress;
use super::remark::Remark;
use super::storage::RenewalWindow;
use crate::finding::Finding;
use crate::sys::clock::date;
use crate::sys::hook::HookFailure;
use crate::x509::{Certificate, PrivateKey};

/// The user of this room, which prints nothing and asks nobody itself.
pub trait Caller {
    /// Something was done or is about to be done.
    fn progress(&self, progress: Progress<'_>);

    /// Whether the user agrees to the terms of service at `url`.
    fn agrees_to(&self, url: &str) -> bool;

    /// Whether a new chain may go live: remarks on it, or what forbids it.
    ///
    /// # Errors
    /// The findings, when the chain must not go live.
    fn judge(&self, candidate: &Candidate<'_>) -> Result<Vec<Remark>, Vec<Finding>>;
}

/// A new chain before it goes live.
#[derive(Debug)]
pub struct Candidate<'a> {
    /// Leaf first, as the server sent it.
    pub chain: &'a [Certificate],
    /// `None` for a signing request of the user's; the leaf has its key.
    pub key: Option<&'a PrivateKey>,
    /// The names that it must be for.
    pub names: &'a [String],
    /// The file of the roots that the server itself is trusted by, where the user named one.
    pub ca_roots: Option<&'a Path>,
}

/// A step of the way to a certificate; its `Display` is a line for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// A new account's key is on disk; the account is about to be requested.
    AccountKeySaved,
    AccountReady,
    /// The server may check the answers now.
    ChallengesAnswered {
        names: usize,
    },
    /// The clock here and the server's differ by minutes or more.
    ClockDiffers {
        /// By how much the one here is ahead; negative when it is behind.
        ahead: time::Duration,
    },
    /// The directory is about to be fetched.
    Connecting {
        server: &'a str,
    },
    /// The deploy hook is about to run.
    DeployHook {
        command: &'a str,
    },
    /// A TXT record is on its way to the name servers.
    Dns(&'a DnsProgress),
    Downloaded,
    /// The server was asked to sign.
    Finalized,
    /// A hook that nothing else depends on failed.
    HookFailed {
        command: &'a str,
        reason: &'a HookFailure,
    },
    /// A hook is about to run, other than the deploy hook.
    RunHook {
        /// In a sentence.
        when: &'static str,
        command: &'a str,
    },
    /// The run is stopped, and the server may be looking for the answers.
    LastLook,
    /// The server did not say when to renew.
    NoWindow {
        reason: &'a str,
    },
    /// The answer to a challenge was tried from here and not found, which may not mean much.
    NotFound {
        name: &'a str,
        seen: &'a str,
    },
    /// Challenge answers could not be removed.
    NotWithdrawn {
        reason: &'a str,
    },
    OrderPlaced {
        names: usize,
    },
    OrderResumed,
    /// There is a certificate, and another one is needed.
    Reissue {
        why: &'static str,
    },
    /// Every name is validated.
    Validated,
    /// The server is unavailable; the request will be repeated.
    Waiting {
        doing: &'static str,
        pause: Duration,
    },
    /// Another run holds the lock.
    WaitingForLock,
    /// The server said when to renew.
    Window {
        window: &'a RenewalWindow,
    },
}

impl fmt::Display for Progress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccountKeySaved => f.write_str("requesting a new account"),
            Self::AccountReady => f.write_str("the account is ready"),
            Self::ChallengesAnswered { names } => {
                write!(f, "challenge answers are ready; the server is checking {}", count(*names))
            }
            Self::ClockDiffers { ahead } => {
                let direction = if ahead.is_negative() { "behind" } else { "ahead of" };
                let minutes = ahead.whole_minutes().unsigned_abs();
                write!(
                    f,
                    "this machine's clock is {minutes} minutes {direction} the server's; set it, or \
                     certificates will seem expired or not yet valid"
                )
            }
            Self::Connecting { server } => write!(f, "connecting to {server}"),
            Self::HookFailed { command, reason } => write!(f, "the hook `{command}` {reason}"),
            Self::RunHook { when, command } => write!(f, "running the hook {when}: {command}"),
            Self::DeployHook { command } => write!(f, "running the deploy hook: {command}"),
            Self::Dns(progress) => write!(f, "{progress}"),
            Self::Downloaded => f.write_str("downloaded the certificate"),
            Self::Finalized => f.write_str("the server is issuing the certificate"),
            Self::LastLook => f.write_str("stopping as soon as the server has looked for the answers"),
            Self::NoWindow { reason } => {
                write!(f, "the server did not say when to renew: {reason}")
            }
            Self::NotFound { name, seen } => {
                write!(f, "this machine cannot reach the answer for {name} ({seen}); the server may")
            }
            Self::NotWithdrawn { reason } => {
                write!(f, "cannot remove a challenge answer: {reason}")
            }
            Self::OrderPlaced { names } => {
                write!(f, "ordered a certificate for {}", count(*names))
            }
            Self::OrderResumed => f.write_str("continuing the order of an earlier run"),
            Self::Reissue { why } => write!(f, "getting a new certificate: {why}"),
            Self::Validated => f.write_str("all names are validated"),
            Self::Waiting { doing, pause } => {
                let seconds = pause.as_secs();
                write!(f, "{doing}: the server is unavailable; retrying in {seconds} s")
            }
            Self::WaitingForLock => f.write_str("waiting for another certkit process"),
            Self::Window { window } => {
                let (start, end) = (date(window.start.0), date(window.end.0));
                write!(f, "the server asks for renewal between {start} and {end}")?;
                match &window.explanation {
                    Some(url) => write!(f, "; reason: {url}"),
                    None => Ok(()),
                }
            }
        }
    }
}

fn count(names: usize) -> String {
    if names == 1 { "1 name".to_owned() } else { format!("{names} names") }
}
