//! `show` and `key show`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

use super::certificate::{Key, Name};
use super::finding::Location;
use super::rfc3339;
use crate::report::{FactValue, Shown, ShownItem, TreeLine};

/// `show`: what is in a file, or what a server sends.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct ShowResult<'a> {
    /// The file as it was typed, or `HOST:PORT`.
    file: &'a str,
    /// The time that days are counted from, RFC 3339.
    at: String,
    /// Everything in it, in order.
    items: Vec<Item<'a>>,
    /// The certificates as a tree, where there are several.
    chain: Vec<Branch<'a>>,
}

/// One object of a file: its kind, its place, and a field for each thing that it says.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Item<'a> {
    /// `certificate`, `certificate_request`, `crl`, `other`, `parameters`, `private_key`, `public_key` or `server`.
    kind: &'static str,
    /// What to call it by.
    title: &'a str,
    /// Where it stands.
    location: Location<'a>,
    #[serde(flatten)]
    #[cfg_attr(test, schemars(with = "super::schema::Facts"))]
    facts: BTreeMap<&'static str, Value>,
}

/// One certificate of the tree.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Branch<'a> {
    /// How many certificates stand above it.
    depth: usize,
    /// What to call it by.
    name: &'a str,
    /// The name of its issuer, where that is not in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_issuer: Option<&'a str>,
}

/// An entry of a revocation list.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct RevokedSerial<'a> {
    /// Serial number, hexadecimal.
    serial: &'a str,
    /// Since when, RFC 3339.
    revoked_at: String,
}

impl<'a> ShowResult<'a> {
    pub(super) fn new(shown: &'a Shown) -> Self {
        Self {
            file: &shown.file,
            at: rfc3339(shown.at),
            items: shown.items.iter().map(|item| Item::new(item, shown.at)).collect(),
            chain: shown.tree.iter().map(Branch::new).collect(),
        }
    }
}

impl<'a> Item<'a> {
    fn new(item: &'a ShownItem, at: OffsetDateTime) -> Self {
        let mut facts: BTreeMap<_, _> =
            item.facts.iter().map(|fact| (fact.name, value(&fact.value))).collect();
        for fact in &item.facts {
            if let FactValue::End(time) = fact.value {
                facts.insert("days_left", Value::from((time - at).whole_days()));
            }
        }
        Self { kind: item.kind, title: &item.title, location: Location::new(&item.location), facts }
    }
}

fn value(value: &FactValue) -> Value {
    match value {
        FactValue::End(time) | FactValue::Time(time) => Value::from(rfc3339(*time)),
        FactValue::Flag(flag) => Value::from(*flag),
        FactValue::Key(key) => json(&Key::new(key)),
        FactValue::List(items) => Value::from(items.clone()),
        FactValue::Names(names) => json(&names.iter().map(Name::new).collect::<Vec<_>>()),
        FactValue::Number(number) => Value::from(*number),
        FactValue::Revoked(entries) => {
            let entry =
                |(serial, time): &(String, _)| json(&RevokedSerial { serial, revoked_at: rfc3339(*time) });
            entries.iter().map(entry).collect()
        }
        FactValue::Text(text) => Value::from(text.as_str()),
    }
}

/// Structs of strings and numbers always have a JSON form.
fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

impl<'a> Branch<'a> {
    fn new(line: &'a TreeLine) -> Self {
        Self { depth: line.depth, name: &line.label, missing_issuer: line.missing_issuer.as_deref() }
    }
}
