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
//!
//! The files, from the wire upwards:
//!
//! | what | files |
//! |---|---|
//! | one request, and what it can end with | `address`, `http`, `signed`, `lenient`, `protocol_error`, `transport_error`, `call_error`, `retry` |
//! | the server, and who we are there | `public_server`, `server`, `connections`, `account` |
//! | what is kept | [`storage`], `pem_files` |
//! | the proof that a name is ours | [`challenge`], `persistent`, `presenting`, `self_test`, `reserved_address`, `challenge_setup` |
//! | one order | `names`, `plan`, `life_settings`, `key_kinds`, `next_key`, `budget`, `signing_request`, `order`, `open_order`, `authorization`, `download`, `order_driver` |
//! | a certificate in use | `current`, `due`, `run_hooks`, `stop`, `remark`, `obtain`, `rehearsal` |
//! | the years after | `ari`, `renewal_pause`, `fallback`, `failure_hook`, `renewer`, `revoke`, `delete`, [`import`] |

mod account;
mod address;
mod ari;
mod authorization;
mod budget;
mod call_error;
mod caller;
pub mod challenge;
mod challenge_setup;
mod connections;
mod current;
mod delete;
mod download;
mod due;
mod error;
mod failure_hook;
mod fallback;
mod http;
pub mod import;
mod key_kinds;
mod lenient;
mod life_settings;
mod names;
mod next_key;
mod obtain;
mod open_order;
mod order;
mod order_driver;
mod pem_files;
mod persistent;
mod plan;
mod presenting;
mod protocol_error;
mod public_server;
mod rehearsal;
mod remark;
mod renewal_pause;
mod renewer;
mod reserved_address;
mod retry;
mod revoke;
mod run_hooks;
mod self_test;
mod server;
mod signed;
mod signing_request;
mod stop;
pub mod storage;
mod transport_error;

pub use self::account::{AccountView, deactivate, open_account, roll_over, show, update};
pub use self::caller::{Caller, Candidate, Progress};
pub use self::connections::Connections;
pub use self::current::CurrentCertificate;
pub use self::delete::{DeletedCertificate, delete, look_up};
pub use self::due::Due;
pub use self::error::{Error, FailedValidation};
pub use self::life_settings::{KeyRotation, LifeSettings};
pub use self::names::{certificate_name, check_public_name};
pub use self::next_key::tlsa_records;
#[cfg(feature = "internals")]
pub use self::obtain::Obtained;
pub use self::obtain::{Prepared, prepare};
pub use self::persistent::{WantedRecord, wanted_records};
pub use self::plan::{ExternalAccount, Plan};
pub use self::protocol_error::ProtocolError;
pub use self::public_server::{LETS_ENCRYPT, LETS_ENCRYPT_STAGING, PublicServer};
pub use self::rehearsal::{Rehearsal, rehearse};
pub use self::remark::Remark;
pub use self::renewer::{FailedRenewal, RenewalOutcome, Renewer, Urgency};
pub use self::revoke::{RevocationReason, SignedBy, revoke};
pub use self::stop::end_orders_on_signals;
