//! How the server's own error pages look: files of the site, HTML for browsers, text for programs.

use std::borrow::Cow;
use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::body::OutgoingBody;
use super::pages::OwnError;
use super::static_files::media_type::media_type;
use crate::serve::config::ErrorPageConfig;
use crate::serve::error::Error;
use crate::sys::opener::Opener;
use crate::sys::read::read_regular_from;

/// Bytes of a page. It is kept in memory, and sent when something is wrong.
const LONGEST: u64 = 1 << 20;

/// Light and dark, by what the system of the user has; nothing is loaded.
const STYLE: &str = "\
:root{color-scheme:light dark}\
body{margin:0;min-height:100vh;display:grid;place-items:center;font:1rem/1.6 system-ui,sans-serif;\
background:#f6f7f9;color:#1d2127}\
main{max-width:32rem;padding:2rem}\
p{margin:.5rem 0}\
.status{font-size:3.5rem;font-weight:700;line-height:1;color:#5b6472;margin:0}\
h1{font-size:1.5rem;margin:.75rem 0}\
.fix{color:#5b6472}\
@media(prefers-color-scheme:dark){body{background:#16181c;color:#e6e8eb}.status,.fix{color:#9aa3af}}";

/// The pages of a site for its errors.
#[derive(Debug, Default)]
pub(in crate::serve) struct ErrorPages {
    files: Vec<(StatusCode, &'static str, Bytes)>,
}

impl ErrorPages {
    /// Reads the files; of several for one status the last one counts.
    ///
    /// # Errors
    /// A file that cannot be read, or is too long.
    pub(in crate::serve) fn open(configs: &[ErrorPageConfig], opener: &dyn Opener) -> Result<Self, Error> {
        let mut files = Vec::new();
        for config in configs.iter().rev() {
            let read = opener.read(&config.file).and_then(|file| read_regular_from(file, LONGEST));
            let body: Bytes =
                read.map_err(|source| Error::PageFile { path: config.file.clone(), source })?.into();
            let kind = media_type(&config.file.to_string_lossy());
            files.extend(config.statuses.iter().map(|status| (*status, kind, body.clone())));
        }
        Ok(Self { files })
    }

    /// The page in the form that the client of a request with these fields takes.
    pub(in crate::serve) fn dress(
        &self,
        fields: &HeaderMap,
        mut response: Response<OutgoingBody>,
    ) -> Response<OutgoingBody> {
        let Some(OwnError(reason)) = response.extensions_mut().remove() else { return response };
        let status = response.status();
        if !status.is_client_error() && !status.is_server_error() {
            return response;
        }
        let file = self.files.iter().find(|(known, _, _)| *known == status);
        let (kind, body) = match file {
            Some((_, kind, body)) => (*kind, body.clone()),
            None if takes_html(fields) => ("text/html; charset=utf-8", html(status, &reason).into()),
            // It is text already.
            None => return response,
        };
        *response.body_mut() = OutgoingBody::text(body);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        // RFC 9110 section 15.1: a cache may keep a 404 otherwise, and give a program what was made for a browser.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// Whether Accept names HTML, as that of browsers does for pages. (`*/*` is what programs send.)
fn takes_html(fields: &HeaderMap) -> bool {
    let mut ranges =
        fields.get_all(header::ACCEPT).iter().flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    ranges.any(|range| {
        let mut parts = range.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
        let is_html = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/html"));
        // RFC 9110 section 12.4.2: a weight of 0 is a no.
        let is_no = |part: &[u8]| {
            let weight = part.strip_prefix(b"q=").or_else(|| part.strip_prefix(b"Q="));
            weight.is_some_and(|weight| weight.iter().all(|byte| matches!(byte, b'0' | b'.')))
        };
        is_html && !parts.any(is_no)
    })
}

fn html(status: StatusCode, reason: &str) -> String {
    let (number, phrase) = (status.as_u16(), status.canonical_reason().unwrap_or("Error"));
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{number} {phrase}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <p class=\"status\">{number}</p>\n<h1>{phrase}</h1>\n"
    );
    let mut reason = escaped(reason).into_owned();
    if let Some(first) = reason.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let _ =
        write!(html, "<p>{reason}.</p>\n<p class=\"fix\">{}</p>\n</main>\n</body>\n</html>\n", fix(status));
    html
}

/// What somebody in front of a browser can do.
fn fix(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "Sign in with the name and the password that you have for this site.",
        403 => "Ask the owner of this site for access.",
        404 | 410 => "Check the address for typing errors, or start at the first page of this site.",
        413 => "Send something smaller, or ask the owner of this site for a higher limit.",
        429 => "Wait a moment, then load the page again.",
        431 => "Delete the cookies of this site, then load the page again.",
        400..=499 => "Check the address for typing errors, then load the page again.",
        502..=504 => "Wait a moment, then load the page again. The log of the server says what is wrong.",
        _ => "Load the page again. If that does not help, the log of the server says what is wrong.",
    }
}

fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn accept(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn browsers_get_html() {
        for (value, expected) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("application/json, Text/HTML ; q=0.1", true),
            ("*/*", false),
            ("text/*", false),
            ("application/json", false),
            ("text/html;q=0, */*", false),
            ("text/html;q=0.000", false),
            ("text/htmlx", false),
            ("", false),
        ] {
            assert_eq!(takes_html(&accept(value)), expected, "{value}");
        }
        assert!(!takes_html(&HeaderMap::new()));
    }

    #[test]
    fn a_page_says_what_is_wrong_and_what_to_do() {
        let page = html(StatusCode::NOT_FOUND, "file <x> & y not found");
        for part in [
            "<title>404 Not Found</title>",
            "File &lt;x&gt; &amp; y not found.",
            "Check the address",
            "color-scheme",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(page.len() < 2048, "{}", page.len());
    }

    proptest! {
        #[test]
        fn no_reason_makes_an_element(reason in "[<>&\"'a\u{e4} ]{0,20}") {
            let page = html(StatusCode::BAD_REQUEST, &reason);
            prop_assert_eq!(page.matches('<').count(), html(StatusCode::BAD_REQUEST, "x").matches('<').count());
        }
    }
}
