//! `--redirect`: a path and everything below it is at another address.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, Uri, header};
use percent_encoding::percent_encode;

use super::covers;
use crate::protocol::cgi_vars;
use crate::serve::config::RedirectConfig;
use crate::serve::error::Error;
use crate::serve::request::Request;
use crate::serve::request::named::{IN_LOCATION, IN_PATH};
use crate::serve::response::body::OutgoingBody;
use crate::serve::response::pages::page;

/// A path that has moved.
#[derive(Debug)]
pub(super) struct Redirect {
    pub(super) config: RedirectConfig,
    /// Scheme and host of the new address, if it names them and its path is below the old one: a request that is there
    /// already would be redirected for ever.
    end: Option<(bool, String)>,
}

impl Redirect {
    /// Those of a site, the longest path first.
    ///
    /// # Errors
    /// They lead from one to the other in a circle.
    pub(super) fn all(configs: Vec<RedirectConfig>) -> Result<Vec<Self>, Error> {
        for config in &configs {
            let mut path = config.to.clone();
            for _ in 0..=configs.len() {
                let next = configs.iter().find(|other| covers(&other.prefix, path.as_bytes()));
                let Some(next) = next.filter(|_| path.starts_with('/')) else {
                    path.clear();
                    break;
                };
                path = joined(&next.to, path.get(next.prefix.len()..).unwrap_or_default());
            }
            if !path.is_empty() {
                let (from, to) = (config.prefix.clone(), config.to.clone());
                return Err(Error::RedirectLoop { from, to });
            }
        }
        Ok(configs.into_iter().map(Self::new).collect())
    }

    fn new(config: RedirectConfig) -> Self {
        let uri = config.to.parse::<Uri>().ok();
        let end = uri.filter(|uri| covers(&config.prefix, uri.path().as_bytes())).and_then(|uri| {
            let is_https = uri.scheme_str()? == "https";
            Some((is_https, host(is_https, uri.authority()?.as_str()).to_ascii_lowercase()))
        });
        Self { config, end }
    }

    /// The response to a request for this path.
    pub(super) fn response(&self, request: &Request) -> Option<Response<OutgoingBody>> {
        if let Some((is_https, end)) = &self.end {
            let asked = String::from_utf8_lossy(request.host.value()).to_ascii_lowercase();
            if request.https == *is_https && host(*is_https, &asked) == end {
                return None;
            }
        }
        let below = cgi_vars::below(self.config.prefix.as_bytes(), &request.target.path)?;
        let mut location = joined(&self.config.to, &percent_encode(below, IN_PATH).to_string());
        if request.target.raw.contains(&b'?') || !request.target.query.is_empty() {
            location.push('?');
            location.extend(percent_encode(&request.target.query, IN_LOCATION));
        }
        let text = format!("See {location}\n");
        let location = HeaderValue::try_from(location).ok()?;
        let status = StatusCode::from_u16(self.config.status).unwrap_or(StatusCode::PERMANENT_REDIRECT);
        let mut response = page(status, "text/plain; charset=utf-8", text);
        response.headers_mut().insert(header::LOCATION, location);
        Some(response)
    }
}

/// The redirect for a path, and its response.
pub(super) fn redirected(redirects: &[Redirect], request: &Request) -> Option<Response<OutgoingBody>> {
    let path: &Bytes = &request.target.path;
    redirects.iter().find(|redirect| covers(&redirect.config.prefix, path))?.response(request)
}

/// The new address with the rest of the path behind it. There are never two slashes, which at the beginning would name
/// another host.
fn joined(to: &str, below: &str) -> String {
    match below {
        "" => to.to_owned(),
        below => format!("{}{below}", to.strip_suffix('/').unwrap_or(to)),
    }
}

