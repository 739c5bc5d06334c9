//! How the keys of `certkit.toml` are read: every value also as text, in the words of the command
//! line.

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{self, Deserializer, SeqAccess, Visitor};

/// A value: text as on the command line, a number or a boolean.
pub(super) fn value<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let list = deserializer.deserialize_any(Values { one_only: true, kind: PhantomData })?;
    Ok(list.into_iter().next())
}

/// A list of such values; one alone needs no brackets.
pub(super) fn list<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    deserializer.deserialize_any(Values { one_only: false, kind: PhantomData }).map(Some)
}

struct Values<T> {
    one_only: bool,
    kind: PhantomData<T>,
}

impl<'de, T: FromStr<Err: Display>> Visitor<'de> for Values<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.one_only { "a value" } else { "a value or a list of values" })
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
        Ok(vec![text.parse().map_err(E::custom)?])
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Vec<T>, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Vec<T>, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Vec<T>, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        if self.one_only {
            return Err(de::Error::custom("expected one value, not a list"));
        }
        let mut values = Vec::new();
        while let Some(text) = items.next_element::<String>()? {
            values.push(text.parse().map_err(de::Error::custom)?);
        }
        Ok(values)
    }
}
