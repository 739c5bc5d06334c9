//! What a row of the table of providers says, and the values that its constructor takes.

#[cfg(feature = "dns-providers")]
use std::time::Duration;

#[cfg(feature = "dns-providers")]
use super::super::credentials::Credentials;

/// For one request to a provider.
#[cfg(feature = "dns-providers")]
pub(super) const REQUEST_LIMIT: Option<Duration> = Some(Duration::from_secs(30));

/// A provider of DNS with an API.
#[derive(Debug)]
pub struct Provider {
    /// The word for `--dns`.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Seconds that a record lives in caches.
    #[cfg_attr(
        not(any(feature = "dns-providers", feature = "internals")),
        expect(dead_code, reason = "no record is set then")
    )]
    pub ttl: u32,
    /// Where its API and its secrets are explained.
    pub documentation: &'static str,
    /// What the file of credentials holds.
    pub fields: &'static [Field],
    #[cfg(feature = "dns-providers")]
    pub(super) build: fn(&Values<'_>) -> dns_update::Result<dns_update::DnsUpdater>,
}

/// A line of the file of credentials.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub is_required: bool,
}

#[cfg(feature = "dns-providers")]
pub(super) const fn required(name: &'static str) -> Field {
    Field { name, is_required: true }
}

#[cfg(feature = "dns-providers")]
pub(super) const fn optional(name: &'static str) -> Field {
    Field { name, is_required: false }
}

/// The values of the file, which has every required one.
#[cfg(feature = "dns-providers")]
pub(super) struct Values<'a>(pub(super) &'a Credentials);

#[cfg(feature = "dns-providers")]
impl Values<'_> {
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_default()
    }

    pub(super) fn owned(&self, name: &str) -> String {
        self.get(name).to_owned()
    }

    pub(super) fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    pub(super) fn optional_owned(&self, name: &str) -> Option<String> {
        self.optional(name).map(str::to_owned)
    }

    pub(super) fn number(&self, name: &str) -> dns_update::Result<Option<u32>> {
        let not_one = || dns_update::Error::Client(format!("`{name}` is not a number"));
        self.optional(name).map(|text| text.parse().map_err(|_| not_one())).transpose()
    }

    pub(super) fn is_set(&self, name: &str) -> dns_update::Result<bool> {
        match self.optional(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => self.refuse(&format!("`{name}` is true or false")),
        }
    }

    /// The address of a server of the user's own.
    pub(super) fn url(&self, name: &str) -> dns_update::Result<&str> {
        let text = self.get(name);
        let uri = text.parse::<http::Uri>().ok();
        let is_url =
            uri.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some());
        if is_url { Ok(text) } else { self.refuse(&format!("`{name}` is not an http or https address")) }
    }

    pub(super) fn optional_url(&self, name: &str) -> dns_update::Result<Option<&str>> {
        self.optional(name).map(|_| self.url(name)).transpose()
    }

    pub(super) fn refuse<T>(&self, reason: &str) -> dns_update::Result<T> {
        Err(dns_update::Error::Client(reason.to_owned()))
    }
}
