//! `trust`.

use serde::Serialize;

use super::certificate::Certificate;
use crate::report::{TrustEnvironment, Trusted, TrustedCa, TrustedCas, TrustedStore};

/// `trust`: how the stores of this machine stand to a CA.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct TrustResult<'a> {
    /// `install`, `uninstall` or `status`.
    action: &'static str,
    /// Whether nothing was changed because of `--dry-run`.
    dry_run: bool,
    /// The CA's file.
    file: &'a str,
    /// What the CA is called in stores.
    name: &'a str,
    /// The CA's certificate.
    certificate: Certificate<'a>,
    /// Each store that was looked at.
    stores: Vec<Store<'a>>,
    /// Roots that this one replaced and that a store has, or had until now.
    older: Vec<StoredCa<'a>>,
    /// Programs on this machine that ask none of the stores; only `status` looks for them.
    uncovered: Vec<Uncovered<'a>>,
}

/// A trust store.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Store<'a> {
    /// `system`, `nss`, `firefox` or `java`.
    store: &'static str,
    /// Where it is.
    path: &'a str,
    /// `absent`, `failed`, `installed`, `needs_rights`, `pending`, `planned`, `removed`, `trusted` or `untrusted`.
    state: &'static str,
    /// What would be done, or what is still to do.
    steps: &'a [String],
}

/// A CA of certkit.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StoredCa<'a> {
    /// What it is called in stores.
    name: &'a str,
    /// Its certificate.
    certificate: Certificate<'a>,
    /// Its files in the folders that were looked at; empty where only stores have it.
    files: &'a [String],
    /// The stores that have it, or had it until now.
    stores: Vec<Store<'a>>,
}

/// A program that asks none of the stores.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Uncovered<'a> {
    /// What it is.
    program: &'a str,
    /// Where it reads roots from.
    reads: &'a str,
    /// Whether `trust env` prints a variable for it.
    set_by_env: bool,
}

/// `trust list`, and `trust uninstall` of several CAs.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct TrustListResult<'a> {
    /// `list` or `uninstall`.
    action: &'static str,
    /// Whether nothing was changed because of `--dry-run`.
    dry_run: bool,
    /// CAs of certkit.
    cas: Vec<StoredCa<'a>>,
}

/// `trust env`: variables for programs that do not ask the stores.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct TrustEnvResult<'a> {
    /// `sh`, `fish`, `powershell`, `dotenv` or `dockerfile`.
    shell: &'static str,
    /// The CA's file.
    file: &'a str,
    /// The variables; none for a Dockerfile, whose paths are those of the image.
    variables: Vec<Variable<'a>>,
    /// The lines that are printed without `--format json`.
    text: &'a str,
}

/// A variable that makes programs trust the CA.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Variable<'a> {
    /// Its name.
    name: &'static str,
    /// Its value.
    value: &'a str,
    /// `adds` or `replaces`: whether the public roots are still read from elsewhere.
    effect: &'static str,
    /// The programs that read it.
    read_by: &'static str,
}

impl<'a> TrustResult<'a> {
    pub(super) fn new(trusted: &'a Trusted) -> Self {
        let uncovered = trusted.uncovered.iter().map(|one| Uncovered {
            program: one.program,
            reads: &one.reads,
            set_by_env: one.is_set_by_environment,
        });
        Self {
            action: trusted.action,
            dry_run: trusted.dry_run,
            file: &trusted.file,
            name: &trusted.name,
            certificate: Certificate::new(&trusted.certificate, None),
            stores: stores(&trusted.stores),
            older: trusted.older.iter().map(StoredCa::new).collect(),
            uncovered: uncovered.collect(),
        }
    }
}

impl<'a> StoredCa<'a> {
    fn new(ca: &'a TrustedCa) -> Self {
        Self {
            name: &ca.name,
            certificate: Certificate::new(&ca.certificate, None),
            files: &ca.files,
            stores: stores(&ca.stores),
        }
    }
}

impl<'a> TrustListResult<'a> {
    pub(super) fn new(list: &'a TrustedCas) -> Self {
        let cas = list.cas.iter().map(StoredCa::new).collect();
        Self { action: list.action, dry_run: list.dry_run, cas }
    }
}

impl<'a> TrustEnvResult<'a> {
    pub(super) fn new(environment: &'a TrustEnvironment) -> Self {
        let variables = environment.variables.iter().map(|variable| Variable {
            name: variable.name,
            value: &variable.value,
            effect: variable.effect,
            read_by: variable.read_by,
        });
        Self {
            shell: environment.shell,
            file: &environment.file,
            variables: variables.collect(),
            text: &environment.text,
        }
    }
}

fn stores(stores: &[TrustedStore]) -> Vec<Store<'_>> {
    stores
        .iter()
        .map(|store| Store { store: store.kind, path: &store.path, state: store.state, steps: &store.steps })
        .collect()
}
