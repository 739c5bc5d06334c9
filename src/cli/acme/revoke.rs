//! `certkit acme revoke`.

use clap::Args;

use crate::acme::RevocationReason;

use super::state::StateArgs;

/// Revoke a certificate.
///
/// It will not be renewed. Run `certkit acme obtain` to get another one.
#[derive(Args, Debug)]
#[command(after_help = REVOKE_HELP)]
pub struct AcmeRevokeArgs {
    /// The certificate, by its first name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Reason, by its RFC 5280 name or number, such as keyCompromise or 1
    #[arg(long, value_name = "REASON", value_parser = str::parse::<RevocationReason>)]
    pub reason: Option<RevocationReason>,
    /// Sign with the certificate's own key, for example if another account ordered it
    #[arg(long)]
    pub with_certificate_key: bool,
    /// Where accounts, orders and certificates are kept.
    #[command(flatten)]
    pub state: StateArgs,
}

const REVOKE_HELP: &str = "\
EXAMPLES
  certkit acme revoke www.example.com
  certkit acme revoke www.example.com \\
      --reason keyCompromise --with-certificate-key

EXIT STATUS
  0   it is revoked
  1   the server refused
  2   the certificate or account does not exist, or the state cannot be read
  75  try later: the server is unreachable or limits the rate";
