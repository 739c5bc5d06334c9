//! `certkit check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::LiveArgs;

/// Judge a certificate chain: does it hold, and if not, why, and what mends it.
///
/// The chain is that of a file, or what a running server sends. Trusts what this system trusts and the CA of this folder
/// (made by `certkit mkca`), or with --roots only those.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct CheckArgs {
    /// The chain file that the server is given (- is standard input), or a running server: HOST:PORT or https://...
    #[arg(value_name = "FILE|HOST:PORT|URL", required_unless_present_any = ["batch", "explain"])]
    pub file: Option<String>,
    /// The name that clients will use: DNS name or IP address (a URL or host:port is understood); a server is asked for it
    #[arg(long, value_name = "NAME")]
    pub host: Option<String>,
    /// A mail address that the certificate must be for; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub email: Vec<String>,
    /// Trust these CA certificates and no others; may be repeated
    #[arg(long, value_name = "FILE")]
    pub roots: Vec<PathBuf>,
    /// The private key: must fit the server certificate
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// The password of the key, or of a PKCS#12 file: the first line of this file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub key_password_file: Option<PathBuf>,
    /// A revocation list (PEM or DER) to look the certificates up in; may be repeated
    #[arg(long, value_name = "FILE")]
    pub crl: Vec<PathBuf>,
    /// What the certificate is for
    #[arg(long, value_enum, default_value_t, value_name = "PURPOSE")]
    pub purpose: Purpose,
    /// Which rules: what clients do, the public web's, or the bare RFC 5280
    #[arg(long, value_enum, default_value_t, value_name = "PROFILE")]
    pub profile: Profile,
    /// Fail when there are more intermediates than this; self-issued ones do not count
    #[arg(long, value_name = "N")]
    pub max_depth: Option<usize>,
    /// Judge as if it were this time (RFC 3339, as 2026-11-20T12:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = time_argument)]
    pub at: Option<OffsetDateTime>,
    /// Fail when the chain ends within this many days
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=36500))]
    pub min_days: Option<u32>,
    /// How to ask a server.
    #[command(flatten)]
    pub live: LiveArgs,
    /// Have the server name every protocol, cipher suite and group that it takes: some dozens of connections
    #[arg(long, help_heading = "Servers")]
    pub deep: bool,
    /// Judge many chains: one JSON object a line, answered by one JSON object a line; - is standard input
    #[arg(long, value_name = "FILE.jsonl", conflicts_with_all = [
        "file", "host", "email", "roots", "key", "crl", "purpose", "profile", "max_depth", "at", "min_days", "explain",
        "starttls", "timeout", "deep",
    ])]
    pub batch: Option<String>,
    /// Say what a finding code means, why it matters, which clients care and what mends it
    #[arg(long, value_name = "CODE", conflicts_with_all = [
        "file", "host", "email", "roots", "key", "crl", "purpose", "profile", "max_depth", "at", "min_days",
        "starttls", "timeout", "deep",
    ])]
    pub explain: Option<String>,
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Purpose {
    /// A server.
    #[default]
    Server,
    /// A client that shows who it is.
    Client,
}

/// Which rules to judge by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// What browsers, openssl and rustls all refuse is an error; what one family refuses is a warning that names it.
    #[default]
    Tls,
    /// RFC 5280 and the CA/Browser Forum's baseline requirements: for certificates of public CAs.
    Webpki,
    /// The bare RFC 5280 with its optional checks.
    Rfc5280,
}

/// Reads a time as RFC 3339 has it.
pub(super) fn time_argument(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| "expected a time such as 2026-11-20T12:00:00Z".into())
}

const AFTER_HELP: &str = "\
SERVERS
  A file of that name wins; else HOST:PORT, [IPv6]:PORT, HOST: (port 443) and https:// are
  servers. The chain is fetched as it is sent, whoever signed it, and judged for HOST (or --host,
  which is then also asked for). Some nine connections also tell whether SSL 3.0, TLS 1.0 or
  1.1 are spoken, cipher suites of each bad kind taken, TLS 1.3 and the post-quantum group
  X25519MLKEM768 offered, compression or insecure renegotiation possible; of https (URL, or port
  443) also whether the answer to HEAD has Strict-Transport-Security. --deep names all cipher
  suites and groups, measures DHE, and tries whether commands in clear get into TLS behind
  STARTTLS. What current clients refuse is an error, what is only agreed to when a client asks for
  it is a warning. With --starttls the port may be left out: smtp 587, imap 143, pop3 110, ldap
  389, postgres 5432.

BATCH
  Each line is {\"id\": .., \"chain\": FILE | \"chain_pem\": TEXT, ..} with, where they differ from the defaults,
  roots or roots_pem, crls or crls_pem, at, host, emails, purpose, profile and max_depth, as the options above
  have them. FILE and TEXT may be lists. The answers come in the same order: {\"id\", \"valid\", \"reasons\"}, or
  {\"id\", \"error\"} for a line that cannot be judged.

EXAMPLES
  certkit check chain.pem --host test.example
  certkit check chain.pem --key server.key --min-days 30     for a monitor: status 1 a month before the end
  certkit check chain.pem --roots ca.crt --format json
  certkit check https://www.example.com                      the running server, its headers too
  certkit check 127.0.0.1:8443 --host test.example           a server that DNS does not know yet
  certkit check mail.example.com:25 --starttls smtp --deep
  certkit check --batch cases.jsonl
  certkit check --explain missing_intermediate

EXIT STATUS
  0  the chain holds; with --batch: all do
  1  it does not, or clients refuse the server; the report says why and what mends it; with --batch: some do not
  2  the file cannot be read, the server not be reached, or it does not speak TLS; with --batch: a line cannot be judged";
