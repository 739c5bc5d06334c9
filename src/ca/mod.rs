//! A certificate authority in the hand.
//!
//! | file | what it does |
//! |---|---|
//! | `profile` | what to issue |
//! | `subject` | distinguished names, typed or copied |
//! | `encode` | a certificate as bytes |
//! | `issuer` | issuing, and reading back what was issued |
//! | `crl` | revocation lists |
//! | `ledger` | the file beside the CA that says what it issued and revoked |

mod crl;
mod encode;
mod issuer;
mod ledger;
mod profile;
mod serial;
mod subject;

pub use crl::{Reason, make_list};
pub use issuer::{Error, Issued, Issuer, issue_intermediate, issue_leaf, make_request, make_root};
pub use ledger::{Error as LedgerError, Event, Ledger, Records};
pub use profile::{CaProfile, Constraint, End, LeafProfile};
pub use subject::Subject;
