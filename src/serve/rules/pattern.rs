//! Regular expressions of option files, which are written for PCRE.
//!
//! They are run by the `regex` crate, whose time is linear in the text. What only PCRE has (look-around, backreferences)
//! is refused, and so is what both read differently: a rule that denies must not silently mean something else.

use std::borrow::Cow;
use std::str::FromStr;

use regex::bytes::{Captures, Regex, RegexBuilder};

/// Bytes of a compiled pattern.
const SIZE_LIMIT: usize = 1 << 20;

/// A pattern for bytes: classes such as `\w` are ASCII, as in PCRE without its UTF mode.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
}

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error(
        "`{construct}` in the regular expression `{pattern}` means something else in PCRE; write it in another way"
    )]
    Ambiguous { pattern: String, construct: &'static str },
    #[error(
        "the regular expression `{pattern}` cannot be used: {reason} (what only PCRE has, such as look-around and \
         backreferences, is not supported)"
    )]
    Invalid { pattern: String, reason: String },
}

/// What a pattern has found.
#[derive(Debug, Default)]
pub struct Groups {
    groups: Vec<Vec<u8>>,
}

impl Pattern {
    /// A pattern for text whose case does not matter, such as the name of a host.
    ///
    /// # Errors
    /// As for [`FromStr`].
    pub fn ignoring_case(text: &str) -> Result<Self, PatternError> {
        Self::build(text, true)
    }

    /// Whether it is in `text`.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.regex.is_match(text)
    }

    /// What its groups are in `text`, `None` without a match.
    pub fn groups(&self, text: &[u8]) -> Option<Groups> {
        if self.regex.captures_len() == 1 {
            let found = self.regex.find(text)?;
            return Some(Groups { groups: vec![found.as_bytes().to_vec()] });
        }
        let copied = |captures: Captures<'_>| {
            let groups = captures.iter();
            groups.map(|group| group.map(|group| group.as_bytes().to_vec()).unwrap_or_default()).collect()
        };
        self.regex.captures(text).map(|captures| Groups { groups: copied(captures) })
    }

    fn build(text: &str, ignores_case: bool) -> Result<Self, PatternError> {
        if let Some(construct) = ambiguous(text) {
            return Err(PatternError::Ambiguous { pattern: text.to_owned(), construct });
        }
        let mut builder = RegexBuilder::new(text);
        builder.unicode(false).size_limit(SIZE_LIMIT).case_insensitive(ignores_case);
        let regex = builder.build().map_err(|error| {
            let message = error.to_string();
            // The last of several lines, which draw the pattern.
            let reason = message.lines().next_back().unwrap_or_default().trim();
            let reason = reason.trim_start_matches("error: ").to_owned();
            PatternError::Invalid { pattern: text.to_owned(), reason }
        })?;
        Ok(Self { regex })
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        Self::build(text, false)
    }
}

impl Groups {
    /// The text of a group, empty where there is none; 0 is all that the pattern covers.
    pub fn text(&self, number: usize) -> Cow<'_, [u8]> {
        self.groups.get(number).map_or(Cow::Borrowed(&[]), |group| Cow::Borrowed(group))
    }
}

/// What PCRE and the `regex` crate both accept, with different meanings.
fn ambiguous(text: &str) -> Option<&'static str> {
    let mut rest = text.as_bytes();
    let mut in_class = false;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let next = after.first().copied();
        match byte {
            b'\\' => {
                match next {
                    Some(b'<') => return Some("\\<"),
                    Some(b'>') => return Some("\\>"),
                    // All vertical white space in PCRE, one character here.
                    Some(b'v') => return Some("\\v"),
                    Some(b'b' | b'B') if !in_class && after.get(1) == Some(&b'{') => return Some("\\b{"),
                    _ => {}
                }
                rest = after.get(1..).unwrap_or_default();
            }
            b'[' if in_class => {
                if next != Some(b':') {
                    return Some("[ inside of [...]");
                }
                let end = after.windows(2).position(|two| two == b":]")?;
                rest = after.get(end + 2..).unwrap_or_default();
            }
            b'[' => {
                in_class = true;
                let negated = rest.strip_prefix(b"^").unwrap_or(rest);
                // The first one is a member.
                rest = negated.strip_prefix(b"]").unwrap_or(negated);
            }
            b']' if in_class => in_class = false,
            b'&' | b'-' | b'~' if in_class && next == Some(byte) => {
                return Some(match byte {
                    b'&' => "&& inside of [...]",
                    b'-' => "-- inside of [...]",
                    _ => "~~ inside of [...]",
                });
            }
            // Possessive, which decides what matches; the other engine reads a repetition of a repetition.
            b'*' | b'+' | b'?' | b'}' if !in_class && next == Some(b'+') => {
                return Some("+ behind a repetition");
            }
            b'(' if !in_class && after.starts_with(b"?R") => return Some("(?R"),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pcre_reads_differently_is_refused() {
        for (text, construct) in [
            ("[a&&b]", "&& inside of [...]"),
            ("[+--]", "-- inside of [...]"),
            ("[a[b]]", "[ inside of [...]"),
            ("\\<a", "\\<"),
            ("a\\v", "\\v"),
            ("\\b{start}a", "\\b{"),
            ("(?R)", "(?R"),
            ("a++", "+ behind a repetition"),
            ("a{2}+", "+ behind a repetition"),
        ] {
            let expected = PatternError::Ambiguous { pattern: text.to_owned(), construct };
            assert_eq!(text.parse::<Pattern>().unwrap_err(), expected);
        }
        for text in ["(?!a)", "(?=a)", "(?<=a)b", "(a)\\1", "(?>a)", "\\Qa\\E", "a\\h", "[", "(", "*"] {
            let refused = text.parse::<Pattern>();
            assert!(matches!(refused, Err(PatternError::Invalid { .. })), "{text}");
        }
        let reason = "a(?!b)".parse::<Pattern>().unwrap_err().to_string();
        assert!(reason.contains("look-around") && !reason.contains('\n'), "{reason}");
    }

    #[test]
    fn what_both_read_alike_is_taken() {
        for (text, matching) in [
            ("[]a]", "]"),
            ("[^]a]", "b"),
            ("[[:digit:]x]", "5"),
            ("[\\]&]", "&"),
            ("a-&~b", "a-&~b"),
            ("^/a(/|$)", "/a"),
            ("(?i)BOT", "a bot"),
            ("\\.(css|js)$", "/x.css"),
            ("(?P<name>a)", "a"),
            ("a\\++[*+]", "a++"),
            ("^.$", "\u{e9}"),
        ] {
            let pattern: Pattern = text.parse().unwrap();
            let bytes = if text == "^.$" { &b"\xe9"[..] } else { matching.as_bytes() };
            assert!(pattern.is_match(bytes), "{text}");
        }
        assert!(Pattern::ignoring_case("^A\\.example$").unwrap().is_match(b"a.EXAMPLE"));
    }

    #[test]
    fn groups_by_number() {
        let groups = |pattern: &str, text: &str| {
            let groups = pattern.parse::<Pattern>().unwrap().groups(text.as_bytes())?;
            Some([0, 1, 2].map(|number| String::from_utf8(groups.text(number).into_owned()).unwrap()))
        };
        assert_eq!(groups("/(a)|/(b)", "x/b").unwrap(), ["/b", "", "b"]);
        assert_eq!(groups("a+", "baa").unwrap(), ["aa", "", ""]);
        assert_eq!(groups("a", "b"), None);
    }
}
