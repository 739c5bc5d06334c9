//! `certkit sign`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use time::OffsetDateTime;

use super::mkcert::{CaArgs, end};

/// Sign a certificate signing request with your CA.
///
/// Names and key are taken from the request, once it has proved that it was signed by that key. Everything else is
/// what certkit gives every certificate: a request that wants to be a CA becomes one only by --profile ca.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct SignArgs {
    /// The request, in any form; - is standard input
    #[arg(value_name = "CSR")]
    pub request: String,
    /// A name to certify besides those that the request asks for; may be repeated
    #[arg(long, value_name = "NAME")]
    pub san: Vec<String>,
    /// What the certificate is for
    #[arg(long, value_enum, default_value_t, value_name = "PROFILE")]
    pub profile: SignProfile,
    /// Days until the certificate ends; never after its CA [default: 397, for a CA 3650]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36500))]
    pub days: Option<u32>,
    /// The day or time at which the certificate ends, as 2027-01-31 or 2027-01-31T12:00:00Z
    #[arg(long, value_name = "DATE", conflicts_with = "days", value_parser = end)]
    pub until: Option<OffsetDateTime>,
    /// The CA to sign with.
    #[command(flatten)]
    pub ca: CaArgs,
    /// Where to write; - is standard output [default: the request's name with .crt, or standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace existing files, and allow more than 825 days
    #[arg(long)]
    pub force: bool,
}

/// What a certificate is signed for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SignProfile {
    /// A server.
    #[default]
    Server,
    /// A client that shows who it is.
    Client,
    /// A CA below yours, which signs server and client certificates.
    Ca,
}

const AFTER_HELP: &str = "\
EXAMPLES
  certkit sign server.csr                           server.crt
  certkit sign old.csr --san www.test.example       for a request that has its name in the CN only
  ssh host cat r.csr | certkit sign - > host.crt    from standard input to standard output
  certkit sign team.csr --profile ca                a CA below yours

EXIT STATUS
  0  signed
  1  the request is wrong: its signature, its names, its key
  2  it cannot be read, no CA, or a file is in the way; nothing was changed";
