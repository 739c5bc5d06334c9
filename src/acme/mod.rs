//! Certificates from an ACME server (RFC 8555), Let's Encrypt or another: account, order, challenge, state on disk.
//!
//! [`prepare`] looks at the state on disk and, when a certificate is needed, takes its lock and makes the challenge's
//! solver ready; [`Issuance::run`](obtain::Issuance::run) then talks to the server. Between the two nothing has been ordered, so that a taken port
//! or an unwritable state directory costs nothing at the server.
//!
//! A program that keeps certificates valid for longer than one command uses a [`Renewer`] for each. `certkit acme renew`
//! makes one for every certificate in the state directory and runs it once; a server makes them from its own plans, with
//! [`challenge::ChallengeMethod::Embedded`] to answer on its own listeners, and runs them again and again:
//!
//! ```text
//! let renewer = Renewer::new(plan, Storage::new(state));
//! // Begin with renewer.current() if there is one; else serve something else until the first look is done.
//! loop {
//!     sleep until renewer.next_check()?, an hour at most       // not at all when there is no certificate yet
//!     match renewer.renew_if_due(&caller, clock.now(), Urgency::default()).await {
//!         Ok(RenewalOutcome::Renewed(obtained)) => serve obtained.files from now on,
//!         Ok(_) => {}                                        // not due, or held back after a failure
//!         Err(failed) => log failed.error; the old one stays // without failed.next_try wait a minute
//!     }
//! }
//! ```
//!
//! A renewal may wait for a lock and its future is not `Send`, so this loop has a thread and a runtime of its own. Time
//! comes from the caller alone; due times, the server's renewal windows (RFC 9773) and failures are kept in `renew.json`, so
//! that a restart changes nothing.
//!
//! This room prints nothing and asks nobody: it uses a [`Caller`].

mod account;
mod ari;
mod authorization;
mod caller;
pub mod challenge;
mod current;
mod download;
mod due;
mod error;
mod http;
mod names;
mod obtain;
mod open_order;
mod order_driver;
mod pem_files;
mod plan;
mod protocol_error;
mod rehearsal;
mod remark;
mod renewal_pause;
mod renewer;
mod retry;
mod revoke;
mod server;
mod signed;
mod signing_request;
pub mod storage;
pub mod timer;
mod transport_error;

pub use self::account::{AccountView, deactivate, roll_over, show, update};
pub use self::caller::{Caller, Candidate, Progress};
pub use self::current::CurrentCertificate;
pub use self::due::Due;
pub use self::error::{Error, FailedValidation};
pub use self::names::certificate_name;
#[cfg(feature = "internals")]
pub use self::obtain::Obtained;
pub use self::obtain::{Prepared, prepare};
pub use self::plan::{ExternalAccount, LETS_ENCRYPT, LETS_ENCRYPT_STAGING, Plan};
pub use self::protocol_error::ProtocolError;
pub use self::rehearsal::{Rehearsal, rehearse};
pub use self::remark::Remark;
pub use self::renewer::{FailedRenewal, RenewalOutcome, Renewer, Urgency};
pub use self::revoke::{RevocationReason, SignedBy, revoke};
