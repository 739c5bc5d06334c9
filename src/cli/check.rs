//! `certkit check`.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::LiveArgs;
use crate::chain::Profile;
use crate::probe::ServerProgram;
use crate::probe::verdict::Grade;
use crate::x509::Purpose;

/// Check a certificate chain: does it hold, and if not, why and how to fix it.
///
/// The chain comes from a file or from a running server. Trusts what this system trusts and the CA of this folder (made
/// by `certkit mkca`), or with --roots only those.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct CheckArgs {
    /// The chain file of the server (- is standard input), or a running server: HOST:PORT or https://...; several are checked at once
    #[arg(value_name = "FILE|HOST:PORT|URL", required_unless_present_any = ["batch", "explain"])]
    pub files: Vec<String>,
    /// The name that clients will use: DNS name or IP address (a URL or host:port works too); it is also sent to a running server
    #[arg(long, value_name = "NAME")]
    pub host: Option<String>,
    /// A mail address that the certificate must be for; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub email: Vec<String>,
    /// Trust these CA certificates and no others; may be repeated
    #[arg(long, value_name = "FILE")]
    pub roots: Vec<PathBuf>,
    /// The private key; it must belong to the server certificate
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// The password of the key, or of a PKCS#12 file: the first line of this file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub key_password_file: Option<PathBuf>,
    /// A revocation list (PEM or DER) to check the certificates against; may be repeated
    #[arg(long, value_name = "FILE")]
    pub crl: Vec<PathBuf>,
    /// What the certificate is for
    #[arg(long, value_enum, default_value_t = Purpose::Server, value_name = "PURPOSE")]
    pub purpose: Purpose,
    /// Which rules to apply: what clients do, those of the public web, or RFC 5280 alone
    #[arg(long, value_enum, default_value_t, value_name = "PROFILE")]
    pub profile: Profile,
    /// Fail when there are more intermediates than this; self-issued ones do not count
    #[arg(long, value_name = "N")]
    pub max_depth: Option<usize>,
    /// Check as of this time (RFC 3339, such as 2026-11-20T12:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = time_argument)]
    pub at: Option<OffsetDateTime>,
    /// Fail when the chain expires within this many days
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=36500))]
    pub min_days: Option<u32>,
    /// How to ask a server.
    #[command(flatten)]
    pub live: LiveArgs,
    /// List every protocol, cipher suite and group that the server accepts, with some dozens of connections
    #[arg(long, help_heading = "Servers")]
    pub deep: bool,
    /// Ask an https server for its page without TLS too, on this port: it must redirect to https [with --deep and port 443: 80]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Servers")]
    pub http_port: Option<u16>,
    /// Fail when the server's grade is below this one: A+, A, B, C, D or F (docs/server-grade.md)
    #[arg(long, value_name = "GRADE", help_heading = "Servers")]
    pub min_grade: Option<Grade>,
    /// The program of the server, whose configuration the fixes are for; recognised by its answer over https where it names itself
    #[arg(long, value_enum, value_name = "NAME", help_heading = "Servers")]
    pub server: Option<ServerProgram>,
    /// Of several files or servers, check N at a time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,
    /// Check many chains: one JSON object per line in, one per line out; - is standard input
    #[arg(long, value_name = "FILE.jsonl", conflicts_with_all = [
        "files", "host", "email", "roots", "key", "crl", "purpose", "profile", "max_depth", "at", "min_days", "explain",
        "starttls", "timeout", "deep", "http_port", "min_grade", "server",
    ])]
    pub batch: Option<String>,
    /// Explain a finding code: what it means, why it matters, which clients care, how to fix it
    #[arg(long, value_name = "CODE", conflicts_with_all = [
        "files", "host", "email", "roots", "key", "crl", "purpose", "profile", "max_depth", "at", "min_days",
        "starttls", "timeout", "deep", "http_port", "min_grade", "server",
    ])]
    pub explain: Option<String>,
}

