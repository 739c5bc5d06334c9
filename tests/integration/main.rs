//! Everything that is tested from outside: the built program on real files, beside real peers.
//!
//! One binary, so that it links once and shares its harness. Every test has its own folder and a clean environment
//! ([`harness::Test`]); every process it starts is ended by its id ([`process::Process`]); a peer that is not
//! installed skips its tests aloud, or fails them under `CERTKIT_REQUIRE_PEERS=1` ([`peers`]), which `make test` sets.

#![allow(
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise and says so on standard error"
)]

mod acme;
mod acme_ari;
mod acme_faults;
mod acme_front;
mod acme_hostile;
mod acme_killed;
mod acme_life;
mod acme_machine;
mod acme_renew;
mod acme_renew_faults;
mod acme_solvers;
mod architecture;
mod bad_input;
mod ca_consumers;
mod ca_foreign;
mod ca_options;
mod check;
mod check_batch;
mod command_line;
mod completions;
mod convert;
mod curl;
mod disk;
mod fronts;
mod gateway;
mod harness;
mod hosts;
mod issue;
mod json;
mod key;
mod ledger;
mod limbo;
mod live;
mod live_front;
mod live_starttls;
mod merge;
mod named;
mod pebble;
mod peers;
mod printed;
mod process;
mod read;
mod readme;
mod serve_acme;
mod serve_applications;
mod serve_beside;
mod serve_beside_uwsgi;
mod serve_client_auth;
mod serve_clients;
mod serve_edge;
mod serve_emperor;
mod serve_faults;
mod serve_files;
mod serve_front;
mod serve_hooks;
mod serve_life;
mod serve_logs;
mod serve_mounts;
mod serve_option_files;
mod serve_options;
mod serve_privileges;
mod serve_process;
mod serve_settings;
mod serve_slow;
mod serve_soak;
mod serve_start;
mod serve_stats;
mod serve_survives;
mod serve_systemd;
mod serve_targets;
mod serve_wsgi;
mod show;
mod sign;
/// The same as for the unit tests.
#[path = "../../src/sys/testing.rs"]
mod testing;
mod trust;
mod upstreams;
mod words;
