//! JSON in which no object has a member twice: readers differ in which of the two counts (RFC 8259 section 4), and a
//! JWS with such members must be refused (RFC 7515 section 4).

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::problem::Problem;

/// Reads an object.
///
/// # Errors
/// `malformed`, with what the text is, when it is anything else.
pub(super) fn read<T: DeserializeOwned>(text: &[u8], what: &str) -> Result<T, Problem> {
    let refused = |error: serde_json::Error| Problem::malformed(format!("{what}: {error}"));
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        // serde would take an array for a struct.
        return Err(Problem::malformed(format!("{what}: expected a JSON object")));
    }
    serde_json::from_slice::<Unique>(text).map_err(refused)?;
    serde_json::from_slice(text).map_err(refused)
}

/// Any JSON without duplicate members.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unique, A::Error> {
        while items.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Unique, A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            members.next_value::<Unique>()?;
            if let Some(name) = names.replace(name) {
                return Err(A::Error::custom(format!("the member `{name}` is there twice")));
            }
        }
        Ok(Unique)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn members_that_are_there_twice_are_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":{"b":1,"\u0062":2}}"#, r#"{"a":[{"b":1,"b":1}]}"#] {
            let problem = read::<Value>(text.as_bytes(), "payload").unwrap_err();
            assert!(problem.detail.contains("twice"), "{}", problem.detail);
        }
        assert_eq!(
            read::<Value>(br#" {"a":{"b":1},"b":1.5}"#, "x").unwrap(),
            json!({"a": {"b": 1}, "b": 1.5})
        );
        for text in ["[]", "", "1", "{", "{}{}", "\u{feff}{}"] {
            assert!(read::<Value>(text.as_bytes(), "x").is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[{}:,\"a1 ]{0,60}") {
            let _ = read::<Value>(text.as_bytes(), "x");
        }
    }
}
