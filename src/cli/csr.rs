//! `certkit csr`.

use std::path::PathBuf;

use clap::Args;

use crate::x509::KeyKind;

/// Make a certificate signing request (CSR) for another CA.
///
/// Writes server.csr, and server.key unless --key names one. The first NAME becomes the common name
/// (CN). Every NAME goes into the requested subjectAltName extension.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct CsrArgs {
    /// DNS name, *.wildcard, IP address, mail address or URI
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// Output file; - is standard output and needs --key. A new key is written next to it
    #[arg(short, long, value_name = "FILE", default_value = "server.csr")]
    pub output: PathBuf,
    /// Use this private key instead of a new one
    #[arg(long, value_name = "FILE", conflicts_with = "key_kind")]
    pub key: Option<PathBuf>,
    /// File whose first line is the password of --key; - is standard input
    #[arg(long, value_name = "FILE", requires = "key")]
    pub key_password_file: Option<PathBuf>,
    /// Key type
    #[arg(short, long = "key-type", value_name = "KIND", value_parser = super::mkcert::key_kind(), default_value = "p256")]
    pub key_kind: KeyKind,
    /// The whole subject, such as 'C=DE,O=Our team'; without a CN the first NAME is used
    #[arg(long, value_name = "DN")]
    pub subject: Option<String>,
    /// Replace existing files; an existing key is kept as .bak
    #[arg(long)]
    pub force: bool,
}

const AFTER_HELP: &str = "\
EXAMPLES
  certkit csr www.example.com example.com               server.csr and server.key
  certkit csr www.example.com --key old.key -o new.csr  for the key of an older certificate
  certkit csr www.example.com --subject 'C=DE,O=Team'   for CAs that require it

EXIT STATUS
  0  the request was made
  2  a file exists already, or a name is invalid; nothing was changed";
