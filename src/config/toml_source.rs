//! The text of a TOML file: its lines, and values as text.

use std::borrow::Cow;

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::error::{SyntaxError, SyntaxProblem};
use super::origin::Origin;
use super::setting::{Setting, Takes};
use super::similar::similar;
use super::{option_words, table};

/// The text that is read.
#[derive(Clone, Copy)]
pub(super) struct Source<'s> {
    pub(super) file: &'s str,
    pub(super) text: &'s str,
}

impl Source<'_> {
    /// The line of a place in the text.
    pub(super) fn origin(&self, at: usize) -> Origin {
        Origin::File { file: self.file.to_owned(), line: self.line(at) }
    }

    pub(super) fn line(&self, at: usize) -> usize {
        1 + self.text.bytes().take(at).filter(|&byte| byte == b'\n').count()
    }

    pub(super) fn wrong(&self, (at, problem): (usize, SyntaxProblem)) -> SyntaxError {
        SyntaxError { problem, line: Some(self.line(at)) }
    }
}

/// The document.
///
/// # Errors
/// Text that is not TOML.
pub(super) fn parse<'s>(source: &Source<'s>) -> Result<Spanned<DeTable<'s>>, SyntaxError> {
    DeTable::parse(source.text).map_err(|error| SyntaxError {
        problem: SyntaxProblem::Toml(error.message().to_owned()),
        line: error.span().map(|span| source.line(span.start)),
    })
}

/// Keys and values in the order of the file; a table is sorted by its keys.
pub(super) fn in_order<'t, 'd>(
    keys: &'t DeTable<'d>,
) -> Vec<(&'t Spanned<Cow<'d, str>>, &'t Spanned<DeValue<'d>>)> {
    let mut keys: Vec<_> = keys.iter().collect();
    keys.sort_by_key(|(key, _)| key.span().start);
    keys
}

/// The values of a key as text, with where they begin. One alone needs no brackets.
pub(super) fn values(
    setting: &Setting,
    key: &str,
    value: &Spanned<DeValue<'_>>,
) -> Result<Vec<(usize, String)>, SyntaxProblem> {
    let one = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
        DeValue::String(text) => Ok((value.span().start, text.to_string())),
        DeValue::Integer(number) => Ok((value.span().start, decimal(number.as_str(), number.radix()))),
        DeValue::Float(number) => Ok((value.span().start, number.as_str().to_owned())),
        DeValue::Boolean(is_on) => Ok((
            value.span().start,
            match setting.takes {
                // As the option without a value.
                Takes::Optional(missing) if *is_on => missing.to_owned(),
                _ => is_on.to_string(),
            },
        )),
        other => Err(SyntaxProblem::NotAValue {
            key: key.to_owned(),
            expected: if setting.is_list() { "a value or a list of values" } else { "a value" },
            given: other.type_str(),
        }),
    };
    match value.get_ref() {
        DeValue::Array(_) if !setting.is_list() => Err(SyntaxProblem::NotAList { key: key.to_owned() }),
        DeValue::Array(items) => items.iter().map(one).collect(),
        _ => one(value).map(|value| vec![value]),
    }
}

/// A number without the prefix of its base; the digits as they are where they are not one.
fn decimal(digits: &str, radix: u32) -> String {
    i64::from_str_radix(digits, radix).map_or_else(|_| digits.to_owned(), |number| number.to_string())
}

pub(super) fn unknown(key: &str) -> SyntaxProblem {
    let known = table::settings().filter(|setting| !setting.only_flag);
    let similar = option_words::native(key).or_else(|| {
        similar(key, known.flat_map(|setting| setting.aliases.iter().copied().chain([setting.word])))
    });
    SyntaxProblem::UnknownKey { key: key.to_owned(), similar }
}
