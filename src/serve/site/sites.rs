//! The sites of a snapshot, and which of them a request is for.

use super::build;
use super::router::Site;
use crate::protocol::cgi_vars::{self, Variable};
use crate::serve::config::{Limits, ServeConfig};
use crate::serve::error::Error;
use crate::serve::request::Request;
use crate::sys::opener::Opener;
use crate::tls::HostMap;

/// All sites.
#[derive(Debug)]
pub(in crate::serve) struct Sites {
    /// Has every host that no other has.
    default: Site,
    others: Vec<Site>,
    /// The places of the others.
    by_host: HostMap<usize>,
}

impl Sites {
    /// Opens what the settings name for each, as [`build::site`] does.
    ///
    /// # Errors
    /// A folder cannot be opened, or a rule cannot be used.
    pub(super) fn build(
        config: &ServeConfig,
        limits: Limits,
        opener: &dyn Opener,
        previous: Option<&Self>,
    ) -> Result<Self, Error> {
        let mut first = config.site.applications().count();
        let default =
            build::site(&config.site, limits, 0, opener, previous.map(|previous| &previous.default))?;
        let (mut others, mut by_host) = (Vec::new(), HostMap::default());
        for (index, site) in config.sites.iter().enumerate() {
            site.hosts.iter().for_each(|host| by_host.insert(host, index));
            let previous = previous.and_then(|previous| previous.named(&site.name()));
            others.push(build::site(site, limits, first, opener, previous)?);
            first += site.applications().count();
        }
        Ok(Self { default, others, by_host })
    }

    /// The site of this name, other than the default one.
    fn named(&self, name: &str) -> Option<&Site> {
        self.others.iter().find(|site| site.edge.name.as_deref() == Some(name))
    }

    /// Whether there is no other site than the default one.
    pub(in crate::serve) fn is_one(&self) -> bool {
        self.others.is_empty()
    }

    /// The site that a request is for, by its host; a front server that names none has at least SERVER_NAME.
    pub(in crate::serve) fn of(&self, request: &Request) -> &Site {
        if self.by_host.is_empty() {
            return &self.default;
        }
        self.at(request.host_name())
    }

    /// Gateway listeners: whether PATH_INFO still begins with SCRIPT_NAME, in the site that variables are for.
    pub(in crate::serve) fn manage_script_name(&self, variables: &[Variable<'_>]) -> bool {
        if self.by_host.is_empty() {
            return self.default.edge.manages_script_name;
        }
        let named =
            |wanted: &[u8]| variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
        let host = named(b"HTTP_HOST").and_then(cgi_vars::host_and_port).map(|(host, _)| host);
        let host = host.filter(|host| !host.is_empty()).or_else(|| named(b"SERVER_NAME"));
        self.at(host.unwrap_or_default()).edge.manages_script_name
    }

    /// The site of a host.
    pub(in crate::serve) fn at(&self, host: &[u8]) -> &Site {
        let host = str::from_utf8(host).unwrap_or_default();
        self.by_host.get(host).and_then(|index| self.others.get(*index)).unwrap_or(&self.default)
    }
}
