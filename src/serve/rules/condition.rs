//! What a rule asks of a request.

use super::network::IpNetwork;
use super::pattern::{Pattern, PatternError};
use super::template::{Template, TemplateError};

/// A condition of a rule.
#[derive(Clone, Debug)]
pub enum Condition {
    /// `route-run`
    Always,
    /// `route`, `route-uri` ...: a pattern is in a part of the request.
    Matches(Subject, Pattern),
    /// `response-route-status`
    Status(u16),
    /// `route-if`, `route-if-not`
    Test { test: RuleTest, is_negated: bool },
}

/// The part of a request that a pattern is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// PATH_INFO: decoded once, without dot segments and repeated slashes.
    Path,
    /// The target with its query; the path as above, encoded anew.
    Uri,
    /// The Host field. Patterns for it ignore case.
    Host,
    Query,
    RemoteAddress,
    RemoteUser,
    Referer,
    UserAgent,
}

/// A test of `route-if`.
#[derive(Clone, Debug)]
pub enum RuleTest {
    /// Of texts, or of the numbers that they begin with.
    Compare {
        left: Template,
        right: Template,
        how: Comparison,
    },
    Empty(Template),
    File {
        path: Template,
        is: FileTest,
    },
    /// The address is in one of these networks.
    In {
        address: Template,
        network: IpNetwork,
    },
    Matches(Template, Pattern),
}

/// How two texts are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Contains,
    EndsWith,
    Equal,
    StartsWith,
    Higher,
    HigherOrEqual,
    Lower,
    LowerOrEqual,
}

/// What is to be at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileTest {
    Anything,
    Directory,
    File,
    Link,
}

/// Why a condition cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    #[error("the condition `{0}` needs two values with a `;` between them")]
    NoSecondValue(String),
    #[error("`{0}` is not a condition: expected `NAME:VALUE`")]
    NoValue(String),
    #[error("`{0}` is not a status")]
    NotAStatus(String),
    #[error(transparent)]
    Pattern(#[from] PatternError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("certkit does not have the condition `{0}`")]
    Unknown(String),
    #[error("`{network}` is not a network for `{name}`")]
    WrongNetwork { name: String, network: String },
}

impl Condition {
    /// A pattern for a part of the request.
    pub(super) fn matches(subject: Subject, pattern: &str) -> Result<Self, ConditionError> {
        let pattern =
            if subject == Subject::Host { Pattern::ignoring_case(pattern)? } else { pattern.parse()? };
        Ok(Self::Matches(subject, pattern))
    }

    /// `NAME:VALUE`
    pub(super) fn test(text: &str, is_negated: bool) -> Result<Self, ConditionError> {
        let (name, value) = text.split_once(':').ok_or_else(|| ConditionError::NoValue(text.to_owned()))?;
        let two = || value.split_once(';').ok_or_else(|| ConditionError::NoSecondValue(name.to_owned()));
        let test = if let Some(how) = Comparison::named(name) {
            let (left, right) = two()?;
            RuleTest::Compare { left: Template::parse(left)?, right: Template::parse(right)?, how }
        } else if let Some(is) = FileTest::named(name) {
            RuleTest::File { path: Template::parse(value)?, is }
        } else {
            match name {
                "empty" => RuleTest::Empty(Template::parse(value)?),
                "regexp" | "re" => {
                    let (text, pattern) = two()?;
                    RuleTest::Matches(Template::parse(text)?, pattern.parse()?)
                }
                "ipv4in" | "ipv6in" => {
                    let (address, network) = two()?;
                    let wrong = || ConditionError::WrongNetwork {
                        name: name.to_owned(),
                        network: network.to_owned(),
                    };
                    let network: IpNetwork = network.parse().map_err(|_| wrong())?;
                    if network.is_ipv4() != (name == "ipv4in") {
                        return Err(wrong());
                    }
                    RuleTest::In { address: Template::parse(address)?, network }
                }
                _ => return Err(ConditionError::Unknown(name.to_owned())),
            }
        };
        Ok(Self::Test { test, is_negated })
    }

