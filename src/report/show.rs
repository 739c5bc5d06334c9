//! What `show` found in a file, or at a server.

use time::OffsetDateTime;

use crate::finding::Location;

/// What `show` found in a file.
#[derive(Debug)]
pub struct Shown {
    /// The file, as it was typed.
    pub file: String,
    /// The time that days are counted from.
    pub at: OffsetDateTime,
    /// Everything in it, in order.
    pub items: Vec<ShownItem>,
    /// The certificates as a tree, if there are several: each below the one that signed it.
    pub tree: Vec<TreeLine>,
}

/// One object of a file.
#[derive(Debug)]
pub struct ShownItem {
    /// Its kind, one of the words `certificate`, `certificate_request`, `crl`, `other`, `parameters`, `private_key`,
    /// `public_key`, `server`.
    pub kind: &'static str,
    /// What to call it by.
    pub title: String,
    /// What it says, in the order to show it.
    pub facts: Vec<Fact>,
    /// Where it stands.
    pub location: Location,
}

/// One thing that an object says. The name is the same word in JSON.
#[derive(Debug)]
pub struct Fact {
    /// In snake_case.
    pub name: &'static str,
    /// What.
    pub value: FactValue,
}

impl Fact {
    /// A fact.
    pub fn new(name: &'static str, value: FactValue) -> Self {
        Self { name, value }
    }
}

/// The value of a fact.
#[derive(Debug)]
pub enum FactValue {
    /// A time at which something ends, UTC; shown with the days that are left.
    End(OffsetDateTime),
    /// Yes or no.
    Flag(bool),
    /// Several texts.
    List(Vec<String>),
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
    /// A time, UTC.
    Time(OffsetDateTime),
}

/// One certificate of a tree.
#[derive(Debug)]
pub struct TreeLine {
    /// How many stand above it.
    pub depth: usize,
    /// What to call it by.
    pub label: String,
    /// Its issuer's name, where the issuer is not in the file.
    pub missing_issuer: Option<String>,
}
