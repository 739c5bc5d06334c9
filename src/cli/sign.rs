//! `certkit sign`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use time::OffsetDateTime;

use super::addresses::AddressArgs;
use super::mkcert::{CaArgs, end};
use crate::ca::End;

/// Sign a certificate signing request with your CA.
///
/// Names and key come from the request, after its signature by that key was verified. Everything
/// else is certkit's own profile: a request for a CA becomes one only with --profile ca. With an intermediate CA, the
/// full chain for servers is written too: server.csr gives server.crt and server.fullchain.pem.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct SignArgs {
    /// The request, in any form; - is standard input
    #[arg(value_name = "CSR")]
    pub request: String,
    /// Certify this name too, in addition to those in the request; may be repeated
    #[arg(long, value_name = "NAME")]
    pub san: Vec<String>,
    /// What the certificate is for
    #[arg(long, value_enum, default_value_t, value_name = "PROFILE")]
    pub profile: SignProfile,
    /// Days until the certificate expires, or hours (8h); never later than its CA [default: 397, for a
    /// CA 3650]
    #[arg(long, value_name = "DAYS", value_parser = End::from_str)]
    pub days: Option<End>,
    /// Day or time at which the certificate expires: 2027-01-31 or 2027-01-31T12:00:00Z
    #[arg(long, value_name = "DATE", conflicts_with = "days", value_parser = end)]
    pub until: Option<OffsetDateTime>,
    /// What the certificate names.
    #[command(flatten)]
    pub addresses: AddressArgs,
    /// The CA to sign with.
    #[command(flatten)]
    pub ca: CaArgs,
    /// Output file; - is standard output [default: the request's name with .crt, or standard
    /// output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace existing files, and allow more than 825 days
    #[arg(long)]
    pub force: bool,
}

/// The purpose of a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SignProfile {
    /// A server.
    #[default]
    Server,
    /// Client authentication.
    Client,
    /// A CA below yours that signs server and client certificates.
    Ca,
}

const AFTER_HELP: &str = "\
EXAMPLES
  certkit sign server.csr                           server.crt
  certkit sign old.csr --san www.test.example       for a request with its name in the CN only
  ssh host cat r.csr | certkit sign - > host.crt    from standard input to standard output
  certkit sign team.csr --profile ca                a CA below yours

EXIT STATUS
  0  the certificate was signed
  1  the request was refused: its signature, its names or its key
  2  it cannot be read, there is no CA, or a file exists already; nothing was changed";
