//! When a certificate is due for renewal.

use time::{Duration, OffsetDateTime};

use crate::x509::Certificate;

/// From when on a new certificate should be got: when a third of the lifetime is left, or half where the lifetime is
/// under ten days, as Let's Encrypt recommends.
pub fn due_at(leaf: &Certificate) -> OffsetDateTime {
    from_validity(leaf.not_before, leaf.not_after)
}

fn from_validity(not_before: OffsetDateTime, not_after: OffsetDateTime) -> OffsetDateTime {
    let lifetime = not_after - not_before;
    let left = if lifetime < Duration::days(10) { lifetime / 2 } else { lifetime / 3 };
    not_after - left
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn due_when_a_third_or_half_is_left() {
        let start = datetime!(2026-01-01 00:00 UTC);
        let due_day = |days| from_validity(start, start + Duration::days(days)) - start;
        assert_eq!(due_day(90), Duration::days(60));
        assert_eq!(due_day(6), Duration::days(3));
    }
}
