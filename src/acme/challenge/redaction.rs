//! Messages of others without secrets: programs, servers and libraries put what they were given into their errors, as it
//! is, in a URL, or in JSON.

use std::ops::Range;

/// What is shown in place of a secret.
const HIDDEN: &str = "***";
/// What ends a URL in a text.
const URL_ENDS: [char; 6] = ['"', '\'', '<', '>', ')', '`'];

/// A message without these values, and without the queries and passwords of URLs.
pub(super) fn redacted(message: &str, secrets: &[&str]) -> String {
    cut_urls(&without(message, secrets))
}

/// Overlapping secrets are hidden as one: what is left of the longer one would tell some of it.
fn without(message: &str, secrets: &[&str]) -> String {
    let mut hidden: Vec<Range<usize>> = Vec::new();
    for (start, _) in message.char_indices() {
        let ends = secrets.iter().filter_map(|secret| end_of(message, start, secret));
        let Some(end) = ends.max() else { continue };
        match hidden.last_mut() {
            Some(last) if start <= last.end => last.end = last.end.max(end),
            _ => hidden.push(start..end),
        }
    }
    let (mut shown, mut at) = (String::new(), 0);
    for range in hidden {
        shown.push_str(message.get(at..range.start).unwrap_or_default());
        shown.push_str(HIDDEN);
        at = range.end;
    }
    shown.push_str(message.get(at..).unwrap_or_default());
    shown
}

/// Where the secret ends that starts here, each of its characters written in any way.
fn end_of(message: &str, start: usize, secret: &str) -> Option<usize> {
    // `%25` may be the character `%`, or three characters: so there may be several ends.
    let mut ends = vec![start];
    for char in secret.chars() {
        let mut next: Vec<usize> = Vec::new();
        for end in ends {
            let rest = message.get(end..).unwrap_or_default();
            next.extend(lengths(rest, char).map(|length| end + length));
        }
        next.sort_unstable();
        next.dedup();
        if next.is_empty() {
            return None;
        }
        ends = next;
    }
    ends.into_iter().max().filter(|end| *end > start)
}

/// How long the character is at the beginning of a text: as it is, in a URL (RFC 3986 section 2.1; in forms `+` for a
/// space), in JSON (RFC 8259 section 7).
fn lengths(text: &str, char: char) -> impl Iterator<Item = usize> {
    let mut buffer = [0; 4];
    let bytes = char.encode_utf8(&mut buffer).as_bytes();
    let as_it_is = text.starts_with(char).then_some(char.len_utf8());
    let in_form = (char == ' ' && text.starts_with('+')).then_some(1);
    let percent: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
    let mut units = [0; 2];
    let unicode: String = char.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect();
    let short = match char {
        '"' | '\\' | '/' => Some(char),
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        _ => None,
    };
    let short = short.map(|short| format!("\\{short}"));
    let encoded = [Some(percent), Some(unicode), short].into_iter().flatten();
    let encoded: Vec<usize> =
        encoded.filter(|written| begins(text, written)).map(|written| written.len()).collect();
    as_it_is.into_iter().chain(in_form).chain(encoded)
}

/// Digits of sixteen have two cases.
fn begins(text: &str, with: &str) -> bool {
    text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
}

/// Takes queries out, and what is before the host.
fn cut_urls(message: &str) -> String {
    let mut shown = String::new();
    for word in message.split_inclusive([' ', '\n', '\t', '\r']) {
        let text = word.trim_end_matches([' ', '\n', '\t', '\r']);
        shown.push_str(&cut(text));
        shown.push_str(word.get(text.len()..).unwrap_or_default());
    }
    shown
}

fn cut(word: &str) -> String {
    let mut shown = word.to_owned();
    if let Some((scheme, rest)) = word.split_once("://") {
        let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        if let Some((authority, path)) = rest.split_at_checked(authority)
            && let Some((_, host)) = authority.rsplit_once('@')
        {
            shown = format!("{scheme}://{HIDDEN}@{host}{path}");
        }
    }
    let Some((before, query)) = shown.split_once('?') else { return shown };
    let end = query.find(URL_ENDS).unwrap_or(query.len());
    let after = query.get(end..).unwrap_or_default();
    if end == 0 { shown } else { format!("{before}?{HIDDEN}{after}") }
}

/// The address of a server in a message of ours: without a user's name, a password and a query. It may not be one.
pub(super) fn plain_url(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    // Also of a password with characters that end the authority.
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    if scheme.is_empty() { rest.to_owned() } else { format!("{scheme}://{rest}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_are_hidden_however_they_are_written() {
        for (message, shown) in [
            ("no: Tr0ub-4! ", "no: *** "),
            ("no: Tr0ub-4%21 ", "no: *** "),
            ("no: Tr0ub%2d4%21 ", "no: *** "),
            ("no: a b+c\"d\\e\u{e4}", "no: ***"),
            ("no: a+b%2Bc%22d%5Ce%C3%A4", "no: ***"),
            (r#"{"token":"a b+c\"d\\e\u00E4"}"#, r#"{"token":"***"}"#),
            ("100%25 100%2525", "*** ***"),
            ("nothing of it", "nothing of it"),
        ] {
            assert_eq!(without(message, &["Tr0ub-4!", "a b+c\"d\\e\u{e4}", "100%25"]), shown, "{message}");
        }
    }

    #[test]
    fn a_secret_that_begins_another_leaves_nothing_of_it() {
        for secrets in [["secret", "secret-and-more"], ["secret-and-more", "secret"]] {
            assert_eq!(without("secret-and-more, secret", &secrets), "***, ***");
        }
        assert_eq!(without("abcdefgh", &["abcdef", "defgh"]), "***");
    }

    #[test]
    fn urls_lose_their_queries_and_passwords() {
        for (message, shown) in [
            ("for url (https://api.test/x?key=1&b=2)", "for url (https://api.test/x?***)"),
            ("https://me:pw@api.test/x failed", "https://***@api.test/x failed"),
            ("GET /x?key=1: no", "GET /x?*** no"),
            ("why? \"/x?a\"\nso", "why? \"/x?***\"\nso"),
        ] {
            assert_eq!(redacted(message, &[]), shown);
        }
        for (url, shown) in [
            ("https://me:p/w?d@api.test:1/x", "https://api.test:1/x"),
            ("https://api.test/x?key=1", "https://api.test/x"),
            ("api.test", "api.test"),
        ] {
            assert_eq!(plain_url(url), shown);
        }
    }

    proptest! {
        #[test]
        fn no_secret_stays(
            secret in "[ -~\\n\u{e4}\u{1f600}]{4,12}", before in "\\PC{0,20}", after in "\\PC{0,20}", form in 0..3,
        ) {
            let written = match form {
                0 => secret.clone(),
                1 => percent_encoding::utf8_percent_encode(&secret, percent_encoding::NON_ALPHANUMERIC).to_string(),
                _ => {
                    let json = serde_json::to_string(&secret).unwrap();
                    json[1..json.len() - 1].to_owned()
                }
            };
            let shown = without(&format!("{before}{written}{after}"), &[&secret]);
            prop_assert!(shown.len() <= before.len() + HIDDEN.len() + after.len(), "{}", shown);
        }
    }
}
