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

/// How to prove that the names are yours; without any of these as before, the first time as with --http.
#[derive(Args, Debug, Default)]
#[group(multiple = false)]
pub struct ChallengeArgs {
    /// Answer http-01 with a server of certkit's own (default: port 80 on all addresses, IPv4 and IPv6)
    #[arg(long, value_name = "ADDR", num_args = 0..=1, require_equals = true, default_missing_value = ":80", help_heading = "Challenge")]
    pub http: Option<String>,
    /// Answer http-01 with files below DIR, the root folder of a web server that runs already
    #[arg(long, value_name = "DIR", help_heading = "Challenge")]
    pub webroot: Option<PathBuf>,
    /// Answer tls-alpn-01 with a TLS listener of certkit's own (default: port 443 on all addresses)
    #[arg(long, value_name = "ADDR", num_args = 0..=1, require_equals = true, default_missing_value = ":443", help_heading = "Challenge")]
    pub tls_alpn: Option<String>,
    /// Answer dns-01 with a program: CMD present|cleanup FQDN VALUE, where FQDN is _acme-challenge.NAME. with its dot
    /// at the end. The record must be visible when present returns, for which it has ten minutes; a CNAME there is for
    /// the program to follow. No shell runs
    #[arg(long, value_name = "CMD", help_heading = "Challenge")]
    pub dns_hook: Option<String>,
    /// Answer dns-01 by dynamic updates (RFC 2136) to the name server that FILE names, signed with its key; see below
    #[arg(long, value_name = "FILE", help_heading = "Challenge")]
    pub rfc2136: Option<PathBuf>,
}

/// Get a certificate, unless the one in use is still good.
///
/// The files are STATE/live/NAME/{privkey,cert,chain,fullchain}.pem, where NAME is the first name and STATE is
/// /var/lib/certkit for root, else $XDG_STATE_HOME/certkit. With the same names, server and kind of key, and more
/// than a third of the lifetime left, nothing is done and nobody is asked. A run that was interrupted is continued
/// by the next.
///
/// What is not said of challenge, profile, chain, deploy hook, key group and CA roots stays as it was said for the
/// certificate in use; an empty word takes it away. The first challenge, if nothing is said, is --http.
#[derive(Args, Debug)]
#[command(after_help = OBTAIN_HELP)]
pub struct ObtainArgs {
    /// DNS names, wildcards or addresses for one certificate; it is filed under the first
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// How to prove that the names are yours.
    #[command(flatten)]
    pub challenge: ChallengeArgs,
    /// Directory address of the ACME server (default: Let's Encrypt)
    #[arg(long, value_name = "URL", help_heading = "Server")]
    pub server: Option<String>,
    /// Use Let's Encrypt's test server: high limits, certificates that no client trusts
    #[arg(long, conflicts_with = "server", help_heading = "Server")]
    pub staging: bool,
    /// Trust these CA certificates for the ACME server itself, in place of the system's
    #[arg(long, value_name = "FILE", help_heading = "Server")]
    pub ca_roots: Option<PathBuf>,
    /// Agree to the server's terms of service, which a new account needs
    #[arg(long, env = "CERTKIT_AGREE_TOS", value_parser = FalseyValueParser::new(), help_heading = "Account")]
    pub agree_tos: bool,
    /// Mail address that the server may write to
    #[arg(long, value_name = "ADDRESS", help_heading = "Account")]
    pub email: Option<String>,
    /// Key identifier of an account made at the server beforehand, for servers that want one
    #[arg(long, value_name = "KID", requires = "eab_hmac_file", help_heading = "Account")]
    pub eab_kid: Option<String>,
    /// File with that account's secret, in base64url as the server shows it
    #[arg(long, value_name = "FILE", requires = "eab_kid", help_heading = "Account")]
    pub eab_hmac_file: Option<PathBuf>,
    /// Kind of key
    #[arg(short, long = "key-type", value_name = "KIND", value_parser = super::mkcert::key_kind(), default_value = "p256")]
    pub key_kind: KeyKind,
    /// Kind of certificate, by the server's word for it, such as shortlived
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Take the chain that leads to the root of this common name, where the server has several
    #[arg(long, value_name = "CN")]
    pub preferred_chain: Option<String>,
    /// Run this shell command after a new certificate is in place, for five minutes at most. It gets
    /// CERTKIT_NAME, CERTKIT_NAMES, CERTKIT_FULLCHAIN, CERTKIT_KEY, CERTKIT_CERT and CERTKIT_CHAIN
    #[arg(long, visible_alias = "exec", value_name = "CMD")]
    pub deploy_hook: Option<String>,
    /// Let this group of /etc/group, or of this number, read the private key
    #[arg(long, value_name = "GROUP")]
    pub key_group: Option<String>,
    /// Where accounts, orders and certificates are kept.
    #[command(flatten)]
    pub state: StateArgs,
    /// Try everything and keep nothing: with Let's Encrypt on its test server, with others up to the validation
    #[arg(long)]
    pub dry_run: bool,
    /// Get a new certificate even if the one in use is still good, or the server's limits may be used up
    #[arg(long)]
    pub force: bool,
}

