//! The table: one row for each defect.

mod encodings;
mod extensions;
mod keys;
mod names;

#[cfg(test)]
use super::row::Row;

/// Every row, in the order of the page.
#[cfg(test)]
pub(in crate::chain) fn table() -> impl Iterator<Item = &'static Row> {
    let topics = [keys::ROWS, extensions::ROWS, names::ROWS, encodings::ROWS];
    topics.into_iter().flatten().map(|defect| defect.row())
}
