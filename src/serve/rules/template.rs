//! Text with `$1` for what a pattern has found and `${NAME}` for variables of the request.

use std::borrow::Cow;

use super::pattern::Groups;

/// Text of a rule, taken apart. What a client sends is put in once, and not taken apart again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub pieces: Vec<TemplatePiece>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplatePiece {
    Text(String),
    /// `$1`
    Group(usize),
    /// `${NAME}`
    Variable(TemplateVariable),
}

/// What `${...}` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateVariable {
    /// A variable of CGI: `REMOTE_ADDR`, `HTTP_HOST`.
    Named(String),
    /// `cookie[NAME]`
    Cookie(String),
    /// `qs[NAME]`: a parameter of the query, as it came.
    Parameter(String),
    /// `time[unix]`: seconds since 1970.
    Time,
    /// `httptime[SECONDS]`: the date so many seconds from now.
    HttpDate(i64),
    /// `uwsgi[status]`: the status of the response, 0 before there is one.
    Status,
}

/// Why a template cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("certkit does not have the variable `${{{0}}}`")]
    UnknownFunction(String),
}

impl Template {
    /// # Errors
    /// [`TemplateError::UnknownFunction`]
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            plain.push_str(before);
            let group = after.chars().next().and_then(|first| first.to_digit(10));
            let name = after.strip_prefix('{').and_then(|name| name.split_once('}'));
            let (piece, left) = match (group, name) {
                (Some(number), _) => (TemplatePiece::Group(number as usize), after.get(1..)),
                (None, Some((name, left))) => {
                    (TemplatePiece::Variable(TemplateVariable::parse(name)?), Some(left))
                }
                (None, None) => {
                    plain.push('$');
                    rest = after;
                    continue;
                }
            };
            if !plain.is_empty() {
                pieces.push(TemplatePiece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(piece);
            rest = left.unwrap_or_default();
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(TemplatePiece::Text(plain));
        }
        Ok(Self { pieces })
    }

    /// The text, where no request decides anything.
    pub fn constant(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [TemplatePiece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text for a request: `variable` gives the value of a variable, if there is one.
    pub fn expand<'v>(
        &self,
        groups: &Groups,
        mut variable: impl FnMut(&TemplateVariable) -> Option<Cow<'v, [u8]>>,
    ) -> Vec<u8> {
        let mut text = Vec::new();
        for piece in &self.pieces {
            match piece {
                TemplatePiece::Text(plain) => text.extend_from_slice(plain.as_bytes()),
                TemplatePiece::Group(number) => text.extend_from_slice(&groups.text(*number)),
                TemplatePiece::Variable(name) => {
                    text.extend_from_slice(&variable(name).unwrap_or_default());
                }
            }
        }
        text
    }
}

impl TemplateVariable {
    fn parse(name: &str) -> Result<Self, TemplateError> {
        let unknown = || TemplateError::UnknownFunction(name.to_owned());
        let Some((function, argument)) =
            name.strip_suffix(']').and_then(|name| name.split_once('[')).filter(|(name, _)| !name.is_empty())
        else {
            return Ok(Self::Named(name.to_owned()));
        };
        Ok(match (function, argument) {
            ("cookie", name) => Self::Cookie(name.to_owned()),
            ("qs", name) => Self::Parameter(name.to_owned()),
            ("time", "unix") => Self::Time,
            ("uwsgi", "status") => Self::Status,
            ("httptime", seconds) => Self::HttpDate(seconds.parse().map_err(|_| unknown())?),
            _ => return Err(unknown()),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::serve::rules::Pattern;

    fn expanded(text: &str) -> String {
        let groups = "(a)(b)".parse::<Pattern>().unwrap().groups(b"xab").unwrap();
        let value = |variable: &TemplateVariable| match variable {
            TemplateVariable::Named(name) if name == "HOST" => Some(Cow::Borrowed(&b"h$1"[..])),
            _ => None,
        };
        String::from_utf8(Template::parse(text).unwrap().expand(&groups, value)).unwrap()
    }

    #[test]
    fn groups_and_variables_are_put_in() {
        for (text, expected) in [
            ("plain", "plain"),
            ("$1-$2-$0-$3", "a-b-ab-"),
            ("${HOST}/$1", "h$1/a"),
            ("${NONE}x", "x"),
            ("$x $", "$x $"),
            ("$$1", "$a"),
            ("${HOST", "${HOST"),
            ("$12", "a2"),
        ] {
            assert_eq!(expanded(text), expected, "{text}");
        }
    }

    #[test]
    fn functions_are_those_that_are_there() {
        let variable = |text: &str| match Template::parse(text)?.pieces.pop() {
            Some(TemplatePiece::Variable(variable)) => Ok::<_, TemplateError>(variable),
            other => panic!("{other:?}"),
        };
        assert_eq!(variable("${cookie[a]}"), Ok(TemplateVariable::Cookie("a".into())));
        assert_eq!(variable("${qs[a]}"), Ok(TemplateVariable::Parameter("a".into())));
        assert_eq!(variable("${httptime[3600]}"), Ok(TemplateVariable::HttpDate(3600)));
        assert_eq!(variable("${time[unix]}"), Ok(TemplateVariable::Time));
        assert_eq!(variable("${uwsgi[status]}"), Ok(TemplateVariable::Status));
        for text in ["${hex[A]}", "${time[x]}", "${httptime[x]}", "${metric[a]}"] {
            assert!(variable(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_without_a_dollar_stays_as_it_is(text in "[^$]{0,30}") {
            prop_assert_eq!(expanded(&text), text);
        }

        #[test]
        fn any_text_is_taken_apart(text in "[a-z${}\\[\\]0-9]{0,30}") {
            let _ = Template::parse(&text);
        }
    }
}
