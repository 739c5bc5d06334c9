//! `certkit convert`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Convert certificates and keys: PEM, DER, PKCS#12, PKCS#7, PKCS#8, PKCS#1, SEC1.
///
/// IN may have any form. The new form is that of --to, else that of OUT's ending (.pem .crt .csr .key .der .p12 .pfx
/// .p7b .p7c .p8), else PEM. What the new form cannot hold is reported.
///
/// Certificates without a key become a trust store that Java reads (keytool -list shows them as trustedCertEntry).
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct ConvertArgs {
    /// The file to convert; - is standard input
    #[arg(value_name = "IN")]
    pub input: String,
    /// Where to write; - is standard output, which is also the default. Nothing binary or secret goes to a terminal
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<String>,
    /// The form to write
    #[arg(long, value_enum, value_name = "FORM")]
    pub to: Option<Form>,
    /// Add the private key of this file
    #[arg(long, value_name = "FILE")]
    pub key: Option<String>,
    /// Add the certificates of this file
    #[arg(long, value_name = "FILE")]
    pub chain: Option<String>,
    /// Encrypt PKCS#12 with triple DES and SHA-1, for old versions of Windows, macOS and Java (before 8u301)
    #[arg(long)]
    pub legacy: bool,
    /// The password of the input, and of the new file unless --new-password-file names another: the first line of this
    /// file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// The password of the new file: the first line of this file
    #[arg(long, value_name = "FILE")]
    pub new_password_file: Option<PathBuf>,
    /// Replace an existing file (one with a key is kept as .bak)
    #[arg(long)]
    pub force: bool,
}

/// The forms that `convert` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Text with BEGIN and END lines, everything in it
    Pem,
    /// Binary, one object
    Der,
    /// PKCS#12 (.p12, .pfx): key and certificates, encrypted with a password
    P12,
    /// PKCS#7 (.p7b): certificates without keys
    P7b,
    /// PKCS#8: the key, of any kind
    Pkcs8,
    /// PKCS#1: the key in the older form for RSA
    Pkcs1,
    /// SEC1: the key in the older form for elliptic curves
    Sec1,
}

const AFTER_HELP: &str = "\
EXAMPLES
  certkit convert site.pfx -o site.pem --password-file pw        what Windows exported, for nginx
  certkit convert chain.pem --key server.key -o site.p12         for Windows, Tomcat, a browser
  certkit convert chain.pem --key server.key -o site.p12 --legacy
  certkit convert ca.crt -o truststore.p12                       a trust store for Java
  certkit convert server.crt -o server.der
  certkit convert server.key --to pkcs1                          -----BEGIN RSA PRIVATE KEY-----

EXIT STATUS
  0  written
  1  the key belongs to none of the certificates
  2  a file cannot be read or exists already, or the new form cannot hold it; nothing was changed";
