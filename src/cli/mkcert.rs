//! `certkit mkcert`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::x509::KeyKind;

/// Make a server certificate, signed by your CA.
///
/// The first NAME becomes the common name (CN), and every NAME stands in the subjectAltName, which is where clients
/// look. Writes server.key and server.crt, and with an intermediate CA also ca-bundle.ca for `certkit merge`.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct MkcertArgs {
    /// DNS name, *.wildcard, IP address, mail address or URI
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// Path of the files without their ending: BASE.key, BASE.crt, BASE.csr
    #[arg(short, long, value_name = "BASE", default_value = "server")]
    pub output: PathBuf,
    /// The CA to sign with.
    #[command(flatten)]
    pub ca: CaArgs,
    /// Kind of key
    #[arg(short, long = "key-type", value_name = "KIND", value_parser = key_kind(), default_value = "p256")]
    pub key_kind: KeyKind,
    /// Days until the certificate ends; never after its CA
    #[arg(long, value_name = "DAYS", default_value_t = 397, value_parser = clap::value_parser!(u32).range(1..=36500))]
    pub days: u32,
    /// For a client that shows who it is, instead of a server
    #[arg(long)]
    pub client: bool,
    /// Also write the certificate signing request, BASE.csr
    #[arg(long)]
    pub csr: bool,
    /// Replace existing files (an existing key is kept as .bak), and allow more than 825 days
    #[arg(long)]
    pub force: bool,
}

/// Which CA signs. Without these: $CERTKIT_CA_DIR, the current folder, $XDG_DATA_HOME/certkit.
#[derive(Args, Debug)]
pub struct CaArgs {
    /// The CA's certificate
    #[arg(long, value_name = "FILE", requires = "ca_key")]
    pub ca: Option<PathBuf>,
    /// The CA's key
    #[arg(long, value_name = "FILE", requires = "ca")]
    pub ca_key: Option<PathBuf>,
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
  certkit mkcert www.mysite.com --csr              and server.csr: the five files of the openssl way
  certkit mkcert localhost 127.0.0.1 ::1 -o local  local.key and local.crt for three names
  certkit mkcert '*.test.example' test.example     a wildcard and the bare domain

EXIT STATUS
  0  made
  2  no CA, a file is in the way, or a name is no name; nothing was changed";
