//! A bar for the part of a lifetime that is left.

use anstyle::Style;
use time::OffsetDateTime;

use super::style::{GREEN, RED, YELLOW};

/// Columns of a bar.
pub(super) const COLUMNS: usize = 10;
/// A bar of which nothing is left.
pub(super) const EMPTY_BAR: &str = "░░░░░░░░░░";

/// The bar and its colour: green, yellow in the last third, red in the last tenth.
pub(super) fn bar(
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    at: OffsetDateTime,
) -> (Style, String) {
    let share = (not_after - at).as_seconds_f64() / (not_after - not_before).as_seconds_f64().max(1.0);
    let share = share.clamp(0.0, 1.0);
    // Something is left as long as it is valid.
    let full = ((share * COLUMNS as f64).round() as usize).clamp(1, COLUMNS);
    let style = if share > 1.0 / 3.0 {
        GREEN
    } else if share > 0.1 {
        YELLOW
    } else {
        RED
    };
    (style, "█".repeat(full) + &"░".repeat(COLUMNS - full))
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn bars_by_what_is_left() {
        let at = datetime!(2026-11-20 12:00 UTC);
        let of = |days| bar(at - Duration::days(100 - days), at + Duration::days(days), at);
        assert_eq!(of(50), (GREEN, "█████░░░░░".to_owned()));
        assert_eq!(of(20), (YELLOW, "██░░░░░░░░".to_owned()));
        assert_eq!(of(1), (RED, "█░░░░░░░░░".to_owned()));
        assert_eq!(of(100).1, "██████████");
        assert_eq!(EMPTY_BAR.chars().count(), COLUMNS);
    }
}
