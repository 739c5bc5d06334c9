//! What holds for every ledger: whatever is recorded is read again, whatever else is in the file.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use time::OffsetDateTime;

use super::event::{Event, IssuedRecord};
use super::{Ledger, Records};
use crate::ca::reason::Reason;

const PATH: &str = "ledger.jsonl";

/// Few of them, so that events are about the same certificates.
fn ca() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a".repeat(64), "b".repeat(64)])
}

fn serial() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["0a", "0b", "7f01", "aa"]).prop_map(str::to_owned)
}

/// Whole seconds, up to the end of the year 9999.
fn moment() -> impl Strategy<Value = OffsetDateTime> {
    (0..=253_402_300_799_i64).prop_map(|second| OffsetDateTime::from_unix_timestamp(second).unwrap())
}

/// Any bytes, as file systems have them.
fn path() -> impl Strategy<Value = PathBuf> {
    vec(1..=u8::MAX, 1..12).prop_map(|bytes| OsString::from_vec(bytes).into())
}

fn issued() -> impl Strategy<Value = Event> {
    let identity = (ca(), serial(), vec(any::<String>(), 0..3), moment(), moment());
    let files = (option::of(path()), option::of(path()), vec(path(), 0..2), option::of(any::<String>()));
    let key = prop::sample::select(vec!["c".repeat(64), "d".repeat(64)]);
    let certificate = (option::of(key), option::of(serial()), option::of(vec(any::<u8>(), 0..40)));
    (identity, files, certificate).prop_map(|(identity, files, certificate)| {
        let (ca, serial, names, not_before, not_after) = identity;
        let (file, key_file, other_files, requested_by) = files;
        let (key_sha256, replaces, certificate) = certificate;
        Event::Issued(Box::new(IssuedRecord {
            ca,
            serial,
            names,
            not_before,
            not_after,
            sha256: String::new(),
            file,
            key_sha256,
            key_file,
            other_files,
            requested_by,
            replaces,
            certificate,
        }))
    })
}

fn event() -> impl Strategy<Value = Event> {
    let revoked = (ca(), serial(), moment(), prop::sample::select(Reason::ALL.to_vec()), any::<bool>());
    prop_oneof![
        issued(),
        (ca(), serial()).prop_map(|(ca, serial)| Event::Discarded { ca, serial }),
        revoked.prop_map(|(ca, serial, at, reason, imported)| {
            Event::Revoked { ca, serial, at, reason, imported }
        }),
        (ca(), 0..u64::MAX, moment()).prop_map(|(ca, number, at)| Event::Listed { ca, number, at }),
    ]
}

/// What is not a line of the ledger: no event, and not empty either.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>().prop_filter("one line", |byte| *byte != b'\n'), 1..60)
        .prop_map(|bytes| [b"?", &bytes[..], b"\n"].concat())
}

fn lines(events: &[Event]) -> Vec<Vec<u8>> {
    events.iter().map(|event| event.line().unwrap()).collect()
}

/// A path as it is written: JSON has no other bytes than text.
fn as_text(path: &Path) -> PathBuf {
    path.to_string_lossy().into_owned().into()
}

fn recorded(events: &[Event]) -> Records {
    let mut records = Records::default();
    for event in events {
        let mut event = event.clone();
        if let Event::Issued(record) = &mut event {
            record.file = record.file.as_deref().map(as_text);
            record.key_file = record.key_file.as_deref().map(as_text);
            record.other_files = record.other_files.iter().map(|path| as_text(path)).collect();
        }
        records.add(event);
    }
    records
}

fn assert_same(read: &Records, expected: &Records) -> Result<(), TestCaseError> {
    prop_assert_eq!(&read.issued, &expected.issued);
    let of = |records: &Records| format!("{:?}", records.revoked.iter().collect::<Vec<_>>());
    prop_assert_eq!(of(read), of(expected));
    prop_assert_eq!((read.last_list, read.last_list_at), (expected.last_list, expected.last_list_at));
    Ok(())
}

fn read(text: &[u8]) -> Records {
    Records::read(text, Path::new(PATH), |_| true)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Lines that say nothing are named by their numbers, and hide no other one.
    #[test]
    fn every_event_is_read_again_between_whatever_lines(
        parts in vec((vec(garbage(), 0..2), event()), 0..8),
        rest in vec(garbage(), 0..2),
    ) {
        let (mut text, mut broken, mut number) = (Vec::new(), Vec::new(), 0);
        let mut add = |line: &[u8], is_broken: bool| {
            number += 1;
            text.extend_from_slice(line);
            broken.extend(is_broken.then_some(number));
        };
        for (before, event) in &parts {
            before.iter().for_each(|line| add(line, true));
            add(&event.line().unwrap(), false);
        }
        rest.iter().for_each(|line| add(line, true));
        let records = read(&text);
        let events: Vec<_> = parts.into_iter().map(|(_, event)| event).collect();
        assert_same(&records, &recorded(&events))?;
        prop_assert_eq!(records.broken.iter().map(|one| one.line).collect::<Vec<_>>(), broken);
    }

    /// Killed at any byte: the whole lines are there, and what is appended then as well.
    #[test]
    fn a_torn_ledger_has_its_whole_lines(
        events in vec(event(), 1..5),
        cut in any::<prop::sample::Index>(),
        next in event(),
    ) {
        let lines = lines(&events);
        let text = lines.concat();
        let cut = cut.index(text.len() + 1);
        let mut ends = lines.iter().scan(0, |end, line| {
            *end += line.len();
            Some(*end)
        });
        let whole = lines.len() - ends.by_ref().filter(|end| *end > cut).count();
        assert_same(&read(&text[..cut]), &recorded(&events[..whole]))?;

        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::beside(&folder.path().join("ca.crt"));
        std::fs::write(ledger.path(), &text[..cut]).unwrap();
        ledger.append(std::slice::from_ref(&next)).unwrap();
        // Cut before its line end alone, a line is whole.
        let is_whole = lines.get(whole).is_some_and(|line| text[..cut].ends_with(&line[..line.len() - 1]));
        let mut expected = events[..whole + usize::from(is_whole)].to_vec();
        expected.push(next);
        let records = ledger.read_all().unwrap();
        assert_same(&records, &recorded(&expected))?;
        prop_assert!(records.broken.is_empty());
    }

    /// Revocations stay, numbers of lists do not go down, and the fast search finds what reading everything finds.
    #[test]
    fn nothing_is_forgotten(events in vec(event(), 1..12), at in any::<prop::sample::Index>()) {
        let before = recorded(&events[..at.index(events.len())]);
        let after = recorded(&events);
        prop_assert!(before.last_list <= after.last_list && before.last_list_at <= after.last_list_at);
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::beside(&folder.path().join("ca.crt"));
        std::fs::write(ledger.path(), lines(&events).concat()).unwrap();
        for (ca, serial, at, reason) in before.revoked.iter() {
            let now = after.revoked.of(ca, serial);
            prop_assert!(now.is_some_and(|(then, _)| then == at));
            let is_same = now.is_some_and(|(_, now)| now == reason || now.adds_to(reason));
            prop_assert!(is_same, "{:?}", now);
            prop_assert_eq!(ledger.read_about(&[serial]).unwrap().revoked.of(ca, serial), now);
        }
        for key in after.issued.iter().filter_map(|record| record.key_sha256.as_deref()) {
            prop_assert_eq!(ledger.is_compromised(key).unwrap(), after.is_compromised(key));
        }
    }
}
