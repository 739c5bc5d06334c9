//! `certkit list` and `certkit export`: what the CA's ledger remembers.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use crate::x509::RenewalPolicy;

/// List the certificates of your CA, those that expire first on top.
///
/// The list comes from the CA's ledger, so it has certificates whose file is gone too. Without an
/// option, certificates that are expired or revoked are only counted. With NAME or SERIAL, every
/// certificate that it fits is described: its files, its key, what asked for it.
#[derive(Args, Debug)]
#[command(after_help = AFTER_LIST)]
pub struct CaListArgs {
    /// A name, or a serial number with or without colons
    #[arg(value_name = "NAME|SERIAL")]
    pub which: Option<String>,
    /// Only those with this much or less left: a share of the lifetime (33%) or a number of days
    /// (30d)
    #[arg(long, value_name = "LEFT", value_parser = RenewalPolicy::from_str)]
    pub expiring: Option<RenewalPolicy>,
    /// Only those that were revoked
    #[arg(long, conflicts_with = "expiring")]
    pub revoked: bool,
    /// Also those that are expired or revoked
    #[arg(long, conflicts_with = "revoked")]
    pub all: bool,
    /// Whose ledger.
    #[command(flatten)]
    pub source: LedgerArgs,
}

/// Write a certificate from the CA's ledger again, for example when its file is lost.
///
/// The ledger keeps every certificate, but no private key: that is where it was written, and the
/// report names its file.
#[derive(Args, Debug)]
#[command(after_help = AFTER_EXPORT)]
pub struct CaExportArgs {
    /// A serial number with or without colons, or a name that one valid certificate has
    #[arg(value_name = "SERIAL|NAME")]
    pub which: String,
    /// Output file; - is standard output [default: -]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<String>,
    /// Add the intermediates, as a server sends them
    #[arg(long)]
    pub chain: bool,
    /// Replace an existing file
    #[arg(long)]
    pub force: bool,
    /// Whose ledger.
    #[command(flatten)]
    pub source: LedgerArgs,
}

/// The ledger to read. By default it is looked for in $CERTKIT_CA_DIR, the current folder and
/// $XDG_DATA_HOME/certkit. No key is needed.
#[derive(Args, Debug)]
pub struct LedgerArgs {
    /// The CA's certificate: only what this CA issued
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// The ledger [default: ledger.jsonl next to the CA]
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
}

const AFTER_LIST: &str = "\
EXAMPLES
  certkit list                      what is valid, and for how long
  certkit list --expiring 30d       what ends within 30 days
  certkit list www.test.example     every certificate for a name, with its files
  certkit list --revoked            what is on the revocation list
  certkit list --format json        for scripts; docs/json.md describes every field

EXIT STATUS
  0  the list was printed, also when it is empty
  2  there is no CA, its ledger cannot be read, or nothing fits NAME|SERIAL";

const AFTER_EXPORT: &str = "\
EXAMPLES
  certkit export www.test.example -o server.crt           the certificate alone
  certkit export 4f:0a:9c:31 --chain -o fullchain.pem     with its intermediates
  certkit export www.test.example | certkit show -        look at it

EXIT STATUS
  0  the certificate was written
  2  the ledger has no such certificate or several, or the file exists already";