    pub(super) fn status(text: &str) -> Result<Self, ConditionError> {
        let status = text.parse().ok().filter(|status| (100..600).contains(status));
        status.map(Self::Status).ok_or_else(|| ConditionError::NotAStatus(text.to_owned()))
    }

    /// Where `$1` comes from.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Matches(subject, _) => *subject,
            _ => Subject::Path,
        }
    }
}

impl Subject {
    /// By the name behind `route-`; empty for the path.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "path" => Self::Path,
            "uri" => Self::Uri,
            "host" => Self::Host,
            "qs" => Self::Query,
            "remote-addr" => Self::RemoteAddress,
            "remote-user" => Self::RemoteUser,
            "referer" => Self::Referer,
            "user-agent" => Self::UserAgent,
            _ => return None,
        })
    }
}

impl Comparison {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "contains" | "contain" => Self::Contains,
            "endswith" => Self::EndsWith,
            "equal" | "isequal" | "eq" | "==" => Self::Equal,
            "startswith" => Self::StartsWith,
            "ishigher" | ">" => Self::Higher,
            "ishigherequal" | ">=" => Self::HigherOrEqual,
            "islower" | "<" => Self::Lower,
            "islowerequal" | "<=" => Self::LowerOrEqual,
            _ => return None,
        })
    }

    /// Whether it is so.
    pub fn holds(self, left: &[u8], right: &[u8]) -> bool {
        let (left_number, right_number) = (number(left), number(right));
        match self {
            Self::Contains => memchr::memmem::find(left, right).is_some(),
            Self::EndsWith => left.ends_with(right),
            Self::Equal => left == right,
            Self::StartsWith => left.starts_with(right),
            Self::Higher => left_number > right_number,
            Self::HigherOrEqual => left_number >= right_number,
            Self::Lower => left_number < right_number,
            Self::LowerOrEqual => left_number <= right_number,
        }
    }
}

impl FileTest {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "exists" => Self::Anything,
            "isdir" => Self::Directory,
            "isfile" => Self::File,
            "islink" => Self::Link,
            _ => return None,
        })
    }
}

/// The number that a text begins with, as strtol(3) reads it; 0 where there is none.
fn number(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (digits, is_negative) = match text {
        [b'-', digits @ ..] => (digits, true),
        [b'+', digits @ ..] | digits => (digits, false),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    let digit = |byte: &u8| i64::from(byte - b'0');
    digits.fold(0, |number: i64, byte| {
        let signed = if is_negative { -digit(byte) } else { digit(byte) };
        number.saturating_mul(10).saturating_add(signed)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn comparisons_are_those_of_uwsgi() {
        for (name, left, right, holds) in [
            ("equal", "a", "a", true),
            ("==", "a", "b", false),
            ("contains", "abc", "b", true),
            ("startswith", "abc", "ab", true),
            ("endswith", "abc", "bc", true),
            ("endswith", "c", "bc", false),
            ("ishigher", "10", "9", true),
            (">=", "9 x", "9", true),
            ("islower", "x", "1", true),
            ("<=", "-2", "-1", true),
            ("<", "99999999999999999999", "9", false),
        ] {
            let how = Comparison::named(name).unwrap();
            assert_eq!(how.holds(left.as_bytes(), right.as_bytes()), holds, "{name} {left} {right}");
        }
    }

    #[test]
    fn networks_are_of_their_family() {
        assert!(Condition::test("ipv4in:${REMOTE_ADDR};10.0.0.0/8", false).is_ok());
        assert!(Condition::test("ipv6in:${REMOTE_ADDR};2001:db8::/32", false).is_ok());
        for text in ["ipv4in:a;::1", "ipv6in:a;10.0.0.1", "ipv4in:a;10.0.0.0/33", "ipv4in:a;${NET}"] {
            assert!(
                matches!(Condition::test(text, false), Err(ConditionError::WrongNetwork { .. })),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_far_as_they_go(value in any::<i32>(), behind in "[a-z; ]{0,3}") {
            prop_assert_eq!(number(format!("{value}{behind}").as_bytes()), i64::from(value));
        }
    }
}
