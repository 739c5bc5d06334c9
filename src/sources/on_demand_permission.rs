//! Which names may get a certificate on demand: those of a list, and those that a program of the user answers for.

use std::time::Duration;

use crate::acme;
use crate::advice::on_demand::OnDemandError;
use crate::tls::{HostMap, HostPattern, client_config};

/// A handshake does not wait for much longer.
const ASK_TIME: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Permission {
    /// Any name where there is none.
    names: HostMap<()>,
    /// Those of `--acme`, which has their certificates.
    others: HostMap<()>,
    /// From which they would be.
    servers: Vec<String>,
    ask: Option<Ask>,
}

#[derive(Debug)]
struct Ask {
    url: String,
    /// What may be logged of it.
    shown: String,
    client: reqwest::Client,
}

/// What was decided of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Granted,
    Denied,
    /// Nobody could be asked.
    Unknown,
}

impl Permission {
    /// # Errors
    /// Names and addresses that cannot be used, and wildcards that nobody is asked about: any client could have
    /// certificates made.
    pub(super) fn new<'a>(
        names: &[String],
        ask: Option<&str>,
        servers: &[String],
        others: impl Iterator<Item = &'a String>,
    ) -> Result<Self, OnDemandError> {
        let mut map = HostMap::default();
        for name in names {
            let pattern: HostPattern =
                name.parse().map_err(|reason| OnDemandError::Name { name: name.clone(), reason })?;
            if pattern.is_wildcard() && ask.is_none() {
                return Err(OnDemandError::WildcardWithoutAsk(name.clone()));
            }
            let refused = |reason| OnDemandError::Name { name: name.clone(), reason };
            let is_possible = servers.iter().try_for_each(|server| acme::check_public_name(name, server));
            is_possible.map_err(|invalid| refused(invalid.reason))?;
            if name.contains('_') {
                return Err(refused("no certificate is ordered on demand for a name with an underscore"));
            }
            map.insert(&pattern, ());
        }
        // Addresses are neither patterns nor names on demand.
        let patterns: Vec<HostPattern> = others.filter_map(|name| name.parse().ok()).collect();
        let mut others = HostMap::default();
        patterns.iter().for_each(|pattern| others.insert(pattern, ()));
        Ok(Self { names: map, others, servers: servers.to_vec(), ask: ask.map(Ask::new).transpose()? })
    }

    /// How many servers the certificates may be from.
    pub(super) fn servers(&self) -> usize {
        self.servers.len()
    }

    /// Whether a name is worth a question; looks nowhere.
    pub(super) fn may_be(&self, name: &str) -> bool {
        // Names of one network alone are worth it where somebody has listed them.
        let is_any = || self.names.is_empty() && name.contains('.');
        let is_named = self.names.get(name).is_some() || is_any();
        let is_name = || {
            acme::certificate_name(name).is_ok_and(|canonical| canonical == name)
                && self.servers.iter().all(|server| acme::check_public_name(name, server).is_ok())
        };
        // In the state `_` stands for the `*` of a wildcard.
        is_named
            && self.others.get(name).is_none()
            && name.parse::<std::net::IpAddr>().is_err()
            && !name.contains(['*', '_'])
            && is_name()
    }

    /// Decides on a name, which [`may_be`](Self::may_be).
    pub(super) async fn decide(&self, name: &str) -> Decision {
        match &self.ask {
            Some(ask) => ask.about(name).await,
            None => Decision::Granted,
        }
    }
}

