//! What a site asks of a request before its route: from where its client asks, how often, and who it is.
//!
//! Paths are compared as routes see them: decoded once, dot segments resolved, slashes merged.

mod address_rules;
mod basic_auth;
mod forward_auth;
mod rate_limit;
mod redirects;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use rustls::ClientConfig;

use self::address_rules::is_denied;
use self::basic_auth::{BasicAuth, Comparisons, NoUser};
use self::forward_auth::{ForwardAuth, Verdict};
use self::rate_limit::RateLimit;
use self::redirects::{Redirect, redirected};
use crate::protocol::cgi_vars;
use crate::serve::config::{AccessConfig, AccessRule, RateLimitConfig};
use crate::serve::connection::Connection;
use crate::serve::counters::RefusedBy;
use crate::serve::error::Error;
use crate::serve::request::{Client, Request};
use crate::serve::response::body::OutgoingBody;
use crate::serve::response::pages::ErrorPage;
use crate::sys::opener::Opener;

/// The settings, ready for use. Those of one kind begin with the longest path.
#[derive(Debug)]
pub(in crate::serve) struct SiteAccess {
    redirects: Vec<Redirect>,
    rules: Vec<AccessRule>,
    rate_limits: Vec<Arc<RateLimit>>,
    basic_auth: Vec<BasicAuth>,
    comparisons: Comparisons,
    forward_auth: Vec<ForwardAuth>,
    forward_auth_fields: Vec<HeaderName>,
}

/// What servers that are asked need to be reached.
pub(super) struct Reach {
    pub(super) timeout: Duration,
    pub(super) tls: Option<Arc<ClientConfig>>,
}

impl SiteAccess {
    /// Reads what the settings name. What is counted is taken over from `previous` where a setting did not change.
    /// `None` if nothing is asked of requests.
    ///
    /// # Errors
    /// A file that cannot be used.
    pub(super) fn new(
        config: &AccessConfig,
        opener: &dyn Opener,
        reach: &Reach,
        previous: Option<&Self>,
    ) -> Result<Option<Box<Self>>, Error> {
        let rate_limit = |config: RateLimitConfig| {
            let mut previous = previous.into_iter().flat_map(|previous| &previous.rate_limits);
            let same = previous.find(|limit| limit.config == config);
            same.map_or_else(|| Arc::new(RateLimit::new(config.clone())), Arc::clone)
        };
        let rate_limits = by_path(&config.rate_limits, |limit| &limit.prefix);
        let forward_auth = by_path(&config.forward_auth, |server| &server.prefix);
        let basic_auth = by_path(&config.basic_auth, |users| &users.prefix);
        let redirects = by_path(&config.redirects, |redirect| &redirect.prefix);
        let access = Self {
            redirects: Redirect::all(redirects)?,
            rules: config.rules.clone(),
            rate_limits: rate_limits.into_iter().map(rate_limit).collect(),
            basic_auth: basic_auth
                .iter()
                .map(|users| BasicAuth::new(users, opener))
                .collect::<Result<_, _>>()?,
            comparisons: Comparisons::default(),
            forward_auth: forward_auth
                .iter()
                .map(|server| ForwardAuth::new(server, reach.timeout, reach.tls.as_ref()))
                .collect(),
            forward_auth_fields: config.forward_auth_fields.clone(),
        };
        let is_empty = access.redirects.is_empty()
            && access.rules.is_empty()
            && access.rate_limits.is_empty()
            && access.basic_auth.is_empty()
            && access.forward_auth.is_empty()
            && access.forward_auth_fields.is_empty();
        Ok((!is_empty).then(|| Box::new(access)))
    }

    /// The response for a request that does not pass, if it is not an error. `paths` are all that the path of the
    /// request means to an application or a folder.
    ///
    /// # Errors
    /// The request does not pass.
    pub(super) async fn check(
        &self,
        request: &mut Request,
        connection: &Arc<Connection>,
        paths: &[Bytes],
    ) -> Result<Option<Response<OutgoingBody>>, ErrorPage> {
        for name in &self.forward_auth_fields {
            request.fields.remove(name);
        }
        if !self.basic_auth.is_empty() {
            // Who signed in here; a trusted front server passes on what its clients send.
            request.fields.remove("x-forwarded-user");
        }
        if let Some(response) = redirected(&self.redirects, request) {
            return Ok(Some(response));
        }
        self.check_address(request, connection, paths)?;
        if let Some(limit) = longest(&self.rate_limits, |limit| &limit.config.prefix, paths)
            && let Err(seconds) = limit.check(address(&request.client))
        {
            connection.counters.request_refused(RefusedBy::Rate);
            let page = ErrorPage::new(
                StatusCode::TOO_MANY_REQUESTS,
                "there are too many requests from your address",
            );
            return Err(page.inviting(header::RETRY_AFTER, HeaderValue::from(seconds)));
        }
        self.check_user(request, connection, paths).await?;
        self.ask_server(request, connection, paths).await
    }

