//! Reading PEM as people really have it, and writing it as every program takes it.
//!
//! RFC 7468 is strict about line ends, line lengths and what is allowed between blocks; files that went through
//! editors, mail programs and web forms are not. [`mod@scan`] finds the blocks wherever they are and keeps for each
//! its bytes, its lines and what was wrong with it; [`mod@write`] makes the strict form. The room `container` reads
//! other forms than PEM and uses this one.

mod block;
mod lines;
mod near_miss;
mod scan;
mod tidy;
mod write;

#[cfg(test)]
mod tests;

pub use block::{Damage, DamageKind, PemBlock};
pub use scan::{Error, MAX_BLOCKS, has_block, scan, scan_from};
pub use write::{lines_of, write};