/// A host without the port that its scheme has anyway.
fn host(is_https: bool, host: &str) -> &str {
    host.strip_suffix(if is_https { ":443" } else { ":80" }).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::request::Client;
    use crate::serve::request::variables::from_variables;

    fn all(texts: &[&str]) -> Result<Vec<Redirect>, Error> {
        let mut configs: Vec<RedirectConfig> = texts.iter().map(|text| text.parse().unwrap()).collect();
        configs.sort_by_key(|config| std::cmp::Reverse(config.prefix.len()));
        Redirect::all(configs)
    }

    /// Status and Location.
    fn to(redirects: &[&str], url: &str) -> Option<(u16, String)> {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (host, target) = rest.split_at(rest.find('/').unwrap());
        let variables: [(&[u8], &[u8]); 3] = [
            (b"REQUEST_URI", target.as_bytes()),
            (b"HTTP_HOST", host.as_bytes()),
            (b"UWSGI_SCHEME", scheme.as_bytes()),
        ];
        let (request, _) = from_variables(&variables, false, Client::default()).unwrap();
        let response = redirected(&all(redirects).unwrap(), &request)?;
        let location = response.headers()[header::LOCATION].to_str().unwrap().to_owned();
        Some((response.status().as_u16(), location))
    }

    #[test]
    fn the_rest_of_the_path_and_the_query_are_kept() {
        for (redirect, url, status, expected) in [
            ("/old=/new", "http://a/old", 308, "/new"),
            ("/old=/new", "http://a/old/x%20y/?q=%20&r", 308, "/new/x%20y/?q=%20&r"),
            ("/old=/new/", "http://a/old/x", 308, "/new/x"),
            ("/old=/new/", "http://a/old", 308, "/new/"),
            ("/old=302 /new", "http://a/x/../old", 302, "/new"),
            ("/old=301 https://b.example", "http://a/old/x", 301, "https://b.example/x"),
            ("/old=https://b.example/c/", "http://a/old?", 308, "https://b.example/c/?"),
            ("/old=/", "http://a/old//evil.example/", 308, "/evil.example/"),
            ("/old=/", "http://a/old/%2fevil.example", 308, "/evil.example"),
            ("/old=/new", "http://a/old/%0d%0aX:1", 0, ""),
            ("/old=/new", "http://a/old/%5c%3f%23%e9", 308, "/new/%5C%3F%23%E9"),
            ("/=https://b.example", "http://a/x", 308, "https://b.example/x"),
        ] {
            let expected = (status != 0).then(|| (status, expected.to_owned()));
            // (A path with a control character is refused before.)
            let found = to(&[redirect], url).filter(|_| status != 0);
            assert_eq!(found, expected, "{redirect} {url}");
        }
        assert_eq!(to(&["/old=/new"], "http://a/older"), None);
        let two = ["/=https://b.example", "/keep=/kept/here"];
        let two_to = |url| to(&two, url).map(|(_, location)| location);
        assert_eq!(two_to("http://a/keep/x").as_deref(), Some("/kept/here/x"), "the longest path counts");
    }

    #[test]
    fn nothing_is_redirected_for_ever() {
        for circle in
            [&["/a=/a"][..], &["/a=/a/b"], &["/=/new"], &["/a=/b", "/b=/a"], &["/a=/b/c", "/b=/d", "/d=/a/"]]
        {
            assert!(matches!(all(circle), Err(Error::RedirectLoop { .. })), "{circle:?}");
        }
        assert!(all(&["/a=/b", "/b=/c", "/c=https://d.example/a"]).is_ok());
        // The canonical host of a site.
        let canonical = ["/=https://www.example.org"];
        assert_eq!(to(&canonical, "https://www.example.org/x"), None);
        assert_eq!(to(&canonical, "https://WWW.example.org:443/x"), None);
        let there = Some((308, "https://www.example.org/x".to_owned()));
        for other in ["http://www.example.org/x", "https://example.org/x", "https://www.example.org:8443/x"] {
            assert_eq!(to(&canonical, other), there, "{other}");
        }
        assert_eq!(to(&["/a=https://a.example/a/b"], "https://a.example/a/x"), None);
    }
}
