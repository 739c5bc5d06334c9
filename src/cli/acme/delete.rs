//! `certkit acme delete`.

use clap::Args;

use super::state::StateArgs;

/// Delete a certificate: it is not renewed any more.
///
/// Its files and settings move to STATE/deleted. A server that reads STATE/live/NAME must have another certificate
/// before. Nothing is revoked: for that run `certkit acme revoke` first.
#[derive(Args, Debug)]
#[command(after_help = DELETE_HELP)]
pub struct DeleteArgs {
    /// The certificate, by its first name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Where accounts, orders and certificates are kept.
    #[command(flatten)]
    pub state: StateArgs,
}

const DELETE_HELP: &str = "\
EXAMPLES
  certkit acme delete old.example.com
  certkit acme delete old.example.com --yes        for scripts

EXIT STATUS
  0   it is deleted; the report says where its files are
  2   the certificate does not exist, nobody said yes, or the state cannot be read or written";
