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
mod acme_closed;
mod acme_csr;
mod acme_delete;
mod acme_dns_persist_peer;
mod acme_dns_providers;
mod acme_downloads;
mod acme_fallback;
mod acme_faults;
mod acme_foreign_hooks;
mod acme_front;
mod acme_hooks;
mod acme_hostile;
mod acme_import;
mod acme_import_dns;
mod acme_interrupted;
mod acme_kept_orders;
mod acme_killed;
mod acme_life;
mod acme_machine;
mod acme_on_demand;
mod acme_orders;
mod acme_refusals;
mod acme_renew;
mod acme_renew_faults;
mod acme_replaces;
mod acme_schedule;
mod acme_servers;
mod acme_solvers;
mod acme_year;
mod architecture;
mod bad_input;
mod ca_addresses;
mod ca_consumers;
mod ca_family;
mod ca_foreign;
mod ca_killed;
mod ca_ledger;
mod ca_life;
mod ca_lists;
mod ca_memory;
mod ca_names;
mod ca_options;
mod ca_outputs;
mod ca_printed;
mod ca_reason;
mod ca_renew;
mod ca_renew_timer;
mod ca_renewed;
mod ca_replaced;
mod ca_revocation;
mod ca_rolled_check;
mod ca_rollover;
mod ca_serve;
mod ca_short;
mod check;
mod check_batch;
mod check_inputs;
mod check_printed;
mod clients;
mod command_line;
mod completions;
mod convert;
mod curl;
mod disk;
mod fixes;
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
mod live_beside;
mod live_defects;
mod live_front;
mod live_hostile;
mod live_mends;
mod live_probes;
mod live_starttls;
mod live_verdict;
mod live_weaknesses;
mod merge;
mod named;
mod oracle;
mod pebble;
mod peers;
mod printed;
mod process;
mod read;
mod readme;
mod serve_access;
mod serve_acme;
mod serve_acme_reach;
mod serve_acme_servers;
mod serve_acme_stopped;
mod serve_applications;
mod serve_beside;
mod serve_beside_uwsgi;
mod serve_browser;
mod serve_client_auth;
mod serve_clients;
mod serve_compression;
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
mod serve_out_of_reach;
mod serve_privileges;
mod serve_process;
mod serve_settings;
mod serve_sites;
mod serve_slow;
mod serve_soak;
mod serve_start;
mod serve_stats;
mod serve_survives;
mod serve_systemd;
mod serve_targets;
mod serve_tls;
mod serve_wsgi;
mod servers_compared;
mod show;
mod sign;
/// The same as for the unit tests.
#[path = "../../src/sys/testing.rs"]
mod testing;
mod trust;
mod trust_env;
mod trust_list;
mod upstreams;
mod words;
