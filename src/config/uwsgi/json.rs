//! JSON option files: an object with the section's name. Arrays give one option for each item.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::option_line::{OptionLine, OptionLines, ReadProblem, SECTION};
use super::yaml::EXPECTED;
use crate::config::error::SyntaxProblem;

/// An object's members in their order, also those with the same name.
struct Members<'a>(Vec<(String, &'a RawValue)>);

/// The options in the object `section`, in their order.
///
/// # Errors
/// A text that is not JSON, or without the object.
pub(super) fn read(text: &str, section: Option<&str>) -> OptionLines {
    let asked = section.unwrap_or(SECTION);
    let wrong = |error: serde_json::Error| {
        ReadProblem::at(error.line().max(1), SyntaxProblem::Json(error.to_string()))
    };
    let Members(sections) = serde_json::from_str(text).map_err(wrong)?;
    let object = sections.into_iter().rev().find(|(name, raw)| name == asked && raw.get().starts_with('{'));
    let (_, object) = object.ok_or_else(|| ReadProblem::no_section(asked))?;
    // A raw value is a piece of the text.
    let line_of = |raw: &RawValue| {
        let at = (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        1 + text.bytes().take(at).filter(|&byte| byte == b'\n').count()
    };
    let Members(members) = serde_json::from_str(object.get()).map_err(wrong)?;
    let mut options = Vec::new();
    for (word, raw) in members {
        let items: Vec<&RawValue> = if raw.get().starts_with('[') {
            serde_json::from_str(raw.get()).map_err(wrong)?
        } else {
            vec![raw]
        };
        for item in items {
            let value = match serde_json::from_str(item.get()).map_err(wrong)? {
                Value::String(text) => text,
                Value::Bool(true) => "1".to_owned(),
                Value::Bool(false) | Value::Null => "0".to_owned(),
                Value::Number(number) => number.to_string(),
                Value::Array(_) | Value::Object(_) => {
                    let problem =
                        SyntaxProblem::NotAValue { key: word, expected: EXPECTED, given: "nested value" };
                    return Err(ReadProblem::at(line_of(item), problem));
                }
            };
            options.push(OptionLine { line: line_of(item), word: word.clone(), value });
        }
    }
    Ok(options)
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_in_their_order() {
        let text = "{\"a\": 1, \"uwsgi\": {\n \"zz\": \"1\", \"master\": true,\n \"env\": [\"A=1\",\n  \"B=2\"], \"n\": 5,\n\
                    \"no\": null, \"aa\": false, \"zz\": \"2\"}}";
        let options = read(text, None).unwrap();
        let shown: Vec<_> =
            options.iter().map(|one| format!("{} {}={}", one.line, one.word, one.value)).collect();
        let expected =
            ["2 zz=1", "2 master=1", "3 env=A=1", "4 env=B=2", "4 n=5", "5 no=0", "5 aa=0", "5 zz=2"];
        assert_eq!(shown, expected);
    }

    #[test]
    fn errors_name_the_line() {
        for (text, line) in [
            ("{\n", Some(2)),
            ("{\"uwsgi\": {\n\"a\": [[1]]}}", Some(2)),
            ("{\"uwsgi\": {\n\"a\": {}}}", Some(2)),
            ("{\"uwsgi\": 1}", None),
            ("{}", None),
            ("[]", Some(1)),
        ] {
            assert_eq!(read(text, None).unwrap_err().line, line, "{text}");
        }
    }
}