/// Renew the certificates that are due, or those named.
///
/// When a certificate is due is the server's word (RFC 9773) where it gives one, else a third of its lifetime. Server,
/// challenge, hooks and the rest are as they were when it was obtained. After a failure the next tries come in 1, 10 and
/// 100 minutes, then daily; runs in between leave it alone.
#[derive(Args, Debug)]
#[command(after_help = RENEW_HELP)]
pub struct AcmeRenewArgs {
    /// Certificates by their first names (default: all)
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Renew even what is not due, or has just failed
    #[arg(long)]
    pub force: bool,
    /// Ask the server when to renew, even if it said to come back later
    #[arg(long)]
    pub refresh_ari: bool,
    /// End with this status instead of 0 when anything was renewed
    #[arg(long, value_name = "N")]
    pub exit_code_if_renewed: Option<u8>,
    /// Where accounts, orders and certificates are kept.
    #[command(flatten)]
    pub state: StateArgs,
}

/// Revoke a certificate.
///
/// It is not renewed afterwards; `certkit acme obtain` gets another one.
#[derive(Args, Debug)]
#[command(after_help = REVOKE_HELP)]
pub struct AcmeRevokeArgs {
    /// The certificate, by its first name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Why, by the word or number of RFC 5280, such as keyCompromise or 1
    #[arg(long, value_name = "REASON", value_parser = str::parse::<RevocationReason>)]
    pub reason: Option<RevocationReason>,
    /// Sign with the certificate's own key, as for a certificate of another account
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
    /// Ask the server what it knows of the account
    #[command(after_help = SHOW_HELP)]
    Show(WhichAccount),
    /// Set the mail address that the server may write to
    #[command(after_help = UPDATE_HELP)]
    Update(UpdateArgs),
    /// Give the account another key
    #[command(after_help = ROLLOVER_HELP)]
    Rollover(WhichAccount),
    /// Close the account for good; the next certificate makes another
    #[command(after_help = DEACTIVATE_HELP)]
    Deactivate(WhichAccount),
}

/// Which account a command is about.
#[derive(Args, Debug)]
pub struct WhichAccount {
    /// The server's directory address, where there are accounts at several
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Where accounts, orders and certificates are kept.
    #[command(flatten)]
    pub state: StateArgs,
}

/// Set the mail address that the server may write to.
#[derive(Args, Debug)]
pub struct UpdateArgs {
    /// The address; an empty one takes it away
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    /// Which account.
    #[command(flatten)]
    pub which: WhichAccount,
}

/// Have a timer run `certkit acme renew` twice a day, at times that differ from machine to machine.
///
/// For root it serves the whole system, else the user. Nothing is switched on: the commands for that are printed.
#[derive(Args, Debug)]
#[command(after_help = TIMER_HELP)]
pub struct InstallTimerArgs {
    /// The kind of timer.
    #[command(flatten)]
    pub kind: TimerKind,
    /// Show the files and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Write below this folder instead of /, as for an image
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Replace files that say something else
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
    /// A file for /etc/cron.d, or for a user a line for crontab
    #[arg(long)]
    pub cron: bool,
}

