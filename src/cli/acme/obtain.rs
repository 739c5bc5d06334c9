//! `certkit acme obtain`.

use std::path::PathBuf;

use clap::Args;

use crate::x509::KeyKind;

use super::challenge::ChallengeArgs;
use super::dns::DnsArgs;
use super::dns_account::DnsAccountArgs;
use super::life::LifeArgs;
use super::new_account::NewAccountArgs;
use super::state::StateArgs;

/// Get a certificate, unless the current one is still valid.
///
/// The files are STATE/live/NAME/{privkey,cert,chain,fullchain}.pem. NAME is the first name. STATE is
/// /var/lib/certkit for root, else $XDG_STATE_HOME/certkit. Nothing is done and no server is contacted
/// if there is a certificate with the same names, server and kind of key and more than a third of its
/// lifetime left. An interrupted run is continued by the next one.
///
/// Challenge, profile, chain, deploy hook, key group and CA roots that you leave out keep their value;
/// an empty value removes one. Without an earlier value the challenge is --http.
#[derive(Args, Debug)]
#[command(after_help = OBTAIN_HELP)]
pub struct ObtainArgs {
    /// DNS names, wildcards or IP addresses of one certificate, which is named after the first
    #[arg(value_name = "NAME", required_unless_present = "csr")]
    pub names: Vec<String>,
    /// Take names and key from this certificate signing request, PEM or DER; - is standard input. The private key stays
    /// where it is: certkit writes certificate and chain only, and renews with the same request
    #[arg(long, value_name = "FILE", conflicts_with_all = ["names", "key_kind", "key_group", "reuse_key", "prepare_key"])]
    pub csr: Option<String>,
    /// How to prove that the names are yours.
    #[command(flatten)]
    pub challenge: ChallengeArgs,
    /// Which name the record of a DNS challenge has.
    #[command(flatten)]
    pub dns_account: DnsAccountArgs,
    /// How dns-01 is answered.
    #[command(flatten)]
    pub dns: DnsArgs,
    /// The ACME server: letsencrypt (the default), letsencrypt-staging, zerossl, google, or the address of
    /// a directory. Given twice, the second one is used after the first has failed for a day
    #[arg(long, value_name = "SERVER", help_heading = "Server")]
    pub server: Vec<String>,
    /// Use Let's Encrypt's test server, which has high limits and issues certificates that no client trusts
    #[arg(long, conflicts_with = "server", help_heading = "Server")]
    pub staging: bool,
    /// Trust these CA certificates for the ACME server itself, instead of the system's
    #[arg(long, value_name = "FILE", help_heading = "Server")]
    pub ca_roots: Option<PathBuf>,
    /// What a new account needs.
    #[command(flatten)]
    pub account: NewAccountArgs,
    /// Key type
    #[arg(short, long = "key-type", value_name = "KIND", value_parser = crate::cli::mkcert::key_kind(), default_value = "p256")]
    pub key_kind: KeyKind,
    /// Certificate profile, by the server's name for it, such as shortlived
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Choose the chain that leads to the root with this common name, if the server offers several
    #[arg(long, value_name = "CN")]
    pub preferred_chain: Option<String>,
    /// Run this shell command after a new certificate is in place, for five minutes at most. It gets
    /// CERTKIT_NAME, CERTKIT_NAMES, CERTKIT_FULLCHAIN, CERTKIT_KEY, CERTKIT_CERT and CERTKIT_CHAIN
    #[arg(long, visible_alias = "exec", value_name = "CMD")]
    pub deploy_hook: Option<String>,
    /// Commands around an order, and the key.
    #[command(flatten)]
    pub life: LifeArgs,
    /// Let this group, a name or a number, read the private key
    #[arg(long, value_name = "GROUP")]
    pub key_group: Option<String>,
    /// Where accounts, orders and certificates are kept.
    #[command(flatten)]
    pub state: StateArgs,
    /// Try everything, keep nothing. Let's Encrypt: on its test server. Other servers: up to the validation
    #[arg(long)]
    pub dry_run: bool,
    /// Get a new certificate even if the current one is still valid or the server's limits may be reached
    #[arg(long)]
    pub force: bool,
}

const OBTAIN_HELP: &str = "\
EXAMPLES
  certkit acme obtain www.example.com --http                  port 80 must be reachable from the internet
  certkit acme obtain www.example.com example.com --http      two names, one certificate
  certkit acme obtain www.example.com --http --staging        a test outside the rate limits
  certkit acme obtain www.example.com --http=127.0.0.1:5002   behind a server that forwards /.well-known/acme-challenge/
  certkit acme obtain www.example.com --webroot /var/www/html  with a running web server
  certkit acme obtain example.com '*.example.com' \\
      --dns-hook /usr/local/bin/dns-hook
  certkit acme obtain example.com '*.example.com' \\
      --dns cloudflare --dns-credentials dns.toml
  certkit acme obtain a.test --http \\
      --server https://ca.test/dir --ca-roots ca.pem
  certkit acme obtain www.example.com --webroot /var/www/html \\
      --deploy-hook 'systemctl reload nginx'                  nginx loads each new certificate at once
  certkit acme obtain --csr server.csr --webroot /var/www/html  the key is elsewhere
  certkit acme obtain www.example.com --dry-run               tries everything, keeps nothing

HOOKS FOR OTHER CLIENTS
  --dns-hook lego:PROG              called as lego's provider exec calls it
  --dns-hook httpreq:URL            receives what lego's provider httpreq sends
  --dns-hook acmesh:dns_NAME        a script of the acme.sh in $LE_WORKING_DIR or ~/.acme.sh, or its path
  --dns-hook certbot:AUTH,CLEANUP   called as certbot calls --manual-auth-hook and --manual-cleanup-hook
  --dns-credentials FILE            variables for any of them; NAME_file = \"PATH\" reads a value from a file

FILE OF --dns-credentials WITH --dns
  api_token = \"VALUE\"           what `certkit acme dns-providers PROVIDER` lists; chmod 600

FILE OF --rfc2136
  server = \"ns1.example.com\"    receives the updates: HOST, HOST:PORT or [ADDRESS]:PORT
  key_name = \"acme\"
  secret = \"base64\"             or secret_file = \"PATH\", a file that holds it
  algorithm = \"hmac-sha256\"     or hmac-sha384, hmac-sha512; optional, like the rest
  zone = \"example.com\"          default: asks the server
  resolver = \"127.0.0.1\"        follows CNAMEs into other zones
  wait_seconds = 120            how long to wait for all name servers of the zone

EXIT STATUS
  0   the certificate is in place
  1   the validation failed, or the server refused; the report says why
  2   wrong usage, the port is in use, no consent to the terms; nothing was ordered
  3   the certificate is in place, but the deploy hook failed; the same command repeats the hook
  75  try later: the server is unreachable or limits the rate; the same command continues";
