//! `certkit revoke` and `certkit crl`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::mkcert::CaArgs;
use crate::ca::Reason;

/// Revoke certificates of your CA.
///
/// The revocation is entered into the CA's ledger. Clients learn about it from the next revocation
/// list (certkit crl).
///
/// A certificate is named by its file, by its serial number, or by a name that it is for, also when
/// its file is gone. With --reason keyCompromise every valid certificate of the same key is revoked,
/// such as those that it was renewed from; of one that was revoked before, for another reason, the
/// reason changes. Other certificates for the same name stay valid and are listed.
#[derive(Args, Debug)]
#[command(after_help = AFTER_REVOKE)]
pub struct RevokeArgs {
    /// The certificate file, serial number (with or without colons), or name
    #[arg(value_name = "FILE|SERIAL|NAME", required_unless_present = "key", conflicts_with = "key")]
    pub certificate: Option<String>,
    /// Revoke every valid certificate of this key: a private key, a public key or a certificate
    #[arg(long, value_name = "FILE")]
    pub key: Option<String>,
    /// If there are several valid certificates for NAME, revoke them all
    #[arg(long)]
    pub all: bool,
    /// Also revoke every valid certificate with the same names
    #[arg(long)]
    pub same_names: bool,
    /// Reason for the revocation
    #[arg(long, value_name = "REASON", value_parser = reason(), default_value = "unspecified", ignore_case = true)]
    pub reason: Reason,
    /// The CA that issued it.
    #[command(flatten)]
    pub ca: CaArgs,
}

/// Make the certificate revocation list (CRL) of your CA.
///
/// It lists the certificates that `certkit revoke` entered into the ledger, and those of the list
/// that is replaced: its number never goes down, and no entry goes before its certificate has
/// expired. Make a new list before the old one expires: clients that require a list refuse every
/// certificate afterwards.
///
/// Under an intermediate CA the file also holds the root's list, which nginx (ssl_crl), HAProxy
/// (crl-file) and Apache (SSLCARevocationFile) require. It is made with the root's key if that is in
/// the same folder; otherwise it is taken from ca.crl.
#[derive(Args, Debug, Default)]
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
  certkit revoke server.crt --reason keyCompromise  every valid certificate of its key
  certkit revoke 4f:0a:9c:31                        by its serial number, which certkit list shows
  certkit revoke www.test.example --all             every valid certificate for a name
  certkit revoke --key server.key                   by its key
  certkit crl                                       then make the list

EXIT STATUS
  0  revoked, now or before
  2  it is not a certificate of this CA, there are several, or the ledger cannot be written";

const AFTER_CRL: &str = "\
EXAMPLES
  certkit crl                                       ca.crl beside ca.crt
  certkit check server.crt --crl ca.crl             check with the list

EXIT STATUS
  0  the list was made
  2  there is no CA, or a file exists already or cannot be written";
