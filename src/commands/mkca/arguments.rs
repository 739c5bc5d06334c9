//! The arguments of `mkca` that are read before anything is made.

use std::path::{Path, PathBuf};

use super::super::Result;
use crate::advice::ca::{addresses_without_intermediate, invalid_constraint, no_data_folder};
use crate::ca::{Addresses, Constraint};
use crate::cli::MkcaArgs;
use crate::operands::ca_lookup::data_folder;
use crate::operands::destination::StdoutError;
use crate::x509::Subtree;

pub(super) fn constraints(option: &str, texts: &[String]) -> Result<Vec<Constraint>> {
    let constraints = texts.iter().map(|text| Constraint::parse(text)).collect::<std::result::Result<_, _>>();
    constraints.map_err(|error| invalid_constraint(&error, option))
}

/// The folder that the files go into.
pub(super) fn folder(args: &MkcaArgs) -> Result<PathBuf> {
    if args.output == Path::new("-") {
        return Err(StdoutError::SeveralFiles.into());
    }
    if args.global { data_folder().ok_or_else(no_data_folder) } else { Ok(args.output.clone()) }
}

/// A root names no addresses.
pub(super) fn refuse_addresses(args: &MkcaArgs) -> Result<()> {
    let is_none = Addresses::from(&args.addresses) == Addresses::default();
    if is_none { Ok(()) } else { Err(addresses_without_intermediate()) }
}

/// The domains among the limits of a CA that is there already.
pub(super) fn domains(subtrees: &[Subtree]) -> Vec<Constraint> {
    let domain = |subtree: &Subtree| match subtree {
        Subtree::Dns(domain) => Some(Constraint::Domain(domain.trim_start_matches('.').to_owned())),
        _ => None,
    };
    subtrees.iter().filter_map(domain).collect()
}
