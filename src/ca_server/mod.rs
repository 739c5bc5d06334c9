//! An ACME server for one's own CA: `certkit ca serve`.
//!
//! ```text
//! listener ──> service ──> acme_server::Core ──> validation (http-01, tls-alpn-01, dns-01)
//!                │             │
//!                │             └──> state file: accounts and orders
//!                └──> registrar: the one thread that signs, and writes the ledger
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | `settings`, `listen_address`, `public_name` | what users choose |
//! | `server` | start, run, stop |
//! | `listener`, `client_limit`, `service` | connections, TLS and HTTP |
//! | `state`, `state_file` | the protocol's state, and the file that outlives the process |
//! | `ledger_watch` | what the operator does beside the running server |
//! | `registrar` | certificates, revocations and lists: first on disk, then to clients |
//! | `own_certificate` | the certificate of the server itself |
//! | `validation` | requests to those who ask, within `--allow` |

mod client_limit;
mod error;
mod ledger_watch;
mod listen_address;
mod listener;
mod own_certificate;
mod public_name;
mod registrar;
mod server;
mod service;
mod settings;
mod state;
mod state_file;
mod validation;

pub use self::error::Error;
pub use self::listen_address::ListenAddress;
pub use self::public_name::PublicName;
pub use self::registrar::CaFiles;
pub use self::server::Server;
pub use self::settings::{ChallengeSettings, IssuanceSettings, Log, Settings};
