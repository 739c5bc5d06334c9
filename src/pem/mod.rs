//! Reading PEM as people really have it, and writing it as every program takes it.
//!
//! RFC 7468 is strict about line ends, line lengths and what may stand between blocks; files that went through
//! editors, mail programs and web forms are not. [`mod@scan`] finds the blocks wherever they stand and keeps for each
//! its bytes, its lines and what was wrong with it; [`mod@write`] makes the strict form.

mod block;
mod scan;
mod write;

pub use block::{Damage, DamageKind, PemBlock};
pub use scan::{Error, Scan, scan};
pub use write::{lines_of, write};
