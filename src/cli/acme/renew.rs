//! `certkit acme renew`.

use clap::Args;

use super::state::StateArgs;

/// Renew the certificates that are due, or those named.
///
/// The server says when a certificate is due (RFC 9773). Otherwise it is due when a third of its
/// lifetime is left. Server, challenge, hook and other settings are those of `certkit acme obtain`.
/// After a failure certkit retries after 1, 5, 15, 30 and 60 minutes, then every hour; earlier runs
/// skip the certificate. A server that asks for a longer pause gets it, up to a tenth of the time that
/// the certificate has left.
#[derive(Args, Debug)]
#[command(after_help = RENEW_HELP)]
pub struct AcmeRenewArgs {
    /// Certificates, by their first names (default: all)
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Also renew certificates that are not due or have just failed
    #[arg(long)]
    pub force: bool,
    /// Ask the server when to renew, even if it asked to wait
    #[arg(long)]
    pub refresh_ari: bool,
    /// Exit with this status instead of 0 if anything was renewed
    #[arg(long, value_name = "N")]
    pub exit_code_if_renewed: Option<u8>,
    /// Where accounts, orders and certificates are kept.
    #[command(flatten)]
    pub state: StateArgs,
}

const RENEW_HELP: &str = "\
EXAMPLES
  certkit acme renew                               all that are due; install-timer does this regularly
  certkit acme renew www.example.com --force       this one, now
  certkit acme renew --exit-code-if-renewed 10     a status for scripts

EXIT STATUS
  0   nothing was due, or everything due is renewed
  1   a renewal failed; the others were tried. In place of 75 too, in the last tenth of a lifetime
  2   wrong usage, or the state cannot be read
  3   all certificates are fine, but a deploy hook failed; the next run repeats only the hook
  75  try later: a server is unreachable or limits the rate, or a certificate failed recently";
