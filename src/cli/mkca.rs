//! `certkit mkca`.

use std::path::PathBuf;

use clap::Args;

use super::addresses::AddressArgs;
use super::ca_life::CaLifeArgs;
use crate::x509::KeyKind;

/// Make your own certificate authority (CA).
///
/// Writes ca.crt and ca.key to the current folder. Anyone who has ca.key can issue certificates
/// that every machine with ca.crt installed trusts: keep it secret.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct MkcaArgs {
    /// The name of the CA; user, host, date and the start of the key's fingerprint are appended
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Folder for the files
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub output: PathBuf,
    /// Write to $XDG_DATA_HOME/certkit, where mkcert finds the CA from every folder
    #[arg(long, conflicts_with = "output")]
    pub global: bool,
    /// Key type
    #[arg(short, long = "key-type", value_name = "KIND", value_parser = super::mkcert::key_kind(), default_value = "p256")]
    pub key_kind: KeyKind,
    /// Days until the CA expires
    #[arg(long, value_name = "DAYS", default_value_t = 3650, value_parser = clap::value_parser!(u32).range(1..=36500))]
    pub days: u32,
    /// Allow only these names: a domain or an address range; may be repeated
    #[arg(long, value_name = "DOMAIN|CIDR")]
    pub permit: Vec<String>,
    /// Forbid these names: a domain or an address range; may be repeated
    #[arg(long, value_name = "DOMAIN|CIDR")]
    pub exclude: Vec<String>,
    /// The whole subject, such as 'O=Our team,OU=A,OU=B,CN=Our CA'; without a CN the default one is
    /// appended
    #[arg(long, value_name = "DN", conflicts_with = "name")]
    pub subject: Option<String>,
    /// Also make an intermediate CA, which then signs certificates: intermediate.crt and
    /// intermediate.key; beside a root that is there already, make only that
    #[arg(long)]
    pub intermediate: bool,
    /// Make a root and an intermediate, and never write the root's key: nobody can add another CA
    /// below it
    #[arg(long)]
    pub throwaway_root: bool,
    /// What the intermediate's certificate names: the root's list and certificate.
    #[command(flatten)]
    pub addresses: AddressArgs,
    /// Encrypt the private keys with a password (PKCS#8, AES-256)
    #[arg(long)]
    pub encrypt: bool,
    /// File whose first line is the password for --encrypt, and of keys that are there already; - is
    /// standard input
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// For a CA that is there already.
    #[command(flatten)]
    pub life: CaLifeArgs,
    /// Replace existing files; existing keys and certificates are kept as .bak
    #[arg(long)]
    pub force: bool,
}

const AFTER_HELP: &str = "\
EXAMPLES
  certkit mkca                                 ca.crt and ca.key
  certkit mkca --intermediate                  a root and an intermediate; keep the root's key offline
  certkit mkca 'Our team' --permit test        a CA for names under .test only
  certkit mkca --throwaway-root --permit test  no root key is left to issue another CA
  certkit mkca --rollover                      a new root that clients of the old one accept too

  certkit mkca --intermediate --csr            the root's key is on another machine: make a request,
  certkit mkca --intermediate --take FILE      sign it there (sign --profile ca), take the certificate

EXIT STATUS
  0  the CA was made
  2  a file exists already or cannot be written; nothing was changed";
