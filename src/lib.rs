//! certkit: one program for the whole TLS life of a web application.
//!
//! This is the map of the crate: the rooms, what each does, and which others it may use. Arrows only lead down. A test
//! holds the code against the map and draws it (`make map`) from the table in tests/integration/architecture/rooms.rs.
//!
//! <!-- map -->
//! ```text
//! lib        run: parses the command line, runs the command, prints its report
//!            -> advice cli commands render
//! commands   one file per subcommand: arguments to a typed request, to one verb, to a report
//!            -> acme advice ca ca_server chain cli config console container operands probe serve
//!               sources tls trust x509
//! sources    the running server's certificates: from files, from ACME, made for localhost
//!            -> acme advice ca chain console operands serve tls x509
//! advice     what an error means to the user: code, location, fix, exit status
//!            -> acme ca ca_server chain config container operands probe serve tls trust x509
//! operands   what users name: input files, passwords, output files, the CA, servers
//!            -> acme ca chain cli container probe x509
//! console    what is printed while a command runs: lines, progress, findings, a batch's answers
//!            -> cli render
//! render     reports as text for people or JSON for scripts
//!            -> cli
//! cli        the command line as clap structs, and the help text
//!            -> acme ca ca_server chain config probe x509
//! config     layered settings: certkit.toml, option files of uWSGI
//!            -> serve
//! serve      the HTTPS server and its Python workers
//!            -> tls
//! ca_server  the ACME server of one's own CA: listeners, validations, what is kept, certificates from the CA
//!            -> acme acme_server ca tls x509
//! acme_server the protocol of an ACME server: requests in, replies and effects out
//!            -> ca x509
//! acme       certificates from an ACME server: account, order, challenge, state on disk, timer
//!            -> tls x509
//! probe      looking at a live server: its chain, protocols, cipher suites, headers
//!            -> tls
//! ca         making certificates: profiles, issuing, the ledger, revocation lists
//!            -> chain container x509
//! chain      putting a chain in order, building and judging a path
//!            -> container x509
//! trust      the trust stores of this machine: system, NSS, Firefox, Java
//!            -> x509
//! tls        server-side TLS: policy and choice of certificate
//!            -> x509
//! container  every form of file (PEM, DER, PKCS#7, PKCS#12, UTF-16) read into the same blocks
//! x509       certificates, private keys, names, validity
//!
//! leaves, which every room above may use:
//!
//! report     what a command did and found, as data
//!            -> finding
//! finding    one thing found: code, severity, sentence, location, fix
//! pem        reading damaged PEM with line numbers, writing clean PEM
//! der        reading and writing DER, reading BER, the names of OIDs
//! protocol   pure codecs: HTTP/1.1 and HTTP/2 guards, CGI variables, uwsgi, FastCGI, SCGI, AJP, PROXY, marshal
//! sys        the clock, files that appear whole or not at all, processes
//! ```
//! <!-- end of map -->
//!
//! Rooms are private; inside them `pub` means that another room uses it, so that the compiler finds what is dead.

mod acme;
mod acme_server;
mod advice;
mod ca;
mod ca_server;
mod chain;
mod cli;
mod commands;
mod config;
mod console;
mod container;
mod der;
mod finding;
mod operands;
mod pem;
mod probe;
mod protocol;
mod render;
mod report;
mod serve;
mod sources;
mod sys;
mod tls;
mod trust;
mod x509;

use std::process::ExitCode;

/// Parses the command line, runs the command, prints its report, and gives the exit status.
pub fn run() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    let parsed = match cli::parse(&words) {
        Ok(parsed) => parsed,
        Err(wrong) => return ExitCode::from(not_understood(&wrong)),
    };
    let report = commands::run(&parsed.cli);
    render::report(&parsed.command, &report, &parsed.cli.global);
    ExitCode::from(report.exit_status())
}

/// Says why the command line was not understood, or prints the help that was asked for.
fn not_understood(wrong: &cli::UsageError) -> u8 {
    if wrong.is_json && wrong.error.use_stderr() {
        let report = advice::usage::report(&wrong.command, &wrong.error.to_string());
        render::json(&wrong.command, &report);
        return report.exit_status();
    }
    // A closed pipe ends quietly.
    let _ = wrong.error.print();
    u8::try_from(wrong.error.exit_code()).unwrap_or(2)
}

/// What the fuzz targets and the integration tests reach into. No interface: it changes without notice.
#[cfg(feature = "internals")]
#[allow(missing_docs, reason = "the rooms are described above")]
pub mod internals {
    pub mod acme {
        pub use crate::acme::*;
    }
    pub mod acme_server {
        pub use crate::acme_server::*;
    }
    pub mod ca {
        pub use crate::ca::*;
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
    pub mod serve {
        pub use crate::serve::*;
    }
    pub mod sys {
        pub use crate::sys::*;
    }
    pub mod x509 {
        pub use crate::x509::*;
    }
}
