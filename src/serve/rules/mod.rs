//! Rules for requests, as uWSGI's internal router has them (`route`, `route-if`, `response-route` ...): text in, a typed
//! list out. Pure: [`site::rules`](super::site) applies them.
//!
//! A rule may deny access. So a condition or action that certkit does not have is an error of the whole list, never a
//! rule that is skipped; and paths are compared as they are resolved, not as they are spelled.

mod action;
mod condition;
mod list;
mod network;
mod pattern;
mod template;

use std::str::FromStr;

pub use self::action::{ActionError, RuleAction};
pub use self::condition::{Condition, ConditionError, FileTest, RuleTest, Subject};
pub use self::list::{RuleList, RuleListError, RuleStep};
pub use self::network::IpNetwork;
pub use self::pattern::{Groups, Pattern, PatternError};
pub use self::template::{Template, TemplatePiece, TemplateVariable};

/// A line of the router's options.
#[derive(Clone, Debug)]
pub struct Rule {
    pub phase: RulePhase,
    pub statement: Statement,
}

/// When a rule is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RulePhase {
    /// Before the request is answered.
    Request,
    /// When the head of its response is there.
    Response,
}

/// What a rule says.
#[derive(Clone, Debug)]
pub enum Statement {
    /// A place that `goto` jumps to.
    Label(String),
    If(Condition, RuleAction),
}

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error(transparent)]
    Action(#[from] ActionError),
    #[error(transparent)]
    Condition(#[from] ConditionError),
    #[error("expected `CONDITION ACTION:VALUE`, separated by a space")]
    NoAction,
    #[error("expected a name of the router's options and its value, for example `route ^/private break:403`")]
    NoValue,
    #[error("certkit has no rules of the form `{0}`")]
    UnknownWord(String),
}

impl FromStr for Rule {
    type Err = RuleError;

    /// `WORD VALUE`, as in `route ^/private break:403`.
    fn from_str(text: &str) -> Result<Self, RuleError> {
        let (word, value) = text.split_once(' ').ok_or(RuleError::NoValue)?;
        let (phase, form) = match word.strip_prefix("response-") {
            Some(form) => (RulePhase::Response, form),
            None => (RulePhase::Request, word),
        };
        let unknown = || RuleError::UnknownWord(word.to_owned());
        let form = match form.strip_prefix("route") {
            Some("") => "path",
            Some(form) => form.strip_prefix('-').ok_or_else(unknown)?,
            None => return Err(unknown()),
        };
        let value = value.trim();
        if form == "label" {
            return Ok(Self { phase, statement: Statement::Label(value.to_owned()) });
        }
        if form == "run" {
            let action = RuleAction::parse(value, phase, Subject::Path)?;
            return Ok(Self { phase, statement: Statement::If(Condition::Always, action) });
        }
        // As in uWSGI: a condition has no spaces.
        let (condition, action) = value.split_once(' ').ok_or(RuleError::NoAction)?;
        let condition = match form {
            "if" => Condition::test(condition, false)?,
            "if-not" => Condition::test(condition, true)?,
            "status" if phase == RulePhase::Response => Condition::status(condition)?,
            _ => Condition::matches(Subject::named(form).ok_or_else(unknown)?, condition)?,
        };
        let action = RuleAction::parse(action.trim_start(), phase, condition.subject())?;
        Ok(Self { phase, statement: Statement::If(condition, action) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(text: &str) -> String {
        text.parse::<Rule>().unwrap_err().to_string()
    }

    #[test]
    fn every_form_is_read() {
        for text in [
            "route ^/a break:403 Forbidden",
            "route-uri ^/a\\?b return:404",
            "route-host ^a\\.example$ redirect:https://b.example${REQUEST_URI}",
            "route-qs a=1 last:",
            "route-remote-addr ^10\\. continue:",
            "route-remote-user ^$ break:401",
            "route-referer evil log:a referer",
            "route-user-agent (?i)bot addheader:X-Robots-Tag: none",
            "route-if equal:${REQUEST_METHOD};TRACE break:405",
            "route-if-not exists:/srv/up break:503",
            "route-run delheader:Server",
            "route-label here",
            "response-route-status 404 addheader:Cache-Control: no-store",
            "response-route ^/a log:${uwsgi[status]}",
        ] {
            let rule = text.parse::<Rule>();
            assert!(rule.is_ok(), "{text}: {rule:?}");
        }
        let rule: Rule = "response-route-run last:".parse().unwrap();
        assert_eq!(rule.phase, RulePhase::Response);
        assert!(matches!(rule.statement, Statement::If(Condition::Always, RuleAction::Last)));
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        for (text, says) in [
            ("route", "expected a name"),
            ("route ^/a", "separated by a space"),
            ("route ^/a deny", "`ACTION:VALUE`"),
            ("route ^/a chdir:/", "`chdir`"),
            ("route ^/a http:127.0.0.1:80", "`http`"),
            ("route (?!/a) break:403", "(?!"),
            ("route-if lord:x break:403", "`lord`"),
            ("route-if equal:a break:403", "`;`"),
            ("route-status 404 break:403", "route-status"),
            ("error-route ^/a break:403", "error-route"),
            ("final-route ^/a log:x", "final-route"),
            ("router ^/a break:403", "router"),
            ("response-route ^/a break:403", "`break`"),
        ] {
            assert!(error(text).contains(says), "{text}: {}", error(text));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(
            word in "(response-)?route(-[a-z]{2,4})?",
            value in "[ -~]{0,40}",
        ) {
            let _ = format!("{word} {value}").parse::<Rule>();
        }

        #[test]
        fn patterns_of_plain_text_match_themselves(text in "[a-z0-9/_-]{1,20}") {
            let rule: Rule = format!("route ^{text}$ break:403").parse().unwrap();
            let Statement::If(Condition::Matches(_, pattern), _) = rule.statement else { panic!("{text}") };
            prop_assert!(pattern.is_match(text.as_bytes()));
            let longer = text + "x";
            prop_assert!(!pattern.is_match(longer.as_bytes()));
        }
    }
}
