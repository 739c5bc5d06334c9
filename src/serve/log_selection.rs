//! Which requests get a line in the access log, and how lines are written.

use std::str::FromStr;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::{OwnedFormatItem, parse_strftime_owned};

use super::log_format::LogFormat;

/// Which requests get a line, by uWSGI's rules: all of them, or those that one of the others chooses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogSelection {
    /// Not all.
    pub disabled: bool,
    /// Those with a status from 400 to 499.
    pub client_errors: bool,
    /// Those with a status from 500 to 599.
    pub server_errors: bool,
    /// Those whose responses have no body.
    pub empty: bool,
    /// Those that took this time or more.
    pub slow: Option<Duration>,
    /// Those whose responses have at least so many bytes of body.
    pub big: Option<u64>,
}

impl LogSelection {
    /// Whether no request can get one.
    pub(super) fn is_nothing(&self) -> bool {
        *self == Self { disabled: true, ..Self::default() }
    }

    /// Whether a finished request gets one.
    pub(super) fn chooses(&self, status: u16, sent: u64, took: Duration) -> bool {
        !self.disabled
            || (self.client_errors && (400..=499).contains(&status))
            || (self.server_errors && (500..=599).contains(&status))
            || (self.empty && sent == 0)
            || self.slow.is_some_and(|slow| took >= slow)
            || self.big.is_some_and(|big| sent >= big)
    }
}

/// How times are written, as in strftime(3).
#[derive(Clone, Debug)]
pub struct DateFormat {
    text: String,
    items: OwnedFormatItem,
}

impl DateFormat {
    /// The time as text.
    pub(super) fn format(&self, time: OffsetDateTime) -> String {
        time.format(&self.items).unwrap_or_else(|_| "-".to_owned())
    }
}

impl PartialEq for DateFormat {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for DateFormat {}

impl FromStr for DateFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let items = parse_strftime_owned(text)
            .map_err(|error| format!("not a format of strftime(3) that is known here: {error}"))?;
        Ok(Self { text: text.to_owned(), items })
    }
}

/// How lines are written, and which.
#[derive(Clone, Debug, Default)]
pub(super) struct LogLines {
    pub(super) format: LogFormat,
    pub(super) selection: LogSelection,
    /// Of `%(ftime)`.
    pub(super) date: Option<DateFormat>,
}

impl From<LogFormat> for LogLines {
    fn from(format: LogFormat) -> Self {
        Self { format, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn one_rule_that_holds_is_enough() {
        let all = LogSelection::default();
        let none = LogSelection { disabled: true, ..LogSelection::default() };
        let slow = Duration::from_millis(100);
        let one = |change: fn(&mut LogSelection)| {
            let mut selection = none.clone();
            change(&mut selection);
            assert!(!selection.is_nothing());
            selection
        };
        let fast = |selection: &LogSelection, status| selection.chooses(status, 5, slow / 2);
        assert!(fast(&all, 200) && !all.is_nothing() && none.is_nothing() && !fast(&none, 500));
        let client = one(|selection| selection.client_errors = true);
        assert_eq!([399, 400, 499, 500].map(|status| fast(&client, status)), [false, true, true, false]);
        let server = one(|selection| selection.server_errors = true);
        assert_eq!([499, 500, 599, 600].map(|status| fast(&server, status)), [false, true, true, false]);
        let empty = one(|selection| selection.empty = true);
        assert!(empty.chooses(200, 0, slow) && !empty.chooses(200, 1, slow));
        let late = one(|selection| selection.slow = Some(Duration::from_millis(100)));
        assert!(late.chooses(200, 5, slow) && !late.chooses(200, 5, slow - Duration::from_nanos(1)));
        let big = one(|selection| selection.big = Some(6));
        assert!(big.chooses(200, 6, slow) && !big.chooses(200, 5, slow));
    }

    #[test]
    fn dates_as_strftime_writes_them() {
        let date = |text: &str| text.parse::<DateFormat>().unwrap().format(datetime!(2026-11-05 9:08:07 UTC));
        assert_eq!(date("%d/%b/%Y %H:%M:%S"), "05/Nov/2026 09:08:07");
        assert_eq!(date("100%% at %F"), "100% at 2026-11-05");
        assert!("%!".parse::<DateFormat>().is_err());
    }
}
