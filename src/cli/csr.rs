//! `certkit csr`.

use std::path::PathBuf;

use clap::Args;

use crate::x509::KeyKind;

/// Make a certificate signing request, for another CA to sign.
///
/// Writes server.csr, and server.key unless --key names one. The first NAME becomes the common name (CN), and every NAME
/// stands in the subjectAltName that is asked for.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct CsrArgs {
    /// DNS name, *.wildcard, IP address, mail address or URI
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// Where to write; - is standard output (then with --key). The key goes beside it
    #[arg(short, long, value_name = "FILE", default_value = "server.csr")]
    pub output: PathBuf,
    /// Use this private key instead of a new one
    #[arg(long, value_name = "FILE", conflicts_with = "key_kind")]
    pub key: Option<PathBuf>,
    /// The password of --key: the first line of this file; - is standard input
    #[arg(long, value_name = "FILE", requires = "key")]
    pub key_password_file: Option<PathBuf>,
    /// Kind of key
    #[arg(short, long = "key-type", value_name = "KIND", value_parser = super::mkcert::key_kind(), default_value = "p256")]
    pub key_kind: KeyKind,
    /// The whole subject, as 'C=DE,O=Our team'; without a CN the first NAME is added as such
    #[arg(long, value_name = "DN")]
    pub subject: Option<String>,
    /// Replace existing files; an existing key is kept as .bak
    #[arg(long)]
    pub force: bool,
}

const AFTER_HELP: &str = "\
EXAMPLES
  certkit csr www.example.com example.com              server.csr and server.key
  certkit csr www.example.com --key old.key -o new.csr the key stays
  certkit csr www.example.com --subject 'C=DE,O=Team'  what some CAs want to know

EXIT STATUS
  0  made
  2  a file is in the way, or a name is no name; nothing was changed";
