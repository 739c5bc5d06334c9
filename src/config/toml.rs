//! `certkit.toml`: the options of `serve` as keys of the table `[serve]`.

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::{Error, PartialServe};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    serve: Option<PartialServe>,
}

/// Reads a `certkit.toml`.
///
/// # Errors
/// What TOML or one of the values has wrong, and in which line. Unknown keys are errors: they are mostly misspelt.
pub fn read(text: &str) -> Result<PartialServe, Error> {
    let document: Document = ::toml::from_str(text).map_err(|error| Error {
        message: error.message().to_owned(),
        line: error
            .span()
            .map(|span| 1 + text.bytes().take(span.start).filter(|&byte| byte == b'\n').count()),
    })?;
    Ok(document.serve.unwrap_or_default())
}

/// A value that is written as on the command line, or as the number or truth value that it is.
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
            return Err(de::Error::custom("one value is expected here, not a list"));
        }
        let mut values = Vec::new();
        while let Some(text) = items.next_element::<String>()? {
            values.push(text.parse().map_err(de::Error::custom)?);
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_on_the_command_line_or_as_they_are() {
        let settings = read(
            "[serve]\napp = 'app.py'\nlisten = ['https://*:443', 'uwsgi+unix:a.sock']\ncert = 'chain.pem'\n\
             workers = 2\nkeepalive = 1.5\nlimit-post = '10m'\nhsts = true\nmanage-script-name = true\n\
             static = '/s=public'\ntls-min = '1.3'\nsocket-mode = '600'\n",
        )
        .unwrap();
        assert_eq!(settings.app.as_deref(), Some("app.py"));
        let listen: Vec<_> = settings.listen.unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(listen, ["https://*:443", "uwsgi+unix:a.sock"]);
        assert_eq!(settings.cert, Some(vec!["chain.pem".into()]));
        assert_eq!(settings.workers.map(Into::into), Some(2usize));
        assert_eq!(settings.keepalive.map(|span| span.0.as_millis()), Some(1500));
        assert_eq!(settings.limit_post.map(|size| size.0), Some(10 << 20));
        assert_eq!(settings.hsts.map(|age| age.0), Some(63_072_000));
        assert_eq!(settings.manage_script_name, Some(true));
        assert_eq!(read("").unwrap(), PartialServe::default());
    }

    #[test]
    fn errors_name_the_line() {
        for (text, line, part) in [
            ("[serve]\nworkers = 0\n", 2, "zero"),
            ("[serve]\n\nwokers = 1\n", 3, "wokers"),
            ("[serv]\n", 1, "serv"),
            ("[serve]\nlisten = 'ftp://a:1'\n", 2, "ftp"),
            ("[serve]\nworkers = [1]\n", 2, "one value"),
            ("[serve\n", 1, ""),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.line, Some(line), "{text}: {error}");
            assert!(error.message.contains(part), "{error}");
        }
    }
}