const OBTAIN_HELP: &str = "\
EXAMPLES
  certkit acme obtain www.example.com --http                  port 80 must be open to the world
  certkit acme obtain www.example.com example.com --http      two names, one certificate
  certkit acme obtain www.example.com --http --staging        try it without using up limits
  certkit acme obtain www.example.com --http=127.0.0.1:5002   behind a server that passes
                                                              /.well-known/acme-challenge/ on
  certkit acme obtain www.example.com --webroot /var/www/html  with the web server that runs already
  certkit acme obtain example.com '*.example.com' --dns-hook /usr/local/bin/dns-hook
  certkit acme obtain a.test --http --server https://ca.test/dir --ca-roots ca.pem
  certkit acme obtain www.example.com --webroot /var/www/html \\
      --deploy-hook 'systemctl reload nginx'                  nginx takes the new one at once
  certkit acme obtain www.example.com --dry-run               would it work?

FILE OF --rfc2136
  server = \"ns1.example.com\"    takes the updates; HOST, HOST:PORT or [ADDRESS]:PORT
  key_name = \"acme\"
  secret = \"base64\"             or secret_file = \"PATH\" of a file that holds it
  algorithm = \"hmac-sha256\"     or hmac-sha384, hmac-sha512; may be left out, as all that follow
  zone = \"example.com\"          without it the server is asked
  resolver = \"127.0.0.1\"        follows CNAMEs out of zones of others; may be left out, too
  wait_seconds = 120             at most, until all name servers of the zone show the record

EXIT STATUS
  0   the certificate is in place
  1   the validation failed, or the server refused; the report says why
  2   wrong usage, a taken port, terms not agreed to; nothing was ordered
  3   the certificate is in place, but the deploy hook failed; the same command runs the hook again
  75  try later: the server cannot be reached or limits the rate; the same command goes on";

const RENEW_HELP: &str = "\
EXAMPLES
  certkit acme renew                               all that are due; for a timer, see install-timer
  certkit acme renew www.example.com --force       this one, now
  certkit acme renew --exit-code-if-renewed 10     so that a script knows

EXIT STATUS
  0   nothing was due, or all that was due is renewed
  1   a renewal failed; the others were tried all the same
  2   wrong usage, or the state cannot be read
  3   all certificates are fine, but a deploy hook failed; the next run repeats only the hook
  75  try later: a server cannot be reached or limits the rate, or a certificate failed just now";

const REVOKE_HELP: &str = "\
EXAMPLES
  certkit acme revoke www.example.com
  certkit acme revoke www.example.com --reason keyCompromise --with-certificate-key

EXIT STATUS
  0   it is revoked
  1   the server refused
  2   there is no such certificate or no account, or the state cannot be read
  75  try later: the server cannot be reached or limits the rate";

const LIST_HELP: &str = "\
EXAMPLES
  certkit acme list
  certkit acme list --format json | jq '.certificates[] | select(.days_left < 10).name'

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
  2   there is no such account, or the state cannot be read
  75  try later: the server cannot be reached or limits the rate";

const SHOW_HELP: &str = "\
EXAMPLES
  certkit acme account show
  certkit acme account show --format json | jq -r .account

EXIT STATUS
  0   it is shown
  1   the server refused
  2   there is no such account, or the state cannot be read
  75  try later: the server cannot be reached or limits the rate";

const UPDATE_HELP: &str = "\
EXAMPLES
  certkit acme account update --email admin@example.com
  certkit acme account update --email ''              no address any more

EXIT STATUS
  0   the address is set
  1   the server refused
  2   that is no address, there is no such account, or the state cannot be read
  75  try later: the server cannot be reached or limits the rate";

const ROLLOVER_HELP: &str = "\
EXAMPLES
  certkit acme account rollover
  certkit acme account rollover --server https://ca.test/dir

EXIT STATUS
  0   the account has another key
  1   the server refused; the key is the old one
  2   there is no such account, or the state cannot be read
  75  try later: the server cannot be reached or limits the rate";

const DEACTIVATE_HELP: &str = "\
EXAMPLES
  certkit acme account deactivate
  certkit acme account deactivate --server https://ca.test/dir

EXIT STATUS
  0   the account is closed
  1   the server refused
  2   there is no such account, or the state cannot be read
  75  try later: the server cannot be reached or limits the rate";

const TIMER_HELP: &str = "\
EXAMPLES
  certkit acme install-timer --systemd --dry-run
  certkit acme install-timer --systemd
  certkit acme install-timer --cron

EXIT STATUS
  0   the files are in place
  2   a file says something else already (--force replaces it), or cannot be written";
