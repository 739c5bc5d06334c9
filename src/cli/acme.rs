//! `certkit acme`.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, Subcommand};

use crate::acme::RevocationReason;
use crate::x509::KeyKind;

/// Get certificates from Let's Encrypt or another ACME server.
#[derive(Args, Debug)]
pub struct AcmeArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AcmeCommand,
}

/// The subcommands of `acme`.
#[derive(Debug, Subcommand)]
pub enum AcmeCommand {
    Obtain(Box<ObtainArgs>),
    Renew(AcmeRenewArgs),
    Revoke(AcmeRevokeArgs),
    List(ListArgs),
    Account(AccountArgs),
    InstallTimer(InstallTimerArgs),
}

/// Where the state is.
#[derive(Args, Debug)]
pub struct StateArgs {
    /// Where accounts, orders and certificates are kept
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// How to prove that the names are yours.
#[derive(Args, Debug, Default)]
#[group(multiple = false)]
pub struct ChallengeArgs {
    /// Answer http-01 with certkit's own server (default: port 80 on all addresses, IPv4 and IPv6)
    #[arg(long, value_name = "ADDR", num_args = 0..=1, require_equals = true, default_missing_value = ":80", help_heading = "Challenge")]
    pub http: Option<String>,
    /// Answer http-01 with files below DIR, the root folder of a running web server
    #[arg(long, value_name = "DIR", help_heading = "Challenge")]
    pub webroot: Option<PathBuf>,
    /// Answer tls-alpn-01 with certkit's own TLS listener (default: port 443 on all addresses)
    #[arg(long, value_name = "ADDR", num_args = 0..=1, require_equals = true, default_missing_value = ":443", help_heading = "Challenge")]
    pub tls_alpn: Option<String>,
    /// Answer dns-01 with a program: CMD present|cleanup FQDN VALUE. FQDN is _acme-challenge.NAME. with
    /// a dot at its end. The record must be visible when present returns, within ten minutes. The
    /// program follows CNAMEs itself. No shell is involved
    #[arg(long, value_name = "CMD", help_heading = "Challenge")]
    pub dns_hook: Option<String>,
    /// Answer dns-01 with dynamic updates (RFC 2136). FILE names the server and the key; see below
    #[arg(long, value_name = "FILE", help_heading = "Challenge")]
    pub rfc2136: Option<PathBuf>,
}

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
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// How to prove that the names are yours.
    #[command(flatten)]
    pub challenge: ChallengeArgs,
    /// Address of the ACME server's directory (default: Let's Encrypt)
    #[arg(long, value_name = "URL", help_heading = "Server")]
    pub server: Option<String>,
    /// Use Let's Encrypt's test server, which has high limits and issues certificates that no client trusts
    #[arg(long, conflicts_with = "server", help_heading = "Server")]
    pub staging: bool,
    /// Trust these CA certificates for the ACME server itself, instead of the system's
    #[arg(long, value_name = "FILE", help_heading = "Server")]
    pub ca_roots: Option<PathBuf>,
    /// Agree to the server's terms of service, as a new account requires
    #[arg(long, env = "CERTKIT_AGREE_TOS", value_parser = FalseyValueParser::new(), help_heading = "Account")]
    pub agree_tos: bool,
    /// Mail address for the account
    #[arg(long, value_name = "ADDRESS", help_heading = "Account")]
    pub email: Option<String>,
    /// Key identifier of an external account, for servers that require one
    #[arg(long, value_name = "KID", requires = "eab_hmac_file", help_heading = "Account")]
    pub eab_kid: Option<String>,
    /// File with the secret of the external account, in base64url as the server shows it
    #[arg(long, value_name = "FILE", requires = "eab_kid", help_heading = "Account")]
    pub eab_hmac_file: Option<PathBuf>,
    /// Key type
    #[arg(short, long = "key-type", value_name = "KIND", value_parser = super::mkcert::key_kind(), default_value = "p256")]
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

/// Renew the certificates that are due, or those named.
///
/// The server says when a certificate is due (RFC 9773). Otherwise it is due when a third of its
/// lifetime is left. Server, challenge, hook and other settings are those of `certkit acme obtain`.
/// After a failure certkit retries after 1, 10 and 100 minutes, then daily; earlier runs skip the
/// certificate.
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

/// List the certificates: names, server, days left, next renewal, last failure.
#[derive(Args, Debug)]
#[command(after_help = LIST_HELP)]
pub struct ListArgs {
    /// Where accounts, orders and certificates are kept.
    #[command(flatten)]
    pub state: StateArgs,
}

/// Show, change or close an account at a server.
#[derive(Args, Debug)]
#[command(after_help = ACCOUNT_HELP)]
pub struct AccountArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AccountCommand,
}

