//! Chains: whom to trust, building paths, putting a chain in order, judging it.
//!
//! ```text
//! files ──> Located certificates ──┬─> merge ──> order  ──> the one right chain (merge)
//!                                  └─> check  ──> rules ──> findings  (check, batch, acme, serve)
//!                    trust ──> path ──^
//! ```
//!
//! Paths are built here and not by webpki alone, because a person wants to know *which* certificate is missing,
//! expired or in the wrong place, and because a standard asks for more than webpki can say. [`Profile`] says which
//! rules count and who has the last word.

mod batch;
mod check;
mod check_input;
mod clients;
mod diagnostic;
mod judged_path;
mod located;
mod merge;
mod order;
mod path;
mod profile;
mod revocation_lists;
mod rule;
mod rules;
mod tree;
mod trust;
mod verify;

#[cfg(test)]
mod tests;

pub use batch::{
    BatchError, BatchInput, BatchVerdict, CaseAnswer, CaseFiles, CaseReason, CaseServer, ReadCertificates,
    SeenServer, judge_batch,
};
pub use check::{Judgement, check, reasons};
pub use check_input::{CheckInput, KnownRevocation, TypedOptions, fixed_file, fixed_server_file};
pub use located::Located;
pub use merge::{FetchIssuer, Gap, MergeInput, MergedChain, merge};
#[cfg(feature = "internals")]
pub use order::order;
pub use order::{DropReason, OrderError};
pub use profile::Profile;
pub use revocation_lists::{RevocationListError, read_revocation_lists};
pub use tree::tree;
pub use trust::{Origin, TrustStore};
