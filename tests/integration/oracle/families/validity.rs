//! Periods of validity: edges, lengths, and times that are not written as DER and RFC 5280 want them.

use super::super::blueprint::{AT, Moment};
use super::super::mutation::{ON_ANY, ON_CAS, ON_LEAF, Rule, of};

const DAY: i64 = 86_400;

pub(super) const RULES: &[Rule] = &[
    of(ON_ANY, "expired", |draft| draft.not_after = Moment::at(AT - DAY)),
    of(ON_ANY, "expired a second ago", |draft| draft.not_after = Moment::at(AT - 1)),
    of(ON_ANY, "expires at this second", |draft| draft.not_after = Moment::at(AT)),
    of(ON_ANY, "not yet valid", |draft| draft.not_before = Moment::at(AT + DAY)),
    of(ON_ANY, "valid in a second", |draft| draft.not_before = Moment::at(AT + 1)),
    of(ON_ANY, "valid since this second", |draft| draft.not_before = Moment::at(AT)),
    of(ON_ANY, "ends before it begins", |draft| {
        draft.not_before = Moment::at(AT - DAY);
        draft.not_after = Moment::at(AT - 2 * DAY);
    }),
    of(ON_LEAF, "valid for 199 days", |draft| lasts(draft, 199 * DAY)),
    of(ON_LEAF, "valid for 201 days", |draft| lasts(draft, 201 * DAY)),
    of(ON_LEAF, "valid for 398 days since 2026-02", |draft| since(draft, -130, 398)),
    of(ON_LEAF, "valid for 399 days since 2026-02", |draft| since(draft, -130, 400)),
    of(ON_LEAF, "valid for 825 days", |draft| lasts(draft, 825 * DAY)),
    of(ON_LEAF, "valid for 3680 days", |draft| lasts(draft, 3680 * DAY)),
    of(ON_ANY, "valid until 2055", |draft| draft.not_after = Moment::at(AT + 10_600 * DAY)),
    of(ON_ANY, "valid until 9999", |draft| draft.not_after = Moment::generalized("99991231235959Z")),
    of(ON_CAS, "valid since 1951", |draft| draft.not_before = Moment::utc("510101000000Z")),
    of(ON_CAS, "ends before the leaf", |draft| draft.not_after = Moment::at(AT + DAY)),
];

pub(super) const ENCODINGS: &[Rule] = &[
    of(ON_ANY, "GeneralizedTime before 2050", |draft| {
        draft.not_after = Moment::generalized("20260801000000Z");
    }),
    of(ON_ANY, "GeneralizedTime with a fraction", |draft| {
        draft.not_after = Moment::generalized("20510801000000.5Z");
    }),
    of(ON_ANY, "GeneralizedTime with an offset", |draft| {
        draft.not_after = Moment::generalized("20510801000000+0100");
    }),
    of(ON_ANY, "GeneralizedTime without seconds", |draft| {
        draft.not_after = Moment::generalized("205108010000Z");
    }),
    of(ON_ANY, "UTCTime with an offset", |draft| draft.not_after = Moment::utc("260801000000+0100")),
    of(ON_ANY, "UTCTime without seconds", |draft| draft.not_after = Moment::utc("2608010000Z")),
    of(ON_ANY, "UTCTime without Z", |draft| draft.not_after = Moment::utc("260801000000")),
    of(ON_ANY, "UTCTime with a month 13", |draft| draft.not_after = Moment::utc("261301000000Z")),
    of(ON_ANY, "UTCTime on 31 June", |draft| draft.not_after = Moment::utc("260631000000Z")),
    of(ON_ANY, "UTCTime at 24:00", |draft| draft.not_after = Moment::utc("260801240000Z")),
    of(ON_ANY, "UTCTime with a leap second", |draft| draft.not_after = Moment::utc("260801235960Z")),
    of(ON_ANY, "an empty time", |draft| draft.not_after = Moment::utc("")),
    of(ON_ANY, "a time with a small z", |draft| draft.not_after = Moment::utc("260801000000z")),
];

fn lasts(draft: &mut super::super::blueprint::Draft, seconds: i64) {
    // The last second counts (RFC 5280 section 4.1.2.5).
    draft.not_after = Moment::at(AT - 10 * DAY + seconds - 1);
}

fn since(draft: &mut super::super::blueprint::Draft, days_ago: i64, days: i64) {
    draft.not_before = Moment::at(AT + days_ago * DAY);
    draft.not_after = Moment::at(AT + (days_ago + days) * DAY - 1);
}
