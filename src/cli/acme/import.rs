//! `certkit acme import`.

use std::path::PathBuf;

use clap::Args;

use super::challenge::ChallengeArgs;
use super::dns::DnsArgs;
use super::state::StateArgs;

/// Take over accounts and certificates of certbot, lego or acme.sh.
///
/// DIR is the other client's folder, as /etc/letsencrypt, ~/.lego or ~/.acme.sh. Accounts, certificates, keys and
/// settings are copied, and the report says what certkit does not do. No server is asked, and nothing in DIR is changed:
/// stop the other client's timer, and point your servers to the files in STATE/live.
#[derive(Args, Debug)]
#[command(after_help = IMPORT_HELP)]
pub struct ImportArgs {
    /// The other client's folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// How to prove the names from now on.
    #[command(flatten)]
    pub challenge: ChallengeArgs,
    /// What some of the challenges by DNS need.
    #[command(flatten)]
    pub dns: DnsArgs,
    /// Address of the ACME server's directory, where the other client does not keep it: lego at a private server
    #[arg(long, value_name = "URL", help_heading = "Server")]
    pub server: Option<String>,
    /// Trust these CA certificates for the ACME server itself, instead of the system's
    #[arg(long, value_name = "FILE", help_heading = "Server")]
    pub ca_roots: Option<PathBuf>,
    /// Run this shell command after each new certificate, instead of the other client's hooks
    #[arg(long, visible_alias = "exec", value_name = "CMD")]
    pub deploy_hook: Option<String>,
    /// Say what would be taken over, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Where accounts, orders and certificates are kept.
    #[command(flatten)]
    pub state: StateArgs,
}

const IMPORT_HELP: &str = "\
EXAMPLES
  certkit acme import /etc/letsencrypt --dry-run
  certkit acme import /etc/letsencrypt
  certkit acme import /etc/letsencrypt --webroot /var/www/html \\
      --deploy-hook 'systemctl reload nginx'       instead of certbot's plugin for nginx
  certkit acme import ~/.lego --http               lego keeps no challenge
  certkit acme import ~/.acme.sh

EXIT STATUS
  0   everything is taken over, or is here already; warnings name settings that are not
  1   a certificate or an account is left out; the others are taken over
  2   the folder is of no client that certkit knows, or cannot be read";
