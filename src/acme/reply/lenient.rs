//! Parts of a server's objects that are read however a server writes them, where instant-acme takes only what it knows.

use serde::de::DeserializeOwned;
use serde::de::value::Error;
use serde::{Deserialize, Deserializer, de::IntoDeserializer};

/// An identifier (RFC 8555 section 9.7.7) by its value. [`instant_acme::Identifier`], in which orders are placed, fails on
/// types that it does not know, on a missing type and on addresses in another form, and with it the whole object.
#[derive(Debug, Deserialize)]
pub struct NamedIdentifier {
    pub value: String,
}

/// Reads a word of a set, such as a status; `None` for one that is not in it.
///
/// # Errors
/// When it is not a word at all.
pub fn word<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(T::deserialize(IntoDeserializer::<Error>::into_deserializer(text)).ok())
}

#[cfg(test)]
mod tests {
    use instant_acme::AuthorizationStatus;

    use super::*;

    #[test]
    fn a_word_is_known_or_unknown() {
        let read = |json| word::<AuthorizationStatus, _>(&mut serde_json::Deserializer::from_str(json));
        assert_eq!(read(r#""valid""#).unwrap(), Some(AuthorizationStatus::Valid));
        for unknown in [r#""validated""#, r#""Valid""#, r#""""#] {
            assert_eq!(read(unknown).unwrap(), None, "{unknown}");
        }
        assert!(read("1").is_err() && read("null").is_err());
    }

    #[test]
    fn an_identifier_needs_no_known_type() {
        for json in [r#"{"value": "a.test"}"#, r#"{"type": "DNS", "value": "a.test", "more": 1}"#] {
            assert_eq!(serde_json::from_str::<NamedIdentifier>(json).unwrap().value, "a.test");
        }
    }
}
