//! What clients do with a certificate that is not as it should be: a table, and the sentences and severities that come
//! from it.
//!
//! ```text
//! rows ──┬─> Defect::severity   what it is under the profile tls
//!        ├─> Defect::sentence   who refuses it, in the message of a finding
//!        └─> docs/clients.md    the table for readers, and the lines "Who cares" of docs/findings.md
//! ```
//!
//! No rule words by itself who refuses what. A cell of a client that runs here is what it did with a chain that has this
//! defect and no other (`tests/integration/clients.rs` asks again); the rest is from its maker's documents.

mod client;
mod row;
mod rows;
mod sentence;

pub(super) use client::{Client, Clients};
pub(super) use row::Defect;
#[cfg(test)]
pub(super) use row::Row;
#[cfg(test)]
pub(super) use rows::table;
