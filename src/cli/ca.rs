//! `certkit ca` and its subcommands.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use time::Duration;

use super::addresses::AddressArgs;
use super::mkcert::CaArgs;
use crate::ca::{Constraint, End, InvalidLength};
use crate::ca_server::{ListenAddress, PublicName};

/// Run your CA as a service.
#[derive(Args, Debug)]
pub struct CaServiceArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CaServiceCommand,
}

/// The subcommands of `ca`.
#[derive(Debug, Subcommand)]
pub enum CaServiceCommand {
    Serve(Box<CaServeArgs>),
}

/// Run an ACME server that issues certificates from your CA.
///
/// ACME clients (certkit acme obtain, certkit serve --acme, certbot, lego, Caddy, Traefik) get, renew
/// and revoke certificates by themselves, after http-01, tls-alpn-01 or dns-01 has shown that the
/// name is theirs. Every certificate is entered in the CA's ledger before its client gets it.
/// The server's own certificate comes from the CA too and is kept in memory.
#[derive(Args, Debug)]
#[command(after_help = SERVE_HELP)]
pub struct CaServeArgs {
    /// Listen here: https:ADDRESS:PORT, * for all addresses; may be repeated. http:ADDRESS:PORT has
    /// the revocation list at /ca.crl and nothing else
    #[arg(long, value_name = "ADDR", default_value = "https:127.0.0.1:8444")]
    pub listen: Vec<ListenAddress>,
    /// Name by which clients reach this server, with the port where another one is mapped to that of
    /// --listen; may be repeated [default: localhost and the address of --listen]
    #[arg(long, value_name = "HOST[:PORT]")]
    pub name: Vec<PublicName>,
    /// Issue for names in this domain only, or connect to addresses of this range only (CIDR); may
    /// be repeated [default: every name, loopback and private addresses]
    #[arg(long, value_name = "DOMAIN|CIDR", value_parser = constraint)]
    pub allow: Vec<Constraint>,
    /// Require an external account (EAB): each line of FILE has a key identifier and its MAC key in
    /// base64url
    #[arg(long, value_name = "FILE")]
    pub eab_file: Option<PathBuf>,
    /// How long certificates are valid: days, or hours as 8h; never longer than the CA
    #[arg(long, value_name = "DAYS", default_value = "90", value_parser = validity)]
    pub days: Duration,
    /// What certificates name.
    #[command(flatten)]
    pub addresses: AddressArgs,
    /// Days until the next revocation list is due
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub crl_days: u32,
    /// Orders of one account in an hour; a tenth of it for one name, for failed validations of a name
    /// and for new accounts from one address
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_limit: u32,
    /// Folder of accounts and orders [default: acme-server next to the CA]
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Name server that validations ask, instead of the system's
    #[arg(long, value_name = "ADDRESS:PORT", help_heading = "Validation")]
    pub dns: Option<SocketAddr>,
    /// Port that http-01 connects to
    #[arg(long, value_name = "PORT", default_value_t = 80, help_heading = "Validation")]
    pub http_01_port: u16,
    /// Port that tls-alpn-01 connects to
    #[arg(long, value_name = "PORT", default_value_t = 443, help_heading = "Validation")]
    pub tls_alpn_01_port: u16,
    /// The CA to sign with.
    #[command(flatten)]
    pub ca: CaArgs,
}

fn constraint(text: &str) -> Result<Constraint, String> {
    Constraint::parse(text).map_err(|error| error.reason.to_owned())
}

fn validity(text: &str) -> Result<Duration, InvalidLength> {
    text.parse::<End>()?.length().ok_or(InvalidLength)
}

const SERVE_HELP: &str = "\
EXAMPLES
  certkit ca serve                                   for this machine
  certkit ca serve --listen https:*:8444 --name ca.corp.test --allow corp.test
                                                     for the machines of corp.test
  certkit ca serve --days 8h                         certificates that need no revocation
  certkit ca serve --allow 10.20.0.0/16 --eab-file accounts.txt
                                                     for those who have an account

EXIT STATUS
  0  stopped by TERM or INT
  2  it could not start: no CA, an address in use, a state that cannot be read";
