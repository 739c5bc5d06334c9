//! `certkit merge`.

use std::path::PathBuf;

use clap::Args;
use time::OffsetDateTime;

/// Put a server certificate and its CA bundle together, in the right order.
///
/// Reads the files in any order, repairs damaged PEM, and writes chain.pem: the server certificate first, then each
/// issuer in turn, a line break between the blocks, without the root.
///
/// The files may be PEM, DER, PKCS#7 (.p7b) or PKCS#12 (.p12, .pfx). A password comes from --password-file, from the
/// variable CERTKIT_PASSWORD, or from a prompt on the terminal.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct MergeArgs {
    /// Certificate and bundle files, in any order; - is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<String>,
    /// The file to write; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = "chain.pem")]
    pub output: String,
    /// The private key: chooses among several server certificates; it must belong to one of them
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// The password of PKCS#12 files and of the key: the first line of this file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Trust only the roots in this file, instead of the system's and your own CA; may be repeated
    #[arg(long, value_name = "FILE")]
    pub roots: Vec<PathBuf>,
    /// Download a missing intermediate from the address that the certificate names
    #[arg(long)]
    pub fetch: bool,
    /// Keep the root at the end (most servers should not send it)
    #[arg(long)]
    pub include_root: bool,
    /// Check as of this time (RFC 3339, such as 2026-11-20T12:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = super::check::time_argument)]
    pub at: Option<OffsetDateTime>,
    /// Replace an existing file
    #[arg(long)]
    pub force: bool,
}

const AFTER_HELP: &str = "\
EXAMPLES
  certkit merge server.crt ca-bundle.ca            chain.pem from certificate and bundle
  certkit merge *.crt --key server.key             the key chooses the server certificate
  certkit merge server.crt ca-bundle.ca -o -       to standard output
  certkit merge site.pfx --password-file pw        from a file that Windows exported
  certkit merge server.crt --fetch                 downloads the missing intermediate

EXIT STATUS
  0  written
  1  the certificates do not form a chain: no server certificate, several, a missing issuer, another key
  2  a file cannot be read as certificates, or the output file exists; nothing was written";
