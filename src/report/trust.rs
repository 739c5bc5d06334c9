//! What `trust` did: CAs in the stores of this machine, and variables for programs that ask none.

use super::CertificateSummary;

/// What `trust` found in the stores of this machine, or did to them.
#[derive(Debug)]
pub struct Trusted {
    /// `install`, `uninstall` or `status`.
    pub action: &'static str,
    /// Whether nothing was changed, because only a plan was asked for.
    pub dry_run: bool,
    /// The CA's file, as it was typed or found.
    pub file: String,
    pub certificate: CertificateSummary,
    /// What it is called in stores.
    pub name: String,
    /// The stores, in the order they were looked at.
    pub stores: Vec<TrustedStore>,
    /// Roots that this one replaced and that a store has, or had until now.
    pub older: Vec<TrustedCa>,
    /// Programs that ask none of the stores; only `status` looks for them.
    pub uncovered: Vec<UncoveredProgram>,
    /// The exit status: 0, 1 where a store that was only asked does not trust it, 2 where a store could not be asked or
    /// changed.
    pub status: u8,
}

#[derive(Debug)]
pub struct TrustedStore {
    /// `system`, `nss`, `firefox` or `java`.
    pub kind: &'static str,
    pub path: String,
    /// One of `absent`, `failed`, `installed`, `needs_rights`, `pending`, `planned`, `removed`, `trusted`, `untrusted`.
    pub state: &'static str,
    /// What would be done, or what is still to do.
    pub steps: Vec<String>,
}

/// What `trust list` found, and what `trust uninstall` did to several CAs.
#[derive(Debug)]
pub struct TrustedCas {
    /// `list` or `uninstall`.
    pub action: &'static str,
    /// Whether nothing was changed, because only a plan was asked for.
    pub dry_run: bool,
    pub cas: Vec<TrustedCa>,
    /// The exit status: 0, or 2 where a store could not be asked or changed.
    pub status: u8,
}

/// A CA of certkit, and the stores that have it, or had it until now.
#[derive(Debug)]
pub struct TrustedCa {
    pub certificate: CertificateSummary,
    /// What it is called in stores.
    pub name: String,
    /// Its files in the folders that were looked at; without one only stores have it.
    pub files: Vec<String>,
    pub stores: Vec<TrustedStore>,
}

/// A program on this machine that asks none of its stores.
#[derive(Debug)]
pub struct UncoveredProgram {
    pub program: &'static str,
    /// Where it reads roots from.
    pub reads: String,
    /// Whether `trust env` prints a variable for it.
    pub is_set_by_environment: bool,
}

/// The variables that `trust env` prints.
#[derive(Debug)]
pub struct TrustEnvironment {
    /// `sh`, `fish`, `powershell`, `dotenv` or `dockerfile`.
    pub shell: &'static str,
    /// The CA's file.
    pub file: String,
    /// None for a Dockerfile, whose paths are those of the image.
    pub variables: Vec<TrustVariable>,
    /// The lines.
    pub text: String,
    /// The exit status: 0, or 2 where some variables are missing.
    pub status: u8,
}

/// A variable that makes programs trust the CA.
#[derive(Debug)]
pub struct TrustVariable {
    pub name: &'static str,
    pub value: String,
    /// `adds` or `replaces`: whether the public roots are still read from elsewhere.
    pub effect: &'static str,
    pub read_by: &'static str,
}
