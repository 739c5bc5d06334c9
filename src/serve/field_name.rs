//! Names of header fields in settings and rules.

use std::str::FromStr;

use http::{HeaderName, HeaderValue};

/// A field for every response: `NAME: VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedField {
    pub name: HeaderName,
    pub value: HeaderValue,
}

/// A field that is removed from every response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedField(pub HeaderName);

/// A field of a response that rules can read as a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectedField {
    pub name: HeaderName,
    pub variable: String,
    /// Whether clients do not get it.
    pub is_pulled: bool,
}

/// Why a header field cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldNameError {
    #[error("`{0}`: expected NAME: VALUE")]
    NoColon(String),
    #[error("`{0}`: expected the name of a header field and of a variable")]
    NotAPair(String),
    #[error("`{0}` is not the name of a header field")]
    InvalidName(String),
    #[error("`{0}` is not a value of a header field")]
    InvalidValue(String),
    /// RFC 9110 section 7.6.1; the framing must fit the body.
    #[error("the server sets the header field `{0}` itself")]
    OfTheServer(HeaderName),
}

/// Any name.
pub fn any(name: &str) -> Result<HeaderName, FieldNameError> {
    name.trim().parse().map_err(|_| FieldNameError::InvalidName(name.to_owned()))
}

/// One that a setting or rule may give a value. `Connection` may be closed by one.
pub fn settable(name: &str) -> Result<HeaderName, FieldNameError> {
    const OF_THE_SERVER: [&str; 7] =
        ["content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];
    let name = any(name)?;
    if OF_THE_SERVER.contains(&name.as_str()) { Err(FieldNameError::OfTheServer(name)) } else { Ok(name) }
}

impl FromStr for AddedField {
    type Err = FieldNameError;

    fn from_str(text: &str) -> Result<Self, FieldNameError> {
        let (name, value) = text.split_once(':').ok_or_else(|| FieldNameError::NoColon(text.to_owned()))?;
        let value = value.trim();
        let value = HeaderValue::from_str(value)
            .or_else(|_| HeaderValue::from_bytes(value.as_bytes()))
            .map_err(|_| FieldNameError::InvalidValue(value.to_owned()))?;
        Ok(Self { name: settable(name)?, value })
    }
}

impl FromStr for RemovedField {
    type Err = FieldNameError;

    fn from_str(text: &str) -> Result<Self, FieldNameError> {
        any(text).map(Self)
    }
}

impl CollectedField {
    /// `NAME VARIABLE`
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str, is_pulled: bool) -> Result<Self, FieldNameError> {
        let (name, variable) =
            text.trim().split_once(' ').ok_or_else(|| FieldNameError::NotAPair(text.to_owned()))?;
        let variable = variable.trim();
        if variable.is_empty() || !variable.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(FieldNameError::NotAPair(text.to_owned()));
        }
        Ok(Self { name: any(name)?, variable: variable.to_owned(), is_pulled })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_a_name_and_a_value() {
        let field: AddedField = "X-Frame-Options:  DENY ".parse().unwrap();
        assert_eq!(
            (field.name.as_str(), &field.value),
            ("x-frame-options", &HeaderValue::from_static("DENY"))
        );
        assert!("Connection: close".parse::<AddedField>().is_ok());
        assert!("A: \u{e9}".parse::<AddedField>().is_ok());
        for text in ["X", "a b: c", "A: b\nc", "Content-Length: 5", "Transfer-Encoding: chunked", ": x"] {
            assert!(text.parse::<AddedField>().is_err(), "{text}");
        }
        assert_eq!("Server".parse(), Ok(RemovedField(http::header::SERVER)));
        let collected = CollectedField::parse("X-User USERNAME", true).unwrap();
        assert_eq!((collected.name.as_str(), collected.variable.as_str()), ("x-user", "USERNAME"));
        assert!(CollectedField::parse("X-User", false).is_err());
    }
}
