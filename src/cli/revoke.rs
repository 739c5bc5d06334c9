//! `certkit revoke` and `certkit crl`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::mkcert::CaArgs;
use crate::ca::Reason;

/// Revoke a certificate of your CA.
///
/// The revocation is entered into the CA's ledger. Clients learn about it from the next revocation
/// list (certkit crl).
#[derive(Args, Debug)]
#[command(after_help = AFTER_REVOKE)]
pub struct RevokeArgs {
    /// The certificate file
    #[arg(value_name = "CERT")]
    pub certificate: String,
    /// Reason for the revocation
    #[arg(long, value_name = "REASON", value_parser = reason(), default_value = "unspecified", ignore_case = true)]
    pub reason: Reason,
    /// The CA that issued it.
    #[command(flatten)]
    pub ca: CaArgs,
}

/// Make the certificate revocation list (CRL) of your CA.
///
/// It lists the certificates that `certkit revoke` entered into the ledger. Make a new list before
/// the old one expires: clients that require a list refuse every certificate afterwards.
#[derive(Args, Debug)]
#[command(after_help = AFTER_CRL)]
pub struct CrlArgs {
    /// Output file; - is standard output [default: the CA's file with .crl]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Days until the next list is due
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub days: u32,
    /// The CA.
    #[command(flatten)]
    pub ca: CaArgs,
    /// Replace an existing file that is not a list of this CA
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
  certkit crl                                       then make the list

EXIT STATUS
  0  revoked, now or before
  2  it is not a certificate of this CA, or the ledger cannot be written";

const AFTER_CRL: &str = "\
EXAMPLES
  certkit crl                                       ca.crl beside ca.crt
  certkit check server.crt --crl ca.crl             check with the list

EXIT STATUS
  0  the list was made
  2  there is no CA, or a file exists already or cannot be written";
