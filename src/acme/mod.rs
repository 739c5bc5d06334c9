//! Certificates from an ACME server (RFC 8555), Let's Encrypt or another: account, order, challenge, state on disk.
//!
//! [`prepare`] looks at the state on disk and, when a certificate is needed, takes its lock and makes the challenge's
//! solver ready; [`Issuance::run`](life::obtain::Issuance::run) then talks to the server. Between the two nothing has been ordered, so that a taken port
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
//!
//! The files, from the wire upwards:
//!
//! | what | where |
//! |---|---|
//! | what a server's answer can be, and what a call can end with | `reply` |
//! | the certificate that is wanted, and the server | `plan` |
//! | what is kept on disk | [`storage`] |
//! | requests to a server, and who we are there | `client` |
//! | the proof that a name is ours | [`challenge`], `proof` |
//! | commands of the user around an order | `hooks` |
//! | one order | `order` |
//! | a certificate in use, and the years after | `life` |
//! | what other clients left | [`import`] |
//!
//! Each uses only those above it.

mod caller;
pub mod challenge;
mod client;
mod error;
mod hooks;
pub mod import;
mod life;
mod order;
mod plan;
mod proof;
mod remark;
mod reply;
pub mod storage;

pub use self::caller::{Caller, Candidate, Progress};
pub use self::client::account::{AccountView, deactivate, open_account, roll_over, show, update};
pub use self::client::connections::Connections;
pub use self::error::{Error, FailedValidation};
pub use self::life::current::CurrentCertificate;
pub use self::life::delete::{DeletedCertificate, delete, look_up};
pub use self::life::due::Due;
#[cfg(feature = "internals")]
pub use self::life::obtain::Obtained;
pub use self::life::obtain::{Prepared, prepare};
pub use self::life::rehearsal::{Rehearsal, rehearse};
pub use self::life::renewer::{FailedRenewal, RenewalOutcome, Renewer, Urgency};
pub use self::life::revoke::{RevocationReason, SignedBy, revoke};
pub use self::order::next_key::tlsa_records;
pub use self::order::stop::{end_orders, end_orders_on_signals, orders_ended};
pub use self::plan::given_request::GivenRequest;
pub use self::plan::life_settings::{KeyRotation, LifeSettings};
pub use self::plan::names::{certificate_name, check_public_name};
pub use self::plan::public_server::{LETS_ENCRYPT, LETS_ENCRYPT_STAGING, PublicServer};
pub use self::plan::{ExternalAccount, Plan};
pub use self::proof::persistent::{WantedRecord, wanted_records};
pub use self::remark::Remark;
pub use self::reply::protocol_error::ProtocolError;
