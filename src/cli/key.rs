//! `certkit key` and its subcommands.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::mkcert::key_kind;
use crate::x509::KeyKind;

/// Make, show, encrypt, decrypt and compare private keys.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct KeyArgs {
    /// What to do
    #[command(subcommand)]
    pub command: KeyCommand,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a new private key
    New(KeyNewArgs),
    /// Show the kind of key in a file and the fingerprint of its public key
    Show(KeyShowArgs),
    /// Encrypt a key with a password
    Encrypt(KeyEncryptArgs),
    /// Remove the password from a key
    Decrypt(KeyDecryptArgs),
    /// Check which certificates and requests belong to a key
    Match(KeyMatchArgs),
}

/// Make a new private key.
///
/// It is written as PKCS#8, which every program reads, with mode 0600 from the first byte on.
#[derive(Args, Debug)]
#[command(after_help = NEW_HELP)]
pub struct KeyNewArgs {
    /// Key type
    #[arg(short, long = "key-type", value_name = "KIND", value_parser = key_kind(), default_value = "p256")]
    pub key_kind: KeyKind,
    /// Where to write; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = "server.key")]
    pub output: String,
    /// Encrypt it with a password from --password-file, CERTKIT_PASSWORD or the terminal
    #[arg(long)]
    pub encrypt: bool,
    /// The password: the first line of this file; - is standard input
    #[arg(long, value_name = "FILE", requires = "encrypt")]
    pub password_file: Option<PathBuf>,
    /// Replace an existing file (the old key is kept as .bak)
    #[arg(long)]
    pub force: bool,
}

/// Show the kind of key in a file and the fingerprint of its public key. Nothing secret is shown.
#[derive(Args, Debug)]
#[command(after_help = SHOW_HELP)]
pub struct KeyShowArgs {
    /// The file, in any form; - is standard input
    #[arg(value_name = "FILE")]
    pub file: String,
    /// The password of the key: the first line of this file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

/// Encrypt a key with a password.
///
/// Writes encrypted PKCS#8 (AES-256, PBKDF2 with SHA-256), which openssl, GnuTLS, Java and NSS read. The file that was read
/// stays as it is.
#[derive(Args, Debug)]
#[command(after_help = ENCRYPT_HELP)]
pub struct KeyEncryptArgs {
    /// The key, in any form; - is standard input
    #[arg(value_name = "FILE")]
    pub file: String,
    /// Where to write; - is standard output, which is also the default unless that is a terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<String>,
    /// The password: the first line of this file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// The new password of a key that has one already; --password-file then names the old one
    #[arg(long, value_name = "FILE")]
    pub new_password_file: Option<PathBuf>,
    /// Replace an existing file (it is kept as .bak)
    #[arg(long)]
    pub force: bool,
}

/// Remove the password from a key.
///
/// Writes the open key as PKCS#8 with mode 0600. The file that was read stays as it is.
#[derive(Args, Debug)]
#[command(after_help = DECRYPT_HELP)]
pub struct KeyDecryptArgs {
    /// The key, in any form; - is standard input
    #[arg(value_name = "FILE")]
    pub file: String,
    /// Where to write; - is standard output, which is also the default unless that is a terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<String>,
    /// The password: the first line of this file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Replace an existing file (it is kept as .bak)
    #[arg(long)]
    pub force: bool,
}

/// Check which certificates and requests belong to a key.
///
/// A file belongs to it when one of its certificates, requests or keys has the same public key.
#[derive(Args, Debug)]
#[command(after_help = MATCH_HELP)]
pub struct KeyMatchArgs {
    /// The private key, in any form; - is standard input
    #[arg(value_name = "KEY")]
    pub key: String,
    /// Certificates, requests or other keys
    #[arg(value_name = "CERT|CSR", required = true)]
    pub files: Vec<String>,
    /// The password of the key and of PKCS#12 files: the first line of this file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
EXAMPLES
  certkit key new -k rsa2048 -o server.key
  certkit key encrypt server.key -o locked.key
  certkit key match server.key server.crt server.csr

EXIT STATUS
  0  done, or yes
  1  the answer is no: a file does not belong to the key
  2  a file cannot be read or exists already, or the password is missing or wrong";

const NEW_HELP: &str = "\
EXAMPLES
  certkit key new                                  server.key, ECDSA P-256
  certkit key new -k rsa4096 -o old-printer.key
  certkit key new --encrypt --password-file pw

EXIT STATUS
  0  the key was made
  2  the file exists already, or there is no password; nothing was changed";

const SHOW_HELP: &str = "\
EXAMPLES
  certkit key show server.key
  certkit key show site.pfx --password-file pw --format json

EXIT STATUS
  0  shown
  2  the file cannot be read, or there is no key in it";

const ENCRYPT_HELP: &str = "\
EXAMPLES
  certkit key encrypt server.key -o locked.key
  certkit key encrypt server.key -o locked.key --password-file pw
  certkit key encrypt locked.key -o new.key \\
      --password-file old --new-password-file new

EXIT STATUS
  0  written
  2  the file cannot be read, the new file exists already, or there is no password; nothing was changed";

const DECRYPT_HELP: &str = "\
EXAMPLES
  certkit key decrypt locked.key -o server.key
  certkit key decrypt locked.key --password-file pw | ssh web 'cat > server.key'

EXIT STATUS
  0  written
  2  the file cannot be read, the new file exists already, or the password is wrong; nothing was changed";

const MATCH_HELP: &str = "\
EXAMPLES
  certkit key match server.key server.crt
  certkit key match server.key *.crt *.csr

EXIT STATUS
  0  every file belongs to the key
  1  some do not; each is named
  2  a file cannot be read";
