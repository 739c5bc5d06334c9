//! `certkit renew`.

use std::str::FromStr;

use clap::Args;

use super::mkcert::CaArgs;
use crate::x509::RenewalPolicy;

/// Renew certificates of your CA: same names, same key, a new validity of the same length.
///
/// Without FILE, every certificate in the CA's ledger that still exists is checked, and those in
/// the last third of their lifetime are renewed. A certificate is replaced in one step, so a server
/// never reads half a file.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct RenewArgs {
    /// Certificates to renew
    #[arg(value_name = "FILE")]
    pub files: Vec<String>,
    /// Renew only if this much or less is left: a share of the lifetime (33%) or a number of days
    /// (30d)
    #[arg(long, value_name = "LEFT", value_parser = RenewalPolicy::from_str)]
    pub if_within: Option<RenewalPolicy>,
    /// Make new keys too; the .key next to the .crt is replaced, and the old one is kept as .bak
    #[arg(long)]
    pub rekey: bool,
    /// Run this shell command after something was renewed. CERTKIT_RENEWED holds the files, one per
    /// line
    #[arg(long, visible_alias = "exec", value_name = "CMD")]
    pub deploy_hook: Option<String>,
    /// Exit with this status if something was renewed
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub exit_code_if_renewed: u8,
    /// The CA that issued them.
    #[command(flatten)]
    pub ca: CaArgs,
}

const AFTER_HELP: &str = "\
EXAMPLES
  certkit renew server.crt                                      now
  certkit renew --deploy-hook 'systemctl reload nginx'          all that are due, for a timer
  certkit renew server.crt --if-within 30d --exit-code-if-renewed 10

EXIT STATUS
  0  renewed, or nothing was due (see --exit-code-if-renewed)
  2  a certificate could not be renewed; the others were
  3  renewed, but --deploy-hook failed";
