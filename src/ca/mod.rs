//! A certificate authority in the hand: what to issue ([`profile`]) and issuing it ([`issue`]).

mod issue;
mod profile;
mod serial;

pub use issue::{Error, Issued, issue_intermediate, issue_leaf, make_request, make_root};
pub use profile::{AddressRange, CaProfile, Constraint, LeafProfile, end_of_validity};