    /// The same of what protects a path, for a request that a rule has led to another one.
    ///
    /// # Errors
    /// As of [`SiteAccess::check`].
    pub(super) async fn guard(
        &self,
        request: &mut Request,
        connection: &Arc<Connection>,
        paths: &[Bytes],
    ) -> Result<Option<Response<OutgoingBody>>, ErrorPage> {
        self.check_address(request, connection, paths)?;
        self.check_user(request, connection, paths).await?;
        self.ask_server(request, connection, paths).await
    }

    fn check_address(
        &self,
        request: &Request,
        connection: &Arc<Connection>,
        paths: &[Bytes],
    ) -> Result<(), ErrorPage> {
        if self.rules.is_empty() {
            return Ok(());
        }
        let client = address(&request.client);
        if paths.iter().any(|path| is_denied(&self.rules, path, client)) {
            connection.counters.request_refused(RefusedBy::Address);
            return Err(ErrorPage::new(StatusCode::FORBIDDEN, "your address may not ask for this path"));
        }
        Ok(())
    }

    /// Who asks; the application learns it.
    async fn check_user(
        &self,
        request: &mut Request,
        connection: &Arc<Connection>,
        paths: &[Bytes],
    ) -> Result<(), ErrorPage> {
        let Some(auth) = longest(&self.basic_auth, |auth| &auth.config.prefix, paths) else { return Ok(()) };
        match auth.user(&request.fields, &self.comparisons).await {
            Ok(user) => {
                request.set_variable("REMOTE_USER", user);
                request.set_variable("AUTH_TYPE", b"Basic".to_vec());
                Ok(())
            }
            Err(why) => {
                if why == NoUser::Wrong {
                    connection.counters.request_refused(RefusedBy::Password);
                }
                Err(auth.page(why))
            }
        }
    }

    /// What another server says of the request.
    async fn ask_server(
        &self,
        request: &mut Request,
        connection: &Arc<Connection>,
        paths: &[Bytes],
    ) -> Result<Option<Response<OutgoingBody>>, ErrorPage> {
        let Some(server) = longest(&self.forward_auth, |server| &server.config.prefix, paths) else {
            return Ok(None);
        };
        let verdict = server.ask(request, connection).await;
        match verdict {
            Ok(Verdict::Pass(fields)) => {
                for name in &self.forward_auth_fields {
                    if let Some(value) = one_value(&fields, name) {
                        request.set_field(name, value);
                    }
                }
                Ok(None)
            }
            Ok(Verdict::Respond(response)) => {
                connection.counters.request_refused(RefusedBy::ForwardAuth);
                Ok(Some(response))
            }
            Err(page) => {
                connection.counters.request_refused(RefusedBy::ForwardAuth);
                Err(page)
            }
        }
    }
}

/// All values of a field, as one.
fn one_value(fields: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    let mut values = fields.get_all(name).iter();
    let first = values.next()?;
    let Some(second) = values.next() else { return Some(first.clone()) };
    let all: Vec<_> = [first, second].into_iter().chain(values).map(HeaderValue::as_bytes).collect();
    HeaderValue::from_bytes(&all.join(&b", "[..])).ok()
}

/// Those that count, the longest path first: of several for one path the last one.
fn by_path<T: Clone>(all: &[T], prefix: fn(&T) -> &String) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for one in all.iter().rev() {
        if kept.iter().all(|other| prefix(other) != prefix(one)) {
            kept.push(one.clone());
        }
    }
    kept.sort_by_key(|one| std::cmp::Reverse(prefix(one).len()));
    kept
}

/// The first that covers one of the paths.
fn longest<'a, T>(sorted: &'a [T], prefix: fn(&T) -> &String, paths: &[Bytes]) -> Option<&'a T> {
    sorted.iter().find(|one| paths.iter().any(|path| covers(prefix(one), path)))
}

/// Where a client is; `None` on a unix socket, and for what is not an address.
fn address(client: &Client) -> Option<IpAddr> {
    let address: IpAddr = str::from_utf8(&client.address).ok()?.parse().ok()?;
    Some(address.to_canonical())
}

/// Whether a path is this one or below it.
fn covers(prefix: &str, path: &[u8]) -> bool {
    // The path of `OPTIONS *` is below nothing but everything.
    prefix.is_empty() || cgi_vars::below(prefix.as_bytes(), path).is_some()
}
