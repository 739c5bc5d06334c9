//! `certkit revoke` and `certkit crl`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::mkcert::CaArgs;
use crate::ca::Reason;

/// Revoke a certificate of your CA.
///
/// It is entered into the CA's ledger; clients learn of it by the next revocation list (certkit crl).
#[derive(Args, Debug)]
#[command(after_help = AFTER_REVOKE)]
pub struct RevokeArgs {
    /// The certificate
    #[arg(value_name = "CERT")]
    pub certificate: String,
    /// Why
    #[arg(long, value_name = "REASON", value_parser = reason(), default_value = "unspecified", ignore_case = true)]
    pub reason: Reason,
    /// The CA that issued it.
    #[command(flatten)]
    pub ca: CaArgs,
}

/// Make the revocation list of your CA.
///
/// It holds what certkit revoke entered into the ledger. Make a new one before the old one's --days are over: clients
/// that ask for a list refuse everything when it has ended.
#[derive(Args, Debug)]
#[command(after_help = AFTER_CRL)]
pub struct CrlArgs {
    /// Where to write; - is standard output [default: the CA's file with .crl]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Days until the next list is due
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub days: u32,
    /// The CA.
    #[command(flatten)]
    pub ca: CaArgs,
    /// Replace an existing file that is no list of this CA
    #[arg(long)]
    pub force: bool,
}

fn reason() -> impl TypedValueParser<Value = Reason> {
    PossibleValuesParser::new(Reason::ALL.map(Reason::as_str))
        .map(|word| Reason::from_str(&word).unwrap_or_default()) // only listed words come here
}

const AFTER_REVOKE: &str = "\
EXAMPLES
  certkit revoke server.crt --reason keyCompromise
  certkit crl                                       and then the list

EXIT STATUS
  0  revoked, now or before
  2  it is no certificate of this CA, or the ledger cannot be written";

const AFTER_CRL: &str = "\
EXAMPLES
  certkit crl                                       ca.crl beside ca.crt
  certkit check server.crt --crl ca.crl             what clients then say

EXIT STATUS
  0  made
  2  no CA, or a file is in the way or cannot be written";
