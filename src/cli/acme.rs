//! `certkit acme`.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, Subcommand};

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
    /// Get a certificate, unless the one in use is still good
    Obtain(ObtainArgs),
}

/// How to prove that the names are yours; without any of these as with --http.
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
    /// at the end. The record must be visible when present returns; a CNAME there is for the program to follow
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
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
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
    /// Kind of key
    #[arg(short, long = "key-type", value_name = "KIND", value_parser = super::mkcert::key_kind(), default_value = "p256")]
    pub key_kind: KeyKind,
    /// Where accounts, orders and certificates are kept
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Get a new certificate even if the one in use is still good
    #[arg(long)]
    pub force: bool,
}

const AFTER_HELP: &str = "\
EXAMPLES
  certkit acme obtain www.example.com --http                  port 80 must be open to the world
  certkit acme obtain www.example.com example.com --http      two names, one certificate
  certkit acme obtain www.example.com --http --staging        try it without using up limits
  certkit acme obtain www.example.com --http=127.0.0.1:5002   behind a server that passes
                                                              /.well-known/acme-challenge/ on
  certkit acme obtain www.example.com --webroot /var/www/html  with the web server that runs already
  certkit acme obtain example.com '*.example.com' --dns-hook /usr/local/bin/dns-hook
  certkit acme obtain a.test --http --server https://ca.test/dir --ca-roots ca.pem

FILE OF --rfc2136
  server = \"ns1.example.com\"    takes the updates; HOST, HOST:PORT or [ADDRESS]:PORT
  key_name = \"acme\"
  secret = \"base64\"             or secret_file = \"PATH\" of a file that holds it
  algorithm = \"hmac-sha256\"     or hmac-sha384, hmac-sha512; may be left out, as all that follow
  zone = \"example.com\"          without it the server is asked
  resolver = \"127.0.0.1\"        follows CNAMEs out of zones of others; without it that of /etc/resolv.conf
  wait_seconds = 120             at most, until all name servers of the zone show the record

EXIT STATUS
  0   the certificate is in place
  1   the validation failed, or the server refused; the report says why
  2   wrong usage, a taken port, terms not agreed to; nothing was ordered
  75  try later: the server cannot be reached or limits the rate; the same command goes on";