impl Ask {
    fn new(url: &str) -> Result<Self, OnDemandError> {
        let uri = url.parse::<http::Uri>().ok().filter(|uri| uri.host().is_some());
        let shown = uri.as_ref().map_or_else(|| without_query(url), shown);
        let unusable = |reason: String| OnDemandError::AskUrl { url: shown.clone(), reason };
        let builder = match uri.as_ref().and_then(http::Uri::scheme_str) {
            // reqwest needs a TLS configuration even where none is used; without one it would take its own.
            Some("http" | "https") => reqwest::Client::builder(),
            _ => return Err(unusable("expected an address such as http://127.0.0.1:8000/ask".to_owned())),
        };
        let tls = client_config(None).map_err(|error| unusable(error.to_string()))?;
        let client = builder
            .tls_backend_preconfigured((*tls).clone())
            .user_agent(concat!("certkit/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ASK_TIME)
            .build()
            .map_err(|error| unusable(error.to_string()))?;
        Ok(Self { url: url.to_owned(), shown, client })
    }

    /// `GET URL?domain=NAME`; a name has nothing to be escaped.
    async fn about(&self, name: &str) -> Decision {
        let separator = if self.url.contains('?') { '&' } else { '?' };
        match self.client.get(format!("{}{separator}domain={name}", self.url)).send().await {
            Ok(answer) if answer.status().is_success() => Decision::Granted,
            Ok(answer) if answer.status().is_server_error() => {
                tracing::warn!("{name}: --acme-ask: {} answered {}", self.shown, answer.status());
                Decision::Unknown
            }
            Ok(_) => Decision::Denied,
            Err(error) => {
                tracing::warn!("{name}: --acme-ask: {}: {}", self.shown, error.without_url());
                Decision::Unknown
            }
        }
    }
}

/// Scheme, host and path: the rest may hold a secret.
fn shown(uri: &http::Uri) -> String {
    let scheme = uri.scheme_str().map(|scheme| format!("{scheme}://")).unwrap_or_default();
    let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}{}{port}{}", uri.host().unwrap_or_default(), uri.path())
}

fn without_query(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    url.rsplit('@').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: &str = "https://ca.test/dir";

    fn permission(names: &[&str], ask: Option<&str>, server: &str) -> Result<Permission, OnDemandError> {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let others = ["own.test".to_owned(), "*.own.test".to_owned(), "192.0.2.7".to_owned()];
        Permission::new(&names, ask, &[server.to_owned()], others.iter())
    }

    #[test]
    fn only_names_that_could_be_certified_are_worth_a_question() {
        for server in [PRIVATE, acme::LETS_ENCRYPT] {
            let any = permission(&[], Some("http://127.0.0.1:1/"), server).unwrap();
            assert!(any.may_be("a.test"));
            for name in ["test", "127.0.0.1", "*.a.test", "_.a.test", "a..test", "A.test", "a_b.test/", ""] {
                assert!(!any.may_be(name), "{name}");
            }
        }
        let listed = permission(&["a.test", "*.b.test"], Some("https://ask.test/?key=1"), PRIVATE).unwrap();
        let some = ["a.test", "x.b.test", "b.test", "x.y.b.test", "c.test"].map(|name| listed.may_be(name));
        assert_eq!(some, [true, true, false, false, false]);
    }

    #[test]
    fn a_name_without_a_dot_is_listed_and_of_a_private_server() {
        assert!(permission(&["intranet"], None, PRIVATE).unwrap().may_be("intranet"));
        let public = permission(&["intranet"], None, acme::LETS_ENCRYPT);
        assert!(matches!(public, Err(OnDemandError::Name { .. })));
    }

    #[test]
    fn names_of_other_certificates_are_left_to_those() {
        let any = permission(&[], Some("http://127.0.0.1:1/"), PRIVATE).unwrap();
        let listed = permission(&["own.test", "x.own.test"], None, PRIVATE).unwrap();
        for name in ["own.test", "x.own.test"] {
            assert!(!any.may_be(name) && !listed.may_be(name), "{name}");
        }
        assert!(any.may_be("y.x.own.test"));
    }

    #[test]
    fn what_would_let_anybody_order_is_refused() {
        let wildcard = permission(&["*.a.test"], None, PRIVATE);
        assert!(matches!(wildcard, Err(OnDemandError::WildcardWithoutAsk(_))));
        for name in ["a b", "_.a.test"] {
            let refused = permission(&[name], None, PRIVATE);
            assert!(matches!(refused, Err(OnDemandError::Name { .. })), "{name}");
        }
        for url in ["ask", "ftp://a.test/", "/ask"] {
            let refused = permission(&[], Some(url), PRIVATE);
            assert!(matches!(refused, Err(OnDemandError::AskUrl { .. })), "{url}");
        }
    }

    #[test]
    fn no_secret_of_the_address_is_shown() {
        let ask = Ask::new("https://me:hidden@ask.test:8443/a/b?key=hidden").unwrap();
        assert_eq!(ask.shown, "https://ask.test:8443/a/b");
        for url in ["ftp://me:hidden@a.test/ask?key=hidden", "/ask?key=hidden", "ask#hidden"] {
            let refused = Ask::new(url).unwrap_err().to_string();
            assert!(!refused.contains("hidden"), "{refused}");
        }
    }
}
