//! The options of `certkit mkca` for a CA that is there already.

use std::path::PathBuf;

use clap::Args;

/// What becomes of a CA that is there already.
#[derive(Args, Debug)]
pub struct CaLifeArgs {
    /// Make a new root with a new key, certified by the old one too (ca.cross.crt), for clients that
    /// trust only the old one; the old files are kept as ca.old-DATE.crt and .key
    #[arg(long, conflicts_with_all = ["throwaway_root", "force"])]
    pub rollover: bool,
    /// Where the root's key is on another machine: write intermediate.key and intermediate.csr, to
    /// be signed there
    #[arg(long, requires = "intermediate", conflicts_with_all = ["rollover", "throwaway_root"])]
    pub csr: bool,
    /// Take the certificate that was issued for intermediate.csr, after comparing it with the key and
    /// ca.crt
    #[arg(long, value_name = "FILE", requires = "intermediate", conflicts_with_all = ["csr", "rollover", "throwaway_root"])]
    pub take: Option<PathBuf>,
}
