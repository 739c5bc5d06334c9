//! `certkit hosts` and its subcommands.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Let names for development point to this machine: lines in the hosts file.
///
/// Lines are put into a marked block. Everything else in the file stays as it is, byte for byte, and so do its mode and owner.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct HostsArgs {
    /// What to do
    #[command(subcommand)]
    pub command: HostsCommand,
}

/// What to do with the hosts file.
#[derive(Debug, Subcommand)]
pub enum HostsCommand {
    /// Add a name
    #[command(after_help = ADD_HELP)]
    Add(HostsChangeArgs),
    /// Remove a name that was added
    #[command(after_help = REMOVE_HELP)]
    Remove(HostsChangeArgs),
    /// Ask whether a name is there
    Check(HostsCheckArgs),
}

/// What to change.
#[derive(Args, Debug)]
pub struct HostsChangeArgs {
    /// Which name, in which file.
    #[command(flatten)]
    pub check: HostsCheckArgs,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Which name, in which file.
#[derive(Args, Debug)]
#[command(after_help = CHECK_HELP)]
pub struct HostsCheckArgs {
    /// The name of a host; the hosts file knows no wildcards
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Its address, IPv4 or IPv6 [default for add: 127.0.0.1; else any]
    #[arg(value_name = "IP")]
    pub address: Option<IpAddr>,
    /// The hosts file
    #[arg(long, value_name = "FILE", default_value = "/etc/hosts")]
    pub file: PathBuf,
}

const AFTER_HELP: &str = "\
EXAMPLES
  sudo certkit hosts add www.mysite.test
  certkit hosts check www.mysite.test
  sudo certkit hosts remove www.mysite.test

EXIT STATUS
  0  done, or yes
  1  the answer is no
  2  the file cannot be read or changed, or another line of it is in the way; nothing was changed";

const ADD_HELP: &str = "\
EXAMPLES
  sudo certkit hosts add www.mysite.test                   127.0.0.1
  sudo certkit hosts add www.mysite.test ::1
  certkit hosts add www.mysite.test --dry-run
  certkit hosts add www.mysite.test --file /mnt/c/Windows/System32/drivers/etc/hosts

EXIT STATUS
  0  the name is there now, or was before
  2  the file cannot be read or changed, or another line gives the name to another address; nothing was changed";

const REMOVE_HELP: &str = "\
EXAMPLES
  sudo certkit hosts remove www.mysite.test
  sudo certkit hosts remove www.mysite.test ::1

EXIT STATUS
  0  no line of certkit's has the name any more
  2  the file cannot be read or changed; nothing was changed";

const CHECK_HELP: &str = "\
EXAMPLES
  certkit hosts check www.mysite.test
  certkit hosts check www.mysite.test 127.0.0.1 --format json

EXIT STATUS
  0  the name is there
  1  it is not, or has another address
  2  the file cannot be read";
