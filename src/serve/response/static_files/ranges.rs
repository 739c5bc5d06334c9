//! Parts of a file that a client asks for (RFC 9110 section 14).

use std::ops::Range;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};

/// Ranges of one request; more get the whole file, as the RFC allows (section 14.2: many small ones are an attack).
const MOST_RANGES: usize = 8;

/// What of a file is sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RangeChoice {
    Whole,
    /// Status 206, in the order of the request; one or several.
    Parts(Vec<Range<u64>>),
    /// Status 416.
    Unsatisfiable,
}

impl RangeChoice {
    /// What a request with these fields gets of a file of `length` bytes.
    pub(super) fn of(request: &HeaderMap, length: u64, etag: &str, modified: SystemTime) -> Self {
        let Some(value) = request.get(header::RANGE) else { return Self::Whole };
        if !is_current(request, etag, modified) {
            return Self::Whole;
        }
        value.to_str().ok().and_then(|value| parse(value, length)).unwrap_or(Self::Whole)
    }
}

/// RFC 9110 section 13.1.5: If-Range holds for the same version, by a strong comparison.
fn is_current(request: &HeaderMap, etag: &str, modified: SystemTime) -> bool {
    let Some(value) = request.get(header::IF_RANGE) else { return true };
    let Ok(value) = value.to_str() else { return false };
    if value.starts_with(['"', 'W']) {
        return value == etag;
    }
    let date = httpdate::parse_http_date(value).ok();
    // HTTP dates have whole seconds.
    date.is_some_and(|date| modified >= date && modified < date + Duration::from_secs(1))
}

/// `None` for what is not understood, which is as if it were absent.
fn parse(value: &str, length: u64) -> Option<RangeChoice> {
    let (unit, list) = value.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut parts = Vec::new();
    let mut count = 0;
    for one in list.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        count += 1;
        let (first, last) = one.split_once('-')?;
        let number = |digits: &str| {
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            // What does not fit is beyond the end of every file.
            is_number.then(|| digits.parse().unwrap_or(u64::MAX))
        };
        let range = if first.is_empty() {
            length.saturating_sub(number(last)?)..length
        } else {
            let first = number(first)?;
            let end = if last.is_empty() { length } else { number(last)?.saturating_add(1) };
            if end <= first && !last.is_empty() {
                return None;
            }
            first..end.min(length)
        };
        if !range.is_empty() {
            parts.push(range);
        }
    }
    let total = parts.iter().fold(0_u64, |total, part| total.saturating_add(part.end - part.start));
    match parts.len() {
        _ if count == 0 => None,
        0 => Some(RangeChoice::Unsatisfiable),
        1 => Some(RangeChoice::Parts(parts)),
        // Ranges that overlap would send more than the file.
        2..=MOST_RANGES if count <= MOST_RANGES && total <= length => Some(RangeChoice::Parts(parts)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_of_a_file() {
        let parts = |ranges: &[(u64, u64)]| {
            Some(RangeChoice::Parts(ranges.iter().map(|(start, end)| *start..*end).collect()))
        };
        for (value, length, expected) in [
            ("bytes=0-0", 10, parts(&[(0, 1)])),
            ("bytes=2-", 10, parts(&[(2, 10)])),
            ("bytes=-3", 10, parts(&[(7, 10)])),
            ("bytes=-30", 10, parts(&[(0, 10)])),
            ("bytes=5-99", 10, parts(&[(5, 10)])),
            ("Bytes = 1-2", 10, parts(&[(1, 3)])),
            ("bytes=0-1, 4-5,-1", 10, parts(&[(0, 2), (4, 6), (9, 10)])),
            ("bytes=0-1,20-", 10, parts(&[(0, 2)])),
            ("bytes=10-", 10, Some(RangeChoice::Unsatisfiable)),
            ("bytes=-0", 10, Some(RangeChoice::Unsatisfiable)),
            ("bytes=0-", 0, Some(RangeChoice::Unsatisfiable)),
            ("bytes=99999999999999999999-", 10, Some(RangeChoice::Unsatisfiable)),
            ("bytes=2-1", 10, None),
            ("bytes=a-b", 10, None),
            ("bytes=+1-2", 10, None),
            ("bytes=", 10, None),
            ("lines=1-2", 10, None),
            ("bytes=0-9,0-9", 10, None),
        ] {
            assert_eq!(parse(value, length), expected, "{value}");
        }
        let many = |count: u64| {
            let list: Vec<_> = (0..count).map(|number| format!("{0}-{0}", number * 2)).collect();
            parse(&format!("bytes={}", list.join(",")), 100)
        };
        assert!(matches!(many(8), Some(RangeChoice::Parts(parts)) if parts.len() == 8));
        assert_eq!(many(9), None);
    }

    #[test]
    fn ranges_of_another_version_are_not_given() {
        let modified = SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_500);
        let choice = |if_range: &str| {
            let mut fields = HeaderMap::new();
            fields.insert(header::RANGE, HeaderValue::from_static("bytes=0-0"));
            fields.insert(header::IF_RANGE, HeaderValue::from_str(if_range).unwrap());
            RangeChoice::of(&fields, 10, "\"a\"", modified) != RangeChoice::Whole
        };
        assert!(choice("\"a\"") && choice("Thu, 01 Jan 1970 00:16:40 GMT"));
        for other in
            ["\"b\"", "W/\"a\"", "Thu, 01 Jan 1970 00:16:39 GMT", "Thu, 01 Jan 1970 00:16:41 GMT", "x"]
        {
            assert!(!choice(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn parts_are_in_the_file(value in "bytes=([0-9]{0,3}-[0-9]{0,3},?){1,9}", length in 0_u64..500) {
            if let Some(RangeChoice::Parts(parts)) = parse(&value, length) {
                for part in parts {
                    prop_assert!(part.start < part.end && part.end <= length, "{value}: {part:?}");
                }
            }
        }
    }
}