/// The subcommands of `acme account`.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Show the account as the server knows it
    #[command(after_help = SHOW_HELP)]
    Show(WhichAccount),
    /// Set the account's mail address
    #[command(after_help = UPDATE_HELP)]
    Update(UpdateArgs),
    /// Replace the account's key
    #[command(after_help = ROLLOVER_HELP)]
    Rollover(WhichAccount),
    /// Close the account for good; the next order makes a new one
    #[command(after_help = DEACTIVATE_HELP)]
    Deactivate(WhichAccount),
}

/// Which account a command is about.
#[derive(Args, Debug)]
pub struct WhichAccount {
    /// Address of the server's directory, if there are accounts at several
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Where accounts, orders and certificates are kept.
    #[command(flatten)]
    pub state: StateArgs,
}

/// Set the account's mail address.
#[derive(Args, Debug)]
pub struct UpdateArgs {
    /// The address; an empty value removes it
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    /// Which account.
    #[command(flatten)]
    pub which: WhichAccount,
}

/// Install a timer that runs `certkit acme renew` twice a day, at times that differ from machine to machine.
///
/// The timer is the system's for root, else the user's. It is not started: certkit prints the commands for that.
#[derive(Args, Debug)]
#[command(after_help = TIMER_HELP)]
pub struct InstallTimerArgs {
    /// The kind of timer.
    #[command(flatten)]
    pub kind: TimerKind,
    /// Print the files instead of writing them
    #[arg(long)]
    pub dry_run: bool,
    /// Write below this folder instead of /, for example for an image
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Replace files that have other contents
    #[arg(long)]
    pub force: bool,
    /// Where accounts, orders and certificates are kept.
    #[command(flatten)]
    pub state: StateArgs,
}

/// The kinds of timers.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct TimerKind {
    /// A systemd timer and its service
    #[arg(long)]
    pub systemd: bool,
    /// A file for /etc/cron.d, or a line for a user's crontab
    #[arg(long)]
    pub cron: bool,
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
  certkit acme obtain a.test --http \\
      --server https://ca.test/dir --ca-roots ca.pem
  certkit acme obtain www.example.com --webroot /var/www/html \\
      --deploy-hook 'systemctl reload nginx'                  nginx loads each new certificate at once
  certkit acme obtain www.example.com --dry-run               tries everything, keeps nothing

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

const RENEW_HELP: &str = "\
EXAMPLES
  certkit acme renew                               all that are due; install-timer does this regularly
  certkit acme renew www.example.com --force       this one, now
  certkit acme renew --exit-code-if-renewed 10     a status for scripts

EXIT STATUS
  0   nothing was due, or everything due is renewed
  1   a renewal failed; the others were tried
  2   wrong usage, or the state cannot be read
  3   all certificates are fine, but a deploy hook failed; the next run repeats only the hook
  75  try later: a server is unreachable or limits the rate, or a certificate failed recently";

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

const LIST_HELP: &str = "\
EXAMPLES
  certkit acme list
  certkit acme list --format json | \\
      jq '.result.certificates[] | select(.days_left < 10).name'

EXIT STATUS
  0   the list is printed, even if it is empty
  2   the state cannot be read";

const ACCOUNT_HELP: &str = "\
EXAMPLES
  certkit acme account show
  certkit acme account update --email admin@example.com
  certkit acme account rollover --server https://ca.test/dir

EXIT STATUS
  0   done
  1   the server refused
  2   the account does not exist, or the state cannot be read
  75  try later: the server is unreachable or limits the rate";

const SHOW_HELP: &str = "\
EXAMPLES
  certkit acme account show
  certkit acme account show --format json | jq -r .result.account

EXIT STATUS
  0   it is shown
  1   the server refused
  2   the account does not exist, or the state cannot be read
  75  try later: the server is unreachable or limits the rate";

const UPDATE_HELP: &str = "\
EXAMPLES
  certkit acme account update --email admin@example.com
  certkit acme account update --email ''              remove the address

EXIT STATUS
  0   the address is set
  1   the server refused
  2   the address is not valid, the account does not exist, or the state cannot be read
  75  try later: the server is unreachable or limits the rate";

const ROLLOVER_HELP: &str = "\
EXAMPLES
  certkit acme account rollover
  certkit acme account rollover --server https://ca.test/dir

EXIT STATUS
  0   the account has a new key
  1   the server refused; the account keeps its key
  2   the account does not exist, or the state cannot be read
  75  try later: the server is unreachable or limits the rate";

const DEACTIVATE_HELP: &str = "\
EXAMPLES
  certkit acme account deactivate
  certkit acme account deactivate --server https://ca.test/dir

EXIT STATUS
  0   the account is closed
  1   the server refused
  2   the account does not exist, or the state cannot be read
  75  try later: the server is unreachable or limits the rate";

const TIMER_HELP: &str = "\
EXAMPLES
  certkit acme install-timer --systemd --dry-run
  certkit acme install-timer --systemd
  certkit acme install-timer --cron

EXIT STATUS
  0   the files are in place
  2   a file has other contents (--force replaces it), or cannot be written";
