//! The hosts that a server knows, and what becomes of requests for others.

use std::sync::Arc;

use http::StatusCode;

use super::sites::Sites;
use crate::serve::address::Endpoint;
use crate::serve::config::{HostPattern, ServeConfig, UnknownHost};
use crate::serve::connection::Connection;
use crate::serve::request::Request;
use crate::serve::response::pages::ErrorPage;
use crate::tls::{HostMap, Resolver};

/// Hosts beside those of the certificates in use.
pub(super) struct KnownHosts {
    unknown: UnknownHost,
    /// Of the sites, and those that a certificate is being obtained for.
    named: HostMap<()>,
    /// Where the server listens, so far as settings say it.
    listening: HostMap<()>,
    /// Whose certificates are in use; `None` without TLS.
    certificates: Option<Arc<Resolver>>,
}

impl KnownHosts {
    pub(super) fn new(config: &ServeConfig, certificates: Option<Arc<Resolver>>) -> Self {
        let sites = std::iter::once(&config.site).chain(&config.sites).flat_map(|site| &site.hosts);
        let mut named = HostMap::default();
        sites.chain(&config.certificate_names).for_each(|host| named.insert(host, ()));
        let mut listening = HostMap::default();
        let endpoints = config.listeners.iter().map(|listener| &listener.endpoint);
        for endpoint in endpoints.chain(&config.redirect_http) {
            if let Endpoint::Tcp { host, .. } = endpoint
                && let Ok(host) = host.parse::<HostPattern>()
            {
                listening.insert(&host, ());
            }
        }
        Self { unknown: config.unknown_host, named, listening, certificates }
    }

    pub(super) fn certificates(&self) -> Option<&Arc<Resolver>> {
        self.certificates.as_ref()
    }

    /// Lets handshakes know these hosts from now on.
    pub(super) fn take_effect(&self) {
        if let Some(certificates) = &self.certificates {
            let refuses = self.unknown == UnknownHost::Refuse;
            certificates.refuse_unknown(refuses.then(|| self.named.clone()));
        }
    }

    /// Whether requests are for hosts that are looked at.
    ///
    /// # Errors
    /// Status 421 for a host that another connection is for, and for one that nobody has; where that was not asked for
    /// by https, status 400 (RFC 9110 section 15.5.20).
    pub(super) fn check(
        &self,
        sites: &Sites,
        request: &Request,
        connection: &Connection,
    ) -> Result<(), ErrorPage> {
        // The name of a handshake with a front server is that of this server, not that of a site.
        if let Some(session) = &request.tls
            && let Some(name) = &session.server_name
            && !sites.is_one()
            && !connection.is_trusted
            && !std::ptr::eq(sites.at(name.as_bytes()), sites.of(request))
        {
            return Err(ErrorPage::new(
                StatusCode::MISDIRECTED_REQUEST,
                "the connection was opened for another site than the request is for",
            ));
        }
        if self.unknown == UnknownHost::Refuse && !self.has(request.host_name()) {
            return Err(unknown(request));
        }
        Ok(())
    }

    /// Whether a request may be redirected to its host on https.
    ///
    /// # Errors
    /// The host is not served here.
    pub(super) fn check_redirect(&self, request: &Request, connection: &Connection) -> Result<(), ErrorPage> {
        let host = request.host_name();
        let is_address = || {
            let address = connection.server_address.map(HostPattern::of_address);
            str::from_utf8(host).is_ok_and(|host| address.is_some_and(|address| address.is(host)))
        };
        let is_listening = || str::from_utf8(host).is_ok_and(|host| self.listening.get(host).is_some());
        // Where there are no names at all, as in certificates without a SAN, every host may be one.
        let has_names =
            !self.named.is_empty() || self.certificates.as_ref().is_some_and(|served| served.has_any());
        if !has_names || self.has(host) || is_listening() || is_address() {
            return Ok(());
        }
        Err(unknown(request))
    }

    fn has(&self, host: &[u8]) -> bool {
        let Ok(host) = str::from_utf8(host) else { return false };
        self.named.get(host).is_some() || self.certificates.as_ref().is_some_and(|served| served.has(host))
    }
}

fn unknown(request: &Request) -> ErrorPage {
    let status = if request.https { StatusCode::MISDIRECTED_REQUEST } else { StatusCode::BAD_REQUEST };
    ErrorPage::new(status, "this server does not serve the host of the request")
}
