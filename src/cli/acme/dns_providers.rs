//! `certkit acme dns-providers`.

use clap::Args;

/// List the DNS providers that --dns takes, with the fields that each needs in its file of credentials.
///
/// A provider that is not among them works by a hook of another client: see `certkit acme obtain --help`.
#[derive(Args, Debug)]
#[command(after_help = DNS_PROVIDERS_HELP)]
pub struct DnsProvidersArgs {
    /// Only this one
    #[arg(value_name = "PROVIDER")]
    pub provider: Option<String>,
}

const DNS_PROVIDERS_HELP: &str = "\
EXAMPLES
  certkit acme dns-providers
  certkit acme dns-providers cloudflare
  certkit acme dns-providers --format json | \\
      jq -r '.result.providers[].name'

FILE OF CREDENTIALS
  One FIELD = \"VALUE\" per line, readable by its owner only (chmod 600). FIELD_file = \"PATH\" reads a
  value from another file. Fields for all providers: zone, if DNS does not tell the zone's name at the
  provider, and ttl, the seconds that a record lives.

EXIT STATUS
  0   the list is printed
  2   there is no such provider";
