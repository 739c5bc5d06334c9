//! Addresses that a server gives: in `Location`, in `Link`, in its objects.

use http::HeaderValue;
use reqwest::Url;

use crate::acme::reply::call_error::CallError;

/// The address that a server means by `reference` in its answer to a request for `base` (RFC 9110 section 10.2.2: it may
/// be relative). Servers behind a proxy that does not tell them of TLS write `http://`, where no request may go
/// (RFC 8555 section 6.1).
///
/// # Errors
/// [`CallError::BadAnswer`].
pub fn resolve(base: &str, reference: &str) -> Result<String, CallError> {
    let bad = |why: &str| {
        CallError::BadAnswer(format!("{why}: {}", crate::acme::reply::protocol_error::on_one_line(reference)))
    };
    let url = Url::parse(base)
        .and_then(|base| base.join(reference))
        .map_err(|_| bad("an address that cannot be read"))?;
    if url.scheme() != "https" {
        return Err(bad("an address without TLS"));
    }
    // What is absolute already stays as it is: it is signed letter by letter (RFC 8555 section 6.4).
    Ok(if reference.starts_with("https://") { reference.to_owned() } else { url.to_string() })
}

/// The addresses of this relation in `Link` headers (RFC 8288 section 3).
pub fn links<'a>(headers: impl IntoIterator<Item = &'a HeaderValue>, relation: &str) -> Vec<String> {
    let mut found = Vec::new();
    for header in headers {
        let mut rest = header.to_str().unwrap_or_default();
        // `<address>; rel="alternate"; title="a, b", <address>...`
        while let Some((address, after)) = rest.split_once('<').and_then(|(_, after)| after.split_once('>')) {
            let parameters = after.split('<').next().unwrap_or_default();
            let is_wanted = parameters.split([';', ',']).any(|parameter| {
                let value = parameter.trim().strip_prefix("rel=").map(|value| value.trim_matches('"'));
                value.is_some_and(|value| value.split(' ').any(|word| word.eq_ignore_ascii_case(relation)))
            });
            if is_wanted {
                found.push(address.to_owned());
            }
            rest = after;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_relative_to_the_request() {
        let of = |reference| resolve("https://ca.test:14000/acme/new-order", reference);
        assert_eq!(of("https://ca.test/o/1").unwrap(), "https://ca.test/o/1");
        assert_eq!(of("/o/1").unwrap(), "https://ca.test:14000/o/1");
        assert_eq!(of("//other.test/o/1").unwrap(), "https://other.test/o/1");
        assert_eq!(of("o/1?x=2").unwrap(), "https://ca.test:14000/acme/o/1?x=2");
        for bad in
            ["http://ca.test/o/1", "HTTP://ca.test/", "ftp://ca.test/", "https://", "javascript:alert(1)"]
        {
            assert!(matches!(of(bad), Err(CallError::BadAnswer(_))), "{bad}");
        }
    }

    #[test]
    fn links_are_found_by_their_relation() {
        let headers = [
            r#"<https://ca.test/index>;rel="index""#,
            r#"<https://ca.test/1/alt>; title="x"; rel="alternate", <https://ca.test/2>;rel=alternate"#,
            r#"<https://ca.test/3>; rel="up Alternate""#,
            "broken <",
            "<https://ca.test/4>",
        ]
        .map(HeaderValue::from_static);
        assert_eq!(
            links(&headers, "alternate"),
            ["https://ca.test/1/alt", "https://ca.test/2", "https://ca.test/3"]
        );
        assert_eq!(links(&headers, "index"), ["https://ca.test/index"]);
        assert_eq!(links(&headers, "next"), [""; 0]);
    }
}
