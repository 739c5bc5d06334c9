//! certkit: one program for the whole TLS life of a web application.
//!
//! This is the map of the crate. Data flows one way: `main` parses with [`cli`], hands over to [`commands`], and
//! gives the [`report`] that comes back to [`render`].
//!
//! ```text
//! main ──> cli
//! main ──> commands ──> ca ────┐
//!      │            ├─> container ──> pem
//!      │            ├─> chain ─┼──> x509 ──> pem
//!      │            ├─> acme ──┤
//!      │            ├─> trust ─┤
//!      │            ├─> tls ───┘
//!      │            ├─> config ──> serve::config
//!      │            └─> serve ──> tls, protocol, chain (start-up check only)
//!      └──> render ──> report ──> finding
//! leaves, usable everywhere: finding  report  sys  pem  protocol
//! ```
//!
//! | room | what it does |
//! |---|---|
//! | [`cli`] | the command line as clap structs, and the help text; nothing else |
//! | [`commands`] | one file per subcommand: arguments to a typed request, to a domain call, to a [`report::Report`] |
//! | [`container`] | every form of file (PEM, DER, PKCS#7, PKCS#12, UTF-16) read into the same blocks |
//! | [`pem`] | reading damaged PEM with line numbers, writing clean PEM |
//! | [`x509`] | certificates, private keys, names, validity |
//! | [`ca`] | what to issue and issuing it |
//! | [`chain`] | putting a chain in order, whom to trust, building and judging a path |
//! | [`acme`] | certificates from an ACME server: account, order, challenge, state on disk |
//! | [`tls`] | server-side TLS policy and certificate choice; looking at a live server |
//! | [`protocol`] | pure codecs: HTTP/1.1 guard, CGI variables, uwsgi, marshal |
//! | [`trust`] | the trust stores of this machine: system, NSS, Firefox, Java |
//! | [`config`] | layered settings, `certkit.toml`, uWSGI ini files |
//! | [`serve`] | the HTTPS server and its Python workers |
//! | [`finding`], [`report`] | what was found and done, as data |
//! | [`render`] | findings and reports as text for people or JSON for scripts |
//! | [`sys`] | the clock, files that appear whole or not at all |
//!
//! `tests/integration/architecture.rs` holds the arrows above against every `use crate::` line.

pub mod acme;
pub mod ca;
pub mod chain;
pub mod cli;
pub mod commands;
pub mod config;
pub mod container;
pub mod finding;
pub mod pem;
pub mod protocol;
pub mod render;
pub mod report;
pub mod serve;
pub mod sys;
pub mod tls;
pub mod trust;
pub mod x509;
