//! Chains: whom to trust, building paths, putting a chain in order, judging it.
//!
//! ```text
//! files ──> Located certificates ──┬─> order  ──> the one right chain (merge)
//!                                  └─> check  ──> rules ──> findings  (check, acme, serve)
//!                    trust ──> path ──^
//! ```
//!
//! Paths are built here and not by webpki alone, because a person wants to know *which* certificate is missing,
//! expired or in the wrong place, and because a standard asks for more than webpki can say. [`Profile`] says which
//! rules count and who has the last word.

mod check;
mod check_input;
mod diagnostic;
mod judged_path;
mod located;
mod order;
mod path;
mod profile;
mod rule;
mod rules;
mod trust;
mod verify;

#[cfg(test)]
mod tests;

pub use check::{Judgement, check, reasons};
pub use check_input::CheckInput;
pub use located::Located;
pub use order::{Order, OrderError, order};
pub use path::{Path, PathEnd, build_paths};
pub use profile::Profile;
pub use trust::{Anchor, Origin, TrustStore};
