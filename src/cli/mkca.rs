//! `certkit mkca`.

use std::path::PathBuf;

use clap::Args;

use crate::x509::KeyKind;

/// Make a certificate authority of your own.
///
/// Writes ca.crt and ca.key into the current folder. Whoever has ca.key can make certificates that every machine
/// which trusts ca.crt believes: keep it to yourself.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct MkcaArgs {
    /// The name of the CA; user, host, date and the beginning of the key's fingerprint are added
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// The folder to write into
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub output: PathBuf,
    /// Write into $XDG_DATA_HOME/certkit, where every later mkcert finds it
    #[arg(long, conflicts_with = "output")]
    pub global: bool,
    /// Kind of key
    #[arg(short, long = "key-type", value_name = "KIND", value_parser = super::mkcert::key_kind(), default_value = "p256")]
    pub key_kind: KeyKind,
    /// Days until the CA ends
    #[arg(long, value_name = "DAYS", default_value_t = 3650, value_parser = clap::value_parser!(u32).range(1..=36500))]
    pub days: u32,
    /// Only for these names: a domain or an address range; may be repeated
    #[arg(long, value_name = "DOMAIN|CIDR")]
    pub permit: Vec<String>,
    /// Not for these names; may be repeated
    #[arg(long, value_name = "DOMAIN|CIDR")]
    pub exclude: Vec<String>,
    /// The whole subject, as 'O=Our team,OU=A,OU=B,CN=Our CA'; without a CN the usual one is added
    #[arg(long, value_name = "DN", conflicts_with = "name")]
    pub subject: Option<String>,
    /// Also make an intermediate CA, which then signs: intermediate.crt and intermediate.key
    #[arg(long)]
    pub intermediate: bool,
    /// Make root and intermediate, and never write the root's key: nobody can make another CA under it
    #[arg(long)]
    pub throwaway_root: bool,
    /// Protect the private keys with a password (PKCS#8, AES-256)
    #[arg(long)]
    pub encrypt: bool,
    /// The password for --encrypt: the first line of this file; - is standard input
    #[arg(long, value_name = "FILE", requires = "encrypt")]
    pub password_file: Option<PathBuf>,
    /// Replace existing files; an existing key is kept as .bak
    #[arg(long)]
    pub force: bool,
}

const AFTER_HELP: &str = "\
EXAMPLES
  certkit mkca                                 ca.crt and ca.key
  certkit mkca --intermediate                  a root and an intermediate; the root's key can go offline
  certkit mkca 'Our team' --permit test        a CA that can only speak for names under .test
  certkit mkca --throwaway-root --permit test  and no key is left that could make another one

EXIT STATUS
  0  made
  2  a file is in the way, or cannot be written; nothing was changed";