impl ValueEnum for Purpose {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Server, Self::Client]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Client => PossibleValue::new("client").help("Client authentication"),
            Self::Server => PossibleValue::new("server").help("A server"),
        })
    }
}

impl ValueEnum for ServerProgram {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()))
    }
}

impl ValueEnum for Profile {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Tls, Self::Webpki, Self::Rfc5280]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Rfc5280 => PossibleValue::new("rfc5280").help("RFC 5280 alone, with its optional checks"),
            Self::Tls => PossibleValue::new("tls").help(
                "What browsers, openssl and rustls all refuse is an error; what one family refuses is a \
                 warning that names it",
            ),
            Self::Webpki => PossibleValue::new("webpki").help(
                "RFC 5280 and the CA/Browser Forum's baseline requirements: for certificates of public CAs",
            ),
        })
    }
}

/// Reads a time as RFC 3339 has it.
pub(super) fn time_argument(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| "expected a time such as 2026-11-20T12:00:00Z".into())
}

const AFTER_HELP: &str = "\
SERVERS
  HOST:PORT, [IPv6]:PORT, HOST: (port 443) and https://... are servers, unless a file has that name. \
The chain is fetched whether or not it is trusted. It is checked for HOST, or for the name in --host, \
which is then also sent to the server.

  About ten connections find out whether the server supports SSL 3.0, TLS 1.0 or 1.1, weak cipher \
suites of each kind, TLS 1.3, the post-quantum group X25519MLKEM768, compression or insecure \
renegotiation. Over https (URL, or port 443), certkit also looks for Strict-Transport-Security in the \
answer to HEAD. --deep lists all cipher suites and groups, shows which of twelve well-known clients can \
connect and what clients get that send no name or a wrong one, judges the chains of an RSA and of an ECDSA \
certificate, asks for renegotiation, known weaknesses and unencrypted pages, and tests whether the server \
executes commands after STARTTLS that were sent unencrypted before it.

  What current clients refuse is an error, and so is what protects nobody: suites without encryption or \
authentication, SSL, TLS 1.0 and 1.1, small Diffie-Hellman groups. What weakens old clients is a warning. \
The report gives the server a grade from A+ to F and says what is missing for Mozilla's guideline.

  With --starttls the port may be omitted: smtp 587, imap 143, pop3 110, ldap 389, postgres 5432.

BATCH
  Each line is {\"id\": .., \"chain\": FILE | \"chain_pem\": TEXT | \"target\": HOST:PORT or URL, ..}. FILE and \
TEXT may be lists. To change the defaults, add roots or roots_pem, crls or crls_pem, key or key_pem, at, \
host, emails, purpose, profile, max_depth or min_days, for a target also starttls and timeout, which mean \
the same as the options above. With \"warnings\": true the answer has the warnings too. A field that is not \
known is an error; your own notes belong into id, which may be any JSON value. Up to 32 targets per \
core are asked at the same time.

  The answers come in the same order, one JSON object per line; docs/json.md describes them.

SEVERAL
  Each file or server gets its own report, in the order in which they were typed; with --format json one \
object per line, whose id is what was typed. The exit status is the worst.

EXAMPLES
  certkit check chain.pem --host test.example
  certkit check chain.pem --key server.key --min-days 30     for monitoring: status 1 a month before expiry
  certkit check chain.pem --roots ca.crt --format json
  certkit check https://www.example.com                      the running server, its headers too
  certkit check 127.0.0.1:8443 --host test.example           a server that DNS does not know yet
  certkit check mail.example.com:25 --starttls smtp --deep
  certkit check a.example:443 b.example:443 --jobs 16 --format json
  certkit check https://www.example.com --min-grade A        for monitoring: status 1 below grade A
  certkit check --batch cases.jsonl
  certkit check --explain missing_intermediate

EXIT STATUS
  0  the chain holds; with --batch: all do
  1  it does not, or clients refuse the server; the report says why and how to fix it; with --batch: some do not
  2  the file cannot be read, the server cannot be reached or does not speak TLS; with --batch: a line cannot be judged";
