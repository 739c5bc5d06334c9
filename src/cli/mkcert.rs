//! `certkit mkcert`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use super::addresses::AddressArgs;
use super::identity::IdentityArgs;
use crate::ca::End;
use crate::x509::KeyKind;

/// Make a server certificate signed by your CA.
///
/// The first NAME becomes the common name (CN). Every NAME goes into the subjectAltName extension,
/// which is what clients check. Writes server.key and server.crt, and with an intermediate CA also
/// server.fullchain.pem for servers and ca-bundle.ca for `certkit merge`.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct MkcertArgs {
    /// DNS name, *.wildcard, IP address, mail address or URI (URI:https://... for one of a web server)
    #[arg(value_name = "NAME", required_unless_present = "from")]
    pub names: Vec<String>,
    /// File name prefix: writes BASE.key, BASE.crt, BASE.csr; with --from, the folder
    #[arg(short, long, value_name = "BASE", default_value = "server")]
    pub output: PathBuf,
    /// Make many certificates: each line of FILE has the names of one (# starts a comment; - is
    /// standard input)
    #[arg(long, value_name = "FILE", requires = "output", conflicts_with_all = ["names", "key", "csr"])]
    pub from: Option<String>,
    /// What the certificate names.
    #[command(flatten)]
    pub addresses: AddressArgs,
    /// The CA to sign with.
    #[command(flatten)]
    pub ca: CaArgs,
    /// Key type
    #[arg(short, long = "key-type", value_name = "KIND", value_parser = key_kind(), default_value = "p256")]
    pub key_kind: KeyKind,
    /// Days until the certificate expires, or hours (8h); never later than its CA
    #[arg(long, value_name = "DAYS", default_value = "397", value_parser = End::from_str)]
    pub days: End,
    /// Day or time at which the certificate expires: 2027-01-31 or 2027-01-31T12:00:00Z
    #[arg(long, value_name = "DATE", conflicts_with = "days", value_parser = end)]
    pub until: Option<OffsetDateTime>,
    /// Use this private key instead of a new one
    #[arg(long, value_name = "FILE", conflicts_with = "key_kind")]
    pub key: Option<PathBuf>,
    /// File whose first line is the password of --key; - is standard input
    #[arg(long, value_name = "FILE", requires = "key")]
    pub key_password_file: Option<PathBuf>,
    /// Do nothing if the certificate exists, has the same names, matches its key and has more than
    /// a third of its lifetime left; otherwise replace it, if the same CA issued it
    #[arg(long)]
    pub if_needed: bool,
    /// Make a certificate for client authentication instead of a server. The first NAME, such as 'Alice Smith', is
    /// the common name as typed
    #[arg(long)]
    pub client: bool,
    /// Who is certified, beyond names and `--client`.
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// Also write the certificate signing request, BASE.csr
    #[arg(long)]
    pub csr: bool,
    /// Also write key and certificates as PKCS#12, BASE.p12, for browsers and Windows; needs a
    /// password
    #[arg(long, conflicts_with = "from")]
    pub p12: bool,
    /// File whose first line is the password for --p12; - is standard input
    #[arg(long, value_name = "FILE", requires = "p12")]
    pub p12_password_file: Option<PathBuf>,
    /// Also write certificate, intermediates and key into one file, BASE.pem, as HAProxy reads them
    #[arg(long, value_name = "FORM", value_enum, conflicts_with = "from")]
    pub bundle: Option<BundleForm>,
    /// Replace existing files (an existing key is kept as .bak), and allow more than 825 days
    #[arg(long)]
    pub force: bool,
}

/// A form of certificate and key in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BundleForm {
    /// PEM: certificate, intermediates, key.
    Pem,
}

/// The CA that signs. By default it is looked for in $CERTKIT_CA_DIR, the current folder and
/// $XDG_DATA_HOME/certkit.
#[derive(Args, Clone, Debug, Default)]
pub struct CaArgs {
    /// The CA's certificate
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// The CA's key [default: the file of --ca with .key]
    #[arg(long, value_name = "FILE", requires = "ca")]
    pub ca_key: Option<PathBuf>,
    /// File whose first line is the password of the CA's key; - is standard input
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none:
    /// record nothing
    #[arg(long, value_name = "FILE|none")]
    pub ledger: Option<PathBuf>,
}

/// Reads a day, which then counts to its end, or a time.
pub(super) fn end(text: &str) -> Result<OffsetDateTime, String> {
    let day = Date::parse(text, format_description!("[year]-[month]-[day]"));
    match day {
        Ok(day) => Ok(day.with_hms(23, 59, 59).map_err(|error| error.to_string())?.assume_utc()),
        Err(_) => super::check::time_argument(text)
            .map_err(|_| "expected a day such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z".into()),
    }
}

/// Reads a kind of key, and lists the kinds in help and completions.
pub(super) fn key_kind() -> impl TypedValueParser<Value = KeyKind> {
    PossibleValuesParser::new(KeyKind::ALL.map(KeyKind::as_str)).map(|word| {
        KeyKind::from_str(&word).unwrap_or(KeyKind::EcdsaP256) // only listed words come here
    })
}

const AFTER_HELP: &str = "\
EXAMPLES
  certkit mkcert test.example                      server.key and server.crt
  certkit mkcert www.mysite.com --csr              also server.csr, as with openssl
  certkit mkcert localhost 127.0.0.1 ::1 -o local  local.key and local.crt for three names
  certkit mkcert '*.test.example' test.example     a wildcard and the bare domain
  certkit mkcert --client 'Alice Smith' a@b.test   a client: name and mail address
  certkit mkcert test.example --if-needed          for scripts that run often
  certkit mkcert --from names.txt -o certs/        certs/NAME.crt and certs/NAME.key for each line

EXIT STATUS
  0  the certificate was made, or --if-needed found nothing to do
  2  there is no CA, a file exists already, or a name is invalid; nothing was changed";
