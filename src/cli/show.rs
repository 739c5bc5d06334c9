//! `certkit show`.

use std::path::PathBuf;

use clap::Args;
use time::OffsetDateTime;

use super::LiveArgs;

/// Describe a file (certificate, key, request, revocation list, PKCS#7, PKCS#12) or what a running server sends.
///
/// Several certificates are drawn as a tree, each below the one that signed it. Of a private key only its kind and the
/// fingerprint of its public key are shown.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct ShowArgs {
    /// The file, in any form (- is standard input), or a running server: HOST:PORT or https://...
    #[arg(value_name = "FILE|HOST:PORT|URL")]
    pub file: String,
    /// The password of a PKCS#12 file or an encrypted key: the first line of this file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// The name to ask the server for, if it is not the HOST of HOST:PORT
    #[arg(long, value_name = "NAME", help_heading = "Servers")]
    pub host: Option<String>,
    /// How to ask a server.
    #[command(flatten)]
    pub live: LiveArgs,
    /// Count the days left from this time (RFC 3339, such as 2026-11-20T12:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = super::check::time_argument)]
    pub at: Option<OffsetDateTime>,
}

const AFTER_HELP: &str = "\
EXAMPLES
  certkit show server.crt
  certkit show site.pfx --password-file pw
  certkit show server.key                    kind, and fingerprint of the public key
  certkit show chain.pem --format json
  certkit show www.example.com:443           the chain that the server sends
  certkit show db.example.com: --starttls postgres

EXIT STATUS
  0  shown
  1  something in the file is damaged; the rest was shown
  2  the file cannot be read, or the server cannot be reached";
