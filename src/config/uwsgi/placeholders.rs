//! The three passes over all values once everything is read: `$(NAME)` for variables, `@(file)` for the content of
//! files, `%(key)` for other options, with uWSGI's arithmetic.

use super::exported_option::ExportedOption;
use super::surroundings::{self, Surroundings};
use crate::config::option_error::OptionError;
use crate::config::option_value::integer;

/// Bytes of a value with its placeholders replaced. Without a limit thirty short lines, each naming the one before it
/// twice, would fill any memory.
const MAX_VALUE: usize = 64 << 10;
/// Bytes that all passes together look at: each replacement starts anew at the beginning of the value.
const MAX_STEPS: usize = 4 << 20;

/// Replaces the placeholders in all values that are not settled yet.
///
/// # Errors
/// Which option's value grows too long, or names a file that cannot be read.
pub(super) fn replace_all(
    options: &mut [ExportedOption],
    around: &dyn Surroundings,
) -> Result<(), (usize, OptionError)> {
    let mut steps = MAX_STEPS;
    for symbol in [b'$', b'@', b'%'] {
        for at in 0..options.len() {
            let Some(option) = options.get(at).filter(|option| !option.is_settled) else { continue };
            let Some(value) = option.value.as_deref().filter(|value| value.as_bytes().contains(&symbol))
            else {
                continue;
            };
            let mut lookup = |key: &str| match symbol {
                b'$' => Ok(around.variable(key)),
                b'@' => content(key, around).map(Some),
                _ => Ok(evaluated(key, options)),
            };
            let replaced = match replaced(value, symbol, &mut lookup, &mut steps) {
                Ok(Some(replaced)) => replaced,
                Ok(None) => {
                    let word = option.word.clone();
                    return Err((at, OptionError::TooLong { word, limit: MAX_VALUE }));
                }
                Err(error) => return Err((at, error)),
            };
            if let Some(option) = options.get_mut(at) {
                option.value = Some(replaced);
            }
        }
    }
    Ok(())
}

/// The value with what `lookup` says for the keys in parentheses behind `symbol`; those without a replacement stay.
/// `None` if it is too long, or never ends.
fn replaced(
    value: &str,
    symbol: u8,
    lookup: &mut dyn FnMut(&str) -> Result<Option<String>, OptionError>,
    steps: &mut usize,
) -> Result<Option<String>, OptionError> {
    let mut value = value.to_owned();
    let mut is_behind_symbol = false;
    // Where a key begins, and how many parentheses are open in it.
    let mut key: Option<(usize, usize)> = None;
    let mut at = 0;
    while let Some(&byte) = value.as_bytes().get(at) {
        let Some(left) = steps.checked_sub(1) else { return Ok(None) };
        *steps = left;
        if byte == symbol {
            is_behind_symbol = true;
            key = None;
        } else if let Some((start, depth)) = key {
            key = match (byte, depth) {
                (b'(', depth) => Some((start, depth + 1)),
                (b')', 0) => {
                    let name = value.get(start..at).unwrap_or_default();
                    if let Some(replacement) = if name.is_empty() { None } else { lookup(name)? } {
                        value.replace_range(start - 2..=at, &replacement);
                        // What came in is looked at too, as in uWSGI from the second byte on.
                        at = 0;
                    }
                    None
                }
                (b')', depth) => Some((start, depth - 1)),
                _ => key,
            };
        } else {
            if byte == b'(' && is_behind_symbol {
                key = Some((at + 1, 0));
            }
            is_behind_symbol = false;
        }
        if value.len() > MAX_VALUE {
            return Ok(None);
        }
        at += 1;
    }
    Ok(Some(value))
}

/// The content of a file without its last line feed.
fn content(file: &str, around: &dyn Surroundings) -> Result<String, OptionError> {
    if file.contains("://") {
        return Err(OptionError::Scheme { value: format!("@({file})") });
    }
    let unreadable = |reason: String| OptionError::Include { file: file.to_owned(), reason };
    let bytes = around.read(file).map_err(|error| unreadable(surroundings::unreadable(&error)))?;
    let mut text = String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8 text".to_owned()))?;
    if text.ends_with(['\n', '\r']) {
        text.pop();
    }
    Ok(text)
}

