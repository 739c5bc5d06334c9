//! `certkit renew`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use super::mkcert::CaArgs;
use super::renew_timer::RenewTimerArgs;
use crate::x509::RenewalPolicy;

/// Renew certificates of your CA: same names, same key, a new validity of the same length.
///
/// Without FILE, every certificate in the CA's ledger that still exists is checked, and those in
/// the last third of their lifetime are renewed. Files beside a certificate that hold it too (chain,
/// PKCS#12, certificate and key in one) are renewed as one with it. A certificate is replaced in one
/// step, so a server never reads half a file.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct RenewArgs {
    /// Certificates to renew
    #[arg(value_name = "FILE")]
    pub files: Vec<String>,
    /// Renew only if this much or less is left: a share of the lifetime (33%), a number of days (30d)
    /// or hours (8h)
    #[arg(long, value_name = "LEFT", value_parser = RenewalPolicy::from_str)]
    pub if_within: Option<RenewalPolicy>,
    /// Make new keys too, in the files of the old ones, which are kept as .bak. A key that is not here,
    /// as after `certkit sign`, stays
    #[arg(long)]
    pub rekey: bool,
    /// File whose first line is the password of encrypted keys (with --rekey) and PKCS#12 files; - is
    /// standard input
    #[arg(long, value_name = "FILE")]
    pub key_password_file: Option<PathBuf>,
    /// Say what would be renewed, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Also make the CA's next revocation list, if there is one that is in the last third of its time
    #[arg(long)]
    pub crl: bool,
    /// A timer that renews by itself.
    #[command(flatten)]
    pub timer: RenewTimerArgs,
    /// Run this shell command after something was renewed. CERTKIT_RENEWED holds the certificates'
    /// files, one per line, and CERTKIT_NOT_RENEWED the files that still hold an old one
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
  certkit renew --dry-run                                       what is due
  certkit renew --install-timer --deploy-hook 'systemctl reload nginx'
  certkit renew server.crt --if-within 30d --exit-code-if-renewed 10

EXIT STATUS
  0  renewed, or nothing was due (see --exit-code-if-renewed)
  2  a certificate could not be renewed, or a file still holds the old one; the others were
  3  renewed, but --deploy-hook failed";
