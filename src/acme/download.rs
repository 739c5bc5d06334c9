//! The chain of an order, and the choice among several (RFC 8555 section 7.4.2).

use http::HeaderValue;
use http::header::LINK;

use super::account::Session;
use super::caller::Caller;
use super::error::Error;
use super::remark::Remark;
use super::{pem_files, retry, signed};
use crate::x509::Certificate;

/// Servers have two or three; more are not looked at.
const MOST_ALTERNATES: usize = 8;
const DOING: &str = "fetching the certificate";

/// Fetches the chain at `url`, leaf first: the one whose last issuer has the common name `preferred`, else the
/// server's own choice.
///
/// # Errors
/// What every call to a server can end with.
pub(super) async fn chain(
    session: &Session<'_>,
    url: &str,
    preferred: Option<&str>,
    caller: &dyn Caller,
) -> Result<Vec<Certificate>, Error> {
    let (default, alternates) = fetch(session, url, caller).await?;
    let Some(preferred) = preferred.filter(|preferred| !ends_with(&default, preferred)) else {
        return Ok(default);
    };
    for url in alternates.iter().take(MOST_ALTERNATES) {
        let (chain, _) = fetch(session, url, caller).await?;
        if ends_with(&chain, preferred) {
            return Ok(chain);
        }
    }
    Ok(default)
}

/// The remark when the preferred chain is not among those on offer.
pub(super) fn remark(chain: &[Certificate], preferred: Option<&str>) -> Option<Remark> {
    let preferred = preferred.filter(|preferred| !ends_with(chain, preferred))?;
    let issuer = chain.last().map(|last| last.issuer.to_string()).unwrap_or_default();
    Some(Remark::ChainNotOffered { preferred: preferred.to_owned(), issuer })
}

async fn fetch(
    session: &Session<'_>,
    url: &str,
    caller: &dyn Caller,
) -> Result<(Vec<Certificate>, Vec<String>), Error> {
    let response = retry::call(caller, DOING, async || {
        signed::post(&session.server.http, &session.signer, url, None).await
    })
    .await?;
    let bad = |reason: String| Error::BadAnswer { doing: DOING, reason };
    let chain = pem_files::parse_chain(response.body()).map_err(bad)?;
    Ok((chain, links(response.headers().get_all(LINK), "alternate")))
}

/// Whether the root that the chain leads to has this common name. The last certificate's own name does not count: a
/// cross-signed root leads to another one.
fn ends_with(chain: &[Certificate], common_name: &str) -> bool {
    chain.last().is_some_and(|last| last.issuer.common_name() == Some(common_name))
}

/// The addresses of this relation in `Link` headers (RFC 8288 section 3).
pub(super) fn links<'a>(headers: impl IntoIterator<Item = &'a HeaderValue>, relation: &str) -> Vec<String> {
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