/// The value of the first option with this word. With spaces it is a calculation from left to right: words and numbers
/// beside each other are joined.
fn evaluated(key: &str, options: &[ExportedOption]) -> Option<String> {
    let value_of = |word: &str| {
        options.iter().find(|option| option.word == word).and_then(|option| option.value.clone())
    };
    if !key.contains(' ') {
        return value_of(key);
    }
    let mut result: Option<String> = None;
    let mut operator = "";
    for token in key.split(' ').filter(|token| !token.is_empty()) {
        let left = result.as_deref().map_or(0, integer);
        let operand = match token {
            "+" | "-" | "*" | "/" => {
                operator = token;
                continue;
            }
            "++" | "--" => {
                let step = if token == "++" { 1 } else { -1 };
                result = result.map(|_| left.wrapping_add(step).to_string());
                operator = "";
                continue;
            }
            number if number.bytes().all(|byte| byte.is_ascii_digit()) => number.to_owned(),
            word => value_of(word).unwrap_or_default(),
        };
        let right = integer(&operand);
        result = Some(match operator {
            "+" => left.wrapping_add(right).to_string(),
            "-" => left.wrapping_sub(right).to_string(),
            "*" => left.wrapping_mul(right).to_string(),
            "/" => left.checked_div(right).unwrap_or(0).to_string(),
            _ => {
                let mut joined = result.unwrap_or_default();
                joined.push_str(&operand);
                // The caller refuses what is longer than this; nothing is gained by making it.
                if joined.len() > 2 * MAX_VALUE {
                    return Some(joined);
                }
                joined
            }
        });
        operator = "";
    }
    result
}

#[cfg(test)]
mod tests {
    use super::super::surroundings::NoMachine;
    use super::*;
    use crate::config::origin::Origin;

    fn replace(pairs: &[(&str, &str)]) -> Result<Vec<String>, (usize, OptionError)> {
        let option = |(word, value): &(&str, &str)| {
            ExportedOption::new((*word).to_owned(), Some((*value).to_owned()), Origin::Flag)
        };
        let mut options: Vec<_> = pairs.iter().map(option).collect();
        let around = NoMachine {
            files: vec![("f".to_owned(), "one\ntwo\n".to_owned())],
            variables: vec![("HOME".to_owned(), "/home/ann".to_owned())],
        };
        replace_all(&mut options, &around)?;
        Ok(options.into_iter().filter_map(|option| option.value).collect())
    }

    #[test]
    fn variables_files_and_keys() {
        let values = replace(&[
            ("later", "%(after)"),
            ("after", "5"),
            ("home", "$(HOME)/$(NO)/$x"),
            ("file", "@(f)|"),
            ("both", "%(home)%(after)"),
            ("none", "%(no) %() %"),
        ]);
        // The scan goes on at the second byte after a replacement, so that a first one hides nothing behind it.
        let expected = ["5", "5", "/home/ann/$(NO)/$x", "one\ntwo|", "/home/ann/$(NO)/$x5", "%(no) %() %"];
        assert_eq!(values.unwrap(), expected);
    }

    #[test]
    fn arithmetic() {
        for (key, expected) in [
            ("%(n + 1)", "4"),
            ("%(n + m + 3)", "16"),
            ("%(n * 2 - 1)", "5"),
            ("%(m / n)", "3"),
            ("%(m / 0)", "0"),
            ("%(n ++)", "4"),
            ("%(n --)", "2"),
            ("%(n m)", "310 ; x"),
            ("%(n m + 2)", "312"),
            ("%(no + 2)", "2"),
            ("%(n++)", "%(n++)"),
            ("%(n+m)", "%(n+m)"),
            ("%(x(y))", "z"),
        ] {
            let values = replace(&[("n", "3"), ("m", "10 ; x"), ("x(y)", "z"), ("v", key)]).unwrap();
            assert_eq!(values.last().unwrap(), expected, "{key}");
        }
    }

    #[test]
    fn what_never_ends_is_refused() {
        assert!(matches!(replace(&[("a", "x%(a)")]), Err((0, OptionError::TooLong { .. }))));
        assert_eq!(replace(&[("a", "%(a)")]).unwrap(), ["%(a)"]);
        assert!(matches!(replace(&[("a", "x%(b)"), ("b", "y%(a)")]), Err((0, OptionError::TooLong { .. }))));
        let long = "x".repeat(60_000);
        let twice = [("a", long.as_str()), ("b", "%(a)%(a)")];
        assert!(matches!(replace(&twice), Err((1, OptionError::TooLong { .. }))));
    }

    #[test]
    fn programs_are_not_run_for_a_value() {
        let error = replace(&[("a", "1"), ("b", "@(exec://echo hi)")]).unwrap_err();
        assert_eq!(error.0, 1);
        assert!(error.1.to_string().contains("runs no program"), "{}", error.1);
        assert!(matches!(replace(&[("b", "@(missing)")]), Err((0, OptionError::Include { .. }))));
    }
}
