//! The fields of a line, to say what is wrong with one that cannot be read. Lines that can are read without this.

use serde_json::{Map, Value};

use super::error::CaseError;
use crate::finding::{did_you_mean, similar};

/// What a field holds; `null` is as good as no field.
#[derive(Clone, Copy)]
enum FieldKind {
    Anything,
    Flag,
    /// A whole number between these two, which are allowed.
    Number(u64, u64),
    Text,
    /// One text or a list of them.
    Texts,
}

/// The fields in the order of the documentation.
const FIELDS: &[(&str, FieldKind)] = &[
    ("id", FieldKind::Anything),
    ("chain", FieldKind::Texts),
    ("chain_pem", FieldKind::Texts),
    ("target", FieldKind::Text),
    ("starttls", FieldKind::Text),
    ("timeout", FieldKind::Number(1, MAX_TIMEOUT)),
    ("roots", FieldKind::Texts),
    ("roots_pem", FieldKind::Texts),
    ("crls", FieldKind::Texts),
    ("crls_pem", FieldKind::Texts),
    ("key", FieldKind::Text),
    ("key_pem", FieldKind::Text),
    ("at", FieldKind::Text),
    ("host", FieldKind::Text),
    ("emails", FieldKind::Texts),
    ("purpose", FieldKind::Text),
    ("profile", FieldKind::Text),
    ("max_depth", FieldKind::Number(0, u32::MAX as u64)),
    ("min_days", FieldKind::Number(0, MAX_DAYS)),
    ("warnings", FieldKind::Flag),
];

/// As of `--min-days`.
const MAX_DAYS: u64 = 36_500;
/// As of `--timeout`, in seconds.
const MAX_TIMEOUT: u64 = 600;

impl FieldKind {
    fn holds(self, value: &Value) -> bool {
        match self {
            _ if value.is_null() => true,
            Self::Anything => true,
            Self::Flag => value.is_boolean(),
            Self::Number(least, most) => {
                value.as_u64().is_some_and(|number| (least..=most).contains(&number))
            }
            Self::Text => value.is_string(),
            Self::Texts => match value {
                Value::Array(items) => items.iter().all(Value::is_string),
                value => value.is_string(),
            },
        }
    }

    fn wanted(self) -> String {
        match self {
            Self::Anything => "anything".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Number(least, most) => format!("a whole number from {least} to {most}"),
            Self::Text => "a text".to_owned(),
            Self::Texts => "a text or a list of texts".to_owned(),
        }
    }
}

/// Why a line is not a case, and its `id`, if it has one. `None` when every field is as it must be.
pub(super) fn wrong(line: &[u8]) -> (Value, Option<CaseError>) {
    let mut fields = match serde_json::from_slice(line) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => return (Value::Null, Some(CaseError::NotAnObject)),
        Err(error) => return (Value::Null, Some(CaseError::Json(without_line(&error)))),
    };
    let error = wrong_field(&fields);
    (fields.remove("id").unwrap_or_default(), error)
}

/// Whether a number is one that its field may have.
///
/// # Errors
/// When it is not.
pub(super) fn check_number(name: &str, number: Option<u64>) -> Result<(), CaseError> {
    let field = FIELDS.iter().find(|(known, _)| *known == name);
    match (field, number) {
        (Some((name, kind)), Some(number)) if !kind.holds(&number.into()) => {
            Err(CaseError::FieldValue { name, wanted: kind.wanted() })
        }
        _ => Ok(()),
    }
}

fn wrong_field(fields: &Map<String, Value>) -> Option<CaseError> {
    fields.iter().find_map(|(name, value)| {
        let Some((known, kind)) = FIELDS.iter().find(|(known, _)| known == name) else {
            return Some(CaseError::UnknownField { name: name.clone(), hint: hint(name) });
        };
        (!kind.holds(value)).then(|| CaseError::FieldValue { name: known, wanted: kind.wanted() })
    })
}

/// The end of a sentence about an unknown field: the one that was meant, or all.
fn hint(name: &str) -> String {
    let names = || FIELDS.iter().map(|(name, _)| *name);
    match similar(name, names()) {
        None => format!("; the fields are {}", names().collect::<Vec<_>>().join(", ")),
        similar => did_you_mean(similar),
    }
}

/// What serde says, without its line: that is always the first, whatever line of the batch this is.
pub(super) fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.split_once(" at line 1 column ") {
        Some((what, column)) => format!("{what} (column {column})"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::case::Case;
    use super::*;

    #[test]
    fn the_table_has_the_fields_of_a_case() {
        let error = serde_json::from_slice::<Case>(b"{\"?\":1}").unwrap_err().to_string();
        let listed = error.split("expected one of ").nth(1).unwrap().split(" at line").next().unwrap();
        let listed: Vec<_> = listed.split(", ").map(|name| name.trim_matches('`')).collect();
        assert_eq!(listed, FIELDS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        for (name, kind) in FIELDS {
            for value in [json!(null), json!(true), json!(7), json!(-1), json!("a"), json!(["a"]), json!([1])]
            {
                let line = json!({ *name: value }).to_string();
                let is_read = serde_json::from_str::<Case>(&line).is_ok();
                assert_eq!(kind.holds(&value), is_read, "{line}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, wanted) in [
            (r#"{"id":1,"hots":"a"}"#, "`hots` is not a field of a case; did you mean `host`?"),
            (r#"{"chain":7}"#, "`chain` must be a text or a list of texts"),
            (r#"{"min_days":40000}"#, "`min_days` must be a whole number from 0 to 36500"),
            ("[1]", "a case is a JSON object"),
            ("no json", "this is not a valid case: expected ident (column 2)"),
        ] {
            let (_, error) = wrong(line.as_bytes());
            let said = error.unwrap().to_string();
            assert!(said.starts_with(wanted), "{line}: {said}");
        }
        let (id, error) = wrong(br#"{"id":[1],"hatstand":2}"#);
        assert_eq!(id, json!([1]));
        assert!(error.unwrap().to_string().ends_with("; the fields are id, chain, chain_pem, target, starttls, timeout, roots, roots_pem, crls, crls_pem, key, key_pem, at, host, emails, purpose, profile, max_depth, min_days, warnings"));
    }
}
