//! certkit: one program for the whole TLS life of a web application.
//!
//! This is the map of the crate. Data flows one way: [`run`] parses with [`cli`], hands over to [`commands`], and
//! gives the [`report`] that comes back to [`render`].
//!
//! | room | what it does |
//! |---|---|
//! | [`cli`] | the command line as clap structs, and the help text; nothing else |
//! | [`commands`] | one file per subcommand: arguments to a typed request, to one verb, to a [`report::Report`] |
//! | [`advice`] | what an error means for the user: code, place, fix, exit status |
//! | [`operands`] | what users name: input files, passwords, output files, the CA, servers |
//! | [`container`] | every form of file (PEM, DER, PKCS#7, PKCS#12, UTF-16) read into the same blocks |
//! | [`der`] | DER read and written, BER made DER, the names of object identifiers |
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
//! Rooms are private; inside them `pub` means that another room uses it, so that the compiler finds what is dead.

mod acme;
mod advice;
mod ca;
mod chain;
mod cli;
mod commands;
mod config;
mod container;
mod der;
mod finding;
mod operands;
mod pem;
mod protocol;
mod render;
mod report;
mod serve;
mod sys;
mod tls;
mod trust;
mod x509;

use std::process::ExitCode;

use clap::Parser;

/// Parses the command line, runs the command, prints its report, and gives the exit status.
pub fn run() -> ExitCode {
    let cli = cli::Cli::parse();
    let report = commands::run(&cli);
    render::report(&report, &cli.global);
    ExitCode::from(report.exit_status())
}

/// What the fuzz targets and the integration tests reach into. No interface: it changes without notice.
#[cfg(feature = "internals")]
#[allow(missing_docs, reason = "the rooms are described above")]
pub mod internals {
    pub mod acme {
        pub use crate::acme::*;
    }
    pub mod chain {
        pub use crate::chain::*;
    }
    pub mod config {
        pub use crate::config::*;
    }
    pub mod container {
        pub use crate::container::*;
    }
    pub mod der {
        pub use crate::der::*;
    }
    pub mod finding {
        pub use crate::finding::*;
    }
    pub mod pem {
        pub use crate::pem::*;
    }
    pub mod protocol {
        pub use crate::protocol::*;
    }
    pub mod sys {
        pub use crate::sys::*;
    }
    pub mod x509 {
        pub use crate::x509::*;
    }
}
